"""Edges of a request: correlation id, server time, and coded errors turned into pages."""

from __future__ import annotations

import time
from collections.abc import Callable
from uuid import UUID, uuid4

import structlog
from django.db import DataError
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.shortcuts import render
from psycopg.errors import StringDataRightTruncation

from fengsui.core import wording
from fengsui.core.metrics import REQUESTS
from fengsui.kernel.errors import FengsuiError, Invalid

Respond = Callable[[HttpRequest], HttpResponse]
log = structlog.get_logger(__name__)


def chain(get_response: Respond) -> Respond:
    """Each request starts a chain (or continues the one it names); its number stands on error pages and in logs."""

    def handle(request: HttpRequest) -> HttpResponse:
        try:
            correlation = UUID(request.headers.get("X-Correlation-Id", ""))
        except ValueError:
            correlation = uuid4()
        request.correlation = correlation  # type: ignore[attr-defined]  # set on the request by our middleware
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(correlation=str(correlation))
        started = time.perf_counter()
        response = get_response(request)
        spent = time.perf_counter() - started
        match = request.resolver_match
        REQUESTS.labels(match.view_name if match else "-", request.method, response.status_code).observe(spent)
        response.headers["X-Correlation-Id"] = str(correlation)
        response.headers.setdefault("Server-Timing", f"app;dur={spent * 1000:.1f}")
        return response

    return handle


def _holds_nul(request: HttpRequest) -> bool:
    if request.method != "POST":
        return False
    try:
        return any("\0" in text for _name, each in request.POST.lists() for text in each)
    except UnreadablePostError:  # the sender is gone: the view hears of it when it reads
        return False


class CodedErrors:
    """A rule's refusal becomes a page, or a fragment for htmx, that says what, why and what to do."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "%00" in request.META.get("QUERY_STRING", "") or _holds_nul(request):
            # PostgreSQL cannot hold it and no person types it; every search of every page would have to think of it.
            context = {"status": 400, "said": None, "number": str(request.correlation)[:8]}  # type: ignore[attr-defined]  # set on the request by our middleware
            return render(request, "ui/error.html", context, status=400)
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, DataError) and isinstance(error.__cause__, StringDataRightTruncation):
            log.warning("request.too_long", path=request.resolver_match.view_name if request.resolver_match else "-")
            error = Invalid("core.request.too_long")
        if not isinstance(error, FengsuiError):
            return None
        log.info("request.refused", code=error.code, status=error.status)
        said = wording.say(error)
        context = {"said": said, "status": error.status, "number": str(request.correlation)[:8]}  # type: ignore[attr-defined]  # set on the request by our middleware
        template = "ui/_error_part.html" if request.headers.get("HX-Request") else "ui/error.html"
        return render(request, template, context, status=error.status)


coded_errors = CodedErrors
