"""Rain of the next hour: made in a shower from what showers did here, and in no other case."""

from __future__ import annotations

import json
from datetime import timedelta

import numpy as np
import pytest
from django.contrib.gis.geos import Point
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from fengsui.apps.forecasts import actions, played, queries, rain
from fengsui.apps.forecasts.models import ForecastDay, ForecastRun, ForecastScore, RainLesson
from fengsui.apps.forecasts.scores import actions as scores
from fengsui.apps.forecasts.tests.fake_rain import Stays
from fengsui.apps.sensing import actions as sensing
from fengsui.apps.sensing import book
from fengsui.apps.sensing.models import CurrentValue, Observation, Station
from fengsui.apps.sensing.tests.make import columns, make_stream, moment
from fengsui.apps.sensing.tests.test_pages import log_in
from fengsui.core import ports
from fengsui.core.models import StoredEvent, World
from fengsui.core.worlds import LIVE
from fengsui.kernel.replay import Before, Lived

pytestmark = pytest.mark.django_db
STEP = 300


def gauge(code="RG01", **over):
    return make_stream(code, "rain_gauge", "mm", **{"ladder": {}, "period_s": STEP, **over})


def shower(rng):
    """Rain a step that loses a fifth each, more or less, and a dry spell."""
    wet = np.arange(rng.integers(6, 18))
    fell = rng.gamma(2.0, 2.0) * 0.8**wet * rng.lognormal(0.0, 0.3, len(wet))
    return [*fell.round(2).tolist(), *[0.0] * 20]


def past_of(seed=1, showers=60):
    rng = np.random.default_rng(seed)
    return [value for _ in range(showers) for value in shower(rng)]


def tell(readings, stream=0, step=STEP, until=0.0):
    """The last reading at moment(until)."""
    for first in range(0, len(readings), 1000):
        some = range(first, min(first + 1000, len(readings)))
        read = [(stream, until - step * (len(readings) - 1 - i), readings[i], 0.1) for i in some]
        sensing.store_readings(book.read(), *columns(read))


def learned(**over):
    """A gauge of a district whose showers were learned, and dry when it was last read."""
    stream = gauge(**over)
    rain._keep(LIVE, np.array(past_of())[:, None], STEP, moment(0), is_played=False, source="")
    tell([0.0, 0.0])
    return stream


def test_shower_is_forecast_with_an_interval_from_the_gauges_own_past():
    stream = learned()
    tell([0.0, 4.0, 3.0], until=900)
    assert actions.run_waiting(moment(905)) == 1
    run = queries.latest(stream.pk)
    assert (run.method, run.value, run.coverage, run.horizon_s, run.issued_at) == ("rain", 3.0, 0.9, 3600, moment(900))
    at, point, low, high = zip(*run.points, strict=True)
    assert [each - round(moment(900).timestamp() * 1000) for each in at] == [300_000 * k for k in range(1, 13)]
    assert all(a <= b <= c for a, b, c in zip(low, point, high, strict=True))
    assert 1.8 < point[0] < 3.0, "a fifth is lost each step"
    assert point[11] < point[5] < point[0]
    assert run.total[1] <= run.total[0] <= run.total[2]
    assert run.total[0] == pytest.approx(sum(point), rel=0.5)
    assert run.crossings == []
    assert not StoredEvent.objects.filter(name="forecasts.ForecastReady").exists()


def test_showers_are_learned_from_readings_and_kept_with_whence():
    gauge()
    tell(past_of())
    assert rain.learn_due(moment(10)) == 1
    lesson = RainLesson.objects.in_world(LIVE).get()
    assert (lesson.method, lesson.step_s, lesson.is_played, lesson.gauges) == ("rain", STEP, False, 1)
    assert lesson.wet > 400
    assert lesson.kept[0] == pytest.approx(0.8, abs=0.05)
    assert len(lesson.kept) == 12
    assert rain.learn_due(moment(20)) == 0, "a week old at most: not again"


def test_pause_of_half_an_hour_is_forecast_and_then_no_more():
    stream = learned()
    tell([0.0, 4.0, 3.0, 0.0, 0.0], until=900)
    assert actions.run_waiting(moment(901)) == 1
    run = queries.latest(stream.pk)
    assert (run.value, run.points[0][2]) == (0.0, 0.0)
    assert run.points[0][3] >= 0
    tell([0.0] * 6, until=900 + 1800)
    assert actions.run_waiting(moment(900 + 1801)) == 0


