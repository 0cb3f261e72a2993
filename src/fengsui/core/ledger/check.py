"""Rows of a sheet or a form, turned into plain values and their faults. No database beyond codes referred to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fengsui.core.ledger.cells import BadCell, degrees_of, folded, in_china, text_of
from fengsui.core.ledger.columns import Column, Number, Phone, Position, Read, Ref
from fengsui.core.ledger.register import Register
from fengsui.core.ledger.sheet import Place, Sheet
from fengsui.core.ports import PortAbsent, port
from fengsui.kernel.geo import distance_m, wgs84_from_gcj02

FARTHEST_KM = 100.0
"""Farther from the district's centre a position is taken for a slip of typing ([U])."""

EMPTY: tuple[Any, ...] = (None, "", [])


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one row: the column's code ('' for the whole row), the error's code, its facts."""

    column: str
    code: str
    facts: dict[str, Any]


class References:
    """Codes of other registers that the columns of this one may hold, read once."""

    def __init__(self, columns: Iterable[Column]) -> None:
        self.keys: dict[str, dict[str, Any]] = {}
        self.named: dict[str, dict[str, str]] = {}
        for column in columns:
            if isinstance(column.kind, Ref):
                self.keys[column.code], self.named[column.code] = column.kind.known()


def centre() -> tuple[float, float] | None:
    try:
        lon, lat = port("district").centre
    except PortAbsent:
        return None
    return float(lon), float(lat)


def readers(register: Register, places: Sequence[Place], known: References, own: set[str]) -> list[tuple[Place, Read]]:
    """One function per column of the sheet. `own`: keys of the sheet's own rows, which its other rows may refer to."""
    found: list[tuple[Place, Read]] = []
    for place in places:
        read = place.column.kind.reader(place.column)
        if isinstance(place.column.kind, Number) and place.scale != 1.0:
            read = _scaled(place.column, place.scale)
        elif isinstance(place.column.kind, Ref):
            itself = place.column.kind.model is register.model
            read = _referring(
                read, known.keys[place.column.code], known.named[place.column.code], own if itself else set()
            )
        found.append((place, read))
    return found


def _scaled(column: Column, scale: float) -> Read:
    """Reads in the sheet's unit, gives the column's: 2.5 under 万人 is 25 000 people."""
    assert isinstance(column.kind, Number)
    raw = replace(column.kind, whole=False, least=None, most=None).reader(column)
    judge = column.kind.reader(column)
    return lambda value: None if (found := raw(value)) is None else judge(round(found * scale, 9))


def _referring(read: Read, keys: dict[str, Any], named: dict[str, str], own: set[str]) -> Read:
    def look(value: Any) -> str:
        code = read(value)
        if not code or code in keys or code in own:
            return str(code)
        if (found := named.get(folded(text_of(value)))) is not None:
            return found
        raise BadCell("unknown_code", text=code)

    return look


def position_reader(place: Place, crs_at: int, middle: tuple[float, float] | None) -> Callable[[Sequence[Any]], Any]:
    """Reads [lon, lat] in WGS 84 from a row: two columns, or one that holds both."""

    china = middle is None or in_china(*middle)

    def degrees(value: Any, axis: str) -> float | None:
        return degrees_of(value, axis, china=china)

    def read(row: Sequence[Any]) -> list[float] | None:
        if place.lat_at >= 0:
            lon, lat = degrees(_cell(row, place.at), "lon"), degrees(_cell(row, place.lat_at), "lat")
        else:
            text = text_of(_cell(row, place.at))
            both = [
                each for each in text.replace("，", ",").replace("；", ",").replace(";", ",").split(",") if each.strip()
            ]
            if not both:
                return None
            if len(both) != 2:
                raise BadCell("not_degrees", text=text)
            lon, lat = degrees(both[0], "lon"), degrees(both[1], "lat")
        if lon is None and lat is None:
            return None
        if lon is None or lat is None:
            raise BadCell("half_position")
        marked = text_of(_cell(row, crs_at)).upper() if crs_at >= 0 else ""
        if place.gcj or "GCJ" in marked or "火星" in marked or "高德" in marked:
            lon, lat = (round(each, 7) for each in wgs84_from_gcj02((lon, lat)))
        if middle and (far := distance_m(middle, (lon, lat)) / 1000) > FARTHEST_KM:
            raise BadCell("far_away", km=round(far))
        return [lon, lat]

    return read


def _cell(row: Sequence[Any], at: int) -> Any:
    return row[at] if 0 <= at < len(row) else ""


def checked(register: Register, sheet: Sheet) -> Iterator[tuple[int, dict[str, Any], list[Fault]]]:
    """(row number, plain values by column, faults) of each row of data, in their order.

    Everything that asks the database happens before the first row: the rows are read while a COPY holds the connection.
    """
    places = [place for place in sheet.places if place.column.editable]
    known = References(place.column for place in places)
    own = _own_keys(register, sheet) if register.whole else set()
    pairs = readers(register, places, known, own)
    simple = [
        (p.column.code, p.at, read, p.column.required or p.column.key)
        for p, read in pairs
        if not isinstance(p.column.kind, Position)
    ]
    middle = centre()
    points = [
        (p.column.code, p.column.required, position_reader(p, sheet.crs_at, middle))
        for p, _r in pairs
        if isinstance(p.column.kind, Position)
    ]
    return _each(sheet, simple, points)


def _each(
    sheet: Sheet,
    simple: Sequence[tuple[str, int, Read, bool]],
    points: Sequence[tuple[str, bool, Callable[[Sequence[Any]], Any]]],
) -> Iterator[tuple[int, dict[str, Any], list[Fault]]]:
    for number, row in sheet.data():
        values: dict[str, Any] = {}
        faults: list[Fault] = []
        width = len(row)
        for code, at, read, needed in simple:
            try:
                value = read(row[at] if at < width else "")
            except BadCell as bad:
                faults.append(Fault(code, bad.code, bad.facts))
                continue
            if needed and value in EMPTY:
                faults.append(Fault(code, "core.ledger.required", {}))
            values[code] = value
        for code, needed, find in points:
            try:
                values[code] = find(row)
            except BadCell as bad:
                faults.append(Fault(code, bad.code, bad.facts))
                continue
            if needed and values[code] is None:
                faults.append(Fault(code, "core.ledger.required", {}))
        yield number, values, faults


def _own_keys(register: Register, sheet: Sheet) -> set[str]:
    place = next(each for each in sheet.places if each.column.key)
    read, found = place.column.kind.reader(place.column), set()
    for _number, row in sheet.data():
        try:
            found.add(str(read(_cell(row, place.at))))
        except BadCell:
            continue
    sheet.remarks.clear()
    return found


def unmasked(column: Column, value: Any) -> bool:
    """Whether a value may be stored: a masked telephone number says "as it was"."""
    return not (isinstance(column.kind, Phone) and "*" in str(value or ""))
