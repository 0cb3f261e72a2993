import hashlib
from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.db.transaction import atomic

from fengsui.apps.command import actions as command
from fengsui.apps.command.tests.make import make_response
from fengsui.apps.incidents.tests.make import NOW
from fengsui.apps.people.models import Account
from fengsui.apps.resources.models import Team
from fengsui.apps.reviews import actions, jobs, queries
from fengsui.apps.reviews.models import Paper
from fengsui.core.models import Clock, StoredEvent
from fengsui.core.ui import press
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import Forbidden, Invalid, Refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def ended(actors, roads):
    """A response with one team sent and arrived, then ended; the review is owed."""
    response = make_response(actors)
    task = response.tasks.get(code="pump")
    order = command.dispatch(task_id=task.pk, team_id=Team.objects.get(code="T1").pk, by=actors["duty"], now=NOW)
    for minute, verb in enumerate(("accept", "depart", "arrive"), start=2):
        command.move(order_id=order.pk, verb=verb, by=actors["T1"], now=NOW + timedelta(minutes=minute))
    command.end_response(response_id=response.pk, by=actors["duty"], now=NOW, reason="回落")
    system = Actor(world=LIVE, system="test")
    actions.open_review(incident_id=response.incident_id, by=system, now=NOW)
    return response.incident


def enter(client, actors, name):
    account, _fresh = Account.objects.get_or_create(username=name, defaults={"person_id": actors[name].person})
    client.force_login(account, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_review_is_owed_once_by_the_duty_leader_when_the_response_ended(ended, actors):
    clock = Clock.objects.in_world(LIVE).get(kind="reviews.after_action")
    assert (clock.owner_role, clock.url) == ("duty_leader", f"/reviews/{ended.pk}/")
    actions.open_review(incident_id=ended.pk, by=actors["leader"], now=NOW)
    assert StoredEvent.objects.filter(name="reviews.ReviewOpened").count() == 1


def test_story_measures_the_whole_chain(ended):
    story = queries.story(ended, NOW + timedelta(hours=1))
    assert [leg.mark for leg in story.legs] == ["opened", "activated", "ordered", "arrived", "ended"]
    accept = next(row for row in story.clocks if row.clock.kind == "command.accept" and "令" in row.clock.label)
    assert (accept.used.limit_s, accept.used.used_s, accept.used.late_s) == (300, 120, 0)
    assert story.sums.open == sum(row.clock.state == "running" for row in story.clocks)
    assert len(story.lines) >= 12
    assert story.lines == sorted(story.lines, key=lambda line: line.at)


def test_finishing_closes_the_clock_and_a_second_press_is_refused(ended, actors):
    with pytest.raises(Forbidden):
        actions.finish(incident_id=ended.pk, by=actors["duty"], now=NOW, assessment="快", lessons="无")
    with pytest.raises(Invalid):
        actions.finish(incident_id=ended.pk, by=actors["leader"], now=NOW, assessment="快", lessons="")
    actions.finish(incident_id=ended.pk, by=actors["leader"], now=NOW, assessment="派车快", lessons="补一台泵")
    assert Clock.objects.in_world(LIVE).get(kind="reviews.after_action").state == "met"
    with pytest.raises(Refused, match=r"review\.finish\.wrong_state"):
        actions.finish(incident_id=ended.pk, by=actors["commander"], now=NOW, assessment="快", lessons="无")


def test_paper_is_made_by_the_job_and_frozen(ended, actors):
    paper = actions.request_paper(incident_id=ended.pk, by=actors["duty"], now=NOW)
    assert actions.request_paper(incident_id=ended.pk, by=actors["leader"], now=NOW).pk == paper.pk
    jobs.render(str(paper.pk))
    made = Paper.objects.in_world(LIVE).get()
    data = bytes(made.pdf)
    assert (made.status, made.sha256, data[:5]) == ("ready", hashlib.sha256(data).hexdigest(), b"%PDF-")
    jobs.render(str(paper.pk))
    assert StoredEvent.objects.filter(name="reviews.PaperMade").count() == 1
    with pytest.raises(IntegrityError, match="frozen"), atomic():
        Paper.objects.in_world(LIVE).filter(pk=paper.pk).update(pages=9)
    with pytest.raises(IntegrityError, match="frozen"), atomic():
        Paper.objects.in_world(LIVE).filter(pk=paper.pk).delete()


def test_paper_fetches_nothing():
    with pytest.raises(ValueError, match="holds everything"):
        press._nothing("http://example.invalid/x.css")


def test_page_shows_the_story_and_gives_the_paper_when_ready(ended, actors, client):
    page = f"/reviews/{ended.pk}/"
    text = enter(client, actors, "duty").get(page).content.decode()
    for wanted in ("首道派遣令", "首队到场", "电话初报", "排涝T1", "待复盘"):
        assert wanted in text
    client.post(f"{page}print")
    paper = Paper.objects.in_world(LIVE).get()
    assert "正在生成" in client.get(f"{page}papers").content.decode()
    assert client.get(f"/reviews/papers/{paper.pk}.pdf").status_code == 409
    jobs.render(str(paper.pk))
    answer = client.get(f"/reviews/papers/{paper.pk}.pdf")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert "下载" in client.get(f"{page}papers").content.decode()
    assert enter(client, actors, "street2").get(page).status_code == 404
    assert enter(client, actors, "public").get(page).status_code == 403
    assert client.get(f"/reviews/papers/{paper.pk}.pdf").status_code == 403
