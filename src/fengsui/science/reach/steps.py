"""Sentences for a driver from legs, in Chinese and English; no library of ours speaks Chinese directions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from fengsui.kernel.ports.roads import TURNS, Leg

_COMPASS_ZH = ("北", "东北", "东", "东南", "南", "西南", "西", "西北")
_COMPASS_EN = ("north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west")


def metres_text(metres: float, language: Literal["zh", "en"] = "zh") -> str:
    """30 m steps of ten below a kilometre, then one decimal."""
    if metres < 995:
        rounded = max(10, round(metres / 10) * 10)
        return f"{rounded} 米" if language == "zh" else f"{rounded} m"
    return f"{metres / 1000:.1f} 公里" if language == "zh" else f"{metres / 1000:.1f} km"


def turn_between(before_deg: float, after_deg: float) -> str:
    """The code of TURNS for a change of bearing."""
    angle = (after_deg - before_deg + 180) % 360 - 180
    for limit, code in ((20, "straight"), (45, "slight"), (120, ""), (165, "sharp")):
        if abs(angle) <= limit:
            if code == "straight":
                return code
            side = "right" if angle > 0 else "left"
            return f"{code}_{side}" if code else side
    return "u_turn"


def steps(legs: Sequence[Leg], language: Literal["zh", "en"] = "zh") -> tuple[str, ...]:
    """One sentence per leg."""
    return tuple(_zh(leg) if language == "zh" else _en(leg) for leg in legs)


def _zh(leg: Leg) -> str:
    street = leg.street or "无名道路"
    if leg.turn == "arrive":
        return "到达目的地"
    if leg.turn == "start":
        return f"从{street}向{_COMPASS_ZH[round(leg.bearing_deg / 45) % 8]}出发，行驶 {metres_text(leg.metres)}"
    joint = "沿" if leg.turn == "straight" else "进入"
    return f"{TURNS.zh(leg.turn)}{joint}{street}，行驶 {metres_text(leg.metres)}"


def _en(leg: Leg) -> str:
    street = leg.street or "unnamed road"
    length = metres_text(leg.metres, "en")
    if leg.turn == "arrive":
        return "Arrive at the destination"
    if leg.turn == "start":
        return f"Start {_COMPASS_EN[round(leg.bearing_deg / 45) % 8]} on {street} for {length}"
    joint = "on" if leg.turn == "straight" else "onto"
    return f"{TURNS[leg.turn].en} {joint} {street} for {length}"
