"""Outlets behind the port: one object per channel and process. `outlet(code)` is what config provides."""

from __future__ import annotations

import atexit
from collections.abc import Callable, Mapping
from functools import cache

from fengsui.catalog.channels import Channel, channel
from fengsui.engines.outlets.email import Mail
from fengsui.engines.outlets.feed import Feed
from fengsui.engines.outlets.http import HttpPush
from fengsui.engines.outlets.mqtt import Broadcast
from fengsui.engines.outlets.screen import Screen
from fengsui.engines.outlets.sms import Sms
from fengsui.kernel.ports.outlets import Outlet

__all__ = ["TRANSPORTS", "outlet"]

TRANSPORTS: Mapping[str, Callable[[Channel], Outlet]] = {
    "page": lambda entry: Screen(),
    "feed": lambda entry: Feed(),
    "smtp": lambda entry: Mail(),
    "http": HttpPush,
    "mqtt": lambda entry: Broadcast(),
    "smpp": lambda entry: Sms(),
}
"""An engine for each way that bytes can travel; which one a channel takes, its folder says."""


@cache
def outlet(code: str) -> Outlet:
    """The process's outlet of a channel. Raises NotFound for an unknown channel."""
    entry = channel(code)
    made = TRANSPORTS[entry.transport](entry)
    atexit.register(made.close)
    return made
