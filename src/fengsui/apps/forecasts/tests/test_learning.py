from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from fengsui.apps.forecasts import actions, chances, learning, queries
from fengsui.apps.forecasts.models import ForecastLesson
from fengsui.apps.sensing import actions as sensing
from fengsui.apps.sensing import book
from fengsui.apps.sensing.binned import binned
from fengsui.apps.sensing.models import CurrentValue
from fengsui.apps.sensing.tests.make import columns, make_stream, moment
from fengsui.science.rivers import kept
from fengsui.science.rivers.tests.test_kept import river

pytestmark = pytest.mark.django_db
STEP = 900
LINES = {"watch": 1.0, "blue": 1.3, "yellow": 1.6, "orange": 2.2, "red": 3.0, "margin": 0.02}


def lived(n=3000, river_over=None):
    """A river and the rain that makes it, read every quarter of an hour; the last reading is at moment(0)."""
    past = river(n)
    stream = make_stream("R1", "river_stage", period_s=STEP, ladder=LINES, **(river_over or {}))
    rain = make_stream("P1", "rain_gauge", unit="mm", period_s=STEP, ladder={})
    for at in range(0, n, 1000):
        rows = range(at, min(at + 1000, n))
        for which, values in ((0, past.level), (1, past.inputs[:, 0])):
            read = [(which, (i - n + 1) * STEP, float(values[i])) for i in rows]
            sensing.store_readings(book.read(), *columns(read))
    return stream, rain


def test_binned_takes_the_last_level_and_the_sum_of_rain():
    stream, rain = make_stream("R1", "river_stage"), make_stream("P1", "rain_gauge", unit="mm")
    read = [(0, 0, 1.0), (0, 100, 1.1), (0, 600, 1.2), (1, 60, 2.0), (1, 120, 3.0)]
    sensing.store_readings(book.read(), *columns(read))
    got = binned([stream, rain], moment(600), 300, 4)
    np.testing.assert_array_equal(got, [[np.nan, np.nan], [1.0, np.nan], [1.1, 5.0], [1.2, np.nan]])


def test_gauge_is_learned_from_its_floods_and_forecast_with_chances():
    stream, rain = lived()
    now = moment(1)
    assert learning.learn(stream, now)
    lesson = ForecastLesson.objects.in_world(stream.world_id).get()
    assert (lesson.step_s, lesson.horizon_s, lesson.beside) == (STEP, 6 * 3600.0, [rain.pk])
    first = lesson.leads[0]
    assert first["best"] <= first["trend"]
    assert {"trend"} < set(first["members"])
    CurrentValue.objects.filter(pk=stream.pk).update(watched=True, correlation=stream.station_id)
    assert actions.run_waiting(now) == 1
    run = queries.latest(stream.pk)
    assert (run.method, run.horizon_s) == ("levels", 6 * 3600.0)
    assert len(run.points) == len(run.chances["2"]) == len(lesson.leads)
    told = {level: chance for level, _, chance in chances.ahead(run)}
    assert all(0 <= told[a] <= 1 for a in told)
    assert sorted(told.values(), reverse=True) == list(told.values()), "a higher line is no likelier"


def test_young_gauge_is_forecast_by_its_trend_and_its_lesson_goes():
    stream, _ = lived(200)
    ForecastLesson.objects.create(
        world_id=stream.world_id, datastream=stream, made_at=moment(0), method="levels", since=moment(0), step_s=900,
        horizon_s=3600, flood=1.0, flood_h=1, state=b"no forecaster",
    )  # fmt: skip
    CurrentValue.objects.filter(pk=stream.pk).update(watched=True, correlation=stream.station_id)
    assert actions.run_waiting(moment(1)) == 1, "bytes that cannot be read stop nothing"
    assert queries.latest(stream.pk).method == "trend"
    assert not learning.learn(stream, moment(1))
    lesson = ForecastLesson.objects.in_world(stream.world_id).get()
    assert (lesson.method, bytes(lesson.state), lesson.made_at) == ("", b"", moment(1)), "tried, and nothing learned"
    assert learning.forecast(stream, moment(0), [1.3]) is None


def test_nobody_learns_while_water_stands_high():
    stream, _ = lived()
    CurrentValue.objects.filter(pk=stream.pk).update(watched=True)
    assert learning.learn_due(moment(1)) == 0
    CurrentValue.objects.filter(pk=stream.pk).update(watched=False)
    assert learning.learn_due(moment(1)) == 1
    assert learning.learn_due(moment(1)) == 0, "a lesson holds for a week"
    assert learning.learn_due(moment(0) + timedelta(days=8)) == 1


def test_lesson_of_an_older_version_does_not_wait_for_its_week(monkeypatch):
    stream, _ = lived()
    monkeypatch.setattr(kept, "VERSION", kept.VERSION - 1)
    assert learning.learn(stream, moment(1))
    monkeypatch.undo()
    assert learning.forecast(stream, moment(1), [1.3]) is None, "the trend speaks until the night"
    assert learning.learn_due(moment(2)) == 1
    assert learning.forecast(stream, moment(2), [1.3]) is not None
    assert learning.learn_due(moment(3)) == 0


def test_gauges_that_teach_nothing_do_not_keep_the_others_waiting(monkeypatch):
    stream, _ = lived()
    young = make_stream("R0", "river_stage", period_s=STEP, ladder=LINES)
    make_stream("G1", "combustible_gas", unit="%LEL", ladder={"blue": 10})
    tried = []
    real = learning.learn
    monkeypatch.setattr(learning, "learn", lambda each, now: tried.append(each.pk) or real(each, now))
    assert learning.learn_due(moment(1)) == 1
    assert set(tried) == {stream.pk, young.pk}, "gas is no flood"
    assert learning.learn_due(moment(2)) == 0
    assert len(tried) == 2, "who was tried rests for a week, learned or not"


def test_a_replay_has_no_lesson():
    stream, _ = lived(river_over={"speed": 10})
    assert learning.learn_due(moment(1)) == 0
    assert learning.forecast(stream, moment(0), [1.3]) is None


def test_lines_without_a_statement_have_the_chance_of_their_interval():
    stream, _ = lived(200)
    CurrentValue.objects.filter(pk=stream.pk).update(watched=True, correlation=stream.station_id)
    actions.run_waiting(moment(1))
    run = queries.latest(stream.pk)
    assert run.chances == {}
    run.points, run.value, run.coverage = [[0, 1.3, 1.0, 1.6]], 1.0, 0.9
    run.lines = {"blue": 1.3, "yellow": 5.0}
    assert [(level, round(chance, 2)) for level, _, chance in chances.ahead(run)] == [(1, 0.5), (2, 0.0)]
