"""The whole map: what its address asks, what stood when, what an area holds, whose layers, what is printed."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from django.db import transaction
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from fengsui.apps.command.models import Closure
from fengsui.apps.desk import jobs, map_actions, map_asked, map_find, map_history, map_paper
from fengsui.apps.desk.models import MapChoice, MapPrint
from fengsui.apps.sensing.events import ThresholdCrossed
from fengsui.apps.sensing.models import CurrentValue, Observation, Station
from fengsui.core.models import StoredEvent, World
from fengsui.core.record import announce
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Actor
from fengsui.kernel.geo import distance_m, gcj02_from_wgs84
from tests.contracts.story import client_of, tell

TIEXI = "123,41.5;124,41.5;124,42.2;123,42.2"
FAR = "10,10;11,10;11,11"


@pytest.fixture
def story(db, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return tell()


def read(text, now=None):
    return map_asked.read(QueryDict(text), now or timezone.now())


def layer(client, name, **asked):
    return json.loads(client.get(reverse("desk:map-layer", args=[name]), asked).content)["features"]


def minute(at):
    return timezone.localtime(at).strftime(map_asked.MINUTE)


# --- the address ---------------------------------------------------------------------------------------------------


def test_address_says_the_same_when_read_and_written_again():
    now = timezone.now().replace(second=0, microsecond=0)
    at = minute(now - timedelta(hours=3))
    text = f"layers=stations,team&at={at}&c=123.35000,41.80000&z=13.50&within={TIEXI}"
    asked = read(text, now)
    assert asked.at == now - timedelta(hours=3)
    assert read(asked.query(), now) == asked
    assert asked.query(at="", layers="team").startswith("layers=team&c=")


@pytest.mark.parametrize(
    "odd", ["", ",", ";;;", "1", "nan,nan", "x,y;1,2;3,4", "1e999,0", "\x00", "999,999;1,1;2,2;3,3", "中"]
)
def test_address_opens_when_anything_stands_in_it(odd):
    asked = QueryDict(mutable=True)
    asked.update({name: odd for name in ("layers", "at", "c", "z", "within", "q")})
    found = map_asked.read(asked, timezone.now())
    assert found.within == () or found.area.valid
    assert found.zoom is None or 5 <= found.zoom <= 18


def test_moment_is_kept_inside_the_history_when_older_or_ahead():
    now = timezone.now()
    assert read(f"at={minute(now - timedelta(days=30))}", now).at == now - map_asked.HISTORY
    assert read(f"at={minute(now + timedelta(hours=1))}", now).at is None


def test_area_is_refused_when_its_sides_cross():
    assert read("within=0,0;1,1;1,0;0,1").within == ()
    assert len(read("within=0,0;1,0;1,1;0,1").within) == 4


# --- positions of other maps ---------------------------------------------------------------------------------------


def test_position_is_moved_when_it_comes_from_a_chinese_web_map():
    there = gcj02_from_wgs84((123.35, 41.80))
    typed = f"gcj {there[0]:.7f}, {there[1]:.7f}"
    (lon, lat), moved = map_find.position_of(typed)
    assert moved
    assert distance_m((lon, lat), (123.35, 41.80)) < 0.1
    assert map_find.position_of("123.35, 41.80") == ((123.35, 41.80), False)
    assert map_find.position_of("启工街") is None


# --- layers ---------------------------------------------------------------------------------------------------------


def test_layers_show_what_is_in_force_when_asked_now(story):
    duty = client_of("duty")
    assert [each["properties"]["label"] for each in layer(duty, "incidents")] == [story.incident.number]
    assert len(layer(duty, "closures")) == Closure.objects.in_world(LIVE).filter(until=None).count() > 0
    assert [each["properties"]["label"] for each in layer(duty, "warnings")] == [story.bulletin.number]


def test_history_shows_what_stood_then_when_a_moment_is_asked(story):
    """Before the story nothing of it stands; after it was lifted it stands no more, and then it did."""
    duty, now = client_of("duty"), timezone.now()
    past = minute(now - timedelta(hours=20))
    for name in ("incidents", "closures", "warnings"):
        assert layer(duty, name, at=past) == []
    at = now
    later = now + timedelta(minutes=5)
    Closure.objects.in_world(LIVE).update(until=later)
    assert not Closure.objects.in_world(LIVE).filter(until=None).exists()
    assert map_history.closures(LIVE, at).count() > 0
    assert map_history.closures(LIVE, later + timedelta(minutes=1)).count() == 0
    assert [each.number for each in map_history.bulletins(LIVE, at)] == [story.bulletin.number]
    assert map_history.bulletins(LIVE, story.bulletin.expires_at + timedelta(seconds=1)) == []
    duty_actor = story.by("duty")
    story.incident.refresh_from_db()
    ((found, status, _level),) = map_history.open_incidents(duty_actor, at)
    assert (found.pk, status) == (story.incident.pk, story.incident.status)


def test_level_of_a_station_is_the_one_before_the_next_crossing_when_looked_back(story):
    """Two crossings: before the first the level it left, between them the one it reached, then what stands now."""
    stream = Station.objects.in_world(LIVE).get(code=story.ids["code"]).datastreams.order_by("pk").first()
    by, moments = Actor(world=LIVE, system="ingest"), []
    for low, high in (("none", "yellow"), ("yellow", "orange")):
        crossed = ThresholdCrossed(
            stream.pk, stream.station_id, story.ids["code"], "", None, stream.kind, stream.unit, low, high,
            timezone.now(), 0.2, 0.15, None, timezone.now(), 1.0,
        )  # fmt: skip
        with transaction.atomic():
            number = announce(crossed, about=stream, by=by)
        moments.append(StoredEvent.objects.get(pk=number).at)
    CurrentValue.objects.update_or_create(datastream=stream, defaults={"level": 3})

    def then(at):
        return next(row[9] for row in map_history.stations(LIVE, at) if row[0] == story.ids["code"])

    first, second = moments
    assert [then(at) for at in (first - timedelta(seconds=1), first, second, timezone.now())] == [0, 2, 3, 3]


def test_value_of_a_station_is_the_one_that_had_come_when_looked_back(story):
    stream = Station.objects.in_world(LIVE).get(code=story.ids["code"]).datastreams.order_by("pk").first()
    now = timezone.now()
    Observation.objects.filter(datastream=stream).delete()
    for age_min, value, late_min in ((30, 0.11, 0), (20, 0.22, 15), (10, 0.33, 0)):
        at = now - timedelta(minutes=age_min)
        received = at + timedelta(minutes=late_min)
        Observation.objects.create(datastream=stream, at=at, value=value, received_at=received, flags=0)

    def seen(age_min):
        rows = map_history.stations(LIVE, now - timedelta(minutes=age_min))
        return next(row[7] for row in rows if row[0] == story.ids["code"] and row[5] == stream.kind)

    assert [seen(age) for age in (40, 25, 12, 3, 1)] == [None, 0.11, 0.11, 0.33, 0.33]


# --- area, words, list ----------------------------------------------------------------------------------------------


def test_selected_area_counts_and_links_what_it_holds(story):
    duty = client_of("duty")
    found = json.loads(duty.get(reverse("desk:map-select"), {"within": TIEXI}).content)["layers"]
    counts = {each["id"]: each["count"] for each in found}
    assert counts["incidents"] == 1
    assert counts["stations"] == Station.objects.in_world(LIVE).filter(retired_at=None).count()
    for each in found:
        page = duty.get(each["url"])
        assert page.status_code == 200, each["url"]
    nothing = json.loads(duty.get(reverse("desk:map-select"), {"within": FAR}).content)["layers"]
    assert {each["count"] for each in nothing} == {0}


def test_list_is_the_map_when_filtered_by_layer_area_word_and_moment(story):
    duty, where = client_of("duty"), reverse("desk:map-list")
    whole = duty.get(where, {"layers": "incidents,stations"}).content.decode()
    assert story.incident.title in whole
    assert "应急避难场所　" not in whole
    assert story.incident.title not in duty.get(where, {"layers": "incidents", "within": FAR}).content.decode()
    assert story.incident.title not in duty.get(where, {"l": "incidents", "q": "没有的词"}).content.decode()
    past = minute(timezone.now() - timedelta(hours=20))
    then = duty.get(where, {"layers": "incidents", "at": past}).content.decode()
    assert story.incident.title not in then
    assert "历史" in then


def test_search_finds_places_of_every_kind_and_leads_there(story):
    duty = client_of("duty")
    station = Station.objects.in_world(LIVE).get(code=story.ids["code"])
    found = json.loads(duty.get(reverse("desk:map-find"), {"q": station.code}).content)["found"]
    assert f"/stations/{station.code}/" in [each["properties"]["url"] for each in found]
    incidents = json.loads(duty.get(reverse("desk:map-find"), {"q": story.incident.number}).content)["found"]
    assert [each["properties"]["name"] for each in incidents] == [story.incident.title]


# --- whose layers, whose sheet ---------------------------------------------------------------------------------------


def test_layers_stay_with_the_person_when_he_chose_them(story):
    duty, other = client_of("duty"), client_of("leader")
    duty.post(reverse("desk:map-choose"), {"layers": "warnings,depot,nonsense"})
    assert MapChoice.objects.get(person_id=story.by("duty").person).layers == ["warnings", "depot"]

    def on(client, **asked):
        page = client.get(reverse("desk:map-show"), asked).content.decode()
        return set(re.findall(r'type="checkbox" value="(\w+)" checked', page))

    assert on(client_of("duty")) == {"warnings", "depot"}
    assert "stations" in on(other)
    assert on(client_of("duty"), layers="team") == {"team"}


def test_sheet_is_made_by_a_job_and_only_its_person_gets_it(story):
    duty = client_of("duty")
    sent = {"layers": "stations,incidents,closures,shelter,areas", "c": "123.35,41.8", "z": "12", "paper": "A3"}
    answer = duty.post(reverse("desk:map-print"), sent | {"within": TIEXI})
    row = MapPrint.objects.in_world(LIVE).get(paper="A3")
    assert answer.url == reverse("desk:map-print-show", args=[row.pk])
    assert "正在排版" in duty.get(answer.url).content.decode()
    jobs.render(str(row.pk))
    assert "已排好" in duty.get(answer.url).content.decode()
    sheet = duty.get(reverse("desk:map-print-pdf", args=[row.pk]))
    assert (sheet["Content-Type"], sheet.content[:5]) == ("application/pdf", b"%PDF-")
    assert client_of("leader").get(answer.url).status_code == 404


def test_sheet_is_refused_when_there_is_no_such_paper(story):
    answer = client_of("duty").post(reverse("desk:map-print"), {"paper": "A0", "layers": "stations"})
    assert answer.status_code == 422


def test_old_sheets_are_gone_when_a_new_one_is_asked(story):
    by, now = story.by("duty"), timezone.now()
    old = map_actions.ask_print(asked={}, paper="A4", by=by, now=now - timedelta(days=2))
    map_actions.ask_print(asked={}, paper="A4", by=by, now=now)
    assert not MapPrint.objects.in_world(LIVE).filter(pk=old.pk).exists()


@pytest.mark.parametrize(("paper", "zoom", "scale"), [("A3", 12.2, 40_000), ("A4", 12.2, 60_000), ("A3", 16, 3_000)])
def test_scale_is_round_and_true_when_the_sheet_is_framed(paper, zoom, scale):
    """A kilometre on the ground is as long on paper as the scale says, at the middle of the sheet."""
    frame = map_paper.framed(paper, (123.35, 41.80), zoom)
    assert frame.scale == scale
    a, b = (123.35, 41.80), (123.36, 41.80)
    (x1, _), (x2, _) = frame.at(a), frame.at(b)
    assert (x2 - x1) / 1000 * frame.scale == pytest.approx(distance_m(a, b), rel=0.004)
    length, across = map_paper.bar(frame)
    assert across * frame.scale / 1000 == pytest.approx(length)
    assert across <= 50


def test_exercise_stands_on_its_sheet_and_live_on_the_other(story):
    """No crop of a printed map may look live when it is not."""
    duty, now = story.by("duty"), timezone.now()
    drill = World.objects.create(kind="exercise", name="纸上演练")
    asked = {"layers": ["closures"], "at": "", "centre": [123.35, 41.8], "zoom": 12, "within": []}
    for world, said, other in ((LIVE, "实战", "演练　不对外"), (drill.pk, "演练　不对外", "实战")):
        row = map_actions.ask_print(asked=asked, paper="A4", by=story.by("duty", world), now=now)
        text = map_paper.html_of(MapPrint.objects.in_world(world).select_related("world").get(pk=row.pk), now)
        assert said in text
        assert other not in text
    assert duty.world == LIVE


def test_sheet_of_a_register_holds_what_the_area_held(story):
    """The count on the map, the rows of the register, and its export are the same rows."""
    duty = client_of("duty")
    one = Station.objects.in_world(LIVE).get(code=story.ids["code"]).location
    around = ";".join(
        f"{one.x + dx:.5f},{one.y + dy:.5f}" for dx, dy in ((-0.001, -0.001), (0.001, -0.001), (0, 0.001))
    )
    found = json.loads(duty.get(reverse("desk:map-select"), {"within": around, "layers": "stations"}).content)["layers"]
    assert 1 <= found[0]["count"] < Station.objects.in_world(LIVE).count()
    assert "只列图上圈选范围内的" in duty.get(found[0]["url"]).content.decode()
    rows = json.loads(duty.get(f"/registers/stations/list.json?within={around}").content)
    assert rows["total"] == found[0]["count"]
    assert story.ids["code"] in [each["code"] for each in rows["rows"]]
