"""What every page of the desk needs of the shell."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from fengsui.apps.people.edge import actor_of
from fengsui.core import live

TOPICS = ("desk", "core.clocks")


def shell(request: HttpRequest, *topics: str, **context: Any) -> dict[str, Any]:
    """The page's own context with a ticket to listen to its topics."""
    by = actor_of(request)
    return {"live_ticket": live.ticket(by.world, [*TOPICS, *topics], by.person), "by": by, **context}
