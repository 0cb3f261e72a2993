"""The hot path from arrays to committed rows: quality, ladder, COPY, current values. Touches no ORM row."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt
import psycopg
from django.db import connection
from django.db.transaction import atomic

from fengsui.apps.sensing import events, rules
from fengsui.apps.sensing.book import Stream, StreamBook
from fengsui.apps.sensing.models import Datastream
from fengsui.core import live
from fengsui.core.record import announce
from fengsui.kernel.actor import Actor
from fengsui.kernel.levels import Level
from fengsui.science.series import quality
from fengsui.science.series.batch import (
    MEMORY,
    MEMORY_VERSION,
    NEVER,
    Batch,
    Flags,
    Records,
    Times,
    Values,
    blank,
    sort_batch,
)
from fengsui.science.series.ladder import Crossing, climb

_NEVER = int(NEVER)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PG_EPOCH_US = 946_684_800_000_000
DAY_US = 86_400_000_000
_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_ROW = np.dtype(
    [
        ("fields", ">i2"),
        ("l0", ">i4"), ("datastream", ">i8"), ("l1", ">i4"), ("at", ">i8"), ("l2", ">i4"), ("value", ">f8"),
        ("l3", ">i4"), ("received_at", ">i8"), ("l4", ">i4"), ("flags", ">i2"), ("l5", ">i4"), ("detail", ">f8"),
    ]
)  # fmt: skip
_TEMPORARY = (
    "CREATE TEMP TABLE IF NOT EXISTS sensing_incoming (datastream_id bigint, at timestamptz, value double precision, "
    "received_at timestamptz, flags smallint, detail double precision) ON COMMIT DELETE ROWS"
)
_INSERT = (
    "INSERT INTO sensing_observation SELECT datastream_id, at, value, received_at, flags, detail FROM sensing_incoming "
    "ON CONFLICT DO NOTHING"
)
_US = "timestamptz 'epoch' + {} * interval '1 microsecond'"
# Times travel as microseconds and the memories as one string of bytes: lists of datetimes cost more than the update.
_CURRENT = f"""
UPDATE sensing_currentvalue c SET
    at = {_US.format("n.at")}, value = n.value, flags = n.flags, detail = n.detail,
    received_at = {_US.format("n.received_at")}, good_at = {_US.format("n.good_at")}, good_value = n.good_value,
    level = n.level, level_since = {_US.format("n.level_since")}, watched = n.watched, correlation = n.correlation,
    memory = substr(%b::bytea, (n.i::int - 1) * {MEMORY.itemsize} + 1, {MEMORY.itemsize}),
    memory_version = {MEMORY_VERSION}
FROM unnest(%b::bigint[], %b::bigint[], %b::float8[], %b::smallint[], %b::float8[], %b::bigint[], %b::bigint[],
            %b::float8[], %b::smallint[], %b::bigint[], %b::bool[], %b::uuid[]) WITH ORDINALITY
    AS n(id, at, value, flags, detail, received_at, good_at, good_value, level, level_since, watched, correlation, i)
WHERE c.datastream_id = n.id
"""
_SECOND = f"""
SELECT DISTINCT ON (n.i) n.i, o.value
FROM unnest(%b::int[], %b::bigint[], %b::bigint[], %b::float8[]) AS n(i, id, at, value)
JOIN sensing_observation o ON o.datastream_id = n.id AND o.at = {_US.format("n.at")}
WHERE o.value <> n.value ORDER BY n.i, (o.flags & %b)
"""
_UNKEEP = """
DELETE FROM sensing_keptday k USING unnest(%b::bigint[], %b::int[]) AS n(id, day)
WHERE k.datastream_id = n.id AND k.day = date '1970-01-01' + n.day
"""
UNKEEP_AFTER_US = 12 * 3_600_000_000
"""Days are kept (sensing.series) when they are two days over; a reading so much younger cannot be in one."""
_LOCK = """
SELECT datastream_id, at, value, level, level_since, (extract(epoch FROM good_at) * 1000000)::bigint, good_value,
       memory, memory_version
