"""A small part of what `bench rivers --score` measures, on the real rivers."""

import json
from dataclasses import replace

import numpy as np
import pytest

from fengsui.science.rivers import score
from fengsui.science.rivers.forecast import Forecaster
from fengsui.science.rivers.handbook import SCORES, verdicts
from fengsui.science.rivers.station import floods
from fengsui.science.rivers.tests import real


@pytest.fixture(scope="module")
def data(shared):
    return shared / "data/hydro"


def scored(case):
    made = Forecaster.fit(case.station, case.fit, learned=case.learned)
    pasts = [made.over(each) for each in case.test]
    return [score.score(case.station, pasts, k) for k in range(len(case.station.leads))]


def test_storm_ciara_on_the_kent_is_forecast_better_than_it_stays_and_it_goes_on(data):
    case = real.kent(data)
    hour, three = scored(replace(case, station=replace(case.station, leads=(4, 12))))
    assert hour.beats > 0.1
    assert three.beats > 0.05
    assert 0.85 < hour.all < 0.95


@pytest.mark.slow
def test_tides_of_gauges_that_nothing_was_learned_from(data):
    case = real.tides(data)
    few = replace(case, station=replace(case.station, leads=(1, 4)), fit=case.fit[::4], test=case.test[::4])
    assert all(each.skill >= 0.55 for each in scored(few))


@pytest.mark.slow
def test_tidal_waves_raise_no_warning(data):
    """Han at Seoul: levels swing by up to two metres twice a day; outside of floods nothing may be told to come."""
    case = real.han(data)
    station = replace(case.station, leads=(18,))
    made = Forecaster.fit(station, (case.fit[0], case.fit[2]))
    tidal = case.fit[1]
    past = made.over(tidal, case.lines)
    calm = ~floods(past.grid.y, station)
    assert calm.sum() > 1000
    assert np.ptp(past.grid.y[calm][np.isfinite(past.grid.y[calm])]) > 1.0
    assert not (past.above[calm] >= 0.5).any()


def test_kept_scores_name_every_goal_that_is_missed():
    kept = json.loads(SCORES.read_text("utf-8"))
    met, missed = verdicts(kept)
    assert set(kept) >= {"Tide", "Fourmile", "Han", "Tokachi", "Annagh", "Kent", "Walnut Creek"}
    assert all(each.holds for each in met)
    goals = sum(len(told["leads"]) for name, told in kept.items() if name != "Dargle")
    assert len(met) + sum("skill" in each or "gain" in each for each in missed) == goals
