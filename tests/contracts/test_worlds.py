"""Nothing of an exercise reaches the live world, and nothing of the live world an exercise: whatever people press.

The same people act in both worlds in any order, by the verbs that their pages offer; reactions and deliveries run in
between. Then everything is walked: every foreign key, every chain, every door, every page.
"""

from __future__ import annotations

import random
import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.db import transaction
from django.db.models import Count, F, ForeignKey, Model
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fengsui.apps.alerts.models import Bulletin, Call, Delivery, DeliveryAttempt, Warning
from fengsui.apps.command.models import Closure, Deployment, Order, Response, Task
from fengsui.apps.desk import clocks as desk
from fengsui.apps.drills import actions as drills
from fengsui.apps.drills import rules
from fengsui.apps.drills.models import Seat
from fengsui.apps.incidents.models import Incident, Report
from fengsui.apps.people import queries as people
from fengsui.apps.people.models import Account, Holding, Post
from fengsui.apps.places.models import WaterloggingPoint
from fengsui.apps.sensing.models import Datastream, Station
from fengsui.catalog.channels import channels
from fengsui.core import ports
from fengsui.core.models import Clock, StoredEvent, World
from fengsui.core.worlds import LIVE
from fengsui.kernel.errors import Forbidden, Refused
from tests.contracts.story import client_of, load_district
from tests.contracts.two_worlds import ACTORS, REASON, VERBS, Door, Play, draft, perform

pytestmark = pytest.mark.django_db
PUBLIC = {code for code, entry in channels().items() if entry.public}
PAGES = (
    "/",
    "/warnings/",
    "/warnings/queue",
    "/tasks/all",
    "/warnings/list.csv",
    "/incidents/",
    "/incidents/layer.geojson",
    "/incidents/list.csv",
    "/tasks/",
    "/tasks/reach",
    "/clocks/",
    "/clocks/list.csv",
    "/stations/",
    "/stations/list.csv",
    "/stations/layer.geojson",
    "/map/",
    "/map/list",
    "/map/state.json",
    "/map/find.json?q=1",
    "/map/layers/stations.geojson?at=2026-01-01T00:00",
    "/map/layers/warnings.geojson",
    "/map/layers/incidents.geojson",
    "/map/layers/closures.geojson",
    "/map/layers/ahead.geojson",
    "/tiles/stations/10/862/380.mvt",
    "/closures/layer.geojson",
    "/desk/nav",
    "/desk/parts/burning",
    "/desk/parts/mine",
    "/desk/parts/overdue",
    "/desk/parts/recent",
    "/audit/",
    "/drills/live",
    "/find/?q=1",
)
"""Asked in both worlds; an address that does not exist (any more) fails the test that asks it."""


PRESSES = st.lists(
    st.tuples(st.sampled_from(sorted(VERBS)), st.booleans(), st.integers(0, 97)), min_size=6, max_size=16
)


@pytest.fixture
def play(settings: Any, monkeypatch: Any) -> Play:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    load_district()
    doors = {code: Door(code) for code in channels()}
    monkeypatch.setitem(ports._factories, "outlet", lambda code: doors[code])
    seated = Post.objects.filter(holdings__person__account__username__in=ACTORS).values_list("pk", flat=True)
    director = people.actor_for(Account.objects.get(username="leader").person_id, LIVE)
    plan = rules.Plan("两个世界", "events.csv", 600.0, 0.0, None, tuple(seated))
    made = drills.plan(wanted=plan, by=director, now=timezone.now())
    drills.start(exercise_id=made.pk, by=director, now=timezone.now())
    actors = {}
    for name in ACTORS:
        person = Account.objects.get(username=name).person_id
        for world in (LIVE, made.inside_id):
            actors[name, world] = people.actor_for(person, world)
        drills.join(exercise_id=made.pk, by=actors[name, LIVE], now=timezone.now())
    points = list(WaterloggingPoint.objects.order_by("pk").values_list("place_id", flat=True)[:3])
    return Play(
        made.inside_id, points, actors, doors, StoredEvent.objects.order_by("-id").values_list("id", flat=True)[0]
    )


