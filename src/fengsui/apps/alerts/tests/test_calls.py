"""叫应 to the last name."""

from __future__ import annotations

import pytest

from fengsui.apps.alerts import actions, handlers, queries
from fengsui.apps.alerts.models import Bulletin, Call, Delivery
from fengsui.apps.alerts.tests import make
from fengsui.apps.alerts.tests.make import NOW, SYSTEM, later, make_warning
from fengsui.core import clock_engine
from fengsui.core.events import ClockEscalated
from fengsui.core.models import Clock, StoredEvent
from fengsui.core.record import rebuild
from fengsui.core.worlds import LIVE
from fengsui.kernel.errors import Forbidden, Invalid, NotFound, Refused


@pytest.fixture
def bulletin(town, outlets) -> Bulletin:
    make_warning(town, status="issued")
    return Bulletin.objects.in_world(LIVE).get()


def call(name: str) -> Call:
    return Call.objects.in_world(LIVE).get(name=name)


def pass_on(town: make.Town, bulletin: Bulletin, name: str, at):
    return actions.pass_on(bulletin_id=bulletin.pk, person_id=town.persons[name].pk, by=SYSTEM, now=at)


def acknowledge_clocks() -> dict[str, str]:
    rows = Clock.objects.in_world(LIVE).filter(kind="alerts.acknowledge")
    return {row.slot: row.state for row in rows}


def test_call_when_started_has_mail_and_clock_for_the_first_of_each_line(town, bulletin):
    mails = Delivery.objects.in_world(LIVE).exclude(call=None)
    assert sorted(mails.values_list("call__name", flat=True)) == ["周网格", "陈立"]
    clock = Clock.objects.in_world(LIVE).get(slot=str(town.persons["周网格"].pk))
    assert (clock.owner_person, clock.about_id) == (town.persons["周网格"].pk, str(bulletin.pk))


def test_call_mail_when_sent_goes_to_the_person_with_the_link(town, bulletin, outlets):
    row = Delivery.objects.in_world(LIVE).get(call__name="陈立")
    assert actions.deliver(delivery_id=row.pk, now=NOW) == "acknowledged"
    from email import message_from_bytes, policy

    mail = message_from_bytes(outlets["email"].sent[str(row.pk)][0], policy=policy.default)
    assert f"/calls/{row.call_id}/" in mail.get_body().get_content()
    assert mail["Subject"].startswith("请应答：")


def test_acknowledge_when_by_the_person_spares_the_rest_of_the_line(town, bulletin):
    actions.acknowledge(call_id=call("周网格").pk, by=town.by("周网格"), now=later(seconds=40))
    states = {row.name: row.state for row in Call.objects.in_world(LIVE)}
    assert states == {"周网格": "answered", "吴街道": "spared", "刘芳": "spared", "陈立": "called"}
    assert StoredEvent.objects.get(name="alerts.PersonAnswered").payload["took_s"] == 40.0
    assert acknowledge_clocks()[str(town.persons["周网格"].pk)] == "met"
    again = actions.acknowledge(call_id=call("周网格").pk, by=town.by("周网格"), now=later(seconds=50))
    assert again.acknowledged_at == later(seconds=40)
    assert StoredEvent.objects.filter(name="alerts.PersonAnswered").count() == 1


def test_acknowledge_when_written_down_needs_a_note(town, bulletin):
    with pytest.raises(Invalid):
        actions.acknowledge(call_id=call("周网格").pk, by=town.by("赵明远"), now=NOW)
    row = actions.acknowledge(call_id=call("周网格").pk, by=town.by("赵明远"), now=NOW, note="02:50 电话，已到场")
    assert (row.acknowledged_by, row.note) == (town.persons["赵明远"].pk, "02:50 电话，已到场")


