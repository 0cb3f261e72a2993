"""No query forgets which world it means, and no exercise reaches a public door."""

from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from fengsui.core import clocks
from fengsui.core.models import Clock, UnscopedError, World
from fengsui.core.tests.make import NOW, make_clock, make_person, make_rule, make_world
from fengsui.core.worlds import LIVE, gate, live_world
from fengsui.kernel.errors import Refused

FORGETFUL = {
    "iterate": lambda rows: list(rows.all()),
    "filter": lambda rows: list(rows.filter(state="running")),
    "values": lambda rows: list(rows.values("pk")),
    "get": lambda rows: rows.get(label="x"),
    "first": lambda rows: rows.first(),
    "last": lambda rows: rows.order_by("pk").last(),
    "latest": lambda rows: rows.latest("due_at"),
    "count": lambda rows: rows.count(),
    "exists": lambda rows: rows.exists(),
    "aggregate": lambda rows: rows.aggregate(n=__import__("django.db.models").db.models.Count("pk")),
    "iterator": lambda rows: list(rows.all().iterator()),
    "update": lambda rows: rows.update(label="y"),
    "delete": lambda rows: rows.filter(label="x").delete(),
    "bulk": lambda rows: rows.in_bulk(),
    "slice": lambda rows: list(rows.all()[:1]),
    "bool": lambda rows: bool(rows.all()),
    "get_or_create": lambda rows: rows.get_or_create(label="x"),
    "lock": lambda rows: rows.select_for_update().first(),
    "contains": lambda rows: rows.contains(Clock(pk=uuid4())),
}


@pytest.mark.django_db
@pytest.mark.parametrize("how", FORGETFUL)
def test_query_is_refused_when_no_world_was_said(how):
    with pytest.raises(UnscopedError) as refused:
        FORGETFUL[how](Clock.objects)
    assert (refused.value.code, refused.value.facts["model"]) == ("core.world.unscoped", "core.Clock")


@pytest.mark.django_db
def test_query_sees_only_its_world_when_it_says_one():
    make_rule()
    drill = make_world()
    here, there = make_clock(make_person()), make_clock(make_person(world=drill.pk), about=drill)
    assert list(Clock.objects.in_world(LIVE)) == [here]
    assert list(Clock.objects.in_world(drill)) == [there]
    assert Clock.objects.in_world(LIVE).filter(pk=there.pk).first() is None
    assert Clock.objects.all_worlds("the test looks at all").count() == 2
    assert Clock.objects.in_world(drill.pk).filter(state="running").order_by("pk").values_list("pk", flat=True)[0] == (
        there.pk
    )


@pytest.mark.django_db
def test_all_worlds_is_refused_when_no_reason_is_given():
    with pytest.raises(ValueError, match="say why"):
        Clock.objects.all_worlds("")


@pytest.mark.django_db
def test_children_and_keys_need_no_scope_when_followed_from_their_row():
    make_rule()
    clock = make_clock(make_person())
    clock.pauses.create(started_at=NOW, reason="等")
    assert clock.pauses.get().clock.world.is_live


@pytest.mark.django_db
def test_live_world_is_one_when_another_is_tried():
    assert live_world().pk == LIVE
    with pytest.raises(IntegrityError, match="core_world_live_has_fixed_key"), transaction.atomic():
        World.objects.create(kind="live", name="第二个实战")


@pytest.mark.django_db
def test_gate_opens_when_live_or_when_the_door_is_not_public():
    gate(LIVE, door="sms", public=True)
    gate(make_world().pk, door="exercise sink", public=False)


@pytest.mark.django_db
def test_gate_refuses_when_the_exercise_is_over():
    drill = make_world()
    drill.ended_at = NOW
    drill.save(update_fields=["ended_at"])
    with pytest.raises(Refused) as refused:
        gate(drill.pk, door="exercise sink", public=False)
    assert refused.value.code == "core.gate.exercise_over"


@pytest.mark.django_db
def test_clock_is_owed_no_more_when_it_starts_after_the_end_of_its_exercise():
    make_rule()
    drill = make_world()
    running = make_clock(make_person(world=drill.pk), about=drill)
    by = make_person(world=drill.pk)
    assert [each.pk for each in clocks.cancel_all(by=by, now=NOW, reason="演练结束")] == [running.pk]
    drill.ended_at = NOW
    drill.save(update_fields=["ended_at"])
    late = make_clock(by, about=drill)
    assert (late.state, late.next_fire_at, late.proof) == ("cancelled", None, {"reason": clocks.EXERCISE_OVER})
    assert not Clock.objects.in_world(drill).filter(state__in=["running", "paused"]).exists()


@pytest.mark.django_db
def test_clocks_of_the_live_world_are_kept_when_somebody_would_cancel_them_all():
    make_rule()
    clock = make_clock(make_person())
    with pytest.raises(Refused):
        clocks.cancel_all(by=make_person(), now=NOW, reason="x")
    clock.refresh_from_db()
    assert clock.state == "running"


@given(world=st.uuids().filter(lambda each: each != LIVE), door=st.text(max_size=20))
def test_gate_refuses_when_any_exercise_tries_any_public_door(world, door):
    with pytest.raises(Refused) as refused:
        gate(world, door=door, public=True)
    assert refused.value.code == "core.gate.exercise"
