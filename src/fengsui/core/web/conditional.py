"""Conditional requests (RFC 9110): strong ETags, 304 for who has it already, and one version seen before a change."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.http import http_date, parse_http_date_safe, quote_etag


def etag_of(*parts: Any) -> str:
    """A strong ETag of whatever tells two versions apart."""
    text = "\n".join(str(part) for part in parts)
    return quote_etag(hashlib.sha256(text.encode()).hexdigest()[:32])


def unchanged(request: HttpRequest, etag: str, at: datetime | None) -> bool:
    """Whether the asker has this version already."""
    changed = http_date(at.timestamp()) if at else ""
    return has_it(request.headers.get("If-None-Match", ""), request.headers.get("If-Modified-Since", ""), etag, changed)


def has_it(none_match: str, modified_since: str, etag: str, changed: str) -> bool:
    """If-None-Match decides where it is given, else If-Modified-Since; `changed` as in Last-Modified, "" unknown."""
    if none_match:
        return none_match.strip() == "*" or etag in {each.strip().removeprefix("W/") for each in none_match.split(",")}
    since, at = parse_http_date_safe(modified_since), parse_http_date_safe(changed)
    return since is not None and at is not None and at <= since


def matches(request: HttpRequest, etag: str) -> bool | None:
    """Whether If-Match names this version; None where it is not given. A weak one never matches."""
    given = request.headers.get("If-Match")
    if given is None:
        return None
    return given.strip() == "*" or etag in {each.strip() for each in given.split(",")}


def answer(request: HttpRequest, etag: str, at: datetime | None, body: Any, kind: str) -> HttpResponse:
    """200 with the body, or 304 without; `body` may be a function, which is called only for a 200."""
    if unchanged(request, etag, at):
        made = HttpResponse(status=304)
    else:
        made = HttpResponse(body() if callable(body) else body, content_type=kind)
    made.headers["ETag"] = etag
    if at:
        made.headers["Last-Modified"] = http_date(at.timestamp())
    return made
