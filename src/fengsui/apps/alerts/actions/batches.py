"""Batches of a mass sending: who is on the list, what may be out, who holds a batch.

A batch belongs to whoever holds its named lock, which the database lets go of with the connection: a killed worker's
batch is found claimed and free, and what it had out is uncertain.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import chain
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet, Sum

from fengsui.apps.alerts import mass_rules as rules
from fengsui.apps.alerts.models import Delivery, MassAttempt, MassBatch
from fengsui.kernel.ports.mass import Told

LOST = "process ended"
_REGISTERED = """
SELECT number FROM alerts_recipient WHERE area_code = ANY(%(around)s) OR area_code LIKE %(inside)s
"""
_REACHED = """
SELECT DISTINCT r.number FROM alerts_massbatch b
JOIN alerts_delivery d ON d.id = b.delivery_id
JOIN alerts_bulletin e ON e.id = d.bulletin_id
CROSS JOIN LATERAL (
    SELECT u.number FROM unnest(b.numbers) WITH ORDINALITY AS u(number, place) WHERE u.place - 1 IN (
        SELECT unnest(a.places) FROM alerts_massattempt a WHERE a.batch_id = b.id AND a.outcome IN ('sent', 'uncertain')
    )
) AS r
WHERE e.warning_id = %(warning)s AND e.sequence < %(sequence)s AND d.outlet_id = %(outlet)s
"""
_MAKE = """
INSERT INTO alerts_massbatch
    (delivery_id, n, state, numbers, size, sent, refused, uncertain, settled, asked, delivered, failed, providers,
    "out")
SELECT %(delivery)s, g, 'waiting', array_agg(number ORDER BY number), count(*), 0, 0, 0, 0, 0, 0, 0, '{{}}', '{{}}'
FROM (SELECT number, (row_number() OVER (ORDER BY number) - 1) / %(batch)s AS g FROM ({}) AS told) AS listed GROUP BY g
"""
_KEEP = """
WITH kept AS (
    UPDATE alerts_massbatch SET "out" = string_to_array(%(out)s, '|')::smallint[], sent = sent + %(sent)s,
        refused = refused + %(refused)s, uncertain = uncertain + %(uncertain)s, settled = settled + %(settled)s,
        asked = asked + %(asked)s
    WHERE id = %(batch)s AND claim = %(claim)s RETURNING id
), told AS (
    INSERT INTO alerts_massattempt (batch_id, places, at, provider, outcome, reason, message_ids, asked)
    SELECT kept.id, string_to_array(t.places, '|')::smallint[], clock_timestamp(), t.provider, t.outcome, t.reason,
        string_to_array(t.message_ids, '|'), t.asked
    FROM kept, unnest(
        %(places)s::text[], %(providers)s::text[], %(outcomes)s::text[], %(reasons)s::text[],
        %(message_ids)s::text[], %(asks)s::boolean[]
    ) AS t(places, provider, outcome, reason, message_ids, asked)
)
SELECT count(*) FROM kept
"""


class ClaimLost(Exception):
    """Somebody else has the batch: our connection to the database was gone for a while. Nothing more may be sent."""


def again() -> bool:
    """Whether what is uncertain is sent once more."""
    return bool(settings.FENGSUI_SMS_UNCERTAIN == "again")


def make(row: Delivery, *, registered: bool) -> int:
    """The list of a delivery in batches, each number once; how many numbers. `registered`: the outlet reaches the area
    at this level, so whoever registered hears of it; whoever was reached before hears of it in any case."""
    bulletin = row.bulletin
    parts = [_REACHED]
    if registered and rules.is_whole(bulletin.kind):
        parts.append(_REGISTERED)
    facts: dict[str, Any] = {
        "delivery": row.pk,
        "batch": rules.BATCH,
        "around": rules.hears_of(bulletin.area_code),
        "inside": f"{bulletin.area_code}%",
        "warning": bulletin.warning_id,
        "sequence": bulletin.sequence,
        "outlet": row.outlet_id,
    }
    with connection.cursor() as cursor:
        cursor.execute(_MAKE.format(" UNION ".join(parts)), facts)
    return total(row)


def total(row: Delivery) -> int:
    return int(MassBatch.objects.filter(delivery=row).aggregate(n=Sum("size"))["n"] or 0)


def earlier_under_way(row: Delivery) -> bool:
    """Whether somebody is sending an earlier bulletin of the warning by this outlet at this moment.

    What a killed worker left is taken up here: who was reached must be known before a withdrawal's list is made.
    """
    claimed = MassBatch.objects.filter(
        delivery__bulletin__warning_id=row.bulletin.warning_id,
        delivery__bulletin__sequence__lt=row.bulletin.sequence,
        delivery__outlet_id=row.outlet_id,
        state="claimed",
    )
    for batch in claimed.order_by("pk"):
        if not hold(batch.pk, transaction=True):
            return True
        fresh = MassBatch.objects.select_for_update().get(pk=batch.pk)
        if fresh.state == "claimed":
            recover(fresh)
            release(fresh)
    return False


def hold(batch: int, *, transaction: bool = False) -> bool:
    """Whether the batch is ours now: until `let_go` or the connection's end, or until the transaction's."""
    lock = "pg_try_advisory_xact_lock" if transaction else "pg_try_advisory_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {lock}(hashtextextended(%s, 7))", [f"alerts.batch:{batch}"])
        return bool(cursor.fetchone()[0])


def let_go() -> None:
    """Of all batches that this connection holds: a job has one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock_all()")


