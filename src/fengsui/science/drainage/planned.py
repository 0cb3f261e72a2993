"""A plausible sewer network for an illustrative district, from its streets and terrain. Made up, seeded, and said so.

Manholes along the streets; water takes the cheapest way down to a low place; the ground nearest to a manhole drains to
it; pipes by the rational method, Q = psi q F (GB 50014 [G]), Manning, crowns matched. No survey is behind it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from fengsui.science.contract import Remark, within
from fengsui.science.drainage.network import Manhole, Network, Outfall, Pipe, Subcatchment
from fengsui.science.rain.formula import Formula

Values = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]
DIAMETERS_M = (0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.2, 1.5, 1.8, 2.0, 2.4, 3.0)
"""Sizes of concrete pipes in common use [G]."""
ROUGHNESS = 0.013
RUNOFF = 0.65
"""psi: share of the rain that a built-up area drains at the peak [G]."""
SLOWEST_M_S = 0.75
"""Of a full storm pipe, below which it silts up [G: GB 50014]."""
COVER_M = 0.7
"""Ground above a crown under a carriageway [G: GB 50014]. Shenyang's frost goes deeper [U]."""
INLET_MIN = 10.0
"""Time from the roof to the pipe [G: GB 50014, 5 to 15 min]."""
LEAST_DROP_M = 0.005
"""Of any pipe: levels are told in millimetres, and a short wide one needs less than that."""
REACH_M = 200.0
"""Ground farther from every manhole drains elsewhere [U]."""
UPHILL = 60.0
"""How much longer a street seems for each metre a metre that it rises against the flow [U]."""
DEEP_M = 8.0


@dataclass(frozen=True, slots=True)
class Terrain:
    """`bed_m` (rows, columns), row 0 in the north; its north-western corner on the streets' plane. NaN: unknown."""

    bed_m: Values
    cell_m: float
    west_m: float = 0.0
    north_m: float = 0.0

    def __post_init__(self) -> None:
        if self.bed_m.ndim != 2 or not np.isfinite(self.bed_m).any():
            raise ValueError("the terrain is a grid of heights")
        within("cell_m", self.cell_m, 0.1, 1000.0, unit="m", why="larger cells show no streets")

    def at(self, x_m: Values, y_m: Values) -> Values:
        """Height of the cell of each place, NaN outside."""
        rows, columns = self.bed_m.shape
        row = np.floor((self.north_m - y_m) / self.cell_m).astype(np.intp)
        column = np.floor((x_m - self.west_m) / self.cell_m).astype(np.intp)
        inside = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
        return np.where(inside, self.bed_m[row.clip(0, rows - 1), column.clip(0, columns - 1)], np.nan)


@dataclass(frozen=True, slots=True)
class Planned:
    """`x_m`, `y_m` of the streets' junctions; `starts`, `stops`: a street's two, by their places among these.

    Pipes for `return_period_a` of `formula`; `outfalls` low places where the water leaves; manholes no farther apart
    than `spacing_m`. `seed` draws what is impervious.
    """

    x_m: Values
    y_m: Values
    starts: Values
    stops: Values
    terrain: Terrain
    formula: Formula
    return_period_a: float = 3.0
    outfalls: int = 1
    spacing_m: float = 60.0
    seed: int = 1

    def __post_init__(self) -> None:
        if self.x_m.shape != self.y_m.shape or self.starts.shape != self.stops.shape or self.x_m.ndim != 1:
            raise ValueError("x_m and y_m, and starts and stops, are of one length")
        ends = np.concatenate([self.starts, self.stops])
        if not len(ends) or ends.min() < 0 or ends.max() >= len(self.x_m) or (ends != np.floor(ends)).any():
            raise ValueError("streets lead from one junction to another")
        within("outfalls", self.outfalls, 1, 1000, why="the water has to leave")
        within("spacing_m", self.spacing_m, 20.0, 200.0, unit="m", why="manholes stand 20 to 200 m apart")
        self.formula.intensity(INLET_MIN, self.return_period_a)  # refuses what it was not fitted for


