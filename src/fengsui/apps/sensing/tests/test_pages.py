"""The pages of stations on real rows: what they say, what they hide, how many queries they cost."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from django.contrib.gis.geos import Point
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from fengsui.apps.people.models import Account, Holding, Organisation, Person, Post
from fengsui.apps.places.models import Area, Place
from fengsui.apps.sensing import actions, boards, book
from fengsui.apps.sensing.models import CurrentValue, Datastream, Station
from fengsui.apps.sensing.rules import FLICKER_S
from fengsui.apps.sensing.tests.make import make_stream
from fengsui.core.maps import registry, tiles
from fengsui.core.models import MapPoint, World
from fengsui.core.tests.make import make_person
from fengsui.core.tests.mvt import points_of
from fengsui.core.ui.present import LOST_PERIODS
from fengsui.core.worlds import LIVE

pytestmark = pytest.mark.django_db


def now():
    """Asked anew each time: pages judge ages by the wall clock, and a run may be slow."""
    return timezone.now().replace(microsecond=0)


def log_in(client, role="duty_officer"):
    org = Organisation.objects.create(code=role, name="铁西区应急管理局", kind="bureau", path=role)
    person = Person.objects.create(name="赵明远", org=org, phone="13800001111")
    post = Post.objects.create(code=role, title="值班员", org=org, role=role)
    Holding.objects.create(post=post, person=person, since=now())
    account = Account.objects.create(username=role, person=person)
    client.force_login(account)
    return client


@pytest.fixture
def duty(client):
    return log_in(client)


def feed(stream, readings):
    """(seconds ago, value) into one stream."""
    known = book.read()
    index = int(np.flatnonzero(known.ids == stream.id)[0])
    read_at = now()
    us = [int((read_at - timedelta(seconds=age)).timestamp()) * 1_000_000 for age, _ in readings]
    n = len(readings)
    at = np.array(us, np.int64)
    actions.store_readings(
        known, np.full(n, index, np.intp), at, np.array([float(v) for _, v in readings]), at + 500_000,
        np.zeros(n, np.int16),
    )  # fmt: skip


def cells(answer):
    text = b"".join(answer.streaming_content).decode()
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text[1:])))


def test_list_shows_the_worst_first_with_value_age_and_next_line(duty):
    feed(make_stream("ST01"), [(120, 0.01), (60, 0.01), (5, 0.01)])
    feed(make_stream("ST02"), [(120, 0.2), (60, 0.26), (5, 0.27)])
    make_stream("ST03")
    page = duty.get("/stations/").content.decode()
    assert page.index("ST02站") < page.index("ST01站")
    assert "<b>27</b> cm" in page
    assert "未收到" in page
    assert 'data-live="sensing"' in page
    assert "示意数据" in page


def test_list_says_so_when_there_is_no_station_and_when_none_fits(duty):
    assert "还没有测站" in duty.get("/stations/").content.decode()
    make_stream("ST01")
    assert "没有符合条件的测站" in duty.get("/stations/?q=没有").content.decode()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("level=orange", ["ST02"]),
        ("level=any", ["ST02", "ST04"]),
        ("level=watch", ["ST04"]),
        ("level=none", ["ST01", "ST03"]),
        ("fresh=fresh", ["ST02", "ST04"]),
        ("fresh=late", []),
        ("fresh=lost", ["ST01"]),
        ("fresh=never", ["ST03"]),
        ("q=st03", ["ST03"]),
        ("sort=code", ["ST01", "ST02", "ST03", "ST04"]),
        ("sort=age", ["ST03", "ST01", "ST02", "ST04"]),
        ("level=purple&sort=x", ["ST02", "ST04", "ST01", "ST03"]),
    ],
)
def test_list_filters_and_sorts(duty, query, expected):
    feed(make_stream("ST01"), [(600, 0.01)])
    feed(make_stream("ST02"), [(60, 0.26), (5, 0.27)])
    make_stream("ST03")
    feed(make_stream("ST04"), [(60, 0.06), (5, 0.06)])
    assert [row[0] for row in cells(duty.get(f"/stations/list.csv?{query}"))[1:]] == expected


def test_list_csv_carries_level_value_and_nature(duty):
    feed(make_stream("ST02"), [(60, 0.26), (5, 0.27)])
    head, row = cells(duty.get("/stations/list.csv"))
    assert (head[0], head[4]) == ("站码", "级别")
    assert row[:3] + row[4:7] + row[8:] == ["ST02", "ST02站", "积水深度", "橙色", "27", "cm", "在时", "1", "示意"]


def test_list_pages_hold_fifty_and_cost_the_same_queries_for_one_and_for_sixty(duty):
    make_stream("ST00")
    with CaptureQueriesContext(
        connection,
    ) as one:
        duty.get("/stations/")
    for n in range(1, 60):
        make_stream(f"ST{n:02}")
    with CaptureQueriesContext(connection) as sixty:
        page = duty.get("/stations/").content.decode()
    assert len(one) == len(sixty)
    assert page.count("data-row") == 50
    assert "第 1 页，共 2 页" in page
    assert duty.get("/stations/?page=2").content.decode().count("data-row") == 10


def test_station_shows_ladder_readings_and_what_was_not_taken(duty):
    feed(make_stream("ST01"), [(180, 0.05), (120, 0.12), (60, 9.0), (5, 0.13)])
    page = duty.get("/stations/ST01/").content.decode()
    assert 'data-url="/stations/ST01/chart.json?kind=water_depth&amp;hours=3"' in page
    assert page.count('<td class="num struck">900</td>') == 1
    assert "超量程" in page
    assert "超出量程界限 5 m" in page
    for line in ("<b>40</b> cm", "<b>25</b> cm", "<b>15</b> cm", "<b>10</b> cm", "<b>5</b> cm"):
        assert line in page
    assert "待本地确认" in page
    assert "回放" not in page


def test_station_says_the_replay_speed_and_ages_by_its_clock(duty):
    feed(make_stream("ST01", speed=60.0), [(30, 0.05), (2, 0.06)])
    page = duty.get("/stations/ST01/").content.decode()
    assert "回放 60 倍" in page
    assert 'data-period="5.0"' in page


def test_station_shows_messages_that_could_not_be_used_with_their_reason(duty):
    make_stream("ST01")
    known = book.read()
    facts = {"detail": "<script>alert(1)</script>"}
    message = actions.Rejection("fs/ST01/water_depth", b"<b>{broken", now(), "sensor.decode.not_json", facts, 0)
    actions.keep_rejections(known, [message])
    page = duty.get("/stations/ST01/").content.decode()
    assert "报文不是 JSON" in page
    assert "&lt;b&gt;{broken" in page
    assert "<script>alert" not in page


def test_station_hides_rejected_messages_when_the_role_may_not_see_them(client):
    make_stream("ST01")
    page = log_in(client, "street_officer").get("/stations/ST01/").content.decode()
    assert "没能用的报文" not in page


@pytest.mark.parametrize("part", ["state", "readings", "rejected"])
def test_station_part_is_one_element_that_refreshes_itself(duty, part):
    feed(make_stream("ST01"), [(60, 0.05), (5, 0.06)])
    page = duty.get(f"/stations/ST01/?kind=water_depth&hours=3&part={part}").content.decode().strip()
    assert f'id="station-{part}"' in page[:200]
    assert f"part={part}" in page
    assert "<html" not in page


def test_station_is_not_found_in_another_world_or_without_such_a_stream(duty):
    other = World.objects.create(kind="exercise", name="演练")
    make_stream("EX01", world_id=other.id, topic="x/EX01/water_depth")
    make_stream("ST01")
    assert duty.get("/stations/EX01/").status_code == 404
    assert duty.get("/stations/ST01/?kind=rain_gauge").status_code == 404
    assert duty.get("/stations/ST01/").status_code == 200
    assert [row[0] for row in cells(duty.get("/stations/list.csv"))[1:]] == ["ST01"]


def test_station_pages_older_readings(duty):
    feed(make_stream("ST01"), [(60 * n, 0.01 + n / 10_000) for n in range(80, 0, -1)])
    page = duty.get("/stations/ST01/").content.decode()
    assert page.count("可信") == 60
    link = page.split("&amp;before=")[1].split("#")[0]
    older = duty.get(f"/stations/ST01/?kind=water_depth&hours=3&before={link}").content.decode()
    assert older.count("可信") == 20
    assert "回到最新" in older


def test_series_gives_points_in_centimetres_with_reasons_and_the_ladder(duty):
    feed(make_stream("ST01"), [(120, 0.05), (60, 9.0), (5, 0.07)])
    data = json.loads(duty.get("/stations/ST01/series.json").content)
    (series,) = data["series"]
    assert (series["unit"], series["period_s"]) == ("cm", 60)
    assert [p[1:] for p in series["points"]] == [[5, ""], [900, "超量程"], [7, ""]]
    assert data["ladder"][0] == {"level": "watch", "label": "", "value": 5}
    assert (data["speed"], data["rain"]) == (1, None)


def test_series_adds_the_rain_of_the_nearest_gauge(duty):
    feed(make_stream("ST01"), [(5, 0.01)])
    far = make_stream("RG02", "rain_gauge", "mm", ladder={})
    Station.objects.all_worlds("test").filter(code="RG02").update(location=Point(125.0, 43.0))
    near = make_stream("RG01", "rain_gauge", "mm", ladder={})
    feed(near, [(60, 2.5)])
    feed(far, [(60, 7.0)])
    rain = json.loads(duty.get("/stations/ST01/series.json").content)["rain"]
    assert (rain["name"], rain["unit"], [p[1] for p in rain["points"]]) == ("RG01站", "mm", [2.5])


def test_readings_csv_keeps_rejected_ones_with_their_reason(duty):
    feed(make_stream("ST01"), [(120, 0.05), (60, 9.0), (5, -0.01)])
    rows = cells(duty.get("/stations/ST01/readings.csv?hours=1"))
    assert [row[2:5] for row in rows[1:]] == [["5", "是", ""], ["900", "否", "超量程"], ["-1", "是", ""]]


def test_pages_speak_english_when_asked(duty):
    feed(make_stream("ST01"), [(60, 9.0), (5, 0.07)])
    duty.cookies["django_language"] = "en"
    page = duty.get("/stations/ST01/").content.decode()
    assert "water depth" in page
    assert "<b>out of range</b>" in page
    assert "<b>超量程</b>" not in page


def test_layer_and_tile_show_one_point_a_station_with_its_worst_stream(duty):
    area = Area.objects.create(code="210106", scheme="GB/T 2260", name="铁西区", kind="district")
    place = Place.objects.create(
        code="WL01", kind="waterlogging_point", name="启工地道桥", area=area, location=Point(123.3, 41.8)
    )
    feed(make_stream("ST01"), [(60, 0.26), (5, 0.27)])
    make_stream("ST01", "rain_gauge", "mm", ladder={})
    Station.objects.all_worlds("test").update(place=place)
    (feature,) = json.loads(duty.get("/stations/layer.geojson").content)["features"]
    said = feature["properties"]
    assert (said["level"], said["label"], said["name"]) == ("orange", "27 cm", "启工地道桥")
    (drawn,) = points_of(tiles.mvt(registry.layers()["stations"], 10, 862, 380, make_person()))["stations-one"]
    assert (drawn["rank"], drawn["label"], drawn["url"]) == (5, "27 cm", "/stations/ST01/")
    assert tiles.mvt(registry.layers()["stations"], 10, 100, 100, make_person()) == b""


def test_a_level_outlives_silence_and_normal_does_not(duty):
    feed(make_stream("ST01"), [(660, 0.26), (600, 0.27)])
    feed(make_stream("ST02"), [(600, 0.01)])
    features = json.loads(duty.get("/stations/layer.geojson").content)["features"]
    assert [f["properties"]["level"] for f in features] == ["orange", "lost"]
    drawn = points_of(tiles.mvt(registry.layers()["stations"], 16, 55214, 24376, make_person()))["stations-one"]
    assert sorted((each["code"], each["rank"]) for each in drawn) == [("ST01", 5), ("ST02", 2)]


def test_map_says_what_the_list_says_when_time_alone_has_passed(duty):
    """A station that falls silent writes nothing: the sweep finds it, with the figures that pages judge by."""
    stream = make_stream("ST01")
    feed(stream, [(30, 0.01)])
    point = MapPoint.objects.get(layer="stations", code="ST01")
    assert point.rank == 0
    lost = timezone.now() - timedelta(seconds=LOST_PERIODS * stream.period_s + 5)
    CurrentValue.objects.filter(datastream=stream).update(good_at=lost)
    MapPoint.objects.filter(pk=point.pk).update(rank=0)
    assert actions.sweep_map() == 1
    assert MapPoint.objects.get(pk=point.pk).rank == 2
    assert boards.listing(LIVE, timezone.now(), fresh="lost").count() == 1
    fast = timezone.now() - timedelta(seconds=(LOST_PERIODS + 0.2) * FLICKER_S)
    Datastream.objects.in_world(LIVE).filter(pk=stream.pk).update(speed=1_000)
    CurrentValue.objects.filter(datastream=stream).update(good_at=fast + timedelta(seconds=0.4 * FLICKER_S))
    actions.sweep_map()
    assert MapPoint.objects.get(pk=point.pk).rank == 0
    CurrentValue.objects.filter(datastream=stream).update(good_at=fast)
    actions.sweep_map()
    assert MapPoint.objects.get(pk=point.pk).rank == 2


def test_pages_want_an_account(client):
    for path in ("/stations/", "/stations/list.csv", "/stations/ST01/", "/stations/ST01/series.json"):
        answer = client.get(path)
        assert (answer.status_code, answer.url.split("?")[0]) == (302, "/login/")


def test_list_survives_a_stream_whose_kind_is_gone(duty):
    stream = make_stream("ST01")
    Datastream.objects.in_world(LIVE).filter(pk=stream.pk).update(kind="sonar")
    assert "sonar" in duty.get("/stations/").content.decode()
    assert duty.get("/stations/ST01/").status_code == 200


def test_before_is_ignored_when_it_is_no_moment(duty):
    make_stream("ST01")
    assert duty.get("/stations/ST01/?before=昨天").status_code == 200
    assert duty.get(f"/stations/ST01/?before={datetime(2026, 1, 1, tzinfo=UTC).isoformat()}").status_code == 200
