"""Rain of the next hour.

From gauges alone nothing credible can be said about motion below some gauge per 10 km2 [U]: persistence that decays as
fast as it did on the gauges' own past, with quantiles of what was wrong then. From a radar: the shift between two
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
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
RIM = 0.1
"""Share of a picture's width over which it is tapered, half on each side, before its waves are compared."""
LEAST = 24
"""Steps of the past below which no decay is fitted."""


@dataclass(frozen=True, slots=True)
class Decay:
    """`kept`: share of the present rain that is still there after each lead, shape (leads,). `errors`: ratio of what
    came to what was told, at QUANTILES, shape (leads, 5); where it was dry, nothing is told but dry."""

    kept: Values
    errors: Values

    def forecast(self, now: Values) -> Values:
        """(leads, gauges, 5) quantiles from the rain of the last step, shape (gauges,), same unit."""
        told = self.kept[:, None] * now[None, :]
        return np.asarray(told[:, :, None] * self.errors[:, None, :], np.float64)


def fit_decay(past: Values, leads: int) -> Decay:
    """From rain a step, shape (steps, gauges), NaN where silent. Raises OutOfRange for a past too short."""
    steps = past.shape[0]
    within("steps", steps, LEAST + leads, None, why="a decay needs a past to be fitted to")
    kept, errors = np.empty(leads), np.empty((leads, len(QUANTILES)))
    for lead in range(1, leads + 1):
        now, then = past[:-lead], past[lead:]
        wet = np.isfinite(now) & np.isfinite(then) & (now > 0)
        total = now[wet].sum()
        # The ratio of sums minimises what is wrong in volume; a gauge that saw a drop does not outvote a storm.
        kept[lead - 1] = then[wet].sum() / total if total > 0 else 0.0
        told = kept[lead - 1] * now[wet]
        ratio = then[wet][told > 0] / told[told > 0]
        errors[lead - 1] = np.quantile(ratio, QUANTILES) if len(ratio) else 0.0
    return Decay(np.minimum(kept, 1.0), errors)


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
