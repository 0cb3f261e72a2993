"""A reach keeps its water, delays and flattens a flood as theory says; Wilson's flood within its published error."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengsui.science.contract import OutOfRange
from fengsui.science.rivers.muskingum import Muskingum, calibrate, lag
from fengsui.science.rivers.reach import MODEL, Reach, Routing, _normal, missing, route

WILSON = np.array([
    [22, 22], [23, 21], [35, 21], [71, 26], [103, 34], [111, 44], [109, 55], [100, 66], [86, 75], [71, 82], [59, 85],
    [47, 84], [39, 80], [32, 73], [28, 64], [24, 54], [22, 44], [21, 36], [20, 30], [19, 25], [19, 22], [18, 19],
], float)  # fmt: skip
"""Inflow and outflow every 6 h, m3/s: reference/SOURCE.md."""
CHANNEL = Reach(100e3, 50.0, 0.00025, 0.035, parts=50)


def flood(low, high, step_s=900.0, hours=96):
    at = np.arange(0.0, hours * 3600.0, step_s)
    return low + (high - low) * np.exp(-(((at - 24 * 3600) / (6 * 3600)) ** 2))


@given(
    st.floats(5, 200), st.floats(0, 3), st.floats(2e-4, 0.01), st.floats(0.02, 0.1), st.integers(1, 20),
    st.floats(1, 200), st.floats(1.0, 10.0),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_no_water_is_lost_in_any_channel_or_the_run_is_refused(bottom, side, slope, n, parts, low, times):
    asked = Routing(Reach(20e3, bottom, slope, n, side, parts), 900.0, flood(low, low * times))
    out, stored, least, _ = route(asked)
    if missing(asked, out, stored) > 1e-6:  # parts so long that the outflow would first turn
        assert least < 1.0
        with pytest.raises(OutOfRange, match="account of water"):
            MODEL.run(asked)
    elif least >= 1.0:
        assert out.max() <= asked.inflow_m3s.max() * (1 + 1e-9)
        assert out.min() >= asked.inflow_m3s.min() * (1 - 1e-9)


def test_flood_comes_late_flat_and_whole():
    asked = Routing(CHANNEL, 900.0, flood(100.0, 1000.0))
    told = MODEL.run(asked)
    out = told.values["outflow_m3s"]
    assert told.values["missing"] < 1e-12
    assert 6 < (out.argmax() - asked.inflow_m3s.argmax()) / 4 < 16
    assert 500 < out.max() < 800
    assert not told.remarks


@pytest.mark.parametrize(("slope", "peclet", "within"), [(0.001, 120, 0.01), (0.0005, 40, 0.03), (0.00025, 15, 0.05)])
def test_small_wave_flattens_as_the_diffusive_wave_does(slope, peclet, within):
    """Hayami's (1951) answer to a small wave: advection with c and diffusion with Q/(2 B S), by convolution.

    Two moments are the same; where diffusion is strong (c L / D of 15) the third one shows.
    """
    base, high, step = 300.0, 303.0, 900.0
    flow = flood(base, high, step)
    channel = replace(CHANNEL, parts=20, slope=slope)
    out, _, _, _ = route(Routing(channel, step, flow))
    _, width, c = _normal(base, channel.bottom_m, channel.side, channel.slope, channel.n, 1.0)
    diffusion, x = base / (2 * width * channel.slope), channel.length_m
    assert c * x / diffusion == pytest.approx(peclet, rel=0.25)
    at = np.arange(1, len(flow)) * step
    kernel = x / np.sqrt(4 * np.pi * diffusion * at**3) * np.exp(-((x - c * at) ** 2) / (4 * diffusion * at))
    want = np.convolve(flow - base, np.r_[0.0, kernel * step])[: len(flow)]
    assert (out.max() - base) / want.max() == pytest.approx(1.0, abs=within)
    assert abs(int(out.argmax()) - int(want.argmax())) * step <= 1800.0


def test_steady_flow_stays_and_celerity_is_the_derivative():
    out, _, _, _ = route(Routing(CHANNEL, 900.0, np.full(50, 123.0)))
    np.testing.assert_allclose(out, 123.0, rtol=1e-12)
    a, _, c = _normal(400.0, 30.0, 2.0, 0.001, 0.03, 1.0)
    b, _, _ = _normal(400.04, 30.0, 2.0, 0.001, 0.03, 1.0)
    assert c == pytest.approx(0.04 / (b - a), rel=1e-4)


def test_courant_one_without_diffusion_is_translation():
    rows = Muskingum(6.0, 0.5).route(WILSON[:, 0], 6.0, 22.0)
    np.testing.assert_allclose(rows[1:], WILSON[:-1, 0])


def test_wilsons_flood_is_routed_within_its_published_error():
    """Sum of squares 36.77: what those who fitted the power form by this scheme published (Geem 2006 and others)."""
    inflow, outflow = WILSON.T
    found, rest = calibrate(inflow, outflow, 6.0, power=True)
    assert rest == pytest.approx(36.77, abs=0.01)
    assert found.x == pytest.approx(0.2869, abs=0.001)
    assert np.sum((found.route(inflow, 6.0, 22.0) - outflow) ** 2) == pytest.approx(rest)
    _, straight = calibrate(inflow, outflow, 6.0, power=False)
    assert straight > 10 * rest, "the linear form cannot"


def test_lag_between_gauges_is_found():
    random = np.random.default_rng(0)
    upper = np.cumsum(random.normal(0, 1, 400))
    steps, alike = lag(upper, np.r_[np.zeros(7), upper[:-7]], 20)
    assert steps == 7
    assert alike == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize(
    ("change", "name"),
    [({"slope": 5e-5}, "slope"), ({"n": 0.5}, "n"), ({"length_m": 0.1}, "length_m"), ({"parts": 0}, "parts")],
)
def test_backwater_and_nonsense_are_refused(change, name):
    with pytest.raises(OutOfRange) as told:
        replace(CHANNEL, **change)
    assert told.value.field == name


def test_river_that_runs_backwards_is_refused():
    with pytest.raises(OutOfRange, match="tide"):
        Routing(CHANNEL, 900.0, np.array([10.0, -5.0]))
