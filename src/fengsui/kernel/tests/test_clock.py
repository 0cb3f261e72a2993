"""Arithmetic of limits: calendars, ladders, jumps."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengsui.kernel.clock import (
    MACHINE,
    ClockKind,
    Rung,
    WorkCalendar,
    due,
    jumped,
    left_s,
    next_fire,
    rule_from,
)
from fengsui.kernel.terms import Term

BEIJING = ZoneInfo("Asia/Shanghai")
WORK = WorkCalendar(off=frozenset({date(2026, 10, 1), date(2026, 10, 2)}), on=frozenset({date(2026, 10, 10)}))
"""8:30-11:30, 13:00-17:00: seven hours a day. 1 and 2 October off, Saturday 10 October worked."""


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING)


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-07-27 09:00", 1, "2026-07-27 10:00"),  # Monday, inside the morning
        ("2026-07-27 11:00", 1, "2026-07-27 13:30"),  # over the noon break
        ("2026-07-27 12:00", 1, "2026-07-27 14:00"),  # begins within the break
        ("2026-07-27 16:30", 1, "2026-07-28 09:00"),  # over the night
        ("2026-07-31 16:30", 1, "2026-08-03 09:00"),  # over the week-end
        ("2026-07-27 03:00", 7, "2026-07-27 17:00"),  # a whole day ends at its end
        ("2026-09-30 16:30", 1, "2026-10-05 09:00"),  # over a holiday and the week-end behind it
        ("2026-10-09 16:30", 1, "2026-10-10 09:00"),  # a Saturday that is worked
        ("2026-07-27 09:00", 0, "2026-07-27 09:00"),
    ],
)
def test_working_limit_ends_when_counted(start, hours, end):
    assert WORK.add(at(start), hours * 3600) == at(end)
    assert WORK.add(at(start), hours * 3600).tzinfo is UTC


def test_always_limit_ignores_nights_when_counted():
    start = at("2026-07-31 23:50")
    assert due(start, 1800, "always", WORK) == start + timedelta(minutes=30)
    assert due(start, 1800, "working", WORK) == at("2026-08-03 09:00")


def test_working_time_is_zero_when_end_is_before_start():
    assert WORK.between(at("2026-07-28 09:00"), at("2026-07-27 09:00")) == 0
    assert left_s(at("2026-07-28 09:00"), at("2026-07-28 08:00"), "always", WORK) == 0


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2026-07-27 08:00", "2026-07-27 18:00", 7),
        ("2026-07-27 11:00", "2026-07-27 13:30", 1),
        ("2026-07-31 16:00", "2026-08-03 09:30", 2),
        ("2026-08-01 00:00", "2026-08-02 23:59", 0),
    ],
)
def test_working_time_between_when_counted(start, end, hours):
    assert WORK.between(at(start), at(end)) == hours * 3600


moments = st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2026, 12, 31)).map(
    lambda naive: naive.replace(microsecond=0, tzinfo=UTC)
)
limits = st.integers(min_value=1, max_value=30 * 7 * 3600)


@given(start=moments, seconds=limits)
def test_between_undoes_add_when_any_limit_runs(start, seconds):
    assert WORK.between(start, WORK.add(start, seconds)) == pytest.approx(seconds, abs=1e-6)


@given(start=moments, seconds=limits, more=limits)
def test_longer_limit_never_ends_earlier_when_compared(start, seconds, more):
    assert WORK.add(start, seconds) <= WORK.add(start, seconds + more)


@given(start=moments, seconds=limits)
def test_limit_ends_in_working_hours_when_counted(start, seconds):
    here = WORK.add(start, seconds).astimezone(BEIJING)
    assert WORK.works(here.date())
    assert any(opens <= here.time() <= closes for opens, closes in WORK.hours)


@given(start=moments, limit=limits, pause=st.integers(min_value=0, max_value=86400 * 9), part=st.floats(0, 1))
def test_pause_gives_back_exactly_what_was_left_when_resumed(start, limit, pause, part):
    """Paused anywhere before the due time and resumed any time later, the used time is the same."""
    due_at = due(start, limit, "always", WORK)
    paused = start + (due_at - start) * part
    left = left_s(paused, due_at, "always", WORK)
    again = due(paused + timedelta(seconds=pause), left, "always", WORK)
    assert abs((again - due_at) - timedelta(seconds=pause)) <= timedelta(microseconds=1)


def test_calendar_refuses_when_time_is_negative_or_never():
    with pytest.raises(ValueError, match="negative"):
        WORK.add(at("2026-07-27 09:00"), -1)
    with pytest.raises(ValueError, match="no working time"):
        WorkCalendar(days=frozenset()).add(at("2026-07-27 09:00"), 1)


def test_calendar_counts_when_the_office_has_other_hours():
    night = WorkCalendar(hours=((time(20), time(23)),), days=frozenset({6, 7}))
    assert night.add(at("2026-07-27 09:00"), 4 * 3600) == at("2026-08-02 21:00")


LADDER = (Rung(-300, "duty_officer"), Rung(0, "duty_leader"), Rung(600, "commander"))


@pytest.mark.parametrize(("fired", "after"), [(0, -300), (1, 0), (2, 600), (3, 1200)])
def test_next_fire_follows_the_ladder_then_the_default(fired, after):
    due_at = at("2026-07-27 09:00")
    assert next_fire(due_at, LADDER, fired, 1200) == due_at + timedelta(seconds=after)


def test_next_fire_is_none_when_ladder_is_done_and_no_default():
    assert next_fire(at("2026-07-27 09:00"), LADDER, 3, None) is None


@pytest.mark.parametrize(
    ("wall", "mono", "drift"), [(60, 60, 0), (64.9, 60, 0), (66, 60, 6), (-3600, 1, -3601), (3601, 1, 3600)]
)
def test_jump_is_noticed_when_wall_and_monotonic_differ(wall, mono, drift):
    assert jumped(wall, mono) == drift


def test_rule_refuses_when_its_ladder_is_out_of_order():
    ladder = [{"after_s": 10, "to_role": "a"}, {"after_s": 5, "to_role": "b"}]
    with pytest.raises(ValueError, match="not in order"):
        rule_from({"kind": "k", "limit_s": 60, "ladder": ladder})


def test_rule_is_whole_when_read_from_its_row():
    rule = rule_from({"kind": "k", "limit_s": 60, "ladder": [{"after_s": 5, "to_role": "b"}], "basis": "G"})
    assert (rule.limit_s, rule.ladder, rule.basis, rule.calendar) == (60, (Rung(5, "b"),), "G", "always")


def test_kind_refuses_when_defined_twice(monkeypatch):
    monkeypatch.setattr(ClockKind, "registered", {})
    ClockKind("t.kind", Term("verb", "办", "do"))
    with pytest.raises(ValueError, match="defined twice"):
        ClockKind("t.kind", Term("verb", "办", "do"))


def test_clock_machine_ends_only_in_final_states():
    assert MACHINE.final == {"met", "defaulted", "cancelled"}
    assert not any(MACHINE.verbs(state) for state in MACHINE.final)
