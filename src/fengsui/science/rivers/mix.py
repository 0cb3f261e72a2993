"""Members weighted by what they missed, and an interval that is right as often as it says: one lead of one station.

Weights are (mean absolute error) ^ -POWER, apart for water that stands, rises and falls. They begin with the errors on
floods held back and forget them by FORGET an outcome; outcomes that moved less than a flood's mean teach nothing (on
the training sides of Annagh, Kent, Walnut Creek, Tokachi and Han, POWER 8 of 2 to 16 and this FORGET missed least).

Interval: each end for itself, in two parts. What a stream cannot know of itself, a lesson's quantile of the last POOL
errors of the same kind of water, each divided by a local scale (normalised conformal, Papadopoulos et al. 2011): the
stream's pace, the members' disagreement, and how much was missed lately. What it can, a factor on that quantile which
follows the stream's own misses (Gibbs & Candes 2021; on the score instead of the level, as the quantile tracking of
Angelopoulos, Candes & Tibshirani 2023): its logarithm goes down the gradient of the quantile loss, which is bound by
no error seen before. An outcome counts once it is known, `lead` steps after its forecast, against the factor of that
moment: misses that were under way when the interval widened do not widen it again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fengsui.science.compiling import njit
from fengsui.science.rivers.station import Values

NO_LINES = np.empty(0)
STANDS, RISES, FALLS = range(3)
KINDS = 3
POWER = 8.0
FORGET = 0.01
POOL = 2000
STEP = 0.03
"""What a miss adds to the logarithm of a width while water stands or falls; twice that while it rises, of which a
flood has few outcomes."""
RISING_STEP = 2.0 * STEP
LEAST, MOST = -3.0, 3.0
"""Logarithms of the width's factor: a twentieth, twenty times."""
SHARE = 0.8
"""Power of the pace that errors are measured by, the rest a flood's mean pace: with 1, errors of calm water, divided by
next to nothing, become a flood's quantiles."""
SPREAD = 20.0
"""Of the members' mean distance from the point, beside its distance from where the level stands."""
LATELY, LOCAL = 0.3, 0.4
"""How fast what was missed lately forgets, an outcome; its power in the scale."""
RISING = 0.2
"""Share of the misses that is aimed at while water rises: the next flood rises unlike those before."""
WIDEN = 1.5
"""Over the widest error seen, where more than that is asked for."""
NEAR = 0.1
"""The shorter end is at least so much of the longer one: a factor widens nothing that is nought."""


@dataclass(slots=True)
class Mix:
    """`loss` (KINDS, members): mean absolute error by kind of water, `flood` what persistence missed; `use` (members,);
    `scores` (KINDS, POOL) signed, newest overwrite oldest, and the same `ordered`; `count` (KINDS,): outcomes seen;
    `usual` (KINDS,): mean |error| in units of pace, long run; `due` (lead, 6 + members): forecasts whose outcome is not
    known: kind (-1 none), pace, scale, quantiles below and above (not over 0: none), then members, the point last.
    Of the stream alone: `lately`: what was missed lately over `usual`; `width` (KINDS, 2): logarithms of the factors
    below and above. `aim`: share of misses on each side."""

    loss: Values
    use: npt.NDArray[np.bool_]
    scores: Values
    ordered: Values
    count: npt.NDArray[np.int64]
    usual: Values
    lately: Values
    width: Values
    due: Values
    aim: float
    flood: Values
    at: int = 0

    def begin(self) -> None:
        """Another stream, or the same after a long silence: it is taken for a usual one until it has shown itself."""
        self.lately[:] = 1.0
        self.width[:] = 0.0
        self.due[:] = -1.0

    def step(self, now: float, members: Values, s: float, kind: int, floor: float) -> tuple[float, float, float]:
        """Learn from the forecast that fell due with `now` (NaN: not known) and make the next: point, low, high."""
        out = np.empty(3)
        _step(
            self.at, now, members, s, kind, floor, self.aim, self.flood, self.loss, self.use, self.scores, self.ordered,
            self.count, self.usual, self.lately, self.width, self.due, out, NO_LINES, NO_LINES,
        )  # fmt: skip
        self.at += 1
        return float(out[0]), float(out[1]), float(out[2])

    def run(
        self, y: Values, members: Values, s: Values, kind: npt.NDArray[np.int64], floor: float, lines: Values = NO_LINES
    ) -> tuple[Values, Values]:
        """`step` for each row: (n, 3), and the probability of standing at or above each line, (n, lines)."""
        out, above = np.empty((len(y), 3)), np.empty((len(y), len(lines)))
        _run(
            self.at, y, members, s, kind, floor, self.aim, self.flood, self.loss, self.use, self.scores, self.ordered,
            self.count, self.usual, self.lately, self.width, self.due, out, lines, above,
        )  # fmt: skip
        self.at += len(y)
        return out, above

    def errors(self, kind: int, scale: float) -> Values:
        """Past errors of this kind of water at this scale and width, signed."""
        seen = self.scores[kind, : min(POOL, int(self.count[kind]))] * scale
        return np.asarray(seen * np.where(seen > 0.0, *np.exp(self.width[kind, ::-1])), np.float64)

    def last(self) -> tuple[int, float]:
        """Kind of water (-1: no forecast) and scale of the last forecast."""
        kind, _, scale = self.due[(self.at - 1) % len(self.due), :3]
        return int(kind), float(scale)


