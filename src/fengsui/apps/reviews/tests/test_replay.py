"""The replay: the state of any moment from stored records, bounded, with its extremes; the same without scripts."""

from datetime import timedelta

import pytest
from django.contrib.gis.geos import Point
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fengsui.apps.command.models import Movement
from fengsui.apps.incidents.tests.make import NOW
from fengsui.apps.reviews import replay, tracks
from fengsui.apps.reviews.tests.test_chain import happen
from fengsui.apps.reviews.tests.test_reviews import ended, enter
from fengsui.apps.reviews.tracks import State, Track, area_of, clamp, seen_at, state_at
from fengsui.apps.sensing import actions as sensing
from fengsui.apps.sensing.models import Datastream, Observation, Station
from fengsui.core.worlds import LIVE

__all__ = ["ended"]
pytestmark = pytest.mark.django_db
POINT = {"type": "Point", "coordinates": [0, 0]}


@given(st.lists(st.integers(0, 50)), st.integers(-5, 60))
def test_state_is_the_newest_not_later_when_asked_at_any_moment(times, at):
    track = Track("x", "teams", "x", POINT, [State(each, str(n)) for n, each in enumerate(sorted(times))])
    before = [each for each in track.states if each.at_s <= at]
    assert state_at(track, at) == (before[-1] if before else None)


def test_gone_is_not_seen_and_silent_is_lost_when_listed():
    team = Track("t", "teams", "队", POINT, [State(0, "令"), State(9, "归建", gone=True)])
    station = Track("s", "stations", "站", POINT, [State(0, "1", level="blue")], stale_s=10)
    assert [each.track.id for each in seen_at([team, station], 5)] == ["s", "t"]
    assert [(each.track.id, each.level) for each in seen_at([team, station], 11)] == [("s", "lost")]


@pytest.mark.parametrize(
    ("asked", "want"), [("12.5", 12.5), ("-3", 0), ("1e9", 60), ("nan", 60), ("inf", 60), ("x", 60)]
)
def test_moment_stays_inside_the_window_when_asked(asked, want):
    assert clamp(asked, 60) == want


def test_area_is_the_one_of_the_message_when_it_was_sent():
    ring = area_of(["41.800000,123.350000 0.300"], [])["coordinates"][0]
    assert ring[0] == ring[-1]
    assert max(lat for _lon, lat in ring) - 41.8 == pytest.approx(0.3 / 110.574, abs=1e-6)
    assert area_of([], ["41,123 41,124 42,124 41,123"])["coordinates"][0][1] == [124.0, 41.0]
    assert area_of([], []) is None


@pytest.fixture
def stream(db):
    station = Station.objects.create(
        world_id=LIVE, code="S1", name="一号站", location=Point(123.35, 41.8), provenance="illustrative"
    )
    sensing.make_partitions(NOW)
    return Datastream.objects.create(world_id=LIVE, station=station, kind="water_depth", unit="m", topic="t/1")


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.integers(0, 7200), st.tuples(st.integers(-40, 40), st.booleans()), max_size=600))
def test_thinned_readings_keep_every_extreme_when_they_are_many(stream, values):
    with transaction.atomic():
        at = {second: NOW + timedelta(seconds=second) for second in values}
        Observation.objects.bulk_create(
            Observation(datastream=stream, at=at[n], value=value, received_at=NOW, flags=int(bad))
            for n, (value, bad) in values.items()
        )
        end = NOW + timedelta(seconds=7200)
        kept = replay.thinned([stream.pk], NOW, end).get(stream.pk, [])
        transaction.set_rollback(True)
    good = sorted((at[n], float(value)) for n, (value, bad) in values.items() if not bad)
    assert set(kept) <= set(good)
    assert kept == sorted(kept)
    assert len(kept) <= 4 * replay.BUCKETS
    if good:
        assert (kept[0], kept[-1]) == (good[0], good[-1])
        assert {min(v for _, v in good), max(v for _, v in good)} <= {v for _, v in kept}
        width = 7200 / replay.BUCKETS
        buckets: dict[int, list[float]] = {}
        for moment, value in good:
            second = (moment - NOW).total_seconds()
            buckets.setdefault(min(replay.BUCKETS - 1, int(second / width)), []).append(value)
        got = {v for _, v in kept}
        assert all({min(inside), max(inside)} <= got for inside in buckets.values())


def test_team_stands_where_it_said_it_was_when_replayed(ended):
    move = Movement.objects.in_world(LIVE).get(stage="arrived")
    found = replay.of_incident(ended, NOW + timedelta(hours=1))
    team = next(each for each in found.tracks if each.kind == "teams")
    order = move.order
    issued, arrived = (state_at(team, (moment - found.start).total_seconds()) for moment in (order.issued_at, move.at))
    assert issued.point == (order.from_point.x, order.from_point.y)
    assert (issued.reported, arrived.reported) == (False, True)
    assert arrived.point == (order.to_point.x, order.to_point.y)
    assert [each.at_s for each in found.steps] == sorted(each.at_s for each in found.steps)
    incident = next(each for each in found.tracks if each.kind == "incidents")
    assert len(incident.states) >= 1


def test_level_is_the_one_of_the_moment_when_a_station_crossed(ended, stream):
    for minute in range(30):
        moment = NOW + timedelta(minutes=minute)
        Observation.objects.create(datastream=stream, at=moment, value=minute / 100, received_at=moment)
    happen(
        ended, "sensing.ThresholdCrossed", 600, datastream=stream.pk, station_code="S1", station_name="一号站",
        unit="m", level_from="none", level_to="blue", value=0.1, at=(NOW + timedelta(minutes=10)).isoformat(),
        first_at=NOW.isoformat(),
    )  # fmt: skip
    ended.ended_at = NOW + timedelta(minutes=30)
    found = replay.of_incident(ended, NOW + timedelta(hours=1))
    track = next(each for each in found.tracks if each.kind == "stations")
    start = (NOW - found.start).total_seconds()
    assert state_at(track, start + 300).level == "none"
    assert state_at(track, start + 601).level == "blue"
    assert state_at(track, start + 1500).label == "25 cm"
    assert track.url == "/stations/S1/"


def test_page_answers_any_moment_without_scripts_and_asks_as_often_when_long(ended, actors, client, stream):
    page = f"/reviews/{ended.pk}/replay"
    client = enter(client, actors, "duty")
    with CaptureQueriesContext(connection) as few:
        text = client.get(f"{page}?at=0").content.decode()
    assert "data-replay-list" in text
    end = client.get(f"{page}?at=999999999").content.decode()
    assert ended.title in end
    for n in range(700):
        happen(ended, "incidents.IncidentGraded", -n, incident_id=str(ended.pk), grade="general", reason=f"第{n}次")
    with CaptureQueriesContext(connection) as many:
        body = client.get(f"{page}?at=5").content.decode()
    assert len(many) == len(few)
    assert "只列前 500 步" in body
    data = client.get(f"{page}.json").json()
    assert len(data["steps"]) == replay.STEPS
    assert {each["kind"] for each in data["tracks"]} <= set(tracks.KINDS)
    assert enter(client, actors, "street2").get(f"{page}.json").status_code == 404
    assert enter(client, actors, "public").get(page).status_code == 403
