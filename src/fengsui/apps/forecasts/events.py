"""What forecasts tells the apps above it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ForecastReady:
    """A stream is expected to reach one of its lines within the horizon, or no longer is (then `crossings` is empty).

    crossings: one dict a line that is not reached yet and will be, lowest first: `level` (number), `line` (value),
    `chance` (0 to 1, of standing there at any time of the forecast), `in_s`, `earliest_in_s`, `latest_in_s`: seconds
    from `issued_at` by the point forecast and the two ends of its interval, None = not within the horizon. They are
    seconds of the water's clock: in a replay N times faster they pass in in_s / N seconds of the wall.
    error: recent mean absolute error at half the horizon, in `unit`.
    """

    run: UUID
    datastream: int
    station: UUID
    station_code: str
    station_name: str
    place: UUID | None
    sensor: str
    unit: str
    issued_at: datetime
    value: float
    horizon_s: float
    speed: float
    method: str
    error: float | None
    crossings: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class FloodAsked:
    """Somebody wants to know where water would go. incident: for which one, if any."""

    flood: UUID
    title: str
    incident: UUID | None


@dataclass(frozen=True, slots=True)
class FloodDone:
    """places: how many of the places in the square get water; cuts: how many streets are cut."""

    flood: UUID
    title: str
    inputs: str
    places: int
    cuts: int
    took_s: float


@dataclass(frozen=True, slots=True)
class FloodFailed:
    flood: UUID
    title: str
    reason: str


@dataclass(frozen=True, slots=True)
class FloodStopped:
    """Before it had a result, by a person."""

    flood: UUID
    title: str


@dataclass(frozen=True, slots=True)
class ScenariosAsked:
    """Many floods of one square are to be computed. count: scenarios."""

    library: UUID
    title: str
    count: int


@dataclass(frozen=True, slots=True)
class ScenariosDone:
    library: UUID
    title: str
    computed: int
    failed: int


@dataclass(frozen=True, slots=True)
class ScenariosPaused:
    """By a person, or (with a reason) because nobody computes at the address that is set."""

    library: UUID
    title: str
    reason: str


@dataclass(frozen=True, slots=True)
class ScenariosResumed:
    library: UUID
    title: str


@dataclass(frozen=True, slots=True)
class ScenariosRetired:
    library: UUID
    title: str


@dataclass(frozen=True, slots=True)
class LessonAsked:
    """Somebody wants a gauge to be learned anew now, not at night."""

    datastream: int
    station: UUID
    station_code: str
    station_name: str
    sensor: str


@dataclass(frozen=True, slots=True)
class LessonLearned:
    """A gauge was learned because somebody asked for it, or anew after its lesson had been withdrawn.

    answer: `learned`, `nothing` (too little flood in its past) or `failed`. floods, flood_h: what its past held.
    """

    datastream: int
    station: UUID
    station_code: str
    station_name: str
    sensor: str
    answer: str
    floods: int
    flood_h: float


@dataclass(frozen=True, slots=True)
class LessonWithdrawn:
    """What was learned missed more than the trend would have: the trend speaks until the gauge is learned anew.

    forecasts, days: how many were judged. error, trend_error: mean absolute errors over all their leads, in `unit`.
    """

    datastream: int
    station: UUID
    station_code: str
    station_name: str
    sensor: str
    unit: str
    forecasts: int
    days: int
    error: float
    trend_error: float
