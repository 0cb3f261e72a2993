"""Floods that are tried out, for programs: ask, look until it is done, take the answer."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_noop as _
from ninja import Router
from pydantic import Field

from fengsui.apps.forecasts import asking, breaches, floods, live_rain, rules
from fengsui.apps.forecasts.lessons.api import router as lessons
from fengsui.apps.forecasts.models import FloodRun
from fengsui.apps.forecasts.scenarios.api import router as scenarios
from fengsui.apps.forecasts.scores.api import router as scores
from fengsui.apps.places.models import Place
from fengsui.core import policy
from fengsui.core.api.bearer import by_of
from fengsui.core.api.operation import reads, writes
from fengsui.core.api.paging import Cursor, Limit, page_of
from fengsui.core.api.scopes import scope
from fengsui.core.api.shapes import Body, Moment, Nothing, Out, Page, Position
from fengsui.kernel.errors import Invalid

router = Router()
router.add_router("", scores)
router.add_router("", lessons)
router.add_router("", scenarios)
READ = scope("floods:read", _("看积水推演"))
WRITE = scope("floods:write", _("推演积水、停止推演"))


class Design(Body):
    kind: Literal["design"]
    formula_name: Annotated[str, Field(title=_("暴雨强度公式"), max_length=40)]
    return_period_a: Annotated[float, Field(title=_("重现期（年）"), ge=1, le=100)]
    duration_min: Annotated[float, Field(title=_("历时（分钟）"), ge=30, le=180, multiple_of=rules.STEP_MIN)]
    peak: Annotated[float, Field(title=_("雨峰位置"), ge=0.1, le=0.9)] = 0.4


class Steady(Body):
    kind: Literal["steady"]
    mm_h: Annotated[float, Field(title=_("雨强（mm/h）"), ge=1, le=300)]
    duration_min: Annotated[float, Field(title=_("历时（分钟）"), ge=30, le=180, multiple_of=rules.STEP_MIN)]


class Live(Body):
    """What the gauges within 10 km measured up to now, then the next hour by their forecasts."""

    kind: Literal["live"]
    back_min: Annotated[Literal[60, 120, 180], Field(title=_("实况雨取最近（分钟）"))] = 120
    ahead: Annotated[Literal["none", "median", "high"], Field(title=_("此后一小时"))] = "median"


class Dike(Body):
    """A dike and its breach; `value` in metres above the ground at the breach (`level`) or m3/s (`inflow`); `side` of
    the water along the line; `at` per cent of the line."""

    line: Annotated[
        list[Position], Field(title=_("堤线"), min_length=breaches.CORNERS[0], max_length=breaches.CORNERS[1])
    ]
    side: Annotated[Literal["left", "right"], Field(title=_("水在堤线的"))]
    crest_m: Annotated[float, Field(title=_("堤顶高（m）"))]
    water: Annotated[Literal["level", "inflow"], Field(title=_("堤后的水"))]
    value: Annotated[float, Field(title=_("水位或来水"))]
    at: Annotated[float, Field(title=_("溃口在线上的位置（%）"))] = 50.0
    width_m: Annotated[float, Field(title=_("溃口宽（m）"))]
    opens_min: Annotated[float, Field(title=_("何时开始溃（分钟）"))]
    erodes_min: Annotated[float, Field(title=_("多久冲开（分钟）"))] = 10.0


class Asking(Body):
    """A waterlogging point, or a position."""

    place: Annotated[UUID | None, Field(title=_("点位"))] = None
    position: Position | None = None
    incident: Annotated[UUID | None, Field(title=_("事件"))] = None
    width_m: Annotated[Literal[1000, 1500, 2000, 3000], Field(title=_("范围（m）"))] = 1500
    cell_m: Annotated[Literal[5, 10], Field(title=_("网格（m）"))] = 10
    rain: Annotated[Design | Steady | Live, Field(title=_("降雨"), discriminator="kind")]
    drained_mm_h: Annotated[float, Field(title=_("管网与土壤排走（mm/h）"), ge=0, le=200)] = 20
    sewers_a: Annotated[Literal[0, 1, 2, 3, 5], Field(title=_("示意管网（几年一遇，0 为不算）"))] = 0
    pumps: Annotated[float, Field(title=_("固定泵站开机的份额"), ge=0, le=1)] = 1.0
    gates: Annotated[Literal["open", "shut"], Field(title=_("排放口闸门"))] = "open"
    standing_m: Annotated[float, Field(title=_("起始积水（m）"), ge=0, le=rules.DEEPEST_STANDING_M)] = 0.0
    breach: Annotated[Dike | None, Field(title=_("溃口"))] = None


class FloodOut(Out):
    """`answer` is empty until `status` is `done`; its times are seconds after the rain began."""

    id: UUID
    title: str
    status: str
    share: float
    asked_at: Moment
    ended_at: Moment | None
    reason: str
    asked: dict[str, Any]
    answer: dict[str, Any]


@reads(router, "/floods", scope=READ, summary=_("积水推演"), response=Page[FloodOut], page="forecasts:flood-list")
def listed(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Page[FloodOut]:
    """The newest first, without their answers."""
    by = by_of(request)
    policy.require(by, "forecasts.see_floods")
    rows = floods.visible_to(by).defer(*floods.LIGHT, "answer")
    found, following = page_of(rows, ("-asked_at", "id"), cursor=cursor, limit=limit)
    return Page[FloodOut](items=[_out(each, {}) for each in found], next_cursor=following)


@reads(
    router, "/floods/{uuid:flood_id}", scope=READ, summary=_("一次积水推演"), response=FloodOut,
    page="forecasts:flood-show",
)  # fmt: skip
def one(request: HttpRequest, flood_id: UUID) -> FloodOut:
    row = floods.get(flood_id, by_of(request))
    return _out(row, row.answer)


@writes(
    router, "/floods", scope=WRITE, summary=_("推演积水"), response=FloodOut, status=202, page="forecasts:flood-new"
)
def ask(request: HttpRequest, body: Asking) -> FloodOut:
    """A job computes it; look until its status is `done`, `failed` or `stopped`."""
    place = Place.objects.filter(pk=body.place).first() if body.place else None
    if place is None and body.position is None:
        raise Invalid("forecasts.flood.nowhere", field="place")
    if isinstance(body.rain, Design) and body.rain.formula_name not in asking.formulas():
        raise Invalid("forecasts.flood.formula", field="formula_name", known="、".join(asking.formulas()))
    at = body.position or Position(lon=place.location.x, lat=place.location.y)  # type: ignore[union-attr]  # one of both is there
    plain = {"width_m", "cell_m", "drained_mm_h", "sewers_a", "pumps", "gates", "standing_m"}
    asked = body.model_dump(include=plain) | {
        "lon": at.lon, "lat": at.lat, "rain": body.rain.model_dump(),
    }  # fmt: skip
    if body.breach is not None:
        asked["breach"] = body.breach.model_dump() | {"line": [list(each.pair) for each in body.breach.line]}
    by, now = by_of(request), timezone.now()
    asked = live_rain.frozen(asked, by.world, now)
    row = floods.ask(
        title=floods.title_of(place, asked), asked=asked, place=place, incident=body.incident, by=by, now=now
    )
    return _out(row, {})


@writes(
    router, "/floods/{uuid:flood_id}/stop", scope=WRITE, summary=_("停止推演"), response=FloodOut,
    page="forecasts:flood-stop",
)  # fmt: skip
def stop(request: HttpRequest, flood_id: UUID, body: Nothing) -> FloodOut:
    floods.stop(flood_id=flood_id, by=by_of(request), now=timezone.now())
    return _out(floods.get(flood_id, by_of(request)), {})


def _out(row: FloodRun, answer: dict[str, Any]) -> FloodOut:
    return FloodOut(
        id=row.pk, title=row.title, status=row.status, share=row.share, asked_at=row.asked_at, ended_at=row.ended_at,
        reason=row.reason, asked=row.asked, answer=answer,
    )  # fmt: skip
