"""The exact texts that the record hashes: pure, so that `doctor` can prove a row where Django is not set up."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

_spelt = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def canonical(facts: Any) -> str:
    """One spelling per content: sorted keys, no spaces, Chinese unescaped."""
    return _spelt.encode(facts)


def digest(algorithm: str, *parts: str) -> str:
    return hashlib.new(algorithm, "\n".join(parts).encode()).hexdigest()


def row_body(
    n: int, subject: str, at: datetime, verb: str, person: object, system: str, world: object, chain: object, facts: str
) -> str:
    """The exact text that is hashed; verification builds it again from the stored columns."""
    when = at.astimezone(UTC).isoformat(timespec="microseconds")
    return row_text(n, subject, when, verb, str(person or ""), system, str(world), str(chain), facts)


def row_text(n: int, *texts: str) -> str:
    """The same from columns that are text already: time as ISO 8601 with microseconds in UTC, nobody as ''."""
    return canonical([n, *texts])
