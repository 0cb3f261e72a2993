"""A flood over sewers: the grid and SWMM side by side, exchanging what goes down and comes up every few seconds.

Each interval both sides are looked at, the flow of every opening is set, its volume is taken from (or put on) its cell
at once and handed to SWMM as a flow held for the interval; then both run to the interval's end, at the same time. A
volume is taken at once, not while the grid runs, so that it is surely there: what was promised to the pipes is given.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fengsui.kernel.errors import Invalid
from fengsui.science.contract import OutOfRange, within
from fengsui.science.drainage import mouths
from fengsui.science.drainage.child import Simulation, Taken, proved
from fengsui.science.drainage.engine import Facts, Output, State
from fengsui.science.drainage.exchange import Held, Opening, Values, law, pond, shared
from fengsui.science.drainage.ledger import Ledger
from fengsui.science.drainage.mouths import Mouth
from fengsui.science.drainage.project import Project, option, with_option
from fengsui.science.drainage.street import street
from fengsui.science.drainage.units import FLOWS, Units
from fengsui.science.inundation.asked import Flood
from fengsui.science.inundation.ground import Marks

AREA_OFF = 0.05
"""Share by which the cells whose rain the sewers take may differ from their catchments."""


@dataclass(frozen=True, slots=True)
class Dual:
    """A project, the flood above it, what joins them: `openings`, and `mouths`, the outfalls that feel the flood.

    `interval_s`: 1 to 5. `piped`: cells whose rain SWMM's catchments take; it does not fall on the grid as well.
    """

    flood: Flood
    project: Project
    openings: tuple[Opening, ...]
    interval_s: int = 2
    piped: Marks | None = None
    mouths: tuple[Mouth, ...] = ()

    def __post_init__(self) -> None:
        within("interval_s", self.interval_s, 1, 5, unit="s", why="longer, and full pipes swing")
        if self.flood.precision == "float32" and self.flood.rain is not None:
            within("interval_s", self.interval_s, 2, 5, unit="s", why="rain of a second is lost in single precision")
        rows, columns = self.flood.ground.bed_m.shape
        built = self.flood.ground.built
        if not self.openings and not self.mouths:
            raise ValueError("no opening and no outfall: nothing is exchanged")
        for each in self.joined:
            if not (0 <= each.row < rows and 0 <= each.column < columns):
                raise ValueError(f"the opening of {each.node} lies outside of the grid")
            if built is not None and built[each.row, each.column]:
                raise ValueError(f"the opening of {each.node} lies under a building")
        if len({each.node for each in self.mouths}) < len(self.mouths):
            raise ValueError("an outfall has one cell")
        for name in ("look_s", "until_s"):
            if getattr(self.flood, name) % self.interval_s:
                raise OutOfRange(
                    name, getattr(self.flood, name), unit="s", why="it must be a whole number of exchange intervals"
                )
        if self.piped is not None and self.piped.shape != (rows, columns):
            raise ValueError("piped is of the shape of the bed")
        if option(self.project, "FLOW_ROUTING", "ROUTING") != "DYNWAVE":
            raise ValueError("water comes up by FLOW_ROUTING DYNWAVE only")

    @property
    def joined(self) -> tuple[Opening | Mouth, ...]:
        """All at whose cells water passes, openings first."""
        return (*self.openings, *self.mouths)


@dataclass(slots=True)
class Places:
    """The openings as arrays. `cells`: flat places, each once; `cell`: of each opening among them; nodes likewise.
    `mouth`: of each outfall on the grid among the cells."""

    cells: npt.NDArray[np.intp]
    cell: npt.NDArray[np.intp]
    mouth: npt.NDArray[np.intp]
    nodes: tuple[str, ...]
    node: npt.NDArray[np.intp]
    area: Values
    perimeter: Values
    crest: Values
    lowest: Values
    """Crest of each node: of the lowest of its openings."""
    pond: Values
    """m2 of the water above it."""

    @classmethod
    def of(cls, dual: Dual) -> Places:
        bed, each = dual.flood.ground.floor_m(), dual.openings
        flat = np.array([one.row * bed.shape[1] + one.column for one in dual.joined], np.intp)
        cells, cell = np.unique(flat, return_inverse=True)
        nodes, node = np.unique(np.array([one.node for one in each], np.str_), return_inverse=True)
        open_share = np.array([1 - one.clogged for one in each])
        area = np.array([one.area_m2 for one in each]) * open_share
        crest = np.array([bed[one.row, one.column] if one.crest_m is None else one.crest_m for one in each])
        lowest = np.full(len(nodes), np.inf)
        np.minimum.at(lowest, node, crest)
        return cls(
            cells, cell[: len(each)], cell[len(each) :], tuple(map(str, nodes)), node, area,
            np.array([one.perimeter_m for one in each]) * open_share,
            crest, lowest, np.maximum(np.bincount(node, pond(area, dual.interval_s), len(nodes)), 1.0),
        )  # fmt: skip


class Both:
    """The two under way. `advance` as a `Run`; `finish` gives SWMM's output. Use as a context."""

    def __init__(self, dual: Dual) -> None:
        self.dual, self.places = dual, Places.of(dual)
        self.run = street(dual.flood, self.places.cells, dual.piped)
        self.run.exchange = self.exchange
        others = option(dual.project, "ALLOW_PONDING") == "YES"
        self.pipes = [mouths.ends(dual.project, each.node) for each in dual.mouths]
        taken = Taken(
            self.places.nodes, self.places.lowest, self.places.pond, others,
            tuple(each.node for each in dual.mouths), tuple(other for other, _ in self.pipes),
        )  # fmt: skip
        self.simulation = Simulation(with_option(dual.project, "ALLOW_PONDING", "YES"), taken)
        try:
            self.facts = self.simulation.opened()
            self._fits(self.facts)
            self.simulation.go()
            self._stands(self.simulation.state())
        except BaseException:
            self.simulation.end()
            raise
        self.held = Held(np.zeros(len(dual.openings)))
        self.owed = np.zeros(len(self.places.cells))
        self.under_way = False
        self.down = self.up = 0.0
        self.passed = np.zeros(len(dual.openings))
        """m3 of each opening, down less up."""
        self.most_down = np.zeros(len(dual.openings))
        self.most_up = np.zeros(len(dual.openings))

    def __enter__(self) -> Both:
        return self

    def __exit__(self, *_: object) -> None:
        self.simulation.end()

    def _fits(self, facts: Facts) -> None:
        dual, index = self.dual, {each: n for n, each in enumerate(facts.node_ids)}
        for each in self.places.nodes:
            if each not in index:
                raise Invalid("science.case.refused", field="openings", why=f"the project has no node {each}")
            if facts.kinds[index[each]] == "outfall":
                raise Invalid("science.case.refused", field="openings", why=f"{each} is an outfall")
        within(
            "until_s", dual.flood.until_s, None, facts.duration_s, unit="s", why="the project's own time ends before"
        )
        self.place = np.array([index[each] for each in self.places.nodes], np.intp)
        self.basin = np.array([facts.kinds[place] == "storage" for place in self.place], np.bool_)
        self.invert = facts.invert_m[self.place]
        self.rim = self.invert + facts.full_m[self.place]
        deep = self.places.crest - self.invert[self.places.node]
        if (deep <= 0).any():
            worst = int(deep.argmin())
            raise OutOfRange(
                f"openings[{worst}].crest_m", float(self.places.crest[worst]),
                low=float(self.invert[self.places.node[worst]]), unit="m",
                why=f"the ground lies below the bottom of {dual.openings[worst].node}; are both of one datum?",
            )  # fmt: skip
        self.mouths = self._mouths(facts, index)
        self._rain_once(float(facts.area_m2.sum()))

    def _mouths(self, facts: Facts, index: dict[str, int]) -> mouths.Held:
        bed, length = self.dual.flood.ground.floor_m(), Units(FLOWS.index(facts.units)).length_m
        return mouths.Held(
            self.places.mouth,
            np.array([bed[each.row, each.column] if each.sill_m is None else each.sill_m for each in self.dual.mouths]),
            facts.invert_m[np.array([index[each.node] for each in self.dual.mouths], np.intp)],
            np.array([widest for _, widest in self.pipes]) * length**2,
        )

    def _rain_once(self, catchments_m2: float) -> None:
        """Rain on a cell goes onto the grid or into the sewers' catchments, not both."""
        flood, piped = self.dual.flood, self.dual.piped
        rained = flood.rain is not None and float(flood.rain.depth_m.sum()) > 0
        if not rained or not catchments_m2 or option(self.dual.project, "IGNORE_RAINFALL") == "YES":
            return
        cells_m2 = 0.0 if piped is None else float(piped.sum()) * flood.ground.cell_m**2
        within(
            "piped", cells_m2, catchments_m2 * (1 - AREA_OFF), catchments_m2 * (1 + AREA_OFF), unit="m2",
            why="rain enters once: these cells' rain is the catchments', or the project says IGNORE_RAINFALL YES",
        )  # fmt: skip

    def advance(self, to_s: float, told: Callable[[float], None] | None = None) -> None:
        """As `Run.advance`. Raises Failed or Lost, too."""
        self.run.advance(to_s, told)
        self.arrive()

    def arrive(self) -> None:
        """Wait for SWMM to be where the grid is; what left the outfalls meanwhile stands on their cells."""
        if self.under_way:
            state = self.simulation.state()
            self._stands(state)
            self.under_way = False
            if self.dual.mouths:
                self._put(self.places.mouth, self.mouths.booked(state.left_m3, state.back_m3))

    def _stands(self, state: State) -> None:
        self.heads, self.volumes, self.totals, self.beyond = (
            state.heads_m, state.volumes_m3, state.totals, state.beyond_m,
        )  # fmt: skip

    def _put(self, cell: npt.NDArray[np.intp], m3: Values) -> None:
        """m3 onto cells, as the grid can keep and give them; the rest is owed."""
        moved = np.bincount(cell, m3, len(self.places.cells)) + self.owed
        self.owed = moved - self.run.put(self.places.cells, moved)

    def exchange(self) -> float:
        """What passes in the interval that begins now; SWMM sets out on it. Its seconds."""
        self.arrive()
        run, places, dt = self.run, self.places, float(self.dual.interval_s)
        depth = run.h.flat[places.cells].astype(np.float64)
        level = self._bed() + depth
        head = self.heads[places.node]
        flows = self.held.next(law(level[places.cell], head, places.crest, places.area, places.perimeter))
        there = np.maximum(depth * run.dx**2 + self.owed, 0.0)
        down = shared(np.maximum(flows, 0.0), places.cell, there / dt)
        up = shared(np.maximum(-flows, 0.0), places.node, self._above() / dt)
        flows = self.held.flows = down - up
        self._put(places.cell, -flows * dt)
        into = np.bincount(places.node, flows, len(places.nodes))
        self.simulation.stride(self.dual.interval_s, into, self._stages(dt))
        self.under_way = True
        self.down += float(down.sum()) * dt
        self.up += float(up.sum()) * dt
        self.passed += flows * dt
        self.most_down, self.most_up = np.maximum(self.most_down, down), np.maximum(self.most_up, up)
        return dt

    def _stages(self, dt: float) -> Values:
        """Levels for the outfalls on the grid, by what the openings left of the water on their cells."""
        held, cell = self.mouths, self.places.mouth
        if not len(cell):
            return np.zeros(0)
        depth = self.run.h.flat[self.places.cells].astype(np.float64)
        surface = (self._bed() + depth)[cell]
        there = np.minimum(depth[cell], np.maximum(surface - held.sill, 0.0)) * self.run.dx**2 + self.owed[cell]
        return held.next(surface, there / np.bincount(cell)[cell], self.beyond, dt)

    def _bed(self) -> Values:
        return self.run.z.flat[self.places.cells].astype(np.float64) + self.run.datum

    def _above(self) -> Values:
        """m3 above the crest of each node: on its pond; of a basin's volume, its share of the height, as if its walls
        stood upright."""
        over = np.maximum(self.heads - self.places.lowest, 0.0)
        height = np.maximum(self.heads - self.invert, 1e-9)
        return np.where(self.basin, self.volumes * over / height, self.places.pond * over)

    def ledger(self) -> Ledger:
        return Ledger(
            self.run.account, self.run.stored(), self.run.exchanged, self.totals, self.down, self.up,
            float(self.owed.sum()), self.mouths.out, self.mouths.back,
        )  # fmt: skip

    def finish(self) -> Output:
        """End SWMM; its series. Raises Failed where its books do not close to 5 %, of all that came and came back."""
        return proved(self.simulation.finish(), self.up)
