"""What goes out of a delivery, and to where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.conf import settings

from fengsui.apps.alerts.models import Delivery
from fengsui.apps.people import queries as people
from fengsui.kernel.levels import Level
from fengsui.kernel.ports.outlets import Address, Parcel, Words


def parcel_of(row: Delivery) -> Parcel:
    bulletin = row.bulletin
    zh, en = bulletin.sent_text["zh"], bulletin.sent_text["en"]
    web = f"{settings.FENGSUI_BASE_URL}/feeds/cap/{bulletin.identifier}.xml"
    return Parcel(
        key=str(row.id),
        identifier=bulletin.identifier,
        kind=bulletin.kind,
        msg_type=bulletin.msg_type,
        status=bulletin.status,
        hazard=bulletin.hazard,
        level=Level(bulletin.level).code,
        sender=bulletin.sender,
        sender_name=bulletin.sender_name,
        sent_at=bulletin.sent_at,
        expires_at=bulletin.expires_at,
        area_codes=(bulletin.area_code,),
        zh=Words(bulletin.headline, zh["description"], zh["instruction"], zh["area"]),
        en=Words(bulletin.headline_en, en["description"], en["instruction"], en["area"]),
        cap=bytes(bulletin.sent_xml),
        sha256=bulletin.sha256,
        references=bulletin.references,
        web=web if bulletin.status == "Actual" else "",
        call=f"{settings.FENGSUI_BASE_URL}/calls/{row.call_id}/" if row.call_id and bulletin.kind != "cancel" else "",
    )


def address_of(row: Delivery, mails: Mapping[UUID, str] | None = None) -> Address:
    """mails: those of the called persons, where they were asked for together."""
    facts = row.outlet.address
    to: tuple[str, ...] = tuple(facts.get("to", ()))
    if row.call is not None:
        mail = (mails_of([row]) if mails is None else mails).get(row.call.person_id, "")
        to = (mail,) if mail else ()
    return Address(to=to, topic=facts.get("topic", ""), env=facts.get("env", ""))


def mails_of(rows: Sequence[Delivery]) -> dict[UUID, str]:
    """Mail of each called person of these deliveries; one query, none where nobody is called."""
    called = [row.call.person_id for row in rows if row.call is not None]
    return {person: mail for person, (mail, _phone) in people.contacts(called).items()} if called else {}
