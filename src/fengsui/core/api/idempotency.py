"""Idempotency-Key: the same key with the same body is done once and answered alike.

The answer is kept in the transaction that did the work: both are there, or neither. A refusal undoes everything, its
key too, so that it can be used again once what stood in the way is gone. One key belongs to one token and one address.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from fengsui.core.api.bearer import Bearer
from fengsui.core.models import GivenAnswer
from fengsui.kernel.errors import Invalid, Refused

HEADER = "Idempotency-Key"
KEPT = timedelta(hours=24)
_KEY = re.compile(r"[A-Za-z0-9._-]{8,64}")
_KEPT_HEADERS = ("ETag", "Location")


def once(request: HttpRequest, bearer: Bearer, run: Callable[[], HttpResponse]) -> HttpResponse:
    """Run in one transaction, which a refusal undoes.

    Raises Invalid("core.api.bad_key" | "core.api.key_other_body"), Refused("core.api.key_in_use").
    """
    key = request.headers.get(HEADER)
    with transaction.atomic():
        if key is None:
            return _run(run)
        if not _KEY.fullmatch(key):
            raise Invalid("core.api.bad_key", field=HEADER)
        route = f"{request.method} {request.path}"[:300]
        _alone(bearer, route, key)
        digest = _digest(request, bearer)
        given = GivenAnswer.objects.filter(token=bearer.token, route=route, key=key).first()
        if given is not None and given.at > timezone.now() - KEPT:
            return _again(given, digest)
        if given is not None:
            given.delete()
        answer = _run(run)
        if answer.status_code < 400:
            _keep(bearer, route, key, digest, answer)
        return answer


def _run(run: Callable[[], HttpResponse]) -> HttpResponse:
    answer = run()
    if answer.status_code >= 400:
        transaction.set_rollback(True)
    return answer


def _alone(bearer: Bearer, route: str, key: str) -> None:
    """A named lock until the end of the transaction; who comes while it is held is told, not kept waiting."""
    name = f"core.api:{bearer.token}:{route}:{key}"
    with connection.cursor() as cursor:
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


def _keep(bearer: Bearer, route: str, key: str, digest: str, answer: HttpResponse) -> None:
    GivenAnswer.objects.create(
        token=bearer.token,
        route=route,
        key=key,
        digest=digest,
        status=answer.status_code,
        content_type=answer.headers.get("Content-Type", ""),
        headers={name: answer.headers[name] for name in _KEPT_HEADERS if name in answer.headers},
        body=answer.content,
        at=timezone.now(),
    )


def forget(before: datetime) -> int:
    """Throw away answers older than `before`; returns how many."""
    return GivenAnswer.objects.filter(at__lt=before).delete()[0]
