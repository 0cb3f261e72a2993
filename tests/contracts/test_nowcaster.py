"""The port of rain forecasts: one suite run against the engine and against the fake of the apps' tests."""

from __future__ import annotations

import numpy as np
import pytest

from fengsui.apps.forecasts.tests.fake_rain import Stays
from fengsui.engines.rain import Decaying
from fengsui.kernel.ports.forecaster import LessonLost, Nowcaster, Values

UNTIL = 1_700_000_000_000_000
LEADS, PAUSE, STEP_S = 12, 6, 300.0


def showers(seed: int = 1, many: int = 80) -> Values:
    rng = np.random.default_rng(seed)
    rain: list[float] = []
    for _ in range(many):
        wet = np.arange(rng.integers(6, 18))
        rain += [*(rng.gamma(2.0, 2.0) * 0.8**wet * rng.lognormal(0.0, 0.3, len(wet))), *[0.0] * 20]
    return np.array(rain)[:, None]


@pytest.fixture(params=[Decaying, Stays], ids=["decaying", "fake"])
def nowcaster(request: pytest.FixtureRequest) -> Nowcaster:
    made: Nowcaster = request.param()
    return made


@pytest.fixture
def state(nowcaster: Nowcaster) -> bytes:
    lesson = nowcaster.learn(showers(), LEADS, PAUSE)
    assert lesson is not None
    assert lesson.wet >= int((showers() > 0).sum() - 2 * LEADS)
    assert len(lesson.kept) == LEADS
    assert all(0 <= each <= 1.01 for each in lesson.kept)
    return lesson.state


@pytest.mark.parametrize(
    "past", [np.zeros((5000, 2)), np.full((5000, 1), np.nan), showers(many=1), np.empty((0, 0))],
    ids=["dry", "silent", "short", "none"],
)  # fmt: skip
def test_past_too_short_or_too_dry_teaches_nothing(nowcaster: Nowcaster, past: Values) -> None:
    assert nowcaster.learn(past, LEADS, PAUSE) is None


def test_forecast_begins_at_the_end_of_the_last_step_and_widens_around_its_point(
    nowcaster: Nowcaster, state: bytes
) -> None:
    said = nowcaster.forecast(state, np.array([0.0, 0.0, 3.0, 2.0]), UNTIL, STEP_S, (0.1, 1.0, 500.0))
    assert said is not None
    assert said.issued_at == UNTIL
    assert (said.at - UNTIL).tolist() == [300_000_000 * k for k in range(1, LEADS + 1)]
    assert (said.low >= 0).all()
    assert (said.low <= said.point).all()
    assert (said.point <= said.high).all()
    assert said.coverage == 0.9
    assert said.above is not None
    assert said.above.shape == (LEADS, 3)
    assert (np.diff(said.above, axis=1) <= 0).all(), "a higher line is no likelier"
    assert said.above[:, 2].tolist() == [0.0] * LEADS
    assert said.total is not None
    point, low, high = said.total
    assert low <= point <= high
    assert high <= said.high.sum() * 1.0001, "a wet hour is not wet in all its steps"
    assert said.method == nowcaster.method


def test_more_rain_is_more_rain_later(nowcaster: Nowcaster, state: bytes) -> None:
    light, strong = (nowcaster.forecast(state, np.array([0.0, each]), UNTIL, STEP_S, ()) for each in (20.0, 40.0))
    assert light is not None
    assert strong is not None
    assert strong.point == pytest.approx(2 * light.point)
    assert light.above is not None
    assert light.above.shape == (LEADS, 0)


@pytest.mark.parametrize(
    "rain", [np.zeros(96), np.r_[np.full(90, 2.0), np.zeros(6)], np.r_[np.full(95, 2.0), np.nan], np.full(96, np.nan)],
    ids=["dry", "over", "just fell silent", "silent"],
)  # fmt: skip
def test_nothing_is_said_where_it_does_not_rain_or_nobody_knows(
    nowcaster: Nowcaster, state: bytes, rain: Values
) -> None:
    assert nowcaster.forecast(state, rain, UNTIL, STEP_S, ()) is None


def test_a_pause_is_forecast(nowcaster: Nowcaster, state: bytes) -> None:
    said = nowcaster.forecast(state, np.r_[np.full(90, 2.0), np.zeros(5)], UNTIL, STEP_S, ())
    assert said is not None
    assert said.low[0] == 0.0


def test_same_question_same_answer(nowcaster: Nowcaster, state: bytes) -> None:
    rain = showers(3)[:96, 0]
    rain[-1] = 1.0
    one, two = (nowcaster.forecast(state, rain, UNTIL, STEP_S, (1.0,)) for _ in range(2))
    assert one is not None
    assert two is not None
    np.testing.assert_array_equal(one.point, two.point)
    np.testing.assert_array_equal(one.above, two.above)


@pytest.mark.parametrize("lost", [b"", b"no lesson", b"{}", b'{"version": 99}', b"[]"])
def test_bytes_that_are_no_lesson_are_lost(nowcaster: Nowcaster, lost: bytes) -> None:
    with pytest.raises(LessonLost):
        nowcaster.forecast(lost, np.array([1.0]), UNTIL, STEP_S, ())


def test_recent_error_is_told_beside_that_of_it_stays() -> None:
    """Only of the engine: the fake knows none."""
    engine = Decaying()
    lesson = engine.learn(showers(), LEADS, PAUSE)
    assert lesson is not None
    rain = showers(5)[:200, 0]
    rain[-1] = 1.0
    said = engine.forecast(lesson.state, rain, UNTIL, STEP_S, ())
    assert said is not None
    assert said.error is not None
    assert said.persistence is not None
    assert said.error < said.persistence
    young = engine.forecast(lesson.state, np.array([1.0, 2.0]), UNTIL, STEP_S, ())
    assert young is not None
    assert young.error is None
