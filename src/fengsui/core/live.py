"""Live push: a change says only "topic X changed"; the page fetches its fragment, where permission is evaluated."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import batched
from uuid import UUID

from django.core import signing
from django.db import connection

CHANNEL = "fengsui_live"
TOPICS = 60
"""So many in one NOTIFY, whose text PostgreSQL keeps under 8 000 bytes; a topic with a key has some 60."""
KEYS = 600
"""So many keys of one topic in one NOTIFY."""
TICKET_AGE_S = 24 * 3600
_SALT = "fengsui.live"


def touch(topics: Iterable[str], world: UUID) -> None:
    """Tell listeners at commit. One NOTIFY a transaction and set of topics: PostgreSQL drops equal ones."""
    said = [told(some, world) for some in batched(sorted(set(topics)), TOPICS)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, t) FROM unnest(%s::text[]) t", [CHANNEL, said])


def touch_keys(prefix: str, keys: Iterable[int], world: UUID, *, topics: Iterable[str] = ()) -> None:
    """Tell at commit that `prefix:KEY` changed for each key, and `topics`, without a topic's text for each key."""
    topics = sorted(set(topics))
    said = [
        json.dumps({"w": str(world), "t": topics, "k": {prefix: some}}, separators=(",", ":"))
        for some in batched(sorted(set(keys)), KEYS)
    ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, t) FROM unnest(%s::text[]) t", [CHANNEL, said])


def told(topics: Iterable[str], world: UUID) -> str:
    """What listeners hear: the record sends it together with its rows."""
    return json.dumps({"w": str(world), "t": sorted(set(topics))}, separators=(",", ":"))


def ticket(world: UUID, topics: Iterable[str], person: UUID | None) -> str:
    """A signed right to listen to these topics of one world; the live route checks it without a database."""
    return signing.dumps({"w": str(world), "t": sorted(set(topics)), "p": str(person or "")}, salt=_SALT)


RENEWED_S = 30 * 24 * 3600
"""A page may stand open so long, a hall's screen for instance; its ticket is renewed while its session lasts."""


def renewed(text: str, world: UUID, person: UUID | None) -> str | None:
    """A fresh ticket for the same topics; None where it is not this person's in this world, forged, or too old."""
    try:
        facts = signing.loads(text, salt=_SALT, max_age=RENEWED_S)
    except signing.BadSignature:
        return None
    if facts["w"] != str(world) or facts["p"] != str(person or ""):
        return None
    return ticket(world, facts["t"], person)


def read_ticket(text: str) -> tuple[str, frozenset[str]]:
    """World and topics of a ticket. Raises django.core.signing.BadSignature where it is forged or too old."""
    facts = signing.loads(text, salt=_SALT, max_age=TICKET_AGE_S)
    return facts["w"], frozenset(facts["t"])
