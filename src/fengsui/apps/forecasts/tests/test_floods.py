"""A flood is asked by who may, computed once, frozen with its question; stopped, refused and forgotten in words."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.gis.geos import LineString, Point
from django.utils import timezone

from fengsui.apps.forecasts import asking, floods, jobs, rules
from fengsui.apps.forecasts.models import FloodFrame, FloodRun
from fengsui.apps.places.models import Area, Place, WaterloggingPoint
from fengsui.core import ports
from fengsui.core.models import StoredEvent
from fengsui.core.tests.make import make_person
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Grant
from fengsui.kernel.errors import Forbidden, Invalid, NotFound
from fengsui.kernel.errors import Refused as Refusal
from fengsui.kernel.ports.floods import Answer, Cut, Question, Refused, Stopped, Told

pytestmark = pytest.mark.django_db
NOW = timezone.now()
RAIN = {"kind": "steady", "mm_h": 60.0, "duration_min": 60.0}
ASKED = {
    "lon": 123.342, "lat": 41.811, "width_m": 1000, "cell_m": 10, "rain": RAIN, "drained_mm_h": 20.0, "pumps": True,
}  # fmt: skip


class Fake:
    """Held to what the port says: tells the share, stops when told to, refuses in words."""

    def __init__(self, refuses: str = "", shares=(0.0, 1.0)) -> None:
        self.refuses, self.shares, self.asked = refuses, shares, []

    def run(self, question: Question, told) -> Answer:
        self.asked.append(question)
        for share in self.shares:
            if not told(share):
                raise Stopped
        if self.refuses:
            raise Refused(why=self.refuses)
        west, south, east, north = 123.33, 41.8, 123.35, 41.82
        return Answer(
            box=(west, south, east, north), frames=((0.0, b"one"), (300.0, b"two")), deepest=b"deep", grid=b"grid",
            told=tuple(Told(each.key, 0.4, (60.0, 120.0, 180.0, None), (0.0, 0.4)) for each in question.spots),
            cuts=(Cut("街", 120.0, 900.0, 0.4, (123.34, 41.81), ((123.34, 41.81), (123.35, 41.81))),),
            water={"rain": 6.0, "drained": 1.0, "pumped": 1.0, "out": 1.0, "left": 3.0, "missing": 0.0},
            flooded_m2=100.0, remarks=(("U", "示意", "made up"),),
            facts={"model": "inundation", "version": "1", "scheme": "A", "inputs": "f" * 64, "took_s": 1.0},
        )  # fmt: skip


@pytest.fixture
def engine(monkeypatch):
    def wired(**how) -> Fake:
        fake = Fake(**how)
        monkeypatch.setitem(ports._factories, "floods", lambda: fake)
        return fake

    return wired


def _holder(role):
    return make_person(grants=(Grant(role, uuid4(), uuid4()),))


@pytest.fixture
def duty():
    return _holder("duty_officer")


def ask(by, **over):
    return floods.ask(title="推演", asked={**ASKED, **over}, place=None, incident=None, by=by, now=NOW)


def test_flood_is_computed_once_and_frozen_with_its_question(duty, engine):
    fake, row = engine(), ask(duty)
    jobs.compute(row.pk)
    jobs.compute(row.pk)
    assert len(fake.asked) == 1, "a job that comes again finds it done"
    row = floods.get(row.pk, duty)
    assert (row.status, row.share, row.asked) == ("done", 1.0, ASKED)
    assert row.answer["facts"]["inputs"] == "f" * 64
    assert [each["name"] for each in row.answer["cuts"]] == ["街"]
    assert list(FloodFrame.objects.filter(flood=row).values_list("n", "at_s")) == [(0, 0.0), (1, 300.0)]
    names = StoredEvent.objects.filter(about_id=str(row.pk)).order_by("id").values_list("name", flat=True)
    assert list(names) == ["forecasts.FloodAsked", "forecasts.FloodDone"]


def test_worker_that_was_killed_leaves_one_that_begins_anew(duty, engine):
    engine()
    row = ask(duty)
    floods.begin(flood_id=row.pk)
    floods.advance(flood_id=row.pk, share=0.4, world=LIVE)
    jobs.compute(row.pk)
    assert floods.get(row.pk, duty).status == "done"


def test_stopped_while_it_runs_has_no_answer(duty, engine, monkeypatch):
    monkeypatch.setattr(jobs, "TOLD_EVERY_S", 0.0)
    row = ask(duty)

    class Slow(Fake):
        def run(self, question, told):
            assert told(0.1)
            floods.stop(flood_id=row.pk, by=duty, now=NOW)
            return super().run(question, told)

    monkeypatch.setitem(ports._factories, "floods", Slow)
    jobs.compute(row.pk)
    row = floods.get(row.pk, duty)
    assert (row.status, row.answer) == ("stopped", {})
    with pytest.raises(Refusal) as refused:
        floods.stop(flood_id=row.pk, by=duty, now=NOW)
    assert refused.value.code == "flood.stop.wrong_state"


def test_refusal_of_the_model_is_told_in_its_words(duty, engine):
    engine(refuses="cell_m = 9: wanted less")
    row = ask(duty)
    jobs.compute(row.pk)
    row = floods.get(row.pk, duty)
    assert (row.status, row.reason) == ("failed", "cell_m = 9: wanted less")


def test_fault_of_the_program_leaves_nobody_waiting(duty, monkeypatch):
    class Broken(Fake):
        def run(self, question, told):
            raise ValueError("not enough values to unpack")

    monkeypatch.setitem(ports._factories, "floods", Broken)
    row = ask(duty)
    jobs.compute(row.pk)
    row = floods.get(row.pk, duty)
    assert (row.status, row.reason) == ("failed", jobs.BROKE)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"width_m": 999}, "width_m"),
        ({"cell_m": 7}, "cell_m"),
        ({"drained_mm_h": -1.0}, "drained_mm_h"),
        ({"sewers_a": 4.0}, "sewers_a"),
        ({"pumps": 1.2}, "pumps"),
        ({"gates": "ajar", "sewers_a": 2.0}, "gates"),
        ({"gates": "shut"}, "gates"),
        ({"standing_m": 1.6}, "standing_m"),
    ],
)
def test_wrong_question_is_refused_by_its_field(duty, wrong, field):
    with pytest.raises(Invalid) as refused:
        ask(duty, **wrong)
    assert refused.value.field == field
    assert not FloodRun.objects.in_world(LIVE).exists()


def test_sewers_are_laid_by_the_formula_in_use_and_need_one(duty, engine, monkeypatch):
    fake = engine()
    row = ask(duty, sewers_a=2.0)
    jobs.compute(row.pk)
    first = next(iter(asking.formulas().values()))
    laid = fake.asked[0].sewers
    assert (laid.name, laid.return_period_a) == (first.name, 2.0)
    monkeypatch.setattr(asking, "formulas", dict)
    with pytest.raises(Invalid) as refused:
        ask(duty, sewers_a=2.0)
    assert (refused.value.code, refused.value.field) == ("forecasts.flood.no_formula", "sewers_a")


def test_gates_standing_water_and_a_share_of_the_pumps_are_asked_of_the_engine(duty, engine):
    fake = engine()
    area = Area.objects.create(code="210106", scheme="GB/T 2260", name="铁西区", kind="district", provenance="public")
    place = Place.objects.create(
        code="WL01", kind="waterlogging_point", name="桥", area=area, provenance="illustrative",
        location=Point(ASKED["lon"], ASKED["lat"]),
    )  # fmt: skip
    WaterloggingPoint.objects.create(
        place=place, form="underpass", installed_pump_m3h=3600.0, ladder_m={}, closure=LineString((123, 41), (123, 42))
    )
    for over in ({"pumps": True}, {"pumps": 0.5, "gates": "shut", "sewers_a": 2.0, "standing_m": 0.3}):
        jobs.compute(ask(duty, **over).pk)
    old, new = fake.asked
    assert [each.depth_m for each in old.hollows] == [0.5, 1.2]
    assert (old.gates, old.standing_m, old.pumps[0].m3_s) == ("open", 0.0, 1.0), "as runs of old were asked"
    assert (new.gates, new.standing_m, new.pumps[0].m3_s) == ("shut", 0.3, 0.5)


def test_no_more_wait_than_are_computed_within_minutes(duty):
    for _ in range(rules.MOST_WAITING):
        ask(duty)
    with pytest.raises(Refusal) as refused:
        ask(duty)
    assert refused.value.code == "forecasts.flood.too_many"


def test_who_may_not_ask_is_refused_and_who_may_not_see_finds_none(duty):
    row = ask(duty)
    with pytest.raises(Forbidden):
        ask(_holder("street_officer"))
    assert floods.get(row.pk, _holder("street_officer")).pk == row.pk
    with pytest.raises(NotFound):
        floods.get(row.pk, _holder("depot_keeper"))


def test_old_pictures_go_and_what_was_asked_stays(duty, engine):
    engine()
    row = ask(duty)
    jobs.compute(row.pk)
    assert floods.forget(timezone.now() + timedelta(days=rules.FLOOD_DAYS - 1)) == 0
    assert floods.forget(timezone.now() + timedelta(days=rules.FLOOD_DAYS + 1)) == 1
    kept = FloodRun.objects.in_world(LIVE).get(pk=row.pk)
    assert (kept.grid, kept.deepest, kept.asked) == (None, None, ASKED)
    assert kept.answer["cuts"]
    assert not FloodFrame.objects.filter(flood=row).exists()


def test_steady_rain_is_all_of_it():
    edges, depth = asking.rain_of(RAIN)
    assert (edges[0], edges[-1], len(depth)) == (0.0, 3600.0, 12)
    assert sum(depth) == pytest.approx(0.06, rel=1e-12)


def test_storm_is_never_named_without_its_formula():
    zh, en = rules.storm_words(
        {"kind": "design", "formula_name": "A=1984", "return_period_a": 50.0, "duration_min": 120.0}
    )
    assert "A=1984" in zh
    assert "未经核实" in zh
    assert "unverified" in en


def test_answer_is_json(duty, engine):
    engine()
    row = ask(duty)
    jobs.compute(row.pk)
    json.dumps(floods.get(row.pk, duty).answer)
