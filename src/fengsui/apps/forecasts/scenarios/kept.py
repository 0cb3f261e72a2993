"""Depths of scenarios and what is told between them, as bytes of a row."""

from __future__ import annotations

import io
import zlib
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio

from fengsui.science.contract import OutOfRange
from fengsui.science.scenarios.reduced import LEAST, WET_M, Reduced, leave_out

Values = npt.NDArray[np.float64]
MOST_M = 65.0


def depth_of(grid: bytes) -> tuple[bytes, tuple[int, int]]:
    """Of an answer's GeoTIFF: millimetres, row by row, compressed; and its shape."""
    with rasterio.MemoryFile(grid) as memory, memory.open() as source:
        metres = source.read(1)
        metres = np.where(metres == source.nodata, 0.0, metres)
    millimetres = np.rint(np.clip(metres, 0.0, MOST_M) * 1000.0).astype("<u2")
    return zlib.compress(millimetres.tobytes(), 6), metres.shape


def metres_of(data: bytes) -> Values:
    """Flat."""
    return np.frombuffer(zlib.decompress(data), "<u2").astype(np.float64) / 1000.0


def learn(points: list[list[float]], depths: list[bytes]) -> tuple[bytes | None, dict[str, Any]]:
    """What is told between scenarios, and how wrong that was; nothing where they are too few, or where the nearest of
    them tells it as well."""
    at, fields = np.asarray(points, np.float64), np.stack([metres_of(each) for each in depths])
    wet = np.flatnonzero((fields >= WET_M).any(axis=0))
    try:
        error = leave_out(at, fields[:, wet])
    except OutOfRange:
        return None, {"few": len(points), "least": LEAST + 1}
    facts = {**asdict(error), "is_better": error.is_better}
    if not error.is_better:
        return None, facts
    fitted = Reduced.fit(at, fields[:, wet])
    out = io.BytesIO()
    np.savez_compressed(
        out, points=fitted.points, mean=fitted.mean.astype(np.float32), patterns=fitted.patterns.astype(np.float32),
        weights=fitted.weights, held=fitted.held, wet=wet.astype(np.int32), cells=fields.shape[1],
    )  # fmt: skip
    return out.getvalue(), {**facts, "patterns": len(fitted.patterns)}


def between(data: bytes, asked: list[float]) -> Values:
    """Depths in metres, flat. Raises OutOfRange beyond the library."""
    with np.load(io.BytesIO(data)) as it:
        fitted = Reduced(it["points"], it["mean"], it["patterns"], it["weights"], float(it["held"]))
        whole = np.zeros(int(it["cells"]))
        whole[it["wet"]] = fitted.at(np.asarray(asked, np.float64))
    return whole
