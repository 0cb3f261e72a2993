"""Outlets and people prove that they are there: by receipts and answers, and by the self-test that tells nobody."""

from __future__ import annotations

import pytest

from fengsui.apps.alerts import actions, proofs
from fengsui.apps.alerts.actions import testing
from fengsui.apps.alerts.models import Call, Outlet
from fengsui.apps.alerts.tests.make import NOW, make_exercise, make_town
from fengsui.core import ports
from fengsui.core import proofs as core
from fengsui.core.models import Clock, LastProof, StoredEvent
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import Forbidden, Refused
from fengsui.kernel.levels import Level
from fengsui.kernel.ports.outlets import Address, NotDelivered, Receipt

pytestmark = pytest.mark.django_db
SYSTEM = Actor(world=LIVE, system="alerts.self_test")


class Way:
    """An outlet engine that answers as told; `sent` must stay empty in a self-test."""

    def __init__(self, answers: dict[str, object]) -> None:
        self.answers, self.asked, self.sent = answers, [], []

    def of(self, code: str) -> Way:
        self.code = code
        return self

    def test(self, address: Address) -> Receipt:
        self.asked.append((self.code, address.to))
        answer = self.answers.get(address.to[0] if address.to else self.code, Receipt("acknowledged", "250 ok"))
        if isinstance(answer, Exception):
            raise answer
        return answer

    def send(self, parcel, address) -> Receipt:
        self.sent.append(parcel)
        return Receipt("acknowledged", "taken")


@pytest.fixture
def town():
    return make_town()


@pytest.fixture
def way(monkeypatch):
    engine = Way({})
    monkeypatch.setitem(ports._factories, "outlet", engine.of)
    return engine


def proof(kind, key):
    return LastProof.objects.filter(kind=kind, key=str(key)).first()


def test_self_test_asks_every_outlet_and_address_and_sends_nothing(town, way):
    found = testing.self_test(by=SYSTEM, now=NOW)
    assert found == {"alerts.outlet": (6, 6), "alerts.contact": (8, 8)}  # the auditor is not called by name
    assert way.sent == []
    assert proof("alerts.outlet", "media").how == "自检 250 ok"
    assert proof("alerts.contact", town.persons["孙丽"].pk).how == "邮箱地址可投"
    told = StoredEvent.objects.filter(name="core.SelfTested").order_by("id")
    assert [row.payload for row in told] == [
        {"kind": "alerts.outlet", "asked": 6, "answered": 6},
        {"kind": "alerts.contact", "asked": 8, "answered": 8},
    ]


def test_outlet_that_fails_its_test_is_owed_until_its_next_receipt(town, way):
    way.answers["webhook"] = NotDelivered("webhook.unreachable")
    testing.self_test(by=SYSTEM, now=NOW)
    core.watch(NOW)
    [clock] = Clock.objects.in_world(LIVE).filter(kind="alerts.outlet_silent")
    assert (clock.about_id, clock.label, clock.owner_role) == ("media", "media 自检未通过", "system_admin")
    del way.answers["webhook"]
    warning = actions.draft_by_hand(
        place_id=town.place.pk, hazard="waterlogging", level=Level.YELLOW, reason="巡查", by=town.by("赵明远"), now=NOW
    )
    actions.confirm(warning_id=warning.pk, by=town.by("赵明远"), now=NOW)
    bulletin = actions.issue(warning_id=warning.pk, by=town.by("孙丽"), now=NOW)
    row = bulletin.deliveries.get(outlet_id="media")
    later = NOW.replace(minute=NOW.minute + 1)
    actions.deliver(delivery_id=row.pk, now=later)
    core.watch(later)
    clock.refresh_from_db()
    assert (clock.state, clock.proof["how"]) == ("met", "回执 taken")


def test_contact_whose_address_is_refused_is_owed_and_an_answer_ends_it(town, way):
    street = town.persons["吴街道"]
    way.answers[street.email] = NotDelivered("email.address_refused", again=False)
    testing.self_test(by=SYSTEM, now=NOW)
    core.watch(NOW)
    [clock] = Clock.objects.in_world(LIVE).filter(kind="alerts.contact_silent")
    assert (clock.about_id, clock.owner_role) == (str(street.pk), "duty_officer")
    assert street.email not in proof("alerts.contact", street.pk).failure
    proofs.person_was_heard([street.pk], NOW.replace(minute=NOW.minute + 1), "应答叫应")
    core.watch(NOW.replace(minute=NOW.minute + 2))
    clock.refresh_from_db()
    assert clock.state == "met"


def test_server_that_is_down_says_nothing_of_a_person(town, way):
    for person in town.persons.values():
        way.answers[person.email] = NotDelivered("email.unreachable")
    found = testing.self_test(by=SYSTEM, now=NOW)
    assert found["alerts.contact"] == (1, 0)
    assert not LastProof.objects.filter(kind="alerts.contact").exists()


def test_answering_a_call_proves_the_person(town, way):
    warning = actions.draft_by_hand(
        place_id=town.place.pk, hazard="waterlogging", level=Level.ORANGE, reason="巡查", by=town.by("赵明远"), now=NOW
    )
    actions.confirm(warning_id=warning.pk, by=town.by("赵明远"), now=NOW)
    actions.issue(warning_id=warning.pk, by=town.by("孙丽"), now=NOW)
    call = Call.objects.in_world(LIVE).filter(state="called").order_by("line")[0]
    actions.acknowledge(call_id=call.pk, by=Actor(world=LIVE, person=call.person_id), now=NOW)
    assert proof("alerts.contact", call.person_id).how == "应答叫应"


def test_self_test_is_refused_for_who_is_not_on_duty(town, way):
    with pytest.raises(Forbidden):
        testing.self_test(by=town.by("吴街道"), now=NOW)
    assert way.asked == []


def test_self_test_is_refused_inside_an_exercise(town, way):
    drill = make_exercise()
    with pytest.raises(Refused, match=r"core\.gate\.exercise"):
        testing.ask(by=town.by("赵明远", drill.pk))
    assert way.asked == []


def test_sources_ask_as_often_however_many_there_are(town, django_assert_num_queries):
    for n in range(30):
        Outlet.objects.create(code=f"more-{n}", channel="mqtt", name=f"m{n}")
    with django_assert_num_queries(2):
        assert len(core.sources()["alerts.outlet"].worst(LIVE, NOW, 100)) == 36
    with django_assert_num_queries(2):
        core.sources()["alerts.contact"].tally(LIVE, NOW)
