"""Grids keep their place from the case's file to the result's."""

from __future__ import annotations

import json

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from fengsui.kernel.errors import Invalid
from fengsui.science import case, raster
from fengsui.science.models import model

CRS = "EPSG:4549"  # CGCS2000, three-degree zone at 120 E


def dem(file, values, *, crs=CRS, cell=10.0, nodata=-9999.0):
    place = from_origin(530_000.0, 4_620_000.0, cell, cell)
    rows, columns = values.shape
    with rasterio.open(
        file, "w", driver="GTiff", width=columns, height=rows, count=1, dtype="float32", crs=crs, transform=place,
        nodata=nodata,
    ) as lying:  # fmt: skip
        lying.write(values.astype(np.float32), 1)
    return file


def bowl(rows=8, columns=12):
    y, x = np.mgrid[0:rows, 0:columns]
    return 40 + 0.02 * ((y - rows / 2) ** 2 + (x - columns / 2) ** 2)


def test_flood_of_a_geotiff_is_a_geotiff_that_lies_where_the_terrain_did(tmp_path):
    dem(tmp_path / "dem.tif", bowl())
    said = {
        "ground": {
            "bed_m": {"grid": "dem.tif"},
            "manning": {"fill": 0.04, "like": "dem.tif"},
            "cell_m": {"cell_of": "dem.tif"},
        },
        "until_s": 600.0,
        "rain": {"edges_s": [0.0, 600.0], "depth_m": [0.02]},
        "precision": "float64",
    }
    (tmp_path / "case.json").write_text(json.dumps(said), "utf-8")
    asked = model("inundation")
    inputs = case.read(asked, tmp_path / "case.json")
    assert inputs.ground.cell_m == pytest.approx(10.0)
    result = asked.run(inputs)
    case.write(asked, result, tmp_path / "out.tif", case.frame(tmp_path / "case.json"))
    with rasterio.open(tmp_path / "out.tif") as lying:
        assert lying.crs.to_epsg() == 4549
        assert (lying.transform.c, lying.transform.f, lying.transform.a) == (530_000.0, 4_620_000.0, 10.0)
        names = list(lying.descriptions)
        deepest = lying.read(names.index("max_depth_m [m]") + 1)
        never = lying.read(names.index("arrival_s[3] [s]") + 1)
        assert json.loads(lying.tags()["provenance"])["inputs"] == result.provenance.inputs
    np.testing.assert_allclose(deepest, result.values["max_depth_m"], rtol=1e-6)
    assert np.isnan(never[0, 0])


def test_no_data_is_nan_and_a_voids_value_is_not_a_height(tmp_path):
    values = bowl()
    values[2, 3] = -9999.0
    read, frame = raster.read(dem(tmp_path / "dem.tif", values))
    assert np.isnan(read[2, 3])
    assert np.isfinite(read).sum() == values.size - 1
    assert frame.shape == values.shape


def test_ascii_grid_lies_by_its_lower_left_corner(tmp_path):
    (tmp_path / "a.asc").write_text("ncols 2\nnrows 3\nxllcorner 100\nyllcorner 200\ncellsize 5\n1 2\n3 4\n5 6\n")
    values, frame = raster.read(tmp_path / "a.asc")
    assert (frame.west, frame.north, frame.cell, frame.crs) == (100.0, 215.0, 5.0, "")
    assert values[0, 1] == 2


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"crs": "EPSG:4326", "cell": 0.0001}, "cell_m", "degrees"),
        (None, "cell_m", "dem.tif"),
    ],
)
def test_cells_that_are_no_metres_are_refused_by_name(tmp_path, change, field, said):
    if change is not None:
        dem(tmp_path / "dem.tif", bowl(), **change)
    wrong = {"ground": {"bed_m": [[1, 1], [1, 1]], "manning": [[0, 0], [0, 0]], "cell_m": {"cell_of": "dem.tif"}}}
    (tmp_path / "case.json").write_text(json.dumps({**wrong, "until_s": 9.0}), "utf-8")
    with pytest.raises(Invalid) as refused:
        case.read(model("inundation"), tmp_path / "case.json")
    assert field in refused.value.field
    assert said in str(refused.value.facts)


def test_file_that_is_no_geotiff_is_refused(tmp_path):
    (tmp_path / "x.tif").write_bytes(b"II*\0 nothing")
    with pytest.raises(ValueError, match="is no GeoTIFF"):
        raster.read(tmp_path / "x.tif")


def test_result_without_a_place_is_no_geotiff(tmp_path):
    asked = model("design-storm")
    with pytest.raises(Invalid, match=r"science\.case\.no_grid"):
        case.write(asked, None, tmp_path / "out.tif")
