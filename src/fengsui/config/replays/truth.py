"""What must come of a stream, worked out from its file alone and in another way than the platform does.

The platform walks reading by reading with a state; here whole runs are looked at: an episode is a group of readings at
or above the first line between two calms, a calm being so long below the line minus the margin.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from fengsui.config.replays.plan import DOWN_HOLD_S, UP_COUNT, Stream

LEVELS = ("blue", "yellow", "orange", "red")
Readings = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Episode:
    """at: when the second reading in a row stood at or above the first line. end: the last one that did."""

    at: float
    end: float
    peak: float


def episodes(stream: Stream) -> list[Episode]:
    """Floods of a stream by its first line; what came late on purpose counts for nothing."""
    line = stream.ladder.get("blue")
    if line is None:
        return []
    keep = line - stream.ladder["margin"]
    found: list[Episode] = []
    for group in _between_calms(stream.clean, keep):
        runs = [list(run) for above, run in groupby(group, key=lambda each: each[1] >= line) if above]
        sure = [run for run in runs if len(run) >= UP_COUNT]
        if sure:
            high = [each for run in runs for each in run]
            found.append(Episode(sure[0][UP_COUNT - 1][0], high[-1][0], max(value for _, value in high)))
    return found


def _between_calms(readings: Readings, keep: float) -> list[list[tuple[float, float]]]:
    """The readings cut where the value stayed below `keep` for the time of stepping down."""
    groups: list[list[tuple[float, float]]] = [[]]
    for below, run in groupby(readings, key=lambda each: each[1] < keep):
        rows = list(run)
        if below and rows[-1][0] - rows[0][0] >= DOWN_HOLD_S:
            groups.append([])
        else:
            groups[-1] += rows
    return groups


def highest(stream: Stream) -> str:
    """The worst level whose line two readings in a row reached."""
    lines = {level: stream.ladder[level] for level in LEVELS if level in stream.ladder}
    tops = [min(one[1], two[1]) for one, two in pairwise(stream.clean)]
    top = max(tops, default=float("-inf"))
    return max((level for level, line in lines.items() if top >= line), key=LEVELS.index, default="none")


def silences(stream: Stream, end: float) -> list[float]:
    """Seconds of the wall clock without a reading, each gap and the rest up to the end of the replay."""
    times = [at for at, _ in stream.clean]
    if not times or stream.events:
        return []
    return [(later - earlier) / stream.speed for earlier, later in pairwise([*times, max(end, times[-1])])]
