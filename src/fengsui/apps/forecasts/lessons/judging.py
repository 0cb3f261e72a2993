"""What a lesson said against what came, and its withdrawal where the trend would have missed less."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import reduce
from math import isclose
from operator import add
from typing import Any

from django.db.models import Count, F, Q, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from fengsui.apps.forecasts import events, learning, rules
from fengsui.apps.forecasts.models import ForecastDay, ForecastLesson
from fengsui.apps.sensing.models import Datastream
from fengsui.core.record import announce
from fengsui.kernel.actor import Actor
from fengsui.science.verify.errors import Errors

_SUMMED = [each.name for each in fields(Errors)]


@dataclass(frozen=True, slots=True)
class Record:
    """Forecasts of a gauge by what it learned, by lead, and on how many days they were issued."""

    leads: dict[int, Errors] = field(default_factory=dict)
    days: int = 0

    @property
    def forecasts(self) -> int:
        """Those with an outcome at one lead at least."""
        return max((each.n for each in self.leads.values()), default=0)

    @property
    def whole(self) -> Errors:
        """Over all leads."""
        return reduce(add, self.leads.values(), Errors())

    @property
    def is_enough(self) -> bool:
        return self.forecasts >= rules.LEAST_JUDGED and self.days >= rules.LEAST_JUDGED_DAYS

    @property
    def loses(self) -> bool:
        """Missed more than the trend at the same issues and leads; never with too few of them."""
        ours, trend = self.whole.mean("abs_error"), self.whole.mean("abs_trend")
        if ours is None or trend is None or not self.is_enough:
            return False
        return ours > trend and not isclose(ours, trend, rel_tol=1e-9)


def records(streams: Sequence[Datastream], now: datetime) -> dict[int, Record]:
    """Of each stream: what was scored of its learned forecasts, of a replay while it plays, else of real water; from
    the day after a withdrawn lesson was learned anew. Two queries, however many streams."""
    first = timezone.localdate(now - rules.JUDGED_OVER)
    rows = ForecastDay.objects.all_worlds("of streams that the caller may see").filter(
        Q(datastream__speed=1, replayed=0) | Q(datastream__speed__gt=1, replayed__gt=0),
        datastream__in=[each.pk for each in streams], day__gt=first,
    ).exclude(method="trend")  # fmt: skip
    began = TruncDate("datastream__lesson__anew_at")
    rows = rows.annotate(began=began).filter(Q(began=None) | Q(day__gt=F("began")) | Q(datastream__speed__gt=1))
    summed = (
        rows.order_by().values("datastream_id", "lead_s").annotate(**{f"{name}_sum": Sum(name) for name in _SUMMED})
    )
    days = dict(rows.order_by().values_list("datastream_id").annotate(days=Count("day", distinct=True)))
    leads: dict[int, dict[int, Errors]] = {}
    for row in summed.order_by("datastream_id", "lead_s"):
        leads.setdefault(row["datastream_id"], {})[row["lead_s"]] = _errors(row)
    return {pk: Record(some, days[pk]) for pk, some in leads.items()}


def _errors(row: dict[str, Any]) -> Errors:
    return Errors(**{name: row[f"{name}_sum"] for name in _SUMMED})


def judge(stream: Datastream, now: datetime) -> bool:
    """Withdraw the lesson of a stream if it loses; whether that was done. The caller holds the stream's lock, so of two
    who scored it one finds it withdrawn. A replay's lesson shows how the thing works and is left alone."""
    rows = ForecastLesson.objects.in_world(stream.world_id).filter(datastream=stream, withdrawn_at=None)
    if stream.speed > 1 or not rows.exclude(method="").exists():
        return False
    found = records([stream], now).get(stream.pk, Record())
    if not found.loses:
        return False
    ours, trend = found.whole.mean("abs_error"), found.whole.mean("abs_trend")
    loss = {"n": found.forecasts, "days": found.days, "ours": ours, "trend": trend}
    rows.update(withdrawn_at=now, loss=loss)
    said = events.LessonWithdrawn(
        **learning.named(stream), unit=stream.unit, forecasts=found.forecasts, days=found.days,
        error=float(ours or 0.0), trend_error=float(trend or 0.0),
    )  # fmt: skip
    announce(said, about=stream, by=Actor(world=stream.world_id, system="forecasts.judge"), topics=(rules.LESSONS,))
    return True
