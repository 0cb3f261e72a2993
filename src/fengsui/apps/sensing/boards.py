"""What the pages of stations show: rows with their freshness, readings with their reasons."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, ExpressionWrapper, F, FloatField, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Extract
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from fengsui.apps.sensing import queries, rules
from fengsui.apps.sensing.models import CurrentValue, Datastream, Observation, RejectedMessage, Station
from fengsui.catalog.sensors import Display, SensorKind, display, kinds
from fengsui.core.ui import present
from fengsui.kernel.errors import NotFound
from fengsui.kernel.levels import Level
from fengsui.kernel.terms import Term
from fengsui.science.series.quality import FLAGS, SUSPECT, names, reason

SORTS = {
    "level": ["-level_now", "-is_watched", "-ratio", "station__code", "kind"],
    "code": ["station__code", "kind"],
    "name": ["station__name", "kind"],
    "age": ["-old", "station__code"],
}


def english() -> bool:
    return (get_language() or "").startswith("en")


def word(term: Term) -> str:
    return term.en if english() else term.zh


def display_of(stream: Datastream) -> Display:
    return display(stream.kind, stream.unit)


def kind_of(stream: Datastream) -> SensorKind | None:
    return kinds().get(stream.kind)


def kind_word(stream: Datastream) -> str:
    kind = kind_of(stream)
    return word(kind.term) if kind else stream.kind


def nature(station: Station) -> str:
    """Where a station's facts come from, in the language of the page."""
    words = {"document": _("公开文件"), "derived": _("推算"), "illustrative": _("示意")}
    return words.get(station.provenance, station.provenance)


def wall_period_s(stream: Datastream) -> float:
    """Expected seconds of the wall clock between two readings."""
    return max(stream.period_s / stream.speed, rules.FLICKER_S if stream.speed > 1 else 0.0)


def place_name(station: Station) -> str:
    if station.place is None:
        return ""
    return station.place.name_en if english() and station.place.name_en else station.place.name


def stream_of(row: Station, kind: str = "") -> tuple[Datastream, list[Datastream]]:
    """The stream of that kind, else the one that stands worst; and all of the station. Raises NotFound for none."""
    found = list(queries.streams_of(row))
    for each in found:
        each.station = row
    chosen = [each for each in found if each.kind == kind] if kind else found
    if not chosen:
        raise NotFound("sensing.stream.not_found")
    return max(chosen, key=lambda each: each.current.level if hasattr(each, "current") else -1), found


@dataclass(frozen=True, slots=True)
class Now:
    """One stream as a page says it. level: code of SENSING_LEVELS, or `lost` where nothing is known any more."""

    stream: Datastream
    kind: str
    place: str
    level: str
    freshness: str
    value: str
    unit: str
    at: datetime | None
    period_s: float
    since: datetime | None
    refused: str
    refused_why: str
    next_level: str
    next_line: str

    @property
    def mark(self) -> str:
        """A level outlives the silence of its station; normal does not: then nothing is known."""
        silent = self.freshness in ("lost", "never")
        return "lost" if silent and self.level == "none" else self.level


def now_of(stream: Datastream, now: datetime) -> Now:
    """What is known of a stream; needs station and its place, and `current` where it exists."""
    current: CurrentValue | None = getattr(stream, "current", None)
    shown, period = display_of(stream), wall_period_s(stream)
    fresh = _freshness(current.good_at if current else None, now, period)
    level = rules.shown_level(current.level, current.watched) if current else "none"
    value = current.good_value if current else None
    refused, why = "", ""
    if current and current.value is not None and current.flags & SUSPECT:
        refused, why = shown.text(current.value), flag_words(current.flags)
    ahead = _next_line(stream, current.level if current else 0, bool(current and current.watched))
    return Now(
        stream=stream,
        kind=kind_word(stream),
        place=place_name(stream.station),
        level=level,
        freshness=fresh,
        value=shown.text(value),
        unit=shown.unit,
        at=current.good_at if current else None,
        period_s=period,
        since=current.level_since if current and current.level else None,
        refused=refused,
        refused_why=why,
        next_level=ahead[0],
        next_line=shown.text(ahead[1]),
    )


def _freshness(at: datetime | None, now: datetime, period_s: float) -> str:
    """The same words as the mark beside the value (core.ui.present.age), so that filter and mark never differ."""
    return present.age(at, now, period_s).state


def _next_line(stream: Datastream, level: int, watched: bool) -> tuple[str, float | None]:
    watch = stream.ladder.get("watch")
    if level == 0 and not watched and watch is not None:
        return "watch", float(watch)
    higher = {n: line for n, line in rules.lines_of(stream.ladder).items() if n > level}
    if not higher:
        return "", None
    first = min(higher)
    return Level(first).code, higher[first]


def flag_words(flags: int) -> str:
    """The words of a reading's flags of a reading: 超量程、迟到."""
    return ("、" if not english() else ", ").join(word(FLAGS[code]) for code in names(flags))


