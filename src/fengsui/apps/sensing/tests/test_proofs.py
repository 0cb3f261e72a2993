"""A sensor proves itself by its readings; its silence is owed by the post that answers for its station."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from fengsui.apps.people.models import Organisation, Post
from fengsui.apps.sensing.models import CurrentValue, Datastream, Station
from fengsui.apps.sensing.tests.make import T0, make_stream
from fengsui.core import proofs
from fengsui.core.models import Clock, ClockRuleRow, World
from fengsui.core.worlds import LIVE

pytestmark = pytest.mark.django_db


def heard(stream, at=T0, value=0.12):
    CurrentValue.objects.update_or_create(
        datastream=stream, defaults={"at": at, "value": value, "good_at": at, "good_value": value, "received_at": at}
    )


@pytest.fixture
def post():
    ClockRuleRow.objects.create(kind="sensing.silence", limit_s=1800, ladder=[])
    org = Organisation.objects.create(code="drain", name="排水集团", kind="department", path="drain")
    return Post.objects.create(code="drain-duty", title="排水值班", org=org, role="liaison")


def owed():
    return list(Clock.objects.all_worlds("test").filter(kind="sensing.silence", state="running"))


def test_silent_sensor_is_owed_by_its_post_until_it_reports_again(post):
    stream = make_stream()
    Station.objects.in_world(LIVE).update(owner_post="drain-duty")
    heard(stream)
    proofs.watch(T0 + timedelta(seconds=180))
    assert owed() == []
    proofs.watch(T0 + timedelta(seconds=181))
    [clock] = owed()
    assert (clock.owner_post, clock.about_id, clock.url) == (post.pk, str(stream.pk), "/stations/ST01/")
    assert clock.label == "ST01站积水深度 失联"
    heard(stream, T0 + timedelta(seconds=200), 0.2)
    proofs.watch(T0 + timedelta(seconds=201))
    clock.refresh_from_db()
    assert (clock.state, clock.proof["how"]) == ("met", "20 cm")


def test_silence_in_a_replay_is_somebodys_until_the_replay_is_over(post):
    now = timezone.now()
    stream = make_stream(speed=60.0, period_s=900, replay_until=now + timedelta(seconds=100))
    Station.objects.in_world(LIVE).update(owner_post="drain-duty")
    heard(stream, now)  # a period of 15 s on the wall
    proofs.watch(now + timedelta(seconds=44))
    assert owed() == []
    proofs.watch(now + timedelta(seconds=46))
    [clock] = owed()
    assert clock.owner_post == post.pk
    Datastream.objects.in_world(LIVE).update(replay_until=now)
    proofs.watch(now + timedelta(seconds=101))
    clock.refresh_from_db()
    assert clock.state == "cancelled"


def test_what_stood_before_a_replay_began_is_not_its_silence(post):
    now = timezone.now()
    heard(make_stream(speed=600.0, replay_until=now + timedelta(seconds=100)), T0)
    proofs.watch(now + timedelta(seconds=5))
    assert owed() == []


@pytest.mark.parametrize("how", ["replay", "never", "switched_off", "exercise_over"])
def test_nothing_is_owed_for_what_is_no_sensor_in_service(post, how):
    world = World.objects.create(kind="exercise", name="演练", ended_at=T0)
    over = {"replay": {"speed": 60.0}, "exercise_over": {"world_id": world.pk}, "switched_off": {"is_active": False}}
    stream = make_stream(**over.get(how, {}))
    if how != "never":
        heard(stream)
    proofs.watch(T0 + timedelta(days=1))
    assert owed() == []


def test_tally_and_worst_ask_one_question_each_and_agree(post, django_assert_num_queries):
    for n in range(12):
        heard(make_stream(f"ST{n:02}"), T0 - timedelta(seconds=30 * n))
    make_stream("NEW")
    CurrentValue.objects.create(datastream=make_stream("NEW2"))
    source = proofs.sources()["sensing.stream"]
    with django_assert_num_queries(1):
        found = source.tally(LIVE, T0)
    with django_assert_num_queries(1):
        worst = source.worst(LIVE, T0, 5)
    assert found == {"alive": 4, "doubtful": 3, "silent": 5, "never": 1}
    assert [each.state(T0) for each in worst] == ["silent"] * 5
