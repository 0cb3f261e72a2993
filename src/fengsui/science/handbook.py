"""What a model's page in docs/handbook holds: what it says, what it was checked against, and pictures of it at work.

Each model package has a `handbook.py` with `page()`; `python -m fengsui.config handbook` writes the pages, a test makes
them again and compares. Everything on a page is computed when it is made: no number is typed in but what is expected.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

import numpy as np
from numpy.typing import ArrayLike, NDArray

PACKAGES = ("rain", "series", "inundation", "drainage", "verify", "rivers", "scenarios")
"""Below `fengsui.science`; each has a `handbook` module. In the order of the handbook's index."""


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the verification table. `low` and `high` bound what is accepted; `expected` in the reader's words."""

    what: str
    expected: str
    found: float
    low: float
    high: float
    unit: str = ""
    source: str = ""
    """Paper, clause or data set that the expectation comes from."""

    @property
    def holds(self) -> bool:
        return bool(self.low <= self.found <= self.high)


@dataclass(frozen=True, slots=True)
class Line:
    """A curve of a plot; `x` and `y` of equal length, a NaN breaks it."""

    name: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    dashed: bool = False
    """For what is expected, beside what was found."""


def line(name: str, x: ArrayLike, y: ArrayLike, *, dashed: bool = False) -> Line:
    """Raises ValueError where x and y are not of one length."""
    one, two = np.asarray(x, float).ravel(), np.asarray(y, float).ravel()
    if one.size != two.size:
        raise ValueError(f"{name}: {one.size} values over {two.size}")
    return Line(name, one, two, dashed)


@dataclass(frozen=True, slots=True)
class Plot:
    """`name` names the file; `x` and `y` are what stands at the axes, with units."""

    name: str
    title: str
    x: str
    y: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """`says`: Markdown, what the model can and cannot say and how it is used. Its README is linked below it."""

    code: str
    title: str
    says: str
    checks: tuple[Check, ...]
    plots: tuple[Plot, ...] = ()


def pages() -> list[Page]:
    """Computed now: some tens of seconds in all."""
    return [import_module(f"fengsui.science.{name}.handbook").page() for name in PACKAGES]
