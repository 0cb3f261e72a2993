"""A library is asked by who may, computed bit by bit, carried on where it was, asked what lies nearest."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import numpy as np
import pytest
import rasterio
from django.contrib.gis.geos import LineString, Point
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.transform import from_bounds

from fengsui.apps.forecasts import asking, floods
from fengsui.apps.forecasts.scenarios import axes, computing, libraries, near
from fengsui.apps.forecasts.scenarios.models import Scenario, ScenarioLibrary
from fengsui.apps.places.models import Area, Place, WaterloggingPoint
from fengsui.apps.sensing.tests.test_pages import log_in
from fengsui.core import ports
from fengsui.core.models import StoredEvent
from fengsui.core.tests.make import make_person
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Grant
from fengsui.kernel.errors import Forbidden, Invalid, NotFound
from fengsui.kernel.errors import Refused as Refusal
from fengsui.kernel.ports.ensembles import Unreachable
from fengsui.kernel.ports.floods import Answer, Cut, Question, Refused, Told

pytestmark = pytest.mark.django_db
NOW = timezone.now()
BASE = {
    "lon": 123.342, "lat": 41.811, "width_m": 1000, "cell_m": 10, "rain": {"kind": "steady", "duration_min": 60.0},
    "drained_mm_h": 20.0, "sewers_a": 0.0,
}  # fmt: skip
AXES = {"rain": [20.0, 40.0, 60.0, 80.0], "pumps": [0.0, 1.0], "gates": ["open"], "standing_m": [0.0, 0.3]}
BOX = (123.33, 41.8, 123.35, 41.82)


def computed(question: Question) -> Answer:
    """A bowl that fills with the rain and what stood in it: no hydraulics, but deeper with more."""
    rain = sum(question.rain_m)
    bed = np.linspace(0.0, 0.1, 400).reshape(20, 20)
    depth = np.maximum(3 * rain + question.standing_m * 0.2 - bed, 0.0)
    with rasterio.MemoryFile() as memory:
        with memory.open(
            driver="GTiff", width=20, height=20, count=1, dtype="float32", crs="EPSG:4326", nodata=-9999.0,
            transform=from_bounds(*BOX, 20, 20),
        ) as out:  # fmt: skip
            out.write(np.where(depth >= 0.01, depth, -9999.0).astype(np.float32), 1)
        grid = bytes(memory.read())
    deep = float(depth.max())
    return Answer(
        box=BOX, frames=((0.0, b"one"),), deepest=b"picture %d" % round(deep * 1000), grid=grid,
        told=tuple(Told(each.key, deep, (600.0 / rain / 1000, None, None, None), (deep,)) for each in question.spots),
        cuts=(Cut("启工街", 900.0, None, deep, (123.34, 41.81), ((123.34, 41.81), (123.35, 41.81))),)
        if deep > 0.12
        else (),
        water={"rain": rain}, flooded_m2=deep * 1000, remarks=(), facts={"inputs": "f" * 64, "took_s": 1.0},
    )  # fmt: skip


class Fake:
    """Answers at once and in order; the real one is tried in engines/floods/tests/test_many.py."""

    def __init__(self, stops_after: int | None = None, refuses=lambda question: False, away: str = "") -> None:
        self.stops_after, self.refuses, self.away, self.asked = stops_after, refuses, away, []

    def run(self, questions, told, wanted) -> None:
        if self.away:
            raise Unreachable(why=self.away)
        for n, question in questions:
            self.asked.append(n)
            answer = Refused(why="too steep") if self.refuses(question) else computed(question)
            if not told(n, answer) or not wanted():
                return
            if self.stops_after is not None and len(self.asked) >= self.stops_after:
                raise SystemExit  # the worker is killed


@pytest.fixture
def ensemble(monkeypatch):
    def wired(**how) -> Fake:
        fake = Fake(**how)
        monkeypatch.setitem(ports._factories, "ensembles", lambda: fake)
        return fake

    return wired


@pytest.fixture
def duty():
    return make_person(grants=(Grant("duty_officer", uuid4(), uuid4()),))


@pytest.fixture
def low():
    area = Area.objects.create(code="210106", scheme="GB/T 2260", name="铁西区", kind="district", provenance="public")
    place = Place.objects.create(
        code="WL90", kind="waterlogging_point", name="低处", area=area, provenance="illustrative",
        location=Point(123.342, 41.811),
    )  # fmt: skip
    WaterloggingPoint.objects.create(
        place=place, form="underpass", ladder_m={}, closure=LineString((123, 41), (123, 42))
    )  # fmt: skip
    return place


def ask(by, axes=AXES, **over):
    return libraries.ask(base={**BASE, **over}, axes=axes, place=None, by=by, now=NOW)


def asked(rain=60.0, pumps=1.0, gates="open", standing_m=0.0, **over):
    return axes.asked_of({**BASE, **over}, {"rain": rain, "pumps": pumps, "gates": gates, "standing_m": standing_m})


def names():
    return list(StoredEvent.objects.order_by("pk").values_list("name", flat=True))


def test_a_library_is_computed_and_told_with_its_error(duty, low, ensemble):
    fake, row = ensemble(), ask(duty)
    assert row.total == 16
    computing.compute(row.pk)
    got = libraries.get(row.pk, duty)
    assert (got.status, got.done, got.failed) == ("done", 16, 0)
    assert sorted(fake.asked) == list(range(16))
    assert got.error["inside"]["count"] == 8
    assert got.error["is_better"] is True
    assert got.error["inside"]["mean_m"] < got.error["nearest_inside"]["mean_m"]
    assert names() == ["forecasts.ScenariosAsked", "forecasts.ScenariosDone"]
    assert StoredEvent.objects.last().payload["computed"] == 16


def test_a_killed_worker_loses_nothing_and_computes_nothing_twice(duty, ensemble):
    row = ask(duty)
    ensemble(stops_after=5)
    with pytest.raises(SystemExit):
        computing.compute(row.pk)
    assert libraries.get(row.pk, duty).done == 5
    again = ensemble()
    computing.compute(row.pk)
    assert len(again.asked) == 11
    assert libraries.get(row.pk, duty).status == "done"


def test_paused_it_keeps_what_is_there_and_carries_on(duty, ensemble):
    row = ask(duty)

    class Pausing(Fake):
        def run(self, questions, told, wanted):
            def heard(n, answer):
                if len(self.asked) == 4:
                    libraries.pause(library_id=row.pk, by=duty)
                return told(n, answer)

            super().run(questions, heard, wanted)

    ensemble()
    fake = Pausing()
    ports._factories["ensembles"] = lambda: fake
    computing.compute(row.pk)
    got = libraries.get(row.pk, duty)
    assert (got.status, got.done) == ("paused", 4)
    assert got.error == {}
    libraries.resume(library_id=row.pk, by=duty)
    rest = ensemble()
    computing.compute(row.pk)
    assert len(rest.asked) == 12
    assert libraries.get(row.pk, duty).status == "done"
    with pytest.raises(Refusal):
        libraries.resume(library_id=row.pk, by=duty)


def test_what_failed_says_why_and_is_tried_again_when_asked(duty, ensemble):
    row = ask(duty)
    ensemble(refuses=lambda question: question.standing_m > 0)
    computing.compute(row.pk)
    got = libraries.get(row.pk, duty)
    assert (got.status, got.done, got.failed) == ("done", 8, 8)
    assert set(got.scenarios.filter(status="failed").values_list("reason", flat=True)) == {"too steep"}
    libraries.resume(library_id=row.pk, by=duty)
    ensemble()
    computing.compute(row.pk)
    assert libraries.get(row.pk, duty).done == 16


def test_nobody_computes_it_waits_for_a_person_and_says_so(duty, ensemble):
    row = ask(duty)
    ensemble(away="connection refused")
    computing.compute(row.pk)
    got = libraries.get(row.pk, duty)
    assert got.status == "paused"
    assert "FENGSUI_DASK" in got.reason


def test_a_fault_of_the_program_leaves_no_library_running_for_ever(duty, ensemble, monkeypatch):
    row = ask(duty)
    ensemble()
    monkeypatch.setattr(asking, "question", lambda asked: 1 / 0)
    computing.compute(row.pk)
    assert libraries.get(row.pk, duty).status == "paused"


def test_the_nearest_is_found_its_neighbours_are_told_and_what_lies_between(duty, low, ensemble):
    ensemble()
    row = ask(duty)
    computing.compute(row.pk)
    told = near.of_question(asked(rain=57.0), duty)
    assert told is not None
    assert told.first.asked["rain"]["mm_h"] == 60.0
    assert (told.first.asked["pumps"], told.first.asked["standing_m"]) == (1.0, 0.0)
    assert not told.is_the_same
    assert told.between
    (place,) = told.places
    assert place["id"] == str(low.pk)
    assert place["nearest_m"] == pytest.approx(0.18, abs=0.001)
    assert place["low_m"] < place["nearest_m"] <= place["high_m"]
    assert told.cuts[0]["name"] == "启工街"
    assert 0 < told.cuts[0]["count"] < len(told.nearest)
    depth, shape = near.between(told.library, axes.point(asked(rain=57.0)))
    assert shape == (20, 20)
    assert depth.max() == pytest.approx(3 * 0.057, abs=0.01)
    assert near.of_question(asked(rain=60.0), duty).is_the_same


def test_beyond_the_library_nothing_is_made_up(duty, ensemble):
    ensemble()
    row = ask(duty)
    computing.compute(row.pk)
    told = near.of_question(asked(rain=120.0, standing_m=0.5), duty)
    assert told.outside == ["rain", "standing_m"]
    assert not told.between
    with pytest.raises(NotFound):
        near.between(row, axes.point(asked(rain=120.0)))


def test_another_ground_another_world_and_a_retired_library_know_nothing(duty, ensemble):
    ensemble()
    row = ask(duty)
    assert near.of_question(asked(), duty) is None, "nothing is computed yet"
    computing.compute(row.pk)
    assert near.of_question(asked(), duty) is not None
    for other in ({"lon": 123.4}, {"cell_m": 5}, {"drained_mm_h": 0.0}):
        assert near.of_question(asked(**other), duty) is None
    longer = {"kind": "steady", "duration_min": 120.0, "mm_h": 60.0}
    assert near.of_question({**asked(), "rain": longer}, duty) is None
    libraries.retire(library_id=row.pk, by=duty)
    assert near.of_question(asked(), duty) is None
    assert not Scenario.objects.exclude(depth=None).exists()
    assert ScenarioLibrary.objects.in_world(LIVE).count() == 1


def test_finding_asks_as_many_questions_however_large_the_library(duty, ensemble):
    ensemble()
    small, large = ask(duty), ask(duty, {**AXES, "rain": [*map(float, range(10, 90, 5))]}, lon=123.36)
    for row in (small, large):
        computing.compute(row.pk)
    counts = []
    for lon in (123.342, 123.36):
        with CaptureQueriesContext(connection) as caught:
            assert near.of_question(asked(lon=lon), duty) is not None
        counts.append(len(caught))
    assert counts[0] == counts[1] <= 4


def test_who_may_not_who_asks_too_much_and_what_cannot_be_is_told_by_field(duty, low):
    officer = make_person(grants=(Grant("street_officer", uuid4(), uuid4()),))
    with pytest.raises(Forbidden):
        ask(officer)
    with pytest.raises(Invalid) as told:
        ask(duty, {**AXES, "gates": ["open", "shut"]})
    assert told.value.field == "gates"
    with pytest.raises(Invalid) as told:
        ask(duty, {**AXES, "pumps": []})
    assert told.value.field == "pumps"
    with pytest.raises(Invalid) as told:
        ask(duty, {**AXES, "rain": [20.0], "pumps": [1.0], "standing_m": [0.0]})
    assert told.value.facts["count"] == 1
    with pytest.raises(Invalid):
        ask(duty, {**AXES, "rain": [float(n) for n in range(20, 120)]})
    with pytest.raises(Invalid) as told:
        ask(duty, {**AXES, "standing_m": [0.0, 9.0]})
    assert told.value.field == "standing_m"
    for _ in range(axes.MOST_WAITING):
        ask(duty)
    with pytest.raises(Refusal):
        ask(duty)


def test_two_hundred_scenarios_begin_at_the_ends():
    rows = axes.questions(BASE, {**AXES, "rain": [float(n) for n in range(10, 60, 10)]})
    assert {each["rain"]["mm_h"] for each in rows[:8]} == {10.0, 50.0}
    assert len(rows) == 20


@given(st.lists(st.sampled_from(axes.RAINS["steady"]), min_size=1, max_size=6, unique=True), st.randoms())
@settings(max_examples=30)
def test_a_library_is_the_same_in_whatever_order_its_values_are_given(rain, random):
    shuffled = list(rain)
    random.shuffle(shuffled)
    given_so = axes.questions(BASE, {**AXES, "rain": rain})
    assert axes.questions(BASE, {**AXES, "rain": shuffled}) == given_so
    assert len({str(each) for each in given_so}) == axes.count_of({**AXES, "rain": rain})
    assert len({axes.ground(each) for each in given_so}) == 1


def test_a_flood_that_is_still_computed_shows_the_nearest(client, duty, low, ensemble):
    ensemble()
    row = ask(duty)
    computing.compute(row.pk)
    run = floods.ask(
        title="推演", asked=asked(rain=57.0), place=None, incident=None, by=duty, now=NOW + timedelta(seconds=1)
    )
    log_in(client, "duty_officer")
    page = client.get(f"/floods/{run.pk}/").content.decode()
    assert "先看最近的情景" in page
    assert "低处" in page
    assert f"/floods/libraries/{row.pk}/" in page


def test_what_a_library_was_asked_between_its_values_is_asked_of_a_trial_as_it_was(client, duty, ensemble):
    row = ask(duty)
    log_in(client, "duty_officer")
    page = client.get(f"/floods/new/?library={row.pk}&rain=57&pumps=0.7&gates=open&standing_m=0.1").content.decode()
    assert '<option value="0.7" selected>70%</option>' in page
    assert 'name="mm_h" value="57.0"' in page


def test_a_library_of_a_storm_that_the_district_lost_can_be_looked_at(client, duty, ensemble, monkeypatch):
    ensemble()
    storm = {"kind": "design", "formula_name": next(iter(asking.formulas())), "duration_min": 60.0, "peak": 0.4}
    row = ask(duty, {**AXES, "rain": [5.0, 50.0]}, rain=storm)
    computing.compute(row.pk)
    monkeypatch.setattr(asking, "formulas", dict)
    log_in(client, "duty_officer")
    assert client.get(f"/floods/libraries/{row.pk}/").status_code == 200
    assert near.of_question(asked() | {"rain": {**storm, "return_period_a": 5.0}}, duty) is None


def test_a_question_that_is_not_understood_gets_no_answer_of_another(client, duty, ensemble):
    ensemble()
    row = ask(duty)
    computing.compute(row.pk)
    log_in(client, "duty_officer")
    page = client.get(f"/floods/libraries/{row.pk}/?rain=abc&pumps=7&gates=open&standing_m=0")
    assert page.status_code == 422
    assert "毫秒找到" not in page.content.decode()
    assert "毫秒找到" in client.get(f"/floods/libraries/{row.pk}/").content.decode()
