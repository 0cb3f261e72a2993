"""A level forecast learns from the past alone, says the same in a stream as over a record, and is not fooled."""

from dataclasses import replace

import numpy as np
import pytest

from fengsui.science.contract import OutOfRange
from fengsui.science.rivers.forecast import Forecaster
from fengsui.science.rivers.members import BOOSTED, NAMES, OWN, TREND, WIDE
from fengsui.science.rivers.station import Channel, History, Station, floods, gridded

HOUR = 3600.0
RIVER = Station(HOUR, (1, 3, 6), 2.0, 12, 24, inputs=(Channel("rain", "rain"), Channel("up", cap=9.0, stuck=48)))


def river(hours: int, seed: int) -> History:
    """Storms, a gauge upstream that answers at once and the station two hours below it; noise of a centimetre."""
    random = np.random.default_rng(seed)
    rain = np.zeros(hours)
    for start in range(60, hours - 30, 120):
        rain[start : start + random.integers(3, 10)] = random.uniform(2.0, 12.0)
    up, level = np.full(hours, 1.0), np.full(hours, 1.0)
    for t in range(1, hours):
        up[t] = 1.0 + 0.93 * (up[t - 1] - 1.0) + 0.04 * rain[t]
        level[t] = 1.0 + 0.9 * (level[t - 1] - 1.0) + 0.12 * (up[max(t - 3, 0)] - 1.0)
    noise = random.normal(0.0, 0.005, (2, hours))
    return History(np.arange(hours) * HOUR, level + noise[0], np.column_stack([rain, up + noise[1]]))


PAST, LATER = river(1600, 1), river(500, 2)


@pytest.fixture(scope="module")
def made() -> Forecaster:
    return Forecaster.fit(RIVER, [PAST])


def errors(past, k):
    lead = RIVER.leads[k]
    wet = floods(past.grid.y, RIVER)[:-lead]
    every = np.column_stack([past.members[:-lead, k], past.median[:-lead, k]])
    return np.nanmean(np.abs(every - past.grid.y[lead:, None])[wet], axis=0)


def test_upstream_and_rain_beat_level_alone_and_the_mix_beats_both_baselines(made):
    for k in range(len(RIVER.leads)):
        missed = errors(made.over(LATER), k)
        assert missed[WIDE] < 0.8 * missed[OWN]
        assert missed[-1] < 0.7 * min(missed[0], missed[TREND])


def test_no_member_is_deployed_that_lost_to_the_trend_on_floods_held_back(made):
    for report in made.reports:
        used = report.deployed & np.isfinite(report.error)
        assert (report.error[used] <= report.error[TREND] * (1 + 1e-9)).all()
        assert report.deployed[TREND]


def test_intervals_cover_what_they_say_on_a_record_nobody_knew(made):
    past = made.over(LATER)
    for k, lead in enumerate(RIVER.leads):
        later = past.grid.y[lead:]
        inside = (later >= past.low[:-lead, k]) & (later <= past.high[:-lead, k])
        assert 0.85 < inside[np.isfinite(past.low[:-lead, k])].mean() <= 0.97


def gappy() -> History:
    """As a stream comes: a time missing, blanks, a gap of a day, a full scale and a stuck gauge upstream."""
    level, inputs = LATER.level.copy(), LATER.inputs.copy()
    level[[90, 91, 200]] = np.nan
    inputs[140:150, 1] = 9.5
    inputs[260:340, 1] = 1.7
    inputs[100:104, 0] = np.nan
    keep = np.ones(len(level), bool)
    keep[[50, *range(230, 254)]] = False
    return History(LATER.time_s[keep][:400], level[keep][:400], inputs[keep][:400])


