"""A network from the tables that a GIS gives: Chinese or English headings, every fault by sheet, row and column.

Nothing is guessed: a column that is missing, a unit in a heading that is not known, a cell that is no number, an end
that is not there are told, all at once, and there is no network until all are mended.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fengsui.kernel.errors import Invalid
from fengsui.science.contract import OutOfRange
from fengsui.science.drainage.network import (
    CODE,
    Manhole,
    Network,
    NetworkFault,
    Outfall,
    Pipe,
    Subcatchment,
    faults,
)  # fmt: skip

SHOWN = 50
"""Faults that are told; after so many the sheet is wrong as a whole."""
_UNIT = re.compile(r"\s*[（(\[【]\s*([^）)\]】]*?)\s*[）)\]】]\s*$")
UNITS = {
    "m": 1.0, "米": 1.0, "mm": 1e-3, "毫米": 1e-3, "cm": 1e-2, "厘米": 1e-2, "km": 1e3, "公里": 1e3, "千米": 1e3,
    "m2": 1.0, "m²": 1.0, "㎡": 1.0, "平方米": 1.0, "ha": 1e4, "hm2": 1e4, "hm²": 1e4, "公顷": 1e4,
    "km2": 1e6, "km²": 1e6, "平方公里": 1e6, "%": 1e-2, "‰": 1e-3, "": 1.0, "-": 1.0, "m/m": 1.0,
}  # fmt: skip
"""What one of a unit in a heading is in metres, square metres or as a share."""
DIMENSIONS = {
    "length": {"m", "米", "mm", "毫米", "cm", "厘米", "km", "公里", "千米"},
    "area": {"m2", "m²", "㎡", "平方米", "ha", "hm2", "hm²", "公顷", "km2", "km²", "平方公里"},
    "share": {"%", "‰", "-", "m/m"},
    "none": {"-"},
}
YES = frozenset({"有", "是", "已装", "yes", "y", "true", "1", "√", "✓"})
NO = frozenset({"无", "没有", "否", "未装", "no", "n", "false", "0", "×"})
"""What a yes or no may be written as, in small letters; what is none of these is told, not guessed."""


@dataclass(frozen=True, slots=True)
class Column:
    """`field` of the record; headings it is known by; `dimension` of its unit, "text" for codes, "yes" for yes, no."""

    field: str
    names: tuple[str, ...]
    dimension: str
    needed: bool = True


def _column(field: str, dimension: str, *names: str, needed: bool = True) -> Column:
    return Column(field, (field, field.removesuffix("_m2").removesuffix("_m"), *names), dimension, needed)


X = _column("x_m", "length", "X", "X坐标", "横坐标", "东坐标", "easting")
Y = _column("y_m", "length", "Y", "Y坐标", "纵坐标", "北坐标", "northing")
INVERT = ("井底高程", "井底标高", "管底高程", "管底标高", "底高程", "invert elevation", "bottom")
TABLES: dict[str, tuple[str, type, tuple[Column, ...]]] = {
    "manholes": ("检查井", Manhole, (
        _column("code", "text", "编号", "井号", "检查井编号", "id", "name"), X, Y,
        _column("invert_m", "length", *INVERT),
        _column("rim_m", "length", "井盖高程", "地面高程", "地面标高", "井口高程", "ground elevation", "ground"),
    )),
    "pipes": ("管道", Pipe, (
        _column("code", "text", "编号", "管道编号", "管段编号", "id", "name"),
        _column("start", "text", "起点", "起点井号", "起点编号", "上游井号", "from", "upstream"),
        _column("stop", "text", "终点", "终点井号", "终点编号", "下游井号", "to", "downstream"),
        _column("length_m", "length", "长度", "管长"),
        _column("diameter_m", "length", "管径", "直径", "管宽", "宽度", "width"),
        _column("height_m", "length", "管高", "高度", needed=False),
        _column("roughness", "none", "糙率", "粗糙系数", "manning", "n", needed=False),
        _column("start_invert_m", "length", "起点管底高程", "起点管底标高", "upstream invert", needed=False),
        _column("stop_invert_m", "length", "终点管底高程", "终点管底标高", "downstream invert", needed=False),
    )),
    "outfalls": ("排放口", Outfall, (
        _column("code", "text", "编号", "排放口编号", "排口编号", "id", "name"), X, Y,
        _column("invert_m", "length", *INVERT),
        _column("stage_m", "length", "外水位", "受纳水位", "水位", "water level", needed=False),
        _column("gated", "yes", "拍门", "有无拍门", "是否有拍门", "flap gate", "gate", needed=False),
    )),
    "subcatchments": ("汇水区", Subcatchment, (
        _column("code", "text", "编号", "汇水区编号", "id", "name"),
        _column("node", "text", "井号", "汇入井号", "出口", "出口井号", "outlet"),
        _column("area_m2", "area", "面积"),
        _column("impervious", "share", "不透水率", "不透水面积比", "imperviousness", needed=False),
        _column("width_m", "length", "宽度", "特征宽度", needed=False),
        _column("slope", "share", "坡度", "平均坡度", needed=False),
    )),
}  # fmt: skip
"""Sheet -> Chinese name, what a row becomes, its columns."""


@dataclass(frozen=True, slots=True)
class SheetFault:
    """`row` as the sheet counts, the heading being 1; 0 where the whole sheet is meant. `column`: its own heading."""

    sheet: str
    row: int
    column: str
    zh: str
    en: str

    def words(self) -> tuple[str, str]:
        zh = (
            TABLES[self.sheet][0]
            + (f"第 {self.row} 行" if self.row else "")
            + (f"“{self.column}”" if self.column else "")
        )
        en = self.sheet + (f", row {self.row}" if self.row else "") + (f", {self.column}" if self.column else "")
        return f"{zh}：{self.zh}", f"{en}: {self.en}"


class SheetErrors(Invalid):
    """Everything that is wrong, in `faults`; `zh`, `en` one line each."""

    def __init__(self, found: Sequence[SheetFault]) -> None:
        self.faults = tuple(found)
        words = [each.words() for each in found[:SHOWN]]
        zh, en = ("\n".join(each[n] for each in words) for n in (0, 1))
        super().__init__("science.case.refused", field="sheets", count=len(found), zh=zh, en=en, why=f"\n{zh}\n{en}")


@dataclass(frozen=True, slots=True)
class Sheets:
    """The four tables as CSV text, their first line the headings."""

    manholes: str
    pipes: str
    outfalls: str
    subcatchments: str = ""

    def network(self) -> Network:
        """Raises SheetErrors with all faults."""
        return network({name: _rows(name, getattr(self, name)) for name in TABLES})


def _rows(name: str, text: str) -> list[Sequence[str]]:
    bare = text.lstrip("\ufeff")
    lines = csv.reader(io.StringIO(bare, newline=""), delimiter="\t" if "\t" in bare.split("\n", 1)[0] else ",")
    try:
        return list(lines)
    except csv.Error as error:
        raise SheetErrors([SheetFault(name, lines.line_num, "", "不是 CSV", f"this is no CSV: {error}")]) from error


def network(tables: Mapping[str, Sequence[Sequence[object]]]) -> Network:
    """Rows of cells by sheet, headings first, as any reader of sheets gives them. Raises SheetErrors."""
    found: list[SheetFault] = []
    parts: dict[str, list[Any]] = {}
    rows: dict[tuple[str, str], int] = {}
    heads: dict[tuple[str, str], str] = {}
    for name in TABLES:
        parts[name] = _read(name, tables.get(name, ()), found, rows, heads)
    if found:
        raise SheetErrors(found)
    wrong = faults(parts["manholes"], parts["pipes"], parts["outfalls"], parts["subcatchments"])
    if wrong:
        raise SheetErrors([_placed(each, rows, heads) for each in wrong])
    return Network(**{name: tuple(things) for name, things in parts.items()})


def _placed(
    fault: NetworkFault, rows: Mapping[tuple[str, str], int], heads: Mapping[tuple[str, str], str]
) -> SheetFault:
    row = rows.get((fault.sheet, fault.code), 0)
    return SheetFault(fault.sheet, row, heads.get((fault.sheet, fault.field), fault.field), fault.zh, fault.en)


def _read(
    name: str,
    table: Sequence[Sequence[object]],
    found: list[SheetFault],
    rows: dict[tuple[str, str], int],
    heads: dict[tuple[str, str], str],
) -> list[Any]:
    _, kind, columns = TABLES[name]
    if not table:
        if name != "subcatchments":
            found.append(SheetFault(name, 0, "", "缺这张表", "this sheet is missing"))
        return []
    places = _headings(name, [str(cell or "").strip() for cell in table[0]], columns, found, heads)
    if places is None:
        return []
    things = []
    for number, cells in enumerate(table[1:], 2):
        if not any(str("" if cell is None else cell).strip() for cell in cells):
            continue
        before = len(found)
        values = {}
        for column, (at, factor) in places.items():
            cell = cells[at] if at < len(cells) else None
            try:
                value = _cell(column, cell, factor)
            except _Wrong as wrong:
                found.append(SheetFault(name, number, str(table[0][at] or "").strip(), wrong.zh, wrong.en))
                continue
            if value is not None:
                values[column.field] = value
        if len(found) > before:
            continue
        try:
            thing = kind(**values)
        except OutOfRange as refused:
            zh = f"{refused.facts['value']:g} 超出范围（{_bounds(refused)}）"
            found.append(SheetFault(name, number, heads.get((name, refused.field), refused.field), zh, str(refused)))
            continue
        rows[name, thing.code] = number
        things.append(thing)
    return things


def _bounds(refused: OutOfRange) -> str:
    low, high = refused.facts["low"], refused.facts["high"]
    return "，".join(f"{sign} {value:g}" for sign, value in (("≥", low), ("≤", high)) if value is not None)


def _headings(
    name: str,
    said: Sequence[str],
    columns: Sequence[Column],
    found: list[SheetFault],
    heads: dict[tuple[str, str], str],
) -> dict[Column, tuple[int, float]] | None:
    """Where each column stands and what its unit is worth; None where the sheet cannot be read at all."""
    bare = [_UNIT.sub("", each).strip().lower() for each in said]
    units = [match.group(1) if (match := _UNIT.search(each)) else "" for each in said]
    places: dict[Column, tuple[int, float]] = {}
    before = len(found)
    for column in columns:
        names = {each.lower() for each in column.names}
        at = [n for n, each in enumerate(bare) if each in names]
        if len(at) > 1:
            found.append(SheetFault(name, 1, said[at[1]], "这一列出现两次", f"a second column for {column.field}"))
        elif not at and column.needed:
            known = "、".join(each for each in column.names if not each.isascii()) or column.field
            found.append(
                SheetFault(name, 1, "", f"缺“{known}”列", f"no column {column.field} ({', '.join(column.names)})")
            )
        elif at:
            unit = units[at[0]]
            if unit and unit not in DIMENSIONS.get(column.dimension, {unit}):
                known = " ".join(sorted(DIMENSIONS[column.dimension]))
                found.append(
                    SheetFault(name, 1, said[at[0]], f"不认识单位 {unit}；可用 {known}", f"unit {unit}; known: {known}")
                )
                continue
            places[column] = at[0], UNITS.get(unit, 1.0)
            heads[name, column.field] = said[at[0]]
    return places if len(found) == before else None


class _Wrong(Exception):
    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh, self.en = zh, en


def _cell(column: Column, cell: object, factor: float) -> str | float | bool | None:
    """The value in SI, None where an optional cell is empty. Raises _Wrong."""
    text = str("" if cell is None else cell).strip()
    if not text:
        if column.needed:
            raise _Wrong("空着", "it is empty")
        return None
    if column.dimension == "text":
        if isinstance(cell, float) and cell.is_integer():
            text = str(int(cell))  # a spreadsheet keeps the code 12 as 12.0
        if not CODE.match(text):
            raise _Wrong(
                f"“{text[:30]}”不能作编号（不含空格、引号、分号、方括号，最多 60 字）", f"{text[:30]!r} is no code"
            )
        return text
    if column.dimension == "yes":
        return _yes(text, cell)
    try:
        value = float(text.replace("，", ",").replace(",", ""))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise _Wrong(f"“{text[:30]}”不是数", f"{text[:30]!r} is no number")
    return value * factor


def _yes(text: str, cell: object) -> bool:
    """Raises _Wrong for a word that is neither."""
    word = str(int(cell)) if isinstance(cell, float) and cell.is_integer() else text.lower()
    if word not in YES | NO:
        raise _Wrong(f"不认识“{text[:30]}”；写“有”或“无”", f"{text[:30]!r} is neither yes nor no")
    return word in YES
