"""Rain of the next hour.

From gauges alone nothing credible can be said about motion below some gauge per 10 km2 [U]: persistence that decays as
rain as strong did on the gauges' own past, with the quantiles of what came then. From a radar: the shift between two
pictures by phase correlation (Kuglin & Hines 1975), carried on backwards along the motion (semi-Lagrangian).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import map_coordinates
from scipy.signal.windows import tukey

from fengsui.science.contract import within

Values = npt.NDArray[np.float64]
RIM = 0.1
"""Share of a picture's width over which it is tapered, half on each side, before its waves are compared."""
LEAST = 24
"""Steps of the past below which no decay is fitted."""
STRENGTHS = (0.5, 0.8)
"""Shares of the wet steps of a past that part light rain, rain and strong rain [U]."""
LEAST_ALIKE = 40
"""Wet steps of one strength, with what came after them, below which it is told together with the next lower one [U]."""
SHARES = tuple(round(0.01 * k, 2) for k in range(1, 100))
"""Quantiles that are kept of what came."""


@dataclass(frozen=True, slots=True)
class Showers:
    """Persistence that decays by how hard it rains now. One ratio for light and strong rain gives intervals that are
    twice as wide as need be for the strong and too narrow for the light one.

    pause: steps after the last wet one in which it may go on. edges: mm a step that part the strengths, rising.
    kept: share of all rain that is still there after each lead, shape (leads,). ratios: what came to what was, at
    SHARES, shape (1 + strengths, leads, 99), first of a pause; totals: the sum of all leads likewise,
    (1 + strengths, 99). most: the largest step and the largest sum that were seen: in a storm stronger than all before
    ratios of weaker rain would tell what never fell, so nothing is told beyond them but what falls now. wet: steps with
    rain that it was fitted to.
    """

    pause: int
    edges: Values
    kept: Values
    ratios: Values
    totals: Values
    most: tuple[float, float]
    wet: int

    def forecast(self, recent: Values) -> tuple[Values, Values] | None:
        """(leads, 99) and the sum's (99,), at SHARES, from the rain of the last steps, shape (steps,), NaN where
        silent. None where the last one is not known or it has not rained for `pause` steps."""
        base, strength = standing(recent[-self.pause :, None], self.pause, self.edges)
        now, which = float(base[-1, 0]), int(strength[-1, 0])
        if not now > 0:  # also where nothing is known
            return None
        most = max(self.most[1], now * float(self.kept.sum()))
        return self.told(np.array([now]), np.array([which]))[0], np.minimum(self.totals[which] * now, most)

    def told(self, now: Values, strength: npt.NDArray[np.intp]) -> Values:
        """At SHARES, shape (n, leads, 99), for n rains as `standing` gives them."""
        most = np.maximum(self.most[0], now)
        return np.asarray(np.minimum(self.ratios[strength] * now[:, None, None], most[:, None, None]), np.float64)


def standing(rain: Values, pause: int, edges: Values) -> tuple[Values, npt.NDArray[np.intp]]:
    """The rain that a forecast stands on and its strength (0: it pauses), both shape (steps, gauges): that of the step;
    where it is dry, the mean of the last `pause` steps; NaN where the step is silent."""
    known = np.isfinite(rain)
    wet = np.where(known, rain, 0.0)
    total, count = (np.cumsum(np.pad(each, ((pause, 0), (0, 0))), axis=0) for each in (wet, known.astype(np.float64)))
    mean = (total[pause:] - total[:-pause]) / np.maximum(count[pause:] - count[:-pause], 1.0)
    mean[mean < 1e-9 * (1.0 + total[pause:])] = 0.0  # what cancels leaves dust behind
    strength = np.where(wet > 0, 1 + np.searchsorted(edges, wet, side="left"), 0)
    return np.where(known, np.where(wet > 0, wet, mean), np.nan), strength.astype(np.intp)


def fit_showers(past: Values, leads: int, pause: int) -> Showers:
    """From rain a step, shape (steps, gauges), NaN where silent. Raises OutOfRange for a past too short or too dry."""
    within("steps", past.shape[0], LEAST + leads, None, why="a decay needs a past to be fitted to")
    found = past[np.isfinite(past) & (past > 0)]
    within("wet", len(found), LEAST_ALIKE, None, why="a decay needs rain to be fitted to")
    edges = np.unique(np.quantile(found, STRENGTHS))
    while True:
        base, strength = standing(past, pause, edges)
        rows, gauges = np.nonzero(np.nan_to_num(base[:-leads]) > 0)
        now, which = base[rows, gauges], strength[rows, gauges]
        then = past[rows[:, None] + np.arange(1, leads + 1), gauges[:, None]]
        known = np.isfinite(then).all(axis=1)
        now, which, then = now[known], which[known], then[known]
        many = np.bincount(which, minlength=len(edges) + 2)
        few = np.flatnonzero(many[1:] < LEAST_ALIKE)
        if not len(few) or not len(edges):
            break
        edges = np.delete(edges, max(int(few[-1]) - 1, 0))
    within("wet", int(many[1:].min()), LEAST_ALIKE, None, why="a decay needs rain to be fitted to")
    if many[0] < LEAST_ALIKE:  # a pause too rare to know: as of all rain
        which, now, then = np.r_[which, np.zeros_like(which)], np.r_[now, now], np.r_[then, then]
    kept = then[which > 0].sum(axis=0) / now[which > 0].sum()
    ratios, totals = [], []
    for k in range(len(edges) + 2):
        alike = which == k
        ratio = then[alike] / now[alike, None]
        ratios.append(np.quantile(ratio, SHARES, axis=0).T)
        totals.append(np.quantile(ratio.sum(axis=1), SHARES))
    most = float(found.max()), float(then.sum(axis=1).max())
    return Showers(pause, edges, kept, np.array(ratios), np.array(totals), most, int(many[1:].sum()))


def motion(before: Values, after: Values) -> tuple[float, float]:
    """Shift (rows, columns) a step between two pictures of equal shape, to a part of a cell."""
    # Only the rim is tapered: a window that falls from the middle weighs the near side of each cell more and shortens
    # its way (by a tenth to a third for cells away from the middle).
    window = np.outer(tukey(before.shape[0], RIM), tukey(before.shape[1], RIM))
    first, second = (np.fft.rfft2(each * window) for each in (before, after))
    cross = second * np.conj(first)
    size = np.abs(cross)
    # Where both have no power the phase is noise: such waves count less.
    plane = np.fft.irfft2(cross / np.maximum(size, 0.1 * size.max() + 1e-300), s=before.shape)
    row, column = np.unravel_index(int(np.argmax(plane)), plane.shape)
    return _part(plane[:, column], int(row)), _part(plane[row, :], int(column))


def _part(line: Values, best: int) -> float:
    """The top of a parabola through the best place and its neighbours; places beyond the middle are negative shifts."""
    n = len(line)
    left, middle, right = line[best - 1], line[best], line[(best + 1) % n]
    bend = left - 2.0 * middle + right
    place = best + (0.5 * (left - right) / bend if bend < 0 else 0.0)
    return float(place - n if place > n / 2 else place)


def carry(picture: Values, shift: tuple[float, float], leads: int) -> Values:
    """(leads, rows, columns): each cell takes what was upwind of it; what comes from outside the picture is NaN."""
    rows, columns = np.indices(picture.shape, dtype=np.float64)
    told = np.empty((leads, *picture.shape))
    for lead in range(1, leads + 1):
        from_where = [rows - lead * shift[0], columns - lead * shift[1]]
        told[lead - 1] = map_coordinates(picture, from_where, order=1, mode="constant", cval=np.nan)
    return told