def fresh(members: int, lead: int, loss: Values, use: npt.NDArray[np.bool_], coverage: float) -> Mix:
    scores, ordered, count = np.zeros((KINDS, POOL)), np.zeros((KINDS, POOL)), np.zeros(KINDS, np.int64)
    made = Mix(
        loss.copy(), use, scores, ordered, count, np.ones(KINDS), np.empty(1), np.empty((KINDS, 2)),
        np.empty((lead, 6 + members)), (1.0 - coverage) / 2.0, np.maximum(loss[:, 0], 1e-9),
    )  # fmt: skip
    made.begin()
    return made


@njit(error_model="numpy")
def _place(ordered: Values, n: int, score: float) -> int:
    """How many of the first `n` are below `score` (numpy's search costs ten seconds to compile)."""
    low, high = 0, n
    while low < high:
        middle = (low + high) // 2
        if ordered[middle] < score:
            low = middle + 1
        else:
            high = middle
    return low


@njit(error_model="numpy")
def _keep(scores: Values, ordered: Values, count: int, score: float) -> None:
    """The newest score in the place of the oldest, and into its place in order."""
    n = min(count, POOL)
    if count >= POOL:
        for i in range(_place(ordered, n, scores[count % POOL]), n - 1):
            ordered[i] = ordered[i + 1]
        n -= 1
    at = _place(ordered, n, score)
    for i in range(n, at, -1):
        ordered[i] = ordered[i - 1]
    ordered[at] = score
    scores[count % POOL] = score


@njit(error_model="numpy")
def _end(ordered: Values, n: int, miss: float, side: float) -> float:
    """The score beyond which a share `miss` lies on that side, split conformal: rank (n + 1)(1 - miss); wider than any
    seen where less than one in n + 1 may lie outside."""
    rank = int(np.ceil((n + 1) * (1.0 - miss)))
    if rank > n:
        far = ordered[n - 1] if side > 0 else ordered[0]
        return far * WIDEN if far * side > 0 else far
    return ordered[rank - 1] if side > 0 else ordered[n - rank]


@njit(error_model="numpy")
def _aimed(aim: float, kind: int) -> float:
    return aim * RISING if kind == RISES else aim


@njit(error_model="numpy")
def _learn(
    now: float, due: Values, aim: float, flood: Values, loss: Values, scores: Values, ordered: Values,
    count: npt.NDArray[np.int64], usual: Values, lately: Values, width: Values,
) -> None:  # fmt: skip
    """From one forecast (a row of `due`) whose outcome is `now`."""
    was, n = int(due[0]), due.shape[0] - 6
    if abs(due[5] - now) >= flood[was]:
        for m in range(n):
            e = abs(due[5 + m] - now)
            if not np.isnan(e):
                loss[was, m] += FORGET * (e - loss[was, m])
    missed = now - due[5 + n]
    size = abs(missed) / due[1]
    usual[was] += max(1.0 / (count[was] + 1), 0.001) * (size - usual[was])
    lately[0] += LATELY * (size / max(usual[was], 1e-12) - lately[0])
    score, want = missed / due[2], _aimed(aim, was)
    step = RISING_STEP if was == RISES else STEP
    for side in range(2):
        if due[3 + side] > 0.0:
            beyond = (score if side == 1 else -score) > due[3 + side] * np.exp(width[was, side])
            width[was, side] = min(max(width[was, side] + step * (beyond - want), LEAST), MOST)
    _keep(scores[was], ordered[was], count[was], score)
    count[was] += 1