def test_stream_says_what_the_record_says(made):
    record = gappy()
    want, stream = made.over(record, (2.0,)), made.fresh()
    compared = 0
    for time, level, inputs in zip(record.time_s, record.level, record.inputs, strict=True):
        said = stream.step(time, level, inputs)
        row = round(time / HOUR)
        np.testing.assert_allclose(said.median, want.median[row], atol=1e-7, err_msg=f"step {row}")
        np.testing.assert_allclose(said.low, want.low[row], atol=1e-6)
        by = said.crossing((2.0,))[0].by_lead
        np.testing.assert_allclose(by, want.above[row, :, 0], atol=0.01)
        compared += 1
    assert compared == 400


def test_later_readings_change_nothing_said_before(made):
    cut = History(LATER.time_s[:300], LATER.level[:300], LATER.inputs[:300])
    whole, part = made.over(LATER), made.over(cut)
    np.testing.assert_array_equal(whole.median[:300], part.median)
    np.testing.assert_array_equal(whole.low[:300], part.low)


def test_late_and_repeated_readings_change_nothing(made):
    stream = made.fresh()
    stream.step(0.0, 1.0, (0.0, 1.0))
    stream.step(HOUR, 1.1, (0.0, 1.0))
    assert stream.step(HOUR, 5.0, (0.0, 1.0)) is None
    assert stream.step(0.0, 5.0, (0.0, 1.0)) is None
    assert stream.step(2 * HOUR, np.nan, (0.0, 1.0)).now == 1.1


def test_capped_stuck_and_blank_upstream_are_left_out_not_believed(made):
    rows = gridded(RIVER, gappy()).x[:, 1]
    record = gappy()
    at = np.rint(record.time_s / HOUR).astype(int)
    capped, stuck = at[record.inputs[:, 1] == 9.5], at[record.inputs[:, 1] == 1.7]
    assert len(capped) == 10
    assert np.isnan(rows[capped]).all()
    assert np.isnan(rows[stuck[48:]]).all()
    assert np.isfinite(rows[stuck[:48]]).all()
    past = made.over(record)
    silent = stuck[50:]  # a blank is held for two hours
    assert np.isnan(past.members[silent][:, 0, [WIDE, BOOSTED]]).all()
    assert np.isfinite(past.median[silent]).all()


def test_values_at_the_cap_teach_the_same_as_blanks():
    inputs = PAST.inputs.copy()
    high = inputs[:, 1] > np.quantile(inputs[:, 1], 0.95)
    found = []
    for value in (9.0, np.nan):
        inputs[high, 1] = value
        station = replace(RIVER, leads=(3,))
        found.append(Forecaster.fit(station, [History(PAST.time_s, PAST.level, inputs.copy())]).learned[0])
    np.testing.assert_array_equal(found[0].wide.slope, found[1].wide.slope)


def test_calm_past_deploys_nothing_learned():
    calm = History(PAST.time_s[:50], PAST.level[:50], PAST.inputs[:50])
    made = Forecaster.fit(RIVER, [calm])
    assert not any(report.deployed[OWN:].any() for report in made.reports)
    assert len(NAMES) == len(made.reports[0].deployed)


def test_crossing_tells_when_and_how_probably(made):
    stream = made.fresh()
    for time, level, inputs in zip(LATER.time_s[:120], LATER.level[:120], LATER.inputs[:120], strict=True):
        said = stream.step(time, level, inputs)
        reached, never = said.crossing((said.now - 0.1, 50.0))
        assert reached.probability == 1.0
        assert reached.lead_s == 0.0
        assert never.lead_s is None
        assert never.probability < 0.01 or np.isnan(never.probability)
        if said.median[-1] > said.now + 0.1:
            line = (said.now + said.median[-1]) / 2
            assert 0.0 < said.crossing((line,))[0].lead_s <= said.lead_s[-1]


def test_what_cannot_be_is_refused():
    with pytest.raises(OutOfRange):
        Forecaster.fit(RIVER, [])
    with pytest.raises(ValueError, match="rise"):
        replace(RIVER, leads=(3, 1))
    with pytest.raises(ValueError, match="inputs are declared"):
        Forecaster.fit(replace(RIVER, inputs=()), [PAST])
    with pytest.raises(OutOfRange, match="step_s"):
        replace(RIVER, step_s=0.1)
