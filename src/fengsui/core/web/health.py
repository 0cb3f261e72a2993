"""`/healthz` for supervisors, `/metrics` for Prometheus."""

from __future__ import annotations

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from procrastinate.contrib.django.models import ProcrastinateJob
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from fengsui.core.metrics import CLOCKS_LATE, JOBS
from fengsui.core.models import Clock


def healthz(request: HttpRequest) -> JsonResponse:
    """200 where the database answers; nothing about the inside is told."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"status": "database"}, status=503)
    return JsonResponse({"status": "ok"})


def metrics(request: HttpRequest) -> HttpResponse:
    """Only with the bearer token of FENGSUI_METRICS_TOKEN; without one configured the page does not exist."""
    token = settings.FENGSUI_METRICS_TOKEN
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not token or not constant_time_compare(token, given):
        return HttpResponse(status=404)
    _count()
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)


def _count() -> None:
    """What stands in the database: finished jobs are gone, so these are few rows."""
    JOBS.clear()
    rows = ProcrastinateJob.objects.values_list("queue_name", "status").annotate(n=Count("id")).order_by()
    for queue, status, n in rows:
        JOBS.labels(queue, status).set(n)
    late = Clock.objects.all_worlds("a measure of the platform").filter(state="running", due_at__lt=timezone.now())
    CLOCKS_LATE.set(late.count())
