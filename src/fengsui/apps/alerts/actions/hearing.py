"""What telephones' networks say in the end of messages that a provider had taken: matched, kept, counted, in batches.

A receipt that is earlier than the answer it belongs to waits for it. One that belongs to nothing is dropped after a
day, or at once where very many wait: a provider that tells nonsense costs a bounded table and no more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

import structlog
from django.db import close_old_connections, connection
from django.db.models import F
from django.db.transaction import atomic
from django.utils import timezone

from fengsui.apps.alerts import mass_rules as rules
from fengsui.apps.alerts.actions.marking import topics_of
from fengsui.apps.alerts.actions.parcels import address_of
from fengsui.apps.alerts.models import Delivery, MassBatch, MassEarly
from fengsui.core import live
from fengsui.core.ports import port
from fengsui.kernel.ports.mass import Heard, Mass
from fengsui.kernel.ports.outlets import NotDelivered

log = structlog.get_logger(__name__)

_MATCH = """
SELECT DISTINCT ON (h.provider, h.message_id)
    a.batch_id, a.places[m.n], h.provider, h.message_id, h.outcome, h.word
FROM alerts_massattempt a
JOIN alerts_massbatch b ON b.id = a.batch_id AND b.claimed_at > %(since)s
CROSS JOIN LATERAL unnest(a.message_ids) WITH ORDINALITY AS m(message_id, n)
JOIN unnest(%(providers)s::text[], %(ids)s::text[], %(outcomes)s::text[], %(words)s::text[])
    AS h(provider, message_id, outcome, word) ON h.message_id = m.message_id AND h.provider = a.provider
WHERE a.asked AND a.message_ids && %(ids)s::varchar[]
ORDER BY h.provider, h.message_id, a.id DESC  -- a provider that began to count anew means the last one of that name
"""
_KEEP = """
WITH told AS (
    SELECT DISTINCT ON (t.batch_id, t.place) t.* FROM unnest(
        %(batches)s::bigint[], %(places)s::smallint[], %(outcomes)s::text[], %(words)s::text[]
    ) AS t(batch_id, place, outcome, word)
), fresh AS (
    SELECT t.* FROM told t WHERE NOT EXISTS (
        SELECT 1 FROM alerts_massreceipt r WHERE r.batch_id = t.batch_id AND t.place = ANY(r.places))
)
INSERT INTO alerts_massreceipt (batch_id, at, outcome, word, places)
SELECT batch_id, %(now)s, outcome, word, array_agg(place ORDER BY place) FROM fresh GROUP BY batch_id, outcome, word
RETURNING batch_id, outcome, cardinality(places)
"""
_WAIT = """
INSERT INTO alerts_massearly (provider, message_id, outcome, word, at)
SELECT *, %(now)s FROM unnest(%(providers)s::text[], %(ids)s::text[], %(outcomes)s::text[], %(words)s::text[])
ON CONFLICT DO NOTHING
"""


def keep(heard: Sequence[Heard]) -> None:
    """As an outlet's ear, in a thread of its own."""
    close_old_connections()
    try:
        take(heard, timezone.now())
    finally:
        close_old_connections()


@atomic
def take(heard: Sequence[Heard], now: datetime) -> int:
    """Keeps those whose message is known, lets the others wait; returns how many were new. Safe to repeat."""
    unknown, kept = _settle(heard, now)
    if unknown:
        room = rules.EARLY_MOST - MassEarly.objects.count()
        if room < len(unknown):
            log.warning("receipts of no message dropped", n=len(unknown) - max(0, room))
        with connection.cursor() as cursor:
            cursor.execute(_WAIT, {**_columns(unknown[: max(0, room)]), "now": now})
    return kept


@atomic
def match_early(now: datetime) -> int:
    """Those that waited: kept now, if their message's answer was written down meanwhile. Returns how many were new."""
    rows = list(MassEarly.objects.select_for_update(skip_locked=True).order_by("pk"))
    if not rows:
        return 0
    heard = [
        Heard(row.provider, row.message_id, "delivered" if row.outcome == "delivered" else "failed", row.word)
        for row in rows
    ]
    unknown, kept = _settle(heard, now)
    left = {each[:2] for each in unknown}
    old = {row.pk for row in rows if now - row.at > rules.EARLY_KEPT}
    gone = [row.pk for row in rows if (row.provider, row.message_id) not in left or row.pk in old]
    MassEarly.objects.filter(pk__in=gone).delete()
    if foreign := sum((row.provider, row.message_id) in left for row in rows if row.pk in old):
        log.warning("receipts of no message dropped", n=foreign)
    return kept


def listen(now: datetime) -> None:
    """Connect to providers that still owe receipts, also after a restart; what waits is matched."""
    match_early(now)
    owed = MassBatch.objects.filter(claimed_at__gt=now - rules.RECEIPTS_FOR, asked__gt=F("delivered") + F("failed"))
    rows = Delivery.objects.all_worlds("a job serves every world").filter(pk__in=owed.values("delivery"))
    outlets = {row.outlet_id: row for row in rows.select_related("outlet")}
    for row in outlets.values():
        mass: Mass = port("outlet", row.outlet.channel)
        with suppress(NotDelivered):  # its address is wrong by now: the next sending says so
            mass.listen(address_of(row), keep, bind=True)


def _settle(heard: Sequence[Heard], now: datetime) -> tuple[list[Heard], int]:
    """(what belongs to no message that is known yet, how many were new)."""
    with connection.cursor() as cursor:
        cursor.execute(_MATCH, {**_columns(heard), "since": now - rules.RECEIPTS_FOR})
        found = cursor.fetchall()
        known = {(provider, name) for _, _, provider, name, *_ in found}
        kept: Counter[tuple[int, str]] = Counter()
        if found:
            # Two providers' connections may tell at the same time of one batch: one after the other, or both count.
            mine = MassBatch.objects.filter(pk__in={row[0] for row in found}).order_by("pk")
            list(mine.select_for_update().values_list("pk"))
            batches, places, _, _, outcomes, words = map(list, zip(*found, strict=True))
            cursor.execute(
                _KEEP, {"batches": batches, "places": places, "outcomes": outcomes, "words": words, "now": now}
            )
            for batch, outcome, n in cursor.fetchall():
                kept[batch, outcome] += n
    for batch, outcome in kept:
        n = kept[batch, outcome]
        MassBatch.objects.filter(pk=batch).update(**{outcome: F(outcome) + n})
    _tell({batch for batch, _ in kept})
    return [each for each in heard if each[:2] not in known], sum(kept.values())


def _tell(batches: set[int]) -> None:
    rows = Delivery.objects.all_worlds("a job serves every world").filter(batches__in=batches).distinct()
    for row in rows.select_related("bulletin"):
        live.touch(topics_of(row), row.world_id)


def _columns(heard: Sequence[Heard]) -> dict[str, list[str]]:
    return {
        "providers": [each.provider for each in heard],
        "ids": [each.message_id for each in heard],
        "outcomes": [each.outcome for each in heard],
        "words": [each.word[:60] for each in heard],
    }
