"""What a round wrote down as the truth, and how a check is declared. Each check yields its findings in words."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import connection

from tests.faults.devices import WINDOW

Reading = tuple[str, datetime, float]
Check = Callable[["Round"], Iterator[str]]
CHECKS: list[Check] = []
SHOWN = 5


def check(work: Check) -> Check:
    CHECKS.append(work)
    return work


class Round:
    """What one round's workload wrote down."""

    def __init__(self, truth: Path, number: int) -> None:
        self.truth, self.number = truth, number
        self.figures: dict[str, int] = {"lost": 0, "doubled": 0}
        self.readings: dict[Reading, float] = {}
        """With the moment of its acknowledgement."""
        for line in (truth / f"readings-{number}.txt").read_text().splitlines():
            station, at, value, acknowledged = line.split()
            self.readings[station, datetime.fromisoformat(at), float(value)] = float(acknowledged)
        self.told = [json.loads(line) for line in (truth / f"people-{number}.jsonl").read_text().splitlines()]
        kept = truth / "stores-lost.txt"
        self.stores_lost = [float(line) for line in kept.read_text().split()] if kept.exists() else []

    def facts(self, name: str) -> list[dict[str, Any]]:
        return [each for each in self.told if each.get("fact") == name]

    def only_there(self, lost: set[Reading]) -> set[Reading]:
        """Of the lost readings those that a broker's lost store alone held: acknowledged before it went, and the last
        of their station until then. Ingest stores in the stream's order, so nothing in the middle can be excused.

        The stream's order is that of the acknowledgements, a window of a device more or less: not that of measuring,
        since the HTTP door may have stood shut for minutes before it took one.
        """
        excused: set[Reading] = set()
        for moment in self.stores_lost:
            after: dict[str, int] = {}
            before = {key: said for key, said in self.readings.items() if said <= moment + 0.5}
            for key in sorted(before, key=before.__getitem__, reverse=True):
                if key in lost and after.get(key[0], 0) <= WINDOW:
                    excused.add(key)
                elif key not in lost:
                    after[key[0]] = after.get(key[0], 0) + 1
        return excused

    def books(self, name: str) -> list[dict[str, Any]]:
        path = self.truth / f"{name}.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def sql(text: str, *values: object) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(text, values or None)
        return list(cursor.fetchall())


def some(rows: Any) -> str:
    listed = sorted(map(str, rows))
    return "; ".join(listed[:SHOWN]) + (f" … of {len(listed)}" if len(listed) > SHOWN else "")
