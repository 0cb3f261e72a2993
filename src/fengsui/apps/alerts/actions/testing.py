"""自检: every outlet is asked whether its way is open, every contact's address whether mail would be taken.

Nobody is told anything: no bulletin, no mail, no call. Not inside one transaction: each answer counts for itself.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.db.transaction import atomic

from fengsui.apps.alerts.models import Outlet
from fengsui.apps.alerts.proofs import CALLED, CONTACT, OUTLET
from fengsui.apps.people.models import Person
from fengsui.core import policy, proofs
from fengsui.core.events import SelfTested
from fengsui.core.models import World
from fengsui.core.ports import PortAbsent, port
from fengsui.core.record import announce
from fengsui.core.worlds import LIVE, gate
from fengsui.kernel.actor import Actor
from fengsui.kernel.ports.outlets import Address, NotDelivered

REFUSED = "email.address_refused"
Defer = Callable[[UUID], None]
_defer: list[Defer] = []


def carried_by(defer: Defer) -> None:
    """jobs.py says how a self-test is queued: `defer(person)`."""
    _defer[:] = [defer]


def ask(*, by: Actor) -> None:
    """A press: the test runs as a job, one that waits already is enough. Raises Forbidden, and Refused in an exercise:
    real servers are asked."""
    policy.require(by, "alerts.self_test")
    gate(by.world, door="self_test", public=True)
    assert by.person is not None
    for defer in _defer:
        defer(by.person)


def self_test(*, by: Actor, now: datetime) -> dict[str, tuple[int, int]]:
    """Asks all; returns (asked, answered) by kind. Raises Forbidden."""
    policy.require(by, "alerts.self_test")
    found = {OUTLET.code: _outlets(now), CONTACT.code: _contacts(now)}
    with atomic():
        world = World.objects.get(pk=LIVE)
        for kind, (asked, answered) in found.items():
            announce(SelfTested(kind, asked, answered), about=world, by=by, topics=proofs.TOPICS)
    return found


def _outlets(now: datetime) -> tuple[int, int]:
    asked = answered = 0
    for row in Outlet.objects.filter(is_active=True):
        facts = row.address
        # A mailing list is not asked for address by address here: its server is.
        to = () if row.channel == "email" else tuple(facts.get("to", ()))
        asked += 1
        try:
            receipt = port("outlet", row.channel).test(Address(to, facts.get("topic", ""), facts.get("env", "")))
        except (NotDelivered, PortAbsent) as error:
            proofs.fail(OUTLET.code, row.pk, at=now, why=str(error))
            continue
        if receipt.state == "acknowledged":
            proofs.prove(OUTLET.code, row.pk, at=now, how=f"自检 {receipt.reference}")
            answered += 1
    return asked, answered


def _contacts(now: datetime) -> tuple[int, int]:
    """Only by mail so far: telephones come with the voice outlet. A server that is down says nothing of a person."""
    rows = Person.objects.filter(holdings__until__isnull=True, holdings__post__role__in=CALLED).exclude(email="")
    asked = answered = 0
    for person, mail in rows.distinct().values_list("pk", "email"):
        asked += 1
        try:
            port("outlet", "email").test(Address((mail,)))
        except PortAbsent:
            return asked, answered
        except NotDelivered as error:
            if error.code != REFUSED:
                return asked, answered
            proofs.fail(CONTACT.code, str(person), at=now, why="邮件服务器不收该地址")
            continue
        proofs.prove(CONTACT.code, str(person), at=now, how="邮箱地址可投")
        answered += 1
    return asked, answered
