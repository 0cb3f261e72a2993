"""Run lengths of the CUSUM against the published ones, spikes in noise, and drift held against neighbours."""

from __future__ import annotations

import numpy as np
import pytest

from fengsui.science.series import marks, proofs


@pytest.mark.parametrize(
    ("h", "shift", "expected"), [(4.0, 0.0, 168.0), (5.0, 0.0, 465.0), (4.0, 1.0, 8.4), (5.0, 1.0, 10.4)]
)
def test_two_sided_cusum_has_the_published_run_lengths(h, shift, expected):
    """k = 0.5 (water notes, section 9; Montgomery's table); 40 000 runs leave 0.5 %."""
    assert proofs.run_length(1, 40_000, shift, h) == pytest.approx(expected, rel=0.02)


def test_spikes_of_six_sigma_are_found_and_noise_is_not_flagged():
    """Six scaled MAD (1.4826 MAD = sigma). With 6 bare MAD = 4.05 sigma nothing can have both figures: at a clean rate
    of 1e-3 the bound is 3.29 sigma, which a reading of 4.05 +- 1 passes in 78 of 100 cases."""
    recall, clean = proofs.spikes()
    assert recall > 0.99
    assert clean < 1e-3


def test_a_stream_that_drifts_from_its_neighbours_is_named_and_they_are_not():
    drift = (proofs.fed(proofs.drifting()) & marks.DRIFT) != 0
    first = int(np.argmax(drift[:, 4])) - 3000
    assert 0 < first < 400
    assert drift[3000 + first :, 4].mean() > 0.95
    assert drift[:, [0, 1, 2, 3, 5, 6, 7, 8]].mean() < 0.001


def test_a_flood_that_all_see_is_seldom_drift_and_each_bears_the_other_out():
    flags = proofs.fed(proofs.flood())
    assert ((flags & marks.DRIFT) != 0).mean() < 0.02  # towards its end, when the levels are usual ones again
    assert ((flags[2500:2520] & marks.BORNE) != 0).any(axis=0).sum() >= 7


def test_a_spike_that_no_neighbour_sees_stands_alone():
    values = proofs.rivers(1000)
    values[900, 2] += 5.0
    flags = proofs.fed(values)
    assert flags[900, 2] & marks.SPIKE
    assert flags[900, 2] & marks.ALONE


def test_a_dead_neighbour_is_left_out_and_nobody_is_blamed():
    flags = proofs.fed(proofs.rivers(4000, seed=3), silent=(1, 2000))
    assert ((flags & marks.DRIFT) != 0).mean() < 0.001


def test_noise_alone_seldom_shifts_or_drifts():
    """White noise through all of it: innovations, clipping and slow scatter included, h = 10 and 15."""
    flags = proofs.fed(np.random.default_rng(4).normal(0, 1.0, (20_000, 9)))
    for bit in (marks.SHIFT, marks.AWAY, marks.DRIFT):
        assert ((flags & bit) != 0).mean() < 3e-4
