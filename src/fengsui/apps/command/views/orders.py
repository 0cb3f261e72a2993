"""派力量: ranked teams with reasons; the order as it was issued."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from fengsui.apps.command import actions, dispatching, queries, rules, ways
from fengsui.apps.command.models import Order
from fengsui.apps.incidents import queries as incident_queries
from fengsui.apps.incidents.page import shell
from fengsui.apps.incidents.rules import page
from fengsui.apps.people.edge import actor_of
from fengsui.core import policy, wording
from fengsui.kernel.errors import Invalid, NotFound, Refused

SHOWN = 6
"""Teams shown unfolded; the others stay countable below."""


@require_http_methods(["GET", "POST"])
def dispatch(request: HttpRequest, task_id: UUID) -> HttpResponse:
    """Suggest, and on POST issue one order per team picked (the advised set is one press)."""
    by = actor_of(request)
    task = queries.get_task(task_id, by)
    policy.require(by, "command.dispatch", task)
    if request.method == "POST":
        return _issue(request, task_id)
    suggestion = dispatching.suggest_dispatch(task_id=task_id, by=by)
    able = [each for each in suggestion.options if each.ranked.can_go]
    unable = [each for each in suggestion.options if not each.ranked.can_go]
    others = [(suggestion.named(each), each) for each in suggestion.advice.alternatives]
    base = f"{page(task.incident_id)}layers/"
    layers = [
        {"id": "ways", "kind": "routes", "label": _("路线"), "url": f"/tasks/{task_id}/ways.geojson"},
        {"id": "closures", "kind": "closures", "label": _("封控"), "url": f"{base}closures.geojson"},
        {"id": "place", "kind": "stations", "label": _("点位"), "url": f"{base}place.geojson"},
        {"id": "teams", "kind": "teams", "label": _("队伍"), "url": f"/tasks/{task_id}/teams.geojson"},
    ]
    context = shell(
        request,
        f"incidents.incident:{task.incident_id}",
        task=task,
        incident=task.incident,
        found=suggestion,
        able=able[:SHOWN],
        more=able[SHOWN:],
        unable=unable,
        others=others,
        layers=layers,
        room=page(task.incident_id),
        first_ids=[str(e.team.pk) for e in suggestion.first],
    )
    return render(request, "command/dispatch.html", context)


def _issue(request: HttpRequest, task_id: UUID) -> HttpResponse:
    """Each team is an order of its own; one that is refused does not stop the others, and is said."""
    by, told = actor_of(request), []
    wanted = request.POST.getlist("team")
    if not wanted:
        messages.error(request, _("没有选队伍。勾选一支或几支再派"))
        return HttpResponseRedirect(f"/tasks/{task_id}/dispatch")
    for each in wanted:
        try:
            order = actions.dispatch(
                task_id=task_id, team_id=_uuid(each), by=by, now=timezone.now(), note=request.POST.get("note", "")
            )
        except (Refused, Invalid) as refused:
            said = wording.say(refused)
            messages.error(request, said.line)
        else:
            told.append(f"{order.number} {order.team_name}")
    if told:
        messages.info(request, _("已派：%(teams)s，等接令") % {"teams": "；".join(told)})
    task = queries.get_task(task_id, by)
    return HttpResponseRedirect(page(task.incident_id) if told else f"/tasks/{task_id}/dispatch")


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("command.task.not_found") from None


@require_GET
def task_ways(request: HttpRequest, task_id: UUID) -> JsonResponse:
    """The ways of the advised teams, the first ones' alternatives beside them."""
    by = actor_of(request)
    task = queries.get_task(task_id, by)
    policy.require(by, "command.dispatch", task)
    suggestion = dispatching.suggest_dispatch(task_id=task_id, by=by)
    features = []
    for option in suggestion.first[:4]:
        way = ways.way(option.position, suggestion.to, by.world, ways.vehicle_for(task.skill))
        minutes = max(1, round(way.seconds / 60))
        features.append(_line(way, "ahead", _("%(team)s %(n)d 分") % {"team": option.team.name, "n": minutes}))
        features += [
            _line(other, "detour", _("备选 多 %(n)d 分") % {"n": max(0, round((other.seconds - way.seconds) / 60))})
            for other in way.others
        ]
    features.reverse()  # the advised way is drawn over its alternatives
    return JsonResponse({"type": "FeatureCollection", "features": features}, content_type="application/geo+json")


def _line(way: ways.Way, style: str, label: str) -> dict[str, object]:
    return {
        "type": "Feature",
        "geometry": {"type": "LineString", "coordinates": [list(each) for each in way.line]},
        "properties": {"style": style, "label": label, "said": way.source},
    }


@require_GET
def task_teams(request: HttpRequest, task_id: UUID) -> JsonResponse:
    """Bases of the teams that could go."""
    by = actor_of(request)
    task = queries.get_task(task_id, by)
    policy.require(by, "command.dispatch", task)
    suggestion = dispatching.suggest_dispatch(task_id=task_id, by=by)
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": list(each.position)},
            "properties": {
                "mark": str(each.ranked.order) if each.ranked.can_go else "×",
                "label": each.team.name,
                "reported": each.ranked.can_go,
                "said": "；".join(each.speaks_for + each.against),
            },
        }
        for each in suggestion.options[:40]
    ]
    return JsonResponse({"type": "FeatureCollection", "features": features}, content_type="application/geo+json")


@require_GET
def order(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """派遣令 as issued, with the steps that followed."""
    by = actor_of(request)
    policy.require(by, "command.view")
    rows = Order.objects.in_world(by.world).select_related("task", "incident", "deployment")
    found = rows.filter(pk=order_id).first()
    if found is None:
        raise NotFound("command.order.not_found")
    if found.leader_post not in by.posts and not incident_queries.visible_to(by).filter(pk=found.incident_id).exists():
        raise NotFound("command.order.not_found")
    context = shell(
        request,
        f"command.task:{found.task_id}",
        order=found,
        movements=list(found.movements.order_by("at")),
        moves=rules.STAGES,
        room=page(found.incident_id),
        may_recall=policy.can(by, "command.recall", found.deployment)
        and rules.MOVEMENT.can(found.deployment.stage, "recall"),
    )
    return render(request, "command/order.html", context)
