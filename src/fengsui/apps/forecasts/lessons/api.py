"""What was learned of each gauge, for programs."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_noop as _
from ninja import Query, Router
from pydantic import Field

from fengsui.apps.forecasts.lessons import actions, board
from fengsui.apps.sensing import boards
from fengsui.apps.sensing import queries as sensing
from fengsui.core import policy
from fengsui.core.api.bearer import by_of
from fengsui.core.api.operation import reads, writes
from fengsui.core.api.paging import Cursor, Limit, page_of
from fengsui.core.api.scopes import scope
from fengsui.core.api.shapes import Body, Moment, Out, Page

router = Router()
READ = scope("lessons:read", _("看测站学习"))
WRITE = scope("lessons:write", _("重新学习测站"))


class LeadOut(Out):
    """Mean absolute errors in the stream's own unit. Held back: on floods not looked at while learning, `best` of the
    member that missed least. Since: of forecasts that were scored after the event."""

    lead_s: int
    held_back_best: float | None
    held_back_trend: float | None
    held_back_persistence: float | None
    since_runs: int
    since_mae: float | None
    since_mae_damped_trend: float | None
    since_mae_persistence: float | None
    since_coverage_promised: float | None
    since_coverage: float | None


class LessonOut(Out):
    """`state`: `learned`, `trend` (not learned yet), `nothing` (too little flood), `withdrawn` (it lost to the trend).
    `asked_at`, `answered_at`, `answer`: of the last ask to learn anew."""

    station: str
    station_name: str
    kind: str
    unit: str
    replayed: bool
    state: str
    method: str
    floods: int
    flood_h: float
    learned_at: Moment | None
    withdrawn_at: Moment | None
    asked_at: Moment | None
    answered_at: Moment | None
    answer: str
    since_days: int
    leads: list[LeadOut]


class Asking(Body):
    kind: Annotated[str, Field(title=_("类别"), max_length=40)] = ""


@reads(
    router, "/forecasts/lessons", scope=READ, summary=_("测站学习"), response=Page[LessonOut],
    page="forecasts:lesson-list",
)  # fmt: skip
def of_gauges(
    request: HttpRequest,
    state: Annotated[str, Query(title=_("状态"), max_length=20)] = "",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[LessonOut]:
    """Every gauge of a kind that is learned, by code of its station."""
    by = by_of(request)
    policy.require(by, "forecasts.see_lessons")
    rows = board.wanted_of(board.gauges(by.world), board.Wanted.of({"state": state}))
    found, following = page_of(rows, ("station__code", "kind", "id"), cursor=cursor, limit=limit)
    items = [_out(each) for each in board.rows_of(found, timezone.now())]
    return Page[LessonOut](items=items, next_cursor=following)


@writes(
    router, "/forecasts/lessons/{str:code}/learn", scope=WRITE, summary=_("重新学习测站"), response=LessonOut,
    status=202, page="forecasts:lesson-learn",
)  # fmt: skip
def learn(request: HttpRequest, code: str, body: Asking) -> LessonOut:
    """A job does it; `answer` in the list says what came of it. `kind` chooses among the streams of the station."""
    by, now = by_of(request), timezone.now()
    policy.require(by, "forecasts.learn")
    stream, _streams = boards.stream_of(sensing.station(code, by), body.kind)
    actions.ask(datastream=stream.pk, by=by, now=now)
    return _out(board.rows_of(list(board.gauges(by.world).filter(pk=stream.pk)), now)[0])


def _out(row: board.Row) -> LessonOut:
    lesson, ask, stream = row.lesson, row.ask, row.stream
    leads = sorted({round(each["lead_s"]) for each in (lesson.leads if lesson else [])} | set(row.record.leads))
    return LessonOut(
        station=stream.station.code, station_name=stream.station.name, kind=stream.kind, unit=stream.unit,
        replayed=stream.speed > 1, state=row.state, method=lesson.method if lesson else "",
        floods=lesson.floods if lesson else 0, flood_h=lesson.flood_h if lesson else 0.0,
        learned_at=lesson.made_at if lesson else None, withdrawn_at=lesson.rests_since if lesson else None,
        asked_at=ask.asked_at if ask else None, answered_at=ask.ended_at if ask else None,
        answer=ask.answer if ask else "", since_days=row.record.days, leads=[_lead(row, each) for each in leads],
    )  # fmt: skip


def _lead(row: board.Row, lead_s: int) -> LeadOut:
    held, came = row.held_back(lead_s) or {}, row.came(lead_s)
    return LeadOut(
        lead_s=lead_s, held_back_best=held.get("best"), held_back_trend=held.get("trend"),
        held_back_persistence=held.get("stays"), since_runs=came.n, since_mae=came.mean("abs_error"),
        since_mae_damped_trend=came.mean("abs_trend"), since_mae_persistence=came.mean("abs_stays"),
        since_coverage_promised=came.mean("promised"), since_coverage=came.mean("covered"),
    )  # fmt: skip
