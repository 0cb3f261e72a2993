"""The forecast of a station's stream, put on the page of the app below by its address."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from fengsui.apps.forecasts import chances, learning, queries, rain, rules
from fengsui.apps.forecasts.drawn import drawn, tenths
from fengsui.apps.forecasts.lessons import judging
from fengsui.apps.forecasts.models import ForecastRun, RainLesson
from fengsui.apps.forecasts.scores.board import FEW
from fengsui.apps.people.edge import actor_of
from fengsui.apps.sensing import boards, curves
from fengsui.apps.sensing import queries as sensing
from fengsui.apps.sensing import rules as sensing_rules
from fengsui.apps.sensing.models import Datastream
from fengsui.catalog.sensors import Display, kinds
from fengsui.core import policy
from fengsui.kernel.levels import Level


@require_GET
def chart(request: HttpRequest, code: str) -> JsonResponse:
    """The measured curve with the forecast that still looks ahead."""
    stream, now = _stream(request, code), timezone.now()
    data = curves.curve(stream, now, curves.hours_of(request.GET.get("hours", "")))
    run = queries.latest(stream.id)
    if run and rules.is_current(run.issued_at, run.horizon_s, run.speed, now):
        data["forecast"] = drawn(run, boards.display_of(stream))
    return JsonResponse(data)


@require_GET
def panel(request: HttpRequest, code: str) -> HttpResponse:
    """The forecast in words: when it was issued, what it expects and when, how wrong it has been."""
    stream, now = _stream(request, code), timezone.now()
    run, shown, kind = queries.latest(stream.id), boards.display_of(stream), boards.kind_of(stream)
    is_rain = bool(kind and kind.sums)
    context: dict[str, Any] = {
        "stream": stream,
        "topics": " ".join(sensing_rules.topics_of(stream.id)),
        "run": run,
        "current": bool(run and rules.is_current(run.issued_at, run.horizon_s, run.speed, now)),
        "shown": shown,
        "share": tenths(run.coverage) if run else "",
        "lines": _lines(run, shown) if run else [],
        "is_rain": is_rain,
        "showers": _showers(stream) if is_rain else None,
        "seldom": is_rain and rules.rain_step_s(stream.period_s) is None,
        "end": _end(run, shown) if run else None,
        "total": [shown.text(each) for each in run.total] if run and run.total else None,
        **lesson_of(stream, now),
        "here": request.path,
        "may_score": policy.can(actor_of(request), "forecasts.score"),
        "query": urlencode({"kind": stream.kind}),
    }
    return render(request, "forecasts/_panel_part.html", context)


def _stream(request: HttpRequest, code: str) -> Datastream:
    row = sensing.station(code, actor_of(request))
    return boards.stream_of(row, request.GET.get("kind", ""))[0]


def _lines(run: ForecastRun, shown: Display) -> list[dict[str, Any]]:
    """Every line ahead with its chance; when it is reached, where the forecast itself reaches it."""

    def wall(seconds: float | None) -> datetime | None:
        return None if seconds is None else run.issued_at + timedelta(seconds=seconds / run.speed)

    reached = {each["level"]: each for each in run.crossings}
    made: list[dict[str, Any]] = []
    for level, line, chance in chances.ahead(run):
        times = reached.get(level, {})
        made.append(
            {
                "level": Level(level).code,
                "line": shown.text(line),
                "chance": f"{chance:.0%}",
                "in_s": times.get("in_s"),
                "at": wall(times.get("in_s")),
                "earliest": wall(times.get("earliest_in_s")),
                "latest": wall(times.get("latest_in_s")),
            }
        )
    return made


def lesson_of(stream: Datastream, now: datetime) -> dict[str, Any]:
    """What was learned of a gauge and how it does since, for a template that tells it."""
    kind = kinds().get(stream.kind)
    is_learned = kind is not None and kind.learned_s is not None
    lesson = learning.lesson_of(stream, stream.speed) if is_learned else None
    return {
        "lesson": lesson,
        "is_learned": is_learned,
        "played": stream.speed > 1,
        "record": judging.records([stream], now).get(stream.pk) if lesson is not None else None,
        "few": FEW,
        "word": boards.word,
        "methods": rules.METHODS,
        "members": rules.MEMBERS,
    }


def _showers(stream: Datastream) -> RainLesson | None:
    """How rain was learned here, if it was."""
    found = rain.lesson_of(stream)
    return found if found and found.method else None


def _end(run: ForecastRun, shown: Display) -> dict[str, Any] | None:
    """What is expected at the end of the horizon."""
    if not run.points:
        return None
    at, point, low, high = run.points[-1]
    return {
        "at": datetime.fromtimestamp(at / 1000, UTC),
        "point": shown.text(point),
        "low": shown.text(low),
        "high": shown.text(high),
    }
