"""A false warning is taken back everywhere it went, first of all; a dead outlet is stood in for by another one."""

from __future__ import annotations

import pytest
from django.db import connection

from fengsui.apps.alerts import actions, queries, rules
from fengsui.apps.alerts.actions import queueing
from fengsui.apps.alerts.models import Bulletin, Call, Delivery, Outlet, Warning
from fengsui.apps.alerts.tests.make import NOW, Town, later, make_exercise, make_warning, signal
from fengsui.core import jobs as core_jobs
from fengsui.core.models import Clock, StoredEvent
from fengsui.core.worlds import LIVE
from fengsui.kernel.levels import Level
from fengsui.kernel.ports.outlets import NotDelivered


def send_all(bulletin: Bulletin, now=NOW) -> dict[str, str]:
    rows = Delivery.objects.in_world(LIVE).filter(bulletin=bulletin).order_by("pk").select_related("call")
    names = {row.pk: f"{row.outlet_id} {row.call.name if row.call else ''}".strip() for row in rows}
    return {name: actions.deliver(delivery_id=key, now=now) for key, name in names.items()}


def first(row: Warning) -> Bulletin:
    return Bulletin.objects.in_world(LIVE).get(warning=row, sequence=1)


def recall(town: Town, row: Warning, now) -> Bulletin:
    return actions.cancel(warning_id=row.pk, reason="传感器被拆下检修", by=town.by("赵明远"), now=now)


def test_recall_reaches_each_outlet_and_each_called_person_by_one_press(town, outlets):
    row = make_warning(town, status="issued")
    told = send_all(first(row))
    called = set(Call.objects.in_world(LIVE).filter(called_at__isnull=False).values_list("name", flat=True))
    assert called == {"周网格", "陈立"}
    cancel = recall(town, row, later(minutes=2))
    mails = {f"officers-mail {name}" for name in called}
    found = send_all(cancel, later(minutes=2, seconds=1))
    assert set(found) == {code for code in told if " " not in code} | mails
    assert set(found.values()) == {"acknowledged", "sent"}
    clock = Clock.objects.in_world(LIVE).get(kind="alerts.recall")
    assert (clock.state, clock.about_id) == ("met", str(cancel.pk))
    assert queries.recall_took(cancel) == 1.0
    assert queries.recall_took(first(row)) is None
    assert actions.deliver(delivery_id=cancel.deliveries.first().pk, now=later(minutes=3)) in ("acknowledged", "sent")


def test_recall_tells_an_outlet_that_only_a_worse_level_had_reached(town, outlets):
    """Red went out by the horns, then orange; the horns start at red, and have to take it back all the same."""
    Outlet.objects.filter(pk="broadcast").update(min_level=4)
    row = make_warning(town, Level.RED, status="issued")
    send_all(first(row))
    actions.revise(warning_id=row.pk, reason="回落", by=town.by("赵明远"), now=later(minutes=1), level=Level.YELLOW)
    actions.confirm(warning_id=row.pk, by=town.by("赵明远"), now=later(minutes=2))
    update = actions.issue(warning_id=row.pk, by=town.by("孙丽"), now=later(minutes=3))
    actions.revise(warning_id=row.pk, reason="再降", by=town.by("赵明远"), now=later(minutes=4), level=Level.BLUE)
    actions.confirm(warning_id=row.pk, by=town.by("赵明远"), now=later(minutes=5))
    blue = actions.issue(warning_id=row.pk, by=town.by("孙丽"), now=later(minutes=6))
    cancel = recall(town, row, later(minutes=7))
    for each in (update, blue, cancel):
        assert each.deliveries.filter(outlet_id="broadcast", call=None).exists(), each.kind


def test_recall_leaves_out_an_outlet_that_never_let_anything_through(town, outlets):
    Outlet.objects.filter(pk="media").update(min_level=4)
    row = make_warning(town, Level.ORANGE, status="issued")
    cancel = recall(town, row, later(minutes=1))
    assert not cancel.deliveries.filter(outlet_id="media").exists()


def test_recall_is_tried_again_sooner_and_goes_before_all_others(town, outlets):
    row = make_warning(town, status="issued")
    send_all(first(row))
    cancel = recall(town, row, later(minutes=1))
    outlets["webhook"].fail = [NotDelivered("webhook.status", status=503)] * 3
    media, at, waits = cancel.deliveries.get(outlet_id="media"), later(minutes=1), []
    while actions.deliver(delivery_id=media.pk, now=at) == "failed":
        media.refresh_from_db()
        waits.append((media.next_try_at - at).total_seconds())
        at = media.next_try_at
    assert waits == [1, 1, 2]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT args->>'delivery_id', priority FROM procrastinate_jobs WHERE task_name = 'alerts.deliver'"
        )
        queued = cursor.fetchall()
    mine = {str(pk) for pk in cancel.deliveries.values_list("pk", flat=True)}
    assert {n for key, n in queued if key in mine} == {rules.FIRST}
    assert {n for key, n in queued if key not in mine} == {30}


