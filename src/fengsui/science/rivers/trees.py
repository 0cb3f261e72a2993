"""Boosted regression trees (Friedman 2001) under Huber's loss, of one fixed depth, kept as three arrays.

Small on purpose: a station's trees are fitted in a fraction of a second, evaluated for one row in microseconds, and
hold no objects. Values are put into BINS classes by their quantiles; a value that is missing goes left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fengsui.science.compiling import njit
from fengsui.science.rivers.station import Values

DEPTH, TREES, RATE, BINS, LEAST, L2 = 3, 60, 0.08, 32, 30, 1.0
NODES = 2**DEPTH - 1


@dataclass(frozen=True, slots=True)
class Trees:
    """`feature`, `line` (trees, NODES): left where value <= line or none; `leaf` (trees, NODES + 1)."""

    feature: npt.NDArray[np.int64]
    line: Values
    leaf: Values

    def of(self, view: Values) -> Values:
        """Sum over the trees for each row of `view` (rows, features)."""
        out = np.zeros(len(view))
        _say(self.feature, self.line, self.leaf, np.ascontiguousarray(view), out)
        return out


def fit(view: Values, target: Values, weight: Values) -> Trees | None:
    """Trees for `target` (rows,) with `weight` (rows,). Errors beyond their 0.9 quantile count as that (Friedman's
    M-regression). None with fewer rows than two leaves need."""
    if len(view) < 2 * LEAST:
        return None
    lines = np.nanquantile(np.where(np.isfinite(view), view, np.nan), np.arange(1, BINS) / BINS, axis=0)
    codes = np.empty(view.shape, np.int64)
    for k in range(view.shape[1]):
        codes[:, k] = np.where(np.isfinite(view[:, k]), np.searchsorted(lines[:, k], view[:, k], side="left"), 0)
    feature = np.zeros((TREES, NODES), np.int64)
    line, leaf = np.full((TREES, NODES), np.inf), np.zeros((TREES, NODES + 1))
    weight = weight / weight.mean()
    rest = target.copy()
    for k in range(TREES):
        most = float(np.quantile(np.abs(rest), 0.9))
        _tree(codes, lines, np.clip(rest, -most, most), weight, feature[k], line[k], leaf[k], rest)
    return Trees(feature, line, leaf)


@njit(error_model="numpy")
def _tree(
    codes: npt.NDArray[np.int64], lines: Values, pull: Values, weight: Values,
    feature: npt.NDArray[np.int64], line: Values, leaf: Values, rest: Values,
) -> None:  # fmt: skip
    """One tree, level by level, by histograms of weight and of weight x pull; `rest` becomes what it leaves."""
    n, width = codes.shape
    node = np.zeros(n, np.int64)
    cut = np.empty(NODES, np.int64)
    for depth in range(DEPTH):
        first, count = 2**depth - 1, 2**depth
        heavy, sums = np.zeros((count, width, BINS)), np.zeros((count, width, BINS))
        rows = np.zeros((count, width, BINS))
        for i in range(n):
            at, w = node[i] - first, weight[i]
            p = w * pull[i]
            for k in range(width):
                c = codes[i, k]
                heavy[at, k, c] += w
                sums[at, k, c] += p
                rows[at, k, c] += 1.0
        for at in range(count):
            all_w, all_p, all_n = heavy[at, 0].sum(), sums[at, 0].sum(), rows[at, 0].sum()
            best, best_k, best_c = all_p * all_p / (all_w + L2) * (1.0 + 1e-9), 0, BINS - 1
            for k in range(width):
                w, p, m = 0.0, 0.0, 0.0
                for c in range(BINS - 1):
                    w, p, m = w + heavy[at, k, c], p + sums[at, k, c], m + rows[at, k, c]
                    if m < LEAST or all_n - m < LEAST:
                        continue
                    gain = p * p / (w + L2) + (all_p - p) ** 2 / (all_w - w + L2)
                    if gain > best:
                        best, best_k, best_c = gain, k, c
            feature[first + at], cut[first + at] = best_k, best_c
            line[first + at] = lines[best_c, best_k] if best_c < BINS - 1 else np.inf
        for i in range(n):
            at = node[i]
            node[i] = 2 * at + 1 + (codes[i, feature[at]] > cut[at])
    w_leaf, p_leaf = np.zeros(NODES + 1), np.zeros(NODES + 1)
    for i in range(n):
        w_leaf[node[i] - NODES] += weight[i]
        p_leaf[node[i] - NODES] += weight[i] * pull[i]
    for at in range(NODES + 1):
        leaf[at] = RATE * p_leaf[at] / (w_leaf[at] + L2)
    for i in range(n):
        rest[i] -= leaf[node[i] - NODES]


@njit(error_model="numpy")
def _say(feature: npt.NDArray[np.int64], line: Values, leaf: Values, view: Values, out: Values) -> None:
    for i in range(len(view)):
        for t in range(len(feature)):
            at = 0
            for _ in range(DEPTH):
                at = 2 * at + 1 + (view[i, feature[t, at]] > line[t, at])
            out[i] += leaf[t, at - NODES]