FROM sensing_currentvalue WHERE datastream_id = ANY(%b) ORDER BY datastream_id FOR NO KEY UPDATE
"""


class StreamGone(Exception):
    """A stream of the book has no row of current values any more: read the book again."""


@dataclass(frozen=True, slots=True)
class Stored:
    """rows: new rows in the table. readings: as given. flagged: with any flag. crossings: levels moved."""

    readings: int
    rows: int
    flagged: int
    crossings: int


def microseconds(when: datetime) -> int:
    """Exact to the microsecond for every year that a device may claim up to 2200; beyond, to some of them."""
    return round(when.timestamp() * 1e6)


def moment(us: int) -> datetime | None:
    return None if us == NEVER else EPOCH + timedelta(microseconds=us)


@atomic
def store_readings(
    book: StreamBook, stream: npt.NDArray[np.intp], at: Times, value: Values, received_at: Times, given: Flags
) -> Stored:
    """Keep one batch in one transaction: rows with their flags, the current values, the crossings as events.

    All columns have shape (n,); stream indexes the book, times are microseconds since 1970 UTC, values in the stream's
    unit. Delivered twice, the second time changes nothing. Streams are locked in the order of their ids, so several
    workers may share the work.
    """
    if len(at) == 0:
        return Stored(0, 0, 0, 0)
    used, index = np.unique(stream, return_inverse=True)
    connection.ensure_connection()
    # Not Django's cursor: that one writes parameters into the SQL as text, which costs more than the statements.
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        rows, memory = _lock(cursor, book.ids[used])
        batch = sort_batch(index.astype(np.intp), at, value, received_at, given)
        verdict = quality.check(batch, book.limits[used], memory)
        _flag_second_values(cursor, batch, verdict, book.ids[used])
        crossings = climb(batch, verdict.trusted, [book.ladders[i] for i in used], memory)
        kept = _copy(cursor, batch, verdict, book.ids[used])
        _unkeep(cursor, batch, book.ids[used])
        if verdict.chain.any() or crossings:
            streams = [book.streams[i] for i in used]
            _update_current(cursor, rows, batch, verdict, memory, streams)
            _tell(batch, crossings, streams)
    return Stored(len(at), kept, int(np.count_nonzero(verdict.flags)), len(crossings))


def _lock(cursor: Any, ids: npt.NDArray[np.int64]) -> tuple[list[tuple[Any, ...]], Records]:
    cursor.execute(_LOCK, [ids.tolist()])
    rows = cursor.fetchall()
    if len(rows) != len(ids):
        raise StreamGone(f"{len(ids) - len(rows)} of {len(ids)} streams without a row of current values")
    size = MEMORY.itemsize
    if all(row[8] == MEMORY_VERSION and row[7] is not None and len(row[7]) == size for row in rows):
        return rows, np.frombuffer(b"".join(row[7] for row in rows), MEMORY).copy()
    memory = blank(len(rows))
    for i, (_, at, value, level, since, _, _, kept, version) in enumerate(rows):
        if version == MEMORY_VERSION and kept is not None:
            memory[i] = np.frombuffer(bytes(kept), MEMORY)[0]
        elif at is not None:  # memory of another version: begin again from what the columns know
            memory[i]["seen_at"] = memory[i]["moved_at"] = microseconds(at)
            memory[i]["seen_value"], memory[i]["level"] = value, level
            if since is not None:
                memory[i]["since"] = microseconds(since)
    return rows, memory


def _flag_second_values(cursor: Any, batch: Batch, verdict: quality.Verdict, ids: npt.NDArray[np.int64]) -> None:
    """A reading behind its stream: only the table knows whether its moment already has another value."""
    behind = np.flatnonzero(verdict.behind)
    if not len(behind):
        return
    cursor.execute(
        _SECOND,
        [
            behind.tolist(),
            ids[batch.stream[behind]].tolist(),
            batch.at[behind].tolist(),
            batch.value[behind].tolist(),
            quality.DUPLICATE,
        ],
    )
    for row, other in cursor.fetchall():
        verdict.flags[row] |= quality.DUPLICATE
        if verdict.flags[row] < quality.LATE:
            verdict.detail[row] = other


def _copy(cursor: Any, batch: Batch, verdict: quality.Verdict, ids: npt.NDArray[np.int64]) -> int:
    """Rows that were new. What is known to be a second delivery is not sent to the database at all."""
    send = ~verdict.again
    if not send.any():
        return 0
    cursor.execute(_TEMPORARY)
    with cursor.copy("COPY sensing_incoming FROM STDIN (FORMAT binary)") as copy:
        copy.write(encode(ids[batch.stream[send]], batch.at[send], batch.value[send], batch.received_at[send],
                          verdict.flags[send], verdict.detail[send]))  # fmt: skip
    cursor.execute(_INSERT)
    return int(cursor.rowcount)


def _unkeep(cursor: Any, batch: Batch, ids: npt.NDArray[np.int64]) -> None:
    """Forget the kept days that a late reading is in. Whoever keeps a day holds the stream's lock as we do."""
    late = np.flatnonzero(batch.at < time.time_ns() // 1000 - UNKEEP_AFTER_US)
    if len(late):
        days = np.unique(np.stack((ids[batch.stream[late]], batch.at[late] // DAY_US), axis=1), axis=0)
        cursor.execute(_UNKEEP, [days[:, 0].tolist(), days[:, 1].tolist()])


def encode(
    datastream: npt.NDArray[np.int64], at: Times, value: Values, received_at: Times, flags: Flags, detail: Values
) -> bytes:
    """PostgreSQL's binary COPY of observation rows, built as one numpy record array."""
    rows = np.empty(len(at), _ROW)
    rows["fields"] = 6
    for name in ("l0", "l1", "l2", "l3", "l5"):
        rows[name] = 8
    rows["l4"] = 2
    rows["datastream"], rows["value"], rows["flags"], rows["detail"] = datastream, value, flags, detail
    rows["at"], rows["received_at"] = at - PG_EPOCH_US, received_at - PG_EPOCH_US
    return b"".join((_HEADER, rows.tobytes(), b"\xff\xff"))


def _update_current(
    cursor: Any,
    rows: list[tuple[Any, ...]],
    batch: Batch,
    verdict: quality.Verdict,
    memory: Records,
    streams: list[Stream],
) -> None:
    newest, good = _last(batch, verdict.chain, len(memory)), _last(batch, verdict.trusted, len(memory))
    moved = np.flatnonzero(newest >= 0)
    n, g, m = newest[moved], good[moved], memory[moved]
    at_work = moved.tolist()
    left = m["left_at"].tolist()
    has_good = (g >= 0).tolist()
    good_at = [a if has else rows[i][5] for i, has, a in zip(at_work, has_good, batch.at[g].tolist(), strict=True)]
    good_value = [
        v if has else rows[i][6] for i, has, v in zip(at_work, has_good, batch.value[g].tolist(), strict=True)
    ]
    ids = [rows[i][0] for i in at_work]
    cursor.execute(
        _CURRENT,
        [
            m.tobytes(),
            ids,
            batch.at[n].tolist(),
            batch.value[n].tolist(),
            verdict.flags[n].tolist(),
            verdict.detail[n].tolist(),
            batch.received_at[n].tolist(),
            good_at,
            good_value,
            m["level"].tolist(),
            [None if since == _NEVER else since for since in m["since"].tolist()],
            [each != _NEVER for each in left],
            [rules.chain_of(i, each) if each != _NEVER else None for i, each in zip(ids, left, strict=True)],
        ],
    )
    news: dict[UUID, list[int]] = {}
    for i in at_work:
        news.setdefault(streams[i].world, []).append(streams[i].id)
    for world, keys in news.items():  # one touch a batch and world, never one a reading
        live.touch_keys("sensing.datastream", keys, world, topics=["sensing"])


def _last(batch: Batch, member: npt.NDArray[np.bool_], count: int) -> npt.NDArray[np.intp]:
    """Row of each stream's last member, -1 where it has none. shape (count,)."""
    last = np.full(count, -1)
    last[batch.stream[member]] = np.flatnonzero(member)
    return last


def _tell(batch: Batch, crossings: Iterable[Crossing], streams: list[Stream]) -> None:
    for move in crossings:
        stream = streams[move.stream]
        first_at, at = moment(move.left_at), moment(move.at)
        assert first_at is not None
        assert at is not None
        announce(
            events.ThresholdCrossed(
                datastream=stream.id,
                station=stream.station,
                station_code=stream.station_code,
                station_name=stream.station_name,
                place=stream.place,
                sensor=stream.kind.code,
                unit=stream.unit,
                level_from=Level(move.level_from).code,
                level_to=Level(move.level_to).code,
                at=at,
                value=move.value,
                line=move.line,
                rate_per_hour=move.rate,
                first_at=first_at,
                speed=stream.speed,
            ),
            about=Datastream(id=stream.id, world_id=stream.world),
            by=Actor(world=stream.world, system="ingest", correlation=rules.chain_of(stream.id, move.left_at)),
            before={"level": Level(move.level_from).code},
            after={"level": Level(move.level_to).code},
        )