# --- what must hold, whatever was pressed --------------------------------------------------------------------------


def worldly() -> list[type[Model]]:
    """Every table whose rows belong to a world."""
    return [
        m for m in apps.get_models() if any(f.name == "world" and isinstance(f, ForeignKey) for f in m._meta.fields)
    ]


def check_keys() -> int:
    """No row refers to a row of another world; returns how many keys were walked."""
    walked = 0
    for model in worldly():
        for key in model._meta.fields:
            if isinstance(key, ForeignKey) and key.related_model in worldly():
                strays = model._base_manager.exclude(**{f"{key.name}__isnull": True})
                strays = strays.exclude(**{f"{key.name}__world": F("world")})
                assert not strays.exists(), f"{model._meta.label}.{key.name}"
                walked += 1
    return walked


def check_chains() -> None:
    """A chain of events, its clocks and what they are about stay in one world."""
    mixed = StoredEvent.objects.values("correlation").annotate(n=Count("world", distinct=True)).filter(n__gt=1)
    assert not mixed.exists()
    by_table = {model._meta.label_lower: model for model in worldly()}
    for clock in Clock.objects.all_worlds("the test walks all"):
        if (model := by_table.get(clock.about_type)) is not None:
            assert model._base_manager.get(pk=clock.about_id).world_id == clock.world_id  # type: ignore[attr-defined]  # a test looks inside
    for event in StoredEvent.objects.filter(about_type__in=by_table):
        about = by_table[event.about_type]._base_manager.get(pk=event.about_id)
        assert about.world_id == event.world_id, event.name  # type: ignore[attr-defined]  # a test looks inside


def check_doors(p: Play) -> None:
    """No parcel of an exercise at a public door; what the house's own doors got is marked; each stop has its reason."""
    for code, door in p.doors.items():
        for parcel in door.parcels:
            is_drill = Bulletin.objects.in_world(p.drill).filter(identifier=parcel.identifier).exists()
            assert is_drill == parcel.is_exercise == (parcel.status == "Exercise")
            assert not (is_drill and code in PUBLIC), code
            if is_drill:
                assert parcel.zh.headline.startswith("【演练】")
                assert b"<status>Exercise</status>" in parcel.cap
                assert parcel.web == ""
                assert "演练".encode() in door.sent[parcel.key][0] or code == "email"
            else:
                assert "演练" not in parcel.zh.headline
    tried = DeliveryAttempt.objects.filter(delivery__world_id=p.drill, delivery__outlet__channel__in=PUBLIC)
    assert set(tried.values_list("outcome", "reason")) <= {
        ("blocked", "core.gate.exercise"),
        ("blocked", "core.gate.exercise_over"),
    }
    called = Delivery.objects.in_world(p.drill).filter(call__isnull=False, state__in=["sent", "acknowledged"])
    inside = set(Holding.objects.filter(post__in=Seat.objects.values("post")).values_list("person_id", flat=True))
    assert set(called.values_list("call__person_id", flat=True)) <= inside


def check_numbers(p: Play) -> None:
    """No number of one world is drawn in the other."""
    for model, name in ((Bulletin, "number"), (Bulletin, "identifier"), (Incident, "number"), (Order, "number")):
        here, there = (set(model.objects.in_world(w).values_list(name, flat=True)) for w in (LIVE, p.drill))
        assert not here & there, f"{model.__name__}.{name}"


def keys_of(world: UUID) -> set[str]:
    """What would betray a world on a page of the other one."""
    found: set[str] = set()
    for model in (Warning, Bulletin, Call, Incident, Report, Response, Task, Order, Closure, Clock):
        found |= {str(key) for key in model.objects.in_world(world).values_list("pk", flat=True)}
    found |= set(Incident.objects.in_world(world).values_list("number", flat=True))
    found |= set(Bulletin.objects.in_world(world).values_list("identifier", flat=True))
    return found | set(Order.objects.in_world(world).values_list("number", flat=True))


