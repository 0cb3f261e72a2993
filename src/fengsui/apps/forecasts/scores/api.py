"""How good the forecasts were, for programs."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from django.utils.translation import gettext_noop as _
from ninja import Query, Router

from fengsui.apps.forecasts.scores.board import Board, Group, Line, Wanted, board
from fengsui.core import policy
from fengsui.core.api.bearer import by_of
from fengsui.core.api.operation import reads
from fengsui.core.api.scopes import scope
from fengsui.core.api.shapes import Out

router = Router()
READ = scope("forecasts:read", _("看预报评分"))


class ErrorsOut(Out):
    """Sums turned into means, in the stream's own unit; null where nothing was measured."""

    station: str
    station_name: str
    kind: str
    method: str
    lead_s: int
    runs: int
    missing: int
    replayed: int
    mae: float | None
    mae_persistence: float | None
    mae_damped_trend: float | None
    skill: float | None
    rmse: float | None
    coverage_promised: float | None
    coverage: float | None
    interval_width: float | None
    pinball: float | None
    rising_runs: int
    rising_skill: float | None
    rising_coverage: float | None


class LinesOut(Out):
    station: str
    kind: str
    method: str
    hits: int
    misses: int
    false_alarms: int
    mean_lead_s: float | None
    least_lead_s: float | None


class PointOut(Out):
    chances: int
    mean_chance: float
    share_reached: float


class ReliabilityOut(Out):
    """Of chances that follow from the interval; no forecast states them itself."""

    lead_s: int
    chances: int
    brier: float
    brier_persistence: float
    reliability: float
    resolution: float
    uncertainty: float
    points: list[PointOut]


class ScoresOut(Out):
    since: str
    until: str
    waiting: int
    errors: list[ErrorsOut]
    lines: list[LinesOut]
    reliability: list[ReliabilityOut]


@reads(router, "/forecasts/scores", scope=READ, summary=_("预报评分"), response=ScoresOut, page="forecasts:score-list")
def of_period(
    request: HttpRequest,
    since: Annotated[str, Query(title=_("从"), max_length=40)] = "",
    until: Annotated[str, Query(title=_("到"), max_length=40)] = "",
    kind: Annotated[str, Query(title=_("类别"), max_length=40)] = "",
    station: Annotated[str, Query(title=_("站码"), max_length=40)] = "",
) -> ScoresOut:
    """What forecasts of the days [since, until] said beside what came, with persistence; by default 30 days."""
    by = by_of(request)
    policy.require(by, "forecasts.score")
    wanted = Wanted.of({"since": since, "until": until, "kind": kind, "station": station})
    found = board(by.world, wanted)
    return ScoresOut(
        since=wanted.first.isoformat(),
        until=wanted.last.isoformat(),
        waiting=found.waiting,
        errors=[_errors(each, line) for each in found.streams for line in each.lines],
        lines=[_lines(each) for each in found.streams],
        reliability=_reliability(found),
    )


def _errors(each: Group, line: Line) -> ErrorsOut:
    it = line.errors
    return ErrorsOut(
        station=each.code, station_name=each.name, kind=each.kind, method=each.method, lead_s=line.lead_s, runs=it.n,
        missing=it.missing, replayed=line.replayed, mae=it.mean("abs_error"), mae_persistence=it.mean("abs_stays"),
        mae_damped_trend=it.mean("abs_trend"), skill=it.skill, rmse=it.rmse, coverage_promised=it.mean("promised"),
        coverage=it.mean("covered"), interval_width=it.mean("width"), pinball=it.mean("pinball"),
        rising_runs=it.rise_n, rising_skill=it.rise_skill, rising_coverage=it.mean("rise_covered"),
    )  # fmt: skip


def _lines(each: Group) -> LinesOut:
    it = each.counts
    return LinesOut(
        station=each.code, kind=each.kind, method=each.method, hits=it.hits, misses=it.misses,
        false_alarms=it.false_alarms, mean_lead_s=it.mean_lead_s, least_lead_s=it.least_lead_s,
    )  # fmt: skip


def _reliability(found: Board) -> list[ReliabilityOut]:
    return [
        ReliabilityOut(
            lead_s=lead_s, chances=it.n, brier=it.brier, brier_persistence=it.never, reliability=it.reliability,
            resolution=it.resolution, uncertainty=it.uncertainty,
            points=[PointOut(chances=p.n, mean_chance=p.told, share_reached=p.came) for p in it.points],
        )
        for lead_s, it in found.chances
    ]  # fmt: skip
