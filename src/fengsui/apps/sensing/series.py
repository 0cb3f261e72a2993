"""Readings of a window as arrays, straight from the table: what charts, exports and tables of long periods are made of.

Past days are kept condensed (KeptDay), once somebody looked or the nightly job came by: a year of minutes is half a
million rows, and 365 of these.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import psycopg
from django.db import connection
from django.db.transaction import atomic

from fengsui.apps.sensing.boards import wall_period_s
from fengsui.apps.sensing.hot import DAY_US, PG_EPOCH_US, microseconds
from fengsui.apps.sensing.models import CurrentValue, Datastream, KeptDay
from fengsui.apps.sensing.rules import SILENT_PERIODS
from fengsui.science.series.thin import MOST, Piece, Thin, condense, join, piece, thin

KEPT_FROM = timedelta(days=40)
"""From this length on a window is drawn from kept days: then a span of the drawing is longer than an hour, of which a
kept day has the extremes."""
SETTLED = timedelta(hours=48)
"""So long after its end a day is kept; what comes later deletes it again (hot.UNKEEP_AFTER_US is well below)."""
CHUNK_DAYS = 31
"""So many days are condensed under one lock: a moment for whoever wants to store readings of the stream."""

# Binary COPY without NULLs has rows of one width, so the whole answer is one numpy record array.
_COPIED = np.dtype(
    [("fields", ">i2"), ("l0", ">i4"), ("at", ">i8"), ("l1", ">i4"), ("value", ">f8"), ("l2", ">i4"), ("flags", ">i2")]
)
_HEAD, _TAIL = 19, 2
_COPY = (
    "COPY (SELECT at, value, flags FROM sensing_observation WHERE datastream_id = %s AND at >= %s AND at < %s) "
    "TO STDOUT (FORMAT binary)"
)
_ROW = np.dtype([("at", "<i8"), ("value", "<f8"), ("flags", "<i2")])
_EPOCH = date(1970, 1, 1)


def raw(datastream: int, low: datetime, high: datetime, gap_us: int) -> Piece:
    """All readings of [low, high), refused ones too. A year of minutes is 17 MB on the way and takes about a second."""
    connection.ensure_connection()
    # psycopg's own cursor binds on the client, since COPY takes no parameters.
    with (
        connection.wrap_database_errors,
        psycopg.ClientCursor(connection.connection) as cursor,
        cursor.copy(_COPY, [datastream, low, high]) as copy,
    ):
        body = b"".join(bytes(each) for each in copy)
    rows = np.frombuffer(body, _COPIED, offset=_HEAD, count=(len(body) - _HEAD - _TAIL) // _COPIED.itemsize)
    at, value = rows["at"].astype(np.int64) + PG_EPOCH_US, rows["value"].astype(np.float64)
    order = np.lexsort((value, at))  # partitions come in their own order
    return piece(at[order], value[order], rows["flags"].astype(np.int16)[order], gap_us)


def gap_us(stream: Datastream) -> int:
    """So long a silence is a gap: three periods of the wall clock, as the mark 断 counts them."""
    return round(SILENT_PERIODS * wall_period_s(stream) * 1e6)


def window(stream: Datastream, low: datetime, high: datetime, now: datetime) -> Piece:
    """Readings of [low, high) with their gaps, none of them after `now`; of a long window the extremes of each hour."""
    silent, pieces = gap_us(stream), []
    first, last = _midnight(low + timedelta(days=1) - timedelta.resolution), _midnight(min(high, now - SETTLED))
    if high - low < KEPT_FROM or first >= last:
        pieces = [raw(stream.pk, low, high, silent)]
    else:
        pieces = [raw(stream.pk, low, first, silent)]
        pieces += _kept(stream.pk, first.date(), last.date(), silent)
        pieces.append(raw(stream.pk, last, high, silent))
    end = max([microseconds(min(high, now)), *(int(each.at[-1]) for each in pieces if len(each.at))])
    return join(pieces, microseconds(low), end, silent)


def thinned(stream: Datastream, low: datetime, high: datetime, now: datetime, most: int = MOST) -> Thin:
    """At most `most` points of [low, high): extremes exact, gaps told."""
    return thin(window(stream, low, high, now), microseconds(low), microseconds(high), most)


def _midnight(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _kept(datastream: int, first: date, last: date, silent: int) -> list[Piece]:
    """The condensed days [first, last) in order; those that are not kept yet are made and kept."""
    rows = KeptDay.objects.filter(datastream_id=datastream, day__gte=first, day__lt=last, gap_us=silent)
    found = {row[0]: _piece(*row[1:]) for row in rows.values_list("day", "rows", "gaps", "of", "refused")}
    missing = [day for n in range((last - first).days) if (day := first + timedelta(days=n)) not in found]
    while missing:
        until = missing[0] + timedelta(days=CHUNK_DAYS)
        chunk = [day for day in missing if day < until]
        found |= keep(datastream, chunk[0], chunk[-1] + timedelta(days=1), silent)
        missing = missing[len(chunk) :]
    return [found[day] for day in sorted(found)]


@atomic
def keep(datastream: int, first: date, last: date, silent: int) -> dict[date, Piece]:
    """Condense the days [first, last), all of them long over, and keep them. Returns them."""
    # The same lock as a batch of readings takes: no reading comes into a day between its reading and its keeping.
    heard = CurrentValue.objects.select_for_update(no_key=True).filter(pk=datastream).values_list("pk").first()
    begin = datetime(first.year, first.month, first.day, tzinfo=UTC)
    whole = raw(datastream, begin, begin + (last - first), silent)
    found = {}
    for n in range((last - first).days):
        low = microseconds(begin) + n * DAY_US
        start, end = np.searchsorted(whole.at, (low, low + DAY_US))
        day = piece(whole.at[start:end], whole.value[start:end], whole.flags[start:end], silent)
        found[first + timedelta(days=n)] = condense(day, low, low + DAY_US)
    if heard:
        rows = [
            KeptDay(datastream_id=datastream, day=day, gap_us=silent, of=it.of, refused=it.refused,
                    rows=_packed(it), gaps=it.gaps.astype("<i8").tobytes())
            for day, it in found.items()
        ]  # fmt: skip
        fields = ["gap_us", "of", "refused", "rows", "gaps"]
        KeptDay.objects.bulk_create(
            rows, update_conflicts=True, update_fields=fields, unique_fields=["datastream", "day"]
        )
    return found


def keep_settled(now: datetime, days: int = 7) -> int:
    """Keep the settled ones of the last `days` of every stream in use that are not kept yet; how many it were."""
    last = _midnight(now - SETTLED).date()
    span = [last - timedelta(days=n) for n in range(1, days + 1)]
    kept = set(KeptDay.objects.filter(day__in=span).values_list("datastream_id", "day", "gap_us"))
    made = 0
    streams = Datastream.objects.all_worlds("upkeep serves all worlds").filter(is_active=True)
    for stream in streams.filter(current__at__gte=now - timedelta(days=days + 2)).order_by("pk").iterator():
        silent = gap_us(stream)
        for day in span:
            if (stream.pk, day, silent) not in kept:
                keep(stream.pk, day, day + timedelta(days=1), silent)
                made += 1
    return made


def _packed(it: Piece) -> bytes:
    rows = np.empty(len(it.at), _ROW)
    rows["at"], rows["value"], rows["flags"] = it.at, it.value, it.flags
    return rows.tobytes()


def _piece(rows: bytes | memoryview, gaps: bytes | memoryview, of: int, refused: int) -> Piece:
    table = np.frombuffer(rows, _ROW)
    return Piece(table["at"], table["value"], table["flags"], np.frombuffer(gaps, "<i8").reshape(-1, 2), of, refused)