def check_pages(p: Play) -> None:
    """Lists, exports, layers and fragments of one world never show the other's keys; the public sees only live ones."""
    public = Client()
    feed = public.get("/feeds/cap.atom").content.decode()
    for identifier in Bulletin.objects.in_world(p.drill).values_list("identifier", flat=True):
        assert identifier not in feed
        assert public.get(f"/feeds/cap/{identifier}.xml").status_code == 404
    for world, other in ((LIVE, p.drill), (p.drill, LIVE)):
        foreign, clients = keys_of(other), [client_of(name, world) for name in ("duty", "leader")]
        for where in PAGES:
            for client in clients:
                response = client.get(where)
                if response.status_code == 403:
                    continue
                assert response.status_code == 200, where
                body = b"".join(response) if response.streaming else response.content  # type: ignore[arg-type]  # a test looks inside
                assert not [key for key in foreign if key.encode() in body], where
                assert (response.headers.get("X-Fengsui-World") == "exercise") == (world == p.drill), where


def check_inboxes(p: Play) -> None:
    for name in ACTORS:
        for world in (LIVE, p.drill):
            by = p.by(name, world)
            assert {clock.world_id for clock in desk.visible(by).filter(desk.mine(by))} <= {world}


@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(presses=PRESSES)
def test_worlds_stay_apart_when_the_same_people_press_anything_in_both(play, presses):
    last = play.last
    with transaction.atomic():
        for door in play.doors.values():
            door.parcels, door.sent = [], {}
        perform(play, presses)
        assert Bulletin.objects.in_world(LIVE).exists()
        assert Bulletin.objects.in_world(play.drill).exists()
        assert check_keys() > 20
        check_chains()
        check_doors(play)
        check_numbers(play)
        check_inboxes(play)
        transaction.set_rollback(True)
    play.last = last


def test_pages_of_one_world_never_show_the_other_when_both_are_full(play):
    rng = random.Random(20260728)
    names = sorted(VERBS)
    perform(play, [(rng.choice(names), rng.random() < 0.5, rng.randrange(97)) for _ in range(24)])
    check_pages(play)
    check_doors(play)


def test_nothing_dangles_when_an_exercise_ends_in_the_middle(play):
    rng = random.Random(7)
    names = [each for each in sorted(VERBS) if each not in ("end_warning", "end_response", "trespass")]
    perform(play, [(rng.choice(names), rng.random() < 0.7, rng.randrange(97)) for _ in range(20)])
    exercise = World.objects.get(pk=play.drill).exercise
    live_before = {m: m._base_manager.filter(world_id=LIVE).count() for m in (Warning, Incident, Task, Order)}
    running = Clock.objects.in_world(LIVE).filter(state="running").exclude(kind="drills.end").count()
    drills.end(exercise_id=exercise.pk, reason="讲评", by=play.by("leader", LIVE), now=timezone.now())
    play.react()  # what was still on its way when it ended
    assert exercise.presences.filter(until__isnull=True).count() == 0
    for model, field_, over in (
        (Warning, "status", {"lifted", "rejected", "cancelled"}),
        (Incident, "status", {"closed", "false_alarm", "merged"}),
        (Task, "status", {"done", "waived"}),
        (Response, "status", {"ended", "declined"}),
        (Deployment, "stage", {"returned", "declined", "recalled"}),
        (Call, "state", {"answered", "spared"}),
        (Clock, "state", {"met", "defaulted", "cancelled"}),
        (Report, "status", {"sent", "received", "withdrawn"}),
    ):
        left = set(model.objects.in_world(play.drill).values_list(field_, flat=True)) - over
        assert not left, model.__name__
    assert not Closure.objects.in_world(play.drill).filter(until__isnull=True).exists()
    assert not Delivery.objects.in_world(play.drill).filter(state__in=["pending", "failed", "dead"]).exists()
    assert not Datastream.objects.in_world(play.drill).filter(is_active=True).exists()
    cancelled = Clock.objects.in_world(play.drill).filter(state="cancelled")
    assert cancelled.exists()
    assert all(clock.proof.get("reason") for clock in cancelled)
    # Not a row of the live world moved.
    assert live_before == {m: m._base_manager.filter(world_id=LIVE).count() for m in live_before}
    assert Clock.objects.in_world(LIVE).filter(state="running").exclude(kind="drills.end").count() == running
    check_keys()
    check_doors(play)


