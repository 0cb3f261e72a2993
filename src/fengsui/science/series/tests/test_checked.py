"""A kept series by its reference case, its change points, its texts, and the street floods."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengsui.kernel.errors import Invalid
from fengsui.science import case
from fengsui.science.contract import OutOfRange
from fengsui.science.models import model
from fengsui.science.series import marks, quality, street, texts
from fengsui.science.series.change import changes
from fengsui.science.series.checked import MODEL, KeptSeries, Neighbour
from fengsui.science.series.rule import Rule

PLACE = Path(__file__).resolve().parents[1] / "reference"
RULE = Rule(quality.Limit(low=-1e6, high=1e6, resolution=0.01))


def fourmile():
    return case.read(MODEL, PLACE / "fourmile.json")


def test_flash_flood_of_the_reference_case_is_borne_out_and_its_one_odd_reading_is_not():
    """480 readings' first 320: the rise begins with reading 177; reading 201 (15.35 between 16.15 and 16.13 ft) is the
    only one that the next does not bear out before the crest is over."""
    flags = model("series-checks").run(fourmile()).values["flags"]
    assert not flags[:177].any()
    assert marks.names(int(flags[177])) == ["spike", "away"]
    assert "borne" in marks.names(int(flags[178]))
    spikes = np.flatnonzero(flags & marks.SPIKE)
    assert spikes.tolist() == [177, 201, 204]
    assert not flags[202] & marks.BORNE
    assert flags[205] & marks.BORNE
    assert not (flags & quality.SUSPECT).any()


def test_result_keeps_silent_rows_and_says_what_is_chosen():
    asked = fourmile()
    value = asked.value.copy()
    value[100:110] = np.nan
    result = MODEL.run(KeptSeries(asked.time_s, value, asked.rule))
    assert result.values["flags"][100:110].tolist() == [0] * 10
    assert result.values["flags"][110] & quality.GAP
    assert np.isnan(result.values["z"][100:125]).all()
    assert [each.code for each in result.remarks] == ["series.bounds"]


def test_neighbours_of_a_case_are_heard():
    time, rng = np.arange(600.0) * 60, np.random.default_rng(1)
    wave = np.sin(time / 9000)
    others = tuple(Neighbour(time, wave + rng.normal(0, 0.05, 600)) for _ in range(3))
    value = wave + rng.normal(0, 0.05, 600) + np.where(np.arange(600) > 400, (np.arange(600) - 400) * 0.003, 0.0)
    drift = MODEL.run(KeptSeries(time, value, RULE, others)).values
    alone = MODEL.run(KeptSeries(time, value, RULE)).values
    assert ((drift["flags"] & marks.DRIFT) != 0).any()
    assert not ((drift["flags"][:400] & marks.DRIFT) != 0).any()
    assert np.isnan(alone["drift"]).all()


def test_series_that_are_none_are_refused():
    one = np.zeros(3)
    with pytest.raises(Invalid, match="shapes"):
        KeptSeries(one, np.zeros(4), RULE)
    with pytest.raises(OutOfRange, match="neighbours"):
        KeptSeries(one, one, RULE, (Neighbour(one, one),) * 9)
    with pytest.raises(OutOfRange, match="time_s"):
        KeptSeries(np.array([1e14]), np.zeros(1), RULE)


@pytest.mark.parametrize("what", ["level", "shape"])
def test_changes_of_level_are_where_they_were_made(what):
    rng = np.random.default_rng(1)
    values = rng.normal(0, 1, 1200) + np.repeat([0.0, 3.0, -1.0], 400)
    found = changes(values, what=what)
    assert len(found.starts) == 3
    assert np.abs(found.starts - [0, 400, 800]).max() <= 2
    assert found.means == pytest.approx([0.0, 3.0, -1.0], abs=0.2)
    assert found.scatter == pytest.approx(1.0, rel=0.1)


def test_the_compiled_kernel_is_the_least_squares_pelt():
    import ruptures

    rng = np.random.default_rng(6)
    values = rng.normal(0, 1, 150) + np.repeat([0.0, 2.0, 0.5], 50)
    found = changes(values)
    scaled = ((values - np.median(values)) / found.scatter).reshape(-1, 1)
    slow = ruptures.Pelt(model="l2", min_size=5, jump=1).fit(scaled).predict(pen=3 * np.log(150))
    assert [0, *slow[:-1]] == found.starts.tolist()


def test_noise_has_no_change_points_and_a_spike_makes_none():
    rng = np.random.default_rng(2)
    pieces = [len(changes(rng.normal(0, 1, 1000)).starts) for _ in range(40)]
    assert sum(pieces) == 40
    values = rng.normal(0, 1, 1000)
    values[500] += 6.0
    assert len(changes(values).starts) == 1


def test_series_that_take_too_long_or_say_nothing_are_refused():
    with pytest.raises(OutOfRange, match="5000"):
        changes(np.zeros(5001), what="shape")
    with pytest.raises(OutOfRange, match="10"):
        changes(np.zeros(9))
    with pytest.raises(OutOfRange, match="number"):
        changes(np.r_[np.zeros(20), np.nan])


@given(st.lists(st.text(max_size=8) | st.floats(-1e6, 1e6).map(str)))
def test_every_text_is_a_number_or_a_kept_rejection(rows):
    found, at, refused = texts.values(rows)
    assert sorted([*at.tolist(), *(each.row for each in refused)]) == list(range(len(rows)))
    assert all(each.text == rows[each.row] for each in refused)
    assert np.isfinite(found).all()


@pytest.mark.parametrize(
    ("text", "why"),
    [("0.260|0.267", "several"), ("1,2", "several"), ("", "empty"), (" ", "empty"), ("nan", "not_a_number"),
     ("1_0", "not_a_number"), ("inf", "not_a_number"), ("١", "not_a_number"), ("1|x", "not_a_number")],
)  # fmt: skip
def test_texts_that_are_no_number_are_kept_with_their_reason(text, why):
    assert texts.values([text])[2] == [texts.Rejected(0, text, why)]


def test_readings_with_two_numbers_of_a_wet_day_become_kept_rejections(shared):
    with open(shared / "data/hydro/uk_2021-05-07/wet_day.csv", encoding="utf-8") as lines:
        rows = [row["value"] for row in csv.DictReader(lines)]
    found, _, refused = texts.values(rows)
    assert [each.text for each in refused if each.why == "several"] == [
        "0.260|0.267", "0.201|0.109", "0.209|0.200", "0.628|0.614",
    ]  # fmt: skip
    assert [each.why for each in refused if each.why != "several"] == ["empty"]
    assert len(found) + len(refused) == len(rows) == 20_729


def test_what_is_caught_of_the_street_floods(shared):
    """22 of the 96 are among the 1 417. Nothing in a summary shows why; its comparison with the profile shows all."""
    found = street.read(shared / "data/hydro/nyc_street_flood")
    assert (len(found.flagged), int(found.flagged.sum())) == (1491, 96)
    summary = {row.rule: (row.flagged, row.others) for row in street.caught(found, street.SUMMARY)}
    assert summary == {
        "range": (0, 0), "rate": (5, 11), "stuck": (0, 13), "gap": (0, 24), "duplicate": (1, 0), "late": (0, 0),
        "any of these": (5, 48), "alone": (12, 679),
    }  # fmt: skip
    compared = {row.rule: (row.flagged, row.others) for row in street.caught(found, street.PROFILE)}
    assert compared == {"duplicate": (93, 0), "late": (1, 0), "unit": (2, 0), "any of these": (96, 0)}
    assert "| summary | rate | 5 of 96 | 11 of 1395 |" in street.report(found)
