"""CAP 1.2 out of plain facts. Pure: what goes in is frozen, what comes out is bytes that pass the OASIS schema.

Element order and words: OASIS CAP 1.2 section 3.2. Identifier pattern: value rules annex of the national warning
profile (GB/T 35965.1-2018). All-clear: an Update with responseType AllClear and urgency Past; a message sent in
error: a Cancel with its reason in <note>. Every message of a chain references all earlier ones of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from lxml import etree

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
BEIJING = ZoneInfo("Asia/Shanghai")
IDENTIFIER = re.compile(r"\d{6}\d{3}\d{3}\d{2}_\d{14}_\d")
SCHEMA = Path(__file__).with_name("schema") / "CAP-v1.2.xsd"
_CONTROL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Reference:
    """An earlier message of the chain."""

    sender: str
    identifier: str
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Area:
    """Where. circle: (latitude, longitude, radius km). polygon: closed ring of (latitude, longitude), 4 or more."""

    code: str
    circle: tuple[float, float, float] | None = None
    polygon: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Info:
    """One language."""

    language: str
    event: str
    sender_name: str
    headline: str
    description: str
    instruction: str
    area: str


@dataclass(frozen=True, slots=True)
class Message:
    """Everything that is said. category … certainty are CAP's own words; times are aware."""

    identifier: str
    sender: str
    sent_at: datetime
    status: str
    msg_type: str
    category: str
    event_code: str
    event_scheme: str
    responses: tuple[str, ...]
    urgency: str
    severity: str
    certainty: str
    onset_at: datetime | None
    expires_at: datetime
    infos: tuple[Info, ...]
    area: Area
    references: tuple[Reference, ...] = ()
    note: str = ""
    web: str = ""
    contact: str = ""
    parameters: tuple[tuple[str, str], ...] = ()
    incidents: str = ""

    def __post_init__(self) -> None:
        if not IDENTIFIER.fullmatch(self.identifier):
            raise ValueError(f"identifier {self.identifier!r} does not follow ZZZZZZDDDUUUXX_YYYYMMDDhhmmss_N")
        if (self.msg_type == "Alert") is bool(self.references):
            raise ValueError("an Update or Cancel references what it replaces, an Alert nothing")
        if not self.infos:
            raise ValueError("at least one language")


def moment(at: datetime) -> str:
    """2026-07-28T02:55:00+08:00. CAP wants the offset in figures and no fraction."""
    if at.tzinfo is None:
        raise ValueError("a naive time")
    return at.astimezone(BEIJING).isoformat(timespec="seconds")


def references(earlier: Sequence[Reference]) -> str:
    """sender,identifier,sent separated by blanks."""
    return " ".join(f"{each.sender},{each.identifier},{moment(each.sent_at)}" for each in earlier)


def write(message: Message) -> bytes:
    """The message as UTF-8 XML. Raises ValueError where it would not pass the schema."""
    root = etree.Element(f"{{{NAMESPACE}}}alert", nsmap={None: NAMESPACE})
    _add(root, "identifier", message.identifier)
    _add(root, "sender", message.sender)
    _add(root, "sent", moment(message.sent_at))
    _add(root, "status", message.status)
    _add(root, "msgType", message.msg_type)
    _add(root, "scope", "Public")
    _add(root, "note", message.note)
    _add(root, "references", references(message.references))
    _add(root, "incidents", message.incidents)
    for info in message.infos:
        _info(root, message, info)
    etree.indent(root)
    text = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    check(text)
    return text


def _info(root: etree._Element, message: Message, info: Info) -> None:
    node = etree.SubElement(root, f"{{{NAMESPACE}}}info")
    _add(node, "language", info.language)
    _add(node, "category", message.category)
    _add(node, "event", info.event)
    for response in message.responses:
        _add(node, "responseType", response)
    _add(node, "urgency", message.urgency)
    _add(node, "severity", message.severity)
    _add(node, "certainty", message.certainty)
    _pair(node, "eventCode", message.event_scheme, message.event_code)
    _add(node, "effective", moment(message.sent_at))
    _add(node, "onset", moment(message.onset_at) if message.onset_at else "")
    _add(node, "expires", moment(message.expires_at))
    _add(node, "senderName", info.sender_name)
    _add(node, "headline", info.headline)
    _add(node, "description", info.description)
    _add(node, "instruction", info.instruction)
    _add(node, "web", message.web)
    _add(node, "contact", message.contact)
    for name, value in message.parameters:
        _pair(node, "parameter", name, value)
    area = etree.SubElement(node, f"{{{NAMESPACE}}}area")
    _add(area, "areaDesc", info.area)
    if message.area.polygon:
        _add(area, "polygon", " ".join(f"{lat:.6f},{lon:.6f}" for lat, lon in message.area.polygon))
    if message.area.circle:
        lat, lon, radius = message.area.circle
        _add(area, "circle", f"{lat:.6f},{lon:.6f} {radius:.3f}")
    _pair(area, "geocode", "GB/T 2260", message.area.code.ljust(12, "0"))


def _add(parent: etree._Element, name: str, text: str) -> None:
    """An optional element without text is left out."""
    if text:
        etree.SubElement(parent, f"{{{NAMESPACE}}}{name}").text = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def _pair(parent: etree._Element, name: str, key: str, value: str) -> None:
    node = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}")
    _add(node, "valueName", key)
    etree.SubElement(node, f"{{{NAMESPACE}}}value").text = value


@cache
def _schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(SCHEMA))


def check(text: bytes) -> None:
    """Raises ValueError with the first complaint of the OASIS schema."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    document = etree.fromstring(text, parser)
    schema = _schema()
    if not schema.validate(document):
        raise ValueError(f"not valid CAP 1.2: {schema.error_log[0].message}")
