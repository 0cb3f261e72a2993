"""Scoring after the event: what is kept, of which readings, by which clock, and that it happens once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from fengsui.apps.forecasts import actions as forecasts
from fengsui.apps.forecasts import queries as runs
from fengsui.apps.forecasts.models import ForecastChance, ForecastCrossing, ForecastDay, ForecastRun, ForecastScore
from fengsui.apps.forecasts.scores import actions
from fengsui.apps.sensing import actions as sensing
from fengsui.apps.sensing import book
from fengsui.apps.sensing.models import CurrentValue, Datastream, Observation
from fengsui.apps.sensing.tests.make import columns, make_stream, moment
from fengsui.core import retention
from fengsui.core.models import StoredEvent, World

pytestmark = pytest.mark.django_db
RISE = [(60 * i, 0.01 + 0.004 * i) for i in range(16)]
"""Reaches 0.07 m at 900 s, so the first line (0.1 m) after 450 s more."""


def tell(readings, stream=0):
    sensing.store_readings(book.read(), *columns([(stream, *each) for each in readings]))


def told(**over):
    """A stream with one run, issued at 900 s."""
    stream = make_stream(**over)
    tell(RISE)
    assert forecasts.run_waiting(moment(900)) == 1
    return stream, runs.latest(stream.id)


def go_on(rate, minutes=70, start=0.07):
    """What came after: so many metres a minute."""
    tell([(900 + 60 * i, start + rate * i) for i in range(1, minutes + 1)])


def all_of(model):
    return model.objects.all_worlds("test")


def test_a_run_is_scored_at_three_leads_once_its_horizon_has_passed():
    _, run = told()
    tell([(900 + 60 * i, 0.07 + 0.002 * i) for i in range(1, 60)])
    assert actions.score_waiting(moment(900 + 3599)) == 0
    tell([(4500 + 60 * i, 0.19 + 0.002 * i) for i in range(3)])
    assert actions.score_waiting(moment(4520)) == 1
    rows = list(ForecastScore.objects.order_by("lead_s"))
    assert [row.lead_s for row in rows] == [900, 1800, 3600]
    assert [row.came for row in rows] == pytest.approx([0.1, 0.13, 0.19])
    assert [row.stays for row in rows] == pytest.approx([0.07] * 3)
    assert [row.trend for row in rows] == pytest.approx([0.07 + 0.8 * 0.004 * m for m in (15, 30, 60)])
    assert [[row.told, row.low, row.high] for row in rows] == [run.points[k][1:] for k in (2, 5, 11)]
    assert all(row.is_rising for row in rows)
    run.refresh_from_db()
    assert run.scored_at == moment(4520)


def test_sums_of_a_day_are_those_of_its_runs_and_nothing_is_counted_twice():
    stream, _ = told()
    go_on(0.002)
    forecasts.run_waiting(moment(5200))
    assert actions.score_waiting(moment(5200)) == 1
    assert actions.score_waiting(moment(5200)) == 0
    day = all_of(ForecastDay).get(lead_s=1800)
    row = ForecastScore.objects.get(lead_s=1800)
    assert (day.n, day.missing, day.replayed, day.rise_n) == (1, 0, 0, 1)
    assert day.abs_error == pytest.approx(abs(row.told - row.came))
    assert day.abs_stays == pytest.approx(0.06)
    assert (day.world_id, day.datastream_id, day.method) == (stream.world_id, stream.id, "trend")
    tell([(5100 + 60 * i, 0.21) for i in range(1, 140)])
    forecasts.run_waiting(moment(13_500))
    assert actions.score_waiting(moment(13_500)) == 1
    assert all_of(ForecastDay).filter(lead_s=1800).values_list("n", flat=True).get() == 2


def test_only_good_readings_judge():
    told()
    go_on(0.002)
    Observation.objects.filter(at=moment(900 + 1800)).update(value=9.0, flags=4096 | 0x7FF)
    actions.score_waiting(moment(5200))
    assert ForecastScore.objects.get(lead_s=1800).came == pytest.approx(0.13)


def test_a_gap_hides_what_came_and_is_counted_as_missing():
    told()
    tell([(900 + 60 * i, 0.07 + 0.002 * i) for i in range(1, 20)])
    tell([(900 + 60 * i, 0.07 + 0.002 * i) for i in range(50, 65)])
    actions.score_waiting(moment(5200))
    assert list(ForecastScore.objects.order_by("lead_s").values_list("came", flat=True)) == [
        pytest.approx(0.1), None, pytest.approx(0.19),
    ]  # fmt: skip
    assert list(all_of(ForecastDay).order_by("lead_s").values_list("n", "missing")) == [(1, 0), (0, 1), (1, 0)]


def test_a_stream_that_fell_silent_is_waited_for_and_then_scored_as_far_as_it_told():
    told()
    tell([(900 + 60 * i, 0.07) for i in range(1, 32)])
    assert actions.score_waiting(moment(4500 + 3600)) == 0
    assert actions.score_waiting(moment(4500 + 6 * 3600)) == 1
    assert [row.came is None for row in ForecastScore.objects.order_by("lead_s")] == [False, False, True]


def test_a_replay_is_scored_by_the_waters_clock():
    """Fifteen times faster: an hour ahead has passed after four minutes of the wall."""
    stream = make_stream(speed=15)
    tell([(at / 15, value, 0.1) for at, value in RISE])
    assert forecasts.run_waiting(moment(60)) == 1
    tell([(60 + 4 * i, 0.07 + 0.002 * i, 0.1) for i in range(1, 63)])
    assert actions.score_waiting(moment(60 + 250)) == 1
    rows = list(ForecastScore.objects.order_by("lead_s"))
    assert [row.came for row in rows] == pytest.approx([0.1, 0.13, 0.19], abs=1e-6)
    assert all_of(ForecastDay).get(lead_s=900).replayed == 1
    crossing = all_of(ForecastCrossing).get(datastream=stream, level=1)
    assert crossing.lead_s == pytest.approx(900, abs=1)


def test_lines_that_were_told_and_came_are_hits_with_their_lead():
    """0.002 m a minute from 0.07 m: 0.1 m after 15 min, 0.15 m after 40; 0.25 m was told and did not come."""
    told()
    go_on(0.002)
    actions.score_waiting(moment(5200))
    rows = {row.level: row for row in all_of(ForecastCrossing)}
    assert sorted(rows) == [1, 2, 3]
    assert [rows[level].lead_s for level in (1, 2, 3)] == [pytest.approx(900), pytest.approx(2400), None]
    assert [rows[level].reached_at is None for level in (1, 2, 3)] == [False, False, True]
    assert rows[3].told_since == moment(900)


def test_chances_of_lines_are_judged_at_each_lead():
    told()
    go_on(0.002)
    actions.score_waiting(moment(5200))
    row = ForecastScore.objects.get(lead_s=1800)
    assert [(level, came) for level, _, came in row.lines] == [(1, True), (2, False), (3, False), (4, False)]
    chances = [chance for _, chance, _ in row.lines]
    assert chances == sorted(chances, reverse=True)
    assert all_of(ForecastChance).filter(lead_s=1800).count() == len({min(int(c * 10), 9) for c in chances})
    assert sum(all_of(ForecastChance).filter(lead_s=1800).values_list("n", flat=True)) == 4


def test_the_ladder_of_the_day_counts_not_the_one_of_today():
    stream, run = told()
    Datastream.objects.all_worlds("test").filter(pk=stream.pk).update(ladder={"blue": 5.0})
    go_on(0.002)
    actions.score_waiting(moment(5200))
    assert run.lines == {"blue": 0.1, "yellow": 0.15, "orange": 0.25, "red": 0.4}
    assert [line[0] for line in ForecastScore.objects.get(lead_s=900).lines] == [1, 2, 3, 4]


def test_of_a_run_from_before_lines_were_kept_no_line_is_judged():
    told()
    all_of(ForecastRun).update(lines={})
    go_on(0.002)
    assert actions.score_waiting(moment(5200)) == 1
    assert ForecastScore.objects.get(lead_s=900).lines == []
    assert not all_of(ForecastCrossing).exists()
    assert all_of(ForecastDay).get(lead_s=900).n == 1


def test_an_exercise_is_scored_in_its_own_world():
    world = World.objects.create(kind="exercise", name="演练")
    told(world_id=world.id, topic="x/ST01/water_depth")
    go_on(0.002)
    actions.score_waiting(moment(5200))
    assert {row.world_id for model in (ForecastDay, ForecastChance, ForecastCrossing) for row in all_of(model)} == {
        world.id
    }


def test_scoring_announces_nothing():
    told()
    go_on(0.002)
    before = StoredEvent.objects.count()
    actions.score_waiting(moment(5200))
    assert StoredEvent.objects.count() == before


def test_a_stream_that_cannot_be_scored_stops_no_other(monkeypatch):
    told()
    other = make_stream("ST02")
    tell(RISE, stream=1)
    forecasts.run_waiting(moment(901))
    go_on(0.002)
    tell([(900 + 60 * i, 0.07) for i in range(1, 71)], stream=1)
    score = actions.score

    def broken(*, datastream, **rest):
        if datastream != other.pk:
            raise ValueError("broken series")
        return score(datastream=datastream, **rest)

    monkeypatch.setattr(actions, "score", broken)
    assert actions.score_waiting(moment(5200)) == 1


def test_a_look_asks_once_where_nothing_is_due_and_as_often_for_many_runs_as_for_one():
    _, run = told()
    assert asked(moment(5200)) == 1
    go_on(0.002)
    copies(run, 1)
    few = asked(moment(5200))
    copies(run, 30)
    assert asked(moment(5200)) == few


def copies(run, count):
    """More runs of the same stream, issued seconds apart."""
    last = all_of(ForecastRun).order_by("-issued_at")[0].issued_at
    for n in range(1, count + 1):
        run.pk, run.issued_at, run.scored_at = None, last + timedelta(seconds=n), None
        run._state.adding = True
        run.save()


def asked(now):
    with CaptureQueriesContext(connection) as seen:
        actions.score_waiting(now)
    return len(seen)


def test_what_was_kept_long_enough_is_forgotten_and_the_rest_stays():
    told()
    go_on(0.002)
    actions.score_waiting(moment(5200))
    assert actions.forget(moment(5200) + timedelta(days=399)) == 0
    assert actions.forget(moment(5200) + timedelta(days=401)) == 3
    assert all_of(ForecastDay).count() == 3
    actions.forget(moment(5200) + timedelta(days=3662))
    assert [all_of(model).count() for model in (ForecastDay, ForecastChance, ForecastCrossing)] == [0, 0, 0]
    assert all_of(ForecastRun).count() == 1
    assert {"forecasts", "forecast_scores", "forecast_sums"} <= set(retention.rules())


def test_a_falling_ladder_looks_down():
    """A reservoir sinks to its line: told from above, and danger is low."""
    ladder = {"watch": 0.5, "blue": 0.4, "yellow": 0.3, "orange": 0.1, "falling": True}
    stream = make_stream(ladder=ladder)
    tell([(60 * i, 0.52 - 0.004 * i) for i in range(16)])
    assert forecasts.run_waiting(moment(900)) == 1
    tell([(900 + 60 * i, 0.46 - 0.002 * i) for i in range(1, 71)])
    actions.score_waiting(moment(5200))
    row = ForecastScore.objects.get(lead_s=3600)
    assert [(level, came) for level, _, came in row.lines] == [(1, True), (2, False), (3, False)]
    assert [chance for _, chance, _ in row.lines] == sorted([c for _, c, _ in row.lines], reverse=True)
    assert row.is_rising
    assert all_of(ForecastCrossing).get(level=1).lead_s == pytest.approx(1800, abs=1)
    assert CurrentValue.objects.get(pk=stream.pk).watched
