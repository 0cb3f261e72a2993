"""Filled sheets, a boundary, an extract -> the district's files: an attempt that writes nothing, then the writing."""

from __future__ import annotations

import difflib
import fcntl
import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from fengsui.config.district import boundary, cross, derived, extract, sheets, weave
from fengsui.config.district.faults import Fault, of_files
from fengsui.config.district.forms import BY_CODE
from fengsui.core.ledger.cells import in_china
from fengsui.core.ledger.sheet import open_file
from fengsui.kernel import geo
from fengsui.kernel.district import RECEIPT, TAKEN, District, DistrictError, assemble, findings
from fengsui.kernel.district.reading import Files
from fengsui.kernel.errors import Invalid

SHEETS = (".xlsx", ".xls", ".ods", ".csv", ".et")
JSON = (".geojson", ".json")
PBF = ".osm.pbf"
LEFT = ("sheets", "roads.osm.pbf", "roads.osm.pbf.part")
"""What a trial copy of the folder need not hold."""
MAP = "replay/map.yaml"


@dataclass(frozen=True, slots=True)
class Change:
    """One file that would be written: rows or keys that are new, differ, stay, go."""

    file: str
    fresh: int
    changed: int
    same: int
    gone: int


@dataclass
class Attempt:
    """What taking would do. texts: file -> what would stand in it; edited: file -> what somebody changed by hand."""

    home: Path
    faults: list[Fault] = field(default_factory=list)
    told: list[tuple[str, str]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    edited: dict[str, list[str]] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    extract: Path | None = None
    outline: tuple[tuple[float, float], ...] = ()
    spots: list[tuple[str, float, float]] = field(default_factory=list)

    @property
    def writes(self) -> bool:
        return bool(self.changes) or (self.extract is not None and not extract.kept(self.extract, self.home))


def attempt(
    home: Path, given: Sequence[tuple[str, bytes]], *, pbf: Path | None = None, invent_rest: bool | None = None
) -> Attempt:
    """Reads everything, checks it against itself and the folder, and says what would be written. Writes nothing."""
    tried = Attempt(home, extract=pbf)
    try:
        files = Files(home)
        head = files.yaml("district.yaml")
        code, centre, placeholder = str(head["code"]), head["centre"], head["outline"]["label"] == "待定"
        ring = tuple((float(x), float(y)) for x, y in head["outline"]["ring"])
    except DistrictError as broken:
        tried.faults.append(of_files(broken))
        return tried
    where = (float(centre["lon"]), float(centre["lat"]))
    found: list[sheets.Found] = []
    for name, body in given:
        if _is_boundary(name, body):
            continue
        pages, faults = sheets.read(name, body, china=code[:2] != "99" or (not placeholder and in_china(*where)))
        found += pages
        tried.faults += faults
        tried.sources |= {page.form.code: f"{name} {hashlib.sha256(body).hexdigest()}" for page in pages}
    contents = _contents(home)
    for name, body in given:
        if _is_boundary(name, body):
            near = cross.middle_of(found) or (None if placeholder else where)
            outlined, faults = boundary.read(name, body, near)
            tried.faults += faults
            if outlined:
                contents.setdefault("district.yaml", {}).update(weave.outline(outlined, name))
                ring, placeholder = outlined.ring, False
                tried.told += outlined.told
                tried.sources["boundary"] = f"{name} {hashlib.sha256(body).hexdigest()}"
    tried.outline = ring
    try:
        cross.look(found, files, ring, placeholder, code)
    except DistrictError as broken:  # a file of the folder that nobody can read
        tried.faults.append(of_files(broken))
        return tried
    _twice(found, tried)
    for sheet in found:
        tried.faults += sheet.faults
        tried.counts[sheet.form.code] = tried.counts.get(sheet.form.code, 0) + len(sheet.rows)
        if sheet.ignored:
            tried.told.append(
                (
                    f"{sheet.file}：不认的列 {'、'.join(sheet.ignored[:8])}",
                    f"{sheet.file}: columns not known: {', '.join(sheet.ignored[:8])}",
                )
            )
    tried.spots = [
        (str(row.values.get("name") or row.values["code"]), row.values["lon"], row.values["lat"])
        for sheet in found for row in sheet.rows
        if row.values.get("lon") is not None and row.values.get("lat") is not None
    ]  # fmt: skip
    if not any(sheet.faults for sheet in found):
        for sheet in found:
            _lay(contents, sheet, code)
        if invent_rest is not None and "people.yaml" in contents:
            contents["people.yaml"]["invent_rest"] = invent_rest
        tried.texts = _texts(contents)
        _judged(tried, home, found)
    _compared(tried)
    return tried


def is_empty(name: str, body: bytes) -> bool:
    """A template that nobody has filled in: a header and nothing below it."""
    if not Path(name).name.lower().endswith(SHEETS):
        return False
    try:
        pages = open_file(body, name)
    except Invalid:
        return False
    rows = [rows for title, rows in pages if title.strip() != sheets.GUIDE]
    return all(not any(cell not in ("", None) for row in page[1:] for cell in row) for page in rows)


def _is_boundary(name: str, body: bytes) -> bool:
    lower = Path(name).name.lower()
    return lower.endswith(JSON) or (lower.endswith(SHEETS) and ("boundary" in lower or "边界" in lower))


def _contents(home: Path) -> dict[str, dict[str, Any]]:
    """What was taken so far, by file."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted((home / TAKEN).glob("*")):
        if path.suffix == ".yaml":
            found[path.name] = dict(Files(home / TAKEN).yaml(path.name))
        elif path.suffix == ".csv":
            found[path.name] = {"": Files(home / TAKEN).csv(path.name)[1]}
    return found


def _twice(found: Sequence[sheets.Found], tried: Attempt) -> None:
    """The same sheet in two files: a code may stand in one of them only."""
    seen: dict[tuple[str, str], sheets.Found] = {}
    for sheet in found:
        for row in sheet.rows:
            key = (sheet.form.code, str(row.values.get("code")))
            first = seen.setdefault(key, sheet)
            if first is not sheet:
                sheet.fault(
                    row.number,
                    "code",
                    f"“{key[1]}”在 {first.file} 里已有；只留一处",
                    f"{key[1]!r} stands in {first.file} too; keep one",
                )


def _lay(contents: dict[str, dict[str, Any]], sheet: sheets.Found, code: str) -> None:
    """A sheet is the whole list of its form: it replaces what was taken before."""
    file, key, _make = weave.TARGETS[sheet.form.code]
    rows = weave.objects(sheet.form.code, sheet.rows, code)
    into = contents.setdefault(file, {})
    marks = into.setdefault("_laid", [])
    into[key] = [*into[key], *rows] if sheet.form.code in marks else rows
    marks.append(sheet.form.code)


def _texts(contents: dict[str, dict[str, Any]]) -> dict[str, str]:
    texts = {}
    for file, content in contents.items():
        kept = {key: value for key, value in content.items() if key != "_laid"}
        if file.endswith(".csv"):
            columns = weave.AREA_COLUMNS if file == "areas.csv" else weave.TEAM_COLUMNS
            texts[f"{TAKEN}/{file}"] = weave.csv_text(columns, kept.get("", []))
        else:
            texts[f"{TAKEN}/{file}"] = weave.yaml_text(kept)
    return texts


def _judged(tried: Attempt, home: Path, found: Sequence[sheets.Found]) -> None:
    """The folder as it would be, in a copy: read and checked as at every start. Adds what follows from it."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / home.name
        shutil.copytree(home, copy, ignore=shutil.ignore_patterns(*LEFT))
        _put(copy, tried.texts)
        try:
            district, totals = assemble(copy)
            more = derived.follow(district, Files(copy))
            tried.texts |= more
            _put(copy, more)
            district, totals = assemble(copy)
            wrong = list(findings(district, totals))
        except DistrictError as broken:
            wrong, district = [broken], None
        tried.faults += [_traced(each, copy, found) for each in wrong]
        if district and tried.extract and not tried.faults:
            _extract(tried, district)


def _extract(tried: Attempt, district: District) -> None:
    assert tried.extract is not None
    tried.faults += extract.looks(tried.extract)
    if not tried.faults:
        placed = [
            (each.lon, each.lat) for each in (*district.points, *district.teams, *district.depots, *district.stations)
        ]
        faults, told = extract.fits(tried.extract, district.outline, placed)
        tried.faults += faults
        tried.told.append(told)


def _traced(error: DistrictError, copy: Path, found: Sequence[sheets.Found]) -> Fault:
    """Back to the row of the sheet, where the loader's key names its code."""
    fault = of_files(error)
    file = fault.file.replace(str(copy), copy.name).removeprefix(copy.name + "/")
    for sheet in found:
        for row in sheet.rows:
            code = str(row.values.get("code"))
            if code in fault.column.split(".") and weave.TARGETS[sheet.form.code][0] in file:
                return Fault(sheet.file, row.number, fault.column, fault.zh, fault.en)
    return Fault(file, 0, fault.column, fault.zh, fault.en)


def _compared(tried: Attempt) -> None:
    """What changes, and which files somebody edited since they were taken."""
    receipt = receipt_of(tried.home)
    for file, text in sorted(tried.texts.items()):
        path = tried.home / file
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        if before == text:
            continue
        old, new = set(before.splitlines()), set(text.splitlines())
        names = {_first(line) for line in old - new} & {_first(line) for line in new - old}
        tried.changes.append(
            Change(file, len(new - old) - len(names), len(names), len(old & new), len(old - new) - len(names))
        )
        written = receipt.get("files", {}).get(file)
        by_hand = before and (written != digest(before) if written else file != MAP or derived.by_hand(before))
        if by_hand:
            lines = difflib.unified_diff(
                before.splitlines(), text.splitlines(), "现有 now", "将写 then", n=0, lineterm=""
            )
            tried.edited[file] = list(lines)[2:40]


def _first(line: str) -> str:
    return line.strip().split(",")[0]


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def receipt_of(home: Path) -> dict[str, Any]:
    try:
        found = json.loads((home / TAKEN / RECEIPT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write(tried: Attempt, *, now: datetime, keep: Sequence[str] = ()) -> list[str]:
    """Write what was attempted, except the files in `keep`, and return what was written.

    The receipt comes last: running processes look at it alone, so a kill in between changes nothing for them, and
    taking again writes the rest."""
    with _alone(tried.home):
        receipt = receipt_of(tried.home)
        files, taken = receipt.get("files", {}), dict(receipt.get("sheets", {}))
        done = [change.file for change in tried.changes if change.file not in keep]
        _put(tried.home, {file: tried.texts[file] for file in done})
        files |= {file: digest(tried.texts[file]) for file in done}
        for form, source in tried.sources.items():
            if taken.get(form, {}).get("source") == source:
                continue
            taken[form] = {"source": source, "rows": tried.counts.get(form, 1), "at": now.isoformat(timespec="seconds")}
        if tried.extract is not None and not extract.kept(tried.extract, tried.home):
            kept = extract.keep(tried.extract, tried.home)
            taken["roads"] = {
                "source": tried.extract.name,
                "rows": kept.stat().st_size,
                "at": now.isoformat(timespec="seconds"),
            }
            done.append(extract.NAME)
        if done or taken != receipt.get("sheets"):
            _put_receipt(tried.home, {**receipt, "files": files, "sheets": taken})
        return done


def begin(home: Path) -> None:
    """A new folder's receipt: nothing taken, its guided page open."""
    _put_receipt(home, {"open": True, "files": {}, "sheets": {}})


def close(home: Path) -> None:
    """The guided page is through; sheets can still be taken by the command line."""
    with _alone(home):
        _put_receipt(home, {**receipt_of(home), "open": False})


def _put_receipt(home: Path, receipt: Mapping[str, Any]) -> None:
    _put(home, {f"{TAKEN}/{RECEIPT}": json.dumps(receipt, ensure_ascii=False, indent=1, sort_keys=True) + "\n"})


def _put(home: Path, texts: Mapping[str, str]) -> None:
    for file, text in texts.items():
        target = home / file
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.part")
        part.write_text(text, encoding="utf-8")
        part.replace(target)


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    (home / TAKEN).mkdir(exist_ok=True)
    with open(home / TAKEN / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def words(counts: Mapping[str, int]) -> tuple[str, str]:
    """`单位 5、岗位 12`."""
    return "、".join(f"{BY_CODE[form].zh} {n}" for form, n in counts.items()), ", ".join(
        f"{n} {BY_CODE[form].en}" for form, n in counts.items()
    )


def near(home: Path) -> tuple[float, float]:
    """The middle of the boundary."""
    ring = Files(home).yaml("district.yaml")["outline"]["ring"]
    return geo.centroid([(float(x), float(y)) for x, y in ring])
