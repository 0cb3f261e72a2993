"""A dike that somebody drew and the place where it gives way, as walls on the faces of the grid. Illustrative.

Behind the line lies a strip of water, closed to all other sides; the strip's far half is held at the level (or fed by
the inflow), its near half is computed, so that water speeds up towards the breach as it does there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fengsui.engines.floods.relief import Square, Values
from fengsui.kernel.ports.floods import Breach
from fengsui.science.inundation.ground import Pool, Series, Source, Wall, steady

STRIP_CELLS, NEAR_CELLS = 4.0, 2.0
"""How wide the water behind the line is, and how much of that is computed freely."""
HIGHER_M = 1000.0
"""What closes the strip to the other sides, above the crest."""
Marks = npt.NDArray[np.bool_]
Face = tuple[str, int, int]
"""Along "column" or "row", the column or row it lies before, and its place along."""


@dataclass(frozen=True, slots=True)
class Dike:
    """`strip`: the cells of the water behind; `depth_m` that stands there at the start, everywhere else none."""

    strip: Marks
    walls: tuple[Wall, ...]
    pools: tuple[Pool, ...]
    sources: tuple[Source, ...]
    depth_m: Values
    width_m: float
    """Of the faces that give way."""
    floor_m: float
    """Ground at the breach, from which crest and level are counted."""


def dike(asked: Breach, square: Square, bed_m: Values) -> Dike:
    """Raises ValueError where it cannot lie in this square so."""
    line = np.array([square.metres(each) for each in asked.line], np.float64)
    half = square.cells * square.cell_m / 2
    if np.abs(line).max() >= half:
        raise ValueError("breach_line: it leaves the square")
    far, share = _nearest(line, square, asked.side)
    inside = np.zeros_like(bed_m, np.bool_)
    inside[1:-1, 1:-1] = True  # water behind a dike does not run off over the square's edge
    strip = (far > 0) & (far <= STRIP_CELLS * square.cell_m) & inside
    held = strip & (far > NEAR_CELLS * square.cell_m)
    if not held.any():
        raise ValueError("breach_line: no room for the water behind it in this square")
    along, outer = _faces(strip, line, square)
    total = float(np.hypot(*np.diff(line, axis=0).T).sum())
    if not along:
        raise ValueError("breach_line: it crosses no face of the grid; is it shorter than a cell?")
    # As many faces as the width's share of the line has, the nearest ones: of all within half the width to both sides
    # there would be one more or one less by where a face's middle happens to lie.
    count = max(1, round(asked.width_m / total * len(along)))
    falls = sorted(along, key=lambda each: (abs(_share(each, line, square) - asked.at), each))[:count]
    floor = float(np.mean([_sill(each, bed_m) for each in falls]))
    crest = steady(floor + asked.crest_m)
    walls = [*_joined(set(along) - set(falls), crest), *_joined(set(outer), steady(floor + asked.crest_m + HIGHER_M))]
    begins = max(asked.opens_s, 1.0)
    ends = begins + max(asked.erodes_s, 1.0)
    for each in falls:
        series = Series(
            np.array([0.0, begins, ends]),
            np.array([crest.values[0], crest.values[0], min(_sill(each, bed_m), crest.values[0])]),
        )
        walls += _joined({each}, series)
    depth = np.zeros_like(bed_m)
    pools: tuple[Pool, ...] = ()
    sources: tuple[Source, ...] = ()
    if asked.level_m is not None:
        depth = np.where(strip, np.maximum(floor + asked.level_m - bed_m, 0.0), 0.0)
        pools = (Pool(held, steady(floor + asked.level_m)),)
    else:
        # Fed where the strip is nearest to the breach; from nothing to all of it while the breach erodes.
        away = np.where(held, np.abs(share - asked.at) * total + far, np.inf)
        row, column = divmod(int(away.argmin()), square.cells)
        rate = Series(np.array([0.0, begins, ends]), np.array([0.0, 0.0, asked.inflow_m3_s or 0.0]))
        sources = (Source(row, column, rate),)
    return Dike(strip, tuple(walls), pools, sources, depth, len(falls) * square.cell_m, floor)


def _nearest(line: Values, square: Square, side: str) -> tuple[Values, Values]:
    """Of each cell on the water's side its distance from the line (0 on the other, and beyond the ends), and the share
    of the line up to its nearest place."""
    x, y = np.meshgrid(*square.axes())
    best, signed, share = np.full(x.shape, np.inf), np.zeros(x.shape), np.zeros(x.shape)
    steps = np.diff(line, axis=0)
    lengths = np.hypot(*steps.T)
    gone, total, last = 0.0, float(lengths.sum()), len(steps) - 1
    for number, ((x0, y0), (dx, dy), length) in enumerate(zip(line, steps, lengths, strict=False)):
        part = ((x - x0) * dx + (y - y0) * dy) / length**2
        beyond = ((part < 0) & (number == 0)) | ((part > 1) & (number == last))
        kept = np.clip(part, 0, 1)
        away = np.hypot(x - x0 - kept * dx, y - y0 - kept * dy)
        left = np.where(beyond, 0.0, np.sign(dx * (y - y0) - dy * (x - x0)))
        # At a corner both stretches are as near; the one that the cell lies more squarely beside decides.
        nearer = (away < best - 1e-9) | ((away < best + 1e-9) & ((part >= 0) & (part <= 1)))
        best, signed = np.where(nearer, away, best), np.where(nearer, left, signed)
        share = np.where(nearer, (gone + kept * length) / total, share)
        gone += float(length)
    wanted = 1.0 if side == "left" else -1.0
    return np.where(signed == wanted, np.maximum(best, 1e-6), 0.0), share


def _faces(strip: Marks, line: Values, square: Square) -> tuple[list[Face], list[Face]]:
    """Faces between the strip and what lies outside of it: those that the line crosses between two cells' middles, and
    all others."""
    x, y = square.axes()
    along: list[Face] = []
    others: list[Face] = []
    for row, column in zip(*np.nonzero(strip[:, 1:] != strip[:, :-1]), strict=True):
        ends = (x[column], y[row]), (x[column + 1], y[row])
        (along if _crosses(line, *ends) else others).append(("column", int(column) + 1, int(row)))
    for row, column in zip(*np.nonzero(strip[1:] != strip[:-1]), strict=True):
        ends = (x[column], y[row]), (x[column], y[row + 1])
        (along if _crosses(line, *ends) else others).append(("row", int(row) + 1, int(column)))
    return along, others


def _crosses(line: Values, a: tuple[float, float], b: tuple[float, float]) -> bool:
    (ax, ay), (bx, by) = a, b
    (px, py), (qx, qy) = line[:-1].T, line[1:].T
    one = (bx - ax) * (py - ay) - (by - ay) * (px - ax)
    other = (bx - ax) * (qy - ay) - (by - ay) * (qx - ax)
    from_a = (qx - px) * (ay - py) - (qy - py) * (ax - px)
    from_b = (qx - px) * (by - py) - (qy - py) * (bx - px)
    return bool(((one * other <= 0) & (from_a * from_b <= 0)).any())


def _share(face: Face, line: Values, square: Square) -> float:
    """Of the line, up to where it is nearest to the middle of the face."""
    way, at, place = face
    half, cell = square.cells * square.cell_m / 2, square.cell_m
    x, y = (at * cell - half, half - (place + 0.5) * cell) if way == "column" else (
        (place + 0.5) * cell - half, half - at * cell
    )  # fmt: skip
    steps = np.diff(line, axis=0)
    lengths = np.hypot(*steps.T)
    kept = np.clip(((x - line[:-1, 0]) * steps[:, 0] + (y - line[:-1, 1]) * steps[:, 1]) / lengths**2, 0, 1)
    away = np.hypot(x - line[:-1, 0] - kept * steps[:, 0], y - line[:-1, 1] - kept * steps[:, 1])
    nearest = int(away.argmin())
    return float((lengths[:nearest].sum() + kept[nearest] * lengths[nearest]) / lengths.sum())


def _sill(face: Face, bed_m: Values) -> float:
    """The higher ground of the two cells: what remains when the dike is gone."""
    way, at, place = face
    pair = (bed_m[place, at - 1], bed_m[place, at]) if way == "column" else (bed_m[at - 1, place], bed_m[at, place])
    return float(max(pair))


def _joined(faces: set[Face], crest: Series) -> list[Wall]:
    """As few walls as there are runs of faces in one line."""
    runs: list[list[Face]] = []
    for each in sorted(faces):
        if runs and each[:2] == runs[-1][-1][:2] and each[2] == runs[-1][-1][2] + 1:
            runs[-1].append(each)
        else:
            runs.append([each])
    return [
        Wall("column" if run[0][0] == "column" else "row", run[0][1], run[0][2], run[-1][2] + 1, crest) for run in runs
    ]
