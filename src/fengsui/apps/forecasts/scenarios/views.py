"""情景库: the list, making one, what it knows of a question."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import numpy as np
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from fengsui.apps.forecasts import flood_views
from fengsui.apps.forecasts.saying import GATES, at_words, english, minutes, name_of, outside_words, storm
from fengsui.apps.forecasts.scenarios import axes, libraries, near
from fengsui.apps.forecasts.scenarios.forms import LibraryForm, NearForm
from fengsui.apps.forecasts.scenarios.models import Scenario, ScenarioLibrary
from fengsui.apps.people.edge import actor_of
from fengsui.core import policy, wording
from fengsui.core.ledger import files
from fengsui.core.ports import port
from fengsui.kernel.errors import Invalid, NotFound, Refused

PAGE = 30


def page_of(library_id: UUID) -> str:
    return reverse("forecasts:library-show", args=[library_id])


@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    by = actor_of(request)
    policy.require(by, "forecasts.see_floods")
    rows = libraries.counted(libraries.visible_to(by)).select_related("place")
    state = request.GET.get("state", "")
    rows = rows.filter(status=state) if state in axes.STATES else rows.exclude(status="retired")
    context = flood_views.shell(
        request, libraries.TOPIC, page=Paginator(rows, PAGE).get_page(request.GET.get("page")), state=state,
        states=axes.STATES, may_ask=policy.can(by, "forecasts.ask_flood"), said=said, topic=libraries.TOPIC,
    )  # fmt: skip
    part = "forecasts/_libraries_part.html" if request.headers.get("HX-Request") else "forecasts/libraries.html"
    return render(request, part, context)


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    by, sent = actor_of(request), request.POST or None
    policy.require(by, "forecasts.ask_flood")
    form = LibraryForm(sent, initial={"place": request.GET.get("place") or None, "width_m": 1000})
    if sent is not None and form.is_valid():
        try:
            row = libraries.ask(
                base=form.base(), axes=form.axes(), place=form.cleaned_data.get("place"), by=by, now=timezone.now()
            )
        except (Invalid, Refused) as error:
            name = getattr(error, "field", "")
            name = form.rain_field if name == "rain" else form.FIELDS.get(name, name)
            told = wording.say(error)
            form.add_error(name if name in form.fields else None, told.line)
        else:
            return HttpResponseRedirect(page_of(row.pk))
    context = flood_views.shell(request, form=form, most=axes.MOST)
    return render(request, "forecasts/library_new.html", context, status=422 if sent is not None else 200)


@require_GET
def show(request: HttpRequest, library_id: UUID) -> HttpResponse:
    """`rain`, `pumps`, `gates`, `standing_m`: what is asked of it; else the middle of what it holds."""
    by = actor_of(request)
    row = libraries.get(library_id, by)
    asked = NearForm(request.GET) if request.GET.get("rain") else None
    value = asked.cleaned_data if asked is not None and asked.is_valid() else _middle(row)
    form = asked if asked is not None and not asked.is_valid() else NearForm(initial=value)
    question = axes.asked_of(row.base, value)
    began = time.perf_counter()
    # No answer to a question that was not understood: it would be taken for the one to what was typed.
    told = None if form.errors else _told(row, question)
    took_ms = (time.perf_counter() - began) * 1000.0
    scenarios = row.scenarios.defer("depth", "picture")
    context = flood_views.shell(
        request, libraries.topic_of(row.pk), it=row, form=form, value=value, asked=question, told=told, took_ms=took_ms,
        scenarios=Paginator(scenarios, PAGE).get_page(request.GET.get("page")), states=axes.SCENARIO_STATES,
        status=axes.STATES, may_ask=policy.can(by, "forecasts.ask_flood"), said=said, at=at_words,
        topic=libraries.topic_of(row.pk), minutes=minutes, name=name_of, query=urlencode(value),
        rain=storm(question), error=row.error.get("inside") or row.error.get("all"),
        nearest_error=row.error.get("nearest_inside") or row.error.get("nearest_all"),
        outside=outside_words(told.outside if told else ()),
        **_picture(row, told, value),
    )  # fmt: skip
    part = "forecasts/_library_part.html" if request.headers.get("HX-Request") else "forecasts/library.html"
    return render(request, part, context, status=422 if form.errors else 200)


@require_GET
def picture(request: HttpRequest, library_id: UUID, n: int) -> HttpResponse:
    """The deepest water of one scenario."""
    by = actor_of(request)
    own = Scenario.objects.filter(library__in=libraries.visible_to(by).filter(pk=library_id), n=n)
    data = own.values_list("picture", flat=True).first()
    if not data:
        raise NotFound("forecasts.scenarios.no_scenario")
    return flood_views.kept_picture(bytes(data))


@require_GET
def between(request: HttpRequest, library_id: UUID) -> HttpResponse:
    """The deepest water told between scenarios; `rain`, `pumps`, `gates`, `standing_m` as on the page."""
    by = actor_of(request)
    row = libraries.get(library_id, by)
    asked = NearForm(request.GET)
    if not asked.is_valid():
        raise NotFound("forecasts.scenarios.not_between")
    depth, _shape = near.between(row, axes.point(axes.asked_of(row.base, asked.cleaned_data)))
    return HttpResponse(port("depth_picture")(np.ascontiguousarray(depth)), content_type="image/png")


@require_GET
def table(request: HttpRequest, library_id: UUID) -> HttpResponse:
    """Every scenario with what was asked and what came of it."""
    by = actor_of(request)
    row = libraries.get(library_id, by)
    scenarios = row.scenarios.defer("depth", "picture")
    heads = [
        _("序号"), _("降雨"), _("总雨量（mm）"), _("固定泵站开机份额"), _("排放口闸门"), _("起始积水（m）"), _("状态"),
        _("积水过 15 cm（ha）"), _("断路"), _("最深的地点"), _("最大水深（m）"), _("用时（秒）"),
    ]  # fmt: skip
    lines = [_line(each) for each in scenarios]
    world = request.world  # type: ignore[attr-defined]  # set on the request by our middleware
    exercise = str(world) if world.kind == "exercise" else ""
    notes = files.notes(timezone.now(), exercise=exercise, illustrative=True)
    answer = HttpResponse(files.text((row.title, heads, lines), notes), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = (
        f'attachment; filename="scenarios-{timezone.localtime(row.asked_at):%Y%m%d-%H%M}.csv"'
    )
    return answer


@require_POST
def act(request: HttpRequest, library_id: UUID, verb: str) -> HttpResponse:
    by = actor_of(request)
    getattr(libraries, verb)(library_id=library_id, by=by)
    return HttpResponseRedirect(reverse("forecasts:library-list") if verb == "retire" else page_of(library_id))


# --- what pages say ------------------------------------------------------------------------------------------------


def said(row: ScenarioLibrary) -> str:
    """What it varies, in a line."""
    rain = row.axes["rain"]
    unit = _("年一遇") if row.base["rain"]["kind"] == "design" else "mm/h"
    ends = f"{min(rain):g}–{max(rain):g}" if len(rain) > 1 else f"{rain[0]:g}"
    parts = [_("%(ends)s %(unit)s，%(n)d 种雨") % {"ends": ends, "unit": unit, "n": len(rain)}]
    words = {"pumps": _("泵站 %(n)d 种"), "gates": _("闸门 %(n)d 种"), "standing_m": _("起始积水 %(n)d 种")}
    parts += [word % {"n": len(row.axes[name])} for name, word in words.items() if len(row.axes[name]) > 1]
    return ("; " if english() else "；").join(parts)


def _told(row: ScenarioLibrary, question: dict[str, Any]) -> near.Told | None:
    """None where nothing is computed yet, or where the district no longer has the library's storm."""
    try:
        return near.of_library(row, axes.point(question)) if row.status != "retired" else None
    except Invalid:
        return None


