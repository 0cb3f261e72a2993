"""Checks across sheets: codes that rows refer to, positions inside the boundary, parents, ladders that rise."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fengsui.config.district.forms import LADDER
from fengsui.config.district.sheets import Found, Row
from fengsui.config.district.weave import TARGETS
from fengsui.kernel import geo
from fengsui.kernel.district.reading import Files

Point = tuple[float, float]
SWAPPED_KM = 50.0


def look(found: Sequence[Found], files: Files, ring: Sequence[Point], placeholder: bool, code: str) -> None:
    """Adds what is wrong to each sheet's faults. `files`: the folder as it stands; `ring`: what will hold."""
    known = {form: _known(form, found, files) for form in TARGETS}
    patterns = {form: _made(form, files) for form in ("organisations", "posts")}
    middle = middle_of(found)
    for sheet in found:
        for row in sheet.rows:
            _references(sheet, row, known, patterns)
            if not placeholder:
                _inside(sheet, row, ring)
            elif middle:
                _astray(sheet, row, middle)
            _own(sheet, row, code)
        if sheet.form.code == "organisations":
            _circles(sheet)


def _known(form: str, found: Sequence[Found], files: Files) -> set[str]:
    """Codes of the sheet, if it is among these, and of the files otherwise; what people wrote stays beside a sheet."""
    file, key, _make = TARGETS[form]
    sheets = [sheet for sheet in found if sheet.form.code == form]
    if sheets:
        written = Files(files.home)
        codes = {str(row.values["code"]) for sheet in sheets for row in sheet.rows if row.values.get("code")}
        return codes | _codes(written, file, key, plain=True)
    return _codes(files, file, key, plain=False)


def _codes(files: Files, file: str, key: str, *, plain: bool) -> set[str]:
    """Codes in a file; `plain`: as people wrote it, without what was taken before."""
    source = files.written(file) if plain else (files.csv(file)[1] if not key else files.optional(file).get(key, []))
    rows = source if isinstance(source, list) else source.get(key, [])
    return {str(row.get("code")) for row in rows if isinstance(row, Mapping)}


def _made(form: str, files: Files) -> list[re.Pattern[str]]:
    """Codes that templates make for every street, community, team."""
    each = files.yaml(TARGETS[form][0]).get("each", [])
    return [re.compile(re.sub(r"\\{[a-z_]+\\}", ".+", re.escape(raw["code"]))) for raw in each]


def _references(
    sheet: Found, row: Row, known: Mapping[str, set[str]], patterns: Mapping[str, Iterable[re.Pattern[str]]]
) -> None:
    for field in sheet.form.fields:
        value = row.values.get(field.code)
        if not field.of or not value:
            continue
        for wanted in value if field.kind == "refs" else (value,):
            if wanted in known[field.of] or any(each.fullmatch(wanted) for each in patterns.get(field.of, ())):
                continue
            sheet.fault(
                row.number, field.code, f"没有代码为“{wanted}”的{_word(field.of)}；先在那张表里加上，或改这里",
                f"no {field.of} with the code {wanted!r}; add it to that sheet or change it here",
            )  # fmt: skip


def _word(form: str) -> str:
    from fengsui.config.district.forms import BY_CODE

    return BY_CODE[form].zh


def _inside(sheet: Found, row: Row, ring: Sequence[Point]) -> None:
    lon, lat = row.values.get("lon"), row.values.get("lat")
    if lon is None or lat is None or geo.inside((lon, lat), ring):
        return
    if geo.inside((lat, lon), ring):
        zh, en = "经度与纬度填反了；把两列对调", "longitude and latitude are swapped; exchange the two"
    else:
        away = min(geo.distance_m((lon, lat), corner) for corner in ring) / 1000
        zh = f"{lon:g}, {lat:g} 不在边界内，离最近的界点 {away:.1f} 公里；核对坐标，或先换边界"
        en = f"{lon:g}, {lat:g} lies outside the boundary, {away:.1f} km from its nearest corner; mend one"
    sheet.fault(row.number, "lon", zh, en)


def middle_of(found: Sequence[Found]) -> Point | None:
    """The middle of the positions in the sheets, where there are any; one far away does not move it."""
    spots = [(row.values.get("lon"), row.values.get("lat")) for sheet in found for row in sheet.rows]
    lons, lats = sorted(x for x, _ in spots if x is not None), sorted(y for _, y in spots if y is not None)
    return (lons[len(lons) // 2], lats[len(lats) // 2]) if lons and lats else None


def _astray(sheet: Found, row: Row, middle: Point) -> None:
    """Before there is a boundary, the other rows tell one whose two numbers are exchanged."""
    lon, lat = row.values.get("lon"), row.values.get("lat")
    if lon is None or lat is None or abs(lat) > 90 or abs(lon) > 90:
        return
    away, turned = geo.distance_m((lon, lat), middle) / 1000, geo.distance_m((lat, lon), middle) / 1000
    if turned < SWAPPED_KM < away:
        sheet.fault(
            row.number, "lon", "经度与纬度填反了；把两列对调", "longitude and latitude are swapped; exchange the two"
        )


def _own(sheet: Found, row: Row, code: str) -> None:
    """What one form asks of a row alone."""
    values: Mapping[str, Any] = row.values
    if sheet.form.code == "areas" and (found := values.get("code")) and not re.fullmatch(rf"{code}\d{{3}}", str(found)):
        sheet.fault(
            row.number, "code", f"“{found}”应是九位数字，前六位 {code}", f"{found!r}: nine digits, the first six {code}"
        )
    lines = [values[name] for name in LADDER if name in values and values[name] is not None]
    if lines and (len(lines) < len(LADDER) or lines != sorted(set(lines)) or lines[0] <= 0):
        sheet.fault(row.number, "watch", "五条线要填全，且由低到高", "give all five lines, each above the one before")
    if sheet.form.code == "stations" and not values.get("point") and not values.get("area"):
        sheet.fault(
            row.number, "point", "积水点代码、街道代码都空；填一个", "neither flooding place nor street; give one"
        )
    if sheet.form.code == "teams":
        for part in filter(None, str(values.get("equipment") or "").split("|")):
            if not re.fullmatch(r"\s*[a-z_]+(:\d+(\.\d+)?(:[1-9]\d*)?)?\s*", part):
                sheet.fault(row.number, "equipment", f"“{part}”写法不对；如 pump:400:2", f"{part!r}: write pump:400:2")
    if sheet.form.code == "depots":
        for part in filter(None, str(values.get("stock") or "").split("|")):
            if not re.fullmatch(r"[^:]+:[^:]+:\d+(:[^:]*)?", part.strip()):
                sheet.fault(
                    row.number,
                    "stock",
                    f"“{part}”写法不对；如 编织袋:条:12000:防汛抗旱",
                    f"{part!r}: name:unit:count:category",
                )


def _circles(sheet: Found) -> None:
    parent = {str(row.values.get("code")): str(row.values.get("parent") or "") for row in sheet.rows}
    for row in sheet.rows:
        seen, at = set[str](), str(row.values.get("code"))
        while parent.get(at):
            if at in seen:
                sheet.fault(
                    row.number, "parent", "上级关系成了圈；改正“上级”", "its parents lead back to it; mend the parent"
                )
                break
            seen.add(at)
            at = parent[at]
