"""Sheets with the dirt that offices' sheets really have, into every register."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from fengsui.apps.alerts.models import Outlet
from fengsui.apps.people.models import Organisation, Person, Post
from fengsui.apps.places.models import Area, Place, WaterloggingPoint
from fengsui.apps.plans.models import PlanVersion
from fengsui.apps.resources.models import Depot, StockItem, Team
from fengsui.apps.sensing.models import Station
from fengsui.core.ledger.register import register, registers
from fengsui.core.worlds import LIVE
from fengsui.kernel.errors import Forbidden
from tests.ledger.make import actor, bring, text, upload, workbook

TABLES = Path(__file__).parents[3] / "shared" / "data" / "tables"
real = pytest.mark.skipif(
    not TABLES.is_dir(), reason="the real tables (shared/data/tables) are not here: NOT tested on real dirt"
)
LIKE_REAL = {
    "organisations": (
        [
            ["单位\n代码*", "单位名称（全称）", "单位类别", "上级单位", "人数(人)"],
            ["x-water", " 区水务站 ", "部门", "铁西区人民政府", "１２ 人"],
            ["x-gas", "燃气所", "部门", "government", "-"],
            ["合计", "", "", "", 12],
        ],
        ["x-gas", "x-water"],
        0,
    ),
    "posts": (
        [
            ["岗位代码", "岗位名称", "所属单位", "角色", "叫应次序"],
            [1024.0, "水务站值守", "bureau-core", "值班员", 1.0],
            ["p-2", "无此单位", "某某局", "值班员", 2],
            ["p-3", "角色写错", "bureau-core", "看门的", 3],
        ],
        ["1024"],
        2,
    ),
    "people": (
        [
            ["姓名", "工作单位", "手机号码"],
            ["赵测试", "bureau-core", 13800000000.0],
            ["钱测试", "铁西区应急管理局", "１３９-００００-００００"],
            ["孙测试", "bureau-core", "138****0000"],
        ],
        ["赵测试", "钱测试"],
        1,
    ),
    "waterlogging-points": (
        [
            ["点位", "", "位置", "", "参数", "", ""],
            ["编号", "名称", "经度", "纬度", "形态", "街道", "封控线"],
            ["WLX", "新测下穿", "123°20′24″", "41°48′36″", "下穿道路", "启工街道", "123.34 41.81; 123.341 41.811"],
            ["WLY", "填反", 41.81, 123.34, "下穿道路", "启工街道", "123.34 41.81; 123.341 41.811"],
        ],
        ["WLX"],
        1,
    ),
    "stations": (
        [
            ["铁西区测站登记表", "", "", "", ""],
            [],
            ["站号", "站名", "经度", "纬度", "零点高程（cm）"],
            ["STX", "新测站", 123.34, 41.81, 250],
            ["STY", "高程乱填", 123.34, 41.81, "约两米"],
            ["填表人：张三"],
        ],
        ["STX"],
        1,
    ),
    "depots": (
        [
            ["编号", "名称", "街道", "经度", "纬度", "建筑面积（平方米）", "保管岗位"],
            ["DX", "三号库", "210106021", "123.3230", "41.7975", "1,200", "一号物资库保管员"],
            ["DX", "三号库", "210106021", "123.3230", "41.7975", "1,200", "一号物资库保管员"],
            ["DY", "海上的库", "210106021", 117.43591, 38.58864, 10, ""],
        ],
        ["DX"],
        1,
    ),
    "shelters": (
        [
            ["编号", "名称", "街道", "坐标", "类别", "有效面积（亩）", "人均面积", "开放天数", "容量"],
            ["SX", "中学操场", "启工街道", "123.345，41.806", "紧急", 3, 1.5, 3, 1300],
            ["SY", "甲", "启工街道", "0,0", "紧急", 3, 1.5, 3, 10],
            ["SZ", "乙", "启工街道", "123.345,41.806", "紧急", 3, 1.5, 3, 10],
            ["SZ", "乙改", "启工街道", "123.345,41.806", "紧急", 3, 1.5, 3, 99],
        ],
        ["SX"],
        3,
    ),
    "teams": (
        [
            [
                "队伍编号",
                "队名",
                "层级",
                "类型",
                "所属单位",
                "队长岗位",
                "队员数",
                "集结时间（小时）",
                "技能",
                "经度",
                "纬度",
            ],
            [
                "TX",
                "新建抢险队",
                "社会力量",
                "social",
                "firm-newmart",
                "safety-firm",
                "三十",
                0.5,
                "排水/救护",
                123.3,
                41.8,
            ],
            [
                "TY",
                "抢险二队",
                "社会力量",
                "社会应急力量",
                "firm-newmart",
                "企业安全员",
                30,
                0.5,
                "排水/救护",
                123.3,
                41.8,
            ],
        ],
        ["TY"],
        1,
    ),
    "checkpoints": (
        [
            ["编号", "名称", "所在街道", "x", "y"],
            ["CX", "新检查站", "昆明湖街道", "E123.262", "N41.764"],
            [9.13706811694e17, "长号", "昆明湖街道", 123.262, 41.764],
        ],
        ["CX"],
        1,
    ),
    "areas": (
        [
            ["铁西区各街道叫应顺序（2026）"],
            ["区划代码", "街道", "类别", "人口（万人）", "叫应顺序"],
            ["210106997", "新街道", "街道（镇）", "1.2", "一号物资库保管员；企业安全员"],
            [2.10106998e8, "数字代码街道", "subdistrict", "-", ""],
            ["210106996", "无此岗位的街道", "街道（镇）", 1, "没有的岗位"],
            ["注：叫应顺序先叫的在前"],
        ],
        ["210106997", "210106998"],
        1,
    ),
    "stock": (
        [
            ["储备物资盘点表", "", "", "", "", ""],
            ["储备库", "物资代码", "品名", "物资类别", "库存", "单位"],
            ["D1", "x-tent", "帐篷", "转移安置", "１２０ ", "顶"],
            ["没有的库", "x-tent", "帐篷", "转移安置", 5, "顶"],
            ["D1", "x-rope", "绳索", "防汛抗旱", "若干", "根"],
            ["D1", "x-boots", "雨靴", "防汛抗旱", -3, "双"],
            ["合计", "", "", "", 120, ""],
        ],
        ["x-tent"],
        3,
    ),
    "outlets": (
        [
            ["渠道代码", "渠道名称", "渠道种类", "起发级别", "覆盖人数（万人）", "发布对象"],
            ["oled", "街路屏", "mqtt", "黄色", "2.5", "行人"],
            ["osms", "短信", "鸽子", "黄色", 1, "居民"],
        ],
        ["oled"],
        1,
    ),
}


def codes_of(name):
    if name == "stock":
        return set(StockItem.objects.values_list("item", flat=True))
    if name == "people":
        return set(Person.objects.filter(name__endswith="测试").values_list("name", flat=True))
    found = register(name)
    key = found.keys[0].path
    rows = found.model._base_manager.all()
    return set(rows.values_list(key, flat=True))


@pytest.mark.parametrize("name", sorted(LIKE_REAL))
def test_sound_rows_come_in_and_each_wrong_one_is_named_when_a_sheet_is_dirty(district, name):
    rows, good, wrong = LIKE_REAL[name]
    by = actor("secadmin" if name in {"posts", "people", "organisations"} else "leader")
    before = codes_of(name)
    row = upload(name, workbook(rows), by)
    assert row.state == "checked", row.found
    assert (row.found["fresh"], row.found["wrong"]) == (len(good), wrong), (row.faults, row.found)
    assert len({fault[0] for fault in row.faults}) == wrong
    bring(name, workbook(rows), by, skip_wrong=True)
    assert sorted(codes_of(name) - before) == sorted(good)


def test_values_are_what_was_meant_when_sheets_are_dirty(district):
    for name, (rows, _good, wrong) in LIKE_REAL.items():
        bring(
            name,
            workbook(rows),
            actor("secadmin" if name in {"posts", "people", "organisations"} else "leader"),
            skip_wrong=bool(wrong),
        )
    water = Organisation.objects.get(code="x-water")
    assert (water.name, water.headcount, water.parent.code, water.path) == (
        "区水务站",
        12,
        "government",
        "government/x-water",
    )
    assert Organisation.objects.get(code="x-gas").headcount is None
    assert Post.objects.get(code="1024").call_order == 1
    assert Person.objects.get(name="赵测试").phone == "13800000000"
    assert Person.objects.get(name="钱测试").phone == "139-0000-0000"
    point = WaterloggingPoint.objects.select_related("place").get(place__code="WLX")
    assert (round(point.place.location.x, 6), round(point.place.location.y, 6)) == (123.34, 41.81)
    assert point.ladder_m["orange"] == 0.25
    assert Station.objects.in_world(LIVE).get(code="STX").datum_m == 2.5
    assert Depot.objects.get(place__code="DX").keeper_post.code == "depot-D1"
    assert Place.objects.get(code="SX").shelter.area_m2 == 2000
    team = Team.objects.get(code="TY")
    assert (team.assembly_min, team.skills, team.leader_post.code) == (30, ["drainage", "救护"], "safety-firm")
    area = Area.objects.get(code="210106997")
    assert (area.population, area.call_order, area.parent.kind) == (12_000, ["depot-D1", "safety-firm"], "district")
    assert StockItem.objects.get(item="x-tent").count == 120
    assert (Outlet.objects.get(code="oled").people, Outlet.objects.get(code="oled").min_level) == (25_000, 2)


def test_plans_are_only_read_when_somebody_tries(district):
    with pytest.raises(Forbidden):
        upload("plans", workbook([["预案代码", "版本"], ["x", "1"]]), actor("leader"))
    dirty = [["预案目录"], ["预案代码*", "版　本", "灾种"], ["x", 1.0, "没有这种灾"], ["合计", "", 1]]
    with pytest.raises(Forbidden):
        upload("plans", workbook(dirty), actor("secadmin"))
    assert not PlanVersion.objects.filter(code="x").exists()


def test_every_register_of_the_story_is_declared():
    wanted = {
        "organisations",
        "posts",
        "people",
        "waterlogging-points",
        "stations",
        "depots",
        "shelters",
        "teams",
        "checkpoints",
        "plans",
        "outlets",
        "areas",
        "stock",
    }
    assert wanted <= set(registers())


@real
def test_firms_of_a_real_gbk_file_come_in_when_their_codes_are_whole(district):
    rows = list(csv.reader((TABLES / "企业登记信息_gbk.csv").read_text("gb18030").splitlines()))[:301]
    sheet = [[*rows[0], "类别"], *[[*row, "企业"] for row in rows[1:]]]
    row = upload("organisations", text(sheet), actor("secadmin"), "企业登记信息_gbk.csv")
    assert row.state == "checked", row.found
    assert row.found["fresh"] + row.found["wrong"] + len(row.found["repeated"]) == 300
    assert row.found["fresh"] > 100
    assert {fault[2] for fault in row.faults} <= {"core.ledger.required", "core.ledger.twice"}
    missing = {number for number, column, code, _f in row.faults if code == "core.ledger.required"}
    assert missing >= {index for index, each in enumerate(sheet, 1) if index > 1 and each[2] == "-"}


@real
def test_depots_typed_in_degrees_and_minutes_are_told_from_ours_by_their_distance(district):
    listed = json.loads((TABLES / "depots_coordinates_dirty.json").read_text())["data"]
    rows = [[each["code"], each["name"], each["longitude"], each["latitude"], "210106021", 100] for each in listed]
    row = upload("depots", workbook([["编号", "名称", "经度", "纬度", "街道", "建筑面积"], *rows]), actor("leader"))
    assert (row.state, row.found["fresh"]) == ("checked", 0)
    assert row.found["wrong"] + len(row.found["repeated"]) == len(listed)
    assert "core.ledger.far_away" in {fault[2] for fault in row.faults}


@real
def test_a_real_list_of_penalties_says_which_column_it_lacks(district):
    body = (TABLES / "企业环境违法名单_1.xlsx").read_bytes()
    from fengsui.core.ledger import taking

    by = actor("secadmin")
    kept, taking.AT_ONCE_BYTES = taking.AT_ONCE_BYTES, 10**9
    try:
        row = upload("organisations", body, by, "名单.xlsx")
    finally:
        taking.AT_ONCE_BYTES = kept
    assert row.state in {"checked", "refused"}
    if row.state == "checked":
        assert row.found["fresh"] == 0
        assert {"kind"} <= {fault[1] for fault in row.faults}