def test_dry_gauge_has_none():
    stream = learned()
    tell([0.0] * 12, until=3600)
    assert actions.run_waiting(moment(3601)) == 0
    assert actions.run(datastream=stream.pk, by=_by(stream), now=moment(3601)) is None


def test_dead_gauge_has_none_neither_while_it_is_silent_nor_with_its_first_word():
    stream = learned()
    tell([4.0, 3.0], until=600)
    late = moment(600 + 1801)
    assert actions.run_waiting(late) == 0, "its last word is half an hour old"
    tell([2.0], until=9000)
    assert actions.run_waiting(moment(9001)) == 0, "nobody knows what time that rain fell in"
    tell([2.0], until=9300)
    assert actions.run_waiting(moment(9301)) == 1
    assert queries.latest(stream.pk).issued_at == moment(9300)


def test_refused_reading_is_no_rain():
    stream = learned()
    tell([0.0, 400.0], until=600)
    assert actions.run_waiting(moment(601)) == 0
    assert queries.latest(stream.pk) is None


def test_without_a_past_there_is_none_and_the_page_says_so(client):
    stream = gauge()
    wet(stream)
    assert actions.run_waiting(timezone.now()) == 0
    assert "还没有够长的降雨过去可学" in log_in(client).get("/stations/RG01/forecast").content.decode()


def test_gauge_that_speaks_only_when_it_rains_teaches_nothing():
    """Its showers would never end."""
    stream = gauge()
    rng = np.random.default_rng(1)
    days = [(k * 86_400.0, shower(rng)) for k in range(-20, 0)]
    tips = [(0, day + STEP * i, v) for day, fell in days for i, v in enumerate(fell) if v > 0]
    sensing.store_readings(book.read(), *columns(tips))
    assert rain.learn_due(moment(10)) == 0
    kept = RainLesson.objects.in_world(stream.world_id).get()
    assert (kept.method, kept.gauges) == ("", 0)


def test_nobody_learns_while_water_stands_high():
    gauge()
    tell(past_of(showers=4))
    level = make_stream()
    sensing.store_readings(book.read(), *columns([(1, 60 * i, 0.2) for i in range(5)]))
    assert CurrentValue.objects.get(pk=level.pk).watched
    assert rain.learn_due(moment(400)) == 0


def test_exercise_knows_nothing_of_the_districts_rain():
    learned()
    world = World.objects.create(kind="exercise", name="演练")
    stream = gauge("RG09", world_id=world.id, topic="x/RG09/rain_gauge")
    tell([0.0, 4.0, 3.0], stream=1, until=900)
    assert actions.run_waiting(moment(901)) == 0
    assert queries.latest(stream.pk) is None


def test_a_minute_gauge_is_forecast_in_steps_of_five_as_the_amount_of_one_reading():
    stream = learned()
    fast = gauge("RG02", period_s=60)
    tell([0.0, *[0.6] * 10], stream=1, step=60, until=600)
    assert actions.run_waiting(moment(601)) == 1
    run = queries.latest(fast.pk)
    assert run.value == pytest.approx(0.6)
    assert 0.3 < run.points[0][1] < 0.6, "not the three millimetres of five minutes"
    assert queries.latest(stream.pk) is None


def test_gauge_read_once_an_hour_has_none(client):
    learned()
    stream = gauge("RG02", period_s=3600)
    tell([0.0, 4.0, 3.0], stream=1, step=3600, until=900)
    assert actions.run_waiting(moment(901)) == 0
    assert "读数太稀" in log_in(client).get("/stations/RG02/forecast").content.decode()
    assert queries.latest(stream.pk) is None


def test_rain_with_lines_is_never_told_a_trend():
    stream = learned(ladder={"watch": 2.0, "blue": 5.0, "yellow": 30.0})
    tell([0.0, 2.5, 3.0], until=900)
    CurrentValue.objects.filter(pk=stream.pk).update(watched=True, correlation=stream.station_id)
    assert actions.run_waiting(moment(901)) == 1
    run = queries.latest(stream.pk)
    assert run.method == "rain"
    chances = {level: max(each) for level, each in run.chances.items()}
    assert 0 <= chances["2"] <= chances["1"] < 0.3, "what decays seldom grows"


