"""Proofs of life of outlets (receipts, the night self-test) and of the people who are called (answers, logins)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext_noop as mark

from fengsui.apps.alerts.models import Outlet
from fengsui.apps.people.models import Person
from fengsui.core import proofs
from fengsui.kernel.clock import ClockKind
from fengsui.kernel.proof import ProofKind
from fengsui.kernel.terms import Term

OUTLET_SILENT = ClockKind(
    "alerts.outlet_silent",
    Term("alerts.outlet_silent", "恢复渠道", "restore an outlet"),
    default="渠道按不可用处理，发布时提示",
    proof="回执或自检通过",
)
CONTACT_SILENT = ClockKind(
    "alerts.contact_silent",
    Term("alerts.contact_silent", "核实联系人", "verify a contact"),
    default="叫应时先叫下一人",
    proof="应答、登录或地址可投",
)
OUTLET = ProofKind(
    "alerts.outlet",
    Term("outlet", "渠道", "outlet"),
    OUTLET_SILENT.code,
    86_400.0,
    "U",
    mark("每夜自检一次；两夜无证明即失联"),
)
CONTACT = ProofKind(
    "alerts.contact",
    Term("contact", "联系人", "contact"),
    CONTACT_SILENT.code,
    30 * 86_400.0,
    "U",
    mark("应答、登录为证；每夜只验邮箱地址可投，不打扰本人"),
)
CALLED = ("duty_officer", "duty_leader", "commander", "liaison", "street_officer", "community_officer", "team_leader")
"""Roles that are called by name."""


class Outlets(proofs.Kept):
    kind = OUTLET

    def _all(self, keys: Sequence[str] | None = None) -> list[proofs.Subject]:
        rows = Outlet.objects.filter(is_active=True)
        listed = list(rows.filter(pk__in=keys) if keys is not None else rows)
        last, half_life = proofs.last(OUTLET.code, [row.pk for row in listed]), proofs.half_life_s(OUTLET)
        return [
            proofs.Subject(
                about=row,
                label=row.name,
                label_en=row.name_en or row.name,
                half_life_s=half_life,
                owner_role="system_admin",
                url="/proofs/?kind=alerts.outlet",
                **proofs.facts(last.get(row.pk)),
            )
            for row in listed
        ]


class Contacts(proofs.Kept):
    kind = CONTACT

    def _all(self, keys: Sequence[str] | None = None) -> list[proofs.Subject]:
        rows = Person.objects.filter(holdings__until__isnull=True, holdings__post__role__in=CALLED).select_related(
            "org"
        )
        listed = list((rows.filter(pk__in=keys) if keys is not None else rows).distinct())
        last = proofs.last(CONTACT.code, [str(row.pk) for row in listed])
        half_life = proofs.half_life_s(CONTACT)
        return [
            proofs.Subject(
                about=row,
                label=f"{row.org.name}{row.name}",
                label_en=f"{row.name}, {row.org.name}",
                half_life_s=half_life,
                owner_role="duty_officer",
                url="/proofs/?kind=alerts.contact",
                **proofs.facts(last.get(str(row.pk))),
            )
            for row in listed
        ]


def outlet_gave_receipt(code: str, at: datetime, reference: str) -> None:
    proofs.prove(OUTLET.code, code, at=at, how=f"回执 {reference}"[:200], coarse_s=60)


def person_was_heard(persons: Iterable[UUID], at: datetime, how: str) -> None:
    for each in persons:
        proofs.prove(CONTACT.code, str(each), at=at, how=how)


proofs.declare(Outlets())
proofs.declare(Contacts())
