from datetime import UTC, datetime, timedelta

import pytest

from fengsui.apps.reviews import rules
from fengsui.kernel.errors import Invalid

AT = datetime(2026, 7, 28, 18, 0, tzinfo=UTC)


def minute(n):
    return AT + timedelta(minutes=n)


def test_marks_are_the_first_of_their_kind_and_begin_with_the_first_reading():
    marks = rules.first_marks(
        [
            ("incidents.IncidentOpened", minute(9), {}),
            ("sensing.ThresholdCrossed", minute(5), {"first_at": minute(2).isoformat()}),
            ("sensing.ThresholdCrossed", minute(3), {"first_at": AT.isoformat()}),
            ("command.OrderMoved", minute(15), {"stage": "departed"}),
            ("command.OrderMoved", minute(20), {"stage": "arrived"}),
            ("core.ClockStarted", minute(1), {}),
        ]
    )
    assert marks == {"first_reading": AT, "crossed": minute(3), "opened": minute(9), "arrived": minute(20)}


def test_legs_tell_time_since_the_mark_before_and_since_the_start():
    legs = rules.legs({"opened": minute(9), "first_reading": AT, "crossed": minute(3)})
    assert [(leg.mark, leg.since_before_s, leg.since_start_s) for leg in legs] == [
        ("first_reading", 0, 0),
        ("crossed", 180, 180),
        ("opened", 360, 540),
    ]
    assert rules.legs({}) == []


@pytest.mark.parametrize(
    ("due", "closed", "used", "late", "share"),
    [
        (10, 6, 360, 0, 60),
        (10, 10, 600, 0, 100),
        (10, 14, 840, 240, 140),
        (10, None, 1800, 1200, 300),
        (16, 14, 840, 0, 140),
    ],
)
def test_clock_is_late_against_its_due_time_when_pauses_moved_it(due, closed, used, late, share):
    spent = rules.used(AT, minute(due), minute(closed) if closed else None, 600, minute(30))
    assert (spent.used_s, spent.late_s, spent.share) == (used, late, share)


def test_cancelled_clocks_count_neither_as_met_nor_as_late():
    sums = rules.summary(
        [("met", 0), ("met", 60), ("running", 0), ("running", 90), ("cancelled", 500), ("defaulted", 5)]
    )
    assert (sums.met, sums.late, sums.open, sums.cancelled, sums.worst_late_s) == (1, 3, 2, 1, 90)


@pytest.mark.parametrize(("assessment", "lessons", "field"), [(" ", "一", "assessment"), ("一", "", "lessons")])
def test_finishing_is_refused_when_a_field_is_empty(assessment, lessons, field):
    with pytest.raises(Invalid) as refused:
        rules.check_finish(assessment, lessons)
    assert refused.value.field == field
