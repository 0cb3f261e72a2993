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


def describe(
    hazard: Hazard, spot: Spot, level: Level, evidence: Mapping[str, Any] | None, line: float | None = None
) -> Text:
    """What is seen or expected, from the newest reading or forecast; a plain sentence where only a person said so.

    line: the place's own line of the level. A reading below it is never said to have reached it: then a rate of rise
    or a person's judgement decided, and the text says that.
    """
    if not evidence or evidence.get("value") is None:
        said = evidence.get("text", "") if evidence else ""
        return Text(
            f"{spot.zh}出现{hazard.term.zh}险情。{said}",
            f"{hazard.term.en.capitalize()} at {spot.en or spot.zh}. {said}".strip(),
        )
    given = evidence.get("line")
    line = given if given is not None else line if line is not None else hazard.ladder.get(level)
    at = datetime.fromisoformat(evidence["at"]).astimezone(BEIJING)
    say = hazard.figures.say
    facts = {"value": say(evidence["value"]), "line": "" if line is None else say(line)}
    zh = {"at": f"{at:%m月%d日%H时%M分}", "place": spot.zh, "level": level.zh, **facts}
    en = {"at": f"{at:%H:%M} on {at:%d %B}", "place": spot.en or spot.zh, "level": _en(level), **facts}
    if evidence["kind"] == "forecast" and line is not None:
        lead = max(1, round(evidence.get("lead_s", 0) / 60))
        said = hazard.describe_forecast
        return Text(said.zh.format(**zh, lead=lead), said.en.format(**en, lead=lead))
    if line is not None and evidence["value"] >= line:
        return Text(hazard.describe.zh.format(**zh), hazard.describe.en.format(**en))
    rate, unit = evidence.get("rate_per_hour") or 0.0, hazard.figures.unit
    rise = hazard.figures.rise.fill(rate=say(rate)) if rate > 0 else Text("", "")
    quantity, quantity_en = hazard.quantity.zh, hazard.quantity.en
    return Text(
        f"{zh['at']}，{spot.zh}实测{quantity}{zh['value']}{unit.zh}{rise.zh}，经研判发布{level.zh}预警。",
        f"At {en['at']} the measured {quantity_en} at {en['place']} was {en['value']} {unit.en}{rise.en}; "
        f"after assessment a {en['level']} warning is given.",
    )


def instruct(hazard: Hazard, level: Level) -> Text:
    return hazard.steps[level].instruction


def area(hazard: Hazard, spot: Spot, area_zh: str, area_en: str) -> Text:
    around = Text(hazard.around.zh.format(place=spot.zh), hazard.around.en.format(place=spot.en or spot.zh))
    return Text(f"{area_zh}{around.zh}", f"{around.en}, {area_en or area_zh}")


def _en(level: Level) -> str:
    return ENGLISH_LEVEL[level].split(" ")[0].lower()
