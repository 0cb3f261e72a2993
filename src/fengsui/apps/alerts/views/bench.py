"""The warning bench: what waits for a decision, what is in force, and the history."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime, time
from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from fengsui.apps.alerts import actions, boards, queries, rules
from fengsui.apps.alerts.forms import LEVEL_CHOICES, DraftForm, FilterForm
from fengsui.apps.alerts.models import Warning
from fengsui.apps.alerts.page import either, level_word, said, shell, word
from fengsui.apps.people.edge import actor_of
from fengsui.apps.places import queries as places
from fengsui.catalog.hazards import hazard, hazards
from fengsui.core import policy, wording
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import Invalid, Refused
from fengsui.kernel.levels import Level

PAGE = 50
STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def _levels() -> dict[str, str]:
    return {value: level_word(int(value)) for value, _zh in LEVEL_CHOICES}


def _filtered(request: HttpRequest, by: Actor) -> tuple[FilterForm, QuerySet[Warning]]:
    words = {code: word(rules.STATUSES, code) for code in rules.STATUSES}
    form = FilterForm(request.GET, words=words, levels=_levels())
    form.is_valid()
    data = form.cleaned_data
    since = timezone.make_aware(datetime.combine(data["since"], time())) if data.get("since") else None
    found = queries.history(
        by,
        text=(data.get("q") or "").strip(),
        status=data.get("status") or "",
        level=int(data.get("level") or 0),
        since=since,
    )
    return form, found


@require_GET
def show(request: HttpRequest) -> HttpResponse:
    by = actor_of(request)
    form, found = _filtered(request, by)
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = shell(
        request,
        "alerts",
        groups=boards.groups(by),
        page=page,
        history=boards.rows(list(page.object_list), by.world),
        form=form,
        query=query.urlencode(),
        may_draft=policy.can(by, "alerts.draft"),
        chosen=None,
    )
    return render(request, "alerts/bench.html", context)


@require_GET
def queue_part(request: HttpRequest) -> HttpResponse:
    """The open warnings alone: the left column of every warning's page, and the answer to a push."""
    by = actor_of(request)
    chosen = request.GET.get("chosen", "")
    context = {"groups": boards.groups(by), "chosen": chosen, "may_draft": policy.can(by, "alerts.draft")}
    return render(request, "alerts/_queue_part.html", context)


@require_GET
def history_part(request: HttpRequest) -> HttpResponse:
    by = actor_of(request)
    _form, found = _filtered(request, by)
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {"page": page, "history": boards.rows(list(page.object_list), by.world), "query": query.urlencode()}
    return render(request, "alerts/_history_part.html", context)


@require_GET
def screen_part(request: HttpRequest) -> HttpResponse:
    """Bulletins in force as a banner; a page that shows one reports it, which is the receipt of the screens."""
    by = actor_of(request)
    found = boards.bulletin_rows(list(queries.in_force(by.world, timezone.now())[:5]))
    return render(request, "alerts/_screen_part.html", {"bulletins": found})


class _Echo:
    """A file that gives back what the CSV writer writes."""

    def write(self, text: str) -> str:
        return text


def _cell(value: Any) -> str:
    """A cell that a spreadsheet will not take for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(STARTS_FORMULA) else text


def _when(at: datetime | None) -> str:
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M:%S") if at else ""


def _lines(found: QuerySet[Warning]) -> Iterator[list[Any]]:
    yield [
        _("点位代码"), _("点位"), _("灾种"), _("级别"), _("生效级别"), _("状态"), _("起因"), _("拟稿"), _("核定"),
        _("签发"), _("终结"), _("理由"), _("链号"), _("数据性质"),
    ]  # fmt: skip
    for row in found.iterator(chunk_size=500):
        yield [
            row.place.code, boards.name_of(row), said(hazard(row.hazard).term), level_word(row.level),
            level_word(row.level_in_force), word(rules.STATUSES, row.status), row.trigger, _when(row.drafted_at),
            _when(row.confirmed_at), _when(row.issued_at), _when(row.ended_at), row.reason, row.correlation,
            row.place.get_provenance_display(),
        ]  # fmt: skip


@require_GET
def export(request: HttpRequest) -> StreamingHttpResponse:
    """The filtered history as CSV; each row says whether its place is illustrative."""
    _form, found = _filtered(request, actor_of(request))
    writer = csv.writer(_Echo())
    lines = (writer.writerow([_cell(each) for each in line]) for line in _lines(found))
    body = (text if n else "\ufeff" + text for n, text in enumerate(lines))
    answer = StreamingHttpResponse(body, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="warnings-{timezone.localdate():%Y%m%d}.csv"'
    return answer


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
