"""The page of what ready teams reach: numbers, what closures cost, who is not counted, and no engine."""

import pytest

from fengsui.apps.command import actions, reach, ways
from fengsui.apps.command.tests.make import make_response
from fengsui.apps.command.tests.test_orders import pump_of, team
from fengsui.apps.incidents.tests.make import NOW
from fengsui.apps.places.models import Place
from fengsui.apps.resources.models import Team
from fengsui.kernel.ports.roads import Coverage, Network, Reach, RoadsAbsent


class Roads:
    """Every place is two minutes away from the first team, twenty where something is closed."""

    def __init__(self):
        self.asked = []

    def network(self):
        return Network("k", "here.osm.pbf", True, "test")

    def matrix(self, origins, targets, *, vehicle, closures=()):
        return [[Reach(300.0, 2000.0, "")] for _ in origins]

    def route(self, origin, target, *, vehicle, closures=(), alternatives=2):
        raise RoadsAbsent()

    def coverage(self, origins, targets, *, vehicle, limits_s, closures=(), delays_s=()):
        self.asked.append((len(origins), vehicle, len(closures), tuple(delays_s)))
        seconds = (1200.0 if closures else 120.0) + min(delays_s, default=0)
        here = seconds if origins else None
        within = tuple(90 if origins and seconds <= limit else 0 for limit in limits_s)
        return Coverage(tuple(here for _ in targets), 100, within, (0.9, 1.0, 1.2))


@pytest.fixture
def roads(monkeypatch):
    found = Roads()
    monkeypatch.setattr(ways, "port", lambda name, *args: found)
    return found


@pytest.mark.django_db
def test_places_are_counted_by_kind_and_closures_are_told_when_they_cost_time(actors, roads):
    response = make_response(actors)
    points = Place.objects.filter(kind="waterlogging_point").count()
    free = reach.reached(actors["duty"])
    rows = {row.kind: row for row in free.rows}
    assert rows["junction"].within == (90, 90, 90)
    assert rows["waterlogging_point"] == reach.Row("waterlogging_point", points, (points,) * 3, (points,) * 3)
    assert (free.late, free.closed, free.ready, free.teams) == ((), (), 3, 3)
    actions.close_road(incident_id=response.incident_id, by=actors["traffic"], now=NOW, reason="27 cm")
    shut = reach.reached(actors["duty"])
    assert {row.kind: (row.within[2], row.free[2]) for row in shut.rows}["waterlogging_point"] == (0, points)
    assert shut.closed == ("启工街道1号地道桥",)
    assert all(each.lost and each.seconds == 1200 for each in shut.late)
    assert len(shut.late) == sum(row.count for row in shut.rows if row.kind != "junction")
    assert [each[2] for each in roads.asked] == [0, 1, 0]  # without closures there is one question


@pytest.mark.django_db
def test_only_teams_in_readiness_and_not_sent_are_counted_when_asked(actors, roads):
    response = make_response(actors)
    Team.objects.filter(code="T3").update(readiness="resting")
    actions.dispatch(task_id=pump_of(response).pk, team_id=team("T1").pk, by=actors["duty"], now=NOW)
    found = reach.reached(actors["duty"], skill="drainage", assembly=True)
    assert (found.ready, roads.asked[-1][0]) == (1, 1)
    assert roads.asked[-1][1] == "pump_truck"
    assert roads.asked[-1][3] == (team("T2").assembly_min * 60.0,)


@pytest.mark.django_db
def test_nothing_is_pretended_when_no_road_engine_answers(actors, monkeypatch):
    def absent(name, *args):
        raise RoadsAbsent()

    monkeypatch.setattr(ways, "port", absent)
    assert reach.reached(actors["duty"]) is None
