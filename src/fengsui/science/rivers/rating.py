"""From a level to a discharge: Q = a (h - h0)^b in up to three pieces that meet, with what lies beyond marked.

Fitted to gaugings in logarithms (ISO 1100-2 [G]); pieces are added while Schwarz's criterion says that they earn their
parameters. A level above 1.5 times the highest gauging's depth (over the lowest h0), or below the lowest, is answered
and marked as extrapolated.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from fengsui.kernel.terms import Term
from fengsui.science.contract import Model, OutOfRange, Remark, Var, within
from fengsui.science.rivers.station import Values

FURTHEST = 1.5
LEAST = 5
"""Gaugings a piece needs."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Q = `a` (h - `h0`)^`b` from level `above` on."""

    above: float
    a: float
    b: float
    h0: float


@dataclass(frozen=True, slots=True)
class Rating:
    """`pieces` from below; `low`, `high`: gauged levels; `scatter`: standard deviation of the logarithm's errors."""

    pieces: tuple[Piece, ...]
    low: float
    high: float
    scatter: float

    def flow(self, level: Values) -> tuple[Values, npt.NDArray[np.bool_]]:
        """Discharge and whether it is extrapolated, shape as given; no water at or below h0; NaN stays NaN."""
        level = np.asarray(level, np.float64)
        out = np.full(level.shape, np.nan)
        for piece in self.pieces:
            here = level >= piece.above
            out[here] = piece.a * np.maximum(level[here] - piece.h0, 0.0) ** piece.b
        lowest = self.pieces[0].h0
        with np.errstate(invalid="ignore"):
            beyond = (level > lowest + FURTHEST * (self.high - lowest)) | (level < self.low)
        return out, beyond

    def level(self, flow: Values) -> Values:
        """The level of a discharge, the inverse of `flow`."""
        flow = np.asarray(flow, np.float64)
        out = np.full(flow.shape, np.nan)
        for n, piece in enumerate(self.pieces):
            from_q = -np.inf if n == 0 else piece.a * (piece.above - piece.h0) ** piece.b
            here = flow >= from_q
            out[here] = piece.h0 + (np.maximum(flow[here], 0.0) / piece.a) ** (1.0 / piece.b)
        return out


def fit(level: Values, flow: Values, most: int = 3) -> Rating:
    """Of gaugings (n,). Raises OutOfRange for fewer than five, or for a flow that is none."""
    good = np.isfinite(level) & np.isfinite(flow)
    order = np.argsort(level[good], kind="stable")
    h, q = level[good][order], flow[good][order]
    within("gaugings", len(h), LEAST, None, why="three numbers are not fitted to fewer")
    within("flow", float(q.min()), 1e-12, None, unit="m3/s", why="a rating is fitted in logarithms")
    if h[-1] - h[0] <= 0:
        raise OutOfRange("level", float(h[0]), why="all gaugings are of one level")
    cuts = np.unique(np.quantile(h, np.linspace(0.1, 0.9, 13)))
    found: list[tuple[float, tuple[Piece, ...], float]] = []
    for count in range(1, most + 1):
        tried = [_pieces(h, q, (-np.inf, *each)) for each in combinations(cuts, count - 1)]
        whole = [each for each in tried if each is not None]
        if not whole:
            break
        pieces, rest = min(whole, key=lambda each: each[1])
        told = len(h) * np.log(max(rest / len(h), 1e-14)) + 3 * count * np.log(len(h))
        found.append((float(told), pieces, rest))
    _, pieces, rest = min(found, key=lambda each: each[0])
    return Rating(pieces, float(h[0]), float(h[-1]), float(np.sqrt(rest / len(h))))


def _pieces(h: Values, q: Values, starts: tuple[float, ...]) -> tuple[tuple[Piece, ...], float] | None:
    """Pieces from below, each beginning where the one before has brought it; and the sum of squares."""
    made: list[Piece] = []
    total = 0.0
    for n, start in enumerate(starts):
        end = starts[n + 1] if n + 1 < len(starts) else np.inf
        here = (h >= start) & (h < end)
        if here.sum() < LEAST or np.ptp(h[here]) <= 0:
            return None
        tied = None
        if made:
            last = made[-1]
            tied = start, float(np.log(last.a) + last.b * np.log(start - last.h0))
        piece, rest = _piece(h[here], np.log(q[here]), start, tied)
        if piece is None:
            return None
        made.append(piece)
        total += rest
    return tuple(made), total


def _piece(h: Values, log_q: Values, start: float, tied: tuple[float, float] | None) -> tuple[Piece | None, float]:
    """Search over h0 (finer twice around the best), slope and constant by least squares, all of a round at once."""
    span, top = h[-1] - h[0], min(float(h[0]), start if tied else np.inf)
    offsets = np.geomspace(1e-4, 20.0, 60) * span
    best: tuple[float, Piece] | None = None
    for _ in range(3):
        x = np.log(h - top + offsets[:, None])
        if tied is None:
            middle, mean = x.mean(1), log_q.mean()
            b = ((x - middle[:, None]) @ (log_q - mean)) / np.sum((x - middle[:, None]) ** 2, axis=1)
            a = mean - b * middle
        else:
            off = x - np.log(tied[0] - top + offsets)[:, None]
            b = off @ (log_q - tied[1]) / np.maximum(np.sum(off**2, axis=1), 1e-30)
            a = tied[1] - b * np.log(tied[0] - top + offsets)
        rest = np.where(b > 0, np.sum((log_q - a[:, None] - b[:, None] * x) ** 2, axis=1), np.inf)
        k = int(np.argmin(rest))
        if not np.isfinite(rest[k]):
            return None, np.inf
        if best is None or rest[k] < best[0]:
            best = float(rest[k]), Piece(float(start), float(np.exp(a[k])), float(b[k]), float(top - offsets[k]))
            near = float(offsets[k])
        offsets = np.geomspace(near / 1.3, near * 1.3, 25)
    assert best is not None
    return best[1], best[0]


@dataclass(frozen=True, slots=True)
class Asked:
    """Gaugings `level_m`, `flow_m3s` (n,) and levels `at_m` whose discharge is wanted."""

    level_m: Values
    flow_m3s: Values
    at_m: Values


BEYOND = Remark(
    "rating.beyond", "部分水位超出实测范围，流量为外推值", "Some levels lie beyond the gaugings: extrapolated", "G"
)


def _compute(asked: Asked) -> tuple[dict[str, Any], tuple[Remark, ...]]:
    rating = fit(asked.level_m, asked.flow_m3s)
    flow, beyond = rating.flow(asked.at_m)
    table = np.array([[p.above, p.a, p.b, p.h0] for p in rating.pieces])
    values = {
        "level_m": asked.at_m, "flow_m3s": flow, "beyond": beyond, "pieces": table, "scatter": rating.scatter,
    }  # fmt: skip
    return values, (BEYOND,) if beyond.any() else ()


MODEL = Model(
    code="river-rating",
    version="1",
    term=Term("river-rating", "水位流量关系", "river rating"),
    inputs=Asked,
    variables=(
        Var("level_m", "m", ("level",), "out", "levels asked for"),
        Var("flow_m3s", "m3/s", ("level",), "out", "discharge"),
        Var("beyond", "1", ("level",), "out", "whether it is extrapolated", "bool"),
        Var("pieces", "", ("piece", "number"), "out", "from level, a, b, h0 of each piece"),
        Var("scatter", "1", (), "out", "standard deviation of the logarithm's errors"),
    ),
    compute=_compute,
    verified=True,
    papers=("ISO 1100-2 [G]", "Schwarz 1978, Ann. Stat. 6"),
)
