"""Stations, current values and observations for programs that read; devices write through `api.receive`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import orjson
from django.db.models import Count, Max, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_noop as _
from ninja import Path, Query, Router

from fengsui.apps.sensing import boards
from fengsui.apps.sensing.models import Datastream, Observation
from fengsui.core.api.bearer import by_of
from fengsui.core.api.operation import reads
from fengsui.core.api.paging import Cursor, Limit, page_of
from fengsui.core.api.scopes import scope
from fengsui.core.api.shapes import Moment, Out, Page, point
from fengsui.core.web.conditional import answer, etag_of
from fengsui.kernel.errors import Invalid, NotFound
from fengsui.kernel.levels import Level

router = Router()
READ = scope("sensing:read", _("看测站、现值和观测值"))
GEOJSON = "application/geo+json"
LONGEST = timedelta(days=31)
KEY = 2**63 - 1


class StreamOut(Out):
    id: int
    station: str
    station_name: str
    kind: str
    unit: str
    position: list[float] | None
    place: str | None
    period_s: int
    speed: float
    at: Moment | None
    value: float | None
    flags: int
    good_at: Moment | None
    good_value: float | None
    level: str
    watched: bool
    freshness: str
    illustrative: bool


class ObservationOut(Out):
    at: Moment
    value: float
    flags: int
    received_at: Moment


def _streams(request: HttpRequest) -> QuerySet[Datastream]:
    rows: QuerySet[Datastream] = Datastream.objects.in_world(by_of(request).world).filter(is_active=True)
    return rows.select_related("station__place", "current")


def _stream(row: Datastream, now: datetime) -> StreamOut:
    it, held = boards.now_of(row, now), getattr(row, "current", None)
    return StreamOut(
        id=row.pk, station=row.station.code, station_name=row.station.name, kind=row.kind, unit=row.unit,
        position=point(row.station.location), place=row.station.place.code if row.station.place else None,
        period_s=row.period_s, speed=row.speed, at=held.at if held else None, value=held.value if held else None,
        flags=held.flags if held else 0, good_at=held.good_at if held else None,
        good_value=held.good_value if held else None, level=Level(held.level).code if held else "none",
        watched=bool(held and held.watched), freshness=it.freshness,
        illustrative=row.station.provenance == "illustrative",
    )  # fmt: skip


@reads(router, "/streams", scope=READ, summary=_("数据流与现值"), response=Page[StreamOut], page="sensing:station-list")
def streams(
    request: HttpRequest,
    station: Annotated[str, Query(title=_("站码"), max_length=40)] = "",
    kind: Annotated[str, Query(title=_("类别"), max_length=40)] = "",
    level: Annotated[Literal["none", "blue", "yellow", "orange", "red"] | None, Query(title=_("级别"))] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[StreamOut]:
    """Every quantity of every station with what is known now, by station."""
    rows = _streams(request)
    if station:
        rows = rows.filter(station__code=station)
    if kind:
        rows = rows.filter(kind=kind)
    if level:
        rows = rows.filter(current__level=int(Level.of(level)))
    order = ("station__code", "kind", "id")
    found, after = page_of(rows.order_by(*order), order, cursor=cursor, limit=limit)
    now = timezone.now()
    return Page[StreamOut](items=[_stream(row, now) for row in found], next_cursor=after)


@reads(
    router, "/streams/{stream}", scope=READ, summary=_("一个数据流"), response=StreamOut, page="sensing:station-show"
)
def stream(request: HttpRequest, stream: Annotated[int, Path(title=_("数据流"), ge=1, le=KEY)]) -> StreamOut:
    return _stream(_one(request, stream), timezone.now())


def _one(request: HttpRequest, stream: int) -> Datastream:
    row = _streams(request).filter(pk=stream).first()
    if row is None:
        raise NotFound("sensing.stream.not_found", id=stream)
    return row


@reads(
    router, "/streams/{stream}/observations", scope=READ, summary=_("观测值"), response=Page[ObservationOut],
    page="sensing:station-series",
)  # fmt: skip
def observations(
    request: HttpRequest,
    stream: Annotated[int, Path(title=_("数据流"), ge=1, le=KEY)],
    since: Annotated[Moment, Query(title=_("起"))],
    until: Annotated[Moment | None, Query(title=_("止"))] = None,
    cursor: Cursor = None,
    limit: Limit = 200,
) -> Page[ObservationOut]:
    """Readings of [since, until), oldest first, as they were stored with their quality flags; at most 31 days."""
    row, end = _one(request, stream), until or timezone.now()
    if end - since > LONGEST:
        raise Invalid("sensing.observations.too_long", field="since", days=LONGEST.days)
    rows = Observation.objects.filter(datastream_id=row.pk, at__gte=since, at__lt=end)
    order = ("at", "value")
    found, after = page_of(rows.order_by(*order), order, cursor=cursor, limit=limit)
    items = [ObservationOut(at=r.at, value=r.value, flags=r.flags, received_at=r.received_at) for r in found]
    return Page[ObservationOut](items=items, next_cursor=after)


@reads(
    router,
    "/feeds/stations.geojson",
    scope=READ,
    summary=_("测站现值（GeoJSON）"),
    page="sensing:station-layer",
    openapi_extra={
        "responses": {200: {"description": "GeoJSON", "content": {GEOJSON: {"schema": {"type": "object"}}}}}
    },
)
def stations_geojson(request: HttpRequest) -> HttpResponse:
    """One feature a stream. Who has the newest gets 304, for which one line is asked of the database.

    A reading that is missing changes nothing here: its age is `good_at` against the reader's own clock.
    """
    world = by_of(request).world
    last = Datastream.objects.in_world(world).aggregate(
        n=Count("pk"), changed=Max("changed_at"), received=Max("current__received_at")
    )
    times = [at for at in (last["changed"], last["received"]) if at]
    etag = etag_of("stations", world, last["n"], *times)
    return answer(request, etag, max(times, default=None), lambda: _collection(_streams(request)), GEOJSON)


def _collection(rows: QuerySet[Datastream]) -> bytes:
    features = [_feature(row) for row in rows.order_by("station__code", "kind")]
    return orjson.dumps({"type": "FeatureCollection", "features": features})


def _feature(row: Datastream) -> dict[str, Any]:
    held = getattr(row, "current", None)
    return {
        "type": "Feature",
        "id": row.pk,
        "geometry": {"type": "Point", "coordinates": point(row.station.location)},
        "properties": {
            "station": row.station.code,
            "name": row.station.name,
            "kind": row.kind,
            "unit": row.unit,
            "good_at": held.good_at if held else None,
            "good_value": held.good_value if held else None,
            "level": Level(held.level).code if held else "none",
            "illustrative": row.station.provenance == "illustrative",
        },
    }
