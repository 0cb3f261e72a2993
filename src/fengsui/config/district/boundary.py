"""A boundary from GeoJSON or a sheet of corners: one ring in WGS 84, or what is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.gis.geos import GEOSException, MultiPolygon, Polygon

from fengsui.config.district.faults import Fault
from fengsui.core.ledger.cells import BadCell, degrees_of, in_china
from fengsui.core.ledger.sheet import LAT, LON, bare, open_file
from fengsui.kernel import geo
from fengsui.kernel.errors import Invalid

MOST_BYTES = 30_000_000
MOST_CORNERS = 1_500
"""What stays after simplifying: streets' shares are cut from the ring one by one, and pages draw it."""
PLAUSIBLE_KM2 = (0.2, 100_000.0)
NEAR_DEG = 1.0
WGS84 = ("CRS84", "EPSG::4326", "EPSG:4326", "WGS84", "WGS 84")
GCJ = ("GCJ", "火星", "高德")

Ring = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Boundary:
    """`told`: what was done to it, (Chinese, English), e.g. which parts were left out."""

    ring: Ring
    area_km2: float
    centre: tuple[float, float]
    told: tuple[tuple[str, str], ...]


class _Bad(Exception):
    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh, self.en = zh, en


def read(name: str, body: bytes, near: tuple[float, float] | None = None) -> tuple[Boundary | None, list[Fault]]:
    """`near`: a position known to lie in the district; tells a boundary whose two numbers are exchanged."""
    try:
        if len(body) > MOST_BYTES:
            most = MOST_BYTES // 1_000_000
            raise _Bad(f"超过 {most} 兆；先简化边界再交", f"over {most} MB; simplify the boundary first")
        shape, gcj = _from_json(body) if is_json(name, body) else _from_sheet(body, name)
        return _checked(shape, near, gcj), []
    except _Bad as bad:
        return None, [Fault(name, 0, "", bad.zh, bad.en)]
    except Invalid as refused:
        from fengsui.config.district.sheets import refused_file

        return None, [refused_file(name, refused)]


