"""Mass sending: the list, batches, the last gate, what a kill leaves, to whom a withdrawal goes."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client

from fengsui.apps.alerts import actions, jobs, mass_rules, queries
from fengsui.apps.alerts.actions import batches, mass
from fengsui.apps.alerts.models import (
    Delivery,
    DeliveryAttempt,
    MassAttempt,
    MassBatch,
    Outlet,
    Recipient,
)
from fengsui.apps.alerts.tests import make
from fengsui.apps.alerts.tests.make import NOW, later, make_warning, signal
from fengsui.core.models import AuditRow, StoredEvent
from fengsui.core.worlds import LIVE
from fengsui.kernel.levels import Level
from fengsui.kernel.ports.mass import Told
from fengsui.kernel.ports.outlets import NotDelivered

NUMBERS = [f"1380000{n:04d}" for n in range(100)]


@pytest.fixture
def phones(town, monkeypatch):
    """A hundred registered numbers in batches of forty."""
    monkeypatch.setattr(mass_rules, "BATCH", 40)
    Outlet.objects.create(code="phones", channel="sms", name="短信", min_level=1, address={"env": "FENGSUI_SMPP_URLS"})
    Recipient.objects.bulk_create(Recipient(number=each, area_code="210106007", added_at=NOW) for each in NUMBERS)
    return town


def of(sequence: int = 1, world=LIVE) -> Delivery:
    return Delivery.objects.in_world(world).get(outlet_id="phones", bulletin__sequence=sequence)


def send_all(sequence: int = 1, now=NOW, world=LIVE) -> str:
    """As the jobs do it."""
    actions.deliver(delivery_id=of(sequence, world).pk, now=now)
    while mass.send_next(delivery_id=of(sequence, world).pk, clock=lambda: now):
        pass
    return of(sequence, world).state


def answered(outcome: str) -> list[tuple[int, int]]:
    """(batch, place) of each number."""
    rows = MassAttempt.objects.filter(outcome=outcome).order_by("pk").values_list("batch_id", "places")
    return [(batch, place) for batch, places in rows for place in places]


def totals(sequence: int = 1) -> dict[str, int]:
    facts = queries.mass_counts(of(sequence))
    return {key: facts[key] for key in ("total", "sent", "refused", "uncertain", "waiting")}


def test_mass_when_all_goes_well_tells_everybody_once_and_the_receipt_counts(phones, outlets):
    make_warning(phones, status="issued")
    assert send_all() == "acknowledged"
    assert Counter(outlets["sms"].reached) == Counter(NUMBERS)
    row = of()
    assert row.receipt["reference"] == "100/100"
    assert row.receipt["providers"] == {"fake": {"sent": 100}}
    assert list(MassBatch.objects.order_by("n").values_list("n", "size", "state", "claim")) == [
        (0, 40, "done", None), (1, 40, "done", None), (2, 20, "done", None),
    ]  # fmt: skip
    assert len(answered("sent")) == len(set(answered("sent"))) == 100
    assert all(len(each.message_ids) == len(each.places) for each in MassAttempt.objects.all())
    assert send_all() == "acknowledged"
    assert len(outlets["sms"].reached) == 100


def test_list_when_made_takes_the_area_and_what_is_around_it_and_each_number_once(phones, outlets):
    around, inside, elsewhere = "210106", "210106007001", "210106001"
    for number, area in (
        ("13900000001", around), ("13900000002", inside), ("13900000003", elsewhere), (NUMBERS[0], around),
    ):  # fmt: skip
        Recipient.objects.create(number=number, area_code=area, added_at=NOW)
    make_warning(phones, status="issued")
    send_all()
    assert Counter(outlets["sms"].reached) == Counter([*NUMBERS, "13900000001", "13900000002"])


def test_mass_when_nobody_registered_is_a_dead_letter(phones, outlets):
    Recipient.objects.all().delete()
    make_warning(phones, status="issued")
    assert send_all() == "dead"
    assert of().reason == "sms.no_recipients"


def test_mass_when_every_provider_is_down_backs_off_and_goes_on_with_the_rest(phones, outlets):
    make_warning(phones, status="issued")
    outlets["sms"].fail = [NotDelivered("sms.no_provider", left=20)]
    assert send_all() == "failed"
    row = of()
    assert row.attempts_made == 1
    assert totals()["uncertain"] == 10
    again_at = row.next_try_at
    assert again_at == NOW + timedelta(seconds=2)
    assert send_all(now=again_at) == "acknowledged"
    assert set(outlets["sms"].reached) == set(NUMBERS)
    assert of().receipt["uncertain"] == 10
    assert of().receipt["sent"] == 100


@pytest.mark.parametrize(("policy", "waiting"), [("again", 3), ("leave", 0)])
def test_batch_of_a_killed_worker_when_taken_up_counts_only_what_was_out(phones, outlets, settings, policy, waiting):
    settings.FENGSUI_SMS_UNCERTAIN = policy
    make_warning(phones, status="issued")
    actions.deliver(delivery_id=of().pk, now=NOW)
    batch = batches.take(of().pk, NOW)
    batches.keep(batch, (), [0, 1, 2, 3, 4])
    batches.keep(batch, [Told(0, "fake", "sent", "", "a"), Told(1, "fake", "refused", "no such number")], [2, 3, 4])
    batches.let_go()  # its process is gone, with the connection
    assert send_all() == "acknowledged"
    assert len(outlets["sms"].reached) == 95 + waiting
    assert set(NUMBERS) - set(outlets["sms"].reached) == {*NUMBERS[:2], *([] if waiting else NUMBERS[2:5])}
    assert totals() == {"total": 100, "sent": 96 + waiting, "refused": 1, "uncertain": 3, "waiting": 0}
    assert [place for _, place in answered("uncertain")] == [2, 3, 4]
    assert set(MassAttempt.objects.filter(outcome="uncertain").values_list("reason", flat=True)) == {batches.LOST}


def test_book_when_somebody_else_took_the_batch_says_so_and_keeps_nothing(phones, outlets):
    make_warning(phones, status="issued")
    actions.deliver(delivery_id=of().pk, now=NOW)
    batch = batches.take(of().pk, NOW)
    MassBatch.objects.filter(pk=batch.pk).update(claim=uuid4())
    with pytest.raises(batches.ClaimLost):
        batches.keep(batch, [Told(0, "fake", "sent")], ())
    assert MassAttempt.objects.count() == 0


def superseded(phones, outlets) -> None:
    """One batch is out, then an update is issued, then the jobs go on."""
    row = make_warning(phones, status="issued")
    actions.deliver(delivery_id=of().pk, now=NOW)
    assert mass.send_next(delivery_id=of().pk, clock=lambda: NOW)
    signal(phones, Level.RED, at=later(minutes=1), value=0.5)
    actions.confirm(warning_id=row.pk, by=phones.by("赵明远"), now=later(minutes=2))
    actions.issue(warning_id=row.pk, by=phones.by("孙丽"), now=later(minutes=3))
    assert not mass.send_next(delivery_id=of().pk, clock=lambda: later(minutes=3))


def test_gate_when_superseded_stops_before_the_next_batch(phones, outlets):
    superseded(phones, outlets)
    assert outlets["sms"].reached == NUMBERS[:40]
    assert of().state == "blocked"
    assert of().reason == "alerts.gate.superseded"
    assert list(MassBatch.objects.filter(delivery=of()).order_by("n").values_list("state", flat=True)) == [
        "done", "stopped", "stopped",
    ]  # fmt: skip
    assert send_all(2, later(minutes=3)) == "acknowledged"
    assert Counter(outlets["sms"].reached) == Counter(NUMBERS[:40] + NUMBERS)


def test_withdrawal_goes_to_exactly_those_who_were_reached_or_may_have_been(phones, outlets):
    """Also where the first bulletin was stopped half way and the register has changed since."""
    row = make_warning(phones, status="issued")
    actions.deliver(delivery_id=of().pk, now=NOW)
    mass.send_next(delivery_id=of().pk, clock=lambda: NOW)
    batch = batches.take(of().pk, NOW)
    batches.keep(batch, (), [0, 1])
    batches.keep(batch, [Told(0, "fake", "refused", "no such number")], [1])  # 40 refused, 41 out: then it is killed
    batches.let_go()
    Recipient.objects.filter(number=NUMBERS[0]).delete()
    Recipient.objects.create(number="13900000009", area_code="210106007", added_at=NOW)
    outlets["sms"].reached.clear()
    actions.cancel(warning_id=row.pk, reason="误报", by=phones.by("孙丽"), now=later(minutes=1))
    assert send_all(1, later(minutes=1)) == "blocked"
    assert send_all(2, later(minutes=1)) == "acknowledged"
    assert sorted(outlets["sms"].reached) == [*NUMBERS[:40], NUMBERS[41]]


def test_withdrawal_waits_while_a_batch_of_the_false_warning_is_under_way(phones, outlets, monkeypatch):
    row = make_warning(phones, status="issued")
    actions.deliver(delivery_id=of().pk, now=NOW)
    batches.take(of().pk, NOW)
    actions.cancel(warning_id=row.pk, reason="误报", by=phones.by("孙丽"), now=later(minutes=1))
    monkeypatch.setattr(batches, "hold", lambda *_a, **_k: False)  # its worker lives
    assert actions.deliver(delivery_id=of(2).pk, now=later(minutes=1)) == "pending"
    assert of(2).next_try_at == later(minutes=1, seconds=1)
    assert MassBatch.objects.filter(delivery=of(2)).count() == 0


def test_withdrawal_when_nobody_was_reached_tells_nobody(phones, outlets):
    row = make_warning(phones, status="issued")
    actions.cancel(warning_id=row.pk, reason="误报", by=phones.by("孙丽"), now=later(minutes=1))
    assert send_all(1, later(minutes=1)) == "blocked"
    assert send_all(2, later(minutes=1)) == "acknowledged"
    assert outlets["sms"].reached == []


def test_exercise_when_sent_to_many_never_passes_the_door(phones, outlets):
    world = make.make_exercise().pk
    make_warning(phones, status="issued", world=world)
    assert send_all(world=world) == "blocked"
    assert outlets["sms"].reached == []
    assert MassBatch.objects.count() == 0


def test_numbers_are_in_no_event_audit_row_attempt_or_job(phones, outlets):
    outlets["sms"].fail = [NotDelivered("sms.no_provider", left=20)]
    make_warning(phones, status="issued")
    send_all()
    send_all(now=of().next_try_at)
    kept = [list(model.objects.values()) for model in (StoredEvent, AuditRow, DeliveryAttempt)]
    kept.append(list(Delivery.objects.in_world(LIVE).values()))
    kept.append(list(MassAttempt.objects.values()))
    with connection.cursor() as cursor:
        cursor.execute("SELECT args::text FROM procrastinate_jobs")
        kept.append([list(each) for each in cursor.fetchall()])
    assert "138000" not in json.dumps(kept, default=str)


def test_job_when_a_batch_is_done_queues_the_next_and_one_waits_a_lane(phones, outlets, monkeypatch):
    make_warning(phones, status="issued")
    for _ in range(2):
        actions.deliver(delivery_id=of().pk, now=NOW)

    def waiting() -> list[str]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT lock FROM procrastinate_jobs WHERE task_name = 'alerts.deliver_batch' AND status = 'todo' "
                "ORDER BY lock"
            )
            return [lock for (lock,) in cursor.fetchall()]

    assert waiting() == ["mass:0", "mass:1"]
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    monkeypatch.setattr(mass, "send_next", lambda **_: True)
    jobs.deliver_batch.func.__wrapped__(str(of().pk), 1, 30)
    assert waiting() == ["mass:1"]


@pytest.mark.parametrize(("language", "word"), [("zh-hans", "群发：短信"), ("en", "To many: ")])
def test_page_of_a_bulletin_counts_by_provider_and_shows_no_number(phones, outlets, language, word):
    outlets["sms"].fail = [NotDelivered("sms.no_provider", left=20)]
    make_warning(phones, status="issued")
    send_all()
    client = Client()
    client.force_login(phones.persons["赵明远"].account, backend="django.contrib.auth.backends.ModelBackend")
    client.cookies["django_language"] = language
    page = client.get(f"/bulletins/{of().bulletin_id}/parts/deliveries").content.decode()
    assert word in page
    assert "fake" in page
    facts = totals()
    assert facts["uncertain"] == 10
    for outcome in ("sent", "uncertain", "waiting"):
        assert f"<b>{facts[outcome]}</b>" in page
    assert "138000" not in page


def test_numbers_are_forgotten_when_the_warning_ended_long_ago_and_counts_stay(phones, outlets):
    warning = make_warning(phones, status="issued")
    send_all()
    after = NOW + mass_rules.NUMBERS_KEPT + timedelta(days=1)
    Delivery.objects.all_worlds("test").update(created_at=NOW)
    assert mass.forget_numbers(after) == 0  # whoever withdraws it must still know whom it told
    type(warning).objects.in_world(LIVE).filter(pk=warning.pk).update(status="lifted")
    assert mass.forget_numbers(after - timedelta(days=2)) == 0
    before = totals()
    assert mass.forget_numbers(after) == 3
    assert not any(MassBatch.objects.values_list("numbers", flat=True))
    assert totals() == before
    assert mass.forget_numbers(after) == 0
