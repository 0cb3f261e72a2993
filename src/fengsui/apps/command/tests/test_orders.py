import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection
from django.db.transaction import atomic

from fengsui.apps.command import actions, dispatching, ways
from fengsui.apps.command.models import Deployment, Order
from fengsui.apps.command.tests.make import make_plan, make_response, make_teams
from fengsui.apps.command.tests.test_tasks import conclude, report_first
from fengsui.apps.incidents.tests.make import NOW, make_district
from fengsui.apps.resources.models import Team
from fengsui.core.models import Clock, StoredEvent
from fengsui.core.worlds import LIVE
from fengsui.kernel.errors import Forbidden, Refused
from fengsui.kernel.ports.roads import Network, Reach, RoadsAbsent, Route


class Roads:
    """A Router of three known answers; remembers the closures it was asked with."""

    def __init__(self):
        self.asked = []

    def network(self):
        return Network("k", "test", True, "csr")

    def matrix(self, origins, targets, *, vehicle, closures=()):
        self.asked.append([each.id for each in closures])
        extra = 360 if closures else 0
        return [[Reach(300.0 + 600 * n + extra, 2000.0, "")] for n, _origin in enumerate(origins)]

    def route(self, origin, target, *, vehicle, closures=(), alternatives=2):
        line = ((origin.lon, origin.lat), (target.lon, target.lat))
        return [Route(660.0, 4200.0, line, ("直行",)), Route(800.0, 5000.0, line, ("左转",))]


@pytest.fixture
def roads(monkeypatch):
    found = Roads()
    monkeypatch.setattr(ways, "port", lambda name, *args: found)
    return found


@pytest.fixture
def no_roads(monkeypatch):
    def absent(name, *args):
        raise RoadsAbsent()

    monkeypatch.setattr(ways, "port", absent)


def pump_of(response):
    return response.tasks.get(code="pump")


def team(code):
    return Team.objects.get(code=code)


@pytest.mark.django_db
def test_suggestion_ranks_with_reasons_and_asks_with_the_closures(actors, roads):
    response = make_response(actors)
    closure = actions.close_road(incident_id=response.incident_id, by=actors["traffic"], now=NOW, reason="27 cm")
    found = dispatching.suggest_dispatch(task_id=pump_of(response).pk, by=actors["duty"])
    assert [(each.team.code, each.ranked.order) for each in found.options] == [("T1", 1), ("T2", 2), ("T3", 0)]
    assert found.options[0].speaks_for == [
        "能排水",
        "泵 1800 m³/h，需 1200",
        "最先到：集结 8 分加行程 11 分，共 19 分",
    ]
    assert found.options[0].against == ["绕行多 6 分"]
    assert found.options[1].against == ["比首选晚 10 分", "绕行多 6 分"]
    assert found.options[2].against[0] == "无泵"
    assert (roads.asked, found.avoided, found.estimated) == ([[str(closure.pk)], []], ("启工街道1号地道桥",), False)


@pytest.mark.django_db
def test_straight_line_is_said_when_the_router_is_down(actors, no_roads):
    response = make_response(actors)
    found = dispatching.suggest_dispatch(task_id=pump_of(response).pk, by=actors["duty"])
    assert found.estimated
    assert "路网不可用，直线估算" in found.options[0].against
    order = actions.dispatch(task_id=pump_of(response).pk, team_id=team("T1").pk, by=actors["duty"], now=NOW)
    assert order.route_source == "直线估算"


@pytest.mark.django_db
def test_order_is_frozen_and_hands_the_task_to_the_leader(actors, roads):
    response = make_response(actors)
    task = pump_of(response)
    order = actions.dispatch(
        task_id=task.pk, team_id=team("T1").pk, by=actors["duty"], now=NOW + timedelta(minutes=5), note="带照明"
    )
    task.refresh_from_db()
    assert order.number == "令-20260729-001"
    assert (order.seconds, order.distance_m, order.assembly_s, order.chosen_first) == (660.0, 4200.0, 480, True)
    assert order.leader_name == "team-T1-leader某"
    assert {"kind": "way", "seconds": 800, "metres": 5000} in order.alternatives
    assert order.asked.endswith("带照明")
    assert task.owner_post.code == "team-T1-leader"
    clock = Clock.objects.in_world(LIVE).get(about_id=str(task.pk), kind="command.task", state="running")
    assert (clock.due_at, clock.owner_post) == (NOW + timedelta(minutes=45), task.owner_post_id)
    order.asked = "改"
    with pytest.raises(IntegrityError, match="append-only"), atomic():
        order.save()
    with pytest.raises(IntegrityError, match="append-only"), atomic():
        Order.objects.in_world(LIVE).all()._raw_delete("default")
    assert StoredEvent.objects.filter(name="command.OrderIssued").count() == 1


