"""If-Match for changes of an object that has versions."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from fengsui.core.api.problems import PreconditionFailed, PreconditionRequired
from fengsui.core.web.conditional import matches


def check_match(request: HttpRequest, etag: str, *, needed: bool = False, **facts: Any) -> None:
    """Raises PreconditionFailed("core.api.changed"), PreconditionRequired("core.api.needs_match") where `needed`."""
    found = matches(request, etag)
    if found is False:
        raise PreconditionFailed("core.api.changed", **facts)
    if found is None and needed:
        raise PreconditionRequired("core.api.needs_match")


def tagged(response: HttpResponse, etag: str) -> None:
    response.headers["ETag"] = etag
