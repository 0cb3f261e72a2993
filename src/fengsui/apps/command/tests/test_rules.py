from datetime import date
from uuid import uuid4

import pytest

from fengsui.apps.command import rules
from fengsui.apps.command.rules import TaskFacts
from fengsui.apps.command.tests.make import BODY
from fengsui.kernel.errors import Invalid, Refused
from fengsui.kernel.levels import Level


def test_order_number_has_day_and_serial():
    assert rules.order_number(date(2026, 7, 28), 7) == "令-20260728-007"


@pytest.mark.parametrize(
    ("level", "posts"),
    [
        (Level.BLUE, ["office-flood", "commander-flood"]),
        (Level.YELLOW, ["office-flood", "commander-flood"]),
        (Level.ORANGE, ["commander-flood"]),
    ],
)
def test_approvers_are_this_level_and_above_when_asked(level, posts):
    assert rules.approvers(BODY, level) == posts


@pytest.mark.parametrize(
    ("matter", "hours", "measures", "field"),
    [("", 6, "封路", "matter"), ("内涝", 0, "封路", "expected_hours"), ("内涝", 6, " ", "measures")],
)
def test_start_record_is_refused_when_one_of_four_facts_is_missing(matter, hours, measures, field):
    with pytest.raises(Invalid) as refused:
        rules.check_start_record(matter, hours, measures)
    assert refused.value.field == field


def facts(code, status="waiting", incident=None):
    return TaskFacts(uuid4(), code, incident or uuid4(), status, code)


def test_predecessor_counts_only_at_the_same_incident():
    here, there = uuid4(), uuid4()
    this = facts("rescue", incident=here)
    before = [facts("close_road", "doing", here), facts("close_road", "doing", there), facts("patrol", "doing", here)]
    assert rules.unmet(["close_road"], this, before) == ["close_road"]
    assert rules.unmet(["close_road"], this, [facts("close_road", "waived", here)]) == []
    with pytest.raises(Refused, match=r"command\.start\.before"):
        rules.check_start(["close_road"])


def test_proof_is_refused_when_a_kind_is_missing():
    rules.check_proof(["text", "photo"], {"text": "好", "photo": b"x"})
    with pytest.raises(Invalid) as refused:
        rules.check_proof(["photo", "text", "flow"], {"text": "好", "flow": ""})
    assert (refused.value.field, refused.value.facts["lacking"]) == ("photo", "照片、流量")


def test_unfinished_are_all_but_done_and_waived():
    tasks = [facts(code, code) for code in ("waiting", "accepted", "doing", "blocked", "declined", "done", "waived")]
    assert rules.unfinished(tasks) == ["waiting", "accepted", "doing", "blocked", "declined"]


def test_lower_level_drops_only_what_nobody_took_up():
    place = uuid4()
    tasks = [facts("patrol", "waiting", place), facts("pump", "waiting", place), facts("rescue", "doing", place)]
    assert rules.dropped(tasks, [("patrol", place)]) == [tasks[1].id]


@pytest.mark.parametrize(
    ("sensor", "level", "value", "cuts"),
    [
        ("water_depth", Level.YELLOW, 0.25, True),
        ("water_depth", Level.ORANGE, 0.22, True),
        ("water_depth", Level.YELLOW, 0.24, False),
        ("rain", Level.RED, 60.0, False),
    ],
)
def test_road_is_cut_from_25_cm_or_the_orange_line(sensor, level, value, cuts):
    assert rules.cuts_road(sensor, level, value) is cuts
