"""Another district from a boundary and sheets: the folder is whole, dirt is told by row and column, nothing is lost."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from openpyxl import Workbook, load_workbook

from fengsui.config.district import extract, new, taking
from fengsui.config.district.boundary import read as read_boundary
from fengsui.config.district.forms import BY_CODE, FORMS
from fengsui.config.district.templates import head, template
from fengsui.config.ops import prepare
from fengsui.config.ops.console import Problem
from fengsui.config.ops.roads import refuse_elsewhere
from fengsui.engines.roads import synthetic
from fengsui.kernel.district import TAKEN, assemble, findings, load

NOW = datetime(2026, 7, 28, tzinfo=UTC)
CODE = "999905"
CENTRE = (120.0, 30.0)
REAL = Path(__file__).parents[3] / "shared" / "data" / "osm" / "porto_alegre.osm.pbf"
RING = [[119.95, 29.95], [120.05, 29.95], [120.05, 30.05], [119.95, 30.05], [119.95, 29.95]]
ROWS: dict[str, list[dict[str, Any]]] = yaml.safe_load(Path(__file__).with_name("own_sheets.yaml").read_text())


def sheet(form: str, rows: list[dict[str, Any]], *, rename: dict[str, str] | None = None) -> bytes:
    """The template filled in, as a spreadsheet program would save it."""
    book = load_workbook(io.BytesIO(template(BY_CODE[form])))
    page = book.worksheets[0]
    if rename:
        for cell in page[1]:
            cell.value = rename.get(str(cell.value), cell.value)
    for row in rows:
        page.append([row.get(field.code, "") for field in BY_CODE[form].fields])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def boundary(ring: list[list[float]] = RING, **more: Any) -> bytes:
    return json.dumps({"type": "Polygon", "coordinates": [ring], **more}).encode()


def whole(**changed: list[dict[str, Any]]) -> list[tuple[str, bytes]]:
    sheets = [(f"{form}.xlsx", sheet(form, rows)) for form, rows in {**ROWS, **changed}.items()]
    return [("boundary.geojson", boundary()), *sheets]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "built"
    new.write(folder, new.Wanted(CODE, "试建区", "Built", centre=CENTRE))
    return folder


def told(home: Path, given: list[tuple[str, bytes]]) -> list[str]:
    """`file row column: words` of everything that is wrong."""
    return [f"{each.file} {each.row} {each.column}: {each.zh}" for each in taking.attempt(home, given).faults]


def test_new_folder_loads_before_anything_is_filled_in(home: Path) -> None:
    district = load(home.name, home.parent)
    assert (district.code, district.name, district.areas_of("subdistrict")) == (CODE, "试建区", [])
    assert {each.name for each in (home / "sheets").iterdir()} == {f"{form.code}.xlsx" for form in FORMS}
    assert all(path.read_text(encoding="utf-8").startswith("#") for path in home.glob("*.yaml"))
    with pytest.raises(Problem):
        new.write(home, new.Wanted(CODE))


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("UPPER", new.Wanted(CODE)), ("ok", new.Wanted("12")), ("ok", new.Wanted(CODE, zone="Mars/Base")),
     ("ok", new.Wanted(CODE, name="a: {b"))],
)  # fmt: skip
def test_new_refuses_what_would_not_load(tmp_path: Path, name: str, wanted: new.Wanted) -> None:
    with pytest.raises(Problem):
        new.write(tmp_path / name, wanted)
    assert not (tmp_path / name).exists()


def test_filled_sheets_become_a_district_that_checks_green(home: Path) -> None:
    tried = taking.attempt(home, whole())
    assert tried.faults == []
    assert not (home / TAKEN / "areas.csv").exists()  # an attempt writes nothing
    taking.write(tried, now=NOW)
    district, totals = assemble(home)
    assert list(findings(district, totals)) == []
    assert (district.population, len(district.areas_of("community")), district.outline_label) == (1000, 3, "边界")
    assert {org.code for org in district.organisations} >= {"bureau", "water", "street-999905001", "team-T1"}
    assert next(org.name for org in district.organisations if org.code == "bureau") == "试建区应急管理局"
    assert [(each.code, each.ladder_m["orange"], each.provenance) for each in district.points] == [
        ("P1", 0.25, "illustrative")
    ]
    assert [(team.pump_m3h, team.skills) for team in district.teams] == [(800, ("drainage", "patrol"))]
    assert [(each.post, each.person) for each in district.holdings] == [("duty-own", "p1"), ("leader-own", "p1")]
    assert {account.login for account in district.accounts} == {"duty", "leader"}  # the others' posts have no holder


def test_taking_again_changes_nothing_and_a_hand_edit_is_told_before_it_is_lost(home: Path) -> None:
    taking.write(taking.attempt(home, whole()), now=NOW)
    again = taking.attempt(home, whole())
    assert (again.changes, again.edited, again.writes) == ([], {}, False)
    areas = home / TAKEN / "areas.csv"
    areas.write_text(areas.read_text(encoding="utf-8").replace("甲街道", "手改街道"), encoding="utf-8")
    edited = taking.attempt(home, whole())
    assert list(edited.edited) == [f"{TAKEN}/areas.csv"]
    assert any("手改街道" in line for line in edited.edited[f"{TAKEN}/areas.csv"])
    taking.write(edited, now=NOW, keep=[f"{TAKEN}/areas.csv"])
    assert "手改街道" in areas.read_text(encoding="utf-8")
    taking.write(taking.attempt(home, whole()), now=NOW)
    assert "手改街道" not in areas.read_text(encoding="utf-8")


def test_what_people_wrote_stays_beside_a_sheet(home: Path) -> None:
    written = home / "organisations.yaml"
    own = "  - {code: fire, name: 消防救援大队, kind: brigade, parent: government}\neach:"
    written.write_text(written.read_text(encoding="utf-8").replace("each:", own, 1), encoding="utf-8")
    taking.write(taking.attempt(home, whole()), now=NOW)
    assert {"fire", "water"} <= {org.code for org in load(home.name, home.parent).organisations}
    assert "消防救援大队" in written.read_text(encoding="utf-8")


def test_loading_sees_what_was_taken_without_a_restart(home: Path) -> None:
    assert not load(home.name, home.parent).points
    taking.write(taking.attempt(home, whole()), now=NOW)
    assert [each.code for each in load(home.name, home.parent).points] == ["P1"]


def _with(form: str, index: int, **values: Any) -> list[dict[str, Any]]:
    return [{**row, **values} if n == index else row for n, row in enumerate(ROWS[form])]


@pytest.mark.parametrize(
    ("form", "rows", "where", "words"),
    [
        ("areas", _with("areas", 1, code="999905001"), "3 代码", "重复"),
        ("areas", _with("areas", 0, code="110101001"), "2 代码", "前六位 999905"),
        ("areas", _with("areas", 0, lon=30.0, lat=119.98), "2 经度", ""),
        ("areas", _with("areas", 0, lon=121.5), "2 经度", "不在边界内"),
        ("areas", _with("areas", 0, population="很多"), "2 人口", "不是数字"),
        ("areas", _with("areas", 0, population=-5), "2 人口", "超出范围"),
        ("organisations", _with("organisations", 0, parent="nobody"), "2 上级", "没有代码为“nobody”的单位"),
        ("organisations", _with("organisations", 0, kind="衙门"), "2 类别", "从中选"),
        ("organisations", [_with("organisations", n, parent=other)[n] for n, other in enumerate(("water", "bureau"))],
         "2 上级", "成了圈"),
        ("posts", _with("posts", 0, org="sea"), "2 单位", "没有代码为“sea”的单位"),
        ("people", _with("people", 0, posts="duty-own、king"), "2 岗位", "king"),
        ("people", _with("people", 0, phone="call me"), "2 电话", ""),
        ("places", _with("places", 0, station="S9"), "2 测站", "没有代码为“S9”的测站"),
        ("places", _with("places", 0, watch=0.3, blue=0.2, yellow=0.4, orange=0.5, red=0.6), "2 关注线", "由低到高"),
        ("stations", _with("stations", 0, sensor="温度计"), "2 种类", "从中选"),
        ("stations", _with("stations", 1, area=""), "3 积水点", "填一个"),
        ("teams", _with("teams", 0, equipment="两台泵"), "2 装备", "写法不对"),
        ("teams", _with("teams", 0, people=3.5), "2 人数", "不是整数"),
        ("depots", _with("depots", 0, stock="编织袋200条"), "2 库存", "写法不对"),
        ("shelters", _with("shelters", 0, name=""), "2 名称", "没有填"),
    ],
)  # fmt: skip
def test_dirt_is_told_with_row_and_column_and_nothing_is_written(
    home: Path, form: str, rows: list[dict[str, Any]], where: str, words: str
) -> None:
    found = [each for each in told(home, whole(**{form: rows})) if each.startswith(form)]
    row, _, column = where.partition(" ")
    assert any(each.split(" ", 2)[1] == row and column in each and words in each for each in found), found
    assert not list((home / TAKEN).glob("*.yaml"))


def test_swapped_rows_are_told_by_the_others_before_there_is_a_boundary(home: Path) -> None:
    rows = [{**row, "lon": -51.2 + n / 100, "lat": -30.0} for n, row in enumerate(ROWS["areas"] * 2)]
    rows = [{**row, "code": f"99990500{n}"} for n, row in enumerate(rows, 1)]
    rows[2] |= {"lon": -30.0, "lat": -51.18}
    assert [each for each in told(home, [("areas.xlsx", sheet("areas", rows))]) if "填反" in each] == [
        "areas.xlsx 4 经度*: 经度与纬度填反了；把两列对调"
    ]


def test_units_in_the_header_are_converted_and_unknown_ones_told(home: Path) -> None:
    rows = [{**ROWS["areas"][0], "population": 0.06}, {**ROWS["areas"][1], "population": 0.04}]
    given = [
        ("boundary.geojson", boundary()),
        ("areas.xlsx", sheet("areas", rows, rename={"人口（人）": "人口（万人）"})),
    ]
    tried = taking.attempt(home, given)
    assert tried.faults == []
    assert "600" in tried.texts[f"{TAKEN}/areas.csv"]
    odd = sheet("teams", ROWS["teams"], rename={"集结时间（min）*": "集结时间（袋烟）"})
    assert any("不认识单位“袋烟”" in each for each in told(home, [("teams.xlsx", odd)]))


def test_encodings_are_read_or_told(home: Path) -> None:
    text = "代码,名称,英文名,经度,纬度\n999905001,甲街道,First,119.98,30.0\n"
    for encoding in ("utf-8-sig", "gb18030", "utf-16"):
        assert told(home, [("areas.csv", text.encode(encoding))]) == []
    assert "打不开" in told(home, [("areas.csv", text.encode() + b"\xff\xfe\x81")])[0]
    garbled = text.encode("utf-8").decode("latin-1")
    assert told(home, [("areas.csv", garbled.encode("utf-8"))])
    assert "乱码" in told(home, [("areas.csv", text.replace("甲街道", "锟斤拷").encode())])[0]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (boundary([[119.9, 29.9], [120.1, 30.1], [120.1, 29.9], [119.9, 30.1], [119.9, 29.9]]), "自相交"),
        (boundary([[y, x] for x, y in RING]), "填反"),
        (boundary([[x * 111_000, y * 111_000] for x, y in RING]), "像是投影后的米"),
        (boundary(crs={"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4490"}}), "坐标系不是 WGS 84"),
        (boundary([[119.95, 29.95], [119.9501, 29.95], [119.9501, 29.9501]]), "不像一个区"),
        (boundary([[119.95, 29.95]]), "坐标写法不对"),
        (b'{"type": "Point", "coordinates": [120, 30]}', "应是 FeatureCollection"),
        (b'{"type": "FeatureCollection", "features": []}', "没有面"),
        (b'{"type": "Polygon", "coordinates": [[[120, 30', "不是合格的 GeoJSON"),
        (b"[" * 200_000, "不是"),
        (b"\xff\xfe{", "不"),
    ],
)
def test_boundary_is_told_what_is_wrong(body: bytes, words: str) -> None:
    found, faults = read_boundary("b.geojson", body)
    assert found is None
    assert words in faults[0].zh


def test_boundary_of_several_parts_keeps_the_largest_and_says_so() -> None:
    island = [[120.2, 30.0], [120.21, 30.0], [120.21, 30.01], [120.2, 30.0]]
    body = json.dumps({"type": "MultiPolygon", "coordinates": [[RING], [island]]}).encode()
    found, faults = read_boundary("b.geojson", body)
    assert faults == []
    assert found is not None
    assert len(found.ring) == len(RING)
    assert "只取最大的一块" in found.told[0][0]


def test_boundary_swapped_is_seen_by_the_places_where_no_latitude_gives_it_away() -> None:
    ring = [[-30.0, -51.2], [-30.0, -51.1], [-30.1, -51.1], [-30.1, -51.2], [-30.0, -51.2]]
    assert read_boundary("b.geojson", boundary(ring))[1] == []
    assert "填反" in read_boundary("b.geojson", boundary(ring), (-51.15, -30.05))[1][0].zh


def test_boundary_from_a_sheet_of_corners(home: Path) -> None:
    text = "序号,经度,纬度\n" + "\n".join(f"{n},{x},{y}" for n, (x, y) in enumerate(RING, 1))
    found, faults = read_boundary("boundary.csv", text.encode())
    assert faults == []
    assert found is not None
    assert found.area_km2 == pytest.approx(107, abs=1)


def _archive(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in parts.items():
            archive.writestr(name, body)
    return out.getvalue()


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"xl/worksheets/sheet1.xml": b"0" * 60_000_000}, "展开后过大"),
        ({"xl/vbaProject.bin": b"x", "xl/workbook.xml": b"<a/>"}, "带宏"),
        ({"xl/workbook.xml": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'}, "XML 实体"),
        ({"../../../etc/passwd": b"x"}, "打不开"),
    ],
)
def test_harmful_workbooks_are_refused(home: Path, parts: dict[str, bytes], words: str) -> None:
    assert words in told(home, [("areas.xlsx", _archive(parts))])[0]
    assert not (home.parent / "etc").exists()


def test_a_formula_counts_by_the_value_that_was_saved_and_none_is_a_fault(home: Path) -> None:
    book = Workbook()
    page = book.active
    page.append([head(field) for field in BY_CODE["areas"].fields])
    page.append(["999905001", '=HYPERLINK("http://example.invalid")', "", 119.98, 30.0])
    out = io.BytesIO()
    book.save(out)
    assert any("名称" in each and "没有填" in each for each in told(home, [("areas.xlsx", out.getvalue())]))


def test_extract_is_checked_by_its_first_bytes_and_by_where_its_roads_are(home: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "roads.osm.pbf"
    wrong.write_bytes(b"PK\x03\x04" + b"0" * 5_000)
    assert "不是 .osm.pbf" in taking.attempt(home, whole(), pbf=wrong).faults[0].zh
    box = (119.95, 29.95, 120.05, 30.05)
    synthetic.generate(tmp_path / "here.osm.pbf", [], bbox=box, seed=1, outline=[(x, y) for x, y in RING])
    tried = taking.attempt(home, whole(), pbf=tmp_path / "here.osm.pbf")
    assert tried.faults == []
    assert extract.NAME in taking.write(tried, now=NOW)
    assert taking.attempt(home, whole(), pbf=tmp_path / "here.osm.pbf").writes is False
    away = tmp_path / "away"
    new.write(away, new.Wanted(CODE, centre=(110.0, 30.0)))
    assert "不在本区" in taking.attempt(away, [], pbf=tmp_path / "here.osm.pbf").faults[0].zh


@pytest.mark.slow
@pytest.mark.skipif(not REAL.exists(), reason=f"{REAL} is absent: no real extract was taken")
def test_a_real_extract_is_taken_by_a_district_that_lies_there(tmp_path: Path) -> None:
    """An extract elsewhere than the district is refused; a district can be made where the extract lies."""
    there = tmp_path / "there"
    new.write(there, new.Wanted(CODE, centre=(-51.2, -30.05)))
    ring = [[-51.25, -30.10], [-51.15, -30.10], [-51.15, -30.0], [-51.25, -30.0], [-51.25, -30.10]]
    moved = {
        form: [
            {**row, **({"lon": row["lon"] - 171.2, "lat": row["lat"] - 60.05} if "lon" in row else {})} for row in rows
        ]
        for form, rows in ROWS.items()
    }
    given = [
        ("boundary.geojson", boundary(ring)),
        *[(f"{form}.xlsx", sheet(form, rows)) for form, rows in moved.items()],
    ]
    tried = taking.attempt(there, given, pbf=REAL)
    assert tried.faults == []
    assert extract.NAME in taking.write(tried, now=NOW)
    env = {"FENGSUI_DISTRICTS": str(tmp_path), "FENGSUI_DISTRICT": "there"}
    assert prepare.kept_extract(env) == there / extract.NAME
    refuse_elsewhere(there / extract.NAME, env)  # raises where it would not start on it


def test_a_broken_file_of_the_folder_is_told_by_its_name(home: Path) -> None:
    shutil.copy(home / "posts.yaml", home / "posts.bak")
    (home / "posts.yaml").write_text("posts: [", encoding="utf-8")
    assert any("posts.yaml" in each for each in told(home, whole()))
