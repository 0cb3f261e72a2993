"""Confidence and its borders: the same for a sensor of a minute and a contact of a month."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengsui.kernel import proof

NOW = datetime(2026, 7, 28, 18, 31, tzinfo=UTC)
LIVES = st.floats(min_value=1.0, max_value=1e8)
AGES = st.floats(min_value=0.0, max_value=1e9)


@pytest.mark.parametrize(
    ("age_s", "expected"),
    [(0, "alive"), (60, "alive"), (60.001, "doubtful"), (120, "doubtful"), (120.001, "silent"), (-30, "alive")],
)
def test_state_by_half_lives(age_s, expected):
    assert proof.state(NOW - timedelta(seconds=age_s), 60.0, NOW) == expected


def test_never_is_not_silent():
    assert proof.state(None, 60.0, NOW) == "never"


@given(AGES, AGES, LIVES)
def test_confidence_never_grows_with_age(a, b, half_life):
    younger, older = sorted((a, b))
    assert 0.0 <= proof.confidence(older, half_life) <= proof.confidence(younger, half_life) <= 1.0


@given(AGES, LIVES)
def test_one_more_half_life_halves(age, half_life):
    assert proof.confidence(age + half_life, half_life) == pytest.approx(proof.confidence(age, half_life) / 2)


@given(st.floats(min_value=0.0, max_value=10.0), LIVES, st.floats(min_value=1.0, max_value=100.0))
def test_only_the_ratio_of_age_and_half_life_counts(lives, half_life, scale):
    assert proof.confidence(lives * half_life, half_life) == pytest.approx(
        proof.confidence(lives * half_life * scale, half_life * scale), rel=1e-6
    )


@given(st.floats(min_value=0.0, max_value=8.0), st.floats(min_value=1.0, max_value=1e6))
def test_state_and_confidence_agree(lives, half_life):
    """alive from a half up, doubtful from a quarter up (a microsecond's rounding aside)."""
    found = proof.state(NOW - timedelta(seconds=lives * half_life), half_life, NOW)
    sure = proof.confidence(lives * half_life, half_life)
    if abs(sure - 0.5) > 1e-4 and abs(sure - 0.25) > 1e-4:
        assert found == ("alive" if sure > 0.5 else "doubtful" if sure > 0.25 else "silent")


@pytest.mark.parametrize("half_life", [0.0, -1.0])
def test_half_life_is_positive(half_life):
    with pytest.raises(ValueError, match="half-life"):
        proof.confidence(1.0, half_life)
    with pytest.raises(ValueError, match="half-life"):
        proof.state(NOW, half_life, NOW)
