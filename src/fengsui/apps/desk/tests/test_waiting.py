"""What nobody else can do stands on the desk of who can, although no clock of theirs runs; what is said in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.test import Client

from fengsui.apps.command.tests.conftest import actors  # noqa: F401 - a fixture
from fengsui.apps.desk import queries, telling
from fengsui.apps.incidents import reports
from fengsui.apps.incidents.tests.make import NOW, make_incident
from fengsui.apps.people.models import Account
from fengsui.catalog.sensors import display


def desk_of(actor) -> str:
    account = Account.objects.create(username=str(actor.person)[:8], person_id=actor.person)
    client = Client()
    client.force_login(account, backend="django.contrib.auth.backends.ModelBackend")
    return client.get("/").content.decode()


@pytest.mark.django_db
def test_report_waits_on_the_desk_of_who_may_sign_it_when_it_was_submitted(actors) -> None:  # noqa: F811 - pytest fixtures are imported by name
    incident = make_incident(actors["duty"])
    report = reports.draft(incident_id=incident.pk, stage="first_written", by=actors["duty"], now=NOW)
    reports.edit(report_id=report.pk, by=actors["duty"], fields={**report.fields, "measures": "封控", "course": "积水"})
    assert queries.waiting(actors["leader"]) == []
    reports.submit(report_id=report.pk, by=actors["duty"], now=NOW)
    page = desk_of(actors["leader"])
    assert "去审核签发书面初报" in page
    assert f"/incidents/reports/{report.pk}/" in page
    assert "审核签发书面初报" not in desk_of(actors["duty"])


def spot(**over):
    said = display("water_depth", "m")
    facts = dict.fromkeys(queries.Spot.__slots__, "") | {"said": said, "speed": 1.0, "points": []}
    return queries.Spot(**(facts | over))


@pytest.mark.parametrize(("last", "said"), [(0.1999, "0 /10 分"), (0.19, "−1 /10 分"), (0.23, "+3 /10 分")])
def test_trend_never_says_minus_nothing_when_it_hardly_fell(last: float, said: str) -> None:
    points = [(0.0, 0.2), (600.0, last)]
    assert queries._trend(spot(), points) == said


def test_news_of_the_same_moment_are_one_row_with_their_number() -> None:
    at, chain = datetime(2026, 7, 28, 18, 31, tzinfo=UTC), uuid4()
    rows = [telling.Told(at + timedelta(seconds=n), "责任人邮件已送达", "系统", chain, True) for n in (0, 1, 2)]
    later = telling.Told(at + timedelta(minutes=5), "责任人邮件已送达", "系统", chain, True)
    twice = [telling.Told(at, "任务免除", "孙丽", chain)] * 2
    assert [row.text for row in telling._together(twice)] == ["任务免除", "任务免除"]
    assert [row.text for row in telling._together([*rows, later])] == ["责任人邮件已送达（3 次）", "责任人邮件已送达"]
