"""The models that can be asked by name. Imported when asked: some bring compiled code along."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from fengsui.science.contract import Model

PLACES = {
    "design-storm": "fengsui.science.rain.storm",
    "drainage": "fengsui.science.drainage.sewers",
    "drainage-flood": "fengsui.science.drainage.drained",
    "hand": "fengsui.science.rivers.hand",
    "inundation": "fengsui.science.inundation.flood",
    "level-forecast": "fengsui.science.rivers.asked",
    "rain-runoff": "fengsui.science.rivers.runoff",
    "river-rating": "fengsui.science.rivers.rating",
    "river-reach": "fengsui.science.rivers.reach",
    "scenario-library": "fengsui.science.scenarios.asked",
    "series-checks": "fengsui.science.series.checked",
}


def model(code: str) -> Model[Any]:
    """Raises KeyError for a name that is none."""
    found: Model[Any] = import_module(PLACES[code]).MODEL
    return found