@dataclass(frozen=True, slots=True)
class _Tree:
    """Manholes and the way of their water: `down` the next one, -1 at an outfall; `order` from the farthest on."""

    x: Values
    y: Values
    z: Values
    down: Places
    length: Values
    order: Places


def plan(asked: Planned) -> tuple[Network, tuple[Remark, ...]]:
    """The network, and that it is made up. Raises ValueError where no street lies on the terrain."""
    tree = _tree(asked)
    area = _areas(asked.terrain, tree)
    network, deepest = _sized(asked, tree, area)
    return network, (*_remarks(deepest), *asked.formula.remarks())


def _remarks(deepest: float) -> tuple[Remark, ...]:
    made = Remark(
        "drainage.planned",
        "管网为示意：由街道与地形按推理公式法生成，非实测，不可用于判断具体地点",
        "This network is made up from streets and terrain by the rational method: it says nothing of any real place",
        "U",
    )
    if deepest <= DEEP_M:
        return (made,)
    deep = Remark(
        "drainage.planned_deep",
        f"示意管网最深 {deepest:.1f} 米：地形过平，实际会设泵站",
        f"The made-up network lies {deepest:.1f} m deep: ground so flat would have pumping stations",
        "U",
    )
    return made, deep


def _tree(asked: Planned) -> _Tree:
    x, y, one, other = _manholes(asked)
    z = asked.terrain.at(x, y)
    length = np.hypot(x[one] - x[other], y[one] - y[other])
    known = np.isfinite(z[one]) & np.isfinite(z[other]) & (length > 1.0)
    one, other, length = one[known], other[known], length[known]
    if not len(one):
        raise ValueError("no street lies on the terrain")
    # Searched from the outfalls outward: water comes back along each edge.
    rise = [np.maximum(z[a] - z[b], 0.0) for a, b in ((one, other), (other, one))]
    cost = np.concatenate([length + UPHILL * each for each in rise])
    ends = np.concatenate([one, other]), np.concatenate([other, one])
    graph = coo_matrix((cost, ends), shape=(len(x), len(x))).tocsr()
    outlets = _outlets(asked, x, y, z, np.unique(np.concatenate(ends)))
    far, down, _ = dijkstra(graph, indices=outlets, min_only=True, return_predecessors=True)
    kept = np.flatnonzero(np.isfinite(far))
    number = np.full(len(x), -1, np.intp)
    number[kept] = np.arange(len(kept))
    down = np.where(down[kept] < 0, -1, number[np.maximum(down[kept], 0)])
    x, y, z = x[kept], y[kept], z[kept]
    long = np.hypot(x - x[down], y - y[down])
    return _Tree(x, y, z, down, long, np.argsort(-far[kept], kind="stable"))


def _manholes(asked: Planned) -> tuple[Values, Values, Places, Places]:
    """Junctions and places between them, and the stretches from one to the next."""
    starts, stops = asked.starts.astype(np.intp), asked.stops.astype(np.intp)
    xs, ys = list(asked.x_m.astype(np.float64)), list(asked.y_m.astype(np.float64))
    one: list[int] = []
    other: list[int] = []
    for a, b in zip(starts.tolist(), stops.tolist(), strict=True):
        parts = max(1, int(np.ceil(np.hypot(xs[a] - xs[b], ys[a] - ys[b]) / asked.spacing_m)))
        chain = [a, *range(len(xs), len(xs) + parts - 1), b]
        for part in range(1, parts):
            xs.append(xs[a] + (xs[b] - xs[a]) * part / parts)
            ys.append(ys[a] + (ys[b] - ys[a]) * part / parts)
        one += chain[:-1]
        other += chain[1:]
    return np.array(xs), np.array(ys), np.array(one, np.intp), np.array(other, np.intp)


