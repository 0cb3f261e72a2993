"""A made-up district by a seed: ground that falls, a river, streets below their blocks, a railway with one underpass.

For benchmarks, examples and tests; no place is meant. Same seed, same district, whatever the machine.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from fengsui.science.contract import within
from fengsui.science.inundation.ground import Ground, Marks, Underpass, Values
from fengsui.science.inundation.town import Buildings, Road

FALL = 0.003
STREET_M, KERB_M = 12.0, 0.15
BLOCK_M = 110.0
RIVER_M, BANK_M = 30.0, 3.0
RAILWAY_M, DAM_M, DIP_M = 16.0, 4.0, 2.5
RAMP_M = 30.0
"""How far before and behind the railway its underpass goes down."""
PERSON_M2 = 40.0
ROUGH = {"green": 0.06, "paved": 0.016, "yard": 0.035, "river": 0.03}
"""Manning's n, s/m^(1/3). [G]"""


@dataclass(frozen=True, slots=True)
class District:
    """`ground` with its underpass; `river` True where it runs, from the west side to the east; `streets` as lines."""

    ground: Ground
    river: Marks
    streets: tuple[Road, ...]
    buildings: Buildings


def district(seed: int, rows: int, columns: int, cell_m: float) -> District:
    """At least a kilometre each way, and cells that a street has at least one of."""
    within("cell_m", cell_m, 0.5, STREET_M, unit="m", why="streets are twelve metres wide")
    within("rows", rows * cell_m, 1000.0, None, unit="m", why="a smaller district has no river and no railway")
    within("columns", columns * cell_m, 1000.0, None, unit="m", why="a smaller district has no river and no railway")
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:rows, 0:columns] * cell_m
    rough = gaussian_filter(random.standard_normal((rows, columns)), 60.0 / cell_m)
    middle = 0.7 * rows * cell_m + 40.0 * np.sin(2 * np.pi * x[0] / 700.0 + random.uniform(0, 2 * np.pi))
    away = np.abs(y - middle)  # the valley: higher away from the river, falling along it
    bed = 40.0 - FALL * x + 0.004 * away + 0.4 * rough / max(float(rough.std()), 1e-12)
    river = away < RIVER_M / 2
    along, across = _streets(random, rows * cell_m, BLOCK_M), _streets(random, columns * cell_m, BLOCK_M)
    paved = _near(y, along) | _near(x, across)
    ids, people = _houses(random, paved | (away < RIVER_M), cell_m)
    built = ids > 0
    bed = np.where(paved, bed - KERB_M, bed)
    bed = np.where(river, bed - BANK_M * (1 - (away / (RIVER_M / 2)) ** 4), bed)
    railway = (across[len(across) // 2] + across[len(across) // 2 + 1]) / 2
    dam = np.abs(x - railway) < RAILWAY_M / 2
    ids, built = np.where(dam, 0, ids), built & ~dam
    street = bed.copy()
    bed = np.where(dam & ~river, bed + DAM_M, bed)  # the river passes below a bridge that the terrain does not show
    below = _underpass(street, bed, built, along[1], railway, cell_m)
    kinds = np.select([river, paved, dam], [ROUGH["river"], ROUGH["paved"], ROUGH["yard"]], ROUGH["green"])
    lines = [_line(f"EW{n}", at, 0.0, columns * cell_m, cell_m, down=False) for n, at in enumerate(along)]
    lines += [_line(f"NS{n}", at, 0.0, rows * cell_m, cell_m, down=True) for n, at in enumerate(across)]
    ground = Ground(bed, kinds, cell_m, built, below)
    return District(ground, river, tuple(lines), Buildings(ids.astype(np.float64), people))


def _streets(random: np.random.Generator, length_m: float, block_m: float) -> Values:
    """Middles of streets that run one way, each a tenth of a block from where a ruler would have it."""
    count = int(length_m / block_m)
    places: Values = (np.arange(count) + 0.5) * length_m / count + random.uniform(-0.1, 0.1, count) * block_m
    return places


def _near(at: Values, streets: Values) -> Marks:
    """Cells within half a street's width of the nearest one."""
    ordered = np.asarray(streets)
    right = np.clip(np.searchsorted(ordered, at), 1, len(ordered) - 1)
    near: Marks = np.minimum(np.abs(at - ordered[right - 1]), np.abs(at - ordered[right])) < STREET_M / 2
    return near


def _houses(random: np.random.Generator, open_ground: Marks, cell_m: float) -> tuple[Values, Values]:
    """Numbers of the houses' cells and people in each: up to 30 m square, two cells off the street."""
    rows, columns = open_ground.shape
    ids, areas = np.zeros(open_ground.shape), []
    gap, step = max(1, round(4.0 / cell_m)), max(3, round(36.0 / cell_m))
    for r in range(gap, rows - step, step):
        for c in range(gap, columns - step, step):
            deep, wide = random.integers(max(1, step // 3), step - gap + 1, 2)
            around = np.s_[max(r - gap, 0) : r + deep + gap, max(c - gap, 0) : c + wide + gap]
            if random.random() < 0.75 and not open_ground[around].any() and not ids[around].any():
                areas.append(int(deep * wide))
                ids[r : r + deep, c : c + wide] = len(areas)
    return ids, np.floor(np.asarray(areas, float) * cell_m**2 * random.integers(1, 7, len(areas)) / PERSON_M2)


def _underpass(
    street: Values, bed: Values, built: Marks, at_m: float, railway_m: float, cell_m: float
) -> tuple[Underpass, ...]:
    """Columns of a street that goes down to below the railway and up again."""
    top = max(0, round((at_m - STREET_M / 2) / cell_m))
    bottom = max(top + 1, round((at_m + STREET_M / 2) / cell_m))
    found = []
    for column in range(bed.shape[1]):
        away = max(abs((column + 0.5) * cell_m - railway_m) - RAILWAY_M / 2, 0.0)
        if away < RAMP_M and not built[top:bottom, column].any():
            dip = float(street[top:bottom, column].min()) - DIP_M * (1 - away / RAMP_M)
            found.append(Underpass(top, bottom, column, column + 1, min(dip, float(bed[top:bottom, column].min()))))
    return tuple(found)


def _line(name: str, at: float, start: float, stop: float, cell_m: float, *, down: bool) -> Road:
    fixed, going = np.full(2, at / cell_m), np.array([start, stop]) / cell_m
    return Road(name, going, fixed) if down else Road(name, fixed, going)
