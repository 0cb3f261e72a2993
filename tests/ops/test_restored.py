"""A platform that wakes up in an earlier moment: nobody stays logged in, late clocks are told, the record is whole."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from fengsui.apps.people.models import Session
from fengsui.apps.people.tests.make import make_account, make_org, make_person
from fengsui.config.backup import restored
from fengsui.config.ops import doctor_rows
from fengsui.core import audit_check, proofs
from fengsui.core.jobs import beat
from fengsui.core.models import StoredEvent
from fengsui.core.tests import make

pytestmark = pytest.mark.django_db


def test_sessions_end_and_late_clocks_are_told(capsys):
    account = make_account("wang", make_person("王值班", make_org("ema")))
    Client().force_login(account)
    assert Session.objects.count() == 1
    make.make_rule()
    clock = make.make_clock(make.make_person())
    now = clock.next_fire_at + timedelta(minutes=90)
    assert [each.by for each in restored.late(now)] == [timedelta(minutes=90)]
    assert restored.late(clock.next_fire_at - timedelta(seconds=1)) == []
    restored.tell(now)
    assert Session.objects.count() == 0
    assert StoredEvent.objects.filter(name="people.SessionsEnded").count() == 1
    assert "90" in capsys.readouterr().out
    assert audit_check.main([]) == 0


def test_doctor_names_a_silent_part_and_a_job_that_gave_up(monkeypatch):
    monkeypatch.setenv("FENGSUI_LANG", "en")

    def named():
        with connection.cursor() as cursor:

            def ask(query):
                cursor.execute(query)
                return cursor.fetchall()

            return [each.fact for each in doctor_rows.platform(ask)]

    with connection.cursor() as cursor:  # an earlier test's workers may have started timers, some minutes ago
        cursor.execute("DELETE FROM procrastinate_periodic_defers")
    proofs.prove("core.link", "clocks", at=timezone.now(), how="循环")
    assert named() == []
    proofs.prove("core.link", "worker", at=timezone.now() - timedelta(minutes=5), how="作业办结")
    assert named() == ["no sign of life of worker for 300 s"]
    number = beat.configure(queueing_lock="given_up").defer(timestamp=0)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'failed' WHERE id = %s", [number])
    assert named() == ["1 gave up after all their tries", "no sign of life of worker for 300 s"]
