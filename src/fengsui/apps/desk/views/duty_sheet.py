"""The duty sheet (值班表) as a page for paper, with the sheet on which the shift is handed over."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from fengsui.apps.desk import clocks, duty_sheet
from fengsui.apps.desk.page import shell
from fengsui.apps.desk.views.handover import open_now
from fengsui.apps.people.edge import actor_of
from fengsui.apps.people.rules import HANDOVER_STATES
from fengsui.core import policy


@require_GET
def show(request: HttpRequest) -> HttpResponse:
    """The coming 7 or 31 days from today, then the present shift with what is open."""
    by, now = actor_of(request), timezone.now()
    policy.require(by, "people.hand_over")
    days = next((each for each in duty_sheet.SPANS if str(each) == request.GET.get("days")), duty_sheet.SPANS[0])
    today, present = timezone.localdate(), duty_sheet.shifts(by)
    before = timezone.make_aware(datetime.combine(today - timedelta(days=days), time()))
    context = shell(
        request,
        "people",
        tables=duty_sheet.tables(present, today, days),
        shifts=present,
        turns=list(duty_sheet.turns(by, before)),
        state_words={code: clocks.word(term) for code, term in HANDOVER_STATES.items()},
        weekdays=(_("周一"), _("周二"), _("周三"), _("周四"), _("周五"), _("周六"), _("周日")),
        first=today,
        last=today + timedelta(days=days - 1),
        today=today,
        days=days,
        spans=duty_sheet.SPANS,
        at=now,
        **open_now(by),
    )
    return render(request, "desk/duty_sheet.html", context)