def _middle(row: ScenarioLibrary) -> dict[str, Any]:
    """Of each axis the middle value: what is asked where nobody asks."""
    return {name: sorted(row.axes[name])[len(row.axes[name]) // 2] for name in axes.NAMES}


def _picture(row: ScenarioLibrary, told: near.Told | None, value: dict[str, Any]) -> dict[str, Any]:
    if told is None:
        return {}
    west, south, east, north = told.first.answer["box"]
    shown = [(_("最近情景"), reverse("forecasts:library-picture", args=[row.pk, told.first.n]))]
    if told.between and not told.is_the_same:
        shown.insert(0, (_("内插"), f"{reverse('forecasts:library-between', args=[row.pk])}?{urlencode(value)}"))
    return {
        "pictures": shown, "corners": [[west, north], [east, north], [east, south], [west, south]],
        "center": ((west + east) / 2, (south + north) / 2), "nearest_rain": storm(told.first.asked),
    }  # fmt: skip


def _line(each: Scenario) -> list[Any]:
    it, worst = each.answer, (each.answer.get("places") or [None])[0]
    return [
        each.n + 1, storm(each.asked), round(each.point[0], 1),
        each.asked["pumps"], str(dict(GATES)[each.asked["gates"]]), each.asked["standing_m"],
        axes.SCENARIO_STATES[each.status].en if english() else axes.SCENARIO_STATES[each.status].zh,
        round(it["flooded_m2"] / 1e4, 2) if it else "", len(it["cuts"]) if it else "",
        name_of(worst) if worst else "", worst["deepest_m"] if worst else "", it.get("took_s", ""),
    ]  # fmt: skip
