"""Public: the Atom feed and the CAP files. Only the live world; conditional requests; nobody logs in."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.http import http_date, parse_http_date_safe, quote_etag
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from lxml import etree

from fengsui.apps.alerts import cap, queries
from fengsui.apps.alerts.models import Bulletin
from fengsui.kernel.levels import Level

ATOM = "http://www.w3.org/2005/Atom"
FEED_FRESH_S, FILE_FRESH_S = 15, 86_400


def _unchanged(request: HttpRequest, etag: str, at: datetime | None) -> bool:
    """RFC 9110: If-None-Match decides where it is given, else If-Modified-Since."""
    if given := request.headers.get("If-None-Match"):
        return given == "*" or etag in {each.strip().removeprefix("W/") for each in given.split(",")}
    since = parse_http_date_safe(request.headers.get("If-Modified-Since", ""))
    return bool(at and since is not None and int(at.timestamp()) <= since)


def _answer(request: HttpRequest, etag: str, at: datetime | None, body: bytes, kind: str) -> HttpResponse:
    answer = HttpResponse(status=304) if _unchanged(request, etag, at) else HttpResponse(body, content_type=kind)
    answer["ETag"] = etag
    if at:
        answer["Last-Modified"] = http_date(at.timestamp())
    return answer


@require_safe
@cache_control(public=True, max_age=FEED_FRESH_S)
def atom(request: HttpRequest) -> HttpResponse:
    """Bulletins of the last 72 hours, newest first."""
    found = list(queries.feed(timezone.now()))
    newest = found[0].sent_at if found else None
    stamp = hashlib.sha256("\n".join(f"{row.identifier} {row.sha256}" for row in found).encode()).hexdigest()
    etag = quote_etag(stamp[:32])
    body = b"" if _unchanged(request, etag, newest) else _feed(found)
    return _answer(request, etag, newest, body, "application/atom+xml; charset=utf-8")


def _feed(found: list[Bulletin]) -> bytes:
    base = settings.FENGSUI_BASE_URL
    root = etree.Element(f"{{{ATOM}}}feed", nsmap={None: ATOM})
    _text(root, "id", f"{base}/feeds/cap.atom")
    _text(root, "title", "预警信息 Warnings")
    _text(root, "updated", cap.moment(found[0].sent_at if found else timezone.now()))
    etree.SubElement(root, f"{{{ATOM}}}link", rel="self", href=f"{base}/feeds/cap.atom")
    author = etree.SubElement(root, f"{{{ATOM}}}author")
    _text(author, "name", found[0].sender_name if found else "Fengsui")
    for row in found:
        entry = etree.SubElement(root, f"{{{ATOM}}}entry")
        url = f"{base}/feeds/cap/{row.identifier}.xml"
        _text(entry, "id", f"urn:fengsui:{row.identifier}")
        _text(entry, "title", f"{row.headline} {row.headline_en}")
        _text(entry, "updated", cap.moment(row.sent_at))
        _text(entry, "published", cap.moment(row.sent_at))
        etree.SubElement(entry, f"{{{ATOM}}}link", rel="alternate", type="application/cap+xml", href=url)
        for scheme, term in (("level", Level(row.level).code), ("msgType", row.msg_type), ("hazard", row.hazard)):
            etree.SubElement(entry, f"{{{ATOM}}}category", scheme=f"urn:fengsui:{scheme}", term=term)
        _text(entry, "summary", f"{row.sent_text['zh']['description']} {row.sent_text['en']['description']}")
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _text(parent: etree._Element, name: str, text: str) -> None:
    etree.SubElement(parent, f"{{{ATOM}}}{name}").text = text


@require_safe
@cache_control(public=True, max_age=FILE_FRESH_S, immutable=True)
def cap_file(request: HttpRequest, identifier: str) -> HttpResponse:
    """The issued bytes of one bulletin; they never change."""
    row = queries.public_bulletin(identifier)
    if row is None:
        raise Http404
    etag = quote_etag(row.sha256)
    return _answer(request, etag, row.sent_at, bytes(row.sent_xml), "application/cap+xml")
