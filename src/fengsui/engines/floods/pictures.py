"""Depths as pictures over a map, and as a grid that other programs read."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
import rasterio
from PIL import Image
from rasterio.transform import from_bounds

from fengsui.engines.floods.relief import Square

Values = npt.NDArray[np.float64]
CLASSES_M = (0.05, 0.15, 0.25, 0.5, 1.0)
COLOURS = ((198, 219, 239, 150), (107, 174, 214, 190), (49, 130, 189, 215), (8, 81, 156, 230), (8, 48, 107, 240))
"""From each class on: one hue that darkens (ColorBrewer Blues), so that it is read without colour, too."""


def png(depth_m: Values) -> bytes:
    """(rows, columns) metres as an RGBA picture of classes; below 5 cm it is transparent."""
    palette = np.array([(0, 0, 0, 0), *COLOURS], np.uint8)
    out = io.BytesIO()
    Image.fromarray(palette[np.digitize(depth_m, CLASSES_M)], "RGBA").quantize(len(palette)).save(
        out, "PNG", optimize=True
    )
    return out.getvalue()


def geotiff(depth_m: Values, square: Square) -> bytes:
    """Metres, float32, WGS 84; no data where it stayed below a centimetre."""
    rows, columns = depth_m.shape
    with rasterio.MemoryFile() as memory:
        with memory.open(
            driver="GTiff", width=columns, height=rows, count=1, dtype="float32", crs="EPSG:4326",
            transform=from_bounds(*square.box, columns, rows), nodata=-9999.0, compress="deflate",
        ) as out:  # fmt: skip
            out.write(np.where(depth_m >= 0.01, depth_m, -9999.0).astype(np.float32), 1)
        return bytes(memory.read())
