"""Kinds of columns: how each reads a cell, shows a value, stands in a sheet and in the database.

A *plain* value is what JSON can hold: text, number, ISO day, list, the code of a row referred to, [lon, lat].
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext as _
from django.utils.translation import override

from fengsui.core.ledger import cells
from fengsui.core.ledger.cells import BadCell

Read = Callable[[Any], Any]


@dataclass(frozen=True, eq=False)
class Kind:
    """Text, and the base of the other kinds."""

    longest: int = 0
    name: str = "text"

    def reader(self, column: Column) -> Read:
        """A function from a cell to a plain value, '' or None where empty. Raises BadCell."""
        longest, parse = self.longest, cells.line_of if self.longest else cells.text_of

        def read(value: Any) -> str:
            text = parse(value)
            if longest and len(text) > longest:
                raise BadCell("too_long", most=longest)
            return text

        return read

    def ready(self) -> Kind:
        """The kind that shows many rows: one whose words are in a table reads them once."""
        return self

    def show(self, plain: Any) -> str:
        return "" if plain is None else str(plain)

    def sheet(self, plain: Any) -> Any:
        """As it stands in an exported cell; reading it back gives the same plain value."""
        return plain

    def plain(self, stored: Any) -> Any:
        return stored

    def store(self, plain: Any) -> Any:
        return plain

    def allowed(self) -> list[str]:
        """What may stand in a cell, where that is a closed list."""
        return []

    def says(self) -> str:
        return _("文字")

    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})


@dataclass(frozen=True, eq=False)
class Code(Kind):
    name: str = "code"

    def reader(self, column: Column) -> Read:
        longest = self.longest

        def read(value: Any) -> str:
            text = cells.code_of(value)
            if longest and len(text) > longest:
                raise BadCell("too_long", most=longest)
            return text

        return read

    def says(self) -> str:
        return _("编号，按文字填，不要让表格当成数字")


@dataclass(frozen=True, eq=False)
class Phone(Kind):
    """Personal: masked on pages and in exports. A masked number in a sheet means "as it was"."""

    name: str = "phone"

    def reader(self, column: Column) -> Read:
        return cells.phone_of

    def show(self, plain: Any) -> str:
        return masked(plain)

    def sheet(self, plain: Any) -> Any:
        return masked(plain)

    def says(self) -> str:
        return _("电话；带星号的不改动原号码")


def masked(phone: Any) -> str:
    """138****0000"""
    text = str(phone or "")
    return text if not text or "*" in text else f"{text[:3]}****{text[-4:]}" if len(text) >= 8 else "****"


@dataclass(frozen=True, eq=False)
class Number(Kind):
    whole: bool = False
    least: float | None = None
    most: float | None = None
    name: str = "number"

    def reader(self, column: Column) -> Read:
        units = tuple({str(column.unit), "人", "个", "处"} - {""})
        least, most, parse = self.least, self.most, cells.integer_of if self.whole else cells.number_of

        def read(value: Any) -> float | int | None:
            found = parse(value, units)
            if found is not None and ((least is not None and found < least) or (most is not None and found > most)):
                raise BadCell(
                    "out_of_range",
                    least="" if least is None else f"{least:g}",
                    most="" if most is None else f"{most:g}",
                    text=f"{found:g}",
                )
            return found

        return read

    def show(self, plain: Any) -> str:
        return "" if plain is None else f"{plain:,}" if self.whole else f"{plain:,.10g}"

    def says(self) -> str:
        return _("整数") if self.whole else _("数字")

    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": ["number", "null"]})


@dataclass(frozen=True, eq=False)
class Day(Kind):
    name: str = "date"

    def reader(self, column: Column) -> Read:
        return lambda value: day.isoformat() if (day := cells.date_of(value)) else None

    def plain(self, stored: Any) -> Any:
        return stored.isoformat() if stored else None

    def says(self) -> str:
        return _("日期，如 2026-07-28")


@dataclass(frozen=True, eq=False)
class YesNo(Kind):
    name: str = "boolean"

    def reader(self, column: Column) -> Read:
        return cells.boolean_of

    def show(self, plain: Any) -> str:
        return "" if plain is None else _("是") if plain else _("否")

    def sheet(self, plain: Any) -> Any:
        return "" if plain is None else "是" if plain else "否"

    def allowed(self) -> list[str]:
        return ["是", "否"]

    def says(self) -> str:
        return _("是或否")

    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": ["boolean", "null"]})


@dataclass(frozen=True, eq=False)
class Ref(Kind):
    """Another row by its code; its name is understood too where only one bears it."""

    model: type[Model] | None = None
    by: str = "code"
    called: str = "name"
    name: str = "ref"

    def reader(self, column: Column) -> Read:
        return cells.code_of

    def known(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Code -> key, and name -> code of those names that one row bears."""
        keys: dict[str, Any] = {}
        named: dict[str, list[str]] = {}
        assert self.model is not None
        for pk, code, called in self.model._base_manager.values_list("pk", self.by, self.called):
            keys[str(code)] = pk
            named.setdefault(cells.folded(called), []).append(str(code))
        return keys, {called: codes[0] for called, codes in named.items() if len(codes) == 1}

    def says(self) -> str:
        return _("编号或全称，须已在册")


