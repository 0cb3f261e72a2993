"""What the page of the scores shows: sums of days, by sensor kind, by station, by line. Four questions, however many
runs there were: sums, chances, lines, and nothing of a single run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from functools import reduce
from operator import add
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Avg, Count, F, Min, Q, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from fengsui.apps.forecasts import rules
from fengsui.apps.forecasts.models import ForecastChance, ForecastCrossing, ForecastDay, ForecastRun
from fengsui.apps.forecasts.scores.compare import LEADS_S, lead_of
from fengsui.apps.sensing import boards
from fengsui.catalog.sensors import Display, display, kinds
from fengsui.core.ui.moments import asked_day
from fengsui.science.verify.chance import Class, Reliability, reliability
from fengsui.science.verify.episodes import Counts
from fengsui.science.verify.errors import Errors

DAYS = 30
LONGEST_DAYS = 3_660
FEW = 30
"""Fewer forecasts than this say little; the page marks them [U]."""
_SUMMED = [each.name for each in fields(Errors)]
_STREAM = {
    "kind": F("datastream__kind"),
    "unit": F("datastream__unit"),
    "code": F("datastream__station__code"),
    "name": F("datastream__station__name"),
    "provenance": F("datastream__station__provenance"),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whole days of the district's time, both included; kind of sensor, station and lead as they were asked for.

    Raises Invalid("core.moment.…", field=…) for a day that cannot be read.
    """

    first: date
    last: date
    kind: str = ""
    station: str = ""
    lead_s: int = LEADS_S[1]

    @classmethod
    def of(cls, asked: Mapping[str, Any]) -> Wanted:
        first, last = asked_day(asked, "since", _("从")), asked_day(asked, "until", _("到"))
        last = last or timezone.localdate()
        first = first or last - timedelta(days=DAYS)
        if first > last or (last - first).days > LONGEST_DAYS:
            first = last - timedelta(days=DAYS)
        kind, station = str(asked.get("kind", "")), str(asked.get("station", "")).replace("\0", "")[:40]
        return cls(first, last, kind if kind in kinds() else "", station, lead_of(asked))

    @property
    def since(self) -> datetime:
        return timezone.make_aware(datetime.combine(self.first, time.min))

    @property
    def until(self) -> datetime:
        return timezone.make_aware(datetime.combine(self.last + timedelta(days=1), time.min))

    def query(self, **over: Any) -> str:
        """The address that asks for this again, with some of it changed."""
        given = {"since": self.first.isoformat(), "until": self.last.isoformat(), "kind": self.kind,
                 "station": self.station, "lead": str(self.lead_s // 60)} | over  # fmt: skip
        return urlencode({name: value for name, value in given.items() if value})


@dataclass(frozen=True, slots=True)
class Line:
    """Sums of one lead of a stream, or of all streams of a kind, by one method."""

    lead_s: int
    errors: Errors
    replayed: int


@dataclass(frozen=True, slots=True)
class Group:
    """A sensor kind, or one stream of it, by one method. code and name are the station's, '' for a kind."""

    kind: str
    word: str
    method: str
    shown: Display
    lines: tuple[Line, ...]
    counts: Counts
    datastream: int = 0
    code: str = ""
    name: str = ""
    illustrative: bool = True

    @property
    def method_word(self) -> str:
        return boards.word(rules.METHODS.term(self.method))

    def at(self, lead_s: int) -> Line | None:
        return next((each for each in self.lines if each.lead_s == lead_s), None)


@dataclass(frozen=True, slots=True)
class Board:
    """kinds, streams: with scores in the period, as wanted. chances: by lead. offered: kinds and stations with scores
    in the period, whatever was wanted of them. waiting: runs of the period whose horizon has not passed
    or that wait for readings."""

    kinds: tuple[Group, ...]
    streams: tuple[Group, ...]
    chances: tuple[tuple[int, Reliability], ...]
    offered_kinds: tuple[tuple[str, str], ...]
    offered_stations: tuple[tuple[str, str], ...]
    waiting: int
    replayed: int

    @property
    def illustrative(self) -> bool:
        return any(each.illustrative for each in self.streams)


def kind_word(code: str) -> str:
    found = kinds().get(code)
    return boards.word(found.term) if found else code


def board(world: UUID, wanted: Wanted) -> Board:
    """Everything of the page in four queries."""
    rows = _sums(world, wanted)
    told = _counts(world, wanted)
    streams = []
    for (datastream, method), some in rows.items():
        it = some[0]
        if (wanted.kind and it["kind"] != wanted.kind) or (wanted.station and it["code"] != wanted.station):
            continue
        streams.append(
            Group(
                it["kind"], kind_word(it["kind"]), method, display(it["kind"], it["unit"]),
                tuple(Line(row["lead_s"], _errors(row), row["replayed_sum"]) for row in some),
                told.get((datastream, method), Counts()), datastream, it["code"], it["name"],
                it["provenance"] == "illustrative",
            )
        )  # fmt: skip
    streams.sort(key=lambda each: (each.kind, each.code, each.method))
    every = [some[0] for some in rows.values()]
    return Board(
        tuple(_of_kinds(streams)),
        tuple(streams),
        _chances(world, wanted),
        tuple(sorted({(each["kind"], kind_word(each["kind"])) for each in every})),
        tuple(sorted({(each["code"], each["name"]) for each in every})),
        _waiting(world, wanted),
        sum(line.replayed for each in streams for line in each.lines[:1]),
    )


def _waiting(world: UUID, wanted: Wanted) -> int:
    rows = ForecastRun.objects.in_world(world).filter(scored_at=None)
    return int(rows.filter(issued_at__gte=wanted.since, issued_at__lt=wanted.until).count())


def _sums(world: UUID, wanted: Wanted) -> dict[tuple[int, str], list[dict[str, Any]]]:
    """(stream, method) -> its sums by lead, of all kinds and stations of the period."""
    rows = (
        ForecastDay.objects.in_world(world)
        .filter(day__gte=wanted.first, day__lte=wanted.last)
        .values("datastream_id", "method", "lead_s", **_STREAM)
        .annotate(**{f"{name}_sum": Sum(name) for name in (*_SUMMED, "replayed")})
        .order_by("datastream_id", "method", "lead_s")
    )
    found: dict[tuple[int, str], list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault((row["datastream_id"], row["method"]), []).append(row)
    return found


def _errors(row: Mapping[str, Any]) -> Errors:
    return Errors(**{name: row[f"{name}_sum"] for name in _SUMMED})


def _of_kinds(streams: Iterable[Group]) -> Iterable[Group]:
    """Streams of one kind and unit by one method together: errors of metres and of litres do not add up."""
    by: dict[tuple[str, str, str], list[Group]] = {}
    for each in streams:
        by.setdefault((each.kind, each.method, each.shown.unit), []).append(each)
    for some in by.values():
        lines = []
        for lead_s in LEADS_S:
            held = [line for each in some if (line := each.at(lead_s)) is not None]
            if held:
                errors = reduce(add, (line.errors for line in held))
                lines.append(Line(lead_s, errors, sum(line.replayed for line in held)))
        counts = reduce(add, (each.counts for each in some))
        yield Group(some[0].kind, some[0].word, some[0].method, some[0].shown, tuple(lines), counts)


def _only(rows: QuerySet[Any], wanted: Wanted) -> QuerySet[Any]:
    if wanted.kind:
        rows = rows.filter(datastream__kind=wanted.kind)
    return rows.filter(datastream__station__code=wanted.station) if wanted.station else rows


def _chances(world: UUID, wanted: Wanted) -> tuple[tuple[int, Reliability], ...]:
    rows = _only(ForecastChance.objects.in_world(world).filter(day__gte=wanted.first, day__lte=wanted.last), wanted)
    summed = rows.values("lead_s", "k").annotate(*(Sum(name) for name in ("n", "told", "came", "square")))
    classes: dict[int, dict[int, Class]] = {}
    for row in summed.order_by("lead_s", "k"):
        classes.setdefault(row["lead_s"], {})[row["k"]] = Class(
            row["n__sum"], row["told__sum"], row["came__sum"], row["square__sum"]
        )
    made = [(lead_s, reliability(some)) for lead_s, some in classes.items()]
    return tuple((lead_s, each) for lead_s, each in made if each is not None)


HIT = Q(reached_at__isnull=False, told_since__isnull=False)
MISS = Q(reached_at__isnull=False, told_since__isnull=True)
FALSE_ALARM = Q(reached_at__isnull=True)


def _counts(world: UUID, wanted: Wanted) -> dict[tuple[int, str], Counts]:
    rows = ForecastCrossing.objects.in_world(world).filter(begun_at__gte=wanted.since, begun_at__lt=wanted.until)
    counted = (
        _only(rows, wanted)
        .values("datastream_id", "method")
        .annotate(
            hits=Count("pk", filter=HIT),
            misses=Count("pk", filter=MISS),
            false_alarms=Count("pk", filter=FALSE_ALARM),
            lead=Avg("lead_s", filter=HIT),
            least=Min("lead_s", filter=HIT),
        )
        .order_by("datastream_id", "method")
    )
    return {
        (row["datastream_id"], row["method"]): Counts(
            row["hits"], row["misses"], row["false_alarms"], (row["lead"] or 0.0) * row["hits"], row["least"]
        )
        for row in counted
    }
