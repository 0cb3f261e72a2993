"""A plan of four tasks, three teams, and a response running on the incident of WL01."""

from __future__ import annotations

from django.contrib.gis.geos import Point

from fengsui.apps.command import actions
from fengsui.apps.incidents.tests.make import NOW, make_actor, make_incident, make_org
from fengsui.apps.people.models import Organisation, Post
from fengsui.apps.plans.models import PlanVersion
from fengsui.apps.resources.models import Team
from fengsui.kernel.levels import Level


def _task(code, group, title, per, owner, minutes, **over):
    return {
        "code": code,
        "group": group,
        "title": title,
        "title_en": code,
        "per": per,
        "owner": owner,
        "deadline_offset_min": minutes,
        "evidence": ["text"],
        "resources": {},
        "after": [],
        "clock": "",
        "only_at": None,
        **over,
    }


LEVELS = (("blue", "Ⅳ", "office-flood"), ("yellow", "Ⅲ", "office-flood"), ("orange", "Ⅱ", "commander-flood"))
TASKS = {
    "blue": ["patrol", "report_phone"],
    "yellow": ["patrol", "report_phone", "pump"],
    "orange": ["patrol", "report_phone", "close_road", "pump", "rescue"],
}
BODY = {
    "levels": [
        {
            "level": level,
            "roman": roman,
            "name": f"{roman}级响应",
            "approver": approver,
            "approver_basis": {"basis": "G", "note": "示意"},
            "expected_hours": 6,
            "start": [{"warning": level, "points": 1}],
            "tasks": TASKS[level],
        }
        for level, roman, approver in LEVELS
    ],
    "tasks": [
        _task("patrol", "rescue", "巡查", "point", {"role": "street_officer", "where": "event_area"}, 20),
        _task(
            "report_phone",
            "coordination",
            "电话初报",
            "incident",
            {"role": "duty_officer", "where": "org", "org": "bureau-core"},
            30,
            clock="incidents.first_report_phone",
        ),
        _task(
            "close_road",
            "traffic",
            "封闭两口",
            "point",
            {"role": "liaison", "where": "event_point", "post": "traffic"},
            15,
            evidence=["photo", "text"],
        ),
        _task(
            "pump",
            "rescue",
            "移动泵到位抽排",
            "point",
            {"role": "team_leader", "where": "dispatch", "skill": "drainage"},
            45,
            resources={"pump_m3h": "from_point", "people": "from_point"},
            evidence=["text", "flow"],
        ),
        _task(
            "rescue",
            "rescue",
            "搜救",
            "point",
            {"role": "liaison", "where": "event_point", "post": "traffic"},
            30,
            after=["close_road"],
        ),
    ],
}


def make_plan():
    return PlanVersion.objects.create(
        code="waterlogging",
        version="1",
        name="内涝预案",
        hazard="waterlogging",
        body=BODY,
        sha256="0" * 64,
        provenance="illustrative",
    )


def make_teams():
    """T1 near and strong, T2 far and strong, T3 near without pumps; returns their leaders as actors."""
    leaders = {}
    parent = Organisation.objects.get(code="government")
    for code, pump, at in (
        ("T1", 1800, (123.336, 41.8075)),
        ("T2", 1800, (123.27, 41.77)),
        ("T3", 0, (123.343, 41.811)),
    ):
        org = make_org(f"team-{code}", "team", parent)
        leaders[code] = make_actor(f"team-{code}-leader", "team_leader", org)
        Team.objects.create(
            code=code,
            org=org,
            leader_post=Post.objects.get(code=f"team-{code}-leader"),
            name=f"排涝{code}",
            kind="flood",
            level="district",
            jurisdiction="core",
            area_code="210106007",
            base=Point(*at),
            people=90,
            assembly_min=8,
            skills=["drainage"],
            pump_m3h=pump,
            provenance="illustrative",
        )
    return leaders


def make_response(actors, level=Level.ORANGE, incident=None, **over):
    """Proposed by the duty officer and activated by the commander."""
    incident = incident or make_incident(actors["duty"])
    facts = {
        "incident_id": incident.pk,
        "level": level,
        "by": actors["duty"],
        "now": NOW,
        "matter": "启工街道1号地道桥内涝",
        "expected_hours": 12.0,
        "measures": "封控、抽排、搜救",
        **over,
    }
    response = actions.propose_response(**facts)
    return actions.activate(response_id=response.pk, by=actors["commander"], now=NOW)
