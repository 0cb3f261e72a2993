"""Django's database session in a row of our own: whose it is, since when, when it was last used by a person."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.utils import timezone

from fengsui.apps.people import rules
from fengsui.apps.people.models import Session

SEEN_EVERY_S = 60
"""The time of the last use is written this seldom: a page view must not cost a write."""


def idle_s(is_admin: bool) -> int:
    """Seconds without use after which a session ends; administrators have less."""
    limit: int = settings.FENGSUI_SESSION_ADMIN_IDLE_S if is_admin else settings.FENGSUI_SESSION_IDLE_S
    return limit


class SessionStore(DatabaseStore):
    """Both limits are asked where the session is read, so no page can forget them."""

    row: Session | None = None

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        now = timezone.now()
        began = datetime.fromisoformat(data.setdefault("began", now.isoformat()))
        row = cast(Session, super().create_model_instance(data))
        row.account_id = data.get(SESSION_KEY)
        row.began_at, row.is_admin = began, bool(data.get("admin"))
        row.source, row.agent = data.get("source", "")[:45], data.get("agent", "")[:160]
        # A save is a use: it happens on a press, never by a page that fetches itself.
        row.seen_at = now
        if self.row is not None and self.row.session_key == row.session_key:
            row.public_id = self.row.public_id
        self.row = row
        return row

    def _get_session_from_db(self) -> Session | None:
        row: Session | None = super()._get_session_from_db()  # type: ignore[misc]  # Django's own hook, untyped in the stubs
        if row is None:
            return None
        over = rules.session_over(
            row.began_at,
            row.seen_at,
            timezone.now(),
            idle_s=idle_s(row.is_admin),
            absolute_s=settings.SESSION_COOKIE_AGE,
        )
        if over:
            row.delete()
            self._session_key = None
            return None
        self.row = row
        return row

    def seen(self, now: datetime) -> None:
        """A person used the session. Written at most once in `SEEN_EVERY_S` seconds."""
        if self.row is not None and (now - self.row.seen_at).total_seconds() > SEEN_EVERY_S:
            Session.objects.filter(pk=self.row.pk).update(seen_at=now)
