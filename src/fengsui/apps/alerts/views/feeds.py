"""Public: the Atom feed, the CAP files and the warnings in force as GeoJSON. Only what was issued to the public in the
live world; conditional requests; nobody logs in."""

from __future__ import annotations

from datetime import datetime

import orjson
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.http import quote_etag
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from lxml import etree

from fengsui.apps.alerts import cap, queries
from fengsui.apps.alerts.models import Bulletin
from fengsui.core.web.conditional import answer, etag_of
from fengsui.core.worlds import LIVE
from fengsui.kernel.levels import Level

ATOM = "http://www.w3.org/2005/Atom"
FEED_FRESH_S, FILE_FRESH_S = 15, 86_400


@require_safe
@cache_control(public=True, max_age=FEED_FRESH_S)
def atom(request: HttpRequest) -> HttpResponse:
    """Bulletins of the last 72 hours, newest first. Who has the newest costs one look at their keys."""
    now = timezone.now()
    keys = list(queries.feed(now).values_list("identifier", "sha256", "sent_at"))
    newest = keys[0][2] if keys else None
    etag = etag_of(*(f"{identifier} {digest}" for identifier, digest, _at in keys))
    return answer(request, etag, newest, lambda: _feed(list(queries.feed(now))), "application/atom+xml; charset=utf-8")


@require_safe
@cache_control(public=True, max_age=FEED_FRESH_S)
def warnings(request: HttpRequest) -> HttpResponse:
    """The latest bulletin of every warning in force, where it is. An end by time changes it as much as a new one."""
    now = timezone.now()
    rows = queries.in_force(LIVE, now)
    keys = list(rows.values_list("identifier", "sha256"))
    etag = etag_of("warnings", *(f"{identifier} {digest}" for identifier, digest in keys))
    changed = queries.last_changed(now)
    return answer(request, etag, changed, lambda: _collection(list(rows), changed), "application/geo+json")


def _collection(rows: list[Bulletin], changed: datetime | None) -> bytes:
    features = [
        {
            "type": "Feature",
            "id": row.identifier,
            "geometry": {
                "type": "Point",
                "coordinates": [
                    round(row.warning.place.location.x, 6),
                    round(row.warning.place.location.y, 6),
                ],
            },
            "properties": {
                "identifier": row.identifier,
                "level": Level(row.level).code,
                "hazard": row.hazard,
                "place": row.place_name,
                "area": row.area_code,
                "headline": row.headline,
                "headline_en": row.headline_en,
                "instruction": row.sent_text["zh"]["instruction"],
                "instruction_en": row.sent_text["en"]["instruction"],
                "sender": row.sender_name,
                "sent": cap.moment(row.sent_at),
                "expires": cap.moment(row.expires_at),
                "cap": f"{settings.FENGSUI_BASE_URL}/feeds/cap/{row.identifier}.xml",
                "demonstration": settings.DEMO,
            },
        }
        for row in rows
    ]
    updated = cap.moment(changed) if changed else None
    return orjson.dumps({"type": "FeatureCollection", "updated": updated, "features": features})


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
    return answer(request, quote_etag(row.sha256), row.sent_at, bytes(row.sent_xml), "application/cap+xml")