def test_exercise_has_doubles_of_the_stations_and_none_of_their_topics(play):
    mine, real = (set(Datastream.objects.in_world(w).values_list("topic", flat=True)) for w in (play.drill, LIVE))
    assert mine
    assert not mine & real
    assert all(topic.startswith(rules.prefix_of(play.drill) + "/") for topic in mine)
    codes = set(Station.objects.in_world(play.drill).values_list("code", flat=True))
    assert codes <= set(Station.objects.in_world(LIVE).values_list("code", flat=True))


# --- a session in a world --------------------------------------------------------------------------------------------


def exercise_of(p: Play) -> Any:
    return World.objects.get(pk=p.drill).exercise


def worlds_named(body: str) -> set[str]:
    return set(re.findall(r'name="_world" value="([0-9a-f-]{36})"', body))


def test_every_form_names_its_world_when_a_page_is_opened(play):
    for world in (LIVE, play.drill):
        body = client_of("duty", world).get("/warnings/new").content.decode()
        assert worlds_named(body) == {str(world)}
        assert f'"X-Fengsui-World": "{world}"' in body
        assert f'data-world="{"live" if world == LIVE else "drill"}"' in body


def test_press_does_nothing_when_its_page_belongs_to_another_world(play):
    """The exercise's page stayed open in one window while the officer went back to live in another."""
    client, before = client_of("duty", LIVE), Warning.objects.in_world(LIVE).count()
    sent = {"place": str(play.points[0]), "hazard": "waterlogging", "level": "red", "reason": REASON}
    answer = client.post("/warnings/new", {**sent, "_world": str(play.drill)})
    assert answer.status_code == 409
    assert "core.world.other_page" in answer.content.decode()
    htmx = client.post("/warnings/new", sent, headers={"HX-Request": "true", "X-Fengsui-World": str(play.drill)})
    assert (htmx.status_code, htmx.headers["HX-Redirect"]) == (409, "/")
    part = client.get("/desk/parts/burning", headers={"HX-Request": "true", "X-Fengsui-World": str(play.drill)})
    assert part.headers["HX-Redirect"] == "/"
    assert part.content == b""
    assert Warning.objects.in_world(LIVE).count() == before
    assert Warning.objects.in_world(play.drill).count() == 0


def test_session_changes_worlds_when_one_joins_and_leaves_and_only_then(play):
    exercise, client = exercise_of(play), client_of("auditor")
    assert client.post(f"/drills/{exercise.pk}/join").status_code == 302
    assert client.session.get("world") is None  # the auditor's post has no part
    drills.leave(by=play.by("duty", LIVE), now=timezone.now())
    client = client_of("duty")
    client.post(f"/drills/{exercise.pk}/join")
    assert client.session["world"] == str(play.drill)
    # What the browser has kept of the live world by address and cookies is not shown here.
    assert client.cookies["fengsui_world"].value == play.drill.hex
    assert client.get("/").headers["X-Fengsui-World"] == "exercise"
    client.post("/drills/leave")
    assert "X-Fengsui-World" not in client.get("/").headers
    assert client.cookies["fengsui_world"].value == ""


def test_session_is_live_again_when_its_exercise_ends_or_the_seat_is_left(play):
    client, other = client_of("duty", play.drill), client_of("traffic", play.drill)
    drills.leave(by=play.by("traffic", LIVE), now=timezone.now())
    assert "X-Fengsui-World" not in other.get("/").headers
    drills.end(exercise_id=exercise_of(play).pk, reason="讲评", by=play.by("leader", LIVE), now=timezone.now())
    late = client.post("/warnings/new", {"_world": str(play.drill), "reason": REASON})
    assert late.status_code == 409
    assert "X-Fengsui-World" not in client.get("/").headers


