"""积水推演: the list, asking, the answer over the map, two beside each other."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from fengsui.apps.forecasts import breaches, floods, live_rain, rules
from fengsui.apps.forecasts.flood_forms import FloodForm, initial_of
from fengsui.apps.forecasts.models import FloodRun
from fengsui.apps.forecasts.saying import at_words, english, minutes, name_of, outside_words, said
from fengsui.apps.forecasts.scenarios import axes, libraries, near
from fengsui.apps.forecasts.scenarios.forms import NearForm
from fengsui.apps.people.edge import actor_of
from fengsui.apps.places.models import Place
from fengsui.apps.sensing.boards import word
from fengsui.core import live, policy, wording
from fengsui.core.ledger import files
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import Invalid, Refused
from fengsui.kernel.ports.floods import DEPTHS_M

PAGE, SHOWN = 30, 100
FRESH_S = 365 * 86_400
"""A picture never changes."""


@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    by = actor_of(request)
    policy.require(by, "forecasts.see_floods")
    rows = floods.visible_to(by).defer(*floods.LIGHT, "answer").select_related("place")
    state = request.GET.get("state", "")
    if state in rules.FLOOD_STATES:
        rows = rows.filter(status=state)
    incident = _uuid(request.GET.get("incident", ""))
    if incident:
        rows = rows.filter(incident=incident)
    context = shell(
        request, floods.TOPIC, page=Paginator(rows, PAGE).get_page(request.GET.get("page")), state=state,
        incident=incident, states=rules.FLOOD_STATES, may_ask=policy.can(by, "forecasts.ask_flood"), said=said,
    )  # fmt: skip
    part = "forecasts/_floods_part.html" if request.headers.get("HX-Request") else "forecasts/floods.html"
    return render(request, part, context)


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """`like`: an earlier one whose question is begun from; `place`, `incident`: where the link came from."""
    by, sent = actor_of(request), request.POST or None
    policy.require(by, "forecasts.ask_flood")
    form = FloodForm(sent, initial=_begun(request))
    incident = _uuid(request.GET.get("incident", ""))
    if sent is not None and form.is_valid():
        place: Place | None = form.cleaned_data.get("place")
        now = timezone.now()
        try:
            asked = live_rain.frozen(form.asked(), by.world, now)
            row = floods.ask(
                title=floods.title_of(place, asked), asked=asked, place=place, incident=incident, by=by, now=now
            )
        except (Invalid, Refused) as error:
            name = getattr(error, "field", "")
            form.add_error(name if name in form.fields else None, _wording(error))
        else:
            return HttpResponseRedirect(floods.page(row.pk))
    points = {str(each.pk): (each.location.x, each.location.y) for each in form.fields["place"].queryset}  # type: ignore[attr-defined]  # the stubs type a form's fields as their base class
    context = shell(
        request, form=form, incident=incident, points=points, center=next(iter(points.values()), (123.37, 41.79)),
        drawn=bool(form["breach_line"].value()) or any(each.errors for each in form.breach()),
    )  # fmt: skip
    return render(request, "forecasts/flood_new.html", context, status=422 if sent is not None else 200)


@require_GET
def show(request: HttpRequest, flood_id: UUID) -> HttpResponse:
    by = actor_of(request)
    row = floods.get(flood_id, by)
    others = floods.visible_to(by).defer(*floods.LIGHT, "answer").filter(status="done").exclude(pk=row.pk)[:20]
    context = shell(
        request, floods.topic_of(row.pk), it=row, others=others, may_ask=policy.can(by, "forecasts.ask_flood"),
        **_told(row, by),
    )  # fmt: skip
    part = "forecasts/_flood_part.html" if request.headers.get("HX-Request") else "forecasts/flood.html"
    return render(request, part, context)


@require_GET
def picture(request: HttpRequest, flood_id: UUID, n: int | None = None) -> HttpResponse:
    """One of its frames, or the deepest water of all times."""
    by = actor_of(request)
    data = floods.column(flood_id, "deepest", by) if n is None else floods.frame(flood_id, n, by)
    return kept_picture(data)


def kept_picture(data: bytes) -> HttpResponse:
    answer = HttpResponse(data, content_type="image/png")
    answer["Cache-Control"] = f"private, max-age={FRESH_S}, immutable"
    return answer


@require_GET
def export(request: HttpRequest, flood_id: UUID, kind: str) -> HttpResponse:
    """The deepest water as GeoTIFF, or what came to places and streets as a table."""
    by = actor_of(request)
    row = floods.get(flood_id, by)
    name = f"flood-{timezone.localtime(row.asked_at):%Y%m%d-%H%M}"
    if kind == "tif":
        answer = HttpResponse(floods.column(flood_id, "grid", by), content_type="image/tiff; application=geotiff")
    else:
        world = request.world  # type: ignore[attr-defined]  # set on the request by our middleware
        exercise = str(world) if world.kind == "exercise" else ""
        notes = files.notes(timezone.now(), exercise=exercise, illustrative=row.answer.get("illustrative", True))
        answer = HttpResponse(files.text(_table(row), [said(row), *notes]), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return answer


@require_POST
def stop(request: HttpRequest, flood_id: UUID) -> HttpResponse:
    floods.stop(flood_id=flood_id, by=actor_of(request), now=timezone.now())
    return HttpResponseRedirect(floods.page(flood_id))


@require_GET
def compare(request: HttpRequest, flood_id: UUID, other_id: UUID) -> HttpResponse:
    """Two answers: what was asked of each where it differs, and what came of it place by place."""
    by = actor_of(request)
    one, two = floods.get(flood_id, by), floods.get(other_id, by)
    found: dict[str, dict[str, Any]] = {}
    for side, row in (("one", one), ("two", two)):
        for each in row.answer.get("places", []):
            found.setdefault(each["id"], {"name": name_of(each)})[side] = each
    rows = sorted(found.values(), key=lambda each: -max(each.get(s, {}).get("deepest_m", 0.0) for s in ("one", "two")))
    context = shell(request, one=one, two=two, rows=rows[:SHOWN], differ=_differ(one, two), depths=DEPTHS_M, said=said)
    return render(request, "forecasts/flood_compare.html", context)


# --- what pages say ------------------------------------------------------------------------------------------------


def shell(request: HttpRequest, *topics: str, **context: Any) -> dict[str, Any]:
    by = actor_of(request)
    return {
        "live_ticket": live.ticket(by.world, ["desk", "core.clocks", *topics], by.person), "by": by,
        "english": english(), **context,
    }  # fmt: skip


def _told(row: FloodRun, by: Actor) -> dict[str, Any]:
    it = row.answer
    if row.status != "done":
        return {"said": said, "topic": floods.topic_of(row.pk), **_known(row, by)}
    west, south, east, north = it["box"]
    in_english = english()
    return {
        "said": said,
        "topic": floods.topic_of(row.pk),
        "places": [{**each, "shown": name_of(each)} for each in it["places"][:SHOWN]],
        "cuts": it["cuts"][:SHOWN],
        "cut_layer": {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "geometry": {"type": "LineString", "coordinates": each["line"]},
                    "properties": {"name": each["name"] or _("无名道路"), "said": _cut_words(each)},
                }
                for each in it["cuts"]
            ],
        },
        "corners": [[west, north], [east, north], [east, south], [west, south]],
        "center": ((west + east) / 2, (south + north) / 2),
        "frames": [{"at": at, "label": minutes(at)} for at in it["frames"]],
        "kept": row.frames.exists(),
        "remarks": [(basis, en if in_english else zh) for basis, zh, en in it["remarks"]],
        "depths": DEPTHS_M,
        "minutes": minutes,
        "pumps": pumps_words(row.asked),
        "breach": breaches.said(row.asked),
        "dike_layer": breaches.shown(row.asked),
        "scheme": word(rules.SCHEMES.term(it["facts"].get("scheme", ""))),
    }


def _known(row: FloodRun, by: Actor) -> dict[str, Any]:
    """Of what is still computed: what a scenario library already knows."""
    if row.status not in ("waiting", "running"):
        return {}
    told = near.of_question(row.asked, by)
    outside = outside_words(told.outside if told else ())
    return {"near": told, "at": at_words, "outside": outside, "minutes": minutes, "name": name_of}


def _cut_words(cut: dict[str, Any]) -> str:
    facts = {"a": minutes(cut["from_s"]), "b": minutes(cut["until_s"]), "cm": round(cut["deepest_m"] * 100)}
    if cut["until_s"] is None:
        return _("%(a)s 起断，到末未退；最深 %(cm)d cm") % facts
    return _("%(a)s 到 %(b)s 断；最深 %(cm)d cm") % facts


def _table(row: FloodRun) -> files.Page:
    """Places that get water, then streets that are cut; times since the rain began."""
    heads = [
        _("类别"), _("编号"), _("名称"), _("最大水深（m）"),
        *(_("达到 %(cm)d cm") % {"cm": round(depth * 100)} for depth in DEPTHS_M), _("断到"),
    ]  # fmt: skip
    lines: list[list[Any]] = [
        [_("地点"), each["code"], name_of(each), each["deepest_m"], *map(minutes, each["arrival_s"]), ""]
        for each in row.answer.get("places", [])
    ]
    lines += [
        [_("断路"), "", each["name"] or _("无名道路"), each["deepest_m"], "", "", minutes(each["from_s"]), "",
         minutes(each["until_s"])]
        for each in row.answer.get("cuts", [])
    ]  # fmt: skip
    return row.title, heads, lines


def _differ(one: FloodRun, two: FloodRun) -> list[tuple[str, str, str]]:
    words = {
        "lon": _("经度"), "lat": _("纬度"), "width_m": _("范围（m）"), "cell_m": _("网格（m）"),
        "drained_mm_h": _("管网与土壤排走（mm/h）"), "sewers_a": _("示意管网（几年一遇，0 为不算）"),
        "gates": _("排放口闸门"), "pumps": _("固定泵站"), "standing_m": _("起始积水（m）"), "breach": _("溃口"),
    }  # fmt: skip
    found = [
        (label, asked_words(key, one.asked), asked_words(key, two.asked))
        for key, label in words.items()
        if asked_words(key, one.asked) != asked_words(key, two.asked)
    ]
    if one.asked["rain"] != two.asked["rain"]:
        found.insert(0, (_("降雨"), said(one), said(two)))
    return found


def asked_words(key: str, asked: dict[str, Any]) -> str:
    """One thing that was asked; what a run of old did not ask is as if it had not been there."""
    if key == "pumps":
        return pumps_words(asked)
    if key == "breach":
        return _breach_words(asked)
    if key == "gates":
        return _("关") if asked.get(key) == "shut" else _("开")
    return f"{asked.get(key, 0):g}"


def _breach_words(asked: dict[str, Any]) -> str:
    """With the line's first corner, so that two lines that differ are told apart."""
    if not asked.get("breach"):
        return _("无")
    line = asked["breach"]["line"]
    return f"{breaches.said(asked)}（{len(line)}: {breaches.text_of(line[:1])}）"


