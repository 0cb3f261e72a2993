"""An OpenStreetMap extract for a district: is it one, are the district's places on its roads; then kept beside it."""

from __future__ import annotations

import filecmp
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from fengsui.config.district.faults import Fault
from fengsui.config.ops.console import Problem
from fengsui.config.ops.roads import MIN_COVERED, off_network
from fengsui.kernel import geo

NAME = "roads.osm.pbf"
MOST_BYTES = 2_000_000_000
"""A province of China has some 100 MB; a country is no district."""
MOST_UPLOAD = 300_000_000
LEAST_BYTES = 1_000
GRID = 9


def looks(path: Path) -> list[Fault]:
    """What can be said without reading it whole: there, not too large, begins as a PBF does."""
    name = path.name
    try:
        size = path.stat().st_size
        with open(path, "rb") as file:
            start = file.read(32)
    except OSError as broken:
        return [
            Fault(name, 0, "", f"打不开：{broken.strerror}；核对路径和权限", f"cannot be opened: {broken.strerror}")
        ]
    if not path.is_file() or not LEAST_BYTES <= size <= MOST_BYTES:
        most = MOST_BYTES // 1_000_000
        return [
            Fault(
                name,
                0,
                "",
                f"大小 {size} 字节不合适；最大 {most} 兆，先裁到本区",
                f"{size} bytes; at most {most} MB, cut it to the district",
            )
        ]
    if b"OSMHeader" not in start:
        return [Fault(name, 0, "", "不是 .osm.pbf；.osm 或 .zip 先转换", "no .osm.pbf; convert an .osm or .zip first")]
    return []


def fits(
    path: Path, ring: Sequence[tuple[float, float]], placed: Sequence[tuple[float, float]]
) -> tuple[list[Fault], tuple[str, str]]:
    """Reads it whole: its roads against the district's places, or a grid inside the boundary where none is known.

    Returns what is wrong, and a sentence on how well it covers."""
    spots = list(placed) or grid(ring)
    try:
        lost, box = off_network(path, spots)
    except Problem as broken:
        return [Fault(path.name, 0, "", broken.zh, broken.en)], ("", "")
    on = len(lost) - sum(lost)
    told = (
        f"{on}/{len(spots)} 处离路网不到 1 公里；路网范围 {box}",
        f"{on} of {len(spots)} spots within 1 km of a road; roads in {box}",
    )
    if on < MIN_COVERED * len(lost):
        return [
            Fault(path.name, 0, "", f"不在本区：{told[0]}；换成含本区的文件", f"lies elsewhere: {told[1]}")
        ], told  # fmt: skip
    return [], told


def grid(ring: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Spots inside the boundary, for a district that has no places yet."""
    west, south, east, north = geo.bounds(ring)
    steps = [(n + 0.5) / GRID for n in range(GRID)]
    return [
        spot for x in steps for y in steps
        if geo.inside(spot := (west + x * (east - west), south + y * (north - south)), ring)
    ]  # fmt: skip


def kept(path: Path, home: Path) -> bool:
    """Whether the district has this very extract already."""
    target = home / NAME
    return target.exists() and (os.path.samefile(path, target) or filecmp.cmp(path, target, shallow=False))


def keep(path: Path, home: Path) -> Path:
    """The extract beside the district's files; the same disk shares it, another gets a copy."""
    target, part = home / NAME, home / (NAME + ".part")
    if target.exists() and os.path.samefile(path, target):
        return target
    part.unlink(missing_ok=True)
    try:
        os.link(path, part)
    except OSError:
        shutil.copyfile(path, part)
    part.replace(target)
    return target