def test_acknowledge_when_by_a_stranger_is_not_found(town, bulletin):
    with pytest.raises(NotFound):
        actions.acknowledge(call_id=call("周网格").pk, by=town.by("陈立"), now=NOW)
    with pytest.raises(Refused):
        actions.acknowledge(call_id=call("刘芳").pk, by=town.by("刘芳"), now=NOW)


def test_pass_on_when_silent_calls_the_next_to_the_last_name_then_a_leader(town, bulletin):
    pass_on(town, bulletin, "周网格", later(minutes=5))
    assert (call("周网格").state, call("吴街道").state) == ("passed", "called")
    assert pass_on(town, bulletin, "周网格", later(minutes=5)) is None
    pass_on(town, bulletin, "吴街道", later(minutes=10))
    pass_on(town, bulletin, "刘芳", later(minutes=15))
    assert [row.state for row in Call.objects.in_world(LIVE).filter(line="territory")] == ["passed"] * 3
    leader = Clock.objects.in_world(LIVE).get(slot="line:territory")
    assert (leader.owner_role, leader.state) == ("duty_leader", "running")
    last = StoredEvent.objects.filter(name="alerts.PersonPassed").order_by("id").last()
    assert last.payload["is_last"] is True
    unanswered = [row.name for row in queries.calls(bulletin)]
    assert unanswered == ["陈立", "周网格", "吴街道", "刘芳"]


def test_not_reached_when_the_desk_rang_calls_the_next_at_once(town, bulletin):
    following = actions.not_reached(call_id=call("周网格").pk, by=town.by("赵明远"), now=later(minutes=1))
    assert (following.name, call("周网格").state, call("吴街道").state) == ("吴街道", "passed", "called")
    assert acknowledge_clocks()[str(town.persons["周网格"].pk)] == "running"
    with pytest.raises(Refused) as refused:
        actions.not_reached(call_id=call("周网格").pk, by=town.by("赵明远"), now=later(minutes=2))
    assert refused.value.code == "alerts.pass_on.not_called"
    assert pass_on(town, bulletin, "周网格", later(minutes=5)) is None


def test_not_reached_when_it_was_the_last_name_tells_a_leader(town, bulletin):
    for name in ("周网格", "吴街道"):
        actions.not_reached(call_id=call(name).pk, by=town.by("赵明远"), now=later(minutes=1))
    assert actions.not_reached(call_id=call("刘芳").pk, by=town.by("赵明远"), now=later(minutes=2)) is None
    assert acknowledge_clocks()["line:territory"] == "running"


def test_not_reached_when_pressed_by_who_was_called_is_forbidden(town, bulletin):
    with pytest.raises(Forbidden):
        actions.not_reached(call_id=call("周网格").pk, by=town.by("周网格"), now=NOW)


def test_acknowledge_when_late_still_ends_the_line(town, bulletin):
    for name in ("周网格", "吴街道", "刘芳"):
        pass_on(town, bulletin, name, later(minutes=5))
    actions.acknowledge(call_id=call("吴街道").pk, by=town.by("吴街道"), now=later(minutes=20))
    clocks = acknowledge_clocks()
    assert clocks["line:territory"] == "met"
    assert clocks[str(town.persons["刘芳"].pk)] == "cancelled"
    assert call("周网格").state == "spared"


def test_clock_when_due_passes_the_silent_person_through_the_engine(town, bulletin):
    fired = clock_engine.sweep(later(seconds=301))
    assert fired == 2
    for stored in StoredEvent.objects.filter(name="core.ClockEscalated"):
        handlers.pass_silent_person(rebuild(stored), SYSTEM)
    assert (call("周网格").state, call("吴街道").state) == ("passed", "called")
    assert "line:traffic" in acknowledge_clocks()


def test_escalation_when_of_another_kind_is_left_alone(town, bulletin):
    event = ClockEscalated(bulletin.pk, "alerts.confirm", "", "alerts.bulletin", str(bulletin.pk), 0, "next_in_chain")
    handlers.pass_silent_person(event, SYSTEM)
    assert call("周网格").state == "called"
