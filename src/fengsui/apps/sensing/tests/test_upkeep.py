"""Months of readings are dropped whole when they were kept as long as the setting says, and the record says so."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection

from fengsui.apps.sensing import upkeep
from fengsui.core.models import AuditRow

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 28, 3, 0, tzinfo=UTC)


@pytest.fixture
def readings():
    """Three a month from August 2024 to March 2025."""
    with connection.cursor() as cursor:
        for n in range(8):
            year, month = divmod(2024 * 12 + 7 + n, 12)
            cursor.execute("SELECT sensing_make_partition(%s::date)", [f"{year}-{month + 1:02}-01"])
            cursor.execute(
                "INSERT INTO sensing_observation SELECT 1, %s::timestamptz + d * interval '9 days', 1, now(), 0, 0 "
                "FROM generate_series(0, 2) d",
                [f"{year}-{month + 1:02}-02T00:00Z"],
            )


def count():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), min(at) FROM sensing_observation")
        return cursor.fetchone()


def test_nothing_is_dropped_when_readings_are_kept_for_ever(readings, settings):
    settings.FENGSUI_KEEP_READINGS_MONTHS = 0
    assert upkeep.drop_old(NOW) == []
    assert count()[0] == 24


def test_months_that_are_over_go_whole_and_are_told_of(readings, settings):
    settings.FENGSUI_KEEP_READINGS_MONTHS = 24
    assert upkeep.over(NOW) == ["2024-08", "2024-09", "2024-10"]
    assert upkeep.drop_old(NOW) == ["2024-08", "2024-09", "2024-10"]
    assert count() == (15, datetime(2024, 11, 2, tzinfo=UTC))
    assert upkeep.drop_old(NOW) == []
    told = AuditRow.objects.filter(verb="sensing.MonthDropped").order_by("pk").values_list("facts", flat=True)
    assert ['"month":"2024-08","rows":3' in each for each in told] == [True, False, False]


def test_months_are_listed_with_their_size(readings):
    listed = {each.name: each for each in upkeep.months()}
    assert {"2024-08", "2025-03", "other"} <= set(listed)
    assert listed["2024-08"].size > 0
