"""Kinds of channels, one folder each. `channels()` finds them by name."""

from __future__ import annotations

from typing import cast

from fengsui.catalog.channels.contract import Channel
from fengsui.kernel.errors import NotFound
from fengsui.kernel.registry import entries

__all__ = ["Channel", "channel", "channels"]


def channels() -> dict[str, Channel]:
    return cast("dict[str, Channel]", entries(__name__))


def channel(code: str) -> Channel:
    """Raises NotFound("channel.unknown")."""
    try:
        return channels()[code]
    except KeyError:
        raise NotFound("channel.unknown", channel=code, known=sorted(channels())) from None
