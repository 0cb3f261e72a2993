"""What districts/<code>/replay/sets.yaml declares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from fnmatch import fnmatch
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from fengsui.kernel.replay import ReplayError
from fengsui.kernel.replay.table import facts

Figure = tuple[float, str]
"""A value and its unit."""
T = TypeVar("T")


class Name(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    zh: str
    en: str


class Stations(BaseModel):
    """A table of stations that gives each its lines: level -> column, in `unit`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    file: str
    key: str
    unit: str
    first_word: bool = False
    blue: str = ""
    red: str = ""


class Copy(BaseModel):
    """A further station that sends one series of the set with a fault planted: see plan.copies."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    of: str
    how: Literal["spikes", "dies", "late", "twice"]
    at: datetime | tuple[datetime, ...] = ()
    by: float = 0.0
    since: datetime | None = None
    to: datetime | None = None
    until: datetime | None = None


class MeasuredSet(BaseModel):
    """One set: its files, how they are heard, and what must and must not come of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    code: str
    name: Name
    files: tuple[str, ...]
    sensor: str = ""
    each: Literal["series", "event"] = "series"
    reports: Literal["steady", "events"] | Mapping[str, Literal["steady", "events"]] = "steady"
    period_s: float | None = None
    interval_s: float | None = None
    lines: Mapping[str, Mapping[str, Figure]] = {}
    rule: Literal["", "half_rise"] = ""
    basis: str = ""
    stations: Stations | None = None
    limits: Mapping[str, Mapping[str, Figure]] = {}
    quiet: tuple[str, ...] = ()
    floods: Mapping[str, Sequence[tuple[datetime, datetime]]] = {}
    peaks: Mapping[str, Sequence[float]] = {}
    at_least: Mapping[str, int] = {}
    above_min: str = ""
    tidal: str = ""
    copies: tuple[Copy, ...] = ()

    def is_quiet(self, series: str) -> bool:
        return any(word in series for word in self.quiet)

    def reports_events(self, series: str) -> bool:
        said = self.reports if isinstance(self.reports, str) else of(self.reports, series)
        return said == "events"


def of(by_series: Mapping[str, T], series: str) -> T | None:
    """The entry of a series: by its name, else by a pattern such as `*`."""
    if series in by_series:
        return by_series[series]
    return next((entry for pattern, entry in by_series.items() if fnmatch(series, pattern)), None)


def read_sets(path: Path, only: Sequence[str] = ()) -> list[MeasuredSet]:
    """Raises ReplayError naming the key, or the sets there are where one is unknown."""
    rows = facts(path).get("sets", [])
    try:
        found = [MeasuredSet.model_validate(row) for row in rows]
    except ValidationError as broken:
        first = broken.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ReplayError("replay.sets.invalid", file=str(path), key=key, fix=first["msg"]) from None
    known = [each.code for each in found]
    if unknown := sorted(set(only) - set(known)):
        fix = f"no such set; there are: {', '.join(known)}"
        raise ReplayError("replay.sets.unknown", file=str(path), key=", ".join(unknown), fix=fix)
    return [each for each in found if not only or each.code in only]
