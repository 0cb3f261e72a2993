"""Scenario libraries for programs: make one, look how far it is, ask what it knows of a rain."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_noop as _
from ninja import Query, Router
from pydantic import Field

from fengsui.apps.forecasts import asking, rules
from fengsui.apps.forecasts.scenarios import axes, libraries, near
from fengsui.apps.places.models import Place
from fengsui.core import policy
from fengsui.core.api.bearer import by_of
from fengsui.core.api.operation import reads, writes
from fengsui.core.api.paging import Cursor, Limit, page_of
from fengsui.core.api.scopes import scope
from fengsui.core.api.shapes import Body, Moment, Nothing, Out, Page, Position
from fengsui.kernel.errors import Invalid, NotFound

router = Router()
READ = scope("scenarios:read", _("看情景库"))
WRITE = scope("scenarios:write", _("建情景库、暂停、接着算、废弃"))
Minutes = Annotated[float, Field(title=_("历时（分钟）"), ge=30, le=180, multiple_of=rules.STEP_MIN)]


Share = Annotated[float, Field(ge=0, le=1)]


class Storms(Body):
    kind: Literal["design"]
    formula_name: Annotated[str, Field(title=_("暴雨强度公式"), max_length=40)]
    duration_min: Minutes
    peak: Annotated[float, Field(title=_("雨峰位置"), ge=0.1, le=0.9)] = 0.4
    values: Annotated[list[Annotated[float, Field(ge=1, le=100)]], Field(title=_("重现期（年）"), max_length=12)]


class Steadies(Body):
    kind: Literal["steady"]
    duration_min: Minutes
    values: Annotated[list[Annotated[float, Field(ge=1, le=300)]], Field(title=_("雨强（mm/h）"), max_length=12)]


class Making(Body):
    """Every value of an axis with every value of the others: two hundred scenarios at most."""

    place: Annotated[UUID | None, Field(title=_("点位"))] = None
    position: Position | None = None
    width_m: Annotated[Literal[1000, 1500, 2000, 3000], Field(title=_("范围（m）"))] = 1000
    cell_m: Annotated[Literal[5, 10], Field(title=_("网格（m）"))] = 10
    rain: Annotated[Storms | Steadies, Field(title=_("降雨"), discriminator="kind")]
    drained_mm_h: Annotated[float, Field(title=_("管网与土壤排走（mm/h）"), ge=0, le=200)] = 20
    sewers_a: Annotated[Literal[0, 1, 2, 3, 5], Field(title=_("示意管网（几年一遇，0 为不算）"))] = 0
    pumps: Annotated[list[Annotated[float, Field(ge=0, le=1)]], Field(title=_("固定泵站开机份额"), max_length=5)] = [
        1.0
    ]
    gates: Annotated[list[Literal["open", "shut"]], Field(title=_("排放口闸门"), max_length=2)] = ["open"]
    standing_m: Annotated[
        list[Annotated[float, Field(ge=0, le=rules.DEEPEST_STANDING_M)]],
        Field(title=_("起始积水（m）"), max_length=5),
    ] = [0.0]


class LibraryOut(Out):
    """`error`: of answers between scenarios, by leaving each out; empty until all are computed."""

    id: UUID
    title: str
    status: str
    asked_at: Moment
    total: int
    done: int
    failed: int
    reason: str
    base: dict[str, Any]
    axes: dict[str, Any]
    error: dict[str, Any]


class NearOut(Out):
    """`nearest`: what was asked of each scenario, its distance in widths of the axes, its answer. `places`: deepest
    water of the nearest scenario and least, median and most of all of `nearest`, metres. `outside`: axes beyond which
    was asked."""

    library: UUID
    outside: list[str]
    between: bool
    nearest: list[dict[str, Any]]
    places: list[dict[str, Any]]
    cuts: list[dict[str, Any]]


@reads(
    router, "/scenario-libraries", scope=READ, summary=_("情景库"), response=Page[LibraryOut],
    page="forecasts:library-list",
)  # fmt: skip
def listed(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Page[LibraryOut]:
    """The newest first, retired ones too."""
    by = by_of(request)
    policy.require(by, "forecasts.see_floods")
    found, following = page_of(
        libraries.counted(libraries.visible_to(by)), ("-asked_at", "id"), cursor=cursor, limit=limit
    )
    return Page[LibraryOut](items=[_out(each) for each in found], next_cursor=following)


@reads(
    router, "/scenario-libraries/{uuid:library_id}", scope=READ, summary=_("一个情景库"), response=LibraryOut,
    page="forecasts:library-show",
)  # fmt: skip
def one(request: HttpRequest, library_id: UUID) -> LibraryOut:
    return _out(libraries.get(library_id, by_of(request)))


@reads(
    router, "/scenario-libraries/{uuid:library_id}/nearest", scope=READ, summary=_("最近的情景"), response=NearOut,
    page="forecasts:library-between",
)  # fmt: skip
def nearest(
    request: HttpRequest, library_id: UUID,
    rain: Annotated[float, Query(title=_("降雨"), ge=1, le=300)],
    pumps: Annotated[float, Query(title=_("固定泵站开机份额"), ge=0, le=1)] = 1.0,
    gates: Annotated[Literal["open", "shut"], Query(title=_("排放口闸门"))] = "open",
    standing_m: Annotated[float, Query(title=_("起始积水（m）"), ge=0, le=rules.DEEPEST_STANDING_M)] = 0.0,
) -> NearOut:  # fmt: skip
    """`rain`: years of a design storm, mm/h of steady rain, as the library has it. 404 while nothing is computed."""
    row = libraries.get(library_id, by_of(request))
    asked = axes.asked_of(row.base, {"rain": rain, "pumps": pumps, "gates": gates, "standing_m": standing_m})
    told = near.of_library(row, axes.point(asked)) if row.status != "retired" else None
    if told is None:
        raise NotFound("forecasts.scenarios.no_scenario")
    return NearOut(
        library=row.pk, outside=told.outside, between=told.between, places=told.places, cuts=told.cuts,
        nearest=[
            {"n": each.n, "distance": away, "asked": each.asked, "answer": each.answer}
            for each, away in zip(told.nearest, told.distance, strict=True)
        ],
    )  # fmt: skip


@writes(
    router, "/scenario-libraries", scope=WRITE, summary=_("建情景库"), response=LibraryOut, status=202,
    page="forecasts:library-new",
)  # fmt: skip
def make(request: HttpRequest, body: Making) -> LibraryOut:
    """A job computes it bit by bit; what is computed can be asked at once."""
    by = by_of(request)
    place = Place.objects.filter(pk=body.place).first() if body.place else None
    if place is None and body.position is None:
        raise Invalid("forecasts.flood.nowhere", field="place")
    if isinstance(body.rain, Storms) and body.rain.formula_name not in asking.formulas():
        raise Invalid("forecasts.flood.formula", field="formula_name", known="、".join(asking.formulas()))
    at = body.position or Position(lon=place.location.x, lat=place.location.y)  # type: ignore[union-attr]  # one of both is there
    base = body.model_dump(include={"width_m", "cell_m", "drained_mm_h", "sewers_a"}) | {
        "lon": at.lon, "lat": at.lat, "rain": body.rain.model_dump(exclude={"values"}),
    }  # fmt: skip
    varied: dict[str, list[Any]] = {
        "rain": body.rain.values,
        "pumps": body.pumps,
        "gates": body.gates,
        "standing_m": body.standing_m,
    }
    row = libraries.ask(base=base, axes=varied, place=place, by=by, now=timezone.now())
    return _out(libraries.get(row.pk, by))


@writes(
    router, "/scenario-libraries/{uuid:library_id}/pause", scope=WRITE, summary=_("暂停情景库"), response=LibraryOut,
    page="forecasts:library-pause",
)  # fmt: skip
def pause(request: HttpRequest, library_id: UUID, body: Nothing) -> LibraryOut:
    libraries.pause(library_id=library_id, by=by_of(request))
    return _out(libraries.get(library_id, by_of(request)))


@writes(
    router, "/scenario-libraries/{uuid:library_id}/resume", scope=WRITE, summary=_("接着算情景库"), response=LibraryOut,
    page="forecasts:library-resume",
)  # fmt: skip
def resume(request: HttpRequest, library_id: UUID, body: Nothing) -> LibraryOut:
    libraries.resume(library_id=library_id, by=by_of(request))
    return _out(libraries.get(library_id, by_of(request)))


@writes(
    router, "/scenario-libraries/{uuid:library_id}/retire", scope=WRITE, summary=_("废弃情景库"), response=LibraryOut,
    page="forecasts:library-retire",
)  # fmt: skip
def retire(request: HttpRequest, library_id: UUID, body: Nothing) -> LibraryOut:
    libraries.retire(library_id=library_id, by=by_of(request))
    return _out(libraries.get(library_id, by_of(request)))


def _out(row: Any) -> LibraryOut:
    return LibraryOut(
        id=row.pk, title=row.title, status=row.status, asked_at=row.asked_at, total=row.total, done=row.done,
        failed=row.failed, reason=row.reason, base=row.base, axes=row.axes, error=row.error,
    )  # fmt: skip
