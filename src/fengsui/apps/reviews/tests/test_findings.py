"""Findings: one owner, one clock, answered, accepted or sent back; unanswered they escalate."""

from datetime import timedelta
from uuid import uuid4

import pytest

from fengsui.apps.incidents.models import Incident
from fengsui.apps.incidents.tests.make import NOW
from fengsui.apps.people.models import Post
from fengsui.apps.reviews import findings
from fengsui.apps.reviews.models import Finding
from fengsui.apps.reviews.tests.test_reviews import ended, enter
from fengsui.core import clock_engine
from fengsui.core.models import AuditRow, Clock, ClockRuleRow, StoredEvent, World
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import Forbidden, Invalid, NotFound, Refused

__all__ = ["ended"]
pytestmark = pytest.mark.django_db


def raised(ended, actors, **over):
    given = {
        "incident": ended, "text": "泵车到场慢", "remedy": "铁西北段增设一个泵车点",
        "owner_post": _post(actors, "T1").pk, "days": 10,
        "by": actors["leader"], "now": NOW,
    }  # fmt: skip
    return findings.raise_finding(**(given | over))


def _post(actors, name):
    return Post.objects.get(pk=min(actors[name].posts))


def copied(incident, drill):
    """The same incident in another world: its own world cannot be changed."""
    twin = Incident.objects.in_world(LIVE).select_related("area", "place").get(pk=incident.pk)
    twin.pk = twin.id = uuid4()
    twin.world, twin._state.adding = drill, True
    twin.save(force_insert=True)
    return Incident.objects.in_world(drill.pk).select_related("area", "place").get(pk=twin.pk)


def clocks_of(finding, kind):
    return list(Clock.objects.in_world(LIVE).filter(about_id=str(finding.pk), kind=kind).order_by("started_at"))


def test_finding_owes_its_owner_an_answer_on_a_clock_when_raised(ended, actors):
    finding = raised(ended, actors)
    (clock,) = clocks_of(finding, "reviews.remedy")
    assert (clock.limit_s, clock.owner_post, clock.due_at) == (864000, finding.owner_post_id, finding.due_at)
    assert clock.url == f"/reviews/findings/{finding.pk}/"
    assert clock.correlation == actors["leader"].correlation or clock.correlation == ended.correlation
    assert (finding.n, raised(ended, actors).n) == (1, 2)
    assert AuditRow.objects.filter(subject=f"reviews.finding:{finding.pk}").count() == 1


def test_finding_escalates_when_nobody_answers(ended, actors):
    ClockRuleRow.objects.filter(pk="reviews.remedy").update(
        ladder=[
            {"after_s": 0, "to_role": "duty_leader", "say": ""},
            {"after_s": 86400, "to_role": "commander", "say": ""},
        ]
    )
    finding = raised(ended, actors)
    clock_engine.sweep(NOW + timedelta(days=10, seconds=1))
    clock_engine.sweep(NOW + timedelta(days=11, seconds=1))
    (clock,) = clocks_of(finding, "reviews.remedy")
    assert clock.state == "running"
    assert clock.heard_roles == ["duty_leader", "commander"]


def test_loop_closes_when_answered_sent_back_answered_and_accepted(ended, actors):
    finding = raised(ended, actors)
    with pytest.raises(Forbidden):
        findings.answer(finding_id=finding.pk, text="好了", by=actors["leader"], now=NOW)
    with pytest.raises(NotFound):
        findings.answer(finding_id=finding.pk, text="好了", by=actors["street2"], now=NOW)
    with pytest.raises(Invalid):
        findings.answer(finding_id=finding.pk, text=" ", by=actors["T1"], now=NOW)
    findings.answer(finding_id=finding.pk, text="已增设", by=actors["T1"], now=NOW)
    assert [each.state for each in clocks_of(finding, "reviews.remedy")] == ["met"]
    assert [each.state for each in clocks_of(finding, "reviews.accept")] == ["running"]
    later = NOW + timedelta(days=2)
    findings.send_back(finding_id=finding.pk, reason="没有照片", by=actors["leader"], now=later)
    running = clocks_of(finding, "reviews.remedy")[-1]
    assert (running.state, running.due_at) == ("running", later + timedelta(days=10))
    findings.answer(finding_id=finding.pk, text="已增设，附照片", by=actors["T1"], now=later)
    findings.accept(finding_id=finding.pk, by=actors["leader"], now=later)
    finding.refresh_from_db()
    assert finding.status == "closed"
    assert {each.state for kind in ("reviews.remedy", "reviews.accept") for each in clocks_of(finding, kind)} == {"met"}
    with pytest.raises(Refused, match=r"finding\.accept\.wrong_state"):
        findings.accept(finding_id=finding.pk, by=actors["leader"], now=later)


