"""Shared test plumbing: the live world survives a flush, and a flush is possible at all."""

from __future__ import annotations

import os

import pytest
from django.utils import translation
from hypothesis import HealthCheck, settings

# Whether a submission lands must not be a matter of luck: there the same examples are tried each time. By hand each run
# tries others, and what one finds becomes an example of its own.
# Nor of how busy the machine is.
settings.register_profile("landing", derandomize=True, suppress_health_check=[HealthCheck.too_slow])
if os.environ.get("CI"):
    settings.load_profile("landing")


SECURITY = (
    "tests/security/",
    "tests/contracts/test_urls_by_role.py",
    "tests/contracts/test_three_administrators.py",
    "tests/contracts/test_worlds.py",
    "tests/api/",
    "tests/ops/test_broker.py",
    "src/fengsui/apps/people/tests/",
    "src/fengsui/catalog/sensors/tests/test_fuzz.py",
    "src/fengsui/ingest/tests/test_hostile.py",
    "src/fengsui/core/tests/test_record.py",
    "src/fengsui/core/tests/test_audit_check.py",
)
"""What `./fengsui test --security` runs, beside tests that carry the mark themselves."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for each in items:
        if str(each.path.relative_to(each.config.rootpath)).startswith(SECURITY):
            each.add_marker(pytest.mark.security)


@pytest.fixture(autouse=True)
def _own_language():
    """A page asked for in English leaves its language in the thread: the next test would speak it."""
    yield
    translation.deactivate()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """Transactional tests flush with TRUNCATE, which the record refuses: only here those triggers go.

    That they exist after the migrations is proved by core/tests/test_record.py, which makes them again.
    """
    from django.db import connection

    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("SELECT tgname, tgrelid::regclass FROM pg_trigger WHERE tgname LIKE '%%_no_truncate'")
        for name, table in cursor.fetchall():
            cursor.execute(f"DROP TRIGGER {name} ON {table}")


@pytest.fixture(autouse=True)
def _live_world(request):
    """A transactional test's flush takes the live world away: every test that uses the database finds it again.

    Jobs are no models of ours, so a flush leaves them: whoever looks at the queue finds it empty all the same.
    """
    marker = request.node.get_closest_marker("django_db")
    used = {"db", "transactional_db"}.intersection(request.fixturenames)
    if not (marker or used):
        return
    transactional = "transactional_db" in used or bool(marker and marker.kwargs.get("transaction"))
    request.getfixturevalue("transactional_db" if transactional else "db")
    from django.db import connection

    from fengsui.core.models.worlds import LIVE, World

    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    World.objects.get_or_create(pk=LIVE, defaults={"kind": "live", "name": "实战"})
