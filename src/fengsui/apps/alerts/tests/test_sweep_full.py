"""The sweep of lost deliveries adds nothing to a queue that is full."""

from __future__ import annotations

import pytest
from django.db import connection

from fengsui.apps.alerts import jobs


@pytest.mark.django_db
def test_sweep_waits_while_a_mass_of_jobs_waits(monkeypatch) -> None:
    swept: list[object] = []
    monkeypatch.setattr("fengsui.core.jobs.close_old_connections", lambda: None)
    monkeypatch.setattr(jobs.queueing, "sweep", swept.append)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, priority, args, status) "
            "SELECT 'deliver', 'alerts.deliver', 10, '{}', 'todo' FROM generate_series(1, %s)",
            [jobs.FULL + 1],
        )
        jobs.sweep_deliveries(0)
        assert not swept
        cursor.execute("DELETE FROM procrastinate_jobs WHERE id = (SELECT max(id) FROM procrastinate_jobs)")
        jobs.sweep_deliveries(0)
        assert len(swept) == 1
