"""The words of a draft, made from facts. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from fengsui.catalog.hazards import Hazard, Text
from fengsui.catalog.hazards.contract import ENGLISH_LEVEL
from fengsui.kernel.levels import Level

BEIJING = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Spot:
    """A place by its two names."""

    zh: str
    en: str


def describe(hazard: Hazard, spot: Spot, level: Level, evidence: Mapping[str, Any] | None) -> Text:
    """What is seen or expected: from the newest reading or forecast; a plain sentence where only a person said so."""
    line = _line(hazard, level, evidence)
    if evidence and line is not None and evidence.get("value") is not None:
        at = datetime.fromisoformat(evidence["at"]).astimezone(BEIJING)
        facts = {"value": _cm(evidence["value"]), "line": _cm(line)}
        forms = hazard.describe_forecast if evidence["kind"] == "forecast" else hazard.describe
        lead = max(1, round(evidence.get("lead_s", 0) / 60))
        return Text(
            forms.zh.format(at=f"{at:%m月%d日%H时%M分}", place=spot.zh, level=level.zh, lead=lead, **facts),
            forms.en.format(
                at=f"{at:%H:%M} on {at:%d %B}", place=spot.en or spot.zh, level=_en(level), lead=lead, **facts
            ),
        )
    said = evidence.get("text", "") if evidence else ""
    return Text(
        f"{spot.zh}出现{hazard.term.zh}险情。{said}",
        f"{hazard.term.en.capitalize()} at {spot.en or spot.zh}. {said}".strip(),
    )


def instruct(hazard: Hazard, level: Level) -> Text:
    return hazard.steps[level].instruction


def area(hazard: Hazard, spot: Spot, area_zh: str, area_en: str) -> Text:
    return Text(
        f"{area_zh}{spot.zh}及周边低洼路段", f"{spot.en or spot.zh} and low roads around it, {area_en or area_zh}"
    )


def _line(hazard: Hazard, level: Level, evidence: Mapping[str, Any] | None) -> float | None:
    """The place's own line where the evidence carries it, else the hazard's default."""
    given = evidence.get("line") if evidence else None
    return given if given is not None else hazard.ladder.get(level)


def _cm(metres: float) -> str:
    return f"{metres * 100:.0f}"


def _en(level: Level) -> str:
    return ENGLISH_LEVEL[level].split(" ")[0].lower()
