"""Reading forecasts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import (
    DateTimeField,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
)

from fengsui.apps.forecasts import rules
from fengsui.apps.forecasts.models import ForecastRun
from fengsui.apps.sensing.models import CurrentValue, Observation
from fengsui.catalog.sensors import kinds


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


def waiting(now: datetime) -> list[CurrentValue]:
    """Streams at or above 关注, and rain gauges in a shower, with a trusted reading newer than their last run, of every
    world."""
    return [*_new(CurrentValue.objects.filter(watched=True).exclude(datastream__kind__in=_sums())), *_raining(now)]


def _raining(now: datetime) -> QuerySet[CurrentValue]:
    """Rain gauges that were wet in the half hour before their last trusted reading, and this is no older."""
    pause = ExpressionWrapper(
        Value(timedelta(seconds=rules.RAIN_PAUSE_S)) / F("datastream__speed"), output_field=DurationField()
    )
    since = ExpressionWrapper(F("good_at") - F("pause"), output_field=DateTimeField())
    wet = Observation.objects.filter(datastream=OuterRef("pk"), value__gt=0, at__lte=OuterRef("good_at"))
    rows = CurrentValue.objects.filter(
        datastream__kind__in=_sums(), good_at__gt=now - timedelta(seconds=rules.RAIN_PAUSE_S)
    ).annotate(pause=pause, wet_since=since)
    return _new(rows).filter(Exists(wet.filter(at__gt=OuterRef("wet_since"))))


def _new(rows: QuerySet[CurrentValue]) -> QuerySet[CurrentValue]:
    last = ForecastRun.objects.all_worlds("the engine serves all worlds").filter(datastream=OuterRef("datastream_id"))
    found: QuerySet[CurrentValue] = (
        rows.filter(good_at__isnull=False, datastream__is_active=True)
        .annotate(last_issued_at=Subquery(last.order_by("-issued_at").values("issued_at")[:1]))
        .filter(Q(last_issued_at=None) | Q(last_issued_at__lt=F("good_at")))
        .select_related("datastream__station")
    )
    return found


def _sums() -> list[str]:
    return [code for code, kind in kinds().items() if kind.sums]


def of_station(station: UUID) -> dict[int, ForecastRun]:
    """The newest run of each stream of a station."""
    rows = (
        ForecastRun.objects.all_worlds("a station lives in one world")
        .filter(datastream__station_id=station)
        .order_by("datastream_id", "-issued_at")
        .distinct("datastream_id")
    )
    return {row.datastream_id: row for row in rows}
