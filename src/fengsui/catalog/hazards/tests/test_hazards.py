"""Every hazard entry: complete, CAP-valid, and saying what its samples say."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from fengsui.catalog.hazards import Hazard, hazard, hazards, of_sensor
from fengsui.catalog.hazards.contract import CAP_CATEGORIES, CAP_CERTAINTIES, CAP_RESPONSES, CAP_URGENCIES
from fengsui.catalog.sensors import kinds
from fengsui.kernel.errors import NotFound
from fengsui.kernel.levels import Level

HOME = Path(__file__).parent.parent
COLOURS = (Level.BLUE, Level.YELLOW, Level.ORANGE, Level.RED)
each_hazard = pytest.mark.parametrize("entry", hazards().values(), ids=list(hazards()))


@each_hazard
def test_entry_is_complete_when_found(entry: Hazard) -> None:
    assert entry.term.zh
    assert entry.term.en
    assert len(entry.event_code) == 5
    assert entry.category in CAP_CATEGORIES
    assert tuple(entry.steps) == COLOURS
    for level, step in entry.steps.items():
        assert step.level is level
        assert step.urgency in CAP_URGENCIES
        assert step.responses
        assert set(step.responses) <= CAP_RESPONSES
        assert step.instruction.zh.endswith("。")
        assert step.instruction.en.endswith(".")
    assert {entry.certainty(trigger) for trigger in ("observed", "forecast", "report", "?")} <= CAP_CERTAINTIES
    assert (HOME / entry.code / "README.md").stat().st_size > 200


@each_hazard
def test_ladder_rises_when_there_is_one(entry: Hazard) -> None:
    lines = list(entry.ladder.values())
    assert tuple(entry.ladder) in (COLOURS, ())
    assert lines == sorted(lines)
    assert set(entry.ladder_basis) == set(entry.ladder)


@each_hazard
def test_sensors_measure_the_quantity_in_the_unit_when_named(entry: Hazard) -> None:
    for code in entry.sensors:
        assert kinds()[code].unit == entry.unit
        assert of_sensor(code) is entry


@each_hazard
def test_words_equal_the_sample_when_filled(entry: Hazard) -> None:
    facts = {"at": "2026-07-28 02:47", "place": "示意点", "value": "27", "line": "25", "lead": 20}
    facts |= {"value_m": "27", "line_m": "25"}
    samples = yaml.safe_load((HOME / entry.code / "samples" / "texts.yaml").read_text(encoding="utf-8"))
    for code, want in samples.items():
        level = Level.of(code)
        headline = entry.headline("测试应急局", "Test Bureau", level)
        assert [headline.zh, headline.en] == want["headline"]
        said = [entry.describe.fill(**facts, level=level.zh).zh, entry.describe.fill(**facts, level=level.code).en]
        assert said == want["description"]
        assert entry.steps[level].urgency == want["urgency"]
        assert len(entry.measures(level)) == want["measures"]
    for text in (entry.describe_forecast, entry.all_clear):
        assert "{" not in text.fill(**facts, level="x").zh + text.fill(**facts, level="x").en


def test_event_codes_are_unique() -> None:
    codes = [entry.event_code for entry in hazards().values()]
    assert len(set(codes)) == len(codes)


def test_hazard_is_refused_when_unknown() -> None:
    with pytest.raises(NotFound, match=r"hazard\.unknown"):
        hazard("wishes")
    assert of_sensor("rain_gauge") is None
