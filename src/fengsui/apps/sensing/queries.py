"""Reading sensing: stations in sight, what is not normal, what is history."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt
from django.db import connection
from django.db.models import Case, Count, ExpressionWrapper, F, FloatField, Max, Q, QuerySet, Value, When
from django.db.models.functions import Extract, Greatest
from django.db.models.lookups import GreaterThan

from fengsui.apps.people.models import Post
from fengsui.apps.people.rules import DISTRICT_ROLES
from fengsui.apps.places.queries import in_area
from fengsui.apps.sensing.models import CurrentValue, Datastream, Device, Station
from fengsui.apps.sensing.rules import FLICKER_S, history_after_s
from fengsui.core.ui.present import LOST_PERIODS
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import NotFound
from fengsui.science.series.quality import SUSPECT

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def fingerprint(password: str) -> str:
    return hashlib.sha256(password.encode()).hexdigest()


def device_of(user: str, password: str) -> Device | None:
    """The active device with this login, or None; takes the same time for a wrong name and a wrong password."""
    device = Device.objects.select_related("station").filter(user=user, is_active=True).first()
    known = device.secret_sha256 if device and device.secret_sha256 else "0" * 64
    return device if hmac.compare_digest(known, fingerprint(password)) else None


def stations_visible_to(by: Actor) -> QuerySet[Station]:
    """Stations of the register: all of the world for the district's roles, else those at places in one's areas."""
    rows: QuerySet[Station] = Station.objects.in_world(by.world)
    if by.system or by.roles & DISTRICT_ROLES | by.roles & {"system_admin"}:
        return rows
    return rows.filter(in_area(by, "place__area__code") | Q(owner_post__in=_post_codes(by)))


def _post_codes(by: Actor) -> QuerySet[Post, str]:
    return Post.objects.filter(pk__in=by.posts).values_list("code", flat=True)


def lock_stream(datastream: int, by: Actor) -> Datastream:
    row: Datastream | None = Datastream.objects.in_world(by.world).select_for_update().filter(id=datastream).first()
    if row is None:
        raise NotFound("sensing.stream.not_found", id=datastream)
    return row


def station(code: str, by: Actor) -> Station:
    row: Station | None = Station.objects.in_world(by.world).select_related("place").filter(code=code).first()
    if row is None:
        raise NotFound("sensing.station.not_found", code_shown=code)
    return row


def streams_of(row: Station) -> QuerySet[Datastream]:
    rows: QuerySet[Datastream] = Datastream.objects.in_world(row.world_id).filter(station=row)
    return rows.select_related("current").order_by("kind")


def wall_period(stream: str = "") -> Greatest:
    """Expected seconds of the wall clock between two readings, in SQL; `stream`: path to the datastream, with `__`."""
    return Greatest(
        ExpressionWrapper(F(f"{stream}period_s") / F(f"{stream}speed"), FloatField()),
        Case(When(**{f"{stream}speed__gt": 1}, then=Value(FLICKER_S)), default=Value(0.0), output_field=FloatField()),
        output_field=FloatField(),
    )


def _lost(now: datetime) -> Q:
    """Nothing trusted for more than three periods, or never."""
    old = Extract(Value(now) - F("good_at"), "epoch") / wall_period("datastream__")
    return Q(good_at__isnull=True) | Q(GreaterThan(old, LOST_PERIODS))


def not_normal(world: UUID, now: datetime, limit: int) -> list[CurrentValue]:
    """At most `limit` streams that stand above normal or are silent, the worst first."""
    rows = CurrentValue.objects.filter(datastream__world_id=world, datastream__is_active=True)
    rows = rows.filter(Q(level__gt=0) | Q(watched=True) | _lost(now)).defer("memory")
    listed = rows.select_related("datastream__station__place")
    return list(listed.order_by("-level", "-watched", F("good_at").asc(nulls_first=True), "datastream_id")[:limit])


def is_history(datastream: int, level: int, at: datetime, now: datetime) -> bool | None:
    """Whether that a stream reached `level` at `at` is over: old, and the stream stands lower since.

    After an outage the broker hands over what waited, so a crossing of yesterday is computed now. None: the stream is
    still telling the past, ask again in a moment. A level that still stands is never history.
    """
    row = CurrentValue.objects.select_related("datastream").defer("memory").filter(pk=datastream).first()
    if row is None or row.at is None or not _old(row.datastream, at, now):
        return False
    if row.level < level:
        return True
    return None if _old(row.datastream, row.at, now) else False


def is_old(datastream: int, at: datetime, now: datetime) -> bool:
    """Whether a moment lies further back than a late reading of this stream."""
    stream = Datastream.objects.all_worlds("a datastream lives in one world").filter(pk=datastream).first()
    return stream is not None and _old(stream, at, now)


def _old(stream: Datastream, at: datetime, now: datetime) -> bool:
    return now - at > timedelta(seconds=history_after_s(stream.period_s, stream.speed))


@dataclass(frozen=True, slots=True)
class Tally:
    """A world's streams counted by the database. `newest`: when the last reading came, the proof that the way works."""

    streams: int
    silent: int
    stations: int
    not_normal: int
    newest: datetime | None


def tally(world: UUID, now: datetime) -> Tally:
    """One query, however many streams."""
    rows = CurrentValue.objects.filter(datastream__world_id=world, datastream__is_active=True)
    station = "datastream__station"
    found = rows.aggregate(
        streams=Count("pk"),
        silent=Count("pk", filter=_lost(now)),
        stations=Count(station, distinct=True),
        not_normal=Count(station, distinct=True, filter=Q(level__gt=0) | Q(watched=True) | _lost(now)),
        newest=Max("received_at"),
    )
    return Tally(**found)


TRUSTED = (
    "SELECT at, value FROM (SELECT at, value, flags FROM sensing_observation WHERE {where} ORDER BY at DESC OFFSET 0) "
    "AS n WHERE (flags & %s) = 0 ORDER BY at DESC LIMIT %s"
)
"""The newest readings without a flag: its parameters are those of `where`, the flags, how many.

`OFFSET 0` keeps the flags out of the index scan. Nothing is known of an expression, so one row in two hundred is
thought to pass, the last sixty to need all there are, and a stream's whole history is read for them: 96 ms for the
curves of the desk with 4 000 readings a stream, 2 ms this way, whatever their number.
"""


def trusted_series(
    datastream: int, upto: datetime, count: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """The last `count` readings without a suspect flag, oldest first: microseconds since 1970 UTC and values."""
    with connection.cursor() as cursor:
        wanted: list[Any] = [datastream, upto, SUSPECT, count]
        cursor.execute(TRUSTED.format(where="datastream_id = %s AND at <= %s"), wanted)
        rows = cursor.fetchall()[::-1]
    at = np.array([(when - EPOCH) // timedelta(microseconds=1) for when, _ in rows], np.int64)
    return at, np.array([value for _, value in rows], np.float64)
