"""One reading of a replay, its time on the wall, and the message a device would send."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson

from fengsui.kernel.errors import Invalid


class ReplayError(Invalid):
    """A file of a replay cannot be used. Facts: file, key, fix."""

    def __init__(self, code: str, *, file: str, key: str, fix: str) -> None:
        super().__init__(code, file=file, key=key, fix=fix)

    def __str__(self) -> str:
        where = f"{self.facts['file']}: {self.facts['key']}" if self.facts["key"] else str(self.facts["file"])
        return f"{where}: {self.facts['fix']} [{self.code}]"


@dataclass(frozen=True, slots=True)
class Item:
    """A reading of `station`, stamped `stamp_s` and sent `offset_s` seconds after the start of the replay, unscaled.

    `value` is text where the source's figure is not a number: it is sent so, and the receiver rejects and keeps it.
    `fault`: duplicate, late, absurd, wrong_unit, future, ancient, not_a_number, or "" for a sound reading;
    `planted` tells a fault made on purpose from one that was in the source.
    """

    offset_s: float
    station: str
    value: float | str
    unit: str
    stamp_s: float
    fault: str = ""
    planted: bool = False


@dataclass(frozen=True, slots=True)
class Gap:
    """Readings that are not sent: [start_s, end_s)."""

    station: str
    start_s: float
    end_s: float
    planted: bool


CREST = 0.6
"""Of the highest reading; above it stands what opens an incident."""
CREST_HELD_S = 20.0
LONGEST_S = 290.0
"""Seconds of the wall clock: a story waits for the crest and for the end of a replay, but not for ever."""
Words = tuple[str, str]
"""One sentence in Chinese and in English."""


@dataclass(frozen=True, slots=True)
class Replay:
    """`items` in order of sending. `step_s`: usual distance of two readings. `mapping`: which series stands where.

    chosen: what was taken from a file that is not the district's own, and why.
    """

    title: str
    label: str
    source: str
    items: tuple[Item, ...]
    gaps: tuple[Gap, ...]
    step_s: float
    mapping: tuple[str, ...]
    illustrative: bool = True
    chosen: tuple[Words, ...] = ()

    @property
    def duration_s(self) -> float:
        return max((item.offset_s for item in self.items), default=0.0)

    @property
    def stations(self) -> tuple[str, ...]:
        return tuple(sorted({item.station for item in self.items}))

    def of(self, station: str) -> list[Item]:
        return [item for item in self.items if item.station == station]

    def crest_s(self, station: str) -> float:
        """How long the readings around the station's highest stay at or above CREST of it."""
        rows = [(item.stamp_s, item.value) for item in self.of(station) if isinstance(item.value, float | int)]
        high = max((value for _, value in rows), default=0.0)
        top = next((n for n, (_, value) in enumerate(rows) if value == high), 0)
        first = last = top
        while first > 0 and rows[first - 1][1] >= CREST * high:
            first -= 1
        while last + 1 < len(rows) and rows[last + 1][1] >= CREST * high:
            last += 1
        return rows[last][0] - rows[first][0] if rows else 0.0

    def pace(self, usual: float, usual_s: float, station: str) -> float:
        """Times real speed for a story whose waiting times fit `usual_s` seconds at `usual`: faster for a longer
        window, slower for a crest so short that the water would be gone before people can act on it."""
        fast = usual * max(1.0, self.duration_s / usual_s)
        return max(1.0, min(fast, max(self.crest_s(station) / CREST_HELD_S, self.duration_s / LONGEST_S)))


@dataclass(frozen=True, slots=True)
class Due:
    """When to send an item: `after_s` seconds of wall time from the start, stamped `at` (aware)."""

    after_s: float
    at: datetime
    item: Item


def schedule(replay: Replay | Sequence[Item], speed: float, start: datetime) -> Iterator[Due]:
    """The items on the wall clock, `speed` times faster than measured: t' = start + (t - t0) / speed.

    Raises Invalid("replay.speed") unless speed > 0, ValueError for a naive start.
    """
    if not speed > 0:
        raise Invalid("replay.speed", field="speed", speed=speed)
    if start.tzinfo is None:
        raise ValueError("start must be aware")
    items = replay.items if isinstance(replay, Replay) else replay
    for item in items:
        yield Due(item.offset_s / speed, start + timedelta(seconds=item.stamp_s / speed), item)


def payload(due: Due) -> bytes:
    """The JSON message of catalog.sensors for one item, with microseconds so that compressed times stay apart."""
    return orjson.dumps({"t": due.at.isoformat(), "v": due.item.value, "unit": due.item.unit})
