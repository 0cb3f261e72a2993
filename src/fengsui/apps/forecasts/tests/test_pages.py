"""What a station's page says about the future, and when it stops saying it."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from fengsui.apps.forecasts import actions, queries, rules
from fengsui.apps.forecasts.models import FloodRun, ForecastRun
from fengsui.apps.sensing.tests.make import make_stream
from fengsui.apps.sensing.tests.test_pages import feed, log_in
from fengsui.core.models import World
from fengsui.core.worlds import LIVE

pytestmark = pytest.mark.django_db


@pytest.fixture
def duty(client):
    return log_in(client)


def rising(**over):
    stream = make_stream("ST01", **over)
    feed(stream, [(60 * (16 - i), 0.01 + 0.004 * i) for i in range(16)])
    assert actions.run_waiting(timezone.now()) == 1
    return stream


def test_chart_adds_the_forecast_from_the_last_reading_on(duty):
    stream = rising()
    data = json.loads(duty.get("/stations/ST01/chart.json?kind=water_depth&hours=1").content)
    ahead, run = data["forecast"], queries.latest(stream.id)
    assert (ahead["issued_at"], ahead["confidence"]) == (run.issued_at.isoformat(), "9 成")
    assert ahead["points"][0] == [run.issued_at.timestamp() * 1000, 7.0]
    assert len(ahead["points"]) == len(ahead["low"]) == len(ahead["high"]) == 13
    assert len(data["series"][0]["points"]) == 16


def test_panel_says_when_lines_are_reached_with_interval_and_error(duty):
    rising()
    page = duty.get("/stations/ST01/forecast?kind=water_depth").content.decode()
    assert "起报" in page
    assert all(f"{line} cm" in page for line in (10, 15, 25, 40))
    assert page.count("起报后") == 3
    assert page.count("预见期内不到") == 1, "the highest line is not reached, and has its chance all the same"
    assert ">100%<" in page
    assert "9 成区间" in page
    assert "起报后 7 分" in page
    assert 'id="station-forecast"' in page[:200]


def test_panel_says_that_there_is_none_below_the_watch_line(duty):
    make_stream("ST01")
    assert "读数到关注线才起报" in duty.get("/stations/ST01/forecast").content.decode()
    assert "forecast" not in json.loads(duty.get("/stations/ST01/chart.json").content)


def test_an_old_forecast_is_neither_drawn_nor_told_as_if_it_held(duty):
    rising()
    ForecastRun.objects.all_worlds("test").update(issued_at=timezone.now() - timedelta(minutes=31))
    assert "已过预见期" in duty.get("/stations/ST01/forecast").content.decode()
    assert "forecast" not in json.loads(duty.get("/stations/ST01/chart.json").content)


def test_a_station_of_another_world_is_not_found(duty):
    world = World.objects.create(kind="exercise", name="演练")
    make_stream("EX01", world_id=world.id, topic="x/EX01/water_depth")
    assert duty.get("/stations/EX01/chart.json").status_code == 404
    assert duty.get("/stations/EX01/forecast").status_code == 404


@pytest.mark.parametrize(
    ("age_s", "speed", "expected"), [(0, 1, True), (1800, 1, True), (1801, 1, False), (30, 60, True), (31, 60, False)]
)
def test_is_current_by_the_waters_clock(age_s, speed, expected):
    now = timezone.now()
    assert rules.is_current(now - timedelta(seconds=age_s), 3600.0, speed, now) is expected


def test_a_stored_reason_is_text_on_the_page(duty):
    row = FloodRun.objects.create(
        world_id=LIVE, title="推演", status="failed", reason="<b>100 %</b>", asked_at=timezone.now(),
        correlation=uuid4(),
        asked={"lon": 123.34, "lat": 41.81, "width_m": 1000, "cell_m": 10, "drained_mm_h": 20, "pumps": True,
               "rain": {"kind": "steady", "mm_h": 60, "duration_min": 60}},
    )  # fmt: skip
    for where in ("/floods/", f"/floods/{row.pk}/"):
        assert "&lt;b&gt;100 %&lt;/b&gt;" in duty.get(where).content.decode()
