"""测站学习: what was learned of each gauge, how it does since, and the press that learns it anew."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from fengsui.apps.forecasts import rules
from fengsui.apps.forecasts.lessons import actions, board
from fengsui.apps.forecasts.scores.board import FEW
from fengsui.apps.forecasts.scores.compare import LEADS_S
from fengsui.apps.people.edge import actor_of
from fengsui.apps.sensing import boards
from fengsui.apps.sensing import queries as sensing
from fengsui.core import live, policy

PAGE = 25


@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    """?state=, ?find=, ?sort=, ?lead= in minutes."""
    by, now = actor_of(request), timezone.now()
    policy.require(by, "forecasts.see_lessons")
    wanted, rows = board.Wanted.of(request.GET), board.gauges(by.world)
    page = Paginator(board.wanted_of(rows, wanted), PAGE).get_page(request.GET.get("page"))
    counted = board.counts(rows)
    context = {
        "live_ticket": live.ticket(by.world, ["desk", rules.LESSONS], by.person), "topic": rules.LESSONS,
        "wanted": wanted, "page": page, "rows": board.rows_of(list(page.object_list), now), "counts": counted,
        "total": sum(counted.values()),
        "rain": list(board.rain(by.world)), "horizon_s": rules.HORIZON_S,
        "states": rules.LESSON_STATES, "answers": rules.LESSON_ANSWERS,
        "word": boards.word, "leads": LEADS_S, "few": FEW, "rules": rules,
        "may_learn": policy.can(by, "forecasts.learn"), "may_score": policy.can(by, "forecasts.score"),
    }  # fmt: skip
    part = "forecasts/_lessons_part.html" if request.headers.get("HX-Request") else "forecasts/lessons.html"
    return render(request, part, context)


@require_POST
def learn(request: HttpRequest, code: str) -> HttpResponse:
    """`kind` chooses the stream; `query` is what the list was asked for."""
    by = actor_of(request)
    policy.require(by, "forecasts.learn")
    stream, _ = boards.stream_of(sensing.station(code, by), request.POST.get("kind", ""))
    actions.ask(datastream=stream.pk, by=by, now=timezone.now())
    return HttpResponseRedirect(f"{reverse('forecasts:lesson-list')}?{board.Wanted.of(request.POST).query()}")
