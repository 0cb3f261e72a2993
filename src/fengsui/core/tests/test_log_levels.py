"""A level set once is in force in every process within seconds, ends by itself, and stands in the record."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from fengsui.core import log_levels
from fengsui.core.models import AuditRow, LogLevel
from fengsui.kernel.errors import Invalid

NAME = "fengsui.test_levels"
BY = log_levels.by_command("test")


@pytest.fixture(autouse=True)
def _as_it_was():
    yield
    logging.getLogger(NAME).setLevel(logging.NOTSET)


def choose(level="DEBUG", hours=1.0):
    now = timezone.now()
    log_levels.choose(NAME, level, until=now + timedelta(hours=hours), now=now, by=BY)


@pytest.mark.django_db
def test_level_is_taken_changed_and_given_back_when_its_time_is_over():
    follower, logger = log_levels.Follower(), logging.getLogger(NAME)
    logger.setLevel(logging.ERROR)
    choose("DEBUG")
    follower.look(timezone.now())
    assert logger.level == logging.DEBUG
    choose("WARNING")
    follower.look(timezone.now())
    assert logger.level == logging.WARNING
    follower.look(timezone.now() + timedelta(hours=2))
    assert logger.level == logging.ERROR
    assert log_levels.give_back(NAME, by=BY)
    assert not log_levels.give_back(NAME, by=BY)
    verbs = list(AuditRow.objects.order_by("pk").values_list("verb", flat=True))
    assert verbs == ["core.LogLevelChosen"] * 3


@pytest.mark.django_db
@pytest.mark.parametrize(("level", "hours"), [("LOUD", 1), ("DEBUG", 0), ("DEBUG", 24 * 8)])
def test_level_is_refused_when_it_is_none_or_would_stay(level, hours):
    with pytest.raises(Invalid):
        choose(level, hours)
    assert not LogLevel.objects.exists()


WATCHED = f"""
import logging, sys, time
import django
django.setup()
from fengsui.core import log_levels
log_levels.FOLLOW_S = 0.05
log_levels.follow()
print("up", flush=True)
logger = logging.getLogger({NAME!r})
for wanted in (logging.DEBUG, logging.NOTSET):
    while logger.level != wanted:
        time.sleep(0.02)
    print(wanted, flush=True)
"""


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_other_process_follows_without_a_restart():
    facts = connection.get_connection_params()
    url = f"postgresql://{facts.get('user', '')}@/{facts['dbname']}?host={facts.get('host', '')}"
    env = {**os.environ, "FENGSUI_DATABASE_URL": url}
    with subprocess.Popen([sys.executable, "-c", WATCHED], stdout=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdout.readline() == "up\n"
        choose("DEBUG")
        assert process.stdout.readline() == f"{logging.DEBUG}\n"
        log_levels.give_back(NAME, by=BY)
        assert process.stdout.readline() == f"{logging.NOTSET}\n"
        assert process.wait(60) == 0
