"""A form says which version of the record it showed; whoever was overtaken is led back and sees both, field by field.

The page does the showing: its draft holds what was typed and what the form had been drawn with (forms/drafts.ts). A
browser without scripts has no draft: there the last writer wins, since it would lose what it typed otherwise.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from fengsui.core.record import plain
from fengsui.core.record_text import canonical
from fengsui.core.web import once
from fengsui.kernel.errors import Refused

FIELD = "_seen"


def mark(values: Mapping[str, Any]) -> str:
    """A fingerprint of what a form shows, for its hidden field. Empty values count as absent."""
    filled = {name: value for name, value in plain(values).items() if value not in ("", None)}
    return hashlib.sha256(canonical(filled).encode()).hexdigest()[:32]


def of(sent: Mapping[str, str]) -> str:
    """The mark that a sent form carries; empty where its browser keeps no draft (no key was drawn)."""
    return sent.get(FIELD, "") if sent.get(once.FIELD) else ""


def check(seen: str, values: Mapping[str, Any]) -> None:
    """Raises Refused("core.seen.changed") where the record, now locked, is not what the form had shown."""
    if seen and seen != mark(values):
        raise Refused("core.seen.changed")