def _outlets(asked: Planned, x: Values, y: Values, z: Values, on_streets: Places) -> Places:
    """The lowest place, then by turns the one of the lowest tenth that is farthest from all chosen."""
    low = on_streets[np.argsort(z[on_streets], kind="stable")][: max(asked.outfalls, len(on_streets) // 10)]
    chosen = [int(low[0])]
    while len(chosen) < min(asked.outfalls, len(low)):
        away = np.min([np.hypot(x[low] - x[each], y[low] - y[each]) for each in chosen], axis=0)
        chosen.append(int(low[away.argmax()]))
    return np.array(chosen, np.intp)


def _areas(terrain: Terrain, tree: _Tree) -> Values:
    """m2 of the terrain nearest to each manhole."""
    row, column = np.nonzero(np.isfinite(terrain.bed_m))
    places = np.column_stack(
        [terrain.west_m + (column + 0.5) * terrain.cell_m, terrain.north_m - (row + 0.5) * terrain.cell_m]
    )
    far, nearest = cKDTree(np.column_stack([tree.x, tree.y])).query(places, distance_upper_bound=REACH_M)
    counts = np.bincount(nearest[np.isfinite(far)], minlength=len(tree.x))
    return np.asarray(counts * terrain.cell_m**2, np.float64)


def capacity(diameter_m: float, slope: float) -> float:
    """m3/s of a full round pipe (Manning)."""
    return float(np.pi / 4 * diameter_m**2 * (diameter_m / 4) ** (2 / 3) * slope**0.5 / ROUGHNESS)


def _size(flow: float, least_m: float, slope: float) -> tuple[float, float]:
    """The smallest pipe that carries the flow, no smaller than those above it, and the slope at which it does."""
    for diameter in DIAMETERS_M:
        own = max(slope, (SLOWEST_M_S * ROUGHNESS) ** 2 / (diameter / 4) ** (4 / 3))
        if diameter >= least_m - 1e-9 and capacity(diameter, own) >= flow:
            break
    return diameter, own


def _sized(asked: Planned, tree: _Tree, area: Values) -> tuple[Network, float]:
    """From the farthest manhole on: area and time of all above, flow, pipe, its crown below cover and the others."""
    count, draw = len(tree.x), np.random.default_rng(asked.seed)
    ground, late, least = area.copy(), np.full(count, INLET_MIN), np.full(count, DIAMETERS_M[0])
    crown = tree.z - COVER_M
    invert = np.zeros(count)
    pipes: list[Pipe] = []
    ends: list[Outfall] = []
    for at in tree.order.tolist():
        down = int(tree.down[at])
        long = float(tree.length[at]) if down >= 0 else 10.0
        below = float(tree.z[down]) if down >= 0 else float(tree.z[at])
        minutes = min(max(float(late[at]), asked.formula.t_min), asked.formula.t_max)
        flow = RUNOFF * ground[at] * asked.formula.intensity(minutes, asked.return_period_a) / 60_000
        diameter, slope = _size(flow, float(least[at]), (float(crown[at]) - below + COVER_M) / long)
        end = min(float(crown[at]) - max(slope * long, LEAST_DROP_M), below - COVER_M)
        invert[at] = crown[at] - diameter
        if down >= 0:
            ground[down] += ground[at]
            late[down] = max(late[down], late[at] + long / (capacity(diameter, slope) / (np.pi / 4 * diameter**2)) / 60)
            least[down], crown[down] = max(least[down], diameter), min(crown[down], end)
        else:
            ends.append(
                Outfall(f"P{len(ends) + 1}", float(tree.x[at]) + 10, float(tree.y[at]), round(end - diameter, 3))
            )
        stop = f"Y{down + 1}" if down >= 0 else ends[-1].code
        pipes.append(Pipe(
            f"G{at + 1}", f"Y{at + 1}", stop, long, diameter, roughness=ROUGHNESS,
            stop_invert_m=round(end - diameter, 3) if down >= 0 else None,
        ))  # fmt: skip
    rims = tree.z.round(3)
    manholes = tuple(
        Manhole(
            f"Y{n + 1}", float(tree.x[n]), float(tree.y[n]), float(np.floor(invert[n] * 1000) / 1000), float(rims[n])
        )
        for n in range(count)
    )
    sealed = draw.uniform(0.6, 0.85, count).round(3)
    grounds = tuple(
        Subcatchment(f"H{n + 1}", f"Y{n + 1}", float(area[n]), float(sealed[n])) for n in range(count) if area[n] >= 1
    )
    return Network(manholes, tuple(pipes), tuple(ends), grounds), float((tree.z - invert).max())