def by_its_past(speed=60, step=900):
    """A played gauge whose past the district's replay gives."""
    stream = gauge(speed=speed, period_s=step)
    fell = past_of(3)
    samples = tuple((float(step * i), each) for i, each in enumerate(fell))
    before = Before(step, {"RG01": Lived("mm", samples), "RG02": Lived("mm", samples)})
    return stream, before


def test_replay_is_forecast_by_its_given_past_on_the_waters_clock():
    stream, before = by_its_past()
    other = gauge("RG02", speed=60, period_s=900)
    lesson = played.teach_rain(before, [stream.topic, other.topic], "a", moment(0))
    assert (lesson.method, lesson.is_played, lesson.gauges) == ("rain", True, 1), (
        "two played from one series lived once"
    )
    tell([0.0, 4.0, 3.0], step=15, until=45)
    assert actions.run_waiting(moment(46)) == 1
    run = queries.latest(stream.pk)
    assert (run.speed, run.horizon_s, run.value) == (60, 3600, 3.0)
    ahead = [each[0] - round(run.issued_at.timestamp() * 1000) for each in run.points]
    assert ahead == [15_000, 30_000, 45_000, 60_000], "an hour of the water is a minute of the wall"
    assert actions.run_waiting(moment(46)) == 0


def test_past_of_a_replay_speaks_of_no_gauge_that_measures_and_is_forgotten():
    stream, before = by_its_past()
    lesson = played.teach_rain(before, [stream.topic], "a", moment(0))
    assert played.teach_rain(before, [stream.topic], "a", moment(9)).made_at == lesson.made_at
    assert played.teach_rain(before, [stream.topic], "b", moment(9)).made_at == moment(9)
    assert rain.lesson_of(stream).is_played
    stream.speed = 1.0
    assert rain.lesson_of(stream) is None
    assert played.teach_rain(Before(900, {}), [stream.topic], "a", moment(0)) is None
    played.forget([stream.topic])
    assert not RainLesson.objects.in_world(LIVE).exists()


def test_worker_killed_in_the_middle_leaves_nothing_and_its_second_try_makes_one(monkeypatch):
    learned()
    tell([0.0, 4.0, 3.0], until=900)

    def killed(*_, **__):
        raise RuntimeError("killed")

    with monkeypatch.context() as broken:
        broken.setattr(actions.live, "touch_keys", killed)
        assert actions.run_waiting(moment(901)) == 0
    assert not ForecastRun.objects.all_worlds("test").exists()
    assert actions.run_waiting(moment(902)) == 1
    assert actions.run_waiting(moment(903)) == 0
    assert ForecastRun.objects.all_worlds("test").count() == 1


def test_lesson_that_cannot_be_read_any_more_forecasts_nothing():
    stream = learned()
    RainLesson.objects.in_world(LIVE).update(state=b"no lesson")
    tell([0.0, 4.0, 3.0], until=900)
    assert actions.run_waiting(moment(901)) == 0
    assert queries.latest(stream.pk) is None
    rain.learn_due(moment(902))
    assert RainLesson.objects.in_world(LIVE).get().made_at == moment(902), "the next night it is learned again"


def test_lost_lesson_of_a_replay_is_learned_again_when_it_begins():
    stream, before = by_its_past()
    played.teach_rain(before, [stream.topic], "a", moment(0))
    RainLesson.objects.in_world(LIVE).update(state=b"no lesson")
    assert played.teach_rain(before, [stream.topic], "a", moment(9)).made_at == moment(9)
    assert played.teach_rain(before, [stream.topic], "a", moment(18)).made_at == moment(9)


def test_what_an_engine_says_is_kept_as_it_was_said(monkeypatch):
    monkeypatch.setitem(ports._factories, "rain", Stays)
    stream = learned()
    tell([0.0, 4.0, 3.0], until=900)
    assert actions.run_waiting(moment(901)) == 1
    run = queries.latest(stream.pk)
    assert [each[1:] for each in run.points] == [[3.0, 1.5, 6.0]] * 12
    assert run.total == [36.0, 18.0, 72.0]


def test_no_engine_no_forecast(monkeypatch):
    learned()
    tell([0.0, 4.0, 3.0], until=900)
    monkeypatch.delitem(ports._factories, "rain")
    assert actions.run_waiting(moment(901)) == 0


