"""A dike that is drawn: written and read, refused by the field and in words, told, asked again."""

from __future__ import annotations

import math
import re
from itertools import pairwise

import pytest

from fengsui.apps.forecasts import breaches, floods, jobs
from fengsui.apps.forecasts.flood_forms import BREACH, FloodForm, initial_of
from fengsui.apps.forecasts.flood_views import asked_words
from fengsui.apps.forecasts.tests.test_floods import ASKED, ask, duty, engine
from fengsui.apps.sensing.tests.test_pages import log_in
from fengsui.kernel.errors import Invalid

__all__ = ["duty", "engine"]
pytestmark = pytest.mark.django_db
LINE = [[123.3385, 41.810], [123.342, 41.8102], [123.3455, 41.8098]]
BREACH_ASKED = {
    "line": LINE, "side": "right", "crest_m": 3.0, "water": "level", "value": 2.0, "at": 40.0, "width_m": 30.0,
    "opens_min": 10.0, "erodes_min": 5.0,
}  # fmt: skip
POSTED = {
    "lon": 123.342, "lat": 41.811, "width_m": 1000, "cell_m": 10, "kind": "steady", "mm_h": 5, "duration_min": 30,
    "drained_mm_h": 20, "sewers_a": "0.0", "pumps": "1.0", "gates": "open", "standing_m": 0,
    "breach_line": "123.3385,41.810\n123.342, 41.8102；123.3455，41.8098", "breach_side": "right",
    "breach_crest_m": 3, "breach_water": "level", "breach_value": 2, "breach_at": 40, "breach_width_m": 30,
    "breach_opens_min": 10, "breach_erodes_min": 5,
}  # fmt: skip


def asked_with(**over):
    return {**ASKED, "breach": {**BREACH_ASKED, **over}}


def test_drawn_dike_is_asked_of_the_engine_in_its_units(duty, engine):
    fake, row = engine(), ask(duty, breach=BREACH_ASKED)
    jobs.compute(row.pk)
    (found,) = (each.breach for each in fake.asked)
    assert found.line == tuple(map(tuple, LINE))
    assert (found.at, found.opens_s, found.erodes_s, found.level_m, found.inflow_m3_s) == (0.4, 600.0, 300.0, 2.0, None)
    inflow = breaches.breach_of(asked_with(water="inflow", value=50.0))
    assert (inflow.level_m, inflow.inflow_m3_s) == (None, 50.0)
    assert floods.get(row.pk, duty).status == "done"


@pytest.mark.parametrize(
    ("wrong", "code", "field"),
    [
        ({"line": LINE[:1]}, "corners", "breach_line"),
        ({"line": [*LINE, [123.36, 41.81]]}, "outside", "breach_line"),
        ({"line": [LINE[0], LINE[0], LINE[1]]}, "twice", "breach_line"),
        ({"line": [*LINE, [123.343, 41.8085], [123.341, 41.812]]}, "crosses", "breach_line"),
        ({"line": [[123.342, 41.81], [123.3421, 41.81]]}, "short", "breach_line"),
        ({"at": 1.0}, "end", "breach_at"),
        ({"width_m": 6.0}, "narrow", "breach_width_m"),
        ({"width_m": 501.0}, "number", "breach_width_m"),
        ({"value": 3.5}, "over", "breach_value"),
        ({"water": "inflow", "value": 0.0}, "number", "breach_value"),
        ({"water": "much"}, "water", "breach_water"),
        ({"side": "behind"}, "side", "breach_side"),
        ({"opens_min": 125.0}, "late", "breach_opens_min"),
        ({"crest_m": float("nan")}, "number", "breach_crest_m"),
    ],
)
def test_wrong_dike_is_refused_by_its_field(wrong, code, field):
    with pytest.raises(Invalid) as refused:
        breaches.sound(asked_with(**wrong))
    assert (refused.value.code, refused.value.field) == (f"forecasts.flood.breach_{code}", field)


def test_fine_grid_is_refused_where_it_would_take_an_hour():
    with pytest.raises(Invalid) as refused:
        breaches.sound({**asked_with(), "cell_m": 5, "width_m": 2000})
    assert refused.value.field == "cell_m"
    breaches.sound({**asked_with(), "cell_m": 5, "width_m": 1500})


def test_form_keeps_a_dike_and_begins_again_from_it():
    form = FloodForm(POSTED)
    assert form.is_valid(), form.errors
    asked = form.asked()
    assert asked["breach"] == BREACH_ASKED
    again = FloodForm({**POSTED, **{key: value for key, value in initial_of(asked).items() if key in BREACH}})
    assert again.is_valid()
    assert again.asked() == asked
    none = FloodForm({**POSTED, "breach_line": ""})
    assert none.is_valid()
    assert "breach" not in none.asked(), "without a line the other fields do not count"


def test_form_names_the_field_that_is_wrong():
    form = FloodForm({**POSTED, "breach_line": "123.34,41.81\nhere", "breach_value": ""})
    assert not form.is_valid()
    assert set(form.errors) == {"breach_line", "breach_value"}
    assert "here" in form.errors["breach_line"][0]


def test_two_trials_are_told_apart_by_their_dikes():
    words = [asked_words("breach", each) for each in (ASKED, asked_with(), asked_with(line=LINE[::-1]))]
    assert len(set(words)) == 3
    assert "30 m" in breaches.said(asked_with())


def test_map_of_an_answer_gets_the_line_its_water_and_the_breach():
    line, breach = breaches.shown(asked_with())["features"]
    assert (line["geometry"]["coordinates"], line["properties"]["side"]) == (LINE, "right")
    assert "30 m" in breach["properties"]["said"]
    lengths = [math.dist(a, b) for a, b in pairwise(breaches.metres(ASKED, LINE))]
    at = breaches.metres(ASKED, [breach["geometry"]["coordinates"]])[0]
    assert math.dist(at, breaches.metres(ASKED, LINE)[0]) == pytest.approx(0.4 * sum(lengths), abs=0.1)
    assert breaches.middle(ASKED, LINE, 1.0) == pytest.approx(LINE[-1])
    assert breaches.middle(ASKED, LINE, 0.0) == pytest.approx(LINE[0])
    assert breaches.shown(ASKED) is None


def test_page_opens_the_dike_where_one_of_its_fields_is_wrong(client):
    log_in(client)
    page = client.post("/floods/new/", {**POSTED, "breach_value": ""}).content.decode()
    assert re.search(r"<details class=\"whole\"[^>]* open>", page)
    page = client.post("/floods/new/", {**POSTED, "breach_line": "", "breach_at": "x"}).content.decode()
    assert re.search(r"<details class=\"whole\"[^>]* open>", page), "also without a line"
    assert not re.search(r"<details class=\"whole\"[^>]* open>", client.get("/floods/new/").content.decode())
