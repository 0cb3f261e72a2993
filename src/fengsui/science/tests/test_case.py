"""A case in a file becomes inputs, or the file's writer is told which of them is wrong and why."""

import csv
import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from fengsui.kernel.errors import Invalid
from fengsui.kernel.terms import Term
from fengsui.science import case
from fengsui.science.contract import UNVERIFIED, Model, OutOfRange, Var, digest, within
from fengsui.science.models import PLACES, model


@dataclass(frozen=True)
class Part:
    depth: float

    def __post_init__(self):
        within("depth", self.depth, 0.0, 9.0, unit="m", why="a bucket is not deeper")


@dataclass(frozen=True)
class Inputs:
    values: npt.NDArray[np.float64]
    part: Part
    count: int = 1
    on: bool = False
    limit: float | None = None
    parts: tuple[Part, ...] = field(default=())


def double(inputs):
    return {"out": inputs.values * 2, "sum": float(np.nansum(inputs.values))}, ()


TOY = Model(
    "toy", "1", Term("toy", "玩具", "toy"), Inputs,
    (Var("out", "m", ("n",), "out", "twice"), Var("sum", "m", (), "out", "all")), double,
)  # fmt: skip


def put(folder, said):
    (folder / "case.json").write_text(json.dumps(said), "utf-8")
    return folder / "case.json"


def test_case_with_a_column_becomes_inputs_and_a_result_is_told(tmp_path):
    (tmp_path / "t.csv").write_text("at,depth\n0,1.5\n1,\n2,3\n", "utf-8")
    said = {"values": {"csv": "t.csv", "column": "depth"}, "part": {"depth": 1}, "parts": [{"depth": 2}], "limit": None}
    inputs = case.read(TOY, put(tmp_path, said))
    assert inputs.parts == (Part(2.0),)
    assert np.isnan(inputs.values[1])
    result = TOY.run(inputs)
    assert result.remarks == (UNVERIFIED,)
    case.write(TOY, result, tmp_path / "out.json")
    told = json.loads((tmp_path / "out.json").read_text("utf-8"))
    assert told["values"] == {"out": [3.0, None, 6.0], "sum": 4.5}
    assert told["provenance"]["inputs"] == digest(inputs)
    assert told["verified"] is False
    case.write(TOY, result, tmp_path / "out.csv")
    with open(tmp_path / "out.csv", encoding="utf-8") as lines:
        assert list(csv.reader(lines)) == [["out [m]"], ["3.0"], ["nan"], ["6.0"]]


@pytest.mark.parametrize(
    ("said", "code", "where"),
    [
        ([], "science.case.not_an_object", ""),
        ({"values": [1]}, "science.case.missing", "part"),
        ({"values": [1], "part": {"depth": 1}, "colour": 1}, "science.case.unknown_field", "colour"),
        ({"values": [1], "part": {"depth": 1, "x": 1}}, "science.case.unknown_field", "part.x"),
        ({"values": [1], "part": {"depth": "deep"}}, "science.case.wrong_kind", "part.depth"),
        ({"values": [1], "part": {"depth": True}}, "science.case.wrong_kind", "part.depth"),
        ({"values": [1], "part": {"depth": 1}, "count": 1.5}, "science.case.wrong_kind", "count"),
        ({"values": [1], "part": {"depth": 1}, "on": 1}, "science.case.wrong_kind", "on"),
        ({"values": "many", "part": {"depth": 1}}, "science.case.wrong_kind", "values"),
        ({"values": {"csv": "no.csv", "column": "x"}, "part": {"depth": 1}}, "science.case.unreadable", "values"),
        ({"values": {"csv": "no.csv"}, "part": {"depth": 1}}, "science.case.missing", "values.column"),
        ({"values": [1], "part": {"depth": 1}, "parts": [{}]}, "science.case.missing", "parts[0].depth"),
        ({"values": [1], "part": {"depth": 10}}, "science.out_of_range", "depth"),
    ],
)
def test_wrong_case_is_told_by_the_name_of_its_input(tmp_path, said, code, where):
    with pytest.raises(Invalid) as told:
        case.read(TOY, put(tmp_path, said))
    assert (told.value.code, told.value.field) == (code, where)


def test_file_that_is_no_case_and_ending_that_is_unknown_are_told(tmp_path):
    with pytest.raises(Invalid, match="unreadable"):
        case.read(TOY, tmp_path / "none.json")
    (tmp_path / "bad.json").write_text("{", "utf-8")
    with pytest.raises(Invalid, match="not_json"):
        case.read(TOY, tmp_path / "bad.json")
    result = TOY.run(Inputs(np.ones(2), Part(1.0)))
    with pytest.raises(Invalid, match="unknown_ending"):
        case.write(TOY, result, tmp_path / "out.docx")


def test_grid_beside_the_case_is_read_and_a_basin_keeps_its_water(tmp_path):
    place = Path(__file__).parents[1] / "inundation/reference"
    result = model("inundation").run(case.read(model("inundation"), place / "basin.json"))
    case.write(model("inundation"), result, tmp_path / "out.json")
    told = json.loads((tmp_path / "out.json").read_text())
    assert told["values"]["rain_m3"] == pytest.approx(720)
    assert told["values"]["sources_m3"] == pytest.approx(-36, abs=0.5)
    stored = np.array(told["values"]["depth_m"])
    assert stored.sum() * 100 == pytest.approx(720 + told["values"]["sources_m3"])
    assert stored[6, 12] == pytest.approx(max(map(max, stored)), abs=0.02)
    assert told["provenance"]["parameters"]["ground"]["bed_m"] == "float64 [12, 20]"


def test_values_that_do_not_go_together_are_told_in_the_cases_words(tmp_path):
    place = Path(__file__).parents[1] / "inundation/reference"
    said = json.loads((place / "basin.json").read_text())
    (tmp_path / "basin.asc").write_text((place / "basin.asc").read_text())
    for name, value, words in (
        ("points", [[12, 0]], "outside of the grid"),
        ("edges", [{"side": "up", "kind": "level", "series": {"time_s": [0], "values": [1]}}], "wrong_kind"),
        ("sources", [{"row": 0, "column": 0, "series": {"time_s": [1, 0], "values": [1, 1]}}], "series rise"),
    ):
        (tmp_path / "case.json").write_text(json.dumps(said | {name: value}))
        with pytest.raises(Invalid) as told:
            case.read(model("inundation"), tmp_path / "case.json")
        assert words in f"{told.value.code} {told.value.facts}"


def test_refusal_says_what_and_why():
    with pytest.raises(OutOfRange) as refused:
        Part(12.0)
    assert str(refused.value) == "depth = 12 m: wanted >= 0 and <= 9; a bucket is not deeper"


@pytest.mark.parametrize("code", PLACES)
def test_every_model_is_declared_whole(code):
    each = model(code)
    assert each.code == code
    assert each.papers
    assert {var.intent for var in each.variables} == {"out"}
    assert all(var.doc for var in each.variables)
