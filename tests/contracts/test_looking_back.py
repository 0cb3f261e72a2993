"""An exercise that is over is read again: every page opens, nothing but its review is pressed, nothing leaves."""

from __future__ import annotations

import pytest
from django.utils import timezone

from fengsui.apps.alerts.models import DeliveryAttempt
from fengsui.apps.drills import actions as drills
from fengsui.apps.incidents.models import Incident
from fengsui.apps.reviews.models import Finding, Review
from fengsui.core.models import Clock, StoredEvent, World
from fengsui.core.worlds import LIVE
from tests.contracts.story import REASON, client_of
from tests.contracts.test_worlds import play
from tests.contracts.two_worlds import draft, perform

__all__ = ["play"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def over(play):
    """An exercise with an incident in it, ended."""
    perform(play, [(verb, True, n) for verb in ("issue", "open", "respond") for n in range(3)])
    exercise = World.objects.get(pk=play.drill).exercise
    if not Incident.objects.in_world(play.drill).exists():
        pytest.fail("the exercise made no incident")
    drills.end(exercise_id=exercise.pk, reason="讲评", by=play.by("leader", LIVE), now=timezone.now())
    play.react()
    return exercise


def looking(play, exercise, name="leader"):
    client = client_of(name)
    answer = client.post(f"/drills/{exercise.pk}/look", {"_world": str(LIVE)})
    assert answer.status_code == 302
    return client


def test_every_page_of_the_review_opens_and_is_marked_when_looked_back(play, over):
    client = looking(play, over)
    incident = Incident.objects.in_world(play.drill).order_by("opened_at").first()
    for path in ("", "timeline", "clocks", "clocks.xlsx", "replay", "replay.json"):
        answer = client.get(f"/reviews/{incident.pk}/{path}")
        assert answer.status_code == 200, path
        assert answer.headers["X-Fengsui-World"] == "exercise"
        if "." not in path:
            assert "已结束的演练" in answer.content.decode()
    assert 'filename="exercise-' in client.get(f"/reviews/{incident.pk}/clocks.xlsx").headers["Content-Disposition"]
    assert client.get(f"/incidents/{incident.pk}/").status_code == 200
    assert client_of("leader").get(f"/reviews/{incident.pk}/").status_code == 404


def test_nothing_is_pressed_but_the_review_when_looked_back(play, over):
    client, events = looking(play, over), StoredEvent.objects.count()
    incident = Incident.objects.in_world(play.drill).order_by("opened_at").first()
    refused = client.post(f"/incidents/{incident.pk}/do/note", {"_world": str(play.drill), "text": REASON})
    assert refused.status_code == 409
    assert "core.world.read_only" in refused.content.decode()
    assert client.post("/warnings/new", {"_world": str(play.drill)}).status_code == 409
    assert StoredEvent.objects.count() == events
    tried = DeliveryAttempt.objects.count()
    sent = {"_world": str(play.drill), "assessment": "好", "lessons": "无"}
    assert client.post(f"/reviews/{incident.pk}/finish", sent).status_code == 302
    assert Review.objects.in_world(play.drill).get(incident=incident).status == "finished"
    assert DeliveryAttempt.objects.count() == tried


def test_finding_of_an_exercise_owes_in_the_live_world_when_raised_looking_back(play, over):
    client = looking(play, over)
    incident = Incident.objects.in_world(play.drill).order_by("opened_at").first()
    post = min(play.by("duty", LIVE).posts)
    sent = {"_world": str(play.drill), "text": "叫应慢", "remedy": "补一名", "owner_post": str(post), "days": "5"}
    assert client.post(f"/reviews/{incident.pk}/findings", sent).status_code == 302
    finding = Finding.objects.in_world(LIVE).get()
    assert finding.about_world_id == play.drill
    clock = Clock.objects.in_world(LIVE).get(kind="reviews.remedy")
    assert (clock.state, clock.owner_post) == ("running", post)
    assert "叫应慢" in client_of("duty").get(f"/reviews/findings/{finding.pk}/").content.decode()
    assert not Finding.objects.in_world(play.drill).exists()


def test_session_comes_back_to_the_live_world_when_it_leaves(play, over):
    client = looking(play, over)
    assert client.get("/").headers["X-Fengsui-World"] == "exercise"
    client.post("/drills/leave", {"_world": str(play.drill)})
    assert "X-Fengsui-World" not in client.get("/").headers
    draft(play, LIVE, 0)
    assert client.get("/warnings/").status_code == 200


def test_nobody_looks_back_when_it_runs_or_who_had_no_part(play):
    exercise = World.objects.get(pk=play.drill).exercise
    client = client_of("auditor")
    client.post(f"/drills/{exercise.pk}/look")
    assert client.session.get("world") is None
    assert client_of("somebody").post(f"/drills/{exercise.pk}/look").status_code in (403, 404)
    drills.end(exercise_id=exercise.pk, reason="讲评", by=play.by("leader", LIVE), now=timezone.now())
    assert client_of("depot").post(f"/drills/{exercise.pk}/look").status_code in (403, 404)
    forged = client_of("auditor")
    session = forged.session
    session["world"] = str(play.drill)
    session.save()
    assert "X-Fengsui-World" not in forged.get("/").headers