def pumps_words(asked: dict[str, Any]) -> str:
    """Runs of old have a yes or no."""
    running = float(asked["pumps"])
    return {0.0: _("停机"), 0.5: _("半数开机"), 1.0: _("全开")}.get(running) or _("开机 %(n)d %%") % {
        "n": running * 100
    }


def _wording(error: Any) -> str:
    return wording.say(error).line


def _begun(request: HttpRequest) -> dict[str, Any]:
    """Where a question begins: an earlier one, a place, an incident's position."""
    if like := _uuid(request.GET.get("like", "")):
        row = floods.get(like, actor_of(request))
        return {**initial_of(row.asked), "place": row.place_id}
    if library := _uuid(request.GET.get("library", "")):
        return _begun_from(library, request)
    found: dict[str, Any] = {}
    if place := _uuid(request.GET.get("place", "")):
        found["place"] = place
    for name in ("lon", "lat"):
        if request.GET.get(name):
            found[name] = request.GET[name]
    return found


def _begun_from(library: UUID, request: HttpRequest) -> dict[str, Any]:
    """What a scenario library was asked, to be computed itself."""
    row, asked = libraries.get(library, actor_of(request)), NearForm(request.GET)
    if not asked.is_valid():
        return {"place": row.place_id}
    return {**initial_of(axes.asked_of(row.base, asked.cleaned_data)), "place": row.place_id}


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
