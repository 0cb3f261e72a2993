"""The verbs of sensing. `store_readings` lives in `hot`; this is the door to it."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.gis.geos import Point
from django.db import connection
from django.db.transaction import atomic

from fengsui.apps.places.models import Place
from fengsui.apps.sensing import events, queries, rules
from fengsui.apps.sensing.book import StreamBook
from fengsui.apps.sensing.hot import Stored, store_readings
from fengsui.apps.sensing.models import Datastream, Device, Station
from fengsui.catalog.hazards import of_sensor
from fengsui.catalog.sensors import kind as sensor_kind
from fengsui.catalog.sensors.contract import MAX_BYTES
from fengsui.core import live
from fengsui.core.policy import require
from fengsui.core.record import announce, plain
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Actor

__all__ = [
    "Rejection", "Stored", "change_ladder", "issue_credentials", "keep_rejections", "load_stations", "make_partitions",
    "set_speed", "store_readings",
]  # fmt: skip

EXCERPT = 4096
"""Bytes that are kept of a message too large for any reading; every other rejected message is kept whole."""
OF_POINTS = "waterlogging"
"""The hazard whose lines a waterlogging point brings with it."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """A message kept because it could not be used. stream: index in the book, None where the topic is unknown."""

    topic: str
    payload: bytes
    received_at: datetime
    code: str
    facts: dict[str, Any]
    stream: int | None = None


def keep_rejections(book: StreamBook, rejections: Iterable[Rejection]) -> int:
    """Rows that were new; the same message delivered again is not kept twice."""
    rows = []
    for each in rejections:
        digest = hashlib.sha256(
            f"{each.topic}\0{each.received_at.isoformat()}\0".encode("utf-8", "replace") + each.payload
        )
        stream = None if each.stream is None else book.streams[each.stream]
        rows.append(
            (
                stream.world if stream else LIVE,
                stream.id if stream else None,
                _text(each.topic)[:200],
                each.code,
                json.dumps(_text(plain(each.facts)), ensure_ascii=False, default=str),
                each.payload if len(each.payload) <= MAX_BYTES else each.payload[:EXCERPT],
                len(each.payload),
                each.received_at,
                digest.digest(),
            )
        )
    if not rows:
        return 0
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO sensing_rejectedmessage "
            "(world_id, datastream_id, topic, code, facts, payload, size, received_at, digest) "
            "VALUES (%s, %s, %s, %s, %s::jsonb, %s, %s, %s, %s) ON CONFLICT (digest) DO NOTHING",
            rows,
        )
        kept = int(cursor.rowcount)
    of: dict[UUID, list[int]] = {}
    for world, stream_id, *_ in rows:
        if stream_id is not None:
            of.setdefault(world, []).append(stream_id)
    for world, keys in of.items():
        live.touch_keys("sensing.rejected", keys, world)
    return kept


def _text(value: Any) -> Any:
    """The same with what PostgreSQL takes in no text (zero bytes, halves of surrogate pairs) made visible."""
    match value:
        case str():
            return value.replace("\0", "�").encode("utf-8", "replace").decode()
        case dict():
            return {_text(key): _text(each) for key, each in value.items()}
        case list():
            return [_text(each) for each in value]
    return value


def make_partitions(now: datetime, months_ahead: int = 3) -> list[str]:
    """Partitions from last month to `months_ahead`; those that were missing are returned."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sensing_make_partition(((%s AT TIME ZONE 'UTC')::date + make_interval(months => m))::date) "
            "FROM generate_series(-1, %s) m",
            [now, months_ahead],
        )
        return [row[0] for row in cursor.fetchall() if row[0]]


@atomic
def issue_credentials(*, world: UUID, by: Actor, now: datetime) -> list[dict[str, Any]]:
    """New random passwords for all active devices of a world, returned once; only their hash is kept.

    Each row is {"user", "password", "publish": [topics]}: what a broker's user list needs.
    """
    require(by, "sensing.credentials")
    given = []
    stations = Station.objects.in_world(world).prefetch_related("devices", "datastreams").order_by("code")
    for station in stations:
        topics = [stream.topic for stream in station.datastreams.all() if stream.is_active]
        users = []
        for device in station.devices.all():
            if not device.is_active:
                continue
            password = secrets.token_urlsafe(24)
            device.secret_sha256, device.issued_at = queries.fingerprint(password), now
            device.save(update_fields=["secret_sha256", "issued_at"])
            given.append({"user": device.user, "password": password, "publish": topics})
            users.append(device.user)
        if users:
            announce(events.CredentialsIssued(station.id, tuple(users)), about=station, by=by)
    return given


