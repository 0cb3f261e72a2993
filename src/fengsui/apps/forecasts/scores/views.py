"""预报评分: how good forecasts were beside persistence, down to the single run."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from fengsui.apps.forecasts import views
from fengsui.apps.forecasts.models import ForecastCrossing, ForecastRun, ForecastScore
from fengsui.apps.forecasts.scores import drawing, export
from fengsui.apps.forecasts.scores.board import FEW, Wanted, board
from fengsui.apps.forecasts.scores.compare import LEADS_S
from fengsui.apps.people.edge import actor_of
from fengsui.apps.sensing import boards
from fengsui.apps.sensing import queries as sensing
from fengsui.core import live, policy
from fengsui.core.ledger import files
from fengsui.kernel.actor import Actor
from fengsui.kernel.levels import Level
from fengsui.science.verify.episodes import Episode

PAGE = 50
CROSSINGS = 50


def _shell(request: HttpRequest, by: Actor, **context: Any) -> dict[str, Any]:
    ticket = live.ticket(by.world, ["desk"], by.person)
    return {"live_ticket": ticket, "leads": LEADS_S, "few": FEW, **context}


@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    """?since=, ?until=, ?kind=, ?station=, ?lead= in minutes."""
    by = actor_of(request)
    policy.require(by, "forecasts.score")
    wanted = Wanted.of(request.GET)
    found = board(by.world, wanted)
    chosen = next((each for lead_s, each in found.chances if lead_s == wanted.lead_s), None)
    context = _shell(
        request,
        by,
        board=found,
        wanted=wanted,
        diagram=chosen,
        dots=drawing.dots(chosen) if chosen else [],
        frame=drawing.FRAME,
        illustrative=found.illustrative,
        here=request.path,
    )
    return render(request, "forecasts/scores.html", context)


@require_GET
def show(request: HttpRequest, code: str) -> HttpResponse:
    """The runs of one stream with what came, and its lines; ?kind= chooses the stream."""
    by = actor_of(request)
    policy.require(by, "forecasts.score")
    wanted = Wanted.of(request.GET)
    station = sensing.station(code, by)
    stream, streams = boards.stream_of(station, wanted.kind)
    runs = (
        ForecastRun.objects.in_world(by.world)
        .filter(datastream=stream, issued_at__gte=wanted.since, issued_at__lt=wanted.until, scored_at__isnull=False)
        .select_related("datastream")
        .prefetch_related("scores")
        .order_by("-issued_at")
    )
    page = Paginator(runs, PAGE).get_page(request.GET.get("page"))
    crossings = ForecastCrossing.objects.in_world(by.world).filter(
        datastream=stream, begun_at__gte=wanted.since, begun_at__lt=wanted.until
    )
    listed = list(crossings.order_by("-begun_at")[: CROSSINGS + 1])
    rows = [(run, _by_lead(run), _series(station.code, run)) for run in page.object_list]
    context = _shell(
        request,
        by,
        station=station,
        stream=stream,
        streams=[(each, boards.kind_word(each)) for each in streams],
        kind=boards.kind_word(stream),
        shown=boards.display_of(stream),
        wanted=wanted,
        page=page,
        rows=rows,
        leads=[lead for lead in LEADS_S if any(lead in scores for _run, scores, _series in rows)],
        crossings=[(row, Level(row.level).code, kind_of(row)) for row in listed[:CROSSINGS]],
        more_crossings=len(listed) > CROSSINGS,
        query=wanted.query(station="", kind=stream.kind),
        **views.lesson_of(stream, timezone.now()),
        illustrative=station.provenance == "illustrative",
        here=request.path,
    )
    return render(request, "forecasts/score_runs.html", context)


def _by_lead(run: ForecastRun) -> dict[int, ForecastScore]:
    return {each.lead_s: each for each in run.scores.all()}


def _series(code: str, run: ForecastRun) -> str:
    """The curve from an hour before the issue to the end of the horizon, by the water's clock."""
    hour, ahead = (timedelta(seconds=each / run.speed) for each in (3600.0, run.horizon_s))
    low, high = (f"{timezone.localtime(at):%Y-%m-%d %H:%M}" for at in (run.issued_at - hour, run.issued_at + ahead))
    stream = f"{code}.{run.datastream.kind}"
    return "/series/?" + urlencode({"streams": stream, "from": low, "to": high})


def kind_of(row: ForecastCrossing) -> str:
    """hit, miss or false_alarm."""
    since = None if row.told_since is None else 0
    return Episode(told_since=since, reached=None if row.reached_at is None else 1).kind


@require_GET
def xlsx(request: HttpRequest) -> HttpResponse:
    """Three sheets: every stream at every lead, chances, lines; each as the filter says."""
    by, wanted, now = _asked(request)
    found = board(by.world, wanted)
    pages = [export.streams(found), export.chances(found), export.crossings(found)]
    body = files.workbook(pages, export.notes(wanted, found, now, _exercise(request)))
    return _file(body, f"forecast-scores-{timezone.localtime(now):%Y%m%d-%H%M}.xlsx", files.XLSX)


@require_GET
def csv(request: HttpRequest) -> HttpResponse:
    """Every stream at every lead, as the filter says."""
    by, wanted, now = _asked(request)
    found = board(by.world, wanted)
    body = files.text(export.streams(found), export.notes(wanted, found, now, _exercise(request)))
    return _file(body, f"forecast-scores-{timezone.localtime(now):%Y%m%d-%H%M}.csv", "text/csv; charset=utf-8")


def _asked(request: HttpRequest) -> tuple[Actor, Wanted, datetime]:
    by = actor_of(request)
    policy.require(by, "forecasts.score")
    return by, Wanted.of(request.GET), timezone.now()


def _exercise(request: HttpRequest) -> str:
    world = request.world  # type: ignore[attr-defined]  # set on the request by our middleware
    return str(world) if world.kind == "exercise" else ""


def _file(body: bytes, name: str, kind: str) -> HttpResponse:
    answer = HttpResponse(body, content_type=kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
