"""存活证明: what the house relies on, when it last proved itself, and whose silence it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from fengsui.apps.alerts.actions import testing
from fengsui.apps.desk import clocks
from fengsui.apps.desk.page import shell
from fengsui.apps.people.edge import actor_of
from fengsui.core import policy, proofs
from fengsui.core.models import Clock
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Actor
from fengsui.kernel.clock import MACHINE
from fengsui.kernel.proof import STATES

LISTED = 100


@dataclass(frozen=True, slots=True)
class Shown:
    """One thing for the page. confidence: percent."""

    label: str
    state: str
    word: str
    last_at: datetime | None
    how: str
    failure: str
    confidence: int
    half_life_s: float
    owner: str
    url: str
    clock: clocks.Row | None


@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    by, now = actor_of(request), timezone.now()
    policy.require(by, "core.proofs")
    known = proofs.sources()
    chosen = request.GET.get("kind", "")
    kinds = [
        {
            "code": source.kind.code,
            "name": clocks.word(source.kind.term),
            "note": _(source.kind.note) if source.kind.note else "",
            "basis": source.kind.basis,
            "tally": {code: (clocks.word(STATES[code]), n) for code, n in source.tally(by.world, now).items()},
            "rows": _rows(source, by, now) if not chosen or chosen == source.kind.code else [],
            "shut": bool(chosen) and chosen != source.kind.code,
        }
        for source in known.values()
    ]
    context = shell(
        request,
        "core.proofs",
        kinds=kinds,
        chosen=chosen if chosen in known else "",
        listed=LISTED,
        may_test=by.world == LIVE and policy.can(by, "alerts.self_test"),
    )
    part = request.headers.get("HX-Request") and request.GET.get("part")
    return render(request, "desk/_proofs_part.html" if part else "desk/proofs.html", context)


def _rows(source: proofs.Source, by: Actor, now: datetime) -> list[Shown]:
    found = source.worst(by.world, now, LISTED)
    owed = Clock.objects.in_world(by.world).filter(
        kind=source.kind.clock, about_id__in=[each.key for each in found], state__in=MACHINE.open_states
    )
    running = {row.about_id: row for row in clocks.present(owed)}
    english = (get_language() or "").startswith("en")
    return [
        Shown(
            each.label_en if english else each.label,
            each.state(now),
            clocks.word(STATES[each.state(now)]),
            each.last_at,
            each.how,
            each.failure if each.failing else "",
            round(100 * each.confidence(now)),
            each.half_life_s,
            each.owner or clocks.role_word(each.owner_role),
            each.url,
            running.get(each.key),
        )
        for each in found
    ]


@require_POST
def self_test(request: HttpRequest) -> HttpResponse:
    testing.ask(by=actor_of(request))
    messages.success(request, _("自检已开始：逐个问渠道和邮箱地址，不发任何消息；结果出来本页自行更新"))
    return HttpResponseRedirect(reverse("desk:proof-list"))
