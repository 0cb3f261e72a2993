"""What a flood run asks the engine: the square, its rain, what is known of the ground, whom it should speak of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from django.contrib.gis.geos import Polygon

from fengsui.apps.forecasts import breaches, rules
from fengsui.apps.places.models import Place, WaterloggingPoint
from fengsui.core.ports import PortAbsent, port
from fengsui.kernel import geo
from fengsui.kernel.errors import Invalid
from fengsui.kernel.ports.floods import Hollow, MadeUpSewers, Pump, Question, Spot, Street
from fengsui.science.rain.formula import Formula
from fengsui.science.rain.storm import DesignStorm, chicago

MOST_SPOTS, MOST_STREETS = 200, 1500
SMALLEST_RANK = 4
"""Of roads: residential streets and larger ones."""


def formulas() -> dict[str, Formula]:
    """By name: the district's candidates; the first is the one in use."""
    given: Any = port("district").hydrology.get("storm_formula", {})
    found = {}
    for key in ("active", "other"):
        if (it := given.get(key)) is not None:
            name = f"A={it['A']:g}"
            found[name] = Formula(name, float(it["A"]), float(it["C"]), float(it["b"]), float(it["n"]), basis="U")
    return found


def rain_of(rain: Mapping[str, Any]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Edges in seconds, depth of each interval in metres. Raises OutOfRange by the name of the input, Invalid for a
    formula that the district no longer has."""
    if rain["kind"] == "live":
        mm = np.array(rain["mm"], np.float64)
        edges = np.arange(len(mm) + 1) * rules.STEP_MIN * 60.0
        return tuple(edges.tolist()), tuple((mm / 1000.0).tolist())
    minutes = float(rain["duration_min"])
    edges = np.arange(0.0, minutes + 1e-9, rules.STEP_MIN) * 60.0
    if rain["kind"] == "steady":
        depth = np.full(len(edges) - 1, float(rain["mm_h"]) / 1000.0 * rules.STEP_MIN / 60.0)
    else:
        known = formulas()
        if rain["formula_name"] not in known:
            raise Invalid("forecasts.flood.formula", field="formula_name", known="、".join(known))
        storm = DesignStorm(
            known[rain["formula_name"]],
            float(rain["return_period_a"]),
            minutes,
            rules.STEP_MIN,
            float(rain["peak"]),
        )
        depth = chicago(storm) / 1000.0
    return tuple(edges.tolist()), tuple(depth.tolist())


def question(asked: Mapping[str, Any]) -> Question:
    """Places and streets as they are now. Raises OutOfRange."""
    middle = float(asked["lon"]), float(asked["lat"])
    edges, depth = rain_of(asked["rain"])
    box = box_of(asked)
    running = float(asked["pumps"])  # runs of old have a yes or no
    inside = Polygon.from_bbox(box)
    points = WaterloggingPoint.objects.filter(place__location__within=inside, place__retired_at=None)
    points = points.select_related("place").order_by("place__code")
    spots = Place.objects.filter(location__within=inside, retired_at=None).order_by("-kind", "code")[:MOST_SPOTS]
    return Question(
        middle=middle,
        width_m=float(asked["width_m"]),
        cell_m=float(asked["cell_m"]),
        until_s=edges[-1] + rules.FLOOD_AFTER_S,
        rain_s=edges,
        rain_m=depth,
        drained_m_s=float(asked["drained_mm_h"]) / 3.6e6,
        sewers=_sewers(asked),
        frame_s=rules.PICTURE_S,
        hollows=tuple(
            Hollow(_at(each.place), radius, deep)
            for each in points
            for radius, deep in rules.hollows_of(each.form, each.catchment_ha)
        ),
        pumps=tuple(
            Pump(_at(each.place), running * each.installed_pump_m3h / 3600.0)
            for each in points
            if running > 0 and each.installed_pump_m3h > 0
        ),
        gates=asked.get("gates", "open"),
        standing_m=float(asked.get("standing_m", 0)),
        breach=breaches.breach_of(asked),
        spots=tuple(Spot(str(each.pk), _at(each)) for each in spots),
        streets=streets(box),
    )


def _sewers(asked: Mapping[str, Any]) -> MadeUpSewers | None:
    """By the formula of the storm, or the district's own where the rain is steady."""
    years = float(asked.get("sewers_a") or 0)
    if not years:
        return None
    known = formulas()
    it = known.get(asked["rain"].get("formula_name", ""), next(iter(known.values())))
    return MadeUpSewers(it.name, it.a, it.c, it.b, it.n, years)


def box_of(asked: Mapping[str, Any]) -> tuple[float, float, float, float]:
    """West, south, east, north of the square."""
    middle, half = (float(asked["lon"]), float(asked["lat"])), float(asked["width_m"]) / 2
    return *geo.move(middle, -half, -half), *geo.move(middle, half, half)


def streets(box: tuple[float, float, float, float]) -> tuple[Street, ...]:
    """None where no base map is loaded: then no street is cut, and the result names none."""
    try:
        found = port("basemap").roads_within(box, SMALLEST_RANK, MOST_STREETS)
    except PortAbsent:
        return ()
    return tuple(Street(name, line) for name, line in found)


def _at(place: Place) -> tuple[float, float]:
    return place.location.x, place.location.y
