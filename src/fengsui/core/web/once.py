"""A press of a page that carries a key (`_once`, or the header) is done once, however often it arrives.

The browser draws the key when it first sends a form and keeps it until the answer came: a lost answer, a killed server
or a phone without network then lead to a repeat, never to a second report. The key is kept in the transaction that did
the work, for the person who pressed. A refusal keeps nothing: the same key may be used again when it is mended.

The queue of a phone (`QUEUED`) also says when its owner pressed; `made_at` gives that time to the view.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from fengsui.core import wording
from fengsui.core.api import idempotency
from fengsui.core.models import GivenAnswer
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import Refused

Respond = Callable[[HttpRequest], HttpResponse]
FIELD, HEADER, QUEUED, MADE = "_once", "X-Fengsui-Once", "X-Fengsui-Queued", "X-Fengsui-Made"
DONE = "fengsui_done"
"""Cookie: the last keys that were done, for the page to forget what had been typed."""
NOT_CONTENT = frozenset({"csrfmiddlewaretoken", FIELD, "_world"})
OLDEST = timedelta(days=7)
"""A report older than this is not sent by itself any more: its owner looks at it first."""
AT_ONCE = timedelta(minutes=1)


def made_at(request: HttpRequest, now: datetime) -> datetime | None:
    """When the person pressed, where that was earlier than it arrived: from the queue of a phone, by its own clock.

    None for an ordinary press, one that arrived at once, and one whose time cannot be right.
    """
    said = parse_datetime(request.headers.get(MADE, "")) if request.headers.get(QUEUED) else None
    if said is None or timezone.is_naive(said) or not now - OLDEST <= said <= now - AT_ONCE:
        return None
    return said


def once(get_response: Respond) -> Respond:
    """Innermost middleware: behind it stands the view alone, with its errors already turned into pages."""

    def handle(request: HttpRequest) -> HttpResponse:
        by: Actor | None = getattr(request, "actor", None)
        if request.method != "POST" or by is None or by.person is None:
            return get_response(request)
        key = request.headers.get(HEADER) or request.POST.get(FIELD, "")
        if not idempotency.KEY.fullmatch(key):
            return get_response(request)
        with transaction.atomic():
            answer = _once(request, get_response, by.person, key)
        return _for_queue(request, answer) if request.headers.get(QUEUED) else answer

    return handle


def _once(request: HttpRequest, get_response: Respond, person: UUID, key: str) -> HttpResponse:
    route = f"POST {request.path}"[:300]
    idempotency.alone(person, route, key, wait=True)
    digest = _digest(request)
    given = GivenAnswer.objects.filter(token=person, route=route, key=key).first()
    if given is not None and given.digest != digest:
        return _done(_of_other_content(request), request, f"~{key}")
    if given is not None:
        messages.info(request, _("这一步先前已经收到，没有重复办"))
        return _done(HttpResponseRedirect(given.headers.get("Location", "/")), request, key)
    answer = get_response(request)
    if answer.status_code >= 400 or hasattr(answer, "refused") or transaction.get_rollback():
        return answer
    # What a page answers to a press may hold a number or a secret: only where it leads to is kept.
    kept = HttpResponse(status=answer.status_code)
    kept.headers["Location"] = answer.headers.get("Location") or _page(request)
    idempotency.keep(person, route, key, digest, kept, b"")
    return _done(answer, request, key)


def _page(request: HttpRequest) -> str:
    """The page of ours on which the form stood; what another site says of itself leads nowhere."""
    said = urlsplit(request.META.get("HTTP_REFERER", ""))
    inside = said.netloc == request.get_host() and said.path.startswith("/") and not said.path.startswith("//")
    return urlunsplit(("", "", said.path, said.query, "")) if inside else "/"


def _digest(request: HttpRequest) -> str:
    """What was sent, without the token of the page; a picture by its bytes (a repeat draws another boundary)."""
    said = hmac.new(settings.SECRET_KEY.encode(), b"once:", hashlib.sha256)
    for name, values in sorted(request.POST.lists()):
        if name not in NOT_CONTENT:
            said.update(f"{name}={values!r}\n".encode())
    for name, files in sorted(request.FILES.lists()):
        for file in files:
            said.update(f"{name}:{file.size}\n".encode())
            for chunk in file.chunks():
                said.update(chunk)
            file.seek(0)
    return said.hexdigest()


def _of_other_content(request: HttpRequest) -> HttpResponse:
    refused = Refused("core.once.other_content")
    words = wording.say(refused)
    context = {"said": words, "status": refused.status, "number": str(request.correlation)[:8]}  # type: ignore[attr-defined]  # set on the request by our middleware
    return render(request, "ui/error.html", context, status=refused.status)


def _done(answer: HttpResponse, request: HttpRequest, told: str) -> HttpResponse:
    """Tell the page by a cookie that this key is done (`~` before it: used up by another content). Lives a minute."""
    before = [each for each in request.COOKIES.get(DONE, "").split(".") if idempotency.KEY.fullmatch(each)]
    answer.set_cookie(DONE, ".".join([*before[-3:], told]), max_age=60, samesite="Lax", secure=request.is_secure())
    return answer


def _for_queue(request: HttpRequest, answer: HttpResponse) -> HttpResponse:
    """What became of it, as the queue understands it; a page that explains a refusal is passed on as it is."""
    list(messages.get_messages(request))  # said in the queue's own list, not on whatever page comes next
    refused = getattr(answer, "refused", None)
    if refused is not None:
        return JsonResponse({"what": refused.what, "todo": refused.todo}, status=409)
    if answer.status_code >= 400:
        return answer
    told = JsonResponse({"to": answer.headers.get("Location", "")})
    told.cookies = answer.cookies
    return told
