"""What sensing tells the apps above it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ThresholdCrossed:
    """One stream's level moved, up or down.

    level_from, level_to: codes of kernel.levels. line: the line crossed, None where the rate of rise decided and the
    level has no line; rate_per_hour then says how fast. first_at: the first reading that began to leave normal.
    speed: N of a replay, 1 = real time.
    """

    datastream: int
    station: UUID
    station_code: str
    station_name: str
    place: UUID | None
    sensor: str
    unit: str
    level_from: str
    level_to: str
    at: datetime
    value: float
    line: float | None
    rate_per_hour: float | None
    first_at: datetime
    speed: float


@dataclass(frozen=True, slots=True)
class LadderChanged:
    """A person changed the lines of a stream; the reason is in the actor."""

    datastream: int
    station: UUID


@dataclass(frozen=True, slots=True)
class CredentialsIssued:
    """New passwords for the devices of a station; the passwords themselves are nowhere kept."""

    station: UUID
    users: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DoublesOpened:
    """An exercise got stations of its own; their topics begin with `prefix`."""

    world_id: UUID
    count: int
    prefix: str


@dataclass(frozen=True, slots=True)
class DoublesClosed:
    world_id: UUID
    streams: int


@dataclass(frozen=True, slots=True)
class MonthDropped:
    """The readings of a month that was kept as long as the setting says are gone; its condensed days stay."""

    month: str
    rows: int