def test_nobody_comes_in_when_it_does_not_run(play):
    exercise = exercise_of(play)
    drills.end(exercise_id=exercise.pk, reason="讲评", by=play.by("leader", LIVE), now=timezone.now())
    with pytest.raises(Refused) as refused:
        drills.join(exercise_id=exercise.pk, by=play.by("duty", LIVE), now=timezone.now())
    assert refused.value.code == "exercise.join.wrong_state"


def test_person_leaves_the_first_exercise_when_entering_a_second(play: Play) -> None:
    by, now = play.by("leader", LIVE), timezone.now()
    wanted = rules.Plan("第二次", "events.csv", 600.0, 0.0, None, tuple(play.by("duty", LIVE).posts))
    second = drills.plan(wanted=wanted, by=by, now=now)
    drills.start(exercise_id=second.pk, by=by, now=now)
    old = client_of("duty", play.drill)
    drills.join(exercise_id=second.pk, by=play.by("duty", LIVE), now=now)
    assert "X-Fengsui-World" not in old.get("/").headers  # its other window is back in the live world
    person = play.by("duty", LIVE).person
    assert list(second.presences.filter(until__isnull=True).values_list("person_id", flat=True)) == [person]
    assert not exercise_of(play).presences.filter(person_id=person, until__isnull=True).exists()


def test_only_leaders_start_and_end_when_others_try(play):
    by = play.by("duty", LIVE)
    with pytest.raises(Forbidden):
        drills.end(exercise_id=exercise_of(play).pk, reason="x", by=by, now=timezone.now())
    assert client_of("duty").get("/drills/new").status_code == 403


def test_band_tells_of_the_live_world_when_something_of_ones_own_burns_there(play):
    """A real storm during an exercise: a draft of the live world waits for the duty officer who is in the exercise."""
    client = client_of("duty", play.drill)
    calm = client.get("/drills/live").content.decode()
    assert "实战中没有您的事" in calm
    draft(play, LIVE, 1)
    hot = client.get("/drills/live").content.decode()
    assert re.search(r"实战中有您的 \d+ 件事", hot)
    page = client.get("/").content.decode()
    assert 'action="/drills/leave"' in page
    assert 'hx-get="/drills/live"' in page
    draft(play, play.drill, 2)
    assert client_of("duty").get("/drills/live").content.decode().count("件事") == 0


def test_files_say_exercise_in_their_name_and_text_when_saved_in_one(play):
    perform(play, [])
    client = client_of("duty", play.drill)
    for where in ("/warnings/list.csv", "/incidents/list.csv", "/clocks/list.csv", "/stations/list.csv"):
        response = client.get(where)
        body = b"".join(response) if response.streaming else response.content
        assert 'filename="exercise-' in response.headers["Content-Disposition"], where
        assert "演练".encode() in body, where
    bulletin = Bulletin.objects.in_world(play.drill).first()
    cap = client.get(f"/bulletins/{bulletin.pk}/cap.xml")
    assert b"<status>Exercise</status>" in cap.content


def test_scenario_is_played_into_the_exercise_only_when_its_time_has_come(play, monkeypatch):
    sent: list[tuple[str, bytes]] = []

    class Broker:
        def publish(self, messages: Any) -> None:
            sent.extend(messages)

    monkeypatch.setitem(ports._factories, "intake", Broker)
    exercise = exercise_of(play)
    begin = exercise.started_at
    assert drills.play_due(exercise_id=exercise.pk, now=begin) > 0
    assert sent == []
    while drills.play_due(exercise_id=exercise.pk, now=begin + timedelta(hours=1)) is not None:
        pass
    exercise.refresh_from_db()
    assert exercise.played == exercise.readings == len(sent) > 500
    assert {topic.rsplit("/", 2)[0] for topic, _ in sent} == {rules.prefix_of(play.drill)}
    count = len(sent)
    drills.end(exercise_id=exercise.pk, reason="讲评", by=play.by("leader", LIVE), now=timezone.now())
    assert drills.play_due(exercise_id=exercise.pk, now=begin + timedelta(hours=2)) is None
    assert len(sent) == count
