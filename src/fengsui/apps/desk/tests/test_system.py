"""The system administrator sees what runs here; nobody else does, and no secret is shown to anybody."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from fengsui.apps.desk.tests.test_pages import client_of, house, shown  # noqa: F401 - `house` is a fixture
from fengsui.core import log_levels, retention

pytestmark = pytest.mark.django_db


def test_page_shows_version_schema_settings_retention_and_levels(house, monkeypatch) -> None:  # noqa: F811 - the fixture
    monkeypatch.setenv("FENGSUI_SECRET_KEY", "hush-hush-hush")
    monkeypatch.setenv("FENGSUI_BASE_URL", "https://fengsui.example")
    now = timezone.now()
    by = log_levels.by_command("test")
    log_levels.choose("fengsui.ingest", "DEBUG", until=now + timedelta(hours=1), now=now, by=by)
    page = shown(house["admin"], "/system/")
    assert "hush" not in page
    for told in ("https://fengsui.example", "已设，机密", "fengsui.ingest", "DEBUG", "一致", "sensing.drop_old_months",
                 "FENGSUI_KEEP_READINGS_MONTHS", "PostgreSQL", "fengsui_ingest", f"{now:%Y-%m}"):  # fmt: skip
        assert told in page, told
    assert len(retention.rules()) >= 8
    assert client_of(house["a"]).get("/system/").status_code == 403


def test_page_says_what_does_not_fit(house) -> None:  # noqa: F811 - the fixture
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'core' AND name = '0003_last_proof'")
    page = shown(house["admin"], "/system/")
    assert "不一致" in page
    assert "core.0003_last_proof" in page
