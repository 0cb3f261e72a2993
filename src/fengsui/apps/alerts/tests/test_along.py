"""A job takes along what waits for its outlet: each is marked as if it had gone alone, by few statements for all."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from fengsui.apps.alerts import actions, queries, rules
from fengsui.apps.alerts.actions import gates, outcomes, trying
from fengsui.apps.alerts.models import Bulletin, Call, Delivery, DeliveryAttempt, Outlet
from fengsui.apps.alerts.tests import make
from fengsui.apps.alerts.tests.crowd import jobs_of, make_crowd
from fengsui.apps.alerts.tests.make import NOW, later, make_warning, signal
from fengsui.catalog.channels.email import ENTRY as EMAIL
from fengsui.catalog.channels.webhook import ENTRY as WEBHOOK
from fengsui.core.audit_check import faults
from fengsui.core.models import AuditRow, Clock, StoredEvent
from fengsui.core.worlds import LIVE
from fengsui.kernel.levels import Level
from fengsui.kernel.ports.outlets import NotDelivered, Receipt

MANY = rules.AT_ONCE - 2
"""Even, and one less than a whole batch: the first one's own job waits here, too, where a worker's would be running."""


def issued(town, level: Level = Level.ORANGE) -> Bulletin:
    """A bulletin whose own outlets have it already: what is sent later is the crowd's."""
    row = make_warning(town, level, status="issued")
    bulletin = Bulletin.objects.in_world(LIVE).get(warning=row)
    for each in Delivery.objects.in_world(LIVE).filter(bulletin=bulletin):
        actions.deliver(delivery_id=each.pk, now=NOW)
    return bulletin


def states(rows: list[Delivery]) -> list[str]:
    found = dict(Delivery.objects.in_world(LIVE).filter(pk__in=[row.pk for row in rows]).values_list("pk", "state"))
    return [found[row.pk] for row in rows]


def send(rows: list[Delivery], now=NOW, most: int = rules.AT_ONCE) -> str:
    return actions.deliver(delivery_id=rows[0].pk, now=now, most=most)


def say(outlet, said: dict[str, Exception | Receipt]) -> None:
    """What the receiver answers to a key instead of taking it."""
    real = outlet.send

    def answer(parcel, address):
        found = said.get(parcel.key)
        if isinstance(found, Exception):
            raise found
        return found or real(parcel, address)

    outlet.send = answer


def test_batch_when_some_in_the_middle_go_wrong_marks_each_as_its_own(town, outlets):
    rows = make_crowd(issued(town), 12)
    for each in rows[1:]:
        assert jobs_of([each]) == {each.pk: [None]}
    Call.objects.in_world(LIVE).filter(pk=rows[3].call_id).update(state="answered")
    down, refused = NotDelivered("webhook.status", status=503), NotDelivered("webhook.status", again=False, status=410)
    silent, odd = Receipt("sent", ""), Receipt("acknowledged", "a\0b\ud800", {"said": ["\0"]})
    say(
        outlets["webhook"],
        {str(rows[5].pk): down, str(rows[6].pk): refused, str(rows[8].pk): silent, str(rows[9].pk): odd},
    )
    assert send(rows) == "acknowledged"
    wanted = ["acknowledged"] * 12
    wanted[3], wanted[5], wanted[6], wanted[8] = "blocked", "failed", "dead", "failed"
    assert states(rows) == wanted
    tried = dict(DeliveryAttempt.objects.filter(delivery__in=rows).values_list("delivery", "outcome"))
    assert [tried[row.pk] for row in rows] == [{"dead": "failed"}.get(each, each) for each in wanted]
    fresh = Delivery.objects.in_world(LIVE).in_bulk([row.pk for row in rows])
    assert fresh[rows[3].pk].reason == "alerts.gate.superseded"
    assert fresh[rows[6].pk].reason == "webhook.status(status=410)"
    assert fresh[rows[9].pk].receipt == {"reference": "ab?", "said": [""]}
    came = set(outlets["webhook"].sent) & {str(row.pk) for row in rows}
    assert came == {str(row.pk) for n, row in enumerate(rows) if n not in (3, 5, 6, 8, 9)}
    again = NOW + rules.back_off(1)
    assert [fresh[rows[n].pk].next_try_at for n in (5, 8)] == [again, again]
    assert jobs_of(rows) == {rows[5].pk: [again], rows[8].pk: [again]}  # the others' jobs are done with
    names = Counter(
        StoredEvent.objects.filter(about_id__in=[str(row.pk) for row in rows]).values_list("name", flat=True)
    )
    assert names == {
        "alerts.DeliveryAcknowledged": 8, "alerts.DeliveryBlocked": 1, "alerts.DeliveryFailed": 2,
        "alerts.DeliveryDead": 1,
    }  # fmt: skip
    assert not list(faults())