@pytest.mark.django_db
def test_second_order_is_refused_when_the_team_is_out_or_unfit(actors, roads):
    response = make_response(actors)
    task = pump_of(response)
    with pytest.raises(Refused) as unfit:
        actions.dispatch(task_id=task.pk, team_id=team("T3").pk, by=actors["duty"], now=NOW)
    assert "无泵" in unfit.value.facts["why"]
    with pytest.raises(Forbidden):
        actions.dispatch(task_id=task.pk, team_id=team("T1").pk, by=actors["street"], now=NOW)
    first = actions.dispatch(task_id=task.pk, team_id=team("T1").pk, by=actors["duty"], now=NOW)
    before = StoredEvent.objects.count()
    with pytest.raises(Refused) as refused:
        actions.dispatch(task_id=task.pk, team_id=team("T1").pk, by=actors["duty2"], now=NOW)
    assert refused.value.facts["order"] == first.number
    assert refused.value.facts["who"] == "duty-core某"
    assert (Order.objects.in_world(LIVE).count(), StoredEvent.objects.count()) == (1, before)


@pytest.mark.django_db
def test_steps_of_an_order_prove_one_clock_each_and_move_the_task(actors, roads):
    response = make_response(actors)
    task = pump_of(response)
    order = actions.dispatch(task_id=task.pk, team_id=team("T1").pk, by=actors["duty"], now=NOW)
    leader = actors["T1"]
    with pytest.raises(Forbidden):
        actions.move(order_id=order.pk, verb="accept", by=actors["T2"], now=NOW)
    seen = []
    for minute, verb in enumerate(("accept", "depart", "arrive", "work"), start=1):
        at = NOW + timedelta(minutes=minute)
        actions.move(order_id=order.pk, verb=verb, by=leader, now=at, position=(123.34, 41.81))
        deployment = Deployment.objects.in_world(LIVE).get()
        running = Clock.objects.in_world(LIVE).filter(about_id=str(deployment.pk), state="running").get()
        task.refresh_from_db()
        seen.append((deployment.stage, running.kind, running.limit_s, task.status))
    assert seen == [
        ("accepted", "command.depart", 480, "accepted"),
        ("departed", "command.arrive", 792, "accepted"),
        ("arrived", "command.progress", 1800, "doing"),
        ("working", "command.progress", 1800, "doing"),
    ]
    with pytest.raises(Refused, match=r"movement\.recall\.wrong_state"):
        actions.move(order_id=order.pk, verb="recall", by=actors["duty"], now=NOW)
    actions.finish_task(task_id=task.pk, by=leader, now=NOW, text="抽干", values={"flow": "1800"})
    home = Clock.objects.in_world(LIVE).get(about_id=str(deployment.pk), state="running")
    assert (home.kind, home.owner_post) == ("command.return", order.leader_post)
    for verb in ("leave", "return"):
        actions.move(order_id=order.pk, verb=verb, by=leader, now=NOW + timedelta(minutes=30))
    assert (
        not Clock.objects.in_world(LIVE)
        .filter(state="running", kind__startswith="command.")
        .filter(about_type="command.deployment")
        .exists()
    )
    assert [each.stage for each in order.movements.order_by("at")] == [
        "issued",
        "accepted",
        "departed",
        "arrived",
        "working",
        "leaving",
        "returned",
    ]


