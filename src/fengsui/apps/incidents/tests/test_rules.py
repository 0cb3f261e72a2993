from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from fengsui.apps.incidents import rules
from fengsui.kernel.errors import Invalid, Refused
from fengsui.kernel.levels import Level

AT = datetime(2026, 7, 28, 2, 31, tzinfo=UTC)


def test_number_has_district_day_and_serial_when_drawn():
    assert rules.number("210106007", date(2026, 7, 28), 3) == "210106-20260728-003"


@pytest.mark.parametrize(
    ("counts", "grade"),
    [
        ((0, 0, 0, 0), "general"),
        ((2, 0, 9, 9_999_999), "general"),
        ((3, 0, 0, 0), "larger"),
        ((2, 1, 0, 0), "larger"),
        ((0, 0, 50, 0), "major"),
        ((0, 0, 0, 100_000_000), "extreme"),
        ((30, 0, 0, 0), "extreme"),
    ],
)
def test_first_grade_is_the_highest_criterion_when_several_hold(counts, grade):
    assert rules.first_grade(*counts) == grade


@pytest.mark.parametrize(
    ("grade", "sensitive", "to"),
    [
        ("general", False, "city"),
        ("larger", False, "province"),
        ("major", False, "state_council"),
        ("general", True, "state_council"),
    ],
)
def test_sensitive_goes_up_like_major_when_reported(grade, sensitive, to):
    assert rules.reported_upward(grade, sensitive) == to


@pytest.mark.parametrize(("minutes", "late"), [(29, 0), (30, 0), (31, 60)])
def test_late_is_counted_from_knowledge_when_reported(minutes, late):
    assert rules.late_s(AT, AT + timedelta(minutes=minutes), 1800) == late


@pytest.mark.parametrize(
    ("level", "threshold", "opens"),
    [
        (Level.ORANGE, Level.ORANGE, True),
        (Level.RED, Level.ORANGE, True),
        (Level.YELLOW, Level.ORANGE, False),
        (Level.RED, Level.NONE, False),
    ],
)
def test_incident_opens_by_itself_when_level_reaches_threshold(level, threshold, opens):
    assert rules.opens_by_itself(level, threshold) is opens


def test_report_is_refused_when_a_required_field_is_empty():
    fields = {code: "有" for code, _label, _needed in rules.FIELDS["first_written"]}
    rules.check_fields("first_written", fields)
    with pytest.raises(Invalid) as refused:
        rules.check_fields("first_written", {**fields, "measures": " "})
    assert (refused.value.code, refused.value.field) == ("incidents.report.missing", "measures")


def test_signing_is_refused_when_it_is_ones_own_draft():
    me = uuid4()
    with pytest.raises(Refused, match=r"incidents\.sign\.own_draft"):
        rules.check_sign(rules.ReportFacts("first_written", "review", me, {}), me)
    rules.check_sign(rules.ReportFacts("first_written", "review", me, {}), uuid4())


@pytest.mark.parametrize(
    ("stage", "status", "sent", "code"),
    [
        ("follow_up", "verified", [], "incidents.report.no_first"),
        ("final", "responding", ["first_written"], "incidents.report.not_ended"),
        ("first_phone", "closed", [], "incidents.report.closed"),
    ],
)
def test_stage_is_refused_when_the_chain_is_not_so_far(stage, status, sent, code):
    with pytest.raises(Refused) as refused:
        rules.check_stage(stage, status, sent)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("n", "said"), [(1, "一"), (10, "十"), (12, "十二"), (21, "二十一"), (30, "三十"), (100, "100")]
)
def test_follow_ups_are_counted_in_chinese_when_titled(n, said):
    assert rules.report_title("启工街道1号地道桥内涝", "follow_up", n) == f"启工街道1号地道桥内涝（续报{said}）"


def test_every_report_clock_is_declared_when_a_stage_names_it():
    from fengsui.kernel.clock import ClockKind

    assert {kind for kinds in rules.CLOCKS_OF_STAGE.values() for kind in kinds} <= set(ClockKind.registered)
