"""`./fengsui bench courses`: checks of the course as the product makes them, behind the commit.

ours     `sensing.courses.check_all`: what is new read from the database, checked; marks, memories and cursors kept; one
         commit
science  (limit) the same readings in memory through `science.series.watch`: nothing read, nothing kept
read     (limit) the same readings by one COPY out of the database, thrown away

River gauges in groups of nine, each held against its eight neighbours; a reading a minute, a minute's readings a round,
stored beforehand by the hot path. Each reading must have been checked once, else there is no rate. Ten times the
streams give the exponent of the cost of one reading. A look that takes more than 15 s is behind: it comes every 15.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

import _shared

EPOCH_US = 1_790_000_000_000_000
MINUTE_US = 60_000_000
WARM = 130
"""Readings of each stream before the measured ones: what is measured is what a stream costs for years."""
LOOK_S = 15.0
HEAD_AND_TAIL, ROW_BYTES = 21, 56
"""Of a binary COPY, and of a row of two moments, a number, a key and flags in it."""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./fengsui bench courses")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--streams", type=int, default=20_000)
    options = parser.parse_args(arguments)
    _shared.ready()
    few = _look(options.streams // 10, options.rounds, 0.0)
    _look(options.streams, options.rounds, few)
    return 0


def _look(streams: int, rounds: int, few: float) -> float:
    """Seconds a reading, median of the rounds."""
    from fengsui.apps.sensing import book, courses
    from fengsui.science.series.watch import Watch

    town = _Town(streams)
    known = book.read()
    place = np.array([known.by_topic[each] for each in town.topics], np.intp)
    watch = Watch()
    watch.add_many([courses.rule("river_stage", 60, {}, {})] * streams, town.near)
    for minutes in itertools.batched(range(WARM), max(1, 200_000 // streams)):
        columns = town.readings(len(minutes))
        _store(known, place, columns)
        _check(town)
        watch.feed(*columns, np.zeros(len(columns[0]), np.int16))
    sent = [town.readings(1) for _ in range(rounds)]
    given = np.zeros(streams, np.int16)
    waiting, ahead, newest = iter(sent), iter(sent), 0
    took: list[float] = []

    def before(name: str) -> None:
        nonlocal newest
        if name == "ours":
            columns = next(waiting)
            newest = int(columns[1][0])
            _store(known, place, columns)

    def ours() -> int:
        began = time.perf_counter()
        done = _check(town)
        took.append(time.perf_counter() - began)
        return done

    def science() -> int:
        return len(watch.feed(*next(ahead), given).flags)

    sides = {"ours": ours, "science": science, "read": lambda: _read(town, newest)}
    each = _shared.measure(
        "courses", f"{streams:,} streams", sides, streams, rounds=rounds, unit="readings", before=before,
        exponent=(lambda mine: _shared.growth(few, mine)) if few else None,
    )  # fmt: skip
    if few:
        worst = statistics.median(took)
        _shared.times(
            "courses", f"a look, a minute of {streams:,} streams", {"ours": took}, unit="s",
            goal="< 15 s, a look's turn", met=worst < LOOK_S,
        )  # fmt: skip
    return each


class _Town:
    """So many gauges, nine at a place, their water going up and down together."""

    def __init__(self, streams: int) -> None:
        from django.contrib.gis.geos import Point

        from fengsui.apps.sensing.models import Datastream, Station
        from fengsui.core.worlds import LIVE

        self.rng, self.streams, self.minute = np.random.default_rng(7), streams, 0
        self.groups = streams // 9 + 1
        self.level = np.full(self.groups, 2.0)
        first = Datastream.objects.in_world(LIVE).count()
        stations, rows = [], []
        for k in range(streams):
            where = Point(100 + 0.5 * (k // 9 % 60) + 0.001 * (k % 9), 20 + 0.5 * (k // 540), srid=4326)
            station = Station(
                world_id=LIVE, code=f"BC{first + k}", name=f"BC{first + k}", location=where, provenance="illustrative"
            )
            stations.append(station)
            rows.append(
                Datastream(
                    world_id=LIVE, station=station, kind="river_stage", unit="m", period_s=60,
                    topic=f"fs/BC{first + k}/river_stage",
                )
            )  # fmt: skip
        Station.objects.bulk_create(stations, batch_size=2000)
        Datastream.objects.bulk_create(rows, batch_size=2000)
        self.ids = [row.pk for row in rows]
        self.topics = [row.topic for row in rows]
        self.near = [
            [other for other in range(k // 9 * 9, min(k // 9 * 9 + 9, streams)) if other != k] for k in range(streams)
        ]

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp((EPOCH_US + self.minute * MINUTE_US) / 1e6, UTC) + timedelta(seconds=30)

    def readings(self, minutes: int) -> tuple[Any, ...]:
        """stream, at, value, received of so many minutes more, shape (minutes x streams,), as they arrive."""
        parts = []
        for _ in range(minutes):
            order = self.rng.permutation(self.streams)
            self.level += self.rng.normal(0, 0.005, self.groups)
            at = np.full(self.streams, EPOCH_US + self.minute * MINUTE_US)
            value = np.round(self.level[order // 9] + self.rng.normal(0, 0.012, self.streams), 3)
            parts.append((order, at, value, at + 500_000 + np.arange(self.streams)))
            self.minute += 1
        return tuple(np.concatenate(columns) for columns in zip(*parts, strict=True))


def _store(known: Any, place: Any, columns: tuple[Any, ...]) -> None:
    from fengsui.apps.sensing import actions

    order, *others = columns
    actions.store_readings(known, place[order], *others, np.zeros(len(order), np.int16))


def _check(town: _Town) -> int:
    from fengsui.apps.sensing import courses

    return int(courses.check_all(town.now).readings)


_NEWEST = """COPY (SELECT n.id, o.at, o.value, o.received_at, o.flags FROM unnest(%s::bigint[]) AS n(id), LATERAL (
    SELECT at, value, received_at, flags FROM sensing_observation WHERE datastream_id = n.id AND at >= %s
    ORDER BY at, value LIMIT 50) o) TO STDOUT (FORMAT binary)"""


def _read(town: _Town, at_us: int) -> int:
    """The readings of one minute; counted by their bytes."""
    import psycopg
    from django.db import connection

    connection.ensure_connection()
    with (
        psycopg.ClientCursor(connection.connection) as cursor,
        cursor.copy(_NEWEST, [town.ids, datetime.fromtimestamp(at_us / 1e6, UTC)]) as copy,
    ):
        size = sum(len(part) for part in copy)
    return (size - HEAD_AND_TAIL) // ROW_BYTES
