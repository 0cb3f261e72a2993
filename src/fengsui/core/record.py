"""The record. `announce` writes, in the caller's transaction: event, audit row, handler jobs, what the subject is found
by; NOTIFY at commit."""

from __future__ import annotations

import dataclasses
import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, models
from django.utils import timezone

from fengsui.core import live
from fengsui.core.models import StoredEvent
from fengsui.core.record_text import canonical, digest, row_body
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import FengsuiError

Handler = Callable[[Any, Actor], None]
_handlers: dict[str, dict[str, Handler]] = defaultdict(dict)
_event_types: dict[str, type] = {}


class NotInTransaction(FengsuiError):
    """`announce` outside a transaction could record what never happened."""

    status = 500


def event_name(event: object | type) -> str:
    """`alerts.BulletinIssued` for fengsui.apps.alerts.events.BulletinIssued; `core.…` for those of core."""
    kind = event if isinstance(event, type) else type(event)
    parts = kind.__module__.split(".")
    home = parts[parts.index("apps") + 1] if "apps" in parts else parts[1]
    name = f"{home}.{kind.__name__}"
    _event_types.setdefault(name, kind)
    return name


def on(*kinds: type) -> Callable[[Handler], Handler]:
    """Register a reaction: `@on(BulletinIssued)` above `def deliver(event, by)` in an app's handlers.py."""

    def register(handler: Handler) -> Handler:
        for kind in kinds:
            _handlers[event_name(kind)][f"{handler.__module__}.{handler.__name__}"] = handler
        return handler

    return register


def handlers_of(name: str) -> Mapping[str, Handler]:
    return _handlers.get(name, {})


_PLAIN = frozenset({str, int, float, bool, type(None)})


def plain(value: Any) -> Any:
    """A value as JSON can hold it: exact decimals as text, times with offset, rows as their keys."""
    if type(value) in _PLAIN:  # nearly every value: asked first, since rows are announced by the thousand
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID | Decimal):
        return str(value)
    if isinstance(value, Enum):
        return value.name.lower()
    if isinstance(value, models.Model):
        return str(value.pk)
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each) for each in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        # Not asdict: that copies every value first.
        return {part.name: plain(getattr(value, part.name)) for part in dataclasses.fields(value)}
    return value


def subject_of(about: models.Model) -> tuple[str, str]:
    return about._meta.label_lower, str(about.pk)


def announce(
    event: Any,
    *,
    about: models.Model,
    by: Actor,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    topics: tuple[str, ...] = (),
) -> int:
    """Record that `event` happened to `about`, done `by`; returns the event's number.

    Raises NotInTransaction outside `atomic`, FengsuiError("core.announce.other_world") when the row lives in
    another world than the actor.
    """
    if not connection.in_atomic_block:
        raise NotInTransaction("core.announce.not_in_transaction")
    row_world = getattr(about, "world_id", by.world)
    if row_world != by.world:
        raise FengsuiError("core.announce.other_world", about=str(about.pk))
    name, (kind, key), at = event_name(event), subject_of(about), timezone.now()
    payload = plain(event)
    facts = canonical(
        {
            "payload": payload,
            "before": plain(before or {}),
            "after": plain(after or {}),
            "posts": sorted(str(post) for post in by.posts),
            "source": by.source,
            "reason": by.reason,
        }
    )
    heard = live.told({kind.split(".")[0], f"{kind}:{key}", "desk", *topics}, by.world)
    number = _write(name, payload, facts, kind, key, at, by, heard)
    if _handlers.get(name):
        from fengsui.core.jobs import handle_event

        for handler in _handlers[name]:
            handle_event.defer(event_id=number, handler=handler)
    from fengsui.core.find import keeping

    keeping.touched(kind, [key], row_world)
    return number


def _write(name: str, payload: Any, facts: str, kind: str, key: str, at: datetime, by: Actor, heard: str = "") -> int:
    """Event, audit row, head and NOTIFY. PostgreSQL hashes what it can, the text is ours either way."""
    stored, subject = json.dumps(payload, ensure_ascii=False), f"{kind}:{key}"
    if settings.FENGSUI_HASH != "sha256":
        return _write_in_two(name, stored, facts, kind, key, at, by, heard)
    said = row_body(1, subject, at, name, by.person, by.system, by.world, by.correlation, facts).removeprefix("[1,")
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT core_announce({', '.join(['%s'] * 14)})",
            [
                *(name, stored, subject, kind, key, by.world, by.correlation, at, by.person, by.system, facts, said),
                *(live.CHANNEL, heard),
            ],
        )
        return int(cursor.fetchone()[0])


def _write_in_two(name: str, stored: str, facts: str, kind: str, key: str, at: datetime, by: Actor, heard: str) -> int:
    """For an algorithm that PostgreSQL does not know: numbers first, then what was hashed here."""
    subject, algorithm = f"{kind}:{key}", settings.FENGSUI_HASH
    with connection.cursor() as cursor:
        # The heads row is the chain's lock: number and previous hash are drawn under it, never from "the last row".
        cursor.execute(
            "INSERT INTO core_audithead (subject, n, hash) VALUES (%s, 1, '') "
            "ON CONFLICT (subject) DO UPDATE SET n = core_audithead.n + 1 RETURNING n, hash",
            [subject],
        )
        n, prev = cursor.fetchone()
        body = row_body(n, subject, at, name, by.person, by.system, by.world, by.correlation, facts)
        sealed = digest(algorithm, prev, body)
        cursor.execute(
            "WITH e AS (INSERT INTO core_storedevent "
            "(name, payload, world_id, about_type, about_id, correlation, at, person_id, system) "
            "VALUES (%s, %s::jsonb, %s, %s, %s, %s, %s, %s, %s) RETURNING id), "
            "h AS (UPDATE core_audithead SET hash = %s WHERE subject = %s), "
            "t AS (SELECT pg_notify(%s, %s) WHERE %s <> '') "
            "INSERT INTO core_auditrow (subject, n, event_id, at, verb, person_id, system, world_id, correlation, "
            "facts, algorithm, prev_hash, hash) "
            "SELECT %s, %s, e.id, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s FROM e LEFT JOIN t ON true RETURNING event_id",
            [
                *(name, stored, by.world, kind, key, by.correlation, at, by.person, by.system, sealed, subject),
                *(live.CHANNEL, heard, heard),
                *(subject, n, at, name, by.person, by.system, by.world, by.correlation),
                *(facts, algorithm, prev, sealed),
            ],
        )
        return int(cursor.fetchone()[0])


def rebuild(stored: StoredEvent) -> Any:
    """The event object of a stored row, its fields in their declared types."""
    kind = _event_types[stored.name]
    hints = {field.name: field.type for field in dataclasses.fields(kind)}
    return kind(**{key: _typed(hints.get(key, ""), value) for key, value in stored.payload.items() if key in hints})


def _typed(hint: Any, value: Any) -> Any:
    text = hint if isinstance(hint, str) else getattr(hint, "__name__", str(hint))
    if value is None:
        return None
    if "UUID" in text and isinstance(value, str):
        return UUID(value)
    if "datetime" in text and isinstance(value, str):
        return datetime.fromisoformat(value)
    if text.startswith("tuple") and isinstance(value, list):
        return tuple(UUID(each) for each in value) if "UUID" in text else tuple(value)
    return value