def is_json(name: str, body: bytes) -> bool:
    return name.lower().endswith((".geojson", ".json")) or body[:64].lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{")


def _from_json(body: bytes) -> tuple[MultiPolygon, bool]:
    try:
        content = json.loads(body.decode("utf-8-sig"))
    except (UnicodeDecodeError, ValueError, RecursionError) as broken:
        raise _Bad(
            f"不是合格的 GeoJSON（{str(broken)[:80]}）；用制图软件另存为 UTF-8 的 GeoJSON",
            f"no GeoJSON: {str(broken)[:80]}",
        ) from None
    if not isinstance(content, dict):
        raise _Bad("不是 GeoJSON 对象；应以 { 开头", "no GeoJSON object")
    gcj = _crs(content)
    polygons = [each for geometry in _geometries(content) for each in _polygons(geometry)]
    if not polygons:
        raise _Bad(
            "里面没有面；边界应是 Polygon 或 MultiPolygon", "no polygon in it; a boundary is a Polygon or MultiPolygon"
        )
    for each in polygons:
        if not each.valid:
            raise _Bad(
                f"面自相交或不合格（{each.valid_reason}）；在制图软件里“修复几何”后再交",
                f"the polygon crosses itself or is invalid ({each.valid_reason}); repair the geometry",
            )
    whole = MultiPolygon(*polygons).unary_union
    return (whole if isinstance(whole, MultiPolygon) else MultiPolygon(whole)), gcj


def _crs(content: dict[str, Any]) -> bool:
    """Whether it says GCJ-02. Raises where it says a system that is neither this nor WGS 84."""
    said = json.dumps(content.get("crs"), ensure_ascii=False) if content.get("crs") else ""
    if not said or any(each.lower() in said.lower() for each in WGS84):
        return False
    if any(each in said.upper() for each in GCJ):
        return True
    raise _Bad(
        f"坐标系不是 WGS 84（{said[:100]}）；转成 EPSG:4326 再交",
        f"not in WGS 84 ({said[:100]}); convert it to EPSG:4326",
    )


def _geometries(content: dict[str, Any]) -> Iterator[dict[str, Any]]:
    kind = content.get("type")
    if kind == "FeatureCollection":
        for each in content.get("features") or []:
            if isinstance(each, dict) and isinstance(each.get("geometry"), dict):
                yield each["geometry"]
    elif kind == "Feature" and isinstance(content.get("geometry"), dict):
        yield content["geometry"]
    elif kind in ("Polygon", "MultiPolygon"):
        yield content
    else:
        raise _Bad(f"type 是 {kind!r}；应是 FeatureCollection、Feature 或 Polygon", f"its type is {kind!r}")


def _polygons(geometry: dict[str, Any]) -> list[Polygon]:
    if geometry.get("type") not in ("Polygon", "MultiPolygon"):
        return []
    parts = [geometry.get("coordinates")] if geometry["type"] == "Polygon" else geometry.get("coordinates") or []
    made = []
    for rings in parts:
        try:
            flat = [[_position(each) for each in ring] for ring in rings]  # type: ignore[union-attr]  # a wrong shape raises
            made.append(Polygon(*[[*ring, ring[0]] if ring[0] != ring[-1] else ring for ring in flat]))
        except (TypeError, ValueError, IndexError, GEOSException):
            raise _Bad(
                "坐标写法不对；每点是 [经度, 纬度]，每圈至少四点", "bad coordinates; [lon, lat], at least four a ring"
            ) from None
    return made


def _position(pair: Any) -> tuple[float, float]:
    lon, lat = float(pair[0]), float(pair[1])
    if abs(lon) > 180 or abs(lat) > 180:
        raise _Bad(
            f"坐标 {lon:g}, {lat:g} 不是度，像是投影后的米；转成 WGS 84（EPSG:4326）再交",
            f"{lon:g}, {lat:g} are no degrees but projected metres; convert to WGS 84 (EPSG:4326)",
        )
    if abs(lat) > 90:
        raise _Bad(
            f"纬度 {lat:g} 超出 90；经度与纬度填反了，GeoJSON 是 [经度, 纬度]",
            f"latitude {lat:g} is beyond 90: longitude and latitude are swapped; GeoJSON is [lon, lat]",
        )
    return lon, lat


def _from_sheet(body: bytes, name: str) -> tuple[MultiPolygon, bool]:
    """Corners in order, one a row."""
    for _title, rows in open_file(body, name):
        for at, head in enumerate(rows[:10]):
            plain = {bare(cell): index for index, cell in enumerate(head) if cell not in ("", None)}
            lon = next((plain[each] for each in LON if each in plain), None)
            lat = next((plain[each] for each in LAT if each in plain), None)
            if lon is not None and lat is not None:
                gcj = any(mark in str(cell).upper() for cell in head for mark in GCJ)
                return _corners(rows[at + 1 :], at + 2, lon, lat), gcj
    raise _Bad(
        "没有“经度”“纬度”两列；每行一个界点，按顺序", "no columns of longitude and latitude; one corner a row, in order"
    )


def _corners(rows: list[list[Any]], first: int, lon: int, lat: int) -> MultiPolygon:
    ring = []
    for number, row in enumerate(rows, first):
        if not any(cell not in ("", None) for cell in row):
            continue
        try:
            x, y = degrees_of(row[lon], "lon", china=False), degrees_of(row[lat], "lat", china=False)
        except (BadCell, IndexError):
            x = y = None
        if x is None or y is None:
            raise _Bad(f"第 {number} 行的经纬度读不出；填十进制度", f"row {number}: no position; give decimal degrees")
        ring.append((x, y))
    if len(ring) < 3:
        raise _Bad(f"只有 {len(ring)} 个界点；至少三个", f"only {len(ring)} corners; at least three")
    polygon = Polygon([*ring, ring[0]] if ring[0] != ring[-1] else ring)
    if not polygon.valid:
        raise _Bad(
            f"界线自相交（{polygon.valid_reason}）；按顺序排好界点", f"it crosses itself ({polygon.valid_reason})"
        )
    return MultiPolygon(polygon)


def _checked(shape: MultiPolygon, near: tuple[float, float] | None, gcj: bool) -> Boundary:
    parts = sorted((each for each in shape if isinstance(each, Polygon)), key=lambda each: each.area, reverse=True)
    main, told = parts[0], list[tuple[str, str]]()
    holes = len(main.coords) - 1
    if len(parts) > 1:
        share = 100 * (1 - main.area / shape.area)
        told.append(
            (
                f"有 {len(parts)} 块，只取最大的一块，略去面积的 {share:.1f}%",
                f"{len(parts)} parts: the largest is taken, {share:.1f} % of the area left out",
            )
        )
    if holes:
        told.append((f"内有 {holes} 个洞，不计", f"{holes} holes are ignored"))
    ring = [(x, y) for x, y, *_z in main.coords[0]]
    corners, tolerance = len(ring), 1e-5
    while len(ring) > MOST_CORNERS:
        simple = Polygon(main.coords[0]).simplify(tolerance, preserve_topology=True)
        assert isinstance(simple, Polygon)  # topology is preserved
        ring, tolerance = [(x, y) for x, y, *_z in simple.coords[0]], tolerance * 2
    if len(ring) != corners:
        metres = tolerance / 2 * 111_320
        told.append(
            (
                f"界点 {corners} 个简化为 {len(ring)} 个（偏差不超过约 {metres:.0f} 米）",
                f"{corners} corners simplified to {len(ring)} (within some {metres:.0f} m)",
            )
        )
    if gcj:
        ring = [geo.wgs84_from_gcj02(each) for each in ring]
        told.append(("文件写明 GCJ-02，已换算到 WGS 84", "the file says GCJ-02: converted to WGS 84"))
    ring = [(round(x, 6), round(y, 6)) for x, y in ring]
    area = geo.area_km2(ring)
    low, high = PLAUSIBLE_KM2
    if not low <= area <= high:
        raise _Bad(
            f"面积 {area:,.2f} 平方公里，不像一个区；核对坐标",
            f"{area:,.2f} km2 is no district's area; check the coordinates",
        )
    centre = geo.centroid(ring)
    _not_swapped(centre, ring, near)
    if not geo.inside(centre, ring):
        inner = Polygon([*ring, ring[0]] if ring[0] != ring[-1] else ring).point_on_surface
        centre = (inner.x, inner.y)
    return Boundary(tuple(ring), round(area, 2), (round(centre[0], 6), round(centre[1], 6)), tuple(told))


def _apart(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Degrees, as the crow never flies: enough to tell here from there."""
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def _not_swapped(
    centre: tuple[float, float], ring: list[tuple[float, float]], near: tuple[float, float] | None
) -> None:
    lon, lat = centre
    if near is None:
        swapped = in_china(lat, lon) and not in_china(lon, lat)
    else:
        swapped = _apart((lat, lon), near) < NEAR_DEG < _apart((lon, lat), near)
    if swapped:
        raise _Bad(
            f"中心落在 {lon:.2f}, {lat:.2f}；经度与纬度填反了，GeoJSON 是 [经度, 纬度]",
            f"its centre is {lon:.2f}, {lat:.2f}: longitude and latitude are swapped; GeoJSON is [lon, lat]",
        )
    if near and geo.distance_m(centre, near) > 300_000 and not geo.inside(near, ring):
        away = geo.distance_m(centre, near) / 1000
        raise _Bad(
            f"离本区的点位约 {away:.0f} 公里；核对是不是这个区的边界",
            f"some {away:.0f} km from the district's places: another one's?",
        )
