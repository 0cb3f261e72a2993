"""Two stores lose no water, answer rain with more flow, and equal the equations as they are read."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengsui.science.contract import OutOfRange
from fengsui.science.rivers import runoff

BASIN = runoff.Basin(350.0, -0.02, 90.0, 8.5)
RANDOM = np.random.default_rng(4)
RAIN = np.where(RANDOM.random(400) < 0.1, RANDOM.exponential(4.0, 400), 0.0)
PET = np.full(400, 0.15)


def plain(rain, pet, x1, x2, x3, x4, s, r):
    """Perrin et al. (2003), eqs 1-23, with the hour's constants; unit hydrographs by their S curves."""

    def s1(t):
        return 0.0 if t <= 0 else (t / x4) ** 1.25 if t < x4 else 1.0

    def s2(t):
        half = 0.5 * (t / x4) ** 1.25 if 0 < t <= x4 else 0.0
        return half if t <= x4 else 1 - 0.5 * (2 - t / x4) ** 1.25 if t < 2 * x4 else 1.0

    effective, out = [], []
    for p, e in zip(rain, pet, strict=True):
        pn, en = max(p - e, 0.0), max(e - p, 0.0)
        ps = x1 * (1 - (s / x1) ** 2) * np.tanh(pn / x1) / (1 + s / x1 * np.tanh(pn / x1))
        es = s * (2 - s / x1) * np.tanh(en / x1) / (1 + (1 - s / x1) * np.tanh(en / x1))
        s = s - es + ps
        perc = s * (1 - (1 + (4 * s / (21 * x1)) ** 4) ** -0.25)
        s -= perc
        effective.append(perc + pn - ps)
        n = len(effective)
        q9 = sum(0.9 * effective[n - j] * (s1(j) - s1(j - 1)) for j in range(1, n + 1))
        q1 = sum(0.1 * effective[n - j] * (s2(j) - s2(j - 1)) for j in range(1, n + 1))
        f = x2 * (r / x3) ** 3.5
        r = max(0.0, r + q9 + f)
        qr = r * (1 - (1 + (r / x3) ** 4) ** -0.25)
        r -= qr
        out.append(qr + max(0.0, q1 + f))
    return np.array(out)


def test_compiled_is_the_plain_reading():
    got, _ = runoff.discharge(runoff.Rained(BASIN, 3.6, RAIN[:150], PET[:150]))
    want = plain(RAIN[:150], PET[:150], 350.0, -0.02, 90.0, 8.5, 0.3 * 350.0, 0.3 * 90.0)
    np.testing.assert_allclose(got, want, rtol=1e-10)


@given(st.floats(50, 1500), st.floats(-1, 1), st.floats(10, 500), st.floats(1, 100), st.integers(0, 9))
@settings(max_examples=40, deadline=None)
def test_account_of_water_closes(x1, x2, x3, x4, seed):
    rain = np.random.default_rng(seed).exponential(1.0, 200)
    _, lost = runoff.discharge(runoff.Rained(runoff.Basin(x1, x2, x3, x4), 10.0, rain, PET[:200]))
    assert lost < 1e-10


def test_more_rain_is_never_less_flow():
    dry = runoff.MODEL.run(runoff.Rained(BASIN, 100.0, RAIN, PET)).values["flow_m3s"]
    wet = runoff.MODEL.run(runoff.Rained(BASIN, 100.0, RAIN * 1.3, PET)).values["flow_m3s"]
    assert (wet >= dry - 1e-12).all()
    assert wet.sum() > dry.sum()


@pytest.mark.slow
def test_calibration_finds_a_basin_again():
    flow, _ = runoff.discharge(runoff.Rained(BASIN, 100.0, RAIN, PET))
    used = np.arange(400) >= 100
    found, told = runoff.calibrate(RAIN, PET, flow, 100.0, used)
    again, _ = runoff.discharge(runoff.Rained(found, 100.0, RAIN, PET))
    assert told > 0.97
    assert runoff.nash_sutcliffe(again[used], flow[used]) > 0.97


@pytest.mark.parametrize(
    ("change", "name"),
    [({"rain_mm": -RAIN}, "rain_mm"), ({"area_km2": 0.0}, "area_km2"), ({"store_share": 1.5}, "store_share")],
)
def test_what_cannot_be_is_refused(change, name):
    with pytest.raises(OutOfRange) as told:
        replace(runoff.Rained(BASIN, 100.0, RAIN, PET), **change)
    assert told.value.field == name
