"""Lines that were told, and lines that were reached: hits, misses, false alarms, and how long before it was said.

Forecasts come every minute, so counting each of them would count one flood a hundred times. An episode is one line
once: an unbroken run of forecasts that told it, the moment it was reached, or both. The fold looks at one forecast
after the other, so it goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Call:
    """What one forecast said about one line that was not reached yet, and what came within its horizon.

    Microseconds of one clock. reached: None = not within the horizon, and that is known.
    """

    at: int
    told: bool
    reached: int | None


@dataclass(frozen=True, slots=True)
class Episode:
    """told_since: first of the last unbroken run of forecasts that told it, None where the last one did not.
    told_until: last forecast that told it. reached: None so far. goes_on: the last forecast told it."""

    told_since: int | None = None
    told_until: int | None = None
    reached: int | None = None
    goes_on: bool = False

    @property
    def kind(self) -> str:
        """hit, miss or false_alarm."""
        if self.reached is None:
            return "false_alarm"
        return "miss" if self.told_since is None else "hit"

    @property
    def lead(self) -> int | None:
        """From the first telling that was never taken back to the line; None where it was not told."""
        return None if self.reached is None or self.told_since is None else self.reached - self.told_since


def follow(last: Episode | None, call: Call, patience: int) -> tuple[Episode | None, bool]:
    """The newest episode after one more forecast, and whether it is another one than `last`.

    patience: after so long without a word a new telling is another episode.
    """
    open_still = last is not None and last.reached is None and last.goes_on and last.told_until is not None
    if open_still and last is not None and call.at - (last.told_until or 0) > patience:
        open_still = False
    if call.reached is not None and last is not None and last.reached == call.reached:
        return _same_line(last, call), False
    if call.told:
        if open_still and last is not None:
            return replace(last, told_until=call.at, reached=call.reached), False
        return Episode(call.at, call.at, call.reached, goes_on=True), True
    if call.reached is not None:
        return Episode(None, None, call.reached, goes_on=False), True
    return (replace(last, goes_on=False), False) if last is not None else (None, False)


def _same_line(last: Episode, call: Call) -> Episode:
    """One more forecast before the same moment: taken back, said again, or said on."""
    if not call.told:
        return replace(last, told_since=None, goes_on=False)
    since = last.told_since if last.goes_on and last.told_since is not None else call.at
    return replace(last, told_since=since, told_until=call.at, goes_on=True)


def episodes(calls: Iterable[Call], patience: int) -> list[Episode]:
    """All episodes of one line, in order of time."""
    found: list[Episode] = []
    for call in calls:
        newest, is_new = follow(found[-1] if found else None, call, patience)
        if newest is not None:
            found[len(found) if is_new else len(found) - 1 :] = [newest]
    return found


@dataclass(frozen=True, slots=True)
class Counts:
    """hits, misses, false alarms, and the sum and least of the hits' leads in seconds."""

    hits: int = 0
    misses: int = 0
    false_alarms: int = 0
    lead_s: float = 0.0
    least_lead_s: float | None = None

    def __add__(self, other: Counts) -> Counts:
        leads = [each for each in (self.least_lead_s, other.least_lead_s) if each is not None]
        return Counts(
            self.hits + other.hits,
            self.misses + other.misses,
            self.false_alarms + other.false_alarms,
            self.lead_s + other.lead_s,
            min(leads, default=None),
        )

    @property
    def all(self) -> int:
        return self.hits + self.misses + self.false_alarms

    @property
    def detected(self) -> float | None:
        """Probability of detection: hits of all lines that were reached."""
        return self.hits / (self.hits + self.misses) if self.hits + self.misses else None

    @property
    def false_share(self) -> float | None:
        """False alarm ratio: false alarms of all lines that were told."""
        return self.false_alarms / (self.hits + self.false_alarms) if self.hits + self.false_alarms else None

    @property
    def threat(self) -> float | None:
        """Critical success index, Gilbert's ratio of verification."""
        return self.hits / self.all if self.all else None

    @property
    def mean_lead_s(self) -> float | None:
        return self.lead_s / self.hits if self.hits else None
