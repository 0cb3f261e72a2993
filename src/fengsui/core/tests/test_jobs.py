"""A reaction happens exactly once, however often its job comes."""

import threading

import pytest
from django.db import connection, transaction

from fengsui.core.jobs import handle_event
from fengsui.core.models import AuditRow, Handled, World
from fengsui.core.record import announce
from fengsui.core.tests.make import happened, make_person, reacting
from fengsui.core.worlds import LIVE

heard = []


def remember(event, by):
    heard.append((event, by))


def rename(event, by):
    """A reaction that records: its own event continues the chain."""
    announce(happened(word="又一"), about=World.objects.get(pk=LIVE), by=by)


def fail_once(event, by):
    announce(happened(), about=World.objects.get(pk=LIVE), by=by)
    heard.append(event)
    if len(heard) == 1:
        raise RuntimeError("first time")


@pytest.fixture(autouse=True)
def _fresh():
    heard.clear()


@pytest.fixture
def unclean(monkeypatch):
    """In a test's transaction the connection must stay."""
    monkeypatch.setattr("fengsui.core.jobs.close_old_connections", lambda: None)


@pytest.mark.django_db
def test_reaction_runs_once_when_its_job_is_repeated(unclean):
    by, event = make_person(), happened()
    with reacting(remember) as handler:
        number = announce(event, about=World.objects.get(pk=LIVE), by=by)
        for _ in range(3):
            handle_event(number, handler)
    [(told, actor)] = heard
    assert told == event
    assert (actor.world, actor.person, actor.system) == (LIVE, None, "core.tests.test_jobs.remember")
    assert actor.correlation == by.correlation
    assert Handled.objects.count() == 1


@pytest.mark.django_db
def test_chain_goes_on_when_a_reaction_announces(unclean):
    by = make_person()
    with reacting(rename) as handler:
        number = announce(happened(), about=World.objects.get(pk=LIVE), by=by)
        handle_event(number, handler)
    assert list(AuditRow.objects.order_by("n").values_list("correlation", flat=True)) == [by.correlation] * 2


@pytest.mark.django_db
def test_failed_reaction_leaves_nothing_and_runs_again_when_retried(unclean):
    with reacting(fail_once) as handler:
        number = announce(happened(), about=World.objects.get(pk=LIVE), by=make_person())
        with pytest.raises(RuntimeError):
            handle_event(number, handler)
        assert (Handled.objects.count(), AuditRow.objects.count()) == (0, 1)
        handle_event(number, handler)
        assert (Handled.objects.count(), AuditRow.objects.count()) == (1, 2)


@pytest.mark.django_db(transaction=True)
def test_reaction_runs_once_when_two_workers_hold_the_same_job():
    with reacting(remember) as handler:
        with transaction.atomic():
            number = announce(happened(), about=World.objects.get(pk=LIVE), by=make_person())
        gate = threading.Barrier(4)

        def work():
            gate.wait()
            try:
                handle_event(number, handler)
            finally:
                connection.close()

        threads = [threading.Thread(target=work) for _ in range(4)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
    assert len(heard) == 1
    assert Handled.objects.count() == 1
