"""A platform that wakes up in an earlier moment: nobody stays logged in, late clocks are told, the record is whole."""

from datetime import timedelta

import pytest
from django.test import Client

from fengsui.apps.people.models import Session
from fengsui.apps.people.tests.make import make_account, make_org, make_person
from fengsui.config.backup import restored
from fengsui.core import audit_check
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