def listing(
    world: UUID,
    now: datetime,
    *,
    find: str = "",
    level: str = "",
    fresh: str = "",
    course: str = "",
    sort: str = "level",
) -> QuerySet[Datastream]:
    """Active streams of a world with station, place and what is known now: two queries a page, however many rows."""
    period = queries.wall_period()
    rows: Any = (
        Datastream.objects.in_world(world)
        .filter(is_active=True)
        .select_related("station__place", "current")
        .defer("current__memory")
        .annotate(
            level_now=Coalesce(F("current__level"), 0),
            is_watched=Coalesce(F("current__watched"), False),
            old=ExpressionWrapper(Extract(Value(now) - F("current__good_at"), "epoch") / period, FloatField()),
            doubted=F("course__doubted_at"),
            ratio=Coalesce(F("current__good_value"), -1.0),
        )
    )
    if find:
        rows = rows.filter(
            Q(station__code__icontains=find)
            | Q(station__name__icontains=find)
            | Q(station__place__name__icontains=find)
            | Q(station__place__name_en__icontains=find)
        )
    if level == "watch":
        rows = rows.filter(level_now=0, is_watched=True)
    elif level == "none":
        rows = rows.filter(level_now=0, is_watched=False)
    elif level == "any":
        rows = rows.filter(Q(level_now__gt=0) | Q(is_watched=True))
    elif level in rules.LEVEL_CODES:
        rows = rows.filter(level_now=int(Level.of(level)))
    if course == "doubted":
        rows = rows.filter(doubted__isnull=False)
    late, lost = present.LATE_PERIODS, present.LOST_PERIODS
    if fresh == "fresh":
        rows = rows.filter(old__lte=late)
    elif fresh == "late":
        rows = rows.filter(old__gt=late, old__lte=lost)
    elif fresh == "lost":
        rows = rows.filter(old__gt=lost)
    elif fresh == "never":
        rows = rows.filter(old__isnull=True)
    found: QuerySet[Datastream] = rows.order_by(*SORTS.get(sort, SORTS["level"]))
    return found


def summary(world: UUID, now: datetime) -> dict[str, int]:
    """How many streams report, are late, lost, never heard, and stand at or above 关注; one query, counted there."""
    late, lost = present.LATE_PERIODS, present.LOST_PERIODS
    found: dict[str, int] = (
        listing(world, now)
        .order_by()
        .aggregate(
            all=Count("pk"),
            fresh=Count("pk", filter=Q(old__lte=late)),
            late=Count("pk", filter=Q(old__gt=late, old__lte=lost)),
            lost=Count("pk", filter=Q(old__gt=lost)),
            never=Count("pk", filter=Q(old__isnull=True)),
            doubted=Count("pk", filter=Q(course__doubted_at__isnull=False)),
            raised=Count("pk", filter=Q(level_now__gt=0) | Q(is_watched=True)),
        )
    )
    return found


@dataclass(frozen=True, slots=True)
class Reading:
    at: datetime
    value: str
    received_at: datetime
    refused: bool
    flags: str
    why: str


def readings(stream: Datastream, before: datetime | None, count: int) -> list[Reading]:
    """The newest `count` readings before a moment, with what is held against them."""
    rows = Observation.objects.filter(datastream_id=stream.id)
    if before:
        rows = rows.filter(at__lt=before)
    return [_reading(row, stream) for row in rows.order_by("-at", "value")[:count]]


def all_readings(stream: Datastream, low: datetime, high: datetime) -> Iterator[Reading]:
    rows = Observation.objects.filter(datastream_id=stream.id, at__gte=low, at__lt=high).order_by("at", "value")
    for row in rows.iterator(chunk_size=2000):
        yield _reading(row, stream)


def _reading(row: Observation, stream: Datastream) -> Reading:
    shown = display_of(stream)
    # The stored figure is in the stream's own unit, so its sentence says it in that unit.
    why = "" if english() else reason(row.flags, row.detail, stream.unit)
    return Reading(
        row.at,
        shown.text(row.value),
        row.received_at,
        bool(row.flags & SUSPECT),
        flag_words(row.flags) if row.flags else "",
        why,
    )


def rejected(station: Station, count: int = 50) -> list[RejectedMessage]:
    """Messages of the station's streams that could not become readings, newest first."""
    rows = RejectedMessage.objects.filter(datastream__station=station).select_related("datastream")
    return list(rows.order_by("-received_at")[:count])


def rungs(stream: Datastream) -> list[dict[str, Any]]:
    """The ladder from the top: level, value in the shown unit, and on what each line rests."""
    shown = display_of(stream)
    place = stream.station.place
    policy = getattr(place, "waterlogging", None) if place else None
    notes = policy.ladder_basis if policy else stream.ladder_basis
    found = []
    for code in ("red", "orange", "yellow", "blue", "watch"):
        line = stream.ladder.get(code)
        if line is not None:
            note = notes.get(code, {})
            text = note.get("note", "")
            found.append(
                {"level": code, "value": shown.text(line), "note": text, "basis": note.get("basis", "") or "U"}
            )
    return found
