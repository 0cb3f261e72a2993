"""How a table of measurements is declared, and what it is once read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from fengsui.kernel.replay.models import ReplayError

Sample = tuple[float, float | str]
"""(seconds, value); the value stays text where it is not a number."""


_RAIN = re.compile(r"(?<![a-z])(rain|precip|pet_)")
"""At the beginning of a word: Lorraine Street is no rain."""


class Layout(BaseModel):
    """How to read one kind of file. See districts/<code>/replay/layouts.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    code: str
    kind: Literal["long", "wide", "events", "lines"]
    match: tuple[str, ...] = ()
    pattern: str = ""
    time_format: str = ""
    time_scale: float = 1.0
    scale: float = 1.0
    time: str = "time"
    value: str = "value"
    station: str = ""
    series: tuple[str, ...] = ()
    unit: str = ""
    unit_words: dict[str, str] = {}
    default_unit: str = ""
    offset: float = 0
    columns: dict[str, str] = {}
    units: dict[str, str] = {}
    missing: dict[str, tuple[float, ...]] = {}
    start: str = ""
    peak: str = ""
    rise_min: str = ""
    fall_min: str = ""
    total_min: str = ""
    rain: bool = False
    """Its series are rain, whatever they are called."""
    step_s: int = 300

    @model_validator(mode="after")
    def _recognisable(self) -> Layout:
        if self.kind == "lines":
            if not {"time", "value"} <= set(re.compile(self.pattern).groupindex):
                raise ValueError(f"{self.code}: `pattern` needs the groups time and value")
        elif not self.match:
            raise ValueError(f"{self.code}: `match` names no column")
        return self


@dataclass(frozen=True, slots=True)
class Series:
    """One measured series in the order of its file. `derived`: made from events, not read one by one.

    left_out: why -> how many figures of the file are not among the samples, because they say "no figure".
    """

    name: str
    unit: str
    samples: tuple[Sample, ...]
    derived: bool = False
    left_out: Mapping[str, int] = field(default_factory=dict)
    rain: bool = False

    @property
    def numbers(self) -> list[tuple[float, float]]:
        return [(at, value) for at, value in self.samples if isinstance(value, float)]

    @property
    def is_rain(self) -> bool:
        """Rain, or another depth per interval such as evaporation: no level. Told by name, as files do not say it."""
        return self.rain or _RAIN.search(self.name.lower()) is not None or self.name.startswith("P_")

    @property
    def is_tide(self) -> bool:
        return "tid" in self.name.lower()


@dataclass(frozen=True, slots=True)
class Table:
    """A file read: its series by name. `layout` is the code of the layout that was taken."""

    path: Path
    layout: str
    series: Mapping[str, Series]
    left_out: Mapping[str, int] = field(default_factory=dict)


def read_layouts(path: Path) -> list[Layout]:
    """Raises ReplayError where the file is missing or broken."""
    try:
        rows = yaml.safe_load(path.read_text(encoding="utf-8"))["layouts"]
        return [Layout.model_validate(row) for row in rows]
    except FileNotFoundError:
        raise ReplayError("replay.layouts.missing", file=str(path), key="", fix="add the file") from None
    except (yaml.YAMLError, KeyError, TypeError, ValidationError) as broken:
        raise ReplayError("replay.layouts.broken", file=str(path), key="layouts", fix=str(broken)[:300]) from None


class Lines:
    """The lines of a file that count; `number` is that of the last one given, as an editor shows it."""

    def __init__(self, path: Path, lines: Sequence[str]) -> None:
        self.path, self.number, self._all = path, 0, lines

    def __iter__(self) -> Iterator[str]:
        for number, line in enumerate(self._all, 1):
            self.number = number
            if line.strip() and not line.startswith("#"):
                yield line

    def wrong(self, column: str, fix: str, code: str = "replay.file.time") -> ReplayError:
        return ReplayError(code, file=str(self.path), key=f"line {self.number}, column {column}", fix=fix)
