"""Grids in files that know where they lie: GeoTIFF in and out (rasterio), ESRI ASCII in.

Row 0 lies in the north. Only grids of square cells that stand north up are taken: the models know no others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

ENDINGS = (".tif", ".tiff")
Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a grid lies. `crs`: WKT or EPSG:n, empty where the file does not say; `west`, `north` its outer corner."""

    crs: str
    west: float
    north: float
    cell: float
    shape: tuple[int, int]

    def metres(self) -> float:
        """Side of a cell. Raises ValueError for a grid in degrees; one that does not say is taken to be in metres."""
        if self.crs:
            from rasterio.crs import CRS

            known = CRS.from_user_input(self.crs)
            if known.is_geographic:
                raise ValueError("cells in degrees: project the grid first")
            return self.cell * float(known.linear_units_factor[1])
        return self.cell


def read(file: Path) -> tuple[Values, Frame]:
    """The first band, what it calls no data as NaN. Raises OSError, and ValueError for a grid that is askew."""
    return _tiff(file) if file.suffix.lower() in ENDINGS else _ascii(file)


def _tiff(file: Path) -> tuple[Values, Frame]:
    import rasterio  # GDAL takes a moment, and few cases need it
    from rasterio.errors import RasterioIOError

    if not file.is_file():
        raise FileNotFoundError(2, "No such file or directory", str(file))
    try:
        with rasterio.open(file) as lying:
            values = lying.read(1, masked=True).astype(np.float64).filled(np.nan)
            at = lying.transform
            if at.b or at.d or at.e >= 0 or abs(at.a + at.e) > 1e-6 * at.a:
                raise ValueError(f"{file.name}: its cells are not square or do not stand north up")
            return values, Frame(lying.crs.to_wkt() if lying.crs else "", at.c, at.f, at.a, values.shape)
    except RasterioIOError as error:
        raise ValueError(f"{file.name} is no GeoTIFF: {error}") from error


def _ascii(file: Path) -> tuple[Values, Frame]:
    lines = file.read_text("utf-8-sig").splitlines()
    head: dict[str, float] = {}
    while len(head) < len(lines) and (words := lines[len(head)].split()) and words[0][0].isalpha():
        head[words[0].lower()] = float(words[1])
    values = np.asarray([line.split() for line in lines[len(head) :] if line.strip()], np.float64)
    values[values == head.get("nodata_value", np.nan)] = np.nan
    cell = head.get("cellsize", 1.0)
    half = cell / 2
    west = head["xllcorner"] if "xllcorner" in head else head.get("xllcenter", half) - half
    south = head["yllcorner"] if "yllcorner" in head else head.get("yllcenter", half) - half
    return values, Frame("", west, south + cell * values.shape[0], cell, values.shape)


def write(file: Path, bands: Mapping[str, npt.NDArray[Any]], frame: Frame, tags: Mapping[str, str]) -> None:
    """One band a name, float32, compressed; what is no finite number is no data. Raises ValueError for other shapes."""
    import rasterio
    from rasterio.transform import from_origin

    rows, columns = frame.shape
    if wrong := [name for name, values in bands.items() if values.shape != frame.shape]:
        raise ValueError(f"{', '.join(wrong)}: not the shape of the grid, {rows} x {columns}")
    with rasterio.open(
        file, "w", driver="GTiff", width=columns, height=rows, count=len(bands), dtype="float32", nodata=np.nan,
        crs=frame.crs or None, transform=from_origin(frame.west, frame.north, frame.cell, frame.cell),
        compress="deflate", predictor=3,
    ) as lying:  # fmt: skip
        lying.update_tags(**tags)
        for number, (name, values) in enumerate(bands.items(), 1):
            told = np.asarray(values, np.float32)
            lying.write(np.where(np.isfinite(told), told, np.float32(np.nan)), number)
            lying.set_band_description(number, name)
