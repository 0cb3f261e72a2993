"""时限: started once, paused with a reason, resumed with what was left, closed with proof."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from fengsui.core import clocks, events
from fengsui.core.models import AuditRow, Clock, StoredEvent, World
from fengsui.core.tests.make import KIND, NOW, make_clock, make_person, make_rule, make_world
from fengsui.core.worlds import LIVE
from fengsui.kernel.errors import FengsuiError, NotFound, Refused

pytestmark = pytest.mark.django_db


def later(minutes):
    return NOW + timedelta(minutes=minutes)


@pytest.fixture
def by():
    make_rule()
    return make_person()


@pytest.fixture
def live():
    return World.objects.get(pk=LIVE)


def open_clocks():
    return Clock.objects.in_world(LIVE).filter(state__in=["running", "paused"])


def test_clock_carries_rule_and_ground_when_started(by):
    clock = make_clock(by)
    clock.refresh_from_db()
    assert (clock.state, clock.started_at, clock.due_at, clock.limit_s) == ("running", NOW, later(10), 600)
    assert (clock.source, clock.basis, clock.correlation) == ("本地约定", "U", by.correlation)
    assert clock.next_fire_at == later(5)
    assert [rung["to_role"] for rung in clock.ladder] == ["duty_officer", "duty_leader", "commander"]
    [stored] = StoredEvent.objects.all()
    assert stored.name == "core.ClockStarted"
    assert AuditRow.objects.get().event_id == stored.pk


def test_open_clock_is_returned_when_started_again(by):
    first = make_clock(by)
    again = make_clock(by, now=later(3), label="别的")
    assert again.pk == first.pk
    assert again.due_at == first.due_at
    assert (open_clocks().count(), StoredEvent.objects.count()) == (1, 1)


def test_slots_are_clocks_of_their_own_when_started(by):
    assert make_clock(by, slot="甲").pk != make_clock(by, slot="乙").pk
    assert open_clocks().count() == 2


def test_new_clock_starts_when_the_old_one_was_closed(by, live):
    first = make_clock(by)
    clocks.close(KIND, about=live, by=by, now=later(4), proof={"note": "已核"})
    assert make_clock(by, now=later(60)).pk != first.pk


def test_database_refuses_when_a_second_open_clock_is_forced(by):
    clock = make_clock(by)
    clock.pk, clock._state.adding = uuid4(), True
    with pytest.raises(IntegrityError, match="core_clock_one_open"), transaction.atomic():
        clock.save(force_insert=True)


def test_clock_refuses_when_nobody_owns_it(by):
    with pytest.raises(IntegrityError, match="core_clock_has_owner"), transaction.atomic():
        make_clock(by, owner_role="")


def test_clock_refuses_when_kind_or_rule_is_unknown(by, live):
    facts = {"about": live, "by": by, "now": NOW, "label": "x", "owner_role": "duty_officer"}
    with pytest.raises(FengsuiError) as refused:
        clocks.start("core.unheard_of", **facts)
    assert refused.value.code == "core.clock.unknown_kind"
    make_rule().delete()
    with pytest.raises(FengsuiError) as refused:
        clocks.start(KIND, **facts)
    assert refused.value.code == "core.clock.no_rule"


def test_limit_of_the_caller_wins_when_given(by):
    assert make_clock(by, limit_s=60).due_at == later(1)


def test_demonstration_scales_limit_and_ladder_when_shortened(by, settings):
    settings.FENGSUI_CLOCKS = {KIND: 60}
    clock = make_clock(by)
    assert (clock.limit_s, clock.due_at, clock.basis) == (60, later(1), "U")
    assert [rung["after_s"] for rung in clock.ladder] == [-30, 0, 30]


def test_working_limit_waits_for_the_office_when_started_at_night(by):
    """18:31 UTC is 02:31 on Wednesday in Beijing: ten minutes end at 08:40 there."""
    make_rule(calendar="working")
    clocks.work_calendar.cache_clear()
    assert make_clock(by).due_at == datetime(2026, 7, 29, 0, 40, tzinfo=UTC)


def test_pause_keeps_the_time_left_when_resumed_later(by):
    clock = make_clock(by)
    paused = clocks.pause(clock.pk, by=by, now=later(4), reason="等省台复核")
    assert (paused.state, paused.left_s, paused.next_fire_at) == ("paused", 360.0, None)
    resumed = clocks.resume(clock.pk, by=by, now=later(64))
    assert (resumed.state, resumed.due_at, resumed.left_s) == ("running", later(70), None)
    assert resumed.next_fire_at == later(65)
    [pause] = resumed.pauses.all()
    assert (pause.started_at, pause.ended_at, pause.reason, pause.by_person) == (
        later(4), later(64), "等省台复核", by.person,
    )  # fmt: skip
    assert list(StoredEvent.objects.order_by("pk").values_list("name", flat=True)) == [
        "core.ClockStarted", "core.ClockPaused", "core.ClockResumed",
    ]  # fmt: skip


def test_pause_gives_nothing_back_when_already_overdue(by):
    clock = make_clock(by)
    assert clocks.pause(clock.pk, by=by, now=later(15), reason="等复核").left_s == 0
    assert clocks.resume(clock.pk, by=by, now=later(20)).due_at == later(20)


@pytest.mark.parametrize("reason", ["", "   "])
def test_pause_refuses_when_no_reason_is_written(by, reason):
    clock = make_clock(by)
    with pytest.raises(FengsuiError) as refused:
        clocks.pause(clock.pk, by=by, now=NOW, reason=reason)
    assert refused.value.code == "core.clock.pause_needs_reason"
    assert StoredEvent.objects.count() == 1


def test_second_press_is_refused_when_paused_or_resumed_twice(by):
    clock = make_clock(by)
    with pytest.raises(Refused):
        clocks.resume(clock.pk, by=by, now=NOW)
    clocks.pause(clock.pk, by=by, now=NOW, reason="等")
    with pytest.raises(Refused) as refused:
        clocks.pause(clock.pk, by=by, now=NOW, reason="等")
    assert refused.value.code == "clock.pause.wrong_state"


@pytest.mark.parametrize(("minutes", "late"), [(4, 0.0), (10, 0.0), (13, 180.0)])
def test_proof_and_lateness_are_kept_when_closed(by, live, minutes, late):
    clock = make_clock(by)
    [closed] = clocks.close(KIND, about=live, by=by, now=later(minutes), proof={"bulletin": clock.pk})
    assert (closed.state, closed.closed_at, closed.closed_by) == ("met", later(minutes), by.person)
    assert (closed.proof, closed.next_fire_at) == ({"bulletin": str(clock.pk)}, None)
    told = StoredEvent.objects.latest("pk")
    assert (told.name, told.payload["took_s"], told.payload["late_s"]) == ("core.ClockClosed", minutes * 60.0, late)
    assert clocks.close(KIND, about=live, by=by, now=later(99), proof={}) == []


def test_only_the_named_slot_ends_when_closed(by, live):
    for slot in ("甲", "乙"):
        make_clock(by, slot=slot)
    assert [each.slot for each in clocks.close(KIND, about=live, by=by, now=NOW, proof={}, slot="甲")] == ["甲"]
    assert [each.slot for each in open_clocks()] == ["乙"]


def test_paused_clock_ends_when_closed(by, live):
    clocks.pause(make_clock(by).pk, by=by, now=later(1), reason="等")
    assert [each.state for each in clocks.close(KIND, about=live, by=by, now=later(2), proof={})] == ["met"]


def test_reason_is_kept_when_cancelled(by, live):
    make_clock(by)
    [gone] = clocks.cancel(KIND, about=live, by=by, now=later(1), reason="误报")
    assert (gone.state, gone.proof) == ("cancelled", {"reason": "误报"})


def test_clock_of_another_world_does_not_exist_when_asked_for(by, live):
    clock = make_clock(by)
    stranger = make_person(world=make_world().pk)
    with pytest.raises(NotFound):
        clocks.pause(clock.pk, by=stranger, now=NOW, reason="等")
    assert clocks.close(KIND, about=live, by=stranger, now=NOW, proof={}) == []
    assert open_clocks().count() == 1


def test_event_names_what_happened_when_read():
    assert {each for each in vars(events) if each.startswith("Clock")} == {
        "ClockStarted", "ClockEscalated", "ClockDefaulted", "ClockClosed", "ClockPaused", "ClockResumed",
    }  # fmt: skip
