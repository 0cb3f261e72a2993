"""Idempotency-Key: the same key with the same body is done once and answered alike.

The answer is kept in the transaction that did the work: both are there, or neither. A refusal undoes everything, its
key too, so that it can be used again once what stood in the way is gone. One key belongs to one holder (a token, or the
person of a page: core.web.once) and one address.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from fengsui.core.api.bearer import Bearer
from fengsui.core.models import GivenAnswer
from fengsui.kernel.errors import Invalid, Refused

HEADER = "Idempotency-Key"
KEPT = timedelta(hours=24)
KEPT_OF_PAGES = timedelta(days=30)
"""A phone may lie without network for days and then send again what had arrived [U]."""
KEY = re.compile(r"[A-Za-z0-9._-]{8,64}")
_KEPT_HEADERS = ("ETag", "Location")


def once(request: HttpRequest, bearer: Bearer, run: Callable[[], HttpResponse]) -> HttpResponse:
    """Run in one transaction, which a refusal undoes.

    Raises Invalid("core.api.bad_key" | "core.api.key_other_body"), Refused("core.api.key_in_use").
    """
    key = request.headers.get(HEADER)
    with transaction.atomic():
        if key is None:
            return _run(run)
        if not KEY.fullmatch(key):
            raise Invalid("core.api.bad_key", field=HEADER)
        route = f"{request.method} {request.path}"[:300]
        alone(bearer.token, route, key)
        digest = _digest(request, bearer)
        given = GivenAnswer.objects.filter(token=bearer.token, route=route, key=key).first()
        if given is not None and given.at > timezone.now() - KEPT:
            return _again(given, digest)
        if given is not None:
            given.delete()
        answer = _run(run)
        if answer.status_code < 400:
            keep(bearer.token, route, key, digest, answer, answer.content)
        return answer


def _run(run: Callable[[], HttpResponse]) -> HttpResponse:
    answer = run()
    if answer.status_code >= 400:
        transaction.set_rollback(True)
    return answer


def alone(holder: UUID, route: str, key: str, *, wait: bool = False) -> None:
    """A named lock until the end of the transaction. Who comes while it is held is told at once, or waits his turn.

    Raises Refused("core.api.key_in_use") unless `wait`.
    """
    name = f"core.api:{holder}:{route}:{key}"
    with connection.cursor() as cursor:
        if wait:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 11))", [name])
            return
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 11))", [name])
        if not cursor.fetchone()[0]:
            raise Refused("core.api.key_in_use")


def _digest(request: HttpRequest, bearer: Bearer) -> str:
    """What was asked: the body, its conditions, and the world it is about."""
    said = "\n".join([str(bearer.by.world), request.META.get("QUERY_STRING", ""), request.headers.get("If-Match", "")])
    return hashlib.sha256(said.encode() + b"\n" + request.body).hexdigest()


def _again(given: GivenAnswer, digest: str) -> HttpResponse:
    if given.digest != digest:
        raise Invalid("core.api.key_other_body", field=HEADER)
    answer = HttpResponse(bytes(given.body), content_type=given.content_type, status=given.status)
    for name, value in given.headers.items():
        answer.headers[name] = value
    answer.headers["Idempotency-Replayed"] = "true"
    return answer


def keep(holder: UUID, route: str, key: str, digest: str, answer: HttpResponse, body: bytes) -> None:
    """Keep an answer in the transaction that did the work; `body` is as much of it as may be given again."""
    GivenAnswer.objects.create(
        token=holder,
        route=route,
        key=key,
        digest=digest,
        status=answer.status_code,
        content_type=answer.headers.get("Content-Type", "")[:80],
        headers={name: answer.headers[name] for name in _KEPT_HEADERS if name in answer.headers},
        body=body,
        at=timezone.now(),
    )


def forget(now: datetime) -> int:
    """Throw away answers that were kept long enough; returns how many."""
    of_programs = Q(route__contains=" /api/v1/")
    over = Q(of_programs, at__lt=now - KEPT) | Q(~of_programs, at__lt=now - KEPT_OF_PAGES)
    return GivenAnswer.objects.filter(over).delete()[0]
