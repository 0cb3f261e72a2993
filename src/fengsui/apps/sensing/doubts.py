"""When a sensor is doubted: from the marks of a piece of its course to a word on its page. No database here.

A **drift** lasts while every judged reading differs from what two neighbours or more lead to expect. A **shift** lasts
from a jump that nobody bore out until the course is back by half of it, or the neighbours followed. While neighbours
bear a flood's readings out, and while one of them has drifted for longer, a drift counts anew.

Nobody is called for it. A flood that comes in other proportions than the weather before is a drift, too, and lasts as
long as the flood: made-up waves of 3 m leave one of 227 to 2 685 readings where they rise within 1 to 2 hours, of 1 400
to 3 500 at 6 hours, of 6 400 to 11 200 at a day; at the bridges of the Han every one of six windows has one of 630 or
more (up to 1 827, 10 minutes each). No length of time tells a sensor that drifts from that [U].
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isnan

from fengsui.kernel.terms import Term, Terms
from fengsui.science.series.marks import ALONE, AWAY, BORNE, DRIFT, SHIFT

ASKED = 2
"""Of so many neighbours one may be wrong itself: with a single one nobody knows which of the two drifts."""

DOUBTS = Terms(
    "series_doubts",
    Term("drift", "相对邻站漂移", "drifts from its neighbours"),
    Term("shift", "水平改变，邻站未见", "its level shifted and no neighbour's did"),
)


@dataclass(frozen=True, slots=True)
class Doubt:
    """Times in microseconds of the stream's own clock, None where nothing of the kind lasts.

    shift_from: level before, shift_size: how far the first reading after it lay from there; in the stream's unit.
    """

    drift_at: int | None = None
    shift_at: int | None = None
    shift_from: float = 0.0
    shift_size: float = 0.0
    shift_alone: bool = False

    def due(self, now: int, held_us: float, settles_us: float | None) -> str:
        """Code of DOUBTS, or '' while nothing has lasted long enough at `now`, the time of the last reading."""
        if self.drift_at is not None and now - self.drift_at >= held_us:
            return "drift"
        wait = held_us if self.shift_alone else settles_us
        if self.shift_at is not None and wait is not None and now - self.shift_at >= wait:
            return "shift"
        return ""


def alone(
    doubts: Mapping[int, Doubt], near: Mapping[int, Sequence[int]], others: Mapping[int, int], upto: Mapping[int, int]
) -> dict[int, Doubt]:
    """By stream: where a neighbour has drifted for longer, that one is doubted first: a drifting gauge draws
    those along that are held against it. The drift of the later one counts from here.

    others: since when those neighbours drift that are not among `doubts`. upto: the moment that is looked at.
    """
    since = {each: doubt.drift_at for each, doubt in doubts.items() if doubt.drift_at is not None} | dict(others)
    return {
        each: replace(doubt, drift_at=upto[each])
        if doubt.drift_at is not None and any((since[k], k) < (doubt.drift_at, each) for k in near[each] if k in since)
        else doubt
        for each, doubt in doubts.items()
    }


def follow(
    doubt: Doubt, neighbours: int, at: Sequence[int], value: Sequence[float], marks: Sequence[int],
    median: Sequence[float], drift: Sequence[float],
) -> Doubt:  # fmt: skip
    """The doubt after these readings of one stream, in the order in which they were checked; cut into pieces at will.

    median, drift: as in `watch.Seen`, NaN where nothing is said; a reading that is not good has both NaN.
    """
    for when, level, bits, middle, sum_ in zip(at, value, marks, median, drift, strict=True):
        if bits & DRIFT and neighbours >= ASKED:
            if doubt.drift_at is None:
                doubt = replace(doubt, drift_at=when)
        elif doubt.drift_at is not None and not isnan(sum_):
            doubt = replace(doubt, drift_at=None)
        if bits & SHIFT and bits & BORNE:
            doubt = replace(doubt, shift_at=None, drift_at=None if doubt.drift_at is None else when)
        elif bits & SHIFT and bits & AWAY and doubt.shift_at is None:
            doubt = replace(
                doubt, shift_at=when, shift_from=middle, shift_size=abs(level - middle), shift_alone=bool(bits & ALONE)
            )
        elif doubt.shift_at is not None and abs(middle - doubt.shift_from) < doubt.shift_size / 2:
            doubt = replace(doubt, shift_at=None)
    return doubt
