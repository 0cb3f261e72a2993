"""How deep the queues are: on the desk, on the system's page, on /metrics; and what they cost to count."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client, override_settings
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from fengsui.apps.desk import queries as desk
from fengsui.apps.desk.tests.test_pages import client_of, house, shown  # noqa: F401 - `house` is a fixture
from fengsui.core import failed_jobs, queues
from fengsui.core.jobs import LANES
from fengsui.core.models import ClockRuleRow
from fengsui.core.web.room import CLASSES
from fengsui.kernel.lanes import JOBS, WEB

pytestmark = pytest.mark.django_db


def put(count: int, queue: str = "deliver", later: bool = False) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, priority, args, status, scheduled_at) "
            "SELECT %s, 'alerts.deliver', 10, '{}', 'todo', CASE WHEN %s THEN now() + interval '1 hour' END "
            "FROM generate_series(1, %s)",
            [queue, later, count],
        )


def test_lanes_tell_what_waits_and_what_is_under_way() -> None:
    put(5)
    put(7, later=True)
    put(2, "events")
    ProcrastinateJob.objects.filter(queue_name="events").update(status="doing")
    found = {lane.queues[0]: lane for lane in queues.lanes()}
    assert [lane.most for lane in found.values()] == list(LANES.values())
    assert (found["deliver"].waiting, found["deliver"].doing) == (5, 0)
    assert (found["events"].waiting, found["events"].doing) == (0, 2)
    assert queues.waiting() == 5


def test_counting_stops_where_it_is_told_to(monkeypatch) -> None:
    put(30)
    assert queues.waiting(limit=10) == 10
    monkeypatch.setattr(queues, "COUNTED", 19)
    assert sum(lane.waiting for lane in queues.lanes()) == 20


def test_desk_says_that_jobs_wait_when_they_are_many(house) -> None:  # noqa: F811 - the fixture
    put(queues.DEEP - 1)
    assert "作业排队" not in shown(house["a"], "/desk/parts/situation")
    put(1)
    assert f"作业排队 {queues.DEEP}" in shown(house["a"], "/desk/parts/situation")
    put(desk.QUEUED)
    assert f"作业排队 {desk.QUEUED}</b>+" in shown(house["a"], "/desk/parts/situation")


def test_system_page_shows_every_queue_and_its_bound(house) -> None:  # noqa: F811 - the fixture
    put(queues.DEEP)
    page = shown(house["admin"], "/system/")
    assert f"<b>等待 {queues.DEEP}，在办 0</b>" in page
    assert f"<td>{JOBS.zh('deliver')}</td>" in page
    assert " · deliver</td>" in page
    for name, kind in CLASSES.items():
        assert f"<td>{WEB.zh(name)}</td>" in page
        assert f" · web {name}</td>" in page
        assert f"等待至多 {kind.waits}，再多即答 503，{kind.again_s} 秒后再来" in page
    assert "max_file_store" in page


def test_every_queue_that_is_used_has_a_word_and_every_word_a_queue() -> None:
    served = {queue for lane in LANES for queue in lane.split()}
    assert set(JOBS) == served | {task.queue for task in app.tasks.values()}
    assert set(WEB) == {*CLASSES, "live"}


def test_failed_job_without_an_event_is_told_by_the_word_of_its_queue(house) -> None:  # noqa: F811 - the fixture
    ClockRuleRow.objects.create(kind="core.failed_job", limit_s=900, ladder=[])
    put(1, "papers")
    ProcrastinateJob.objects.filter(queue_name="papers").update(status="failed")
    failed_jobs.watch(timezone.now())
    assert "文书与图纸" in shown(house["admin"], "/jobs/")
    client = client_of(house["admin"])
    client.cookies["django_language"] = "en"
    page = client.get("/jobs/").content.decode()
    assert "papers and printed maps" in page
    assert ">papers<" not in page


@override_settings(FENGSUI_METRICS_TOKEN="bench")
def test_metrics_show_queues_of_jobs_and_of_the_web() -> None:
    put(3)
    text = Client().get("/metrics", headers={"Authorization": "Bearer bench"}).content.decode()
    assert 'fengsui_jobs{queue="deliver",status="todo"} 3.0' in text
    for name in ("fengsui_web_refused_total", "fengsui_web_waiting", "fengsui_live_streams"):
        assert f"# TYPE {name.removesuffix('_total')}" in text or name in text
