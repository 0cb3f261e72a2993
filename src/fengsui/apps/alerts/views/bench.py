"""The warning bench: what waits for a decision, what is in force, and the history."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from fengsui.apps.alerts import actions, boards, queries
from fengsui.apps.alerts.forms import LEVEL_CHOICES, DraftForm
from fengsui.apps.alerts.lists import WARNINGS
from fengsui.apps.alerts.page import either, level_word, said, shell
from fengsui.apps.people.edge import actor_of
from fengsui.apps.places import queries as places
from fengsui.catalog.hazards import hazards
from fengsui.core import policy, wording
from fengsui.core.ledger.views.listed import as_csv, part_of, shown
from fengsui.kernel.errors import Invalid, Refused
from fengsui.kernel.levels import Level


def _levels() -> dict[str, str]:
    return {value: level_word(int(value)) for value, _zh in LEVEL_CHOICES}


@require_GET
def show(request: HttpRequest) -> HttpResponse:
    """The bench and below it the list of all; the rows of the list alone after news."""
    by = actor_of(request)
    context = shell(request, "alerts", **shown(request, WARNINGS, by))
    if part_of(request):
        return render(request, "ledger/_worklist_part.html", context)
    may_draft = policy.can(by, "alerts.draft")
    context |= {"groups": boards.groups(by), "may_draft": may_draft, "chosen": None}
    return render(request, "alerts/bench.html", context)


@require_GET
def queue_part(request: HttpRequest) -> HttpResponse:
    """The open warnings alone: the left column of every warning's page, and the answer to a push."""
    by = actor_of(request)
    chosen = request.GET.get("chosen", "")
    context = {"groups": boards.groups(by), "chosen": chosen, "may_draft": policy.can(by, "alerts.draft")}
    return render(request, "alerts/_queue_part.html", context)


@require_GET
def screen_part(request: HttpRequest) -> HttpResponse:
    """Bulletins in force as a banner; a page that shows one reports it, which is the receipt of the screens."""
    by = actor_of(request)
    found = boards.bulletin_rows(list(queries.in_force(by.world, timezone.now())[:5]))
    return render(request, "alerts/_screen_part.html", {"bulletins": found})


@require_GET
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Where the file was before every list had one."""
    return as_csv(request, WARNINGS.code)


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """手工拟."""
    by = actor_of(request)
    policy.require(by, "alerts.draft")
    listed = [(str(each.pk), f"{each.code} {either(each.name, each.name_en)}") for each in places.points()]
    kinds = {code: said(each.term) for code, each in hazards().items()}
    form = DraftForm(request.POST or None, places=listed, kinds=kinds, levels=_levels())
    problem = None
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            row = actions.draft_by_hand(
                place_id=data["place"],
                hazard=data["hazard"],
                level=Level(int(data["level"])),
                reason=data["reason"],
                by=by,
                now=timezone.now(),
            )
            return redirect("alerts:warning-show", row.pk)
        except (Refused, Invalid) as refused:
            problem = wording.say(refused)
    status = 422 if request.method == "POST" else 200
    return render(request, "alerts/new.html", shell(request, form=form, refusal=problem), status=status)
