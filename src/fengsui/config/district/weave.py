"""Rows of the sheets into the objects of the district's files, as the loader reads them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import yaml

from fengsui.config.district.boundary import Boundary
from fengsui.config.district.forms import LADDER
from fengsui.config.district.sheets import Row
from fengsui.kernel import geo

Values = Mapping[str, Any]
Content = dict[str, Any]
CLOSED_M = 120.0
"""How far before and behind a point its road is closed, as no sheet says it: derived from the bearing."""
AREA_COLUMNS = (
    "code", "scheme", "name", "name_en", "kind", "jurisdiction", "lon", "lat", "communities", "population",
    "provenance", "source", "note",
)  # fmt: skip
TEAM_COLUMNS = (
    "code", "name", "type", "level", "org", "jurisdiction", "area", "lon", "lat", "people", "assembly_min", "skills",
    "equipment", "provenance", "source",
)  # fmt: skip
HEAD = "# Written by `./fengsui district take`: edit the sheet and take it again. Edits here are told first.\n"


def _said(values: Values, *names: str) -> Content:
    """The named values that are there, with nature and source."""
    found = {name: values[name] for name in names if values.get(name) not in (None, "", ())}
    return {**found, **{name: values[name] for name in ("provenance", "source") if values.get(name)}}


def organisation(values: Values, code: str) -> Content:
    whole = values["kind"] in ("government", "headquarters")
    found = _said(values, "code", "name", "name_en", "kind", "parent")
    return found if whole else {**found, "jurisdiction": values["jurisdiction"]}


def post(values: Values, code: str) -> Content:
    return {
        "area": code,
        **_said(values, "code", "title", "title_en", "org", "role", "area"),
        "holders": values["holders"],
    }


def person(values: Values, code: str) -> Content:
    return {**_said(values, "code", "name", "phone", "email"), "posts": list(values["posts"])}


def point(values: Values, code: str) -> Content:
    lon, lat, area = values["lon"], values["lat"], values["area"]
    ends = [geo.move((lon, lat), *_along(values["bearing"], way * CLOSED_M)) for way in (-1, 1)]
    line = [[round(x, 6), round(y, 6)] for x, y in ends]
    barriers = [{"name": f"封控点{n}", "lon": x, "lat": y} for n, (x, y) in enumerate(line, 1)]
    lines = {name: values[name] for name in LADDER if values.get(name) is not None}
    named = _said(values, "code", "name", "area", "jurisdiction", "lon", "lat", "station")
    return {
        **named,
        "name_en": values.get("name_en") or values["code"],
        "kind": values["form"],
        "bearing_deg": values["bearing"],
        "catchment_ha": 0,
        "installed_pump_m3h": 0,
        **({"ladder_m": lines, "ladder_note": values.get("basis") or "依据待填"} if lines else {}),
        "closure": {
            "line": line, "barriers": barriers, "manned_by": values["manned_by"],
            "detour": values["detour"], "detour_en": values["detour_en"],
        },
        "policy": {"pump_m3h": values["pump_m3h"], "people": values["people"], "measures": ["按阈值巡查、布泵、封路"]},
        "posts": {
            "street": f"street-{area}-duty", "community": f"community-{area}901-officer",
            "traffic": values["manned_by"], "drainage": "drainage-liaison",
        },
    }  # fmt: skip


def _along(bearing: float, metres: float) -> tuple[float, float]:
    from math import cos, radians, sin

    return metres * sin(radians(bearing)), metres * cos(radians(bearing))


def station(values: Values, code: str) -> Content:
    lines = {name: values[name] for name in LADDER if values.get(name) is not None}
    named = _said(values, "code", "name", "sensor", "point", "lon", "lat", "owner")
    if not values.get("point") and values.get("area"):
        named["area"] = values["area"]
    device = values.get("device") or f"dev-{str(values['code']).lower()}"
    more: Content = {"ladder": lines} if lines else {}
    return {**named, "datum_m": values["datum_m"], "period_s": values["period_s"], "device": device, **more}


def depot(values: Values, code: str) -> Content:
    stock = []
    for number, each in enumerate(filter(None, str(values.get("stock") or "").split("|")), 1):
        name, unit, count, category = [*(part.strip() for part in each.split(":")), "", "", "", ""][:4]
        amount = int(count) if count.isdigit() else 0
        stock.append(
            {
                "item": f"item_{number}",
                "name": name,
                "unit": unit or "件",
                "count": amount,
                "category": category or "其他",
            }
        )
    named = _said(values, "code", "name", "jurisdiction", "area", "lon", "lat", "keeper")
    return {**named, "name_en": values.get("name_en") or values["code"], "floor_m2": values["floor_m2"], "stock": stock}


def shelter(values: Values, code: str) -> Content:
    from fengsui.config.district.forms import BY_CODE

    words = BY_CODE["shelters"].field("kind").choices or {}
    return {
        **_said(
            values, "code", "name", "kind", "jurisdiction", "area", "lon", "lat", "area_m2", "capacity", "open_days"
        ),
        "name_en": values.get("name_en") or values["code"],
        "kind_name": words[values["kind"]][0],
        "m2_per_person": round(values["area_m2"] / values["capacity"], 2),
    }


def outlet(values: Values, code: str) -> Content:
    named = _said(values, "code", "kind", "name", "audience", "min_level", "topic", "env")
    lists = {name: list(values[name]) for name in ("areas", "to") if values.get(name)}
    return {**named, **lists, "name_en": values.get("name_en") or values["code"], "people": values["people"]}


def area_row(values: Values, code: str) -> Content:
    fixed = {"scheme": "LOCAL" if code.startswith("99") else "NBS", "kind": "subdistrict", "note": ""}
    return {name: values.get(name, fixed.get(name, "")) or fixed.get(name, "") for name in AREA_COLUMNS} | {
        name: values[name] for name in ("communities", "population")
    }


def team_row(values: Values, code: str) -> Content:
    row = {name: values.get(name) or "" for name in TEAM_COLUMNS}
    return {**row, "skills": "|".join(values.get("skills") or ()), "equipment": str(values.get("equipment") or "")}


TARGETS: dict[str, tuple[str, str, Callable[[Values, str], Content]]] = {
    "organisations": ("organisations.yaml", "organisations", organisation),
    "posts": ("posts.yaml", "posts", post),
    "people": ("people.yaml", "people", person),
    "areas": ("areas.csv", "", area_row),
    "places": ("waterlogging.yaml", "points", point),
    "stations": ("facilities.yaml", "stations", station),
    "teams": ("teams.csv", "", team_row),
    "depots": ("facilities.yaml", "depots", depot),
    "shelters": ("facilities.yaml", "listed_shelters", shelter),
    "outlets": ("outlets.yaml", "outlets", outlet),
}
"""Form -> file below taken/, key in it ('' for a table), how a row becomes an object."""


def objects(form: str, rows: Sequence[Row], code: str) -> list[Content]:
    make = TARGETS[form][2]
    return [make(row.values, code) for row in rows]


def outline(boundary: Boundary, source: str) -> Content:
    """What a boundary says in district.yaml."""
    lon, lat = boundary.centre
    return {
        "outline": {
            "provenance": "document",
            "source": source,
            "label": "边界",
            "ring": [list(each) for each in boundary.ring],
        },
        "centre": {"lon": lon, "lat": lat, "provenance": "derived", "source": source},
        "area_km2": {"value": boundary.area_km2, "provenance": "derived", "source": source},
    }


def yaml_text(content: Content) -> str:
    """One object a line, so that two versions can be compared by eye."""
    out = [HEAD]
    for key, value in content.items():
        if isinstance(value, list):
            out.append(f"{key}:{'' if value else ' []'}\n")
            out += [f"  - {_flow(each)}\n" for each in value]
        else:
            out.append(f"{key}: {_flow(value)}\n")
    return "".join(out)


def _flow(value: Any) -> str:
    text = yaml.safe_dump(value, allow_unicode=True, sort_keys=False, default_flow_style=True, width=10**9)
    return text.removesuffix("...\n").strip()


def csv_text(columns: Sequence[str], rows: Sequence[Content]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return HEAD + out.getvalue()
