"""Upkeep of people: sessions that ran out leave the table."""

from __future__ import annotations

from procrastinate.contrib.django import app

from fengsui.apps.people.sessions import SessionStore
from fengsui.core.jobs import clean


@app.periodic(cron="20 * * * *")
@app.task(name="people.clear_sessions", queue="upkeep", queueing_lock="clear_sessions")
@clean
def clear_sessions(timestamp: int) -> None:
    """Hourly. A session past its limits is refused at once, wherever it is read; this only clears the rows."""
    SessionStore.clear_expired()