@pytest.mark.slow
def test_intervals_hold_what_they_promise_on_showers_to_come():
    """Every step of later showers through the same doors as a station's: readings in, runs out, scored."""
    stream = learned()
    fell = past_of(7, 12)
    for k, each in enumerate(fell):
        tell([each], until=STEP * (k + 1))
        actions.run_waiting(moment(STEP * (k + 1) + 1))
    tell([0.0] * 14, until=STEP * (len(fell) + 14))
    runs = list(ForecastRun.objects.in_world(LIVE).filter(datastream=stream, value__gt=0).order_by("issued_at"))
    assert len(runs) > 80
    at = {round(moment(STEP * (k + 1)).timestamp() * 1000): each for k, each in enumerate(fell)}
    inside = [low - 1e-4 <= at[when] <= high + 1e-4 for run in runs for when, _, low, high in run.points if when in at]
    assert 0.9 < np.mean(inside) < 0.985, "most of what comes is 0, and that is told"
    above = [at[when] > high for run in runs for when, _, _, high in run.points[:3] if when in at]
    below = [at[when] < low for run in runs for when, _, low, _ in run.points[:3] if when in at]
    assert 0.015 < np.mean(above) < 0.09
    assert np.mean(below) < 0.08


def test_rain_is_scored_by_the_sum_of_its_step_beside_it_stays():
    stream = learned()
    fast = gauge("RG02", period_s=60)
    tell([0.0, *[0.6] * 10], stream=1, step=60, until=600)
    assert actions.run_waiting(moment(601)) == 1
    tell([0.1, 0.9] * 35, stream=1, step=60, until=600 + 70 * 60)
    assert scores.score_waiting(moment(600 + 71 * 60)) == 1
    rows = list(ForecastScore.objects.order_by("lead_s"))
    assert [row.lead_s for row in rows] == [900, 1800, 3600]
    assert [row.came for row in rows] == pytest.approx([0.42, 0.58, 0.58], abs=0.01), (
        "the mean of five readings, not one"
    )
    assert [row.stays for row in rows] == pytest.approx([0.6] * 3)
    day = ForecastDay.objects.all_worlds("test").get(lead_s=1800)
    assert (day.method, day.n, day.datastream_id) == ("rain", 1, fast.pk)
    assert stream.pk != fast.pk


def test_a_look_asks_as_often_for_many_dry_gauges_as_for_one():
    learned()

    def asked():
        with CaptureQueriesContext(
            connection,
        ) as found:
            assert actions.run_waiting(moment(2)) == 0
        return len(found)

    one = asked()
    for k in range(5):
        gauge(f"RG1{k}")
        tell([0.0, 0.0], stream=k + 1)
    assert asked() == one == 2


def wet(stream):
    """Now, as a page would be asked: a shower for a quarter of an hour."""
    us = round(timezone.now().timestamp() * 1e6)
    at = np.array([us - STEP * 1_000_000 * k for k in (3, 2, 1, 0)], np.int64)
    which = [each.id for each in book.read().streams].index(stream.pk)
    sensing.store_readings(
        book.read(), np.full(4, which, np.intp), at, np.array([0.0, 2.0, 4.0, 3.0]), at + 100, np.zeros(4, np.int16)
    )


def test_station_page_draws_it_dashed_and_says_how_it_was_made(client):
    stream = learned()
    Station.objects.in_world(LIVE).filter(code="RG01").update(location=Point(123.34, 41.81))
    wet(stream)
    assert actions.run_waiting(timezone.now()) == 1
    duty = log_in(client)
    chart = json.loads(duty.get("/stations/RG01/chart.json?hours=1").content)
    assert len(chart["forecast"]["points"]) == len(chart["forecast"]["low"]) == 13
    assert chart["forecast"]["confidence"] == "9 成"
    page = duty.get("/stations/RG01/forecast").content.decode()
    for words in ("此后 1 小时共", "9 成区间", "每 5 分", "衰减外推", "从本区 1 个雨量站", "平均还剩"):
        assert words in page, words
    assert "上面没有线了" not in page
    ForecastRun.objects.in_world(LIVE).update(issued_at=timezone.now() - timedelta(minutes=31))
    assert "最近半小时有雨才起报" in duty.get("/stations/RG01/forecast").content.decode()


def _by(stream):
    from fengsui.kernel.actor import Actor

    return Actor(world=stream.world_id, system="test", correlation=stream.station_id)


def test_no_reading_is_changed_by_a_forecast():
    stream = learned()
    before = Observation.objects.filter(datastream=stream).count()
    tell([0.0, 4.0], until=600)
    actions.run_waiting(moment(601))
    assert Observation.objects.filter(datastream=stream).count() == before + 2
