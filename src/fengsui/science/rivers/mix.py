"""Members weighted by what they missed, and an interval that is right as often as it says: one lead of one station.

Weights are (mean absolute error) ^ -POWER, apart for water that stands, rises and falls. They begin with the errors on
floods held back and forget them by FORGET an outcome; outcomes that moved less than a flood's mean teach nothing (on
the training sides of Annagh, Kent, Walnut Creek, Tokachi and Han, POWER 8 of 2 to 16 and this FORGET missed least).
Interval: adaptive conformal (Gibbs & Candes 2021, eq. 2), each end for itself, on error / s, s the stream's own pace,
of the last POOL outcomes of the same kind of water. An outcome counts once it is known, `lead` steps after its
forecast.
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
GAMMA = 0.02
"""Step of the adaptation, as in the paper's experiments with slow drift."""
SHARE = 0.7
"""Power of the pace that errors are measured by, the rest a flood's mean pace: 1 gave ends twice as wide on rises
(errors of calm water, divided by next to nothing, became a flood's quantiles), 0.5 left a fifth of them outside."""
RISING = 0.5
"""Share of the misses that is aimed at while water rises: the next flood rises unlike those before."""
WIDEN = 1.5
"""Over the widest error seen, where more than that is asked for."""


@dataclass(slots=True)
class Mix:
    """`loss` (KINDS, members): mean absolute error by kind of water, `flood` what persistence missed; `use` (members,);
    `scores` (KINDS, POOL) signed, newest overwrite oldest, and the same `ordered`; `count` (KINDS,): outcomes seen;
    `miss` (KINDS, 2): share aimed at now below and above, `aim` in the long run; `due` (lead, 5 + members): forecasts
    whose outcome is not known: kind (-1 none), pace, low, high, then members, the point last."""

    loss: Values
    use: npt.NDArray[np.bool_]
    scores: Values
    ordered: Values
    count: npt.NDArray[np.int64]
    miss: Values
    due: Values
    aim: float
    flood: Values
    at: int = 0

    def step(self, now: float, members: Values, s: float, kind: int, floor: float) -> tuple[float, float, float]:
        """Learn from the forecast that fell due with `now` (NaN: not known) and make the next: point, low, high."""
        out = np.empty(3)
        _step(
            self.at, now, members, s, kind, floor, self.aim, self.flood, self.loss, self.use, self.scores, self.ordered,
            self.count, self.miss, self.due, out, NO_LINES, NO_LINES,
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
            self.count, self.miss, self.due, out, lines, above,
        )  # fmt: skip
        self.at += len(y)
        return out, above

    def errors(self, kind: int, lead_pace: float) -> Values:
        """Past errors of this kind of water at this pace, signed."""
        return self.scores[kind, : min(POOL, int(self.count[kind]))] * lead_pace

    def last(self) -> tuple[int, float]:
        """Kind of water (-1: no forecast) and pace of the last forecast."""
        kind, s = self.due[(self.at - 1) % len(self.due), :2]
        return int(kind), float(s)


def fresh(members: int, lead: int, loss: Values, use: npt.NDArray[np.bool_], coverage: float) -> Mix:
    due, aim = np.full((lead, 5 + members), -1.0), (1.0 - coverage) / 2.0
    miss = np.full((KINDS, 2), aim)
    miss[RISES] *= RISING
    scores, ordered, count = np.zeros((KINDS, POOL)), np.zeros((KINDS, POOL)), np.zeros(KINDS, np.int64)
    return Mix(loss.copy(), use, scores, ordered, count, miss, due, aim, np.maximum(loss[:, 0], 1e-9))


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
def _step(
    at: int, now: float, members: Values, s: float, kind: int, floor: float, aim: float, flood: Values,
    loss: Values, use: npt.NDArray[np.bool_], scores: Values, ordered: Values, count: npt.NDArray[np.int64],
    miss: Values, due: Values, out: Values, lines: Values, above: Values,
) -> None:  # fmt: skip
    slot, n = at % due.shape[0], members.shape[0]
    was = int(due[slot, 0])
    if was >= 0 and not np.isnan(now):
        if abs(due[slot, 4] - now) >= flood[was]:
            for m in range(n):
                e = abs(due[slot, 4 + m] - now)
                if not np.isnan(e):
                    loss[was, m] += FORGET * (e - loss[was, m])
        _keep(scores[was], ordered[was], count[was], (now - due[slot, 4 + n]) / due[slot, 1])
        count[was] += 1
        want = aim * RISING if was == RISES else aim
        miss[was, 0] = min(max(miss[was, 0] + GAMMA * (want - (now < due[slot, 2])), -0.1), 0.4)
        miss[was, 1] = min(max(miss[was, 1] + GAMMA * (want - (now > due[slot, 3])), -0.1), 0.4)
    total, point = 0.0, 0.0
    for m in range(n):
        if use[m] and not np.isnan(members[m]):
            w = (loss[kind, m] + 1e-9) ** -POWER
            total += w
            point += w * members[m]
    due[slot, 0] = -1.0
    out[:] = np.nan
    above[:] = np.nan
    if total <= 0.0 or np.isnan(s):
        return
    point /= total
    pace = (s + abs(point - members[0]) / due.shape[0]) ** SHARE * (flood[kind] / due.shape[0]) ** (1.0 - SHARE)
    seen = min(count[kind], POOL)
    low = high = WIDEN * pace * due.shape[0]
    if seen >= 20:
        low = -_end(ordered[kind], seen, miss[kind, 0], -1.0) * pace
        high = _end(ordered[kind], seen, miss[kind, 1], 1.0) * pace
    out[0], out[1], out[2] = point, point - max(low, floor), point + max(high, floor)
    due[slot, 0], due[slot, 1], due[slot, 2], due[slot, 3] = kind, pace, out[1], out[2]
    for m in range(n):
        due[slot, 4 + m] = members[m]
    due[slot, 4 + n] = point
    for k in range(len(lines)):
        if seen > 0:
            above[k] = 1.0 - _place(ordered[kind], seen, (lines[k] - point) / pace) / seen


@njit(error_model="numpy")
def _run(
    at: int, y: Values, members: Values, s: Values, kind: npt.NDArray[np.int64], floor: float, aim: float,
    flood: Values, loss: Values, use: npt.NDArray[np.bool_], scores: Values, ordered: Values,
    count: npt.NDArray[np.int64], miss: Values, due: Values, out: Values, lines: Values, above: Values,
) -> None:  # fmt: skip
    for t in range(len(y)):
        _step(
            at + t, y[t], members[t], s[t], kind[t], floor, aim, flood, loss, use, scores, ordered, count, miss, due,
            out[t], lines, above[t],
        )  # fmt: skip