def test_recall_keeps_its_clock_until_the_last_called_person_was_told(town, outlets):
    row = make_warning(town, status="issued")
    send_all(first(row))
    cancel = recall(town, row, later(minutes=1))
    last = cancel.deliveries.filter(call__isnull=False).order_by("pk").last()
    for each in cancel.deliveries.exclude(pk=last.pk):
        actions.deliver(delivery_id=each.pk, now=later(minutes=1))
    assert Clock.objects.in_world(LIVE).get(kind="alerts.recall").state == "running"
    outlets["email"].fail = [NotDelivered("email.recipients_refused", again=False)]
    assert actions.deliver(delivery_id=last.pk, now=later(minutes=1)) == "dead"
    assert Clock.objects.in_world(LIVE).get(kind="alerts.recall").state == "running"
    actions.waive(delivery_id=last.pk, reason="电话告知", by=town.by("赵明远"), now=later(minutes=2))
    assert Clock.objects.in_world(LIVE).get(kind="alerts.recall").state == "met"


def stand_in() -> None:
    Outlet.objects.create(code="second", channel="cap_push", name="备用接口", min_level=4, address={"env": "E"})
    Outlet.objects.filter(pk="media").update(instead="second")


def test_dead_outlet_is_stood_in_for_once_and_owes_nothing_after_the_receipt(town, outlets):
    stand_in()
    row = make_warning(town, status="issued")
    outlets["webhook"].fail = [NotDelivered("webhook.status", again=False, status=410)]
    send_all(first(row))
    second = Delivery.objects.in_world(LIVE).get(outlet_id="second")
    media = Delivery.objects.in_world(LIVE).get(outlet_id="media")
    assert (second.state, media.state) == ("pending", "dead")
    assert Clock.objects.in_world(LIVE).get(kind="alerts.deliver").state == "running"
    assert actions.deliver(delivery_id=second.pk, now=later(seconds=1)) == "acknowledged"
    media.refresh_from_db()
    assert (media.state, media.reason) == ("waived", "instead(second)")
    assert Clock.objects.in_world(LIVE).get(kind="alerts.deliver").state == "met"
    assert StoredEvent.objects.filter(name="alerts.DeliveryWaived").count() == 1
    assert [len(each) for each in outlets["cap_push"].sent.values()] == [1]


def test_dead_outlet_that_comes_back_to_life_sends_nothing_twice_by_the_other_one(town, outlets):
    stand_in()
    row = make_warning(town, status="issued")
    outlets["webhook"].fail = [NotDelivered("x", again=False)] * 2
    send_all(first(row))
    second = Delivery.objects.in_world(LIVE).get(outlet_id="second")
    media = Delivery.objects.in_world(LIVE).get(outlet_id="media")
    actions.retry(delivery_id=media.pk, by=town.by("赵明远"), now=later(seconds=1))
    assert actions.deliver(delivery_id=media.pk, now=later(seconds=1)) == "dead"
    assert Delivery.objects.in_world(LIVE).filter(outlet_id="second").count() == 1
    actions.deliver(delivery_id=second.pk, now=later(seconds=2))
    assert [len(each) for each in outlets["cap_push"].sent.values()] == [1]


def test_both_outlets_dead_stay_two_dead_letters_for_a_person(town, outlets):
    stand_in()
    row = make_warning(town, status="issued")
    outlets["webhook"].fail = [NotDelivered("x", again=False)]
    outlets["cap_push"].fail = [NotDelivered("x", again=False)]
    send_all(first(row))
    send_all(first(row))
    states = dict(Delivery.objects.in_world(LIVE).values_list("outlet_id", "state").filter(call=None))
    assert (states["media"], states["second"]) == ("dead", "dead")
    assert Clock.objects.in_world(LIVE).get(kind="alerts.deliver").state == "running"


def test_stand_in_of_an_exercise_does_not_pass_a_public_door(town, outlets):
    stand_in()
    Outlet.objects.filter(pk="officers-mail").update(instead="second")
    world = make_exercise().pk
    make_warning(town, status="issued", world=world)
    outlets["email"].fail = [NotDelivered("x", again=False)]
    mine = Delivery.objects.in_world(world)
    mail = mine.get(outlet_id="officers-mail", call=None)
    assert actions.deliver(delivery_id=mail.pk, now=NOW) == "dead"
    assert actions.deliver(delivery_id=mine.get(outlet_id="second").pk, now=NOW) == "blocked"
    assert outlets["cap_push"].sent == {}
    assert mine.get(pk=mail.pk).state == "dead"


def test_sweep_queues_the_withdrawal_before_the_rest(town, outlets):
    row = make_warning(town, status="issued")
    signal(town, Level.RED, at=later(minutes=1), value=0.5)
    recall(town, row, later(minutes=2))
    seen: list[tuple[str, int]] = []
    kept = list(queueing._defer)
    queueing.carried_by(lambda keys, at, priority: seen.extend((str(key), priority) for key in keys))
    try:
        actions.sweep(later(minutes=5))
    finally:
        queueing.carried_by(kept[0])
    assert {priority for _key, priority in seen} == {30, rules.FIRST}


def test_every_queue_has_a_lane():
    """A job in a queue that no lane serves would wait for ever."""
    from procrastinate.contrib.django import app

    served = {queue for lane in core_jobs.LANES for queue in lane.split()}
    assert {task.queue for task in app.tasks.values()} <= served


@pytest.mark.parametrize(("attempts", "wait"), [(1, 1), (2, 1), (5, 5), (9, 5)])
def test_back_off_of_a_withdrawal(attempts, wait):
    assert rules.back_off(attempts, "cancel").total_seconds() == wait
