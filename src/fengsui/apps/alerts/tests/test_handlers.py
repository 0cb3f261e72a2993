"""Events from below: what drafts, what does not, and that the chain's number goes on."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from fengsui.apps.alerts import boards, drafts, handlers, jobs
from fengsui.apps.alerts.models import Warning
from fengsui.apps.alerts.tests.make import NOW, SYSTEM, later, make_warning, reading
from fengsui.apps.forecasts.events import ForecastReady
from fengsui.apps.sensing.events import ThresholdCrossed
from fengsui.apps.sensing.models import CurrentValue
from fengsui.apps.sensing.tests.make import make_stream
from fengsui.catalog.hazards import hazard
from fengsui.core.models import StoredEvent
from fengsui.core.worlds import LIVE
from fengsui.kernel.levels import Level


def crossing(at_place, **over) -> ThresholdCrossed:
    facts = {
        "datastream": 7, "station": uuid4(), "station_code": "ST01", "station_name": "一号站", "place": at_place,
        "sensor": "water_depth", "unit": "m", "level_from": "none", "level_to": "yellow", "at": NOW, "value": 0.16,
        "line": 0.15, "rate_per_hour": 0.4, "first_at": NOW - timedelta(minutes=9), "speed": 20.0,
    }  # fmt: skip
    return ThresholdCrossed(**(facts | over))


def forecast(place, crossings, **over) -> ForecastReady:
    facts = {
        "run": uuid4(), "datastream": 7, "station": uuid4(), "station_code": "ST01", "station_name": "一号站",
        "place": place, "sensor": "water_depth", "unit": "m", "issued_at": NOW, "value": 0.12, "horizon_s": 3600.0,
        "speed": 1.0, "method": "trend", "error": 0.03, "crossings": tuple(crossings),
    }  # fmt: skip
    return ForecastReady(**(facts | over))


def line(level: Level, in_s: float | None, latest_in_s: float | None) -> dict:
    return {"level": int(level), "line": 0.25, "in_s": in_s, "earliest_in_s": in_s, "latest_in_s": latest_in_s}


def test_crossing_when_at_a_known_place_drafts_in_its_chain(town):
    handlers.follow_crossing(crossing(town.place.pk), SYSTEM)
    row = Warning.objects.in_world(LIVE).get()
    assert (row.level, row.correlation, row.speed, row.jurisdiction) == (2, SYSTEM.correlation, 20.0, "core")
    assert set(StoredEvent.objects.values_list("correlation", flat=True)) == {SYSTEM.correlation}


@pytest.mark.parametrize("over", [{"place": None}, {"sensor": "rain_gauge"}])
def test_crossing_when_of_no_place_or_no_hazard_is_nobodys(town, over):
    handlers.follow_crossing(crossing(town.place.pk, **over), SYSTEM)
    assert Warning.objects.in_world(LIVE).count() == 0


def test_crossing_when_in_another_chain_joins_the_open_warning(town):
    handlers.follow_crossing(crossing(town.place.pk), SYSTEM)
    other = replace(SYSTEM, correlation=uuid4())
    handlers.follow_crossing(crossing(town.place.pk, level_to="red", value=0.45, line=0.4, at=later(minutes=1)), other)
    row = Warning.objects.in_world(LIVE).get()
    assert (row.level, row.correlation) == (4, SYSTEM.correlation)
    assert set(StoredEvent.objects.values_list("correlation", flat=True)) == {SYSTEM.correlation}


def stands(level: int, newest_ago_s: float):
    stream = make_stream("ST01", period_s=60)
    at = timezone.now() - timedelta(seconds=newest_ago_s)
    CurrentValue.objects.create(datastream=stream, at=at, value=0.2, level=level, memory_version=0)
    return stream


@pytest.mark.parametrize(
    ("level", "newest_ago_s", "crossed_ago_s", "drafted", "waits"),
    [
        (0, 5, 86_400, 0, 0),  # yesterday's flood, told today, and gone: nobody is woken
        (2, 5, 86_400, 1, 0),  # it began yesterday and still stands
        (2, 86_000, 86_400, 0, 1),  # half told: look again in a moment
        (0, 86_000, 86_400, 0, 0),
        (0, 5, 500, 1, 0),  # no later than a late reading
    ],
)
def test_crossing_when_told_after_an_outage_drafts_only_what_still_stands(
    town, level, newest_ago_s, crossed_ago_s, drafted, waits
):
    stream = stands(level, newest_ago_s)
    at = timezone.now() - timedelta(seconds=crossed_ago_s)
    handlers.follow_crossing(crossing(town.place.pk, datastream=stream.id, at=at, first_at=at), SYSTEM)
    assert Warning.objects.in_world(LIVE).count() == drafted
    assert ProcrastinateJob.objects.filter(task_name="alerts.take_crossing").count() == waits


@pytest.mark.parametrize(("level", "drafted"), [(0, 0), (2, 1)])
def test_crossing_when_looked_at_again_counts_as_the_stream_stands(town, level, drafted):
    stream = stands(2, 86_000)
    at = timezone.now() - timedelta(days=1)
    handlers.follow_crossing(crossing(town.place.pk, datastream=stream.id, at=at, first_at=at), SYSTEM)
    waiting = ProcrastinateJob.objects.get(task_name="alerts.take_crossing")
    CurrentValue.objects.filter(datastream=stream).update(level=level)
    jobs.take_crossing.func.__wrapped__(**waiting.args)
    rows = Warning.objects.in_world(LIVE)
    assert [row.correlation for row in rows] == [SYSTEM.correlation] * drafted


def test_forecast_when_made_from_the_past_is_nobodys(town):
    stream = stands(2, 86_000)
    made = forecast(town.place.pk, [line(Level.ORANGE, 900, 1200)], datastream=stream.id)
    handlers.follow_forecast(replace(made, issued_at=timezone.now() - timedelta(days=1)), SYSTEM)
    assert Warning.objects.in_world(LIVE).count() == 0


@pytest.mark.parametrize(
    ("crossings", "level"),
    [
        ([line(Level.YELLOW, 300, 600), line(Level.ORANGE, 900, 1500)], 3),
        ([line(Level.YELLOW, 300, 600), line(Level.ORANGE, 900, None)], 2),
        ([line(Level.YELLOW, 300, 600), line(Level.ORANGE, 900, 1801)], 2),
        ([line(Level.ORANGE, None, None)], None),
        ([], None),
    ],
)
def test_forecast_when_the_late_end_reaches_in_time_drafts(town, crossings, level):
    handlers.follow_forecast(forecast(town.place.pk, crossings), SYSTEM)
    row = Warning.objects.in_world(LIVE).first()
    assert (row.level if row else None) == level
    assert row is None or row.trigger == "forecast"
    assert row is None or Level.of(row.evidence[-1]["level"]) == level, "what is told is what drafts"


def test_forecast_tells_how_likely_its_line_is(town):
    likely = line(Level.ORANGE, 900, 1200) | {"chance": 0.83}
    handlers.follow_forecast(forecast(town.place.pk, [likely]), SYSTEM)
    (told,) = boards.evidence(Warning.objects.in_world(LIVE).get(), {})
    assert "到线概率 83%" in told.note


def test_forecast_when_repeated_keeps_one_row_of_evidence(town):
    for minutes in range(3):
        at = later(minutes=minutes)
        handlers.follow_forecast(forecast(town.place.pk, [line(Level.ORANGE, 900, 1200)], issued_at=at), SYSTEM)
    row = Warning.objects.in_world(LIVE).get()
    assert [each["at"] for each in row.evidence] == [later(minutes=2).isoformat()]


def test_forecast_when_gone_lets_a_draft_calm_but_decides_nothing(town):
    handlers.follow_forecast(forecast(town.place.pk, [line(Level.ORANGE, 900, 1200)]), SYSTEM)
    handlers.follow_forecast(forecast(town.place.pk, [], issued_at=later(minutes=5)), SYSTEM)
    row = Warning.objects.in_world(LIVE).get()
    assert (row.status, row.level_suggested) == ("draft", 0)


def test_forecast_when_a_warning_is_in_force_and_worse_is_coming_drafts_an_update(town, outlets):
    make_warning(town, Level.ORANGE, "issued")
    handlers.follow_forecast(forecast(town.place.pk, [line(Level.RED, 600, 900)], issued_at=later(minutes=5)), SYSTEM)
    row = Warning.objects.in_world(LIVE).get()
    assert (row.status, row.level, row.level_in_force) == ("revising", 4, 3)


SPOT = drafts.Spot("南两洞桥", "Nanliangdong bridge")


def test_words_when_of_a_river_are_in_metres():
    made = drafts.describe(hazard("river_flood"), SPOT, Level.BLUE, reading(5.57, 5.5))
    assert made.zh == "07月28日02时46分，南两洞桥实测水位5.57米，达到蓝色预警线（5.50米）。"
    assert "was 5.57 m and reached the blue line (5.50 m)" in made.en


@pytest.mark.parametrize(
    ("level", "evidence", "zh"),
    [
        (Level.ORANGE, reading(0.27, 0.25), "07月28日02时46分，南两洞桥实测积水深度27厘米，达到橙色预警线（25厘米）。"),
        (Level.ORANGE, reading(0.27), "07月28日02时46分，南两洞桥实测积水深度27厘米，达到橙色预警线（25厘米）。"),
        (Level.RED, reading(0.27), "07月28日02时46分，南两洞桥实测积水深度27厘米，经研判发布红色预警。"),
        (
            Level.YELLOW,
            reading(0.12, rate_per_hour=0.45),
            "07月28日02时46分，南两洞桥实测积水深度12厘米，每小时上涨约45厘米，经研判发布黄色预警。",
        ),
        (
            Level.ORANGE,
            reading(0.2, 0.25, kind="forecast", lead_s=900),
            "07月28日02时46分，南两洞桥实测积水深度20厘米，按当前趋势预计15分钟内达到橙色预警线（25厘米）。",
        ),
        (Level.BLUE, {"kind": "report", "text": "群众来电"}, "南两洞桥出现内涝险情。群众来电"),
        (Level.BLUE, None, "南两洞桥出现内涝险情。"),
    ],
)
def test_words_when_made_from_evidence_say_only_what_is_so(level, evidence, zh):
    made = drafts.describe(hazard("waterlogging"), SPOT, level, evidence)
    assert made.zh == zh
    assert "Nanliangdong bridge" in made.en
