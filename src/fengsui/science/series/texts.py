"""Values that came as text: a number, or a kept rejection. Nothing is guessed and nothing falls away."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from fengsui.science.series.batch import Index, Values


@dataclass(frozen=True, slots=True)
class Rejected:
    """The text of one row, kept as it came. why: empty, several (numbers where one is wanted), not_a_number."""

    row: int
    text: str
    why: str


def values(texts: Iterable[str]) -> tuple[Values, Index, list[Rejected]]:
    """Numbers, the rows they stand in, and what could not be read. Every row is in one of the two."""
    found: list[float] = []
    rows: list[int] = []
    refused: list[Rejected] = []
    for row, text in enumerate(texts):
        value = _number(text)
        if value is not None:
            found.append(value)
            rows.append(row)
        else:
            refused.append(Rejected(row, text, _why(text)))
    return np.asarray(found, np.float64), np.asarray(rows, np.intp), refused


def _number(text: str) -> float | None:
    """Plain decimal writing only: Python also reads "1_0", "nan" and digits of other scripts."""
    plain = text.strip()
    if not plain.isascii() or "_" in plain:
        return None
    try:
        value = float(plain)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _why(text: str) -> str:
    if not text.strip():
        return "empty"
    parts = [each for each in text.replace(";", "|").replace(",", "|").split("|") if each.strip()]
    if len(parts) > 1 and all(_number(each) is not None for each in parts):
        return "several"
    return "not_a_number"
