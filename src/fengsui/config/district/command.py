"""`./fengsui district new|check|take`: a platform for another district, from a boundary and sheets."""

from __future__ import annotations

import os
import time
from argparse import Namespace
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from fengsui.config.district import boundary, taking
from fengsui.config.district.faults import Fault, of_files, said
from fengsui.config.ops.console import Problem, chinese, say, word
from fengsui.config.ops.home import REPO
from fengsui.kernel.district import DistrictError, assemble, findings

MOST_FILES = 60


def main(options: Namespace) -> int:
    """0 where all is well, 1 where something has to be mended first."""
    districts = Path(os.environ.get("FENGSUI_DISTRICTS") or REPO / "districts")
    return {"new": _new, "check": _check, "take": _take}[options.verb](options, districts)


def _new(options: Namespace, districts: Path) -> int:
    from fengsui.config.district import new

    home, code = new.folder_of(options.code, districts)
    wanted = new.Wanted(
        options.set_code or code, options.name or "", options.name_en or "", options.zone, _centre(options.centre)
    )
    count = new.write(home, wanted)
    say(f"已建 {home}：{count} 个文件，空表在 sheets/", f"Made {home}: {count} files, sheets to fill in below sheets/")
    if options.boundary and _run(home, [Path(options.boundary)], options):
        return 1
    say(
        f"接着：填 {home}/sheets/ 里的表，再 ./fengsui district take {options.code}；"
        f"启动：./fengsui serve --district {home}",
        f"Next: fill in the sheets in {home}/sheets/, then ./fengsui district take {options.code}; "
        f"start: ./fengsui serve --district {home}",
    )
    return 0


def _centre(given: str | None) -> tuple[float, float] | None:
    if not given:
        return None
    try:
        lon, lat = (float(each) for each in given.split(","))
    except ValueError:
        raise Problem(f"--centre“{given}”应是 经度,纬度", f"--centre {given!r}: LON,LAT") from None
    if abs(lon) > 180 or abs(lat) > 90:
        raise Problem(f"--centre“{given}”超出经纬度范围", f"--centre {given!r} is out of range")
    return lon, lat


def _existing(options: Namespace, districts: Path) -> Path:
    from fengsui.config.district import new

    home, _code = new.folder_of(options.code, districts)
    if not (home / "district.yaml").exists():
        raise Problem(
            f"{home} 没有 district.yaml；先 ./fengsui district new", f"{home} has no district.yaml: district new first"
        )
    return home


def _check(options: Namespace, districts: Path) -> int:
    """The folder as it would be loaded, then the filled sheets in it."""
    home = _existing(options, districts)
    try:
        district, totals = assemble(home)
        faults = [of_files(each) for each in findings(district, totals)]
    except DistrictError as broken:
        faults = [of_files(broken)]
    filled = gather([home / "sheets"]) if (home / "sheets").is_dir() else ([], None)
    tried = taking.attempt(home, filled[0], pbf=filled[1]) if filled[0] or filled[1] else None
    faults += tried.faults if tried else []
    _show(faults)
    if not faults:
        say(f"{home.name}：没有错", f"{home.name}: nothing wrong")
    if tried and tried.writes and not faults:
        say(
            "sheets/ 里有还没收进来的改动：./fengsui district take",
            "sheets/ holds what is not taken yet: ./fengsui district take",
        )
    return 1 if faults else 0


def _take(options: Namespace, districts: Path) -> int:
    home = _existing(options, districts)
    paths = [Path(each) for each in options.files] or [home / "sheets"]
    return _run(home, paths, options)


def gather(paths: Sequence[Path]) -> tuple[list[tuple[str, bytes]], Path | None]:
    """The files named, and those in the folders named (not below); empty templates are left out. Raises Problem."""
    listed: list[Path] = []
    for path in paths:
        if path.is_dir():
            listed += sorted(each for each in path.iterdir() if _usable(each))
        elif path.exists():
            listed.append(path)
        else:
            raise Problem(f"没有 {path}", f"No such file: {path}")
    if len(listed) > MOST_FILES:
        raise Problem(f"有 {len(listed)} 个文件，最多 {MOST_FILES} 个", f"{len(listed)} files, at most {MOST_FILES}")
    pbf = [each for each in listed if each.name.lower().endswith(taking.PBF)]
    if len(pbf) > 1:
        raise Problem("有几份 .osm.pbf；只给一份", "Several .osm.pbf files; give one")
    rest = [each for each in listed if each not in pbf]
    if wrong := [each.name for each in rest if not _usable(each)]:
        raise Problem(
            f"不认的文件：{'、'.join(wrong)}；收 .xlsx .xls .ods .csv .geojson .osm.pbf",
            f"Not known: {', '.join(wrong)}; .xlsx .xls .ods .csv .geojson .osm.pbf are taken",
        )
    bodies = []
    for each in rest:
        if each.stat().st_size > boundary.MOST_BYTES:
            raise Problem(f"{each.name} 过大", f"{each.name} is too large")
        bodies.append((each.name, each.read_bytes()))
    return [(name, body) for name, body in bodies if not taking.is_empty(name, body)], pbf[0] if pbf else None


def _usable(path: Path) -> bool:
    lower = path.name.lower()
    hidden = lower.startswith((".", "~$"))
    return path.is_file() and not hidden and lower.endswith((*taking.SHEETS, *taking.JSON, taking.PBF))


def _run(home: Path, paths: Sequence[Path], options: Namespace) -> int:
    began = time.monotonic()
    given, pbf = gather(paths)
    if not given and pbf is None:
        raise Problem(
            f"没有填好的表：{'、'.join(map(str, paths))}", f"No filled sheets in {', '.join(map(str, paths))}"
        )
    tried = taking.attempt(home, given, pbf=pbf, invent_rest=getattr(options, "fill_posts", False) or None)
    for zh, en in tried.told:
        say(zh, en)
    if tried.faults:
        _show(tried.faults)
        say(f"{len(tried.faults)} 处要改；什么都没有写", f"{len(tried.faults)} to mend; nothing was written")
        return 1
    if tried.counts:
        say(*taking.words(tried.counts))
    for change in tried.changes:
        counts = f"+{change.fresh} ~{change.changed} -{change.gone} ={change.same}"
        say(f"{change.file}：{counts}（新增 变动 去掉 不变）", f"{change.file}: {counts} (new, changed, gone, same)")
    if tried.edited and not (options.overwrite or options.keep):
        for file, lines in tried.edited.items():
            print(word(f"{file} 有人手工改过，会被盖掉：", f"{file} was edited by hand and would be overwritten:"))
            print("\n".join(f"    {line}" for line in lines))
        say(
            "什么都没有写：--keep 留手工改的，--overwrite 盖掉",
            "Nothing written: --keep leaves those files, --overwrite replaces them",
        )
        return 1
    if options.dry_run:
        say("试运行：什么都没有写", "Dry run: nothing was written")
        return 0
    if not tried.writes:
        say("没有变化", "Nothing changes")
        return 0
    done = taking.write(tried, now=datetime.now(UTC), keep=list(tried.edited) if options.keep else [])
    took = time.monotonic() - began
    say(f"已写 {len(done)} 个文件，用 {took:.1f} 秒", f"{len(done)} files written in {took:.1f} s")
    return 0


def _show(faults: Sequence[Fault]) -> None:
    for line in said(faults, chinese()):
        print(f"  ✗ {line}")
