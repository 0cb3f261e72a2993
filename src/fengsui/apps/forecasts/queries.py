"""Reading forecasts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import F, OuterRef, Q, Subquery

from fengsui.apps.forecasts.models import ForecastRun
from fengsui.apps.sensing.models import CurrentValue


def latest(datastream: int) -> ForecastRun | None:
    rows = ForecastRun.objects.all_worlds("a datastream lives in one world").filter(datastream_id=datastream)
    newest: ForecastRun | None = rows.order_by("-issued_at").first()
    return newest


def newest_of(datastreams: Iterable[int], upto: datetime, since: datetime) -> dict[int, ForecastRun]:
    """The newest run of each stream that was issued in (since, upto]; one query for all."""
    rows = ForecastRun.objects.all_worlds("a datastream lives in one world").filter(
        datastream_id__in=list(datastreams), issued_at__lte=upto, issued_at__gt=since
    )
    newest = rows.order_by("datastream_id", "-issued_at").distinct("datastream_id")
    return {row.datastream_id: row for row in newest}


def waiting() -> list[CurrentValue]:
    """Streams at or above 关注 with a trusted reading newer than their last run, of every world."""
    last = ForecastRun.objects.all_worlds("the engine serves all worlds").filter(datastream=OuterRef("datastream_id"))
    return list(
        CurrentValue.objects.filter(watched=True, good_at__isnull=False, datastream__is_active=True)
        .annotate(last_issued_at=Subquery(last.order_by("-issued_at").values("issued_at")[:1]))
        .filter(Q(last_issued_at=None) | Q(last_issued_at__lt=F("good_at")))
        .select_related("datastream__station")
    )


def of_station(station: UUID) -> dict[int, ForecastRun]:
    """The newest run of each stream of a station."""
    rows = (
        ForecastRun.objects.all_worlds("a station lives in one world")
        .filter(datastream__station_id=station)
        .order_by("datastream_id", "-issued_at")
        .distinct("datastream_id")
    )
    return {row.datastream_id: row for row in rows}