@njit(error_model="numpy")
def _mixed(members: Values, loss: Values, use: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """The point, NaN if nobody forecasts, and the members' mean distance from it."""
    total, point, far, spoke = 0.0, 0.0, 0.0, 0
    for m in range(members.shape[0]):
        if use[m] and not np.isnan(members[m]):
            w = (loss[m] + 1e-9) ** -POWER
            total += w
            point += w * members[m]
    if total <= 0.0:
        return np.nan, np.nan
    point /= total
    for m in range(members.shape[0]):
        if use[m] and not np.isnan(members[m]):
            far += abs(members[m] - point)
            spoke += 1
    return point, far / spoke


@njit(error_model="numpy")
def _step(
    at: int, now: float, members: Values, s: float, kind: int, floor: float, aim: float, flood: Values,
    loss: Values, use: npt.NDArray[np.bool_], scores: Values, ordered: Values, count: npt.NDArray[np.int64],
    usual: Values, lately: Values, width: Values, due: Values, out: Values, lines: Values, above: Values,
) -> None:  # fmt: skip
    lead, n = due.shape[0], members.shape[0]
    slot = at % lead
    if due[slot, 0] >= 0.0 and not np.isnan(now):
        _learn(now, due[slot], aim, flood, loss, scores, ordered, count, usual, lately, width)
    due[slot, 0] = -1.0
    out[:] = np.nan
    above[:] = np.nan
    point, apart = _mixed(members, loss[kind], use)
    if np.isnan(point) or np.isnan(s):
        return
    pace = (s + (abs(point - members[0]) + SPREAD * apart) / lead) ** SHARE * (flood[kind] / lead) ** (1.0 - SHARE)
    scale = pace * lately[0] ** LOCAL
    seen = min(count[kind], POOL)
    below = beyond = -1.0
    low = high = WIDEN * scale * lead
    if seen >= 20:
        below = -_end(ordered[kind], seen, _aimed(aim, kind), -1.0)
        beyond = _end(ordered[kind], seen, _aimed(aim, kind), 1.0)
        below, beyond = max(below, NEAR * beyond), max(beyond, NEAR * below)
        low, high = below * np.exp(width[kind, 0]) * scale, beyond * np.exp(width[kind, 1]) * scale
    out[0], out[1], out[2] = point, point - max(low, floor), point + max(high, floor)
    due[slot, 0], due[slot, 1], due[slot, 2], due[slot, 3], due[slot, 4] = kind, pace, scale, below, beyond
    for m in range(n):
        due[slot, 5 + m] = members[m]
    due[slot, 5 + n] = point
    for k in range(len(lines)):
        if seen > 0:
            off = (lines[k] - point) / scale
            off /= np.exp(width[kind, 1 if off > 0.0 else 0])
            above[k] = 1.0 - _place(ordered[kind], seen, off) / seen


@njit(error_model="numpy")
def _run(
    at: int, y: Values, members: Values, s: Values, kind: npt.NDArray[np.int64], floor: float, aim: float,
    flood: Values, loss: Values, use: npt.NDArray[np.bool_], scores: Values, ordered: Values,
    count: npt.NDArray[np.int64], usual: Values, lately: Values, width: Values, due: Values, out: Values,
    lines: Values, above: Values,
) -> None:  # fmt: skip
    for t in range(len(y)):
        _step(
            at + t, y[t], members[t], s[t], kind[t], floor, aim, flood, loss, use, scores, ordered, count, usual,
            lately, width, due, out[t], lines, above[t],
        )  # fmt: skip
