"""Live rain of a flood trial: what gauges near it measured, what is forecast, and refusals in place of guesses."""

from __future__ import annotations

import pytest
from django.contrib.gis.geos import Point

from fengsui.apps.forecasts import actions, asking, floods, live_rain, queries, rules
from fengsui.apps.forecasts.flood_forms import FloodForm, initial_of
from fengsui.apps.forecasts.models import FloodRun
from fengsui.apps.forecasts.tests.test_floods import ASKED
from fengsui.apps.forecasts.tests.test_rain import gauge, learned, tell
from fengsui.apps.sensing.models import Station
from fengsui.apps.sensing.tests.make import moment
from fengsui.apps.sensing.tests.test_pages import feed, log_in
from fengsui.core.worlds import LIVE
from fengsui.kernel.errors import Invalid

pytestmark = pytest.mark.django_db
WET = [0.0] * 20 + [0.0, 4.0, 3.0, 2.0, 2.0]


def put(code, lon, lat):
    Station.objects.in_world(LIVE).filter(code=code).update(location=Point(lon, lat))


def near(code="RG01", east=0.0):
    put(code, ASKED["lon"] + east, ASKED["lat"])


def measured(ahead="none", back=60, now=0.0):
    rain = {"kind": "live", "back_min": back, "ahead": ahead}
    return live_rain.frozen({**ASKED, "rain": rain}, LIVE, moment(now))["rain"]


def test_rain_is_that_of_the_gauge_and_then_nothing():
    learned()
    near()
    tell(WET, until=7200)
    rain = measured(now=7210)
    assert rain["mm"] == [0.0] * 8 + [4.0, 3.0, 2.0, 2.0]
    assert (rain["fell_mm"], rain["comes_mm"], rain["gauges"], rain["duration_min"]) == (11.0, 0.0, ["RG01"], 60)
    edges, depth = asking.rain_of(rain)
    assert edges[-1] == 3600
    assert sum(depth) == pytest.approx(0.011)


def test_the_forecast_goes_on_by_its_median_or_its_upper_end():
    stream = learned()
    near()
    tell(WET, until=7200)
    assert actions.run_waiting(moment(7201)) == 1
    run = queries.latest(stream.pk)
    median, high = measured("median", now=7210), measured("high", now=7210)
    assert median["comes_mm"] == pytest.approx(run.total[0], abs=0.1)
    assert high["comes_mm"] == pytest.approx(run.total[2], abs=0.1)
    assert len(median["mm"]) == 24
    ahead = median["mm"][12:]
    assert ahead == sorted(ahead, reverse=True), "what decays decays here, too"
    assert median["duration_min"] == 120


def test_two_gauges_count_by_the_square_of_their_distance():
    learned()
    gauge("RG02")
    near("RG01", east=0.01)
    near("RG02", east=-0.02)
    tell([0.0] * 13 + [3.0], until=7200)
    tell([0.0] * 14, stream=1, until=7200)
    assert measured(now=7201)["fell_mm"] == pytest.approx(3.0 * 4 / 5, abs=0.05)


def test_a_silent_gauge_leaves_the_word_to_the_other():
    learned()
    gauge("RG02")
    near("RG01")
    near("RG02", east=-0.02)
    tell([1.0] * 14, until=7200)
    tell([5.0] * 4, stream=1, until=600)
    rain = measured(now=7201)
    assert (rain["gauges"], rain["fell_mm"]) == (["RG01"], 12.0)


@pytest.mark.parametrize(
    ("place", "readings", "until", "ahead", "code"),
    [
        ((125.0, 43.0), WET, 7200, "none", "forecasts.flood.no_gauges"),
        ((123.342, 41.811), WET, 3600, "none", "forecasts.flood.no_gauges"),
        ((123.342, 41.811), [1.0, 2.0], 7200, "none", "forecasts.flood.gauges_silent"),
        ((123.342, 41.811), WET, 7200, "median", "forecasts.flood.no_nowcast"),
    ],
    ids=["far", "dead", "silent in between", "wet without a forecast"],
)
def test_nothing_is_made_up(place, readings, until, ahead, code):
    gauge()
    put("RG01", *place)
    tell(readings, until=until)
    with pytest.raises(Invalid) as told:
        measured(ahead, now=7210)
    assert told.value.code == code


def test_dry_gauges_forecast_no_rain_without_a_forecast():
    gauge()
    near()
    tell([1.0, *[0.0] * 20], until=7200)
    rain = measured("median", back=60, now=7201)
    assert (rain["fell_mm"], rain["comes_mm"], len(rain["mm"])) == (0.0, 0.0, 24)


FORM = {
    **{key: value for key, value in ASKED.items() if key not in ("rain", "pumps")}, "pumps": "1.0", "kind": "live",
    "back_min": "60", "ahead": "none", "duration_min": "", "sewers_a": "0.0", "gates": "open",
}  # fmt: skip


def test_page_freezes_the_rain_and_names_its_gauges(client):
    stream = gauge()
    near()
    feed(stream, [(300 * (13 - i), float(i % 3)) for i in range(14)])
    answer = log_in(client).post("/floods/new/", FORM)
    assert answer.status_code == 302
    row = FloodRun.objects.in_world(LIVE).get()
    assert (row.asked["rain"]["gauges"], len(row.asked["rain"]["mm"])) == (["RG01"], 12)
    assert "实况雨 60 分钟" in client.get(answer.url).content.decode()
    again = client.get(f"/floods/new/?like={row.pk}").content.decode()
    assert '<option value="live" selected' in again


@pytest.mark.parametrize("kind", ["design", "steady"])
def test_rain_of_one_s_own_has_a_length_and_live_rain_its_own(kind):
    form = FloodForm(FORM | {"kind": kind, "mm_h": "50", "return_period_a": "50"})
    assert list(form.errors) == ["formula_name", "duration_min"][kind == "steady" :]
    assert FloodForm(FORM).is_valid()


def test_page_says_why_not_by_the_field(client):
    stream = gauge()
    near()
    feed(stream, [(300 * (3 - i), 1.0) for i in range(4)])
    refused = log_in(client).post("/floods/new/", FORM)
    assert refused.status_code == 422, "the gauge was only heard for a quarter of an hour"
    assert "附近的雨量站有断数" in refused.content.decode()
    assert not FloodRun.objects.in_world(LIVE).exists()


def test_what_was_asked_is_kept_and_asked_again_with_the_rain_of_then():
    learned()
    near()
    tell(WET, until=7200)
    rain = measured(now=7210)
    zh, en = rules.storm_words(rain)
    assert zh == "实况雨 60 分钟 11 mm（RG01）"
    assert en == "measured rain of 60 min, 11 mm (RG01)"
    more = {**rain, "ahead": "high", "comes_mm": 9.5}
    assert rules.storm_words(more)[0].endswith("，加临近预报95 % 60 分钟 9.5 mm")
    again = initial_of({**ASKED, "pumps": 1.0, "rain": rain})
    assert (again["kind"], again["back_min"], again["ahead"]) == ("live", 60, "none")
    assert "duration_min" not in again, "its length is no design storm's"
    floods.sound({**ASKED, "pumps": 1.0, "rain": rain})
