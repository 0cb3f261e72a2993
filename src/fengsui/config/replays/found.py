"""What the platform's database says about the stations of the sets, read by plain questions after the replay."""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from fengsui.config.replays.plan import Plan
from fengsui.core.worlds import LIVE
from fengsui.science.series.quality import CODES

SETTLE_S = 300.0


@dataclass(frozen=True, slots=True)
class Move:
    """A crossing: microseconds since the start of the replay, levels."""

    at_us: int
    level_from: str
    level_to: str
    value: float


@dataclass
class Found:
    """One stream's outcome. warnings: (trigger, level). silence: clocks about this stream by state."""

    rows: int = 0
    flags: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    moves: list[Move] = field(default_factory=list)
    warnings: list[tuple[str, int]] = field(default_factory=list)
    confirm_clocks: int = 0
    silence: Counter[str] = field(default_factory=Counter)
    last_received: datetime | None = None


@dataclass
class Outcome:
    """By station code. groups: clocks that stand for many silent stations at once, by set. failed_jobs: of any kind."""

    streams: dict[str, Found]
    groups: dict[str, int]
    failed_jobs: int


def settle(patience_s: float = SETTLE_S) -> int:
    """Wait until the broker's messages are stored and the reactions have run. Jobs that are left."""
    deadline, rows, still = time.monotonic() + patience_s, -1, 0
    left = 0
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM sensing_observation")
            now = int(cursor.fetchone()[0])
            cursor.execute(
                "SELECT count(*) FROM procrastinate_jobs WHERE queue_name = 'events' AND status IN ('todo', 'doing')"
            )
            left = int(cursor.fetchone()[0])
        still = still + 1 if (now, left) == (rows, 0) else 0
        if still >= 4:
            return 0
        rows = now
        time.sleep(1.0)
    return left


def look(plans: Sequence[Plan], ids: Mapping[str, int], start: datetime) -> Outcome:
    codes = {number: code for code, number in ids.items()}
    found: dict[str, Found] = defaultdict(Found)
    with connection.cursor() as cursor:
        _readings(cursor, codes, found)
        _reactions(cursor, codes, found, start)
        groups = _silences(cursor, codes, found, plans)
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE status = 'failed'")
        failed = int(cursor.fetchone()[0])
    return Outcome(found, groups, failed)


def _readings(cursor: Any, codes: Mapping[int, str], found: dict[str, Found]) -> None:
    cursor.execute(
        "SELECT datastream_id, flags, count(*), max(received_at) FROM sensing_observation "
        "WHERE datastream_id = ANY(%s) GROUP BY 1, 2",
        [list(codes)],
    )
    for number, flags, count, received in cursor.fetchall():
        row = found[codes[number]]
        row.rows += count
        row.last_received = max(row.last_received or received, received)
        for name, bit in CODES.items():
            if flags & bit:
                row.flags[name] += count
    cursor.execute(
        "SELECT datastream_id, code, count(*) FROM sensing_rejectedmessage WHERE datastream_id = ANY(%s) GROUP BY 1, 2",
        [list(codes)],
    )
    for number, code, count in cursor.fetchall():
        found[codes[number]].refused[code] += count


def _reactions(cursor: Any, codes: Mapping[int, str], found: dict[str, Found], start: datetime) -> None:
    cursor.execute(
        "SELECT payload FROM core_storedevent WHERE name = 'sensing.ThresholdCrossed' AND world_id = %s ORDER BY id",
        [LIVE],
    )
    for (payload,) in cursor.fetchall():
        facts = json.loads(payload) if isinstance(payload, str) else payload
        code = codes.get(facts["datastream"])
        if code is not None:
            after = datetime.fromisoformat(facts["at"]) - start
            at = round(after.total_seconds() * 1e6)
            found[code].moves.append(Move(at, facts["level_from"], facts["level_to"], facts["value"]))
    cursor.execute(
        "SELECT p.code, w.trigger, w.level, (SELECT count(*) FROM core_clock c WHERE c.kind = 'alerts.confirm' AND "
        "c.about_id = w.id::text) FROM alerts_warning w JOIN places_place p ON p.id = w.place_id WHERE w.world_id = %s",
        [LIVE],
    )
    for code, trigger, level, clocks in cursor.fetchall():
        if code in found:
            found[code].warnings.append((trigger, level))
            found[code].confirm_clocks += clocks


def _silences(cursor: Any, codes: Mapping[int, str], found: dict[str, Found], plans: Sequence[Plan]) -> dict[str, int]:
    cursor.execute(
        "SELECT about_id, state, count(*) FROM core_clock WHERE kind = 'sensing.silence' "
        "AND slot <> 'many' GROUP BY 1, 2"
    )
    for about, state, count in cursor.fetchall():
        if about.isdigit() and int(about) in codes:
            found[codes[int(about)]].silence[state] += count
    cursor.execute(
        "SELECT p.code, count(*) FROM core_clock c JOIN people_post p ON p.id = c.owner_post "
        "WHERE c.kind = 'sensing.silence' AND c.slot = 'many' GROUP BY 1"
    )
    by_post = {code: int(count) for code, count in cursor.fetchall()}
    return {plan.set.code: by_post.get(f"replay-{plan.set.code}", 0) for plan in plans}
