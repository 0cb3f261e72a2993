"""Places for programs: one list, and the same as GeoJSON with conditional requests."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import orjson
from django.db.models import Count, Max, Q
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_noop as _
from ninja import Query, Router

from fengsui.apps.places import queries
from fengsui.apps.places.models import Place
from fengsui.apps.places.rules import PLACE_KINDS
from fengsui.core.api.bearer import by_of
from fengsui.core.api.operation import reads
from fengsui.core.api.paging import Cursor, Found, Limit, asked, page_of
from fengsui.core.api.scopes import scope
from fengsui.core.api.shapes import Among, Out, Page, point
from fengsui.core.models import StoredEvent
from fengsui.core.web.conditional import answer, etag_of

router = Router()
READ = scope("places:read", _("看地点"))
GEOJSON = "application/geo+json"
FEATURES = 20_000
Kind = Annotated[str, Among.of(PLACE_KINDS, "")]
ANY_KIND = asked("", title=_("类别"))


class PlaceOut(Out):
    id: UUID
    code: str
    kind: str
    name: str
    name_en: str
    area: str
    jurisdiction: str
    position: list[float] | None
    illustrative: bool


@reads(router, "/places", scope=READ, summary=_("地点列表"), response=Page[PlaceOut])
def places(
    request: HttpRequest,
    kind: Kind = ANY_KIND,
    q: Found = "",
    area: Annotated[str, Query(title=_("区域"), max_length=12)] = "",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[PlaceOut]:
    """In use, by code; those of the holder's area."""
    rows = queries.visible_to(by_of(request)).filter(retired_at__isnull=True)
    if kind:
        rows = rows.filter(kind=kind)
    if q.strip():
        rows = rows.filter(Q(name__icontains=q.strip()) | Q(code__icontains=q.strip()))
    if area:
        rows = rows.filter(area__code__startswith=area)
    order = ("code", "id")
    found, after = page_of(rows.order_by(*order), order, cursor=cursor, limit=limit)
    return Page[PlaceOut](items=[_place(row) for row in found], next_cursor=after)


def _place(row: Place) -> PlaceOut:
    return PlaceOut(
        id=row.pk,
        code=row.code,
        kind=row.kind,
        name=row.name,
        name_en=row.name_en,
        area=row.area_id,
        jurisdiction=row.jurisdiction,
        position=point(row.location),
        illustrative=row.provenance == "illustrative",
    )


@reads(
    router,
    "/feeds/places.geojson",
    scope=READ,
    summary=_("地点（GeoJSON）"),
    openapi_extra={
        "responses": {200: {"description": "GeoJSON", "content": {GEOJSON: {"schema": {"type": "object"}}}}}
    },
)
def places_geojson(request: HttpRequest, kind: Kind = ANY_KIND) -> HttpResponse:
    """Strong ETag and Last-Modified; who has it gets 304, for which only a count and the last change are asked."""
    rows = queries.visible_to(by_of(request)).filter(retired_at__isnull=True)
    if kind:
        rows = rows.filter(kind=kind)
    n = rows.aggregate(n=Count("pk"))["n"]
    last = StoredEvent.objects.filter(name="core.RowChanged").aggregate(id=Max("pk"), at=Max("at"))
    etag = etag_of("places", kind, sorted(map(str, by_of(request).posts)), n, last["id"])
    return answer(request, etag, last["at"], lambda: _collection(rows.order_by("code")[:FEATURES]), GEOJSON)


def _collection(rows: object) -> bytes:
    features = [
        {
            "type": "Feature",
            "id": str(row.pk),
            "geometry": {"type": "Point", "coordinates": point(row.location)},
            "properties": {
                "code": row.code,
                "kind": row.kind,
                "name": row.name,
                "name_en": row.name_en,
                "area": row.area_id,
                "illustrative": row.provenance == "illustrative",
            },
        }
        for row in rows  # type: ignore[attr-defined] # a queryset
    ]
    return orjson.dumps({"type": "FeatureCollection", "features": features})
