"""A network from a GIS's tables, and every fault of them by sheet, row and column."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengsui.science import case
from fengsui.science.contract import OutOfRange
from fengsui.science.drainage import ensemble, inp, sheets
from fengsui.science.drainage.asked import Sewers
from fengsui.science.drainage.network import Manhole, Network, Outfall, Pipe, Subcatchment
from fengsui.science.drainage.project import Project
from fengsui.science.drainage.sewers import MODEL
from fengsui.science.drainage.sheets import SheetErrors, Sheets
from fengsui.science.inundation.asked import Rain

CHINESE = Sheets(
    manholes="编号,X坐标,Y坐标,井底高程（m）,地面高程（m）\nY1,0,0,38.20,40.10\nY2,60,0,38.05,40.00\n",
    pipes="管道编号,起点井号,终点井号,管长（m）,管径（mm）,糙率\nG1,Y1,Y2,60,500,0.013\nG2,Y2,P1,40,600,\n",
    outfalls="排放口编号,X坐标,Y坐标,管底高程（m）,受纳水位（m）\nP1,100,0,37.90,\n",
    subcatchments="编号,汇入井号,面积（ha）,不透水率（%）,坡度（‰）\nS1,Y1,0.8,75,4\n",
)
ENGLISH = Sheets(
    manholes="\ufeffcode,x,y,invert [m],rim [m]\nY1,0,0,38.20,40.10\nY2,60,0,38.05,40.00\n",
    pipes="code\tfrom\tto\tlength\tdiameter [m]\troughness\nG1\tY1\tY2\t60\t0.5\t0.013\nG2\tY2\tP1\t40\t0.6\t\n",
    outfalls="id,X,Y,invert_m,stage_m\nP1,100,0,37.90,\n",
    subcatchments="name,outlet,area_m2,imperviousness,slope\nS1,Y1,8000,0.75,0.004\n",
)


def test_chinese_and_english_headings_give_one_network():
    network = CHINESE.network()
    assert network == ENGLISH.network()
    assert network.pipes[0] == Pipe("G1", "Y1", "Y2", 60.0, 0.5, roughness=0.013)
    assert network.subcatchments[0] == Subcatchment("S1", "Y1", 8000.0, 0.75, slope=0.004)
    assert network.outfalls[0].stage_m is None


def test_network_of_the_sheets_runs():
    storm = Rain(np.array([0.0, 1200.0]), np.array([0.03]))
    output = ensemble.simulate(inp.project(CHINESE.network(), storm, 3600.0))
    assert output.link_ids == ("G1", "G2")
    assert 0.01 < output.links["flow_m3_s"].max() < 0.2
    assert output.totals.runoff == pytest.approx(output.totals.outfalls, rel=0.02)


OUTFALL = "排放口编号,X坐标,Y坐标,管底高程（m）,受纳水位（m）,{head}\nP1,100,0,37.90,{stage},{word}\n"


def gate(word, head="拍门", stage=""):
    tables = CHINESE.manholes, CHINESE.pipes, OUTFALL.format(head=head, stage=stage, word=word), CHINESE.subcatchments
    return Sheets(*tables)


@pytest.mark.parametrize(
    ("head", "word", "wanted"),
    [
        ("拍门", "有", True), ("有无拍门", "无", False), ("是否有拍门", "是", True), ("拍门（有/无）", "否", False),
        ("Flap gate", "YES", True), ("gated", "no", False), ("gated", "True", True), ("拍门", "", False),
    ],
)  # fmt: skip
def test_flap_gate_is_read_and_handed_to_swmm(head, word, wanted):
    network = gate(word, head).network()
    assert network.outfalls == (Outfall("P1", 100.0, 0.0, 37.9, gated=wanted),)
    text = inp.project(network, None, 600.0).inp
    assert f"P1 37.9000 FREE {'YES' if wanted else 'NO'}" in text


def test_flap_gate_of_a_spreadsheet_is_a_number_or_a_mark():
    outfalls = [["编号", "X", "Y", "底高程", "拍门"], ["P", 1, 1, 0.0, 1.0], ["Q", 1, 1, 0.0, False]]
    manholes = [["编号", "X", "Y", "井底高程", "地面高程"], ["a", 0, 0, 1.0, 3], ["b", 0, 0, 1.0, 3]]
    pipes = [["编号", "起点", "终点", "长度", "管径"], [1, "a", "P", 9, 0.5], [2, "b", "Q", 9, 0.5]]
    network = sheets.network({"manholes": manholes, "pipes": pipes, "outfalls": outfalls})
    assert [each.gated for each in network.outfalls] == [True, False]


def test_river_above_a_gated_outfall_takes_nothing_in_where_an_open_one_does():
    """Its level from the sheet, 1.1 m above the pipe's end, before the storm's water is there."""
    storm, taken = Rain(np.array([0.0, 1200.0]), np.array([0.03])), {}
    for word in ("有", "无"):
        output = ensemble.simulate(inp.project(gate(word, stage="39.0").network(), storm, 1800.0))
        flow = output.links["flow_m3_s"][:, output.link_ids.index("G2")]
        taken[word] = float(flow.min()), output.totals.inflows
        assert flow.max() == pytest.approx(0.173, abs=0.002), "the storm leaves by both"
    assert taken["有"] == (0, 0)
    assert taken["无"] == pytest.approx((-0.046, 19.0), abs=0.1)


@pytest.mark.parametrize(
    ("sheet", "old", "new", "row", "column", "words"),
    [
        ("manholes", "38.20", "三十八", 2, "井底高程（m）", "不是数"),
        ("manholes", "38.20", "", 2, "井底高程（m）", "空着"),
        ("manholes", "38.20", "nan", 2, "井底高程（m）", "不是数"),
        ("manholes", "40.00", "38.00", 3, "depth_m", "超出范围"),
        ("manholes", "Y2,60", "Y1,60", 3, "编号", "重复"),
        ("manholes", "Y1,", "Y 1,", 2, "编号", "不能作编号"),
        ("manholes", "地面高程（m）", "高程", 1, "", "缺“井盖高程"),
        ("manholes", "地面高程（m）", "地面高程（尺）", 1, "地面高程（尺）", "不认识单位 尺"),
        ("manholes", "地面高程（m）", "编号", 1, "编号", "出现两次"),
        ("pipes", "500", "500000", 2, "管径（mm）", "超出范围（≥ 0.1，≤ 6）"),
        ("pipes", "（mm）", "", 2, "管径", "超出范围"),
        ("pipes", "G2,Y2,P1", "G2,Y2,P9", 3, "终点井号", "没有 P9"),
        ("pipes", "G2,Y2,P1", "G2,Y2,Y2", 3, "终点井号", "相同"),
        ("outfalls", "P1,", "Y1,", 2, "排放口编号", "与检查井同号"),
        ("outfalls", "（m）\nP1,100,0,37.90,", "（m）,拍门\nP1,100,0,37.90,,坏", 2, "拍门", "不认识“坏”；写“有”或“无”"),
        ("subcatchments", "S1,Y1", "S1,Y7", 2, "汇入井号", "没有 Y7"),
        ("subcatchments", "75", "175", 2, "不透水率（%）", "超出范围"),
    ],
)  # fmt: skip
def test_fault_is_told_by_sheet_row_and_column(sheet, old, new, row, column, words):
    tables = {name: getattr(CHINESE, name) for name in sheets.TABLES}
    tables[sheet] = tables[sheet].replace(old, new, 1)
    with pytest.raises(SheetErrors) as told:
        Sheets(**tables).network()
    found = [each for each in told.value.faults if each.sheet == sheet and each.row == row and each.column == column]
    assert len(found) == 1, told.value.facts["zh"]
    assert words in found[0].zh
    assert found[0].en
    assert sheets.TABLES[sheet][0] in told.value.facts["zh"]


def test_all_faults_are_told_at_once():
    tables = CHINESE.manholes.replace("38.20", "x").replace("60,0", "y,0"), CHINESE.pipes.replace("500", "z")
    with pytest.raises(SheetErrors) as told:
        Sheets(*tables, CHINESE.outfalls).network()
    assert told.value.facts["count"] == 3
    assert len(told.value.facts["zh"].splitlines()) == 3


def test_manhole_from_which_nothing_leads_away_and_missing_sheets_are_told():
    lone = CHINESE.manholes + "Y3,10,10,38,40\n"
    with pytest.raises(SheetErrors) as told:
        Sheets(lone, CHINESE.pipes, CHINESE.outfalls).network()
    assert "检查井第 4 行“编号”：没有管道通到排放口" in told.value.facts["zh"]
    with pytest.raises(SheetErrors) as told:
        Sheets("", "", "").network()
    assert [each.zh for each in told.value.faults] == ["缺这张表"] * 3


def test_cells_of_a_spreadsheet_are_taken_as_they_are():
    rows = [["编号", "X坐标", "Y坐标", "井底高程", "地面高程"], [12.0, 0, 0.5, 1.0, 3], [None] * 5, []]
    pipes = [["编号", "起点", "终点", "长度", "管径(m)"], [1, "12", "P", "1,000", 0.5]]
    network = sheets.network(
        {"manholes": rows, "pipes": pipes, "outfalls": [["编号", "X", "Y", "底高程"], ["P", 1, 1, 0.0]]}
    )
    assert network.manholes == (Manhole("12", 0.0, 0.5, 1.0, 3.0),)
    assert network.pipes[0].length_m == 1000


def test_network_that_does_not_hold_together_cannot_be_built():
    with pytest.raises(ValueError, match="no outfall"):
        Network((Manhole("a", 0, 0, 0, 2),), (), ())
    with pytest.raises(ValueError, match="one pipe to an outfall"):
        Network(
            (Manhole("a", 0, 0, 0, 2), Manhole("b", 0, 0, 0, 2)),
            (Pipe("p", "a", "o", 9, 0.5), Pipe("q", "b", "o", 9, 0.5)),
            (Outfall("o", 0, 0, 0),),
        )
    with pytest.raises(ValueError, match="below the bottom"):
        Network(
            (Manhole("a", 0, 0, 1, 3),), (Pipe("p", "a", "o", 9, 0.5, start_invert_m=0.5),), (Outfall("o", 0, 0, 0),)
        )
    with pytest.raises(OutOfRange, match="millimetres"):
        Pipe("p", "a", "b", 10.0, 500.0)


def test_text_that_is_no_csv_is_told_by_its_line():
    with pytest.raises(SheetErrors) as told:
        Sheets(CHINESE.manholes, CHINESE.pipes + "x" * 140_000, CHINESE.outfalls).network()
    assert (told.value.faults[0].sheet, told.value.faults[0].row) == ("pipes", 4)
    assert Sheets(CHINESE.manholes.replace("\n", "\r\n"), CHINESE.pipes, CHINESE.outfalls).network()


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_no_text_breaks_the_reader(one, other):
    with pytest.raises(SheetErrors):
        Sheets(one, other, CHINESE.outfalls).network()


def test_reference_case_runs_and_finds_its_storm_at_the_outfall(tmp_path):
    place = Path(__file__).parents[1] / "reference"
    result = MODEL.run(case.read(MODEL, place / "street.json"))
    assert result.values["nodes"] == ("井1", "井2", "井3", "排1")
    assert 0.7 * 810 < result.values["drained_m3"] < 810  # 45 mm on 1.8 ha
    assert [each.code for each in result.remarks] == ["drainage.surface"]
    case.write(MODEL, result, tmp_path / "out.json")
    case.write(MODEL, result, tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text().startswith("time_s [s],lateral_m3_s [m3/s]")


def test_sewers_are_asked_of_one_thing_only():
    for wrong in ({}, {"sheets": CHINESE}, {"project": Project("[TITLE]\n"), "until_s": 600.0}):
        with pytest.raises(ValueError, match=r"one of|until_s|its own"):
            Sewers(**wrong)
