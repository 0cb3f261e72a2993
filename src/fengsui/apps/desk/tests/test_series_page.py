"""The page of series: which streams, which time, at most 2 000 points, and a workbook that says what it holds."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone
from python_calamine import CalamineWorkbook
from tests.contracts.story import client_of, load_district

from fengsui.apps.desk import workbook
from fengsui.apps.sensing import actions, book
from fengsui.apps.sensing.hot import microseconds
from fengsui.apps.sensing.tests.make import make_stream
from fengsui.core.models import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def duty(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    load_district()
    return client_of("duty")


def feed(*streams, minutes=200, step_s=60):
    """Readings up to now, one refused, a silence in the middle."""
    now, known = timezone.now(), book.read()
    for stream in streams:
        index = next(i for i, each in enumerate(known.streams) if each.id == stream.pk)
        n = np.array([k for k in range(minutes) if not minutes // 3 < k < minutes // 3 + 9])
        at = microseconds(now) - (minutes - 1 - n) * step_s * 1_000_000
        value = np.round(0.02 + 0.001 * np.sin(n / 9), 4)
        value[5] = 9.0
        given = np.zeros(len(n), np.int16)
        actions.store_readings(known, np.full(len(n), index), at, value, at + 500_000, given)


def test_the_page_shows_values_table_and_marks_without_a_script(duty):
    feed(make_stream("ST91"), make_stream("RG91", "rain_gauge", "mm", ladder={}))
    page = duty.get("/series/?streams=ST91.water_depth,RG91.rain_gauge&period=6h").content.decode()
    assert "ST91站" in page
    assert page.count('data-lane="') == 2
    assert "未采用 1" in page
    assert "断 10 分" in page
    assert "这段时间没有过线、预警和事件" in page
    assert "示意数据" in page


def test_a_station_alone_means_all_its_streams_and_what_is_missing_is_said(duty):
    feed(make_stream("ST91"))
    page = duty.get("/series/?streams=ST91,NO1.water_depth").content.decode()
    assert page.count('data-lane="') == 1
    assert "NO1.water_depth" in page


def test_nine_lanes_are_one_too_many(duty):
    codes = [f"ST8{n}" for n in range(9)]
    for code in codes:
        make_stream(code)
    page = duty.get("/series/?streams=" + ",".join(f"{code}.water_depth" for code in codes)).content.decode()
    assert page.count('data-lane="') == 8
    assert "ST88.water_depth" in page
    assert 'id="more"' not in page


def test_search_finds_by_station_and_kind_and_leads_to_the_page_with_one_more(duty):
    feed(make_stream("ST91"))
    make_stream("RG91", "rain_gauge", "mm", ladder={})
    page = duty.get("/series/?streams=ST91.water_depth&q=RG91 雨").content.decode()
    assert "/series/?streams=ST91.water_depth,RG91.rain_gauge" in page
    assert "没有找到“没有的”" in duty.get("/series/?q=没有的").content.decode()


def test_a_lane_keeps_its_extremes_and_tells_its_gaps(duty):
    stream = make_stream("ST91", period_s=10)
    feed(stream, minutes=4000, step_s=10)
    data = json.loads(duty.get("/series/lane.json?streams=ST91.water_depth&period=24h").content)
    assert (data["unit"], data["of"], data["refused"], data["thinned"]) == ("cm", 3992, 1, True)
    assert len(data["points"]) <= 2000
    good = [value for _at, value, why in data["points"] if not why]
    assert (min(good), max(good)) == (2, 2)  # centimetres, as the page says them
    assert [value for _at, value, why in data["points"] if why] == [900]
    assert any(89_000 < b - a < 101_000 for a, b in data["gaps"])
    assert [line["level"] for line in data["ladder"]] == ["watch", "blue", "yellow", "orange", "red"]


def test_wrong_times_are_said_beside_the_field_and_the_page_stays(duty):
    make_stream("ST91")
    for query, said in {
        "from=gestern&to=2026-07-01": "“从”看不懂：gestern",
        "from=2026-07-02&to=2026-07-01": "止时不在起时之后",
        "from=2020-07-02T00:00&to=2026-07-01T00:00": "时段超过 1100 天",
    }.items():
        answer = duty.get(f"/series/?streams=ST91.water_depth&{query}")
        assert answer.status_code == 200
        assert said in answer.content.decode()
        assert duty.get(f"/series/lane.json?streams=ST91.water_depth&{query}").status_code in (400, 422)


def test_streams_of_another_world_do_not_exist(duty):
    drill = World.objects.create(kind="exercise", name="七月演练")
    feed(make_stream("ST91"))
    make_stream("DR91", world_id=drill.pk)
    assert duty.get("/series/lane.json?streams=DR91.water_depth").status_code == 404
    assert client_of("duty", drill.pk).get("/series/lane.json?streams=ST91.water_depth").status_code == 404
    assert client_of("duty", drill.pk).get("/series/lane.json?streams=DR91.water_depth").status_code == 200


def sheets(answer):
    read = CalamineWorkbook.from_filelike(io.BytesIO(b"".join(answer.streaming_content)))
    return {name: read.get_sheet_by_name(name).to_python() for name in read.sheet_names}


def test_the_workbook_says_whether_it_holds_every_reading(duty):
    feed(make_stream("ST91", period_s=10), minutes=4000, step_s=10)
    raw = sheets(duty.get("/series/series.xlsx?streams=ST91.water_depth&period=24h&what=raw"))
    assert list(raw) == ["说明", "ST91.water_depth"]
    assert len(raw["ST91.water_depth"]) == 3993
    assert any("全部读数" in str(cell) for row in raw["说明"] for cell in row)
    first = raw["ST91.water_depth"][1]
    assert abs(timezone.make_aware(first[0]) - (timezone.now() - timedelta(seconds=39_990))) < timedelta(minutes=10)
    assert raw["ST91.water_depth"][6][1:] == [900, "超量程"]
    thin = sheets(duty.get("/series/series.xlsx?streams=ST91.water_depth&period=24h"))
    assert len(thin["ST91.water_depth"]) <= 2001
    assert any("不是全部读数" in str(cell) for row in thin["说明"] for cell in row)


def test_rows_over_a_sheet_go_to_a_second_one_and_too_many_are_refused(duty, monkeypatch):
    feed(make_stream("ST91"))
    monkeypatch.setattr(workbook, "SHEET_ROWS", 101)
    raw = sheets(duty.get("/series/series.xlsx?streams=ST91.water_depth&period=6h&what=raw"))
    assert [len(rows) - 1 for name, rows in raw.items() if name != "说明"] == [100, 92]
    monkeypatch.setattr(workbook, "MOST_ROWS", 50)
    answer = duty.get("/series/series.xlsx?streams=ST91.water_depth&period=6h&what=raw")
    assert answer.status_code == 409
    assert "改取抽稀" in answer.content.decode()


def test_a_workbook_of_an_exercise_says_so_in_name_sheet_and_first_line(duty):
    drill = World.objects.create(kind="exercise", name="七月演练")
    feed(make_stream("DR91", world_id=drill.pk))
    answer = client_of("duty", drill.pk).get("/series/series.xlsx?streams=DR91.water_depth&period=6h")
    assert "exercise-" in answer.headers["Content-Disposition"]
    found = sheets(answer)
    assert list(found)[1] == "演练DR91.water_depth"
    assert "七月演练" in found["说明"][0][0]
