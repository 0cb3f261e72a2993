"""What the page of series shows: which streams over which time, their curves, what happened meanwhile, and a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import numpy as np
from django.db.models import F, Min, Q
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from fengsui.apps.forecasts import queries as forecasts
from fengsui.apps.forecasts.drawn import drawn
from fengsui.apps.sensing import boards, curves, rules, series
from fengsui.apps.sensing.models import Datastream, Observation
from fengsui.catalog.sensors import kinds
from fengsui.core.ui.moments import asked_moment
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import Invalid
from fengsui.science.series.quality import SUSPECT

MOST = 8
"""Lanes of one page: more cannot be told apart without colour, which is for hazard alone."""
LONGEST = timedelta(days=1100)
PERIODS = {
    "1h": (timedelta(hours=1), gettext_lazy("1 小时")),
    "6h": (timedelta(hours=6), gettext_lazy("6 小时")),
    "24h": (timedelta(hours=24), gettext_lazy("24 小时")),
    "3d": (timedelta(days=3), gettext_lazy("3 天")),
    "7d": (timedelta(days=7), gettext_lazy("7 天")),
    "30d": (timedelta(days=30), gettext_lazy("30 天")),
    "1y": (timedelta(days=366), gettext_lazy("一年")),
}
AHEAD = timedelta(hours=2)
"""A forecast issued so long before the end of the window may still say something about it."""
STEPS_S = (60, 300, 600, 1800, 3600, 3 * 3600, 6 * 3600, 86_400, 7 * 86_400, 30 * 86_400)
ROWS = 60


@dataclass(frozen=True, slots=True)
class Window:
    """[low, high) and, where it moves with the clock, the code of its period."""

    low: datetime
    high: datetime
    period: str

    @property
    def query(self) -> dict[str, str]:
        """As it stands in an address: a period moves on, moments stay."""
        if self.period:
            return {"period": self.period}
        return {"from": _local(self.low), "to": _local(self.high)}


def _local(at: datetime) -> str:
    return timezone.localtime(at).strftime("%Y-%m-%dT%H:%M:%S")


def window_of(asked: QueryDict, now: datetime, streams: Sequence[Datastream]) -> Window:
    """The time that was asked for; a replay runs fast, so without a wish an hour of it, else a day.

    Without an end it goes on to now, without a beginning it is a day long.
    Raises Invalid("core.moment.…" | "desk.series.wrong_order" | "desk.series.too_long", field=…).
    """
    if asked.get("from") or asked.get("to"):
        high = asked_moment(asked, "to", _("到")) or now
        low = asked_moment(asked, "from", _("从")) or high - timedelta(days=1)
        if low >= high:
            raise Invalid("desk.series.wrong_order", field="to")
        if high - low > LONGEST:
            raise Invalid("desk.series.too_long", field="from", days=LONGEST.days)
        return Window(low, high, "")
    usual = "1h" if any(each.speed > 1 for each in streams) else "24h"
    period = asked.get("period", "")
    if period == "all":
        return Window(_first(streams, now), now, "all")
    period = period if period in PERIODS else usual
    return Window(now - PERIODS[period][0], now, period)


def _first(streams: Sequence[Datastream], now: datetime) -> datetime:
    """Since when there are readings; never further back than a page may show."""
    rows = Observation.objects.filter(datastream_id__in=[each.pk for each in streams], at__gt=now - LONGEST)
    first: datetime | None = rows.aggregate(first=Min("at"))["first"]
    return (first or now - timedelta(hours=1)) - timedelta(seconds=1)


def key_of(stream: Datastream) -> str:
    """How a stream is called in an address: ST01.water_depth."""
    return f"{stream.station.code}.{stream.kind}"


def chosen(text: str, by: Actor) -> tuple[list[Datastream], list[str]]:
    """The streams `a.kind,b.kind` of the actor's world, in that order; a station alone means all its streams.

    What is not there, and what is one too many, comes back in the second list.
    """
    wanted = list(dict.fromkeys(each.strip() for each in text.split(",") if each.strip()))[: 4 * MOST]
    codes = {each.rpartition(".")[0] or each for each in wanted} | set(wanted)
    found: dict[str, list[Datastream]] = {}
    rows = Datastream.objects.in_world(by.world).filter(station__code__in=codes)
    for stream in rows.select_related("station__place", "current").defer("current__memory").order_by("kind"):
        found.setdefault(key_of(stream), []).append(stream)
        found.setdefault(stream.station.code, []).append(stream)
    listed = list({stream.pk: stream for each in wanted for stream in found.get(each, [])}.values())
    missing = [each for each in wanted if each not in found]
    return listed[:MOST], missing + [key_of(each) for each in listed[MOST:]]


def find(by: Actor, text: str, now: datetime, taken: Iterable[int], limit: int = 12) -> list[boards.Now]:
    """Streams whose station, place or kind fits the words, those that stand highest first; all of them for no words."""
    rows = boards.listing(by.world, now).exclude(pk__in=list(taken))
    for part in text.split():
        of_kind = [code for code, each in kinds().items() if part in (each.term.zh + each.term.en + code)]
        rows = rows.filter(
            Q(station__code__icontains=part) | Q(station__name__icontains=part) | Q(kind__in=of_kind)
            | Q(station__place__name__icontains=part) | Q(station__place__name_en__icontains=part)
        )  # fmt: skip
    return [boards.now_of(stream, now) for stream in rows[:limit]]


def address(keys: Iterable[str], window: Window | None = None, **more: str) -> str:
    """/series/?streams=…: what is shared, and what every link of the page leads to."""
    return "/series/?" + urlencode({"streams": ",".join(keys), **(window.query if window else {}), **more}, safe=",:")


def name_of(stream: Datastream) -> str:
    return f"{boards.place_name(stream.station) or stream.station.name}　{boards.kind_word(stream)}"


def lane(stream: Datastream, window: Window, now: datetime) -> dict[str, Any]:
    """One stream as frontend/src/series/data.ts draws it: at most 2 000 points, gaps, lines, the newest forecast."""
    shown = boards.display_of(stream)
    found = series.thinned(stream, window.low, window.high, now)
    run = forecasts.newest_of([stream.pk], min(window.high, now), window.high - AHEAD).get(stream.pk)
    lines = {code: stream.ladder.get(code) for code in ("watch", *rules.LEVEL_CODES)}
    return {
        "key": key_of(stream),
        "name": name_of(stream),
        "unit": shown.unit,
        "period_s": boards.wall_period_s(stream),
        "points": curves.pairs(found.piece, shown),
        "gaps": (found.piece.gaps // 1000).tolist(),
        "more_gaps": found.more_gaps,
        "of": found.piece.of,
        "refused": found.piece.refused,
        "thinned": found.is_thinned,
        "ladder": [{"level": code, "value": shown.number(line)} for code, line in lines.items() if line is not None],
        "forecast": drawn(run, shown) if run else None,
        "low": window.low.timestamp() * 1000,
        "high": window.high.timestamp() * 1000,
        "now": now.timestamp() * 1000,
        "speed": stream.speed,
    }


@dataclass(frozen=True, slots=True)
class Cell:
    """One stream in one row of the table: lowest and highest trusted value, how many, and how much was silent."""

    low: str
    high: str
    count: int
    refused: int
    silent_s: float


@dataclass(frozen=True, slots=True)
class Table:
    step_s: int
    rows: list[tuple[datetime, list[Cell]]]


def table(streams: Sequence[Datastream], window: Window, now: datetime) -> Table:
    """The curves for eyes that cannot see them and for paper: at most 60 equal steps, the newest first."""
    length = (window.high - window.low).total_seconds()
    step = next((s for s in STEPS_S if length / s <= ROWS - 1), STEPS_S[-1])
    zone = timezone.localtime(window.low).utcoffset() or timedelta(0)
    begin = int((window.low.timestamp() + zone.total_seconds()) // step * step - zone.total_seconds())
    count = int(-(-(min(window.high, now).timestamp() - begin) // step))
    edges = (begin + np.arange(max(count, 0) + 1, dtype=np.int64) * step) * 1_000_000
    columns = [_column(stream, window, now, edges) for stream in streams]
    rows = [
        (datetime.fromtimestamp(int(edges[n]) / 1e6, UTC), [column[n] for column in columns])
        for n in range(len(edges) - 1)
    ]
    return Table(step, rows[::-1])


def _column(stream: Datastream, window: Window, now: datetime, edges: np.ndarray[Any, Any]) -> list[Cell]:
    shown, found = boards.display_of(stream), series.window(stream, window.low, window.high, now)
    at_row, ok = np.searchsorted(found.at, edges), (found.flags & SUSPECT) == 0
    cells = []
    for n in range(len(edges) - 1):
        rows = slice(at_row[n], at_row[n + 1])
        good = found.value[rows][ok[rows]]
        silent = np.clip(
            np.minimum(found.gaps[:, 1], edges[n + 1]) - np.maximum(found.gaps[:, 0], edges[n]), 0, None
        ).sum()
        low, high = (shown.text(float(good.min())), shown.text(float(good.max()))) if len(good) else ("", "")
        cells.append(Cell(low, high, len(good), int((~ok[rows]).sum()), float(silent) / 1e6))
    return cells


@dataclass(frozen=True, slots=True)
class Last:
    """A stream at the end of the window: the row of the cursor's table before a cursor was set."""

    key: str
    name: str
    value: str
    unit: str
    at: datetime | None
    url: str
    without: str
    illustrative: bool
    speed: float


def lasts(streams: Sequence[Datastream], window: Window, now: datetime) -> list[Last]:
    keys = [key_of(each) for each in streams]
    return [_last(stream, window, now, keys) for stream in streams]


def _last(stream: Datastream, window: Window, now: datetime, keys: list[str]) -> Last:
    shown = boards.display_of(stream)
    rows = Observation.objects.filter(datastream_id=stream.pk, at__gte=window.low, at__lt=window.high)
    trusted = rows.annotate(suspect=F("flags").bitand(SUSPECT)).filter(suspect=0)
    seen = trusted.order_by("-at").values_list("at", "value").first()
    key = key_of(stream)
    return Last(
        key,
        name_of(stream),
        shown.text(seen[1]) if seen else "",
        shown.unit,
        seen[0] if seen else None,
        f"/stations/{stream.station.code}/?{urlencode({'kind': stream.kind})}",
        address([each for each in keys if each != key], window),
        stream.station.provenance == "illustrative",
        stream.speed,
    )


def period_words() -> list[tuple[str, str]]:
    return [*((code, str(words)) for code, (_length, words) in PERIODS.items()), ("all", _("全部"))]
