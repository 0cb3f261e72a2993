"""The shift passes on: in words, by a press of the next one, on a clock; until then the one before answers."""

from datetime import timedelta

import pytest

from fengsui.apps.people import actions, queries
from fengsui.apps.people.models import Handover, Holding
from fengsui.apps.people.tests.make import NOW, make_org, make_person, make_post
from fengsui.core.models import Clock, ClockRuleRow, StoredEvent
from fengsui.core.worlds import LIVE
from fengsui.kernel.errors import FengsuiError

pytestmark = pytest.mark.django_db


@pytest.fixture
def room():
    ClockRuleRow.objects.create(kind="people.handover", limit_s=900, source="本地约定", basis="U")
    org = make_org("bureau", "bureau")
    persons = [make_person(name, org) for name in ("早班", "晚班", "夜班")]
    post = make_post("duty", "duty_officer", org, *persons)
    other = make_person("别局", org)
    make_post("duty-zone", "duty_officer", org, other)
    by = {person.name: queries.actor_for(person.pk, LIVE) for person in [*persons, other]}
    return post, by


def offer(room, who="早班", **over):
    post, by = room
    given = {"post_id": post.pk, "incoming_id": None, "note": "二号泵在修", "facts": {"clock_count": 3}, **over}
    return actions.offer_shift(by=by[who], now=NOW, **given)


def refusal(call, **kwargs):
    before = StoredEvent.objects.count()
    with pytest.raises(FengsuiError) as refused:
        call(**kwargs)
    assert StoredEvent.objects.count() == before
    return refused.value.code


def on_duty(room):
    return next((last.name if last else None) for post, last, _held in queries.on_duty(LIVE) if post == room[0])


def test_clock_runs_from_the_offer_to_the_press_when_handed_over(room):
    row = offer(room)
    clock = Clock.objects.in_world(LIVE).get()
    assert (clock.kind, clock.owner_post, clock.url) == ("people.handover", room[0].pk, f"/handover/{row.pk}/")
    assert on_duty(room) is None
    actions.take_shift(handover_id=row.pk, by=room[1]["晚班"], now=NOW + timedelta(minutes=4))
    clock.refresh_from_db()
    assert (clock.state, clock.closed_by) == ("met", room[1]["晚班"].person)
    assert on_duty(room) == "晚班"
    names = list(StoredEvent.objects.filter(name__startswith="people.").order_by("pk").values_list("name", flat=True))
    assert names == ["people.ShiftOffered", "people.ShiftTaken"]


@pytest.mark.parametrize(
    ("who", "code"),
    [("早班", "people.handover.own"), ("别局", "core.policy.forbidden"), ("夜班", "people.handover.for_another")],
)
def test_shift_is_taken_by_nobody_else_when_meant_for_one(room, who, code):
    row = offer(room, incoming_id=room[1]["晚班"].person)
    assert Clock.objects.in_world(LIVE).get().owner_person == room[1]["晚班"].person
    assert refusal(actions.take_shift, handover_id=row.pk, by=room[1][who], now=NOW) == code
    assert on_duty(room) is None


def test_second_press_is_refused_when_somebody_was_first(room):
    row = offer(room)
    actions.take_shift(handover_id=row.pk, by=room[1]["晚班"], now=NOW)
    code = refusal(actions.take_shift, handover_id=row.pk, by=room[1]["夜班"], now=NOW)
    assert code == "people.handover.for_another"
    assert Handover.objects.in_world(LIVE).get().incoming_id == room[1]["晚班"].person


def test_outgoing_one_stays_when_he_withdraws(room):
    row = offer(room)
    assert refusal(actions.keep_shift, handover_id=row.pk, by=room[1]["晚班"], now=NOW) == "people.handover.not_yours"
    actions.keep_shift(handover_id=row.pk, by=room[1]["早班"], now=NOW)
    assert Clock.objects.in_world(LIVE).get().state == "cancelled"
    assert refusal(actions.take_shift, handover_id=row.pk, by=room[1]["晚班"], now=NOW) == "handover.take.wrong_state"
    offer(room)  # and may offer again


def test_shift_is_not_given_to_nobody_when_handed_over(room):
    assert refusal(offer, room=room, note=" ") == "people.handover.needs_note"
    assert refusal(offer, room=room, incoming_id=room[1]["别局"].person) == "people.handover.not_holder"
    assert refusal(offer, room=room, who="别局") == "core.policy.forbidden"
    offer(room)
    assert refusal(offer, room=room) == "people.handover.open_already"
    Holding.objects.filter(post=room[0]).exclude(person__name="夜班").update(until=NOW - timedelta(minutes=-1))
    assert refusal(
        actions.offer_shift, post_id=room[0].pk, incoming_id=None, note="无", facts={}, by=room[1]["夜班"],
        now=NOW + timedelta(hours=1),
    ) == "people.handover.nobody"  # fmt: skip


def test_nobody_is_named_on_duty_when_he_left_the_post(room):
    row = offer(room)
    actions.take_shift(handover_id=row.pk, by=room[1]["晚班"], now=NOW)
    Holding.objects.filter(person__name="晚班").update(until=NOW + timedelta(minutes=1))
    assert on_duty(room) is None