def test_batch_is_of_its_outlet_its_priority_and_what_is_due(town, outlets):
    bulletin = issued(town)
    mine = make_crowd(bulletin, 3)
    Outlet.objects.create(code="second", channel="webhook", name="x", min_level=4, address={"env": "E"}, areas=["none"])
    other = make_crowd(bulletin, 2, outlet="second", line="other")
    late, carried = make_crowd(bulletin, 1, line="late"), make_crowd(bulletin, 1, line="taken")
    Delivery.objects.in_world(LIVE).filter(pk=late[0].pk).update(next_try_at=later(seconds=20))
    with connection.cursor() as cursor:  # another worker has fetched it already, and will send it itself
        cursor.execute(
            "UPDATE procrastinate_jobs SET status = 'doing' WHERE args ->> 'delivery_id' = %s", [str(carried[0].pk)]
        )
    worse = replace(town, place=town.other, other=town.place)
    red = make_crowd(issued(worse, Level.RED), 2, line="red")
    assert send(mine) == "acknowledged"
    assert states(mine) == ["acknowledged"] * 3
    assert set(states(other + late + carried + red)) == {"pending"}
    assert all(jobs_of([each]) for each in other + late + red)
    assert send(mine[1:], most=1) == "acknowledged"  # its job, had it run after all, finds nothing to do
    assert [len(each) for each in outlets["webhook"].sent.values()] == [1] * len(outlets["webhook"].sent)


def test_batch_of_the_live_world_takes_nothing_of_an_exercise_along_and_an_exercise_nothing_at_all(town, outlets):
    world = make.make_exercise().pk
    make_warning(town, status="issued", world=world)
    drill = Bulletin.objects.in_world(world).get()
    practised = make_crowd(drill, 2, outlet="officers-mail")
    bulletin = issued(town)
    rows = make_crowd(bulletin, 2, outlet="officers-mail")
    send(rows)
    assert "pending" not in states(rows)
    inside = Delivery.objects.in_world(world).filter(pk__in=[row.pk for row in practised])
    assert list(inside.values_list("state", flat=True)) == ["pending", "pending"]
    send(practised)
    assert sorted(inside.values_list("state", flat=True)) == ["dead", "pending"]  # nobody's address
    with pytest.raises(ValueError, match="2 worlds"):
        gates.refusals([rows[0], practised[0]], False, NOW)


def test_statements_of_a_batch_do_not_grow_with_it(town, outlets):
    bulletin = issued(town)
    sizes = {}
    for size in (5, MANY):
        rows = make_crowd(bulletin, size, line=f"c{size}")
        with CaptureQueriesContext(connection) as seen:
            send(rows)
        sizes[size] = len(seen)
        assert set(states(rows)) == {"acknowledged"}
    assert sizes[5] == sizes[MANY] < MANY / 2, [each["sql"][:90] for each in seen]