def test_clock_is_cancelled_with_its_reason_when_withdrawn(ended, actors):
    finding = raised(ended, actors)
    with pytest.raises(Invalid):
        findings.withdraw(finding_id=finding.pk, reason="", by=actors["leader"], now=NOW)
    findings.withdraw(finding_id=finding.pk, reason="重复", by=actors["leader"], now=NOW)
    (clock,) = clocks_of(finding, "reviews.remedy")
    assert (clock.state, clock.proof) == ("cancelled", {"reason": "重复"})


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"text": " "}, "text"), ({"remedy": ""}, "remedy"), ({"days": 0}, "days"), ({"days": None}, "days"),
        ({"owner_post": None}, "owner_post"),
    ],
)  # fmt: skip
def test_nothing_happens_when_a_finding_is_incomplete(ended, actors, over, field):
    before = StoredEvent.objects.count()
    with pytest.raises(Invalid) as refused:
        raised(ended, actors, **over)
    assert refused.value.field == field
    assert StoredEvent.objects.count() == before
    assert not Finding.objects.in_world(LIVE).exists()


def test_finding_of_an_exercise_is_live_and_only_afterwards_when_raised(ended, actors):
    drill = World.objects.create(kind="exercise", name="七月演练", started_at=NOW)
    inside = copied(ended, drill)
    with pytest.raises(Refused, match="exercise_runs"):
        raised(inside, actors)
    within = Actor(world=drill.pk, person=actors["leader"].person, grants=actors["leader"].grants)
    drill.ended_at = NOW
    drill.save()
    with pytest.raises(Refused, match="exercise_runs"):
        raised(inside, actors, by=within)
    finding = raised(inside, actors)
    assert (finding.world_id, finding.about_world_id, finding.is_from_exercise) == (LIVE, drill.pk, True)
    (clock,) = clocks_of(finding, "reviews.remedy")
    assert (clock.world_id, clock.state) == (LIVE, "running")


def test_pages_raise_answer_and_accept_when_pressed(ended, actors, client):
    leader = enter(client, actors, "leader")
    page = f"/reviews/{ended.pk}/"
    assert "提出整改" in leader.get(page).content.decode()
    sent = {"text": "泵车慢", "remedy": "加一点", "owner_post": str(_post(actors, "T1").pk), "days": "7"}
    leader.post(f"{page}findings", {**sent, "days": "999"})
    assert not Finding.objects.in_world(LIVE).exists()
    leader.post(f"{page}findings", sent)
    finding = Finding.objects.in_world(LIVE).get()
    assert finding.correlation == ended.correlation
    here = f"/reviews/findings/{finding.pk}/"
    assert "泵车慢" in leader.get("/reviews/findings/").content.decode()
    assert "没有这样的整改" in leader.get("/reviews/findings/?view=late").content.decode()
    team = enter(client, actors, "T1")
    assert "整改结果" in team.get(here).content.decode()
    team.post(f"{here}do/answer", {"text": "已加"})
    leader = enter(client, actors, "leader")
    assert "认可，了结" in leader.get(here).content.decode()
    leader.post(f"{here}do/accept")
    finding.refresh_from_db()
    assert finding.status == "closed"
    assert enter(client, actors, "street2").get(here).status_code == 404
    assert leader.post(f"{here}do/nothing").status_code == 404