@pytest.mark.django_db
def test_team_is_free_again_when_recalled(actors, roads):
    response = make_response(actors)
    task = pump_of(response)
    order = actions.dispatch(task_id=task.pk, team_id=team("T1").pk, by=actors["duty"], now=NOW)
    actions.move(order_id=order.pk, verb="recall", by=actors["duty"], now=NOW, note="另有任务")
    again = actions.dispatch(task_id=task.pk, team_id=team("T1").pk, by=actors["duty"], now=NOW)
    assert again.number == "令-20260729-002"


def do_clock(task):
    return Clock.objects.in_world(LIVE).get(about_id=str(task.pk), kind="command.task", state="running")


@pytest.mark.django_db
def test_task_is_the_duty_rooms_again_when_its_only_team_declines(actors, roads):
    task = pump_of(make_response(actors))
    order = actions.dispatch(task_id=task.pk, team_id=team("T1").pk, by=actors["duty"], now=NOW)
    at = NOW + timedelta(minutes=4)
    actions.move(order_id=order.pk, verb="decline", by=actors["T1"], now=at, note="泵坏了")
    task.refresh_from_db()
    assert (task.status, task.owner_post_id) == ("waiting", None)
    duty = next(iter(actors["duty"].posts))
    assert (do_clock(task).owner_post, do_clock(task).limit_s) == (duty, task.deadline_s - 240)
    answer = Clock.objects.in_world(LIVE).get(kind="command.answer", state="running")
    assert (answer.owner_post, answer.label) == (duty, f"{order.team_name}拒接：{task.title}")
    second = actions.dispatch(task_id=task.pk, team_id=team("T2").pk, by=actors["duty"], now=at)
    answer.refresh_from_db()
    assert (answer.state, answer.proof) == ("met", {"verb": "dispatch"})
    assert do_clock(task).owner_post == second.leader_post


@pytest.mark.django_db
def test_task_goes_to_the_other_team_when_the_owning_one_is_recalled(actors, roads):
    task = pump_of(make_response(actors))
    first = actions.dispatch(task_id=task.pk, team_id=team("T1").pk, by=actors["duty"], now=NOW)
    second = actions.dispatch(task_id=task.pk, team_id=team("T2").pk, by=actors["duty"], now=NOW)
    actions.move(order_id=first.pk, verb="recall", by=actors["duty"], now=NOW, note="另有任务")
    task.refresh_from_db()
    assert task.owner_post_id == second.leader_post == do_clock(task).owner_post


@pytest.mark.django_db
def test_incident_is_not_closed_while_a_team_is_out(actors, roads):
    response = make_response(actors)
    order = actions.dispatch(task_id=pump_of(response).pk, team_id=team("T1").pk, by=actors["duty"], now=NOW)
    report_first(response, actors)
    conclude(response, actors)
    for task in response.tasks.exclude(status="done"):
        actions.waive_task(task_id=task.pk, by=actors["duty"], now=NOW, reason="水已退")
    with pytest.raises(Refused) as refused:
        actions.close_incident(incident_id=response.incident_id, by=actors["leader"], now=NOW)
    assert refused.value.code == "incidents.close.teams_out"
    assert refused.value.facts["titles"] == f"{order.team_name}（{order.number}）"
    actions.move(order_id=order.pk, verb="recall", by=actors["duty"], now=NOW)
    closed = actions.close_incident(incident_id=response.incident_id, by=actors["leader"], now=NOW)
    assert closed.status == "closed"
    left = Clock.objects.in_world(LIVE).filter(state="running").values_list("kind", flat=True)
    assert list(left) == []


@pytest.mark.django_db(transaction=True)
def test_one_order_comes_out_when_two_people_send_the_same_team_at_once(roads):
    actors = make_district()
    make_plan()
    actors |= make_teams()
    response = make_response(actors)
    task, wanted = pump_of(response), team("T1")
    gate, outcomes = threading.Barrier(2), []

    def press(name):
        gate.wait()
        try:
            outcomes.append(actions.dispatch(task_id=task.pk, team_id=wanted.pk, by=actors[name], now=NOW).number)
        except Refused as refused:
            outcomes.append(refused.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=press, args=(name,)) for name in ("duty", "leader")]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(outcomes) == ["command.dispatch.busy", "令-20260729-001"]
    assert Order.objects.in_world(LIVE).count() == 1
    assert Deployment.objects.in_world(LIVE).count() == 1
