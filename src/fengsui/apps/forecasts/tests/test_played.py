from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from fengsui.apps.forecasts import actions, learning, played, queries
from fengsui.apps.forecasts.models import ForecastLesson, PlayedLesson
from fengsui.apps.sensing import actions as sensing
from fengsui.apps.sensing import book
from fengsui.apps.sensing.binned import binned
from fengsui.apps.sensing.models import CurrentValue
from fengsui.apps.sensing.tests.make import columns, make_stream, moment
from fengsui.kernel.replay import Before, Lived
from fengsui.science.rivers import kept

pytestmark = pytest.mark.django_db
STEP, SPEED = 900, 600


def past(n: int = 1200, high: float = 0.4) -> Before:
    """Floods a day apart in a street, in centimetres: up in two hours, down in six."""
    hour = np.arange(n) * STEP / 3600 % 24
    depth = np.where(hour < 2, hour / 2, np.maximum(0, 1 - (hour - 2) / 6))
    grown = high * (0.7 + 0.3 * np.sin(np.arange(n) // 96))
    rows = tuple((float(i * STEP), round(float(v) * 100, 1)) for i, v in enumerate(depth * grown))
    return Before(STEP, {"ST01": Lived("cm", rows)})


def rising():
    """A played stream in the middle of a rise, read every 1.5 s of the wall."""
    stream = make_stream("ST01", speed=SPEED, period_s=STEP)
    read = [(0, i * STEP / SPEED, max(0.0, (i - 12) * 0.04)) for i in range(17)]
    sensing.store_readings(book.read(), *columns(read))
    CurrentValue.objects.filter(pk=stream.pk).update(watched=True, correlation=stream.station_id)
    return stream


def test_played_stream_is_forecast_by_its_past_on_the_water_clock():
    stream = rising()
    (lesson,) = played.teach(past(), [stream.topic], "a", moment(0))
    assert (lesson.method, lesson.step_s, lesson.horizon_s, lesson.floods) == ("levels", STEP, 3600, 13)
    assert lesson.flood == 0.05, "in the unit of the stream, not of the device"
    assert actions.run_waiting(moment(30)) == 1
    run = queries.latest(stream.pk)
    assert (run.method, run.speed, run.horizon_s) == ("levels", SPEED, 3600)
    ahead_ms = [point[0] - round(run.issued_at.timestamp() * 1000) for point in run.points]
    assert ahead_ms == pytest.approx([1500, 3000, 6000], abs=1), "an hour of the water is six seconds of the wall"
    assert run.points[0][1] > run.value
    first = run.crossings[0]
    assert first["chance"] > 0.2
    assert 0 < first["in_s"] <= 3600
    assert run.chances


def test_only_the_played_lesson_serves_a_replay_and_only_while_it_plays():
    stream = rising()
    played.teach(past(), [stream.topic], "a", moment(0))
    assert isinstance(learning.lesson_of(stream, SPEED), PlayedLesson)
    assert learning.lesson_of(stream, 1.0) is None, "what is illustrative never speaks of a measuring gauge"
    stream.speed = 1.0
    assert learning.forecast(stream, moment(24), [0.1]) is None
    assert not ForecastLesson.objects.in_world(stream.world_id).exists()


def test_past_is_learned_once_and_again_when_it_is_another():
    stream = rising()
    (first,) = played.teach(past(), [stream.topic], "a", moment(0))
    (same,) = played.teach(past(), [stream.topic], "a", moment(60))
    assert same.made_at == first.made_at
    (other,) = played.teach(past(high=0.02), [stream.topic], "b", moment(120))
    assert (other.method, other.floods, other.made_at) == ("", 0, moment(120)), "no flood: nothing is learned, kept so"
    assert actions.run_waiting(moment(30)) == 1
    assert queries.latest(stream.pk).method == "trend"
    played.forget([stream.topic])
    assert not PlayedLesson.objects.in_world(stream.world_id).exists()


def test_played_lesson_of_an_older_version_is_learned_again(monkeypatch):
    stream = rising()
    monkeypatch.setattr(kept, "VERSION", kept.VERSION - 1)
    played.teach(past(), [stream.topic], "a", moment(0))
    monkeypatch.undo()
    (again,) = played.teach(past(), [stream.topic], "a", moment(60))
    assert again.made_at == moment(60)
    assert actions.run_waiting(moment(30)) == 1
    assert queries.latest(stream.pk).method == "levels"


def test_warm_compiles_from_any_lesson_and_once(monkeypatch):
    monkeypatch.setattr(learning, "_warm", [])
    learning.warm()
    assert not learning._warm, "no lesson yet"
    stream = rising()
    played.teach(past(), [stream.topic], "a", moment(0))
    learning.warm()
    assert learning._warm == ["PlayedLesson"]


def test_reading_a_rounded_microsecond_too_early_keeps_its_step():
    stream = make_stream("ST02")
    at = [0.0, 1.499999, 3.000001]
    sensing.store_readings(book.read(), *columns([(0, each, k / 1000) for k, each in enumerate(at)]))
    until = moment(0) + timedelta(seconds=3.000001)
    np.testing.assert_array_equal(binned([stream], until, 1.5, 3)[:, 0], [0.0, 0.001, 0.002])
