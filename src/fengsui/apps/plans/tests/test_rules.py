"""The plan as a program: conditions give a level, a level expands to owned tasks."""

from __future__ import annotations

from uuid import UUID, uuid5

import pytest

from fengsui.apps.plans.rules import PointState, expand, level_body, suggested_level
from fengsui.kernel.errors import Invalid
from fengsui.kernel.levels import Level

SPACE = UUID("00000000-0000-4000-8000-0000000000aa")
PLAN = {
    "levels": [
        {
            "level": "blue",
            "tasks": ["patrol"],
            "start": [{"warning": "blue", "points": 2}, {"rain_mm": 50, "window_h": 12}],
        },
        {"level": "yellow", "tasks": ["patrol", "pump"], "start": [{"warning": "yellow", "points": 1}]},
        {"level": "orange", "tasks": ["patrol", "pump", "report"], "start": [{"warning": "orange", "points": 2}]},
        {"level": "red", "tasks": ["patrol", "pump", "report"], "start": [{"warning": "red", "points": 1}]},
    ],
    "tasks": [
        {
            "code": "patrol",
            "group": "rescue",
            "title": "巡查",
            "title_en": "Patrol",
            "per": "point",
            "owner": {"role": "street_officer", "where": "event_area"},
            "deadline_offset_min": 20,
        },
        {
            "code": "pump",
            "group": "rescue",
            "title": "抽排",
            "title_en": "Drain",
            "per": "point",
            "only_at": "yellow",
            "owner": {"role": "team_leader", "where": "dispatch", "skill": "drainage"},
            "deadline_offset_min": 45,
            "resources": {"pump_m3h": "from_point", "people": 8},
            "after": ["patrol"],
        },
        {
            "code": "report",
            "group": "office",
            "title": "初报",
            "title_en": "Report",
            "per": "incident",
            "owner": {"role": "duty_officer", "where": "jurisdiction"},
            "deadline_offset_min": 30,
            "clock": "incidents.first_report_phone",
        },
    ],
}


def point(code: str, level: Level) -> PointState:
    return PointState(
        uuid5(SPACE, code),
        code,
        f"{code}桥",
        "990101001",
        "core",
        level,
        posts={"traffic": "police"},
        policy={"pump_m3h": 1200},
        area_org="office-1",
        bureau="bureau-1",
    )


@pytest.mark.parametrize(
    ("levels", "rain", "wanted"),
    [
        ([], {}, Level.NONE),
        ([Level.BLUE], {}, Level.NONE),
        ([Level.BLUE, Level.BLUE], {}, Level.BLUE),
        ([Level.NONE], {12: 50.0}, Level.BLUE),
        ([Level.NONE], {12: 49.9}, Level.NONE),
        ([Level.YELLOW], {}, Level.YELLOW),
        ([Level.ORANGE], {}, Level.YELLOW),
        ([Level.ORANGE, Level.RED], {}, Level.RED),
        ([Level.ORANGE, Level.ORANGE], {}, Level.ORANGE),
    ],
)
def test_suggested_level_is_the_highest_whose_condition_holds(levels, rain, wanted):
    points = [point(f"P{index}", level) for index, level in enumerate(levels)]
    assert suggested_level(PLAN, points, rain) is wanted


def test_expand_gives_each_task_its_owner_and_deadline_in_the_order_of_the_plan():
    points = [point("A", Level.ORANGE), point("B", Level.BLUE)]
    specs = expand(PLAN, Level.ORANGE, points)
    assert [(spec.code, spec.title) for spec in specs] == [
        ("patrol", "A桥：巡查"),
        ("patrol", "B桥：巡查"),
        ("pump", "A桥：抽排"),
        ("report", "初报"),
    ]
    patrol, _, pump, report = specs
    assert (patrol.owner_org, patrol.deadline_s) == ("office-1", 1200)
    assert (pump.skill, pump.resources, pump.after) == ("drainage", {"pump_m3h": 1200, "people": 8}, ("patrol",))
    assert (report.owner_org, report.clock, report.point) == ("bureau-1", "incidents.first_report_phone", None)
    assert len({spec.key for spec in specs}) == 4


def test_level_body_when_the_plan_has_no_such_level():
    with pytest.raises(Invalid) as caught:
        level_body({"levels": []}, Level.RED)
    assert caught.value.code == "plans.level.unknown"
