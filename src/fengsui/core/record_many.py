"""`announce` for many rows at once: the same event, audit row and chain each, one NOTIFY for all."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils import timezone

from fengsui.core import live
from fengsui.core.record import NotInTransaction, event_name, handlers_of, plain
from fengsui.core.record_text import canonical, digest, row_body
from fengsui.kernel.actor import Actor

BATCH = 1000
EVENT = (
    "id", "name", "payload", "world_id", "about_type", "about_id", "correlation", "at", "person_id", "system",
)  # fmt: skip
ROW = (
    "subject", "n", "event_id", "at", "verb", "person_id", "system", "world_id", "correlation",
    "facts", "algorithm", "prev_hash", "hash",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Told:
    """One event about one row: `kind` is the row's label (`places.shelter`), `key` its key as text.

    by: who did this one, where they are not all of one chain or world.
    """

    event: Any
    kind: str
    key: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    by: Actor | None = None


def announce_many(told: Iterable[Told], *, by: Actor, topics: tuple[str, ...] = ()) -> int:
    """Record all of them; returns how many. The same subject twice in one batch keeps its order.

    Raises NotInTransaction outside `atomic`. The rows' world is the caller's to check: there are no model instances.
    """
    if not connection.in_atomic_block:
        raise NotInTransaction("core.announce.not_in_transaction")
    count, subjects = 0, set[str]()
    batch: list[Told] = []
    touched: dict[UUID, set[str]] = {}
    keys: dict[tuple[str, UUID], list[str]] = {}
    for each in told:
        subject = f"{each.kind}:{each.key}"
        if len(batch) == BATCH or subject in subjects:
            _write(batch, by)
            batch, subjects = [], set()
        batch.append(each)
        subjects.add(subject)
        world = (each.by or by).world
        touched.setdefault(world, set()).add(each.kind.split(".")[0])
        keys.setdefault((each.kind, world), []).append(each.key)
        count += 1
    if batch:
        _write(batch, by)
    if count:
        for world, apps in touched.items():
            live.touch({*apps, *topics}, world)
        from fengsui.core.find import keeping

        for (kind, world), listed in keys.items():
            keeping.touched(kind, listed, world)
    return count


def _write(batch: Sequence[Told], by: Actor) -> None:
    at, algorithm = timezone.now(), settings.FENGSUI_HASH
    done_by = [each.by or by for each in batch]
    subjects = [f"{each.kind}:{each.key}" for each in batch]
    with connection.cursor() as cursor:
        # Sorted, so that two batches over the same subjects take the heads' locks in one order.
        cursor.execute(
            "INSERT INTO core_audithead (subject, n, hash) SELECT s, 1, '' FROM unnest(%s::text[]) s ORDER BY s "
            "ON CONFLICT (subject) DO UPDATE SET n = core_audithead.n + 1 RETURNING subject, n, hash",
            [subjects],
        )
        heads = {subject: (n, prev) for subject, n, prev in cursor.fetchall()}
        names = [event_name(each.event) for each in batch]
        payloads = [plain(each.event) for each in batch]
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('core_storedevent', 'id')) FROM generate_series(1, %s)", [len(batch)]
        )
        ids = sorted(row[0] for row in cursor.fetchall())
        with cursor.copy(f"COPY core_storedevent ({', '.join(EVENT)}) FROM STDIN") as copy:
            for number, name, payload, each, who in zip(ids, names, payloads, batch, done_by, strict=True):
                told = json.dumps(payload, ensure_ascii=False)
                about = (each.kind, each.key)
                copy.write_row((number, name, told, who.world, *about, who.correlation, at, who.person, who.system))
        rows: list[tuple[Any, ...]] = []
        listed = zip(ids, batch, subjects, names, payloads, done_by, strict=True)
        for number, each, subject, name, payload, who in listed:
            n, prev = heads[subject]
            told = canonical(
                {
                    "payload": payload,
                    "before": plain(each.before),
                    "after": plain(each.after),
                    "posts": sorted(str(post) for post in who.posts),
                    "source": who.source,
                    "reason": who.reason,
                }
            )
            actor = (who.person, who.system, who.world, who.correlation)
            body = row_body(n, subject, at, name, *actor, told)
            sealed = digest(algorithm, prev, body)
            rows.append((subject, n, number, at, name, *actor, told, algorithm, prev, sealed))
        with cursor.copy(f"COPY core_auditrow ({', '.join(ROW)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute(
            "UPDATE core_audithead a SET hash = t.hash FROM unnest(%s::text[], %s::text[]) AS t(subject, hash) "
            "WHERE a.subject = t.subject",
            [subjects, [row[-1] for row in rows]],
        )
    for number, name in zip(ids, names, strict=True):
        if handlers := handlers_of(name):
            from fengsui.core.jobs import handle_event

            for handler in handlers:
                handle_event.defer(event_id=number, handler=handler)
