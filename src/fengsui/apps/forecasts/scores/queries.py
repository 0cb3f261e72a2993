"""Runs that may be scored, and the sums a page is made of."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import DateTimeField, DurationField, ExpressionWrapper, F, Q, Value

from fengsui.apps.forecasts.models import ForecastRun

WAIT = timedelta(hours=6)
"""So long a run waits for a stream that fell silent before the end of its horizon; then its missing leads stay so."""


def due(now: datetime, most: int) -> dict[int, list[UUID]]:
    """Unscored runs whose horizon has passed by their stream's own clock, the oldest first: stream -> runs.

    A stream is asked once it has a trusted reading behind the horizon, so no run is looked at twice; one query over
    the index of unscored runs, however many were ever made.
    """
    length = ExpressionWrapper(Value(timedelta(seconds=1)) * F("horizon_s") / F("speed"), DurationField())
    rows = (
        ForecastRun.objects.all_worlds("runs of every world are scored, each in its own")
        .filter(scored_at=None, issued_at__lte=now)
        .annotate(ends_at=ExpressionWrapper(F("issued_at") + length, DateTimeField()))
        .filter(Q(datastream__current__good_at__gte=F("ends_at")) | Q(ends_at__lte=now - WAIT))
        .order_by("issued_at")
        .values_list("datastream_id", "pk")[:most]
    )
    found: dict[int, list[UUID]] = {}
    for stream, run in rows:
        found.setdefault(stream, []).append(run)
    return found
