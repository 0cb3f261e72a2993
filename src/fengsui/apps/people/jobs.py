"""Upkeep of people: sessions that ran out leave the table."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext_noop as mark
from procrastinate.contrib.django import app

from fengsui.apps.people.actions.entering import NAMES_KEPT
from fengsui.apps.people.sessions import SessionStore
from fengsui.core import retention
from fengsui.core.jobs import clean


@app.periodic(cron="20 * * * *")
@app.task(name="people.clear_sessions", queue="upkeep", queueing_lock="clear_sessions")
@clean
def clear_sessions(timestamp: int) -> None:
    """Hourly. A session past its limits is refused at once, wherever it is read; this only clears the rows."""
    SessionStore.clear_expired()


retention.declare(
    retention.Rule(
        "sessions",
        mark("登录会话"),
        lambda: settings.SESSION_COOKIE_AGE / 86400,
        "U",
        mark("FENGSUI_SESSION_S；过期当时即失效，每小时清理"),
        "people.clear_sessions",
    ),
    retention.Rule(
        "unknown_names", mark("登录时打错的账号名"), lambda: NAMES_KEPT.days, "U", mark("用于防猜测，下次登录时清理")
    ),
)
