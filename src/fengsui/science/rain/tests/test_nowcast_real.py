"""The next hour on measured rain that it was not fitted to: the figures of the README."""

from __future__ import annotations

import numpy as np
import pytest

from fengsui.science.rain.nowcast import SHARES, fit_showers, standing
from fengsui.science.rivers.tests.real import columns

INCH = 25.4
LOW, MIDDLE, HIGH = (SHARES.index(each) for each in (0.05, 0.5, 0.95))


def rain_of(shared, name, scale=1.0):
    file = shared / "data/hydro/rivers" / name
    if not file.exists():
        pytest.skip(f"LOUD: {file} is not here: rain forecasts not measured")
    _, found = columns(file)
    return np.stack([each for key, each in found.items() if key.startswith("rain_")], axis=1) * scale


def measured(past, later, leads, pause, lead):
    """Steps, error of \"it stays\", error, share inside at one lead."""
    made = fit_showers(past, leads, pause)
    base, strength = standing(later[:-lead], pause, made.edges)
    came = later[lead:]
    on = (np.nan_to_num(base) > 0) & np.isfinite(came)
    told, came = made.told(base[on], strength[on])[:, lead - 1], came[on]
    inside = (told[:, LOW] <= came) & (came <= told[:, HIGH])
    stays = np.abs(later[:-lead][on] - came).mean()
    return int(on.sum()), float(stays), float(np.abs(told[:, MIDDLE] - came).mean()), float(inside.mean())


@pytest.mark.parametrize(
    ("lead", "wanted"),
    [(1, (1431, 1.020, 0.837, 0.951)), (3, (1431, 1.184, 0.856, 0.942)), (6, (1431, 1.326, 0.798, 0.935))],
)
def test_gauges_near_seoul(shared, lead, wanted):
    past, later = (rain_of(shared, f"korea_han/{name}.csv") for name in ("han_2012a", "han_2013"))
    assert measured(past, later, 6, 3, lead) == pytest.approx(wanted, abs=6e-4)


@pytest.mark.parametrize(("lead", "wanted"), [(1, (274, 0.197, 0.201, 0.960)), (4, (274, 0.276, 0.275, 0.909))])
def test_winter_rain_in_cumbria(shared, lead, wanted):
    rain = rain_of(shared, "uk_kent_2020/bowston_2020-01-01_02-12.csv")
    assert measured(rain[:2976], rain[2976:], 4, 2, lead) == pytest.approx(wanted, abs=6e-4)


@pytest.mark.parametrize(
    ("lead", "wanted"),
    [(1, (136, 0.372, 0.347, 0.875)), (6, (136, 0.670, 0.301, 0.941)), (12, (136, 0.502, 0.230, 0.949))],
)
def test_showers_in_raleigh(shared, lead, wanted):
    rain = rain_of(shared, "us_walnut_creek_2024/walnut_2024-07-01_08-07.csv", INCH)
    assert measured(rain[:9500], rain[9500:], 12, 6, lead) == pytest.approx(wanted, abs=6e-4)
