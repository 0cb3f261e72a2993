"""A bulletin as it was sent: words, CAP bytes, every try of every outlet, everybody who was called."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from fengsui.apps.alerts import actions, boards, queries, rules
from fengsui.apps.alerts.forms import NoteForm, ReasonForm
from fengsui.apps.alerts.models import Bulletin
from fengsui.apps.alerts.page import either, pressed, said, shell, word
from fengsui.apps.people import queries as people
from fengsui.apps.people.edge import actor_of
from fengsui.catalog.hazards import hazard
from fengsui.core import policy
from fengsui.core.web.installed import kept_by_phone
from fengsui.core.web.once import made_at
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import NotFound


def _home(bulletin_id: UUID) -> str:
    return reverse("alerts:bulletin-show", args=[bulletin_id])


def _context(row: Bulletin, by: Actor) -> dict[str, Any]:
    # Whom the house called and what its outlets did is not part of what was published.
    inside = policy.can(by, "alerts.see", row)
    calls, deliveries = (queries.calls(row), queries.deliveries(row)) if inside else ([], [])
    clocks = queries.open_clocks("alerts.bulletin", [row.pk], row.world_id).get(str(row.pk), [])
    names = people.people_names(key for key in (row.confirmed_by, row.issued_by) if key)
    sides = [("中文", "zh", row.headline), ("English", "en", row.headline_en)]
    return {
        "it": row,
        "kind": word(rules.KINDS, row.kind),
        "headline": either(row.headline, row.headline_en),
        "hazard_name": said(hazard(row.hazard).term),
        "names": names,
        "texts": [(name, headline, row.sent_text[side]) for name, side, headline in sides],
        "xml": bytes(row.sent_xml).decode(),
        "chain": boards.bulletin_rows(queries.earlier(row.warning)),
        "deliveries": boards.delivery_rows(deliveries),
        "dead": sum(each.state == "dead" for each in deliveries),
        "calls": boards.call_rows(calls, {each.slot: each for each in clocks if each.kind == "alerts.acknowledge"}),
        "call_bulletin": row.pk,
        "answered": boards.answered(calls),
        "deliver_clock": next((each for each in clocks if each.kind == rules.deliver_clock(row.kind)), None),
        "recalled": queries.recall_took(row) if inside else None,
        "may_act": policy.can(by, "alerts.retry", row),
        "may_answer": policy.can(by, "alerts.pass_on", None),
    }


@require_GET
def show(request: HttpRequest, bulletin_id: UUID) -> HttpResponse:
    by = actor_of(request)
    row = queries.bulletin(bulletin_id, by)
    context = shell(request, f"alerts.bulletin:{row.pk}", **_context(row, by))
    return render(request, "alerts/bulletin.html", context)


@require_GET
def part(request: HttpRequest, bulletin_id: UUID, name: str) -> HttpResponse:
    by = actor_of(request)
    row = queries.bulletin(bulletin_id, by)
    templates = {"deliveries": "alerts/_deliveries_part.html", "calls": "alerts/_calls_part.html"}
    if name not in templates:
        raise NotFound("alerts.part.unknown")
    return render(request, templates[name], shell(request, **_context(row, by)))


@require_GET
def xml(request: HttpRequest, bulletin_id: UUID) -> HttpResponse:
    """The issued bytes, untouched."""
    row = queries.bulletin(bulletin_id, actor_of(request))
    answer = HttpResponse(bytes(row.sent_xml), content_type="application/cap+xml")
    answer["Content-Disposition"] = f'attachment; filename="{row.identifier}.xml"'
    return answer


@require_POST
@pressed(_home)
def seen(request: HttpRequest, bulletin_id: UUID) -> HttpResponse:
    """Pressed by the page itself when it showed the bulletin."""
    actions.report_seen(bulletin_id=bulletin_id, by=actor_of(request), now=timezone.now())
    return HttpResponse(status=204)


def _of_delivery(request: HttpRequest, delivery_id: UUID) -> str:
    return _home(queries.delivery_key(delivery_id, actor_of(request)))


@require_POST
def retry(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    home = _of_delivery(request, delivery_id)

    def act(request: HttpRequest) -> None:
        actions.retry(delivery_id=delivery_id, by=actor_of(request), now=timezone.now())

    return pressed(lambda: home)(act)(request)


@require_POST
def waive(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    home = _of_delivery(request, delivery_id)
    form = ReasonForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""

    def act(request: HttpRequest) -> None:
        actions.waive(delivery_id=delivery_id, reason=reason, by=actor_of(request), now=timezone.now())

    return pressed(lambda: home)(act)(request)


@require_GET
@kept_by_phone
def call(request: HttpRequest, call_id: UUID) -> HttpResponse:
    """The phone page: what is it, and one big act."""
    by = actor_of(request)
    row = queries.call(call_id, by)
    bulletin = row.bulletin
    mine = row.person_id == by.person
    context = shell(
        request,
        f"alerts.bulletin:{bulletin.pk}",
        call=row,
        mine=mine,
        open=row.state in ("called", "passed"),
        state=word(rules.CALL_STATES, row.state),
        headline=either(bulletin.headline, bulletin.headline_en),
        words=bulletin.sent_text[either("zh", "en")],
        bulletin=bulletin,
        clock=boards.on_bulletin(bulletin, []).get(str(row.person_id)),
        is_latest=queries.is_latest(bulletin),
        others=boards.call_rows([each for each in queries.calls(bulletin) if each.line == row.line], {}),
    )
    return render(request, "alerts/call.html", context)


def _call_home(call_id: UUID) -> str:
    return reverse("alerts:call-show", args=[call_id])


@require_POST
@pressed(_call_home)
def acknowledge(request: HttpRequest, call_id: UUID) -> None:
    form = NoteForm(request.POST)
    note = form.cleaned_data["note"] if form.is_valid() else ""
    now = timezone.now()
    actions.acknowledge(call_id=call_id, by=actor_of(request), now=now, note=note, made_at=made_at(request, now))


@require_POST
@pressed(_call_home)
def pass_on(request: HttpRequest, call_id: UUID) -> None:
    """Rang, not reached: the next name."""
    following = actions.not_reached(call_id=call_id, by=actor_of(request), now=timezone.now())
    if following:
        names = {"name": following.name, "title": following.title}
        messages.success(request, _("已叫下一人：%(name)s（%(title)s）") % names)
    else:
        messages.success(request, _("这一线叫完了，已报带班领导"))
