"""The checks of the course, behind the commit: what was stored since is taken up, marked, and remembered.

One transaction a piece: the marks, what the checks remember and how far each stream was read commit together, so a kill
neither skips nor doubles a mark. A reading that comes behind its stream's newest moves no check (science.series.watch),
so each stream's own newest reading is cursor enough, and the ingest writes nothing for this.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt
import orjson
import psycopg
import structlog
from django.conf import settings
from django.db import connection
from django.db.transaction import atomic

from fengsui.apps.sensing import neighbours, rules
from fengsui.apps.sensing.doubts import Doubt, alone, follow
from fengsui.apps.sensing.hot import PG_EPOCH_US
from fengsui.apps.sensing.models import CourseWorld
from fengsui.catalog.sensors import kinds
from fengsui.core import live
from fengsui.core.models import World
from fengsui.kernel.errors import Invalid
from fengsui.science.series import kept, marks, quality
from fengsui.science.series.rule import Rule
from fengsui.science.series.watch import Seen

log = structlog.get_logger(__name__)

START_PERIODS = 300
"""So many periods of what is stored already are read when a stream is first looked at: enough to judge by."""
ROWS = 200_000
"""Readings of one piece, about; 46 bytes each on the way."""
LEAST_EACH = 50
STRAGGLERS = 0.1
"""Where fewer streams than this share have more to read than fits, the others do not wait for them."""
AT_ONCE_S = 45.0
HELD_PERIODS = 500
"""A drift or shift of fewer periods is no doubt yet. It keeps short floods out, not all of them: see doubts.py [U]."""
GIVEN = quality.RANGE | quality.RATE | quality.STUCK | quality.UNIT
"""What the ingest refused, nothing is learnt from."""
_US = "(extract(epoch FROM {}) * 1000000)::bigint"
_AT = "timestamptz 'epoch' + {} * interval '1 microsecond'"
_NEWS = f"""
SELECT d.id, d.kind, d.period_s, d.speed, d.limits::text, d.ladder::text,
       {_US.format("coalesce(k.upto, c.at - %b * d.period_s / d.speed * interval '1 second')")}, {_US.format("c.at")},
       k.taught, k.kept, k.near, {_US.format("k.drift_at")}, {_US.format("k.shift_at")}, k.shift_from, k.shift_size,
       k.shift_alone, k.doubted_at IS NOT NULL
FROM sensing_course k JOIN sensing_datastream d ON d.id = k.datastream_id
JOIN sensing_currentvalue c ON c.datastream_id = d.id
WHERE d.world_id = %b AND d.is_active AND d.kind = ANY(%b) AND c.at > coalesce(k.upto, '-infinity')
ORDER BY d.id
"""
_READ = f"""
COPY (SELECT n.id, o.at, o.value, o.received_at, o.flags
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS n(id, low, high), LATERAL (
    SELECT at, value, received_at, flags FROM sensing_observation
    WHERE datastream_id = n.id AND at > {_AT.format("n.low")} AND at <= {_AT.format("n.high")}
    ORDER BY at, value LIMIT %s) o) TO STDOUT (FORMAT binary)
"""
_COPIED = np.dtype(
    [
        ("fields", ">i2"), ("l0", ">i4"), ("id", ">i8"), ("l1", ">i4"), ("at", ">i8"), ("l2", ">i4"), ("value", ">f8"),
        ("l3", ">i4"), ("received_at", ">i8"), ("l4", ">i4"), ("flags", ">i2"),
    ]
)  # fmt: skip
_HEAD, _TAIL = 19, 2
_BOARDS = (
    f"SELECT datastream_id, substr(kept, {kept.BOARD_AT + 1}, {kept.DRIFT_AT - kept.BOARD_AT}) FROM sensing_course "
    "WHERE datastream_id = ANY(%b) AND kept IS NOT NULL AND taught LIKE %b"
)
_DRIFTING = (
    f"SELECT datastream_id, {_US.format('drift_at')} FROM sensing_course "
    "WHERE datastream_id = ANY(%b) AND drift_at IS NOT NULL"
)
_KEEP = f"""
UPDATE sensing_course k SET upto = {_AT.format("n.upto")}, taught = n.taught,
    kept = substr(%b::bytea, n.start, n.size), drift_at = {_AT.format("n.drift_at")},
    shift_at = {_AT.format("n.shift_at")}, shift_from = n.shift_from, shift_size = n.shift_size,
    shift_alone = n.shift_alone, doubted_at = CASE WHEN n.doubted THEN coalesce(k.doubted_at, %b) END,
    settled_at = CASE WHEN k.doubted_at IS NOT NULL AND NOT n.doubted THEN %b ELSE k.settled_at END