def take(delivery: UUID, now: datetime) -> MassBatch | None:
    """The next batch of a delivery, held and claimed: one that a killed worker left first. In a transaction."""
    rows: QuerySet[MassBatch] = MassBatch.objects.filter(delivery_id=delivery).order_by("n")
    for state in ("claimed", "waiting"):
        # Several are looked at, without their numbers: what is held by a worker that lives is passed over.
        some = rows.filter(state=state).select_for_update(skip_locked=True).values_list("pk", flat=True)
        for pk in some[: rules.LOCKS + 1]:
            if not hold(pk):
                continue
            batch = MassBatch.objects.get(pk=pk)
            if state == "claimed":
                recover(batch)
            batch.state, batch.claim, batch.claimed_at = "claimed", uuid4(), now
            batch.save(update_fields=["state", "claim", "claimed_at"])
            return batch
    return None


def recover(batch: MassBatch) -> None:
    """What its worker had out when it was killed is uncertain: that, and nothing else."""
    batch.claim = uuid4()
    batch.save(update_fields=["claim"])
    if batch.out:
        keep(batch, [Told(place, "", "uncertain", LOST) for place in batch.out], ())
        batch.refresh_from_db()


def keep(batch: MassBatch, told: Sequence[Told], out: Sequence[int]) -> None:
    """What was answered and what may be out from now on, in one statement. Raises ClaimLost."""
    alike: dict[tuple[str, str, str, bool], list[Told]] = {}
    for each in told:
        asked = each.asked and each.reference != ""
        alike.setdefault((each.provider, each.outcome, each.reason[:60], asked), []).append(each)
    counted: Counter[str] = Counter()
    for (_, outcome, *_), some in alike.items():
        counted[outcome] += len(some)
    repeats = again()
    facts = {
        "out": _joined(out),
        "batch": batch.pk,
        "claim": batch.claim,
        **{outcome: counted[outcome] for outcome in ("sent", "refused", "uncertain")},
        "settled": sum(n for outcome, n in counted.items() if rules.settles(outcome, repeats)),
        "places": [_joined(each.place for each in some) for some in alike.values()],
        "providers": [provider for provider, *_ in alike],
        "outcomes": [outcome for _, outcome, *_ in alike],
        "reasons": [reason for _, _, reason, _ in alike],
        "asks": [asked for *_, asked in alike],
        "asked": sum(len(some) for (*_, asked), some in alike.items() if asked),
        # None where nobody has one: an empty text is cut to an empty array.
        "message_ids": [
            _joined(each.reference for each in some) if some[0].reference else "" for some in alike.values()
        ],
    }
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, facts)
        if cursor.fetchone()[0] != 1:
            raise ClaimLost


def _joined(values: Iterable[object]) -> str:
    """One text for the database to cut: an array's elements, each quoted, took a third of all our time [measured].

    A provider's word that holds the sign would shift the others.
    """
    known = list(map(str, values))
    joined = "|".join(known)
    if joined.count("|") >= max(1, len(known)):
        joined = "|".join(each.replace("|", "/") for each in known)
    return joined


def owed(batch: MassBatch) -> dict[int, str]:
    """Place -> number of everybody in the batch who is still to be told."""
    final = ["sent", "refused"] if again() else ["sent", "refused", "uncertain"]
    settled = MassAttempt.objects.filter(batch=batch, outcome__in=final).values_list("places", flat=True)
    return {place: batch.numbers[place] for place in rules.left(batch.size, chain.from_iterable(settled))}


def release(batch: MassBatch, *, stopped: bool = False, now: datetime | None = None) -> None:
    """Given back: done where nobody is owed anything, else waiting, or stopped for good; with its providers' counts."""
    counted: dict[str, Counter[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT provider, outcome, sum(cardinality(places))::int FROM alerts_massattempt WHERE batch_id = %s "
            "GROUP BY 1, 2", [batch.pk],
        )  # fmt: skip
        for provider, outcome, n in cursor.fetchall():
            counted.setdefault(provider, Counter())[outcome] += n
    batch.refresh_from_db(fields=["settled", "size"])
    done = batch.settled >= batch.size
    MassBatch.objects.filter(pk=batch.pk, claim=batch.claim).update(
        state="done" if done else "stopped" if stopped else "waiting",
        claim=None,
        providers={provider: dict(n) for provider, n in counted.items()},
        done_at=now if done else None,
    )
