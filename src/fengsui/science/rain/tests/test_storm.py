"""Design storms rain what their formula says, in every window about the peak."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengsui.science.contract import OutOfRange
from fengsui.science.rain import storm as s
from fengsui.science.rain.formula import SHENYANG, Formula

FIRST, SECOND = SHENYANG
P50 = s.DesignStorm(FIRST, 50.0, 180.0)
formulas = st.builds(
    Formula,
    name=st.just("x"),
    a=st.floats(100, 5000),
    c=st.floats(0, 2),
    b=st.floats(0.5, 40),
    n=st.floats(0.2, 0.99),
)
storms = st.builds(
    lambda formula, p, steps, step, peak, shape: s.DesignStorm(formula, p, steps * step, step, peak, shape),
    formulas,
    st.floats(1, 100),
    st.integers(6, 36),
    st.sampled_from([1.0, 2.0, 2.5, 5.0]),
    st.floats(0, 1),
    st.sampled_from(["chicago", "alternating"]),
)


def test_published_numbers():
    """Section 1 of the notes: 5, 30, 60 and 180 min at P = 50 a; intensities of the two formulas at 60 min."""
    assert [round(float(FIRST.depth(t, 50.0)), 3) for t in (5.0, 30.0, 60.0, 180.0)] == [18.006, 49.087, 63.271, 87.370]
    assert [round(each.intensity(60.0, 50.0) / 0.006, 1) for each in SHENYANG] == [175.8, 203.9]
    assert round(float(SECOND.depth(60.0, 50.0)), 1) == 73.4


@given(storms)
def test_total_is_exact_and_no_step_is_dry(storm):
    depth = s.MODEL.run(storm).values["depth_mm"]
    assert depth.shape == (storm.steps,)
    assert (depth > 0).all()
    assert depth.sum() == pytest.approx(
        float(storm.formula.depth(storm.duration_min, storm.return_period_a)), rel=1e-12
    )


@given(storms, st.floats(0.01, 1))
def test_any_window_about_the_peak_has_the_formulas_rain(storm, share):
    window = share * storm.duration_min
    ends = np.array([storm.peak * (storm.duration_min - window), 0.0])
    ends[1] = ends[0] + window
    rain = np.diff(s.cumulative(storm, ends))[0]
    assert rain == pytest.approx(float(storm.formula.depth(window, storm.return_period_a)), rel=1e-9)


@given(storms)
def test_no_window_of_steps_is_heavier_than_the_formula(storm):
    depth = s.MODEL.run(storm).values["depth_mm"]
    total = np.r_[0.0, np.cumsum(depth)]
    for steps in range(1, storm.steps + 1):
        heaviest = np.max(total[steps:] - total[:-steps])
        most = float(storm.formula.depth(steps * storm.step_min, storm.return_period_a))
        assert heaviest <= most * (1 + 1e-12)


def test_blocks_alternate_around_the_peak():
    storm = replace(P50, shape="alternating", duration_min=25.0, peak=0.5)
    blocks = np.diff(FIRST.depth(np.arange(6) * 5.0, 50.0))
    assert s.alternating(storm).tolist() == blocks[[4, 2, 0, 1, 3]].tolist()


def test_intensities_at_the_middle_of_steps_would_rain_too_much():
    """Why the cumulative is differenced: the closed form at the middle of cells makes 3.5 % more."""
    middle = (np.arange(36) + 0.5) * 5.0
    t = np.where(middle < 72.0, (72.0 - middle) / 0.4, (middle - 72.0) / 0.6)
    a, n, b = FIRST.factor(50.0), FIRST.n, FIRST.b
    naive = (a * ((1 - n) * t + b) / (t + b) ** (1 + n)).sum() * 5.0
    assert naive / s.chicago(P50).sum() == pytest.approx(1.035, abs=0.003)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"duration_min": 200.0}, "duration_min"), ({"duration_min": 3.0}, "step_min"),
        ({"return_period_a": 0.5}, "return_period_a"), ({"return_period_a": 200.0}, "return_period_a"),
        ({"peak": 1.2}, "peak"), ({"step_min": 7.0}, "step_min"),
        ({"return_period_a": float("nan")}, "return_period_a"),
    ],
)  # fmt: skip
def test_outside_of_the_validity_is_refused_by_name(change, field):
    with pytest.raises(OutOfRange) as refused:
        replace(P50, **change)
    assert refused.value.field == field
    assert refused.value.facts["why"]


def test_unconfirmed_formula_is_told_with_the_result_and_its_name():
    result = s.MODEL.run(P50)
    assert [each.code for each in result.remarks] == ["rain.formula"]
    assert "沈阳 1984" in result.remarks[0].zh
    assert "待核实" in result.remarks[0].zh
    again = s.MODEL.run(P50)
    assert again.provenance.inputs == result.provenance.inputs
    assert s.MODEL.run(replace(P50, peak=0.41)).provenance.inputs != result.provenance.inputs
