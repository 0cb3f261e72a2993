"""A job that gave up is owed by somebody until it was done after all, or written off with a reason."""

from uuid import uuid4

import pytest
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from fengsui.core import failed_jobs
from fengsui.core.models import AuditRow, Clock, ClockRuleRow, World
from fengsui.core.record import announce
from fengsui.core.tests.make import happened, make_person, make_world, reacting, sql
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Grant
from fengsui.kernel.errors import Forbidden, Invalid, NotFound

pytestmark = pytest.mark.django_db


def react(event, by):
    raise RuntimeError("never")


def admin(world=LIVE):
    return make_person(world=world, grants=(Grant("system_admin", uuid4(), uuid4()),))


@pytest.fixture(autouse=True)
def rule():
    ClockRuleRow.objects.create(kind="core.failed_job", limit_s=900, ladder=[{"after_s": 0, "to_role": "duty_officer"}])


def gave_up(world=LIVE, attempts=8):
    """A reaction whose job came to its last try; returns the job's number and the event's actor."""
    by = make_person(world=world)
    with reacting(react):
        announce(happened(), about=World.objects.get(pk=world), by=by)
    job = ProcrastinateJob.objects.latest("id").pk
    sql("UPDATE procrastinate_jobs SET status = 'failed', attempts = %s WHERE id = %s", attempts, job)
    return job, by


def owed():
    return Clock.objects.all_worlds("a test has one").get()


def test_clock_starts_once_in_the_chain_of_the_event_when_a_job_gave_up():
    job, by = gave_up()
    assert [failed_jobs.watch(timezone.now()) for _ in range(2)] == [1, 0]
    [clock] = Clock.objects.in_world(LIVE)
    assert (clock.kind, clock.about_id, clock.owner_role) == ("core.failed_job", str(job), "system_admin")
    assert clock.correlation == by.correlation
    [shown] = failed_jobs.open_ones(LIVE)
    assert (shown.id, shown.attempts, shown.event.name) == (job, 8, "core.Happened")


def test_nothing_starts_when_no_job_gave_up():
    with reacting(react):
        announce(happened(), about=World.objects.get(pk=LIVE), by=make_person())
    assert failed_jobs.watch(timezone.now()) == 0


def test_retry_closes_the_clock_and_a_second_failure_starts_another():
    job, _ = gave_up()
    failed_jobs.watch(timezone.now())
    failed_jobs.retry(clock_id=owed().pk, by=admin(), now=timezone.now())
    row = ProcrastinateJob.objects.get(pk=job)
    assert (row.status, row.attempts) == ("todo", 9)
    assert failed_jobs.open_ones(LIVE) == []
    assert Clock.objects.in_world(LIVE).get().state == "met"
    sql("UPDATE procrastinate_jobs SET status = 'failed' WHERE id = %s", job)
    assert failed_jobs.watch(timezone.now()) == 1
    assert [each.id for each in failed_jobs.open_ones(LIVE)] == [job]


def test_written_off_job_is_owed_no_more_and_its_reason_is_on_record():
    gave_up()
    failed_jobs.watch(timezone.now())
    failed_jobs.write_off(clock_id=owed().pk, reason=" 已由电话通知 ", by=admin(), now=timezone.now())
    assert failed_jobs.watch(timezone.now()) == 0
    assert failed_jobs.open_ones(LIVE) == []
    last = AuditRow.objects.latest("id")
    assert last.verb == "core.JobWrittenOff"
    assert '"reason":"已由电话通知"' in last.facts


@pytest.mark.parametrize(
    ("who", "reason", "error"),
    [(admin, " ", Invalid), (make_person, "为何", Forbidden), (lambda: admin(make_world().pk), "为何", NotFound)],
)
def test_nothing_happens_when_refused(who, reason, error):
    gave_up()
    failed_jobs.watch(timezone.now())
    before = AuditRow.objects.count()
    with pytest.raises(error):
        failed_jobs.write_off(clock_id=owed().pk, reason=reason, by=who(), now=timezone.now())
    assert AuditRow.objects.count() == before
    assert Clock.objects.in_world(LIVE).get().state == "running"


def test_job_of_an_exercise_is_owed_in_the_exercise():
    drill = make_world()
    gave_up(drill.pk)
    failed_jobs.watch(timezone.now())
    assert failed_jobs.open_ones(LIVE) == []
    assert len(failed_jobs.open_ones(drill.pk)) == 1


def test_second_press_is_refused_when_the_job_was_seen_to():
    gave_up()
    failed_jobs.watch(timezone.now())
    assert failed_jobs.retry(clock_id=owed().pk, by=admin(), now=timezone.now()) > 0
    with pytest.raises(NotFound):
        failed_jobs.retry(clock_id=owed().pk, by=admin(), now=timezone.now())