@atomic
def change_ladder(*, datastream: int, ladder: dict[str, Any], by: Actor) -> Datastream:
    """Other lines for one stream, with the reason in `by`. Raises Invalid("sensing.ladder.wrong")."""
    row = queries.lock_stream(datastream, by)
    require(by, "sensing.change_ladder", row)
    rules.ladder_of(ladder)
    before, row.ladder = row.ladder, ladder
    row.save(update_fields=["ladder", "changed_at"])
    announce(events.LadderChanged(row.id, row.station_id), about=row, by=by, before=before, after=ladder)
    return row


def set_speed(
    *, topics: Iterable[str], speed: float, period_s: float | None = None, until: datetime | None = None
) -> int:
    """Mark streams as a replay N times faster than real; 1 = measured now.

    period_s: seconds between two readings of the replayed series, on its own clock; the station's own period comes
    back when the district is loaded again. until: when the replay ends; before that a silence is somebody's.
    """
    rows = list(Datastream.objects.all_worlds("a replay names its streams").filter(topic__in=list(topics)))
    for row in rows:
        row.speed, row.period_s = speed, row.period_s if period_s is None else max(1, round(period_s))
        row.replay_until = until
        row.save(update_fields=["speed", "period_s", "replay_until", "changed_at"])
    return len(rows)


@atomic
def load_stations(district: Any, key: Callable[[str, str], UUID], counts: dict[str, int]) -> None:
    """Stations, streams and devices of a district's files (kernel.district.District), for the live world.

    A ladder that a person changed since is kept: files give the first one only.
    """
    points = {point.code: point for point in district.points}
    places = dict(Place.objects.values_list("code", "id"))
    for given in district.stations:
        kind = sensor_kind(given.sensor)
        point = points.get(given.point)
        station, _ = Station.objects.in_world(LIVE).update_or_create(
            id=key("station", given.code),
            defaults={
                "world_id": LIVE,
                "code": given.code,
                "name": given.name,
                "place_id": places.get(given.point or (given.code if given.area else "")),
                "location": Point(given.lon, given.lat, srid=4326),
                "owner_post": given.owner,
                "datum_m": given.datum_m,
                "provenance": given.provenance,
                "source": given.source,
            },
        )
        fixed = {"kind": kind.code, "unit": kind.unit, "period_s": given.period_s, "station": station, "world_id": LIVE}
        ladder, basis = _ladder_of(given, point)
        Datastream.objects.in_world(LIVE).update_or_create(
            topic=rules.topic_of("fs", given.code, kind.code),
            defaults=fixed,
            create_defaults={**fixed, "ladder": ladder, "ladder_basis": basis},
        )
        Device.objects.update_or_create(user=given.device, defaults={"station": station})
    counts["测站"] = len(district.stations)


def _ladder_of(given: Any, point: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Lines and their basis: a point's own, the station's own, or those of its hazard; none where none is judged."""
    hazard = of_sensor(given.sensor)
    if hazard is None or not (point or given.area):
        return {}, {}
    if point and hazard.code == OF_POINTS:
        return _ladder(point)
    if given.ladder:
        return {**given.ladder, "up_count": 2}, {"note": given.note or given.source}
    lines = {level.code: line for level, line in hazard.ladder.items()}
    if lines and hazard.watch is not None:
        lines = {"watch": hazard.watch, **lines}
    notes = {level.code: {"basis": basis, "note": note} for level, (basis, note) in hazard.ladder_basis.items()}
    return ({**lines, "up_count": 2}, notes) if lines else ({}, {})


def _ladder(point: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The ladder of a waterlogging point; its alarm for a fast rise counts as the lowest level [G]."""
    rise = point.rise_alarm
    ladder = {
        **point.ladder_m,
        "margin": point.hysteresis_m,
        "up_hold_s": point.hold_s,
        "up_count": 2,
        "down_hold_s": point.step_down_s,
        "rises": {"blue": round(rise.rise_m / rise.within_s * 3600, 6)},
        "rise_window_s": rise.within_s,
    }
    basis = {"note": point.ladder_note} if point.ladder_note else {}
    return ladder, {**basis, "rise": f"{rise.basis}: {rise.rise_m:g} m / {rise.within_s} s"}


def sweep_map() -> int:
    """Stations whose rank moved by time alone (silence) are put on the map anew; how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH moved AS (SELECT ref, world, sensing_map_put(ref) FROM core_mappoint WHERE layer = 'stations' "
            "AND NOT gone AND rank <> sensing_map_rank(ref)) SELECT world, count(*) FROM moved GROUP BY world"
        )
        moved = dict(cursor.fetchall())
    for world in moved:
        live.touch(["sensing", "sensing.silent"], world)
    return sum(moved.values())