FROM unnest(%b::bigint[], %b::bigint[], %b::text[], %b::int[], %b::int[], %b::bigint[], %b::bigint[], %b::float8[],
            %b::float8[], %b::bool[], %b::bool[])
    AS n(id, upto, taught, start, size, drift_at, shift_at, shift_from, shift_size, shift_alone, doubted)
WHERE k.datastream_id = n.id
"""
_MARK = f"""
INSERT INTO sensing_coursemark (datastream_id, at, marks, far)
SELECT id, {_AT.format("at")}, marks, far
FROM unnest(%b::bigint[], %b::bigint[], %b::smallint[], %b::float8[]) AS n(id, at, marks, far) ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class News:
    """A stream with readings that are not checked yet; times in microseconds."""

    id: int
    kind: str
    period_s: int
    speed: float
    limits: str
    ladder: str
    low: int
    high: int
    taught: str
    kept: bytes | None
    near: list[int]
    drift_at: int | None
    shift_at: int | None
    shift_from: float
    shift_size: float
    shift_alone: bool
    doubted: bool

    @property
    def learns(self) -> str:
        """With other bytes, another period or another clock nothing that was learnt holds."""
        return f"{kept.KEPT_VERSION} {self.period_s} {self.speed:g}"

    @property
    def memory(self) -> bytes | None:
        return self.kept if self.taught == self.learns else None

    @property
    def doubt(self) -> Doubt:
        if self.memory is None:
            return Doubt()
        return Doubt(self.drift_at, self.shift_at, self.shift_from, self.shift_size, self.shift_alone)


@dataclass(frozen=True, slots=True)
class Done:
    """readings: taken up. marked: of them. doubted: streams that are doubted now and were not."""

    readings: int = 0
    marked: int = 0
    doubted: int = 0
    more: bool = False


def check_all(now: datetime) -> Done:
    """All that was stored since, world by world, for at most AT_ONCE_S; what is left waits for the next look."""
    ends, found = time.monotonic() + AT_ONCE_S, Done()
    for world in World.objects.filter(ended_at__isnull=True).values_list("pk", flat=True):
        more = True
        while more and time.monotonic() < ends:
            done = check(world, now)
            found = Done(found.readings + done.readings, found.marked + done.marked, found.doubted + done.doubted)
            more = done.more
    return found


