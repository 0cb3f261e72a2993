"""The escalation engine: each rung once, through restarts, second engines and clock jumps."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fengsui.core import clock_engine, clocks
from fengsui.core.clock_engine import Engine, sweep
from fengsui.core.models import Clock, ClockFiring, StoredEvent
from fengsui.core.tests.make import NOW, make_clock, make_person, make_rule, make_world, sql
from fengsui.core.worlds import LIVE


def later(minutes):
    return NOW + timedelta(minutes=minutes)


def firings():
    return list(ClockFiring.objects.order_by("at", "pk").values_list("rung", "to_role"))


@pytest.fixture
def by(db):
    make_rule()
    return make_person()


def test_each_rung_fires_once_when_time_goes_on(by):
    """Limit 10 minutes, rungs at 5, 10 and 15, default at 25."""
    clock = make_clock(by)
    fired = {minute: sweep(later(minute)) for minute in (0, 4, 5, 6, 10, 14, 15, 24, 25, 26, 60)}
    assert {minute: n for minute, n in fired.items() if n} == {5: 1, 10: 1, 15: 1, 25: 1}
    assert firings() == [(0, "duty_officer"), (1, "duty_leader"), (2, "commander"), (-1, "")]
    clock.refresh_from_db()
    assert (clock.state, clock.closed_at, clock.next_fire_at) == ("defaulted", later(25), None)
    assert clock.heard_roles == ["duty_officer", "duty_leader", "commander"]
    names = list(StoredEvent.objects.order_by("pk").values_list("name", flat=True))
    assert names == ["core.ClockStarted", *["core.ClockEscalated"] * 3, "core.ClockDefaulted"]


def test_chain_and_part_are_told_when_the_engine_acts(by):
    make_clock(by)
    sweep(later(5))
    told = StoredEvent.objects.latest("pk")
    assert (told.system, told.person_id, told.correlation) == ("clock engine", None, by.correlation)
    assert (told.payload["rung"], told.payload["to_role"]) == (0, "duty_officer")


def test_all_missed_rungs_fire_in_order_when_the_engine_was_down(by):
    make_clock(by)
    assert sweep(later(600)) == 4
    assert [rung for rung, _ in firings()] == [0, 1, 2, -1]


def test_clock_stays_open_when_its_kind_has_no_default(by):
    make_rule(default_after_s=None)
    clock = make_clock(by)
    assert sweep(later(600)) == 3
    clock.refresh_from_db()
    assert (clock.state, clock.next_fire_at) == ("running", None)


@pytest.mark.parametrize("end", ["close", "cancel", "pause"])
def test_nothing_fires_when_the_clock_does_not_run(by, end):
    clock = make_clock(by)
    if end == "pause":
        clocks.pause(clock.pk, by=by, now=later(1), reason="等")
    else:
        about = clock.world
        what = {"proof": {}} if end == "close" else {"reason": "误报"}
        getattr(clocks, end)(clock.kind, about=about, by=by, now=later(1), **what)
    assert sweep(later(600)) == 0


def test_ladder_goes_on_where_it_stood_when_resumed(by):
    clock = make_clock(by)
    sweep(later(5))
    clocks.pause(clock.pk, by=by, now=later(6), reason="等")
    clocks.resume(clock.pk, by=by, now=later(60))  # four minutes were left
    assert [sweep(later(m)) for m in (63, 64, 69, 79)] == [0, 1, 1, 1]
    assert [rung for rung, _ in firings()] == [0, 1, 2, -1]


def test_exercise_clock_escalates_in_its_own_world_when_due(by):
    drill = make_world()
    make_clock(make_person(world=drill.pk), about=drill)
    make_clock(by)
    assert sweep(later(5)) == 2
    assert set(StoredEvent.objects.filter(name="core.ClockEscalated").values_list("world_id", flat=True)) == {
        LIVE, drill.pk,
    }  # fmt: skip


def test_sweep_stops_when_its_limit_is_reached(by):
    for n in range(5):
        make_clock(by, slot=str(n))
    assert [sweep(later(5), limit=3), sweep(later(5), limit=3), sweep(later(5), limit=3)] == [3, 2, 0]


def test_other_clocks_fire_when_one_cannot_be_fired(by, monkeypatch):
    """And the one is tried again when its wait is over, in this sweep or a later one."""
    poison, sound = make_clock(by, slot="poison"), make_clock(by, slot="sound")
    real, broken = clock_engine.announce, [True]

    def announce(event, **facts):
        if broken[0] and facts["about"].pk == poison.pk:
            raise KeyError("a subject that no longer says what it is")
        real(event, **facts)

    monkeypatch.setattr(clock_engine, "announce", announce)
    aside = {}
    assert sweep(later(5), aside=aside) == 1
    assert list(ClockFiring.objects.values_list("clock", flat=True)) == [sound.pk]
    broken[0] = False
    assert sweep(later(5), aside=aside) == 0
    assert sweep(later(6), aside=aside) == 1
    assert set(ClockFiring.objects.values_list("clock", flat=True)) == {sound.pk, poison.pk}
    assert aside == {}


def test_chain_is_waited_for_a_while_only_when_a_clock_fires(by, monkeypatch):
    make_clock(by)
    seen = []
    monkeypatch.setattr(clock_engine, "announce", lambda *_, **__: seen.append(sql("SHOW lock_timeout")))
    assert sweep(later(5)) == 1
    assert seen == [[("1s",)]]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.integers(min_value=0, max_value=600), min_size=1, max_size=8))
def test_every_rung_fires_exactly_once_when_sweeps_come_at_any_time(by, steps):
    clock = make_clock(by, slot=str(Clock.objects.in_world(LIVE).count()))
    now = NOW
    for step in [*steps, 3600]:
        now += timedelta(seconds=step)
        sweep(now)
    assert list(clock.firings.order_by("pk").values_list("rung", flat=True)) == [0, 1, 2, -1]


@pytest.mark.django_db(transaction=True)
def test_each_rung_fires_exactly_once_when_four_engines_sweep_at_once():
    make_rule()
    by = make_person()
    for n in range(12):
        make_clock(by, slot=str(n))
    gate, fired = threading.Barrier(4), []

    def run():
        try:
            gate.wait()
            for minute in (5, 10, 15, 25):
                fired.append(sweep(later(minute)))
        finally:
            connection.close()

    engines = [threading.Thread(target=run) for _ in range(4)]
    for each in engines:
        each.start()
    for each in engines:
        each.join()
    fired.append(sweep(later(25)))
    assert sum(fired) == 12 * 4
    assert ClockFiring.objects.count() == 48
    assert StoredEvent.objects.filter(name="core.ClockEscalated").count() == 36
    assert StoredEvent.objects.filter(name="core.ClockDefaulted").count() == 12
    for clock in Clock.objects.all_worlds("the test looks at all"):
        assert list(clock.firings.order_by("pk").values_list("rung", flat=True)) == [0, 1, 2, -1]


@pytest.fixture
def engine(by):
    found = Engine()
    found._wall, found._mono = NOW, 1000.0
    make_clock(by)
    return found


def test_engine_fires_when_wall_and_monotonic_agree(engine):
    assert engine.step(later(5), 1300.0) == 1


def test_nothing_fires_when_the_wall_clock_jumped_and_was_set_back(engine):
    """An hour forward within a second, corrected three seconds later: nobody was called."""
    assert engine.step(later(60), 1001.0) == 0
    assert engine.step(NOW + timedelta(seconds=4), 1004.0) == 0
    assert engine.step(NOW + timedelta(seconds=15), 1015.0) == 0
    assert firings() == []


def test_engine_fires_when_the_jump_stays(engine):
    assert engine.step(later(5), 1001.0) == 0
    assert engine.step(later(5) + timedelta(seconds=9), 1010.0) == 0
    assert engine.step(later(5) + timedelta(seconds=10.5), 1011.5) == 1


def test_rung_never_fires_again_when_the_wall_clock_goes_back(engine):
    assert engine.step(later(5), 1300.0) == 1
    engine.step(NOW, 1301.0)
    assert engine.step(later(5), 1601.0) == 0
    assert len(firings()) == 1


def test_loop_ends_when_told_and_survives_a_lost_database(engine, monkeypatch):
    looks = []

    def step(wall, mono):
        looks.append(wall)
        if len(looks) == 1:
            raise clock_engine.DatabaseError("gone")
        engine.ending.set()
        return 0

    monkeypatch.setattr(engine, "step", step)
    monkeypatch.setattr(engine, "every_s", 0.01)
    monkeypatch.setattr(clock_engine.signal, "signal", lambda *_: None)
    monkeypatch.setattr(clock_engine, "close_old_connections", lambda: None)
    engine.run()
    assert len(looks) == 2


def test_watch_begins_a_minute_after_the_start_and_waits_while_the_wall_clock_settles(monkeypatch):
    """After a night's stop all proofs are old: nobody is woken for a part that has not had its turn yet."""
    seen = []
    monkeypatch.setattr(clock_engine.proofs, "watch", lambda now: seen.append("watch"))
    monkeypatch.setattr(clock_engine.proofs, "prove", lambda *args, **facts: seen.append("prove"))
    engine = clock_engine.Engine()
    for mono in (100.0, 107.0, 115.0, 159.0, 175.0):
        engine._look(NOW, mono)
    assert seen == ["prove", "prove", "prove", "prove", "watch"]
    engine._settled_at = 300.0
    engine._look(NOW, 299.0)
    assert len(seen) == 5
