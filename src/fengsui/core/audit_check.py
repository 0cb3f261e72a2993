"""`./fengsui verify-audit`: proves that nothing in the record was changed, removed or inserted, or says which row."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from fengsui.core.models import AuditCheckpoint, AuditHead, AuditRow, StoredEvent
from fengsui.core.record_text import canonical, digest, row_body


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with which row. kind: changed, removed, inserted, event, head, checkpoint."""

    kind: str
    subject: str
    n: int
    detail: str


EVENT_COLUMNS = ("name", "world_id", "correlation", "at", "person_id", "system", "about_type", "about_id")
LENGTH = len(EVENT_COLUMNS)


def _same(body: list[Any], told: tuple[Any, ...]) -> bool:
    """Whether the event stands as its audit row, which is hashed, says."""
    subject, _n, at, verb, person, system, world, correlation, _facts = body
    *facts, about_type, about_id = told
    return facts == [verb, world, correlation, at, person, system] and f"{about_type}:{about_id}" == subject


def faults() -> Iterator[Fault]:
    """Walk every chain in order; memory stays flat. Yields each fault found.

    Everything is read as it stood at one moment: on a running platform heads would else be older than their chains.
    """
    if connection.in_atomic_block:
        yield from _faults()
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield from _faults()


def _faults() -> Iterator[Fault]:
    heads = dict(AuditHead.objects.values_list("subject", "hash"))
    counts = dict(AuditHead.objects.values_list("subject", "n"))
    subject, n, prev = "", 0, ""
    columns = ("subject", "n", "at", "verb", "person_id", "system", "world_id", "correlation", "facts")
    rows = AuditRow.objects.order_by("subject", "n").values_list(
        *columns, "algorithm", "prev_hash", "hash", "event__payload", *(f"event__{name}" for name in EVENT_COLUMNS)
    )
    for row in rows.iterator(chunk_size=5000):
        (*body, algorithm, prev_hash, sealed, payload), told = row[:-LENGTH], row[-LENGTH:]
        if body[0] != subject:
            yield from _ended(subject, n, prev, heads, counts)
            subject, n, prev = body[0], 0, ""
        if body[1] != n + 1:
            yield Fault("removed", subject, n + 1, _("第 %(a)d 至 %(b)d 条不在") % {"a": n + 1, "b": body[1] - 1})
        elif prev_hash != prev:
            yield Fault("inserted", subject, body[1], _("前一条的校验值与上一行不符"))
        n_here = body[1]
        text = row_body(n_here, subject, body[2], body[3], body[4], body[5], body[6], body[7], body[8])
        if digest(algorithm, prev_hash, text) != sealed:
            yield Fault("changed", subject, n_here, _("%(verb)s 的内容与校验值不符") % {"verb": body[3]})
        elif canonical(json.loads(body[8])["payload"]) != canonical(payload) or not _same(body, told):
            yield Fault("event", subject, n_here, _("%(verb)s 的事件与审计不符") % {"verb": body[3]})
        n, prev = n_here, sealed
    yield from _ended(subject, n, prev, heads, counts)
    for gone in sorted(heads):
        yield Fault("removed", gone, 1, _("整条链不在，应有 %(n)d 条") % {"n": counts[gone]})
    yield from _bare_events()
    yield from _checkpoint_faults()


def _bare_events() -> Iterator[Fault]:
    """Events whose audit row is gone: names a chain that was cut, or that vanished together with its head."""
    bare = StoredEvent.objects.filter(audit__isnull=True).order_by("pk")
    for pk, name, about_type, about_id in bare.values_list("pk", "name", "about_type", "about_id").iterator():
        yield Fault("event", f"{about_type}:{about_id}", pk, _("事件 %(name)s 在，它的审计不在") % {"name": name})


def _ended(subject: str, n: int, prev: str, heads: dict[str, str], counts: dict[str, int]) -> Iterator[Fault]:
    if not subject:
        return
    expected, total = heads.pop(subject, None), counts.get(subject, 0)
    if expected is None:
        yield Fault("inserted", subject, 1, _("链头不在册"))
    elif n < total:
        yield Fault("removed", subject, n + 1, _("链尾缺 %(n)d 条") % {"n": total - n})
    elif n > total:
        yield Fault("inserted", subject, total + 1, _("链尾多 %(n)d 条") % {"n": n - total})
    elif expected != prev:
        yield Fault("head", subject, n, _("链头校验值与末条不符"))


def _seal(last_id: int) -> tuple[int, str]:
    """Count and digest over the rows up to `last_id`, in the database's order of ids."""
    state, rows = hashlib.sha256(), 0
    found = AuditRow.objects.filter(pk__lte=last_id).order_by("pk").values_list("hash", flat=True)
    for sealed in found.iterator(chunk_size=10000):
        state.update(sealed.encode())
        rows += 1
    return rows, state.hexdigest()


def make_checkpoint(now: datetime) -> AuditCheckpoint | None:
    """Seal everything so far. The short table lock makes sure that every smaller id is committed or gone."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT core_hold_audit()")  # SHARE MODE, which only the owner may take
        last_id = AuditRow.objects.order_by("-pk").values_list("pk", flat=True).first()
        if last_id is None:
            return None
        rows, sealed = _seal(last_id)
        prev = AuditCheckpoint.objects.order_by("-pk").values_list("hash", flat=True).first() or ""
        body = canonical([now.astimezone(UTC).isoformat(), last_id, rows, sealed])
        return AuditCheckpoint.objects.create(
            made_at=now, last_id=last_id, rows=rows, digest=sealed, prev_hash=prev, hash=digest("sha256", prev, body)
        )


def _checkpoint_faults() -> Iterator[Fault]:
    prev = ""
    for point in AuditCheckpoint.objects.order_by("pk"):
        body = canonical([point.made_at.astimezone(UTC).isoformat(), point.last_id, point.rows, point.digest])
        if point.prev_hash != prev or digest("sha256", prev, body) != point.hash:
            yield Fault("checkpoint", str(point.made_at), point.pk, _("检查点被改动"))
        prev = point.hash
    if last := AuditCheckpoint.objects.order_by("-pk").first():
        rows, sealed = _seal(last.last_id)
        if (rows, sealed) != (last.rows, last.digest):
            yield Fault(
                "checkpoint",
                str(last.made_at),
                last.pk,
                _("封存 %(sealed)d 条，现有 %(now)d 条或内容不同") % {"sealed": last.rows, "now": rows},
            )


def main(argv: list[str]) -> int:
    """Print each fault; exit 0 only if there is none."""
    found = list(faults())
    for fault in found:
        where = _("第 %(n)d 条") % {"n": fault.n}
        print(f"✗ {fault.kind:10} {fault.subject} {where}：{fault.detail}")
    total = AuditRow.objects.count()
    said = _("%(rows)d 条审计记录，%(chains)d 条链，%(faults)d 处不符")
    print(said % {"rows": total, "chains": AuditHead.objects.count(), "faults": len(found)})
    return 1 if found else 0
