"""A made-up terrain for any place: a gentle plain, streets that lie lower, hollows where they are known. Illustrative.

The same position always has the same height, whatever square is asked about: heights come from its own coordinates.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rasterio.features import rasterize
from rasterio.transform import Affine, from_origin
from scipy.ndimage import label

from fengsui.kernel.ports.floods import Position, Question
from fengsui.science.inundation.ground import Ground

Values = npt.NDArray[np.float64]
METRES_A_DEGREE = 111_320.0
NARROWER = 0.75
"""A degree of longitude beside one of latitude, some 41 degrees north; only the swells' shape depends on it."""
FALL = (-1 / 2500, -1 / 2000)
"""Fall of the plain to the east and to the north, m/m: a plain that falls to the south-west [illustrative]."""
SWELLS = ((900.0, 0.8), (260.0, 0.25))
"""Wave length and height of gentle swells, metres [illustrative]."""
LOWER_M = 0.15
"""Carriageway below the ground beside it: a kerb [G]."""
STREET, OPEN = 0.020, 0.060
"""Manning's n of asphalt, and of built-up ground with gardens, s/m^(1/3) [G]."""
SEED = 41_79


@dataclass(frozen=True, slots=True)
class Square:
    """The grid of a question: north-up, row 0 in the north, metres around its middle."""

    middle: Position
    width_m: float
    cell_m: float

    @property
    def cells(self) -> int:
        return round(self.width_m / self.cell_m)

    @property
    def transform(self) -> Affine:
        half = self.cells * self.cell_m / 2
        return from_origin(-half, half, self.cell_m, self.cell_m)

    @property
    def box(self) -> tuple[float, float, float, float]:
        """West, south, east, north in degrees."""
        half = self.cells * self.cell_m / 2
        west, south = self.degrees(-half, -half)
        east, north = self.degrees(half, half)
        return west, south, east, north

    def metres(self, at: Position) -> tuple[float, float]:
        """East and north of the middle."""
        (lon, lat), (lon0, lat0) = at, self.middle
        return (lon - lon0) * METRES_A_DEGREE * math.cos(math.radians(lat0)), (lat - lat0) * METRES_A_DEGREE

    def degrees(self, east: float, north: float) -> Position:
        lon0, lat0 = self.middle
        return lon0 + east / (METRES_A_DEGREE * math.cos(math.radians(lat0))), lat0 + north / METRES_A_DEGREE

    def axes(self) -> tuple[Values, Values]:
        """East of each column and north of each row, from the middle to its middle."""
        middles = np.asarray((np.arange(self.cells) + 0.5) * self.cell_m - self.cells * self.cell_m / 2, np.float64)
        return middles, -middles

    def cell(self, at: Position) -> tuple[int, int] | None:
        """Row and column, None outside."""
        east, north = self.metres(at)
        half = self.cells * self.cell_m / 2
        row, column = math.floor((half - north) / self.cell_m), math.floor((east + half) / self.cell_m)
        return (row, column) if 0 <= row < self.cells and 0 <= column < self.cells else None


def square_of(question: Question) -> Square:
    return Square(question.middle, question.width_m, question.cell_m)


def ground(question: Question) -> Ground:
    square = square_of(question)
    east, north = np.meshgrid(*square.axes())
    lon0, lat0 = question.middle
    # By the position alone, so that two squares that overlap agree where they do.
    x = (lon0 + east / (METRES_A_DEGREE * math.cos(math.radians(lat0)))) * METRES_A_DEGREE * NARROWER
    y = lat0 * METRES_A_DEGREE + north
    bed = FALL[0] * x + FALL[1] * y
    for number, (length, height) in enumerate(SWELLS):
        bed += height * _swell(x / length, y / length, SEED + number)
    street = streets(question, square)
    bed -= LOWER_M * street
    for each in question.hollows:
        to_east, to_north = square.metres(each.at)
        away = ((east - to_east) ** 2 + (north - to_north) ** 2) / each.radius_m**2
        bed -= each.depth_m * np.maximum(1.0 - away, 0.0) ** 2
    return Ground(bed, np.where(street, STREET, OPEN), question.cell_m)


def standing(question: Question, square: Square, bed_m: Values) -> Values | None:
    """Depth at the start: each hollow of the square filled to one level, `standing_m` above its lowest ground.

    None where nothing stands. Of hollows in each other the higher level holds. Water above a hollow's brim runs off.
    """
    if question.standing_m <= 0 or not any(square.cell(each.at) for each in question.hollows):
        return None
    depth = np.zeros_like(bed_m)
    for each in question.hollows:
        if square.cell(each.at) is None:
            continue
        east, north = square.metres(each.at)
        x, y = square.axes()
        away = np.hypot(x[None, :] - east, y[:, None] - north)
        inside = away <= max(each.radius_m, square.cell_m)
        lowest = int(np.where(inside, bed_m, np.inf).argmin())
        level = bed_m.flat[lowest] + question.standing_m
        pools, _count = label(inside & (bed_m < level))
        depth = np.maximum(depth, np.where(pools == pools.flat[lowest], level - bed_m, 0.0))
    return depth


def streets(question: Question, square: Square) -> npt.NDArray[np.bool_]:
    """Cells that a street touches."""
    shapes = [
        {"type": "LineString", "coordinates": [square.metres(at) for at in each.line]}
        for each in question.streets
        if len(each.line) > 1
    ]
    shape = (square.cells, square.cells)
    if not shapes:
        return np.zeros(shape, np.bool_)
    return np.asarray(rasterize(shapes, shape, transform=square.transform, all_touched=True, dtype="uint8"), np.bool_)


def _swell(x: Values, y: Values, seed: int) -> Values:
    """Smooth noise of about -0.5 to 0.5: values of whole coordinates, joined by Perlin's quintic."""
    column, row = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    u, v = x - column, y - row
    u, v = (each * each * each * (each * (each * 6 - 15) + 10) for each in (u, v))
    a, b = _scattered(column, row, seed), _scattered(column + 1, row, seed)
    c, d = _scattered(column, row + 1, seed), _scattered(column + 1, row + 1, seed)
    return np.asarray((a * (1 - u) + b * u) * (1 - v) + (c * (1 - u) + d * u) * v, np.float64)


def _scattered(column: npt.NDArray[np.int64], row: npt.NDArray[np.int64], seed: int) -> Values:
    """A value in [-0.5, 0.5) for each pair of whole numbers (the finalizer of SplitMix64)."""
    mixed = column.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + row.astype(np.uint64) * np.uint64(
        0xC2B2AE3D27D4EB4F
    )
    mixed += np.uint64(seed)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    mixed ^= mixed >> np.uint64(31)
    return np.asarray((mixed >> np.uint64(11)).astype(np.float64) / 2**53 - 0.5)
