"""Fields: exact where they must be, better than the nearest gauge where there is none."""

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengsui.science.contract import OutOfRange
from fengsui.science.rain.field import Field, Variogram, leave_one_out

CELLS = np.stack(np.meshgrid(np.linspace(0, 30_000, 12), np.linspace(0, 20_000, 9)), axis=-1).reshape(-1, 2)


def gauges(count, seed=1):
    return np.random.default_rng(seed).uniform([0, 0], [30_000, 20_000], (count, 2))


@pytest.mark.parametrize("method", ["idw", "kriging"])
@given(count=st.integers(1, 30), rain=st.floats(0, 200))
def test_constant_field_is_constant(method, count, rain):
    told, weights = Field(gauges(count), CELLS, method).rain(np.full(count, rain))
    assert told == pytest.approx(np.full(len(CELLS), rain), abs=1e-9 * max(rain, 1))
    assert weights.matrix.sum(axis=1) == pytest.approx(np.ones(len(CELLS)))


@pytest.mark.parametrize("method", ["idw", "kriging"])
def test_at_a_gauge_stands_its_own_value(method):
    points, values = gauges(25), np.random.default_rng(2).gamma(1.0, 5.0, 25)
    told, weights = Field(points, points, method).rain(values)
    assert told == pytest.approx(values, abs=1e-8)
    if method == "kriging":
        assert weights.variance == pytest.approx(np.zeros(25), abs=1e-9)


def test_kriging_weights_solve_the_textbooks_system_for_two_gauges():
    """Ordinary kriging by hand (Cressie 1993, 3.2): two gauges and a point between them, weights by a 3 x 3 system."""
    points, cell = np.array([[0.0, 0.0], [4000.0, 0.0]]), np.array([[1000.0, 0.0]])
    variogram = Variogram(10_000.0, sill=2.0)

    def gamma(d):
        return 2.0 * (1.0 - math.exp(-3.0 * d / 10_000.0))

    first = 0.5 + (gamma(3000) - gamma(1000)) / (2.0 * gamma(4000))
    weights = Field(points, cell, "kriging", variogram).weights(np.array([True, True]))
    assert weights.matrix[0] == pytest.approx([first, 1.0 - first], rel=1e-12)


@pytest.mark.parametrize("which", [0, 1])
def test_kriging_gives_what_pykrige_gives(which):
    """Fields and variances of another library with the same variogram (reference/SOURCE.md); 1e-6 is asked for."""
    said = json.loads((Path(__file__).parents[1] / "reference/pykrige.json").read_text("utf-8"))
    case = said["cases"][which]
    field = Field(
        np.array(said["gauges_m"]), np.array(said["cells_m"]), "kriging",
        Variogram(case["range_m"], case["sill"], case["nugget"]),
    )  # fmt: skip
    told, weights = field.rain(np.array(said["values_mm"]))
    assert told == pytest.approx(case["rain_mm"], abs=1e-9)
    assert weights.variance == pytest.approx(case["variance"], abs=1e-9)


def test_silent_gauge_leaves_and_comes_back_and_weights_are_kept():
    points, values = gauges(12), np.arange(12.0)
    field = Field(points, CELLS)
    whole = field.rain(values)[1]
    less = field.rain(np.where(np.arange(12) == 3, np.nan, values))[1]
    assert less.matrix.shape == (len(CELLS), 11)
    assert field.rain(values * 2)[1] is whole


def test_no_gauge_is_not_dry():
    with pytest.raises(OutOfRange, match="not a dry one"):
        Field(gauges(3), CELLS).rain(np.full(3, np.nan))


def test_far_cells_are_marked():
    points = np.array([[0.0, 0.0], [1000.0, 0.0], [0.0, 1000.0]])
    cells = np.array([[300.0, 300.0], [5000.0, 0.0], [50_000.0, 0.0]])
    assert Field(points, cells).inside(np.ones(3, bool)).tolist() == [True, True, False]


def test_kriging_never_rains_below_nothing():
    points = np.array([[0.0, 0.0], [100.0, 0.0], [10_000.0, 0.0]])
    told, _ = Field(points, CELLS, "kriging").rain(np.array([50.0, 0.0, 0.0]))
    assert told.min() >= 0.0


def test_left_out_gauges_of_a_wet_day_are_told_better_than_by_the_nearest(shared, record_property):
    """Root of the mean square, which kriging minimises; 7 of the 892 gauges with a place of their own are wet."""
    points, values = uk_rain(shared)
    assert len(values) > 800
    told = {
        "nearest": leave_one_out(points, values, method="idw", nearest=1),
        "idw": leave_one_out(points, values, method="idw"),
        "kriging": near_ones(points, values),
    }
    errors = {name: float(np.sqrt(((each - values) ** 2).mean())) for name, each in told.items()}
    record_property("rmse_mm", errors)
    assert errors["idw"] < 0.8 * errors["nearest"]
    assert errors["kriging"] < 0.8 * errors["nearest"]


def near_ones(points, values):
    """Kriging from the 16 nearest others: a country of gauges is no district."""
    told = np.empty(len(values))
    for each in range(len(values)):
        order = np.argsort(np.linalg.norm(points - points[each], axis=1))[1:17]
        told[each] = Field(points[order], points[each : each + 1], "kriging", Variogram(20_000.0, nugget=0.1)).rain(
            values[order]
        )[0][0]
    return told


def uk_rain(shared):
    """One reading of each tipping bucket of hydro/uk_2021-05-07 with a place, metres about 53 N."""
    folder = shared / "data/hydro/uk_2021-05-07"
    with open(folder / "stations.csv", encoding="utf-8") as lines:
        places = {
            row["stationReference"]: (float(row["latitude"]), float(row["longitude"]))
            for row in csv.DictReader(lines)
            if row["latitude"] and row["longitude"]
        }
    rain = {}
    with open(folder / "wet_day.csv", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            if row["parameter"] == "rainfall" and row["stationReference"] in places and row["value"]:
                rain.setdefault(row["stationReference"], float(row["value"]))
    where = np.array([places[each] for each in rain])
    points = np.c_[where[:, 1] * 111_320.0 * math.cos(math.radians(53.0)), where[:, 0] * 110_574.0]
    _, unique = np.unique(points, axis=0, return_index=True)
    return points[unique], np.array(list(rain.values()))[unique]
