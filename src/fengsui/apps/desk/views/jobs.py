"""Jobs that gave up, for the system administrator: do them again, or write down why not."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from fengsui.apps.desk import clocks, telling
from fengsui.apps.desk.page import shell
from fengsui.apps.people.edge import actor_of
from fengsui.core import failed_jobs, policy, wording
from fengsui.kernel.errors import FengsuiError
from fengsui.kernel.lanes import JOBS


@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    by = actor_of(request)
    policy.require(by, "core.jobs")
    found = failed_jobs.open_ones(by.world)
    rows = {row.id: row for row in clocks.present([each.clock for each in found])}
    listed = [(each, rows[each.clock.pk], telling.say(each.event) if each.event else "") for each in found]
    part = request.headers.get("HX-Request") and request.GET.get("part")
    context = shell(request, "core.jobs", listed=listed, limit=failed_jobs.SHOWN, queue=_queue)
    return render(request, "desk/_jobs_part.html" if part else "desk/jobs.html", context)


@require_POST
def retry(request: HttpRequest, job_clock_id: UUID) -> HttpResponse:
    by = actor_of(request)
    done = _("作业 %(n)d 已交去重做")
    return _pressed(request, done, lambda: failed_jobs.retry(clock_id=job_clock_id, by=by, now=timezone.now()))


@require_POST
def write_off(request: HttpRequest, job_clock_id: UUID) -> HttpResponse:
    by, reason = actor_of(request), request.POST.get("reason", "")
    done = _("作业 %(n)d 已作废，理由入审计")
    return _pressed(
        request,
        done,
        lambda: failed_jobs.write_off(clock_id=job_clock_id, reason=reason, by=by, now=timezone.now()),
    )


def _queue(code: str) -> str:
    return clocks.word(JOBS.term(code))


def _pressed(request: HttpRequest, done: str, act: Callable[[], int]) -> HttpResponse:
    try:
        number = act()
    except FengsuiError as refused:
        if refused.status in (403, 404):
            raise
        said = wording.say(refused)
        messages.error(request, said.line)
    else:
        messages.success(request, done % {"n": number})
    return HttpResponseRedirect(reverse("desk:job-list"))
