"""The list of lessons: every gauge of a kind that is learned, its state, errors before and since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Case, Count, F, Q, QuerySet, Value, When

from fengsui.apps.forecasts import rules
from fengsui.apps.forecasts.lessons import judging
from fengsui.apps.forecasts.models import Lesson, LessonAsk, RainLesson
from fengsui.apps.forecasts.scores.compare import LEADS_S, lead_of
from fengsui.apps.sensing import boards
from fengsui.apps.sensing.models import Datastream
from fengsui.catalog.sensors import Display, kinds
from fengsui.science.verify.errors import Errors

SORTS: dict[str, list[Any]] = {
    "code": ["station__code", "kind", "pk"],
    "made": [F("learned_at").desc(nulls_last=True), "station__code", "kind", "pk"],
}
LIGHT = ("lesson__state", "played_lesson__state")
"""What was learned itself: a list does not fetch it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """state: of LESSON_STATES, '' for all. find: part of a station's code or name. lead_s: whose errors are shown."""

    state: str = ""
    find: str = ""
    sort: str = "code"
    lead_s: int = LEADS_S[1]

    @classmethod
    def of(cls, asked: Mapping[str, Any]) -> Wanted:
        state, sort = str(asked.get("state", "")), str(asked.get("sort", ""))
        return cls(
            state if state in rules.LESSON_STATES else "",
            str(asked.get("find", "")).replace("\0", "").strip()[:40],
            sort if sort in SORTS else "code",
            lead_of(asked),
        )

    def query(self, **over: Any) -> str:
        """The address that asks for this again, with some of it changed."""
        given = {"state": self.state, "find": self.find, "sort": self.sort, "lead": str(self.lead_s // 60)} | over
        return urlencode({name: value for name, value in given.items() if value})


@dataclass(frozen=True, slots=True)
class Row:
    """One gauge as the list says it. state: of LESSON_STATES."""

    stream: Datastream
    state: str
    word: str
    shown: Display
    lesson: Lesson | None
    ask: LessonAsk | None
    record: judging.Record

    def held_back(self, lead_s: int) -> dict[str, Any] | None:
        """Errors on floods that were held back when it was learned: stays, trend, best."""
        leads: list[dict[str, Any]] = self.lesson.leads if self.lesson is not None else []
        return next((each for each in leads if round(each["lead_s"]) == lead_s), None)

    def came(self, lead_s: int) -> Errors:
        """What was scored since."""
        return self.record.leads.get(lead_s, Errors())


def gauges(world: UUID) -> QuerySet[Any]:
    """Every gauge that could be learned, with `state_now` and `learned_at`; while it plays, by what is played."""
    learned = [code for code, each in kinds().items() if each.learned_s]
    plays = Q(speed__gt=1)
    rows: QuerySet[Any] = (
        Datastream.objects.in_world(world)
        .filter(is_active=True, kind__in=learned)
        .exclude(ladder={})
        .select_related("station", "lesson", "played_lesson", "lesson_ask")
        .defer(*LIGHT)
        .annotate(
            state_now=Case(
                When(~plays & Q(lesson__withdrawn_at__isnull=False), then=Value("withdrawn")),
                When(
                    (~plays & Q(lesson__method__gt="")) | (plays & Q(played_lesson__method__gt="")),
                    then=Value("learned"),
                ),
                When(
                    (~plays & Q(lesson__isnull=False)) | (plays & Q(played_lesson__isnull=False)), then=Value("nothing")
                ),
                default=Value("trend"),
            ),
            learned_at=Case(When(plays, then=F("played_lesson__made_at")), default=F("lesson__made_at")),
        )
    )
    return rows


def rain(world: UUID) -> QuerySet[RainLesson]:
    """How showers decay, of all rain gauges of one step together; what is played after what is measured."""
    rows: QuerySet[RainLesson] = RainLesson.objects.in_world(world)
    return rows.defer("state").order_by("is_played", "step_s")


def wanted_of(rows: QuerySet[Any], wanted: Wanted) -> QuerySet[Any]:
    if wanted.state:
        rows = rows.filter(state_now=wanted.state)
    if wanted.find:
        rows = rows.filter(Q(station__code__icontains=wanted.find) | Q(station__name__icontains=wanted.find))
    return rows.order_by(*SORTS[wanted.sort])


def counts(rows: QuerySet[Any]) -> dict[str, int]:
    """Gauges in each state, in the order of the states."""
    found = dict(rows.order_by().values_list("state_now").annotate(n=Count("pk")))
    return {state: found.get(state, 0) for state in rules.LESSON_STATES}


def rows_of(streams: list[Datastream], now: datetime) -> list[Row]:
    found = judging.records(streams, now)
    return [_row(each, found.get(each.pk, judging.Record())) for each in streams]


def _row(stream: Datastream, record: judging.Record) -> Row:
    lesson = getattr(stream, "lesson" if stream.speed == 1 else "played_lesson", None)
    state: str = stream.state_now  # type: ignore[attr-defined]  # annotated by `gauges`
    return Row(
        stream, state, boards.kind_word(stream), boards.display_of(stream), lesson,
        getattr(stream, "lesson_ask", None), record,
    )  # fmt: skip
