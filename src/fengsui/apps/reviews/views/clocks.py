"""时限: what every clock of the story took, its sums by kind, and both as a workbook."""

from __future__ import annotations

from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from fengsui.apps.incidents.page import word
from fengsui.apps.people.rules import ROLES
from fengsui.apps.reviews import page, spent
from fengsui.apps.reviews.telling import clock_word
from fengsui.core.ledger import files
from fengsui.kernel.clock import STATES
from fengsui.kernel.terms import Term

PAGE = 100
CALLED = {**ROLES, "next_in_chain": Term("next_in_chain", "下一名责任人", "next in the chain")}
"""Whom a clock was passed to: a role, or whoever is called next."""


@require_GET
def show(request: HttpRequest, incident_id: UUID) -> HttpResponse:
    incident = page.opened(request, incident_id)
    rows = spent.clocks_of(incident, timezone.now())
    kind, late = request.GET.get("kind", ""), request.GET.get("late") == "1"
    chosen = [row for row in rows if (not kind or row.clock.kind == kind) and (not late or row.is_late)]
    kept = request.GET.copy()
    kept.pop("page", None)
    context = page.context(
        request,
        incident,
        "clocks",
        page=Paginator(chosen, PAGE).get_page(request.GET.get("page")),
        sums=spent.sums(rows),
        total=len(rows),
        late_count=sum(row.is_late for row in rows),
        kind=kind,
        late=late,
        query=kept.urlencode(),
        clock_word=clock_word,
        roles=CALLED,
    )
    return render(request, "reviews/clocks.html", context)


@require_GET
def export(request: HttpRequest, incident_id: UUID) -> HttpResponse:
    """Two sheets: every clock, and the sums of each kind; durations in seconds."""
    incident, now = page.opened(request, incident_id), timezone.now()
    rows = spent.clocks_of(incident, now)
    heads = [
        _("时限"),
        _("为何事"),
        _("责任"),
        _("开始"),
        _("到时"),
        _("了结"),
        _("限（秒）"),
        _("用（秒）"),
        _("暂停（秒）"),
    ]
    heads += [_("超（秒）"), _("结果"), _("升级到"), _("暂停理由"), _("依据"), _("依据性质")]
    lines = [
        [
            row.name,
            row.clock.label,
            row.owner,
            row.clock.started_at,
            row.clock.due_at,
            row.clock.closed_at or "",
            row.used.limit_s,
            round(row.used.used_s, 1),
            round(row.paused_s, 1),
            round(row.used.late_s, 1) if row.is_late else 0,
            word(STATES, row.clock.state),
            "、".join(word(CALLED, each) for each in row.heard),
            "；".join(row.reasons),
            row.clock.source,
            row.clock.basis,
        ]
        for row in rows
    ]
    sum_heads = [_("时限"), _("只数"), _("按时"), _("超时"), _("在走"), _("取消"), _("合计用（秒）"), _("暂停（秒）")]
    sum_heads += [_("中位（秒）"), _("九成（秒）"), _("最长（秒）"), _("最长超（秒）")]
    summed = [
        [
            *(clock_word(each.kind), each.count, each.met, each.late, each.open, each.cancelled),
            *(round(value, 1) for value in (each.used_s, each.paused_s, each.p50_s, each.p90_s, each.worst_s)),
            round(each.worst_late_s, 1),
        ]
        for each in spent.sums(rows)
    ]
    pages: list[files.Page] = [(_("时限"), heads, lines), (_("按种类"), sum_heads, summed)]
    body = page.workbook(pages, request, now, illustrative=incident.provenance == "illustrative")
    return page.file(body, f"clocks-{page.plain(incident.number)}.xlsx")
