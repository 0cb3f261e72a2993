"""Outlets behind the port: one object per channel and process. `outlet(code)` is what config provides."""

from __future__ import annotations

import atexit
from collections.abc import Callable
from functools import cache

from fengsui.engines.outlets.email import Mail
from fengsui.engines.outlets.feed import Feed
from fengsui.engines.outlets.mqtt import Broadcast
from fengsui.engines.outlets.screen import Screen
from fengsui.engines.outlets.webhook import Webhook
from fengsui.kernel.ports.outlets import Outlet

__all__ = ["outlet"]

_MAKERS: dict[str, Callable[[], Outlet]] = {
    "screen": Screen,
    "feed": Feed,
    "email": Mail,
    "webhook": Webhook,
    "mqtt": Broadcast,
}


@cache
def outlet(code: str) -> Outlet:
    """The process's outlet of a channel. Raises KeyError for a channel without an engine."""
    made = _MAKERS[code]()
    atexit.register(made.close)
    return made
