"""A rating finds the law it was made with, meets itself at its joints and marks what lies beyond."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengsui.science.contract import OutOfRange
from fengsui.science.rivers import rating


@given(st.floats(1, 80), st.floats(1.2, 3.0), st.floats(-1, 1))
@settings(max_examples=25, deadline=None)
def test_one_law_is_found(a, b, h0):
    h = np.linspace(h0 + 0.2, h0 + 3.0, 40)
    made = rating.fit(h, a * (h - h0) ** b)
    flow, beyond = made.flow(h)
    np.testing.assert_allclose(flow, a * (h - h0) ** b, rtol=2e-3)
    assert not beyond.any()


def test_two_laws_meet_and_the_inverse_comes_back():
    h = np.linspace(0.3, 4.0, 80)
    q = np.where(h < 1.8, 12 * (h - 0.1) ** 1.6, 12 * 1.7**1.6 * (np.maximum(h - 1.0, 0.0) / 0.8) ** 2.4)
    made = rating.fit(h, q)
    assert len(made.pieces) >= 2
    for one, two in zip(made.pieces, made.pieces[1:], strict=False):
        at = np.array([two.above - 1e-9, two.above])
        assert np.diff(made.flow(at)[0]) == pytest.approx(0.0, abs=1e-5), (one, two)
    np.testing.assert_allclose(made.level(made.flow(h)[0]), h, atol=1e-9)
    np.testing.assert_allclose(made.flow(h)[0], q, rtol=0.08)  # at the kink


def test_extrapolation_is_answered_and_marked():
    h = np.linspace(0.5, 2.0, 30)
    told = rating.MODEL.run(rating.Asked(h, 5 * h**2, np.array([0.3, 1.0, 2.9, 3.1, np.nan])))
    assert told.values["beyond"].tolist() == [True, False, False, True, False]
    assert np.isfinite(told.values["flow_m3s"][:4]).all()
    assert [each.code for each in told.remarks] == ["rating.beyond"]


def test_few_or_dry_gaugings_are_refused():
    with pytest.raises(OutOfRange, match="gaugings"):
        rating.fit(np.arange(4.0), np.arange(1.0, 5.0))
    with pytest.raises(OutOfRange, match="flow"):
        rating.fit(np.arange(6.0), np.arange(6.0))