def degrees(point: Sequence[float] | None) -> str:
    """`41.792345° N, 123.376543° E` of [lon, lat]; latitude first, as it is read out."""
    if not point:
        return ""
    lon, lat = point
    return f"{abs(lat):.5f}° {'N' if lat >= 0 else 'S'}, {abs(lon):.5f}° {'E' if lon >= 0 else 'W'}"


@dataclass(frozen=True, eq=False)
class Position(Kind):
    """A point: two columns of a sheet, longitude and latitude in degrees of WGS 84."""

    name: str = "point"

    def plain(self, stored: Any) -> Any:
        return [stored.x, stored.y] if stored else None

    def show(self, plain: Any) -> str:
        return degrees(plain)

    def store(self, plain: Any) -> Any:
        return (
            f"SRID=4326;POINT({plain[0]!r} {plain[1]!r})" if plain else None
        )  # a GEOS object a row costs ten times as much

    def says(self) -> str:
        return _("度，WGS-84；可写度分秒。高德、腾讯地图的坐标请在表头注明 GCJ-02")

    schema: Mapping[str, Any] = field(
        default_factory=lambda: {"type": ["array", "null"], "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
    )


@dataclass(frozen=True, eq=False)
class Column:
    """One column of a register. `path` is a field of the model, or `part__field` of the row it extends (one to one)."""

    path: str
    label: Any
    kind: Kind = field(default_factory=Kind)
    key: bool = False
    telling: bool = False
    """Tells rows of an equal key apart; it may be empty, and a sheet may lack it."""
    required: bool = False
    facet: bool = False
    search: bool = False
    shown: bool = True
    editable: bool = True
    unit: Any = ""
    note: Any = ""
    aliases: tuple[str, ...] = ()

    @cached_property
    def code(self) -> str:
        return self.path.rpartition("__")[2]

    @property
    def personal(self) -> bool:
        return isinstance(self.kind, Phone)

    @cached_property
    def read_path(self) -> str:
        """What a query selects: the code of a row referred to, else the field itself."""
        return f"{self.path}__{self.kind.by}" if isinstance(self.kind, Ref) else self.path

    @cached_property
    def name_path(self) -> str:
        return f"{self.path}__{self.kind.called}" if isinstance(self.kind, Ref) else self.path

    def title(self) -> str:
        """With its unit, as it heads a column of a sheet."""
        return f"{self.label}（{self.unit}）" if self.unit else str(self.label)

    def names(self) -> Iterable[str]:
        """What a header may call it: both languages, the code, other usual words."""
        for language in ("zh-hans", "en"):
            with override(language):
                yield str(self.label)
        yield from (self.code, *self.aliases)
