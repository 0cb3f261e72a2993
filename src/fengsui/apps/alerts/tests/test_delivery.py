"""Deliveries: receipts, back-off, dead letters, the last gate, and repeated jobs."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
from django.db import connection, connections

from fengsui.apps.alerts import actions, rules
from fengsui.apps.alerts.models import Bulletin, Delivery, DeliveryAttempt
from fengsui.apps.alerts.tests import make
from fengsui.apps.alerts.tests.crowd import jobs_of
from fengsui.apps.alerts.tests.make import NOW, later, make_warning, signal
from fengsui.catalog.channels import channels
from fengsui.core.models import Clock, StoredEvent
from fengsui.core.worlds import LIVE
from fengsui.kernel.errors import Forbidden, Invalid
from fengsui.kernel.levels import Level
from fengsui.kernel.ports.outlets import NotDelivered


def of(code: str, world=LIVE) -> Delivery:
    return Delivery.objects.in_world(world).get(outlet_id=code, call=None, bulletin__sequence=1)


def send_all(now=NOW, world=LIVE) -> dict[str, str]:
    rows = Delivery.objects.in_world(world).filter(call=None).order_by("outlet_id")
    return {row.outlet_id: actions.deliver(delivery_id=row.pk, now=now) for row in rows}


def clock(world=LIVE) -> Clock:
    return Clock.objects.in_world(world).filter(kind="alerts.deliver").order_by("started_at").first()


def test_deliver_when_all_take_it_closes_the_clock_with_receipts(town, outlets):
    make_warning(town, status="issued")
    assert send_all() == {
        "broadcast": "acknowledged",
        "desk-screen": "sent",
        "media": "acknowledged",
        "officers-mail": "acknowledged",
        "public-feed": "acknowledged",
    }
    assert clock().state == "met"
    assert clock().proof["media"] == "acknowledged"
    row = of("media")
    assert row.receipt["reference"] == f"fake-{str(row.pk)[:8]}"
    assert list(row.attempts.values_list("n", "outcome")) == [(1, "acknowledged")]
    assert StoredEvent.objects.filter(name="alerts.DeliveryAcknowledged").count() == 4


def test_deliver_when_repeated_sends_nothing_twice(town, outlets):
    make_warning(town, status="issued")
    send_all()
    send_all()
    assert [len(each) for each in outlets["webhook"].sent.values()] == [1]
    assert DeliveryAttempt.objects.count() == 5


def test_deliver_when_failing_backs_off_then_is_dead_and_keeps_the_clock(town, outlets):
    make_warning(town, status="issued")
    outlets["webhook"].fail = [NotDelivered("webhook.status", status=503)] * rules.MAX_ATTEMPTS
    row, at, waits = of("media"), NOW, []
    for n in range(1, rules.MAX_ATTEMPTS):
        assert actions.deliver(delivery_id=row.pk, now=at) == "failed"
        row.refresh_from_db()
        assert row.attempts_made == n
        assert actions.deliver(delivery_id=row.pk, now=at) == "failed"  # too early: nothing is tried
        waits.append((row.next_try_at - at).total_seconds())
        at = row.next_try_at
    assert waits == [2, 4, 8, 16, 32]
    assert actions.deliver(delivery_id=row.pk, now=at) == "dead"
    send_all(at)
    assert clock().state == "running"
    assert row.attempts.count() == rules.MAX_ATTEMPTS
    dead = StoredEvent.objects.get(name="alerts.DeliveryDead").payload
    assert (dead["outlet"], dead["attempts"]) == ("media", 6)


def test_delivery_goes_out_when_the_clock_that_queued_it_has_been_set_back(town, outlets):
    make_warning(town, status="issued")
    earlier = NOW - timedelta(minutes=26)
    assert actions.sweep(earlier) == Delivery.objects.in_world(LIVE).filter(state="pending").count() > 0
    assert actions.deliver(delivery_id=of("media").pk, now=earlier) == "acknowledged"


def test_deliver_when_refused_for_good_is_dead_at_once(town, outlets):
    make_warning(town, status="issued")
    outlets["webhook"].fail = [NotDelivered("webhook.status", again=False, status=401)]
    assert actions.deliver(delivery_id=of("media").pk, now=NOW) == "dead"
    assert of("media").reason == "webhook.status(status=401)"


def test_dead_letter_when_retried_or_waived_by_a_person(town, outlets):
    make_warning(town, status="issued")
    outlets["webhook"].fail = [NotDelivered("x", again=False)]
    outlets["mqtt"].fail = [NotDelivered("x", again=False)]
    send_all()
    with pytest.raises(Forbidden):
        actions.retry(delivery_id=of("media").pk, by=town.by("吴街道"), now=later(minutes=1))
    actions.retry(delivery_id=of("media").pk, by=town.by("赵明远"), now=later(minutes=1))
    assert actions.deliver(delivery_id=of("media").pk, now=later(minutes=1)) == "acknowledged"
    with pytest.raises(Invalid):
        actions.waive(delivery_id=of("broadcast").pk, reason=" ", by=town.by("赵明远"), now=later(minutes=2))
    actions.waive(delivery_id=of("broadcast").pk, reason="改用扩音车", by=town.by("赵明远"), now=later(minutes=2))
    assert clock().state == "met"
    assert clock().proof["broadcast"] == "waived"


def test_gate_when_superseded_stops_the_earlier_one(town, outlets):
    row = make_warning(town, status="issued")
    signal(town, Level.RED, at=later(minutes=1), value=0.5)
    actions.confirm(warning_id=row.pk, by=town.by("赵明远"), now=later(minutes=2))
    actions.issue(warning_id=row.pk, by=town.by("孙丽"), now=later(minutes=3))
    assert actions.deliver(delivery_id=of("media").pk, now=later(minutes=3)) == "blocked"
    assert of("media").reason == "alerts.gate.superseded"
    assert outlets["webhook"].sent == {}


def test_gate_when_expired_stops(town, outlets):
    make_warning(town, status="issued")
    assert actions.deliver(delivery_id=of("media").pk, now=NOW + timedelta(hours=7)) == "blocked"


@pytest.mark.parametrize("level", [Level.BLUE, Level.YELLOW, Level.ORANGE, Level.RED])
def test_exercise_when_delivered_never_passes_a_public_door(town, outlets, level):
    world = make.make_exercise().pk
    make_warning(town, level, "issued", world=world)
    states = send_all(world=world)
    for code, entry in channels().items():
        assert bool(outlets[code].sent) is (not entry.public and code != "screen") or code == "screen"
        if entry.public:
            assert outlets[code].sent == {}
    assert states["public-feed"] == "blocked"
    assert of("public-feed", world).reason == "core.gate.exercise"
    assert clock(world).state == "met"


def test_exercise_when_the_channel_is_swapped_after_issuing_is_still_stopped(town, outlets):
    """The gate reads the row as it is at the moment of sending, not as it was when it was queued."""
    from fengsui.apps.alerts.models import Outlet

    world = make.make_exercise().pk
    make_warning(town, Level.BLUE, "issued", world=world)
    Outlet.objects.filter(pk="officers-mail").update(channel="webhook", address={"env": "FENGSUI_WEBHOOK_URL"})
    assert actions.deliver(delivery_id=of("officers-mail", world).pk, now=NOW) == "blocked"
    assert outlets["webhook"].sent == {}


def test_seen_when_a_page_shows_it_proves_the_screen(town, outlets):
    make_warning(town, status="issued")
    send_all()
    bulletin = Bulletin.objects.in_world(LIVE).get()
    assert actions.report_seen(bulletin_id=bulletin.pk, by=town.by("赵明远"), now=later(seconds=5)) == 1
    assert actions.report_seen(bulletin_id=bulletin.pk, by=town.by("孙丽"), now=later(seconds=6)) == 0
    assert of("desk-screen").state == "acknowledged"


def test_attempt_when_changed_is_refused_by_the_database(town, outlets):
    from django.db.transaction import atomic

    make_warning(town, status="issued")
    send_all()
    with pytest.raises(Exception, match="append-only"), atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE alerts_deliveryattempt SET outcome = 'x'")


def test_sweep_when_a_job_was_lost_queues_it_again(town, outlets):
    make_warning(town, status="issued")
    assert actions.sweep(later(seconds=29)) == 0
    assert actions.sweep(later(seconds=31)) == Delivery.objects.in_world(LIVE).count()


@pytest.mark.django_db(transaction=True)
def test_deliver_when_two_jobs_carry_it_at_once_sends_once(outlets):
    town = make.make_town()
    make_warning(town, status="issued")
    row, entered = of("media"), threading.Event()
    real = outlets["webhook"].send

    def slow(parcel, address):
        entered.set()
        time.sleep(0.5)
        return real(parcel, address)

    outlets["webhook"].send = slow
    results: list[str] = []

    def run() -> None:
        try:
            results.append(actions.deliver(delivery_id=row.pk, now=NOW))
        finally:
            connections.close_all()

    first = threading.Thread(target=run)
    first.start()
    assert entered.wait(60)
    second = threading.Thread(target=run)
    second.start()
    for each in (first, second):
        each.join(10)
    assert sorted(results) == ["acknowledged", "busy"]
    assert later(seconds=1) in jobs_of([row])[row.pk]  # the first might have been killed: somebody looks again
    assert [len(each) for each in outlets["webhook"].sent.values()] == [1]


@pytest.mark.django_db(transaction=True)
def test_deliver_when_killed_between_send_and_mark_repeats_with_the_same_key(outlets):
    """At least once: the other side sees one key twice and drops the second."""
    town = make.make_town()
    make_warning(town, status="issued")
    row, real = of("media"), outlets["webhook"].send

    def killed(parcel, address):
        real(parcel, address)
        raise KeyboardInterrupt

    outlets["webhook"].send = killed
    with pytest.raises(KeyboardInterrupt):
        actions.deliver(delivery_id=row.pk, now=NOW)
    outlets["webhook"].send = real
    assert of("media").state == "pending"
    assert actions.deliver(delivery_id=row.pk, now=NOW) == "acknowledged"
    assert {key: len(bodies) for key, bodies in outlets["webhook"].sent.items()} == {str(row.pk): 2}
