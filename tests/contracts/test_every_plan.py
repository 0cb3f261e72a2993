"""Every plan of every district runs as a program: each level goes out as tasks that somebody owns, on clocks.

A file added to `districts/*/plans` is played here as it is, by the people whom the district names.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from fengsui.apps.command import actions as command
from fengsui.apps.command.models import Task
from fengsui.apps.incidents import actions as incidents
from fengsui.apps.people import queries as people
from fengsui.apps.people.models import Holding
from fengsui.apps.places.models import Area
from fengsui.apps.plans.models import PlanVersion
from fengsui.apps.resources.models import Team
from fengsui.catalog.hazards import hazard
from fengsui.config.district.load import load as store
from fengsui.config.ops.home import REPO
from fengsui.core.models import Clock
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Actor
from fengsui.kernel.district import District, load
from fengsui.kernel.levels import Level

DISTRICTS = [load("tiexi", REPO / "districts"), load("mini", REPO / "tests/districts")]
EACH = [pytest.param(there, plan.code, id=f"{there.slug}-{plan.code}") for there in DISTRICTS for plan in there.plans]
NOW = datetime(2026, 7, 28, 2, 0, tzinfo=UTC)


def who(post: str) -> Actor:
    return people.actor_for(Holding.objects.filter(post__code=post)[0].person_id, LIVE)


def by_role(district: District, role: str) -> Actor:
    return who(next(post.code for post in district.posts if post.role == role))


@pytest.mark.django_db
@pytest.mark.parametrize(("district", "code"), EACH)
def test_plan_expands_to_owned_tasks_on_clocks_at_every_level(district: District, code: str) -> None:
    store(district, now=NOW - timedelta(days=1))
    plan = PlanVersion.objects.get(code=code, in_force=True)
    entry, duty = hazard(plan.hazard), by_role(district, "duty_officer")
    skills = {skill for team in Team.objects.all() for skill in team.skills}
    own = next(each.jurisdiction for each in district.organisations if each.kind == "bureau")
    area = Area.objects.filter(kind="subdistrict", jurisdiction=own).order_by("code")[0]
    for number, body in enumerate(plan.body["levels"]):
        now, level = NOW + timedelta(minutes=number), Level.of(body["level"])
        incident = incidents.open_incident(
            by=duty, now=now, source="phone", type_code=entry.event_code, hazard=entry.code, area=area,
            address=f"某路 {number} 号", level=level, verified=True,
        )  # fmt: skip
        response = command.propose_response(
            incident_id=incident.pk, level=level, by=duty, now=now, matter="契约", expected_hours=1, measures="按预案"
        )
        command.activate(response_id=response.pk, by=who(body["approver"]), now=now)

        tasks = list(Task.objects.in_world(LIVE).filter(incident=incident))
        wanted = {each["code"] for each in plan.body["tasks"] if each["code"] in body["tasks"]}
        later = {each["code"] for each in plan.body["tasks"] if each["only_at"] and Level.of(each["only_at"]) > level}
        assert {task.code for task in tasks} == wanted - later
        for task in tasks:
            assert task.title
            assert task.title_en
            assert task.owner_post_id or task.skill in skills, f"{task.code} has nobody to do it"
            running = Clock.objects.in_world(LIVE).filter(state="running", correlation=incident.correlation)
            assert running.filter(about_id=str(task.pk)).exists() or running.filter(kind=task.clock_kind).exists()
