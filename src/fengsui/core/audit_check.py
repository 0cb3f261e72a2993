"""`./fengsui verify-audit`: proves that nothing in the record was changed, removed or inserted, or says which row."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from django.db import connection, transaction
from django.utils.translation import gettext as _

from fengsui.core.models import AuditCheckpoint, AuditHead, AuditRow, StoredEvent
from fengsui.core.record_text import canonical, digest, row_text


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with which row. kind: changed, removed, inserted, event, head, checkpoint."""

    kind: str
    subject: str
    n: int
    detail: str


# Columns as the text that was hashed: turning a million rows into Python's times and keys and back took four times as
# long as hashing them. Whether the event stands as its row says is asked where both are.
COLUMNS = """
SELECT a.n, a.subject, to_char(a.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'), a.verb,
    coalesce(a.person_id::text, ''), a.system, a.world_id::text, a.correlation::text, a.facts,
    a.algorithm, a.prev_hash, a.hash, e.payload::text,
    (e.name, e.world_id, e.correlation, e.at, e.system, e.about_type || ':' || e.about_id)
        = (a.verb, a.world_id, a.correlation, a.at, a.system, a.subject)
        AND e.person_id IS NOT DISTINCT FROM a.person_id
"""
# Both tables in the order they were written, so that nothing is sorted; an event without audit has no subject.
ALL = f"{COLUMNS} FROM core_storedevent e LEFT JOIN core_auditrow a ON a.event_id = e.id ORDER BY e.id"
OF_SUBJECTS = (
    f"{COLUMNS} FROM core_auditrow a JOIN core_storedevent e ON e.id = a.event_id WHERE a.subject = ANY(%s) "
    "ORDER BY a.subject, a.n"
)
HASHED = 9
"""So many of the columns, from the first, are the text that was hashed."""
AT_ONCE = 1000
FIRST = (1, "")
SORTED = orjson.OPT_SORT_KEYS
PAYLOAD = b'"payload":'


def _same(facts: str, payload: str) -> bool:
    """Whether the event's content is the one that was hashed: 1, 1.0 and true are three."""
    try:
        hashed, stored = orjson.loads(facts)["payload"], orjson.loads(payload)
        return orjson.dumps(hashed, option=SORTED) == orjson.dumps(stored, option=SORTED)
    except ValueError:  # numbers beyond 64 bits: the slow way knows them
        with suppress(ValueError, LookupError, TypeError):
            return canonical(json.loads(facts)["payload"]) == canonical(json.loads(payload))
    except (LookupError, TypeError):
        pass
    return False  # what was hashed are no facts at all


def _holds(facts: str, payload: str) -> bool:
    """`_same`, without reading the facts where the event's content stands in them letter by letter.

    In JSON, PAYLOAD can stand as a key only. One of an inner object would be followed by the facts' own.
    """
    hashed = facts.encode()
    at = hashed.find(PAYLOAD)
    if at >= 0:
        try:
            spelt = orjson.dumps(orjson.loads(payload), option=SORTED)
        except ValueError:
            return _same(facts, payload)
        at += len(PAYLOAD)
        # An object has an end of its own; of a number more digits could follow.
        if spelt[:1] == b"{" and hashed.startswith(spelt, at) and hashed.find(PAYLOAD, at + len(spelt)) < 0:
            return True
    return _same(facts, payload)


def faults() -> Iterator[Fault]:
    """Prove every chain whole in one pass, and walk those that are not, row by row. Yields each fault found.

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
    doubtful, bare = _doubtful()
    if doubtful:
        yield from _walked(sorted(doubtful))
    if bare:
        yield from _bare_events()
    yield from _checkpoint_faults()


def _doubtful() -> tuple[set[str], bool]:
    """Subjects whose chain is not proved whole by one pass over the record, and whether an event has no audit.

    The server reads and sends while we hash. Every row is hashed here, whatever the database says of it. Memory holds
    the last hash of every chain. A chain that has its rows in another order than its numbers is no fault: it is walked.
    """
    last: dict[str, tuple[int, str]] = {}
    doubtful, bare, expected = set[str](), False, last.get
    with connection.cursor() as cursor:
        for row in cursor.stream(ALL, size=AT_ONCE):
            n, subject, *_columns, facts, algorithm, prev, sealed, payload, alike = row
            if subject is None:
                bare = True
                continue
            if (
                (n, prev) != expected(subject, FIRST)
                or not alike
                or _hashed(algorithm, prev, row) != sealed
                or not _holds(facts, payload)
            ):
                doubtful.add(subject)
            last[subject] = (n + 1, sealed)
        for subject, n, sealed in cursor.stream("SELECT subject, n + 1, hash FROM core_audithead", size=AT_ONCE):
            if last.pop(subject, None) != (n, sealed):
                doubtful.add(subject)
    return doubtful | last.keys(), bare


def _hashed(algorithm: str, prev: str, row: tuple[Any, ...]) -> str:
    """`digest` of the row's text; orjson spells such a list as `canonical` does, in a tenth of the time."""
    text = b"%b\n%b" % (prev.encode(), orjson.dumps(row[:HASHED]))
    return (hashlib.sha256(text) if algorithm == "sha256" else hashlib.new(algorithm, text)).hexdigest()


def _walked(subjects: list[str]) -> Iterator[Fault]:
    """Each fault of these chains by row, in order."""
    found = AuditHead.objects.filter(subject__in=subjects)
    heads, counts = dict(found.values_list("subject", "hash")), dict(found.values_list("subject", "n"))
    subject, n, prev = "", 0, ""
    for row in _rows(subjects):
        *body, algorithm, prev_hash, sealed, payload, alike = row
        n_here = body[0]
        if body[1] != subject:
            yield from _ended(subject, n, prev, heads, counts)
            subject, n, prev = body[1], 0, ""
        if n_here != n + 1:
            yield Fault("removed", subject, n + 1, _("第 %(a)d 至 %(b)d 条不在") % {"a": n + 1, "b": n_here - 1})
        elif prev_hash != prev:
            yield Fault("inserted", subject, n_here, _("前一条的校验值与上一行不符"))
        verb, facts = body[3], body[8]
        if digest(algorithm, prev_hash, row_text(*body)) != sealed:
            yield Fault("changed", subject, n_here, _("%(verb)s 的内容与校验值不符") % {"verb": verb})
        elif not alike or not _same(facts, payload):
            yield Fault("event", subject, n_here, _("%(verb)s 的事件与审计不符") % {"verb": verb})
        n, prev = n_here, sealed
    yield from _ended(subject, n, prev, heads, counts)
    for gone in sorted(heads):
        yield Fault("removed", gone, 1, _("整条链不在，应有 %(n)d 条") % {"n": counts[gone]})


def _rows(subjects: list[str]) -> Iterator[tuple[Any, ...]]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(OF_SUBJECTS, [subjects])
        while rows := cursor.fetchmany(AT_ONCE):
            yield from rows


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
