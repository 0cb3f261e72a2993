"""Silence becomes a clock of its owner, the first sign of life its proof; a gateway's silence is one clock."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fengsui.core import proofs
from fengsui.core.models import Clock, ClockRuleRow, LastProof, StoredEvent
from fengsui.core.tests.make import NOW, make_world
from fengsui.core.worlds import LIVE
from fengsui.kernel.clock import ClockKind
from fengsui.kernel.proof import ProofKind
from fengsui.kernel.terms import Term

pytestmark = pytest.mark.django_db
CLOCK = "core.test_silence"
if CLOCK not in ClockKind.registered:
    ClockKind(CLOCK, Term("silence", "处置失联", "answer for silence", source="测试"))
KIND = ProofKind("core.test_thing", Term("thing", "东西", "thing"), CLOCK, 60.0)


class Things:
    """A source over LastProof rows; `owner` and `world` of each by its key."""

    kind = KIND

    def __init__(self) -> None:
        self.retired: set[str] = set()
        self.world: dict[str, UUID] = {}
        self.owner: dict[str, str] = {}

    def _all(self) -> list[proofs.Subject]:
        return [
            proofs.Subject(
                about=row,
                label=f"物{row.key}",
                label_en=row.key,
                half_life_s=60.0,
                owner="",
                owner_role=self.owner.get(row.key, "liaison"),
                world=self.world.get(row.key, LIVE),
                **proofs.facts(row),
            )
            for row in LastProof.objects.filter(kind=KIND.code).order_by("id")
            if row.key not in self.retired
        ]

    def silent(self, now):
        return [each for each in self._all() if each.state(now) == "silent"]

    def known(self, keys):
        return {each.key: each for each in self._all() if each.key in keys}


@pytest.fixture
def things(monkeypatch):
    ClockRuleRow.objects.get_or_create(kind=CLOCK, defaults={"limit_s": 600, "ladder": []})
    source = Things()
    monkeypatch.setattr(proofs, "sources", lambda: {KIND.code: source})
    return source


def prove(key, at=NOW, how="读数"):
    proofs.prove(KIND.code, key, at=at, how=how)


def later(seconds):
    return NOW + timedelta(seconds=seconds)


def owed():
    return list(Clock.objects.all_worlds("test").filter(kind=CLOCK, state="running").order_by("label"))


def test_clock_starts_after_two_half_lives_and_ends_with_the_next_proof(things):
    prove("a")
    assert proofs.watch(later(120)) == (0, 0)
    assert proofs.watch(later(121)) == (1, 0)
    assert proofs.watch(later(125)) == (0, 0)
    [clock] = owed()
    assert (clock.label, clock.owner_role, clock.started_at) == ("物a 失联", "liaison", later(121))
    prove("a", later(130), "又有读数")
    assert proofs.watch(later(131)) == (0, 1)
    clock.refresh_from_db()
    assert (clock.state, clock.proof["how"]) == ("met", "又有读数")
    names = StoredEvent.objects.filter(about_type="core.lastproof").order_by("id").values_list("name", flat=True)
    assert list(names) == ["core.WentSilent", "core.SpokeAgain"]


def test_what_was_never_proved_is_not_silent(things):
    LastProof.objects.create(kind=KIND.code, key="new")
    assert proofs.watch(later(1e6)) == (0, 0)


def test_failed_test_is_silence_at_once_until_a_later_proof(things):
    prove("a")
    proofs.fail(KIND.code, "a", at=later(1), why="refused")
    assert proofs.watch(later(2)) == (1, 0)
    assert owed()[0].label == "物a 自检未通过"
    prove("a", later(3))
    assert proofs.watch(later(4)) == (0, 1)


def test_older_sign_never_replaces_a_newer_one(things):
    prove("a", later(10), "newer")
    prove("a", later(5), "older")
    proofs.fail(KIND.code, "a", at=later(8), why="x")
    proofs.fail(KIND.code, "a", at=later(7), why="y")
    row = LastProof.objects.get(key="a")
    assert (row.at, row.how, row.failed_at, row.failure) == (later(10), "newer", later(8), "x")


def test_coarse_sign_is_written_once_in_its_time(things):
    for second in range(0, 100, 10):
        proofs.prove(KIND.code, "a", at=later(second), how=str(second), coarse_s=60)
    assert LastProof.objects.get(key="a").how == "60"


def test_retired_thing_is_owed_no_more(things):
    prove("a")
    proofs.watch(later(121))
    things.retired.add("a")
    assert proofs.watch(later(130)) == (0, 1)
    clock = Clock.objects.all_worlds("test").get(kind=CLOCK)
    assert (clock.state, clock.proof["reason"]) == ("cancelled", "已停用，不再要求证明")


def test_many_of_one_owner_are_one_clock_and_the_rest_gets_its_own(things):
    for n in range(30):
        prove(f"g{n:02}")
    prove("other")
    things.owner["other"] = "duty_officer"
    assert proofs.watch(later(200)) == (2, 0)
    assert [clock.slot for clock in owed()] == ["many", ""] or [clock.slot for clock in owed()] == ["", "many"]
    assert proofs.watch(later(215)) == (0, 0)
    for n in range(25):
        prove(f"g{n:02}", later(220))
    assert proofs.watch(later(221)) == (5, 1)
    assert sorted(clock.label for clock in owed()) == [*(f"物g{n:02} 失联" for n in range(25, 30)), "物other 失联"]


def test_thing_of_an_exercise_is_owed_in_the_exercise(things):
    drill = make_world()
    prove("a")
    things.world["a"] = drill.pk
    proofs.watch(later(121))
    assert [clock.world_id for clock in owed()] == [drill.pk]


def test_source_without_a_rule_stops_no_other(things, monkeypatch):
    ClockRuleRow.objects.all().delete()
    prove("a")
    assert proofs.watch(later(121)) == (0, 0)


STEP = st.tuples(st.sampled_from("abc"), st.sampled_from(["prove", "fail", "wait", "retire"]), st.integers(1, 200))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STEP, max_size=25))
def test_open_clocks_are_exactly_the_silent_things_whatever_happened(things, steps):
    """After each look: one running clock for each silent thing that is in use, none for any other."""
    Clock.objects.all_worlds("fresh example").filter(kind=CLOCK).delete()
    LastProof.objects.filter(kind=KIND.code).delete()
    things.retired.clear()
    tag, now = uuid4().hex[:6], NOW
    for key, what, seconds in steps:
        name = f"{tag}{key}"
        if what == "prove":
            prove(name, now)
        elif what == "fail":
            proofs.fail(KIND.code, name, at=now, why="x")
        elif what == "retire":
            things.retired.symmetric_difference_update({name})
        now += timedelta(seconds=seconds)
        proofs.watch(now)
        silent = sorted(each.key for each in things.silent(now))
        assert sorted(clock.about_id for clock in owed()) == silent


def test_half_life_is_configuration(settings):
    assert proofs.half_life_s(KIND) == 60.0
    settings.FENGSUI_HALF_LIVES = {KIND.code: 5.0}
    assert proofs.half_life_s(KIND) == 5.0
