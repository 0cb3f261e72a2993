"""The next hour: a cell is followed, rain decays as it did, and nothing is told that the past does not carry."""

import numpy as np
import pytest

from fengsui.science.contract import OutOfRange
from fengsui.science.rain.nowcast import carry, fit_decay, motion

ROWS, COLUMNS = np.indices((96, 128), dtype=float)


def cell(row, column):
    return 20.0 * np.exp(-((ROWS - row) ** 2 + (COLUMNS - column) ** 2) / (2 * 6.0**2))


@pytest.mark.parametrize("shift", [(1.3, -0.7), (0.0, 2.4), (-2.2, 1.1), (0.4, 0.3)])
def test_moving_cell_is_off_by_less_than_a_cell_after_six_steps(shift):
    before, after = cell(48, 60), cell(48 + shift[0], 60 + shift[1])
    assert motion(before, after) == pytest.approx(shift, abs=0.05)
    told = carry(after, motion(before, after), 6)[-1]
    weight = np.nan_to_num(told)
    centre = (weight * ROWS).sum() / weight.sum(), (weight * COLUMNS).sum() / weight.sum()
    wanted = 48 + 7 * shift[0], 60 + 7 * shift[1]
    assert np.hypot(centre[0] - wanted[0], centre[1] - wanted[1]) < 1.0


@pytest.mark.parametrize("where", [(30, 20), (70, 100), (20, 96)])
@pytest.mark.parametrize("width", [3.0, 6.0])
def test_cell_away_from_the_middle_is_as_fast_as_it_is(where, width):
    def small(row, column):
        return np.exp(-((ROWS - row) ** 2 + (COLUMNS - column) ** 2) / (2 * width**2))

    found = motion(small(*where), small(where[0] + 3, where[1] + 4))
    assert found == pytest.approx((3.0, 4.0), abs=0.1)


def test_what_comes_from_outside_the_picture_is_unknown():
    told = carry(cell(48, 60), (0.0, 4.0), 2)
    assert np.isnan(told[1][:, :8]).all()
    assert np.isfinite(told[1][:, 9:]).all()


def test_decay_is_that_of_the_past():
    steps = np.arange(80)
    past = np.stack([10.0 * 0.8**steps, 5.0 * 0.8**steps], axis=1)
    decay = fit_decay(past, 3)
    assert decay.kept == pytest.approx([0.8, 0.64, 0.512])
    told = decay.forecast(np.array([10.0, 0.0]))
    assert told.shape == (3, 2, 5)
    assert told[:, 0, 2] == pytest.approx([8.0, 6.4, 5.12])
    assert (told[:, 1] == 0.0).all()


def test_quantiles_hold_what_they_promise_on_the_days_to_come():
    rng = np.random.default_rng(7)
    rain = np.abs(rng.gamma(0.6, 2.0, (1200, 5)))
    decay = fit_decay(rain[:800], 2)
    told = decay.forecast(rain[900:901].ravel())
    assert (np.diff(told, axis=2) >= 0).all()
    hits = [
        (decay.forecast(rain[n])[0, :, 0] <= rain[n + 1]) & (rain[n + 1] <= decay.forecast(rain[n])[0, :, 4])
        for n in range(800, 1198)
    ]
    assert 0.85 < np.mean(hits) < 0.95


def test_short_past_is_refused():
    with pytest.raises(OutOfRange):
        fit_decay(np.ones((10, 3)), 2)