def test_statements_of_a_batch_of_failures_do_not_grow_with_it(town, outlets):
    bulletin = issued(town)
    Outlet.objects.create(code="second", channel="cap_push", name="备用", min_level=4, address={"env": "E"})
    Outlet.objects.filter(pk="media").update(instead="second")
    sizes = {}
    for size in (10, MANY):
        rows = make_crowd(bulletin, size, line=f"c{size}")
        dead = NotDelivered("webhook.status", again=False, status=410)
        outlets["webhook"].fail = [NotDelivered("webhook.status", status=503), dead] * (size // 2)
        with CaptureQueriesContext(connection) as seen:
            send(rows)
        sizes[size] = len(seen)
        assert Counter(states(rows)) == {"failed": size // 2, "dead": size // 2}
        taken = Delivery.objects.in_world(LIVE).filter(outlet_id="second", call__line=f"c{size}")
        assert len(jobs_of(list(taken))) == taken.count() == size // 2
    assert sizes[10] == sizes[MANY] < MANY / 2, [each["sql"][:90] for each in seen]


def test_batch_over_several_bulletins_keeps_each_in_its_chain_and_closes_each_clock(town, outlets):
    make_warning(town, status="issued")
    make_warning(replace(town, place=town.other, other=town.place), status="issued")
    bulletins = Bulletin.objects.in_world(LIVE).in_bulk()
    for row in Delivery.objects.in_world(LIVE).exclude(outlet_id="media"):
        actions.deliver(delivery_id=row.pk, now=NOW)
    clocks = Clock.objects.in_world(LIVE).filter(kind="alerts.deliver")
    assert set(clocks.values_list("state", flat=True)) == {"running"}
    rows = list(Delivery.objects.in_world(LIVE).filter(outlet_id="media").order_by("pk"))
    assert len(rows) == 2
    assert send(rows) == "acknowledged"
    assert states(rows) == ["acknowledged"] * 2
    assert dict(clocks.values_list("about_id", "state")) == {str(key): "met" for key in bulletins}
    assert {each.proof["media"] for each in clocks} == {"acknowledged"}
    for row in rows:
        told = AuditRow.objects.get(subject=f"alerts.delivery:{row.pk}")
        assert (told.correlation, told.system) == (bulletins[row.bulletin_id].correlation, "alerts.delivery")
    assert not list(faults())


def test_dead_letters_of_a_batch_are_settled_by_the_batch_of_the_outlet_that_stands_in(town, outlets):
    Outlet.objects.create(code="second", channel="cap_push", name="备用", min_level=4, address={"env": "E"})
    Outlet.objects.filter(pk="media").update(instead="second")
    rows = make_crowd(issued(town), 3)
    outlets["webhook"].fail = [NotDelivered("x", again=False)] * 3
    assert send(rows) == "dead"
    others = list(Delivery.objects.in_world(LIVE).filter(outlet_id="second").order_by("call__turn"))
    assert [each.call_id for each in others] == [row.call_id for row in rows]
    assert send(others) == "acknowledged"
    assert states(rows) == ["waived"] * 3


def test_receiver_that_hangs_is_asked_for_no_more_than_began_at_once(town, outlets, monkeypatch):
    """What was not begun stays as it was, with its job: no try is counted."""
    monkeypatch.setattr(trying, "BEGIN_S", 0.0)
    rows = make_crowd(issued(town), 30)
    assert send(rows) == "acknowledged"
    assert Counter(states(rows)) == {"acknowledged": WEBHOOK.at_once, "pending": 30 - WEBHOOK.at_once}
    assert DeliveryAttempt.objects.filter(delivery__in=rows).count() == WEBHOOK.at_once
    waiting = [row for row, state in zip(rows, states(rows), strict=True) if state == "pending"]
    assert set(jobs_of(rows)) == {row.pk for row in waiting}
    assert EMAIL.at_once < WEBHOOK.at_once  # a mail server counts its connections


def test_fault_of_ours_in_one_leaves_that_one_to_its_own_job(town, outlets):
    rows = make_crowd(issued(town), 4)
    say(outlets["webhook"], {str(rows[2].pk): RuntimeError("ours")})
    assert send(rows) == "acknowledged"
    assert states(rows) == ["acknowledged", "acknowledged", "pending", "acknowledged"]
    assert jobs_of(rows) == {rows[2].pk: [None]}
    more = make_crowd(rows[0].bulletin, 1, line="more")
    with pytest.raises(RuntimeError, match="ours"):
        send([rows[2]])
    assert states([rows[2], *more]) == ["pending", "acknowledged"]


def test_batch_that_cannot_be_written_down_goes_one_by_one(town, outlets, monkeypatch):
    rows = make_crowd(issued(town), 3)
    real = outcomes.write

    def write(told, now, by=None):
        if len(told) > 1:
            raise ValueError("cannot be written")
        real(told, now, by)

    monkeypatch.setattr(outcomes, "write", write)
    assert send(rows) == "acknowledged"
    assert states(rows) == ["acknowledged", "pending", "pending"]
    assert set(jobs_of(rows)) >= {row.pk for row in rows[1:]}
    assert {key: len(bodies) for key, bodies in outlets["webhook"].sent.items()}[str(rows[0].pk)] == 2


def test_withdrawal_waits_for_every_called_person_of_a_batch(town, outlets):
    row = make_warning(town, status="issued")
    cancel = actions.cancel(warning_id=row.pk, reason="误报", by=town.by("赵明远"), now=later(minutes=1))
    make_crowd(cancel, 3, outlet="officers-mail")
    mails = Delivery.objects.in_world(LIVE).filter(bulletin=cancel, outlet_id="officers-mail")
    for each in Delivery.objects.in_world(LIVE).filter(bulletin=cancel).exclude(outlet_id="officers-mail"):
        actions.deliver(delivery_id=each.pk, now=later(minutes=1))
    clock = Clock.objects.in_world(LIVE).filter(kind="alerts.recall")
    send(list(mails.filter(call=None)), now=later(minutes=1))
    # Persons of the crowd have no mail address: their letters are dead, and keep the clock running.
    assert Counter(mails.values_list("state", flat=True))["dead"] == 3
    assert clock.get().state == "running"
    assert queries.recall_took(cancel) is None
    for each in mails.filter(state="dead"):
        actions.waive(delivery_id=each.pk, reason="电话", by=town.by("赵明远"), now=later(minutes=2))
    assert clock.get().state == "met"


def test_gate_is_asked_again_for_each_of_a_batch(town, outlets):
    """The second bulletin of a warning stops the first one's deliveries in the middle of a batch of others."""
    bulletin = issued(town)
    stale = make_crowd(bulletin, 2)
    other = issued(replace(town, place=town.other, other=town.place))
    rows = make_crowd(other, 2, line="mine")
    signal(town, Level.RED, at=later(minutes=1), value=0.5)
    actions.confirm(warning_id=bulletin.warning_id, by=town.by("赵明远"), now=later(minutes=2))
    actions.issue(warning_id=bulletin.warning_id, by=town.by("孙丽"), now=later(minutes=3))
    assert send(rows, now=later(minutes=3)) == "acknowledged"
    assert states(rows + stale) == ["acknowledged"] * 2 + ["blocked"] * 2
    assert not {str(row.pk) for row in stale} & set(outlets["webhook"].sent)