@atomic
def check(world: UUID, now: datetime) -> Done:
    """One piece of a world's unchecked readings; nothing where somebody else is at it."""
    CourseWorld.objects.bulk_create([CourseWorld(world_id=world)], ignore_conflicts=True)
    held = CourseWorld.objects.select_for_update(skip_locked=True).filter(pk=world).first()
    if held is None:
        return Done()
    neighbours.refresh(held, now)
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(_NEWS, [float(START_PERIODS), world, neighbours.checked_kinds()])
        news = [News(*row) for row in cursor.fetchall()]
        if not news:
            return Done()
        each = max(LEAST_EACH, ROWS // len(news))
        rows, upto = _in_step(_read(news, each), news, each)
        return _check(cursor, world, news, rows, upto, now)


def _read(news: Sequence[News], each: int) -> npt.NDArray[np.void]:
    with (
        psycopg.ClientCursor(connection.connection) as cursor,  # binds here: COPY takes no parameters
        cursor.copy(_READ, [*([getattr(n, name) for n in news] for name in ("id", "low", "high")), each]) as copy,
    ):
        body = b"".join(bytes(part) for part in copy)
    return np.frombuffer(body, _COPIED, offset=_HEAD, count=(len(body) - _HEAD - _TAIL) // _COPIED.itemsize)


def _in_step(
    rows: npt.NDArray[np.void], news: Sequence[News], each: int
) -> tuple[npt.NDArray[np.void], npt.NDArray[np.int64]]:
    """Rows to be checked now and how far each stream is read then, shape (n,).

    After an outage nobody runs ahead: a neighbour's reading says nothing of a time that it is hours away from.
    """
    ids = np.array([n.id for n in news], np.int64)
    upto = np.array([n.high for n in news], np.int64)
    index, at = np.searchsorted(ids, rows["id"]), rows["at"].astype(np.int64) + PG_EPOCH_US
    last = np.zeros(len(ids), np.int64)
    np.maximum.at(last, index, at)
    full = np.bincount(index, minlength=len(ids)) >= each
    upto[full] = last[full]
    if full.sum() > STRAGGLERS * len(ids):
        upto = np.minimum(upto, max(int(last[full].min()), min(n.low for n in news)))
        upto = np.maximum(upto, [n.low for n in news])
        rows = rows[at <= upto[index]]
    return rows, upto


def _check(
    cursor: Any, world: UUID, news: Sequence[News], rows: npt.NDArray[np.void], upto: npt.NDArray[np.int64],
    now: datetime,
) -> Done:  # fmt: skip
    ids = np.array([n.id for n in news], np.int64)
    at = rows["at"].astype(np.int64) + PG_EPOCH_US
    received, value = rows["received_at"].astype(np.int64) + PG_EPOCH_US, rows["value"].astype(np.float64)
    order = np.lexsort((value, rows["id"], at, received))  # as they arrived: that is what neighbours could know
    index, at, value, received = np.searchsorted(ids, rows["id"])[order], at[order], value[order], received[order]
    given = rows["flags"].astype(np.int16)[order] & np.int16(GIVEN)
    table = kept.rows([rule_of(n.kind, n.period_s, n.speed, n.limits, n.ladder) for n in news])
    taken = kept.take_up(ids, table, [n.near for n in news], [n.memory for n in news], _boards(cursor, news))
    seen = taken.watch.feed(index, at, value, received, given)
    doubts = _alone(cursor, news, _follow(news, index, at, value, seen), upto)
    marked = _mark(cursor, ids[index], at, seen)
    due = [
        doubt.due(int(until), _held_us(n), _settles_us(n))
        for n, doubt, until in zip(news, doubts, upto.tolist(), strict=True)
    ]
    _keep(cursor, news, upto, taken.put_back(), doubts, due, now)
    fresh = [n.id for n, why in zip(news, due, strict=True) if bool(why) != n.doubted]
    if told := sorted({*ids[index][marked].tolist(), *fresh}):
        live.touch_keys("sensing.datastream", told, world)
    if fresh:
        live.touch(["sensing"], world)
    newly = sum(bool(why) and not n.doubted for n, why in zip(news, due, strict=True))
    return Done(len(rows), int(marked.sum()), newly, bool((upto < [n.high for n in news]).any()))


@lru_cache(maxsize=4_096)
def rule_of(kind: str, period_s: int, speed: float, limits: str, ladder: str) -> tuple[float | int, ...]:
    """The rule of one stream as a record; the JSON of its settings as text, since most streams share them."""
    return rule(kind, period_s, orjson.loads(limits), orjson.loads(ladder)).row(speed)


def rule(kind: str, period_s: float, limits: dict[str, Any], ladder: dict[str, Any]) -> Rule:
    """How a stream is checked: the limits of the ingest, the kind's own scatter, a neighbour heard within the periods
    after which it counts as lost. Settings that cannot be used are left out, as the ingest leaves them out."""
    known = kinds()[kind]
    assert known.checks is not None
    try:
        limit = rules.limit_of(known, period_s, {**limits, "resolution": known.checks.floor}, rules.ladder_of(ladder))
    except (Invalid, TypeError):
        limit = rules.limit_of(known, period_s, {"resolution": known.checks.floor})
    return Rule(limit, fresh_s=rules.SILENT_PERIODS * period_s)


def _held_us(news: News) -> float:
    return max(settings.FENGSUI_DOUBT_AFTER_S, HELD_PERIODS * news.period_s) * 1e6 / news.speed


def _settles_us(news: News) -> float | None:
    checks = kinds()[news.kind].checks
    return None if checks is None or checks.settles_s is None else checks.settles_s * 1e6 / news.speed


def _boards(cursor: Any, news: Sequence[News]) -> dict[int, bytes]:
    others = {each for n in news for each in n.near} - {n.id for n in news}
    if not others:
        return {}
    cursor.execute(_BOARDS, [sorted(others), f"{kept.KEPT_VERSION} %"])
    return dict(cursor.fetchall())


def _follow(
    news: Sequence[News], index: npt.NDArray[np.intp], at: npt.NDArray[np.int64], value: npt.NDArray[np.float64],
    seen: Seen,
) -> list[Doubt]:  # fmt: skip
    """Only streams that are doubted, or shifted or drifted just now, are walked through: they are few."""
    doubts = [n.doubt for n in news]
    walked = np.array([n.drift_at is not None or n.shift_at is not None for n in news])
    walked[index[(seen.flags & (marks.SHIFT | marks.DRIFT)) != 0]] = True
    rows = np.flatnonzero(walked[index])
    rows = rows[np.argsort(index[rows], kind="stable")]
    for part in np.split(rows, np.flatnonzero(np.diff(index[rows])) + 1) if len(rows) else []:
        i = int(index[part[0]])
        columns = (each[part].tolist() for each in (at, value, seen.flags, seen.median, seen.drift))
        doubts[i] = follow(doubts[i], len(news[i].near), *columns)
    return doubts


def _alone(cursor: Any, news: Sequence[News], doubts: list[Doubt], upto: npt.NDArray[np.int64]) -> list[Doubt]:
    """Of neighbours that drift together the first one is doubted."""
    mine = {n.id: doubt for n, doubt in zip(news, doubts, strict=True) if doubt.drift_at is not None}
    if not mine:
        return doubts
    near = {n.id: n.near for n in news if n.id in mine}
    cursor.execute(_DRIFTING, [sorted({each for row in near.values() for each in row} - {n.id for n in news})])
    found = alone(mine, near, dict(cursor.fetchall()), {n.id: int(at) for n, at in zip(news, upto, strict=True)})
    return [found.get(n.id, doubt) for n, doubt in zip(news, doubts, strict=True)]


def _mark(cursor: Any, ids: npt.NDArray[np.int64], at: npt.NDArray[np.int64], seen: Seen) -> npt.NDArray[np.bool_]:
    """Keep the marks; far: the sum against the neighbours where it drifts, else the distance from the slow mean."""
    bits = seen.flags & np.int16(marks.REMARKS)
    found: npt.NDArray[np.bool_] = bits != 0
    if found.any():
        far = np.where(bits & marks.DRIFT, seen.drift, seen.z)[found]
        cursor.execute(_MARK, [ids[found].tolist(), at[found].tolist(), bits[found].tolist(), far.tolist()])
    return found


def _keep(
    cursor: Any, news: Sequence[News], upto: npt.NDArray[np.int64], memory: Sequence[bytes], doubts: Sequence[Doubt],
    due: Sequence[str], now: datetime,
) -> None:  # fmt: skip
    size = [len(each) for each in memory]
    start = (np.cumsum([0, *size[:-1]]) + 1).tolist()
    cursor.execute(
        _KEEP,
        [
            b"".join(memory), now, now, [n.id for n in news], upto.tolist(), [n.learns for n in news], start, size,
            [each.drift_at for each in doubts], [each.shift_at for each in doubts],
            [each.shift_from for each in doubts], [each.shift_size for each in doubts],
            [each.shift_alone for each in doubts], [bool(why) for why in due],
        ],
    )  # fmt: skip
