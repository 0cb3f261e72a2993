"""Rows beside the register: COPY into a temporary table, compared in SQL, merged where they differ.

One way for a form's one row and a sheet's hundred thousand. Nothing here asks who may: `taking` and `editing` did.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, models
from django.db.models import NOT_PROVIDED, Model

from fengsui.core.ledger.columns import Column, Phone, Position, Ref, masked
from fengsui.core.ledger.resolving import Resolved
from fengsui.core.ledger.staging import TABLE, quoted


@dataclass(frozen=True, slots=True)
class Change:
    """One row that is new or differs: plain values of the changed columns, as they were and as they will be."""

    number: int
    key: Any
    name: str
    fresh: bool
    before: dict[str, Any]
    after: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tally:
    fresh: int
    changed: int
    same: int


WAS = "_was"
"""Ends the name of the field that keeps what a personal one held before its last change."""


class Staged(Resolved):
    """Staged rows compared with the register, and merged into it."""

    def tally(self) -> Tally:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FILTER (WHERE i.fresh), "
                f"count(*) FILTER (WHERE NOT i.fresh AND ({self._differs()})), count(*) "
                f"FROM {TABLE} i {self._joined()}"
            )
            fresh, changed, whole = cursor.fetchone()
        return Tally(fresh, changed, whole - fresh - changed)

    def changes(
        self,
        first: int = 0,
        last: int = 2**31 - 1,
        limit: int | None = None,
        *,
        fresh: bool = True,
        changed: bool = True,
    ) -> Iterator[Change]:
        """New and differing rows numbered `first` to `last`, in the sheet's order."""
        columns = self.columns
        wanted = [
            each for each, asked in (("i.fresh", fresh), (f"(NOT i.fresh AND ({self._differs()}))", changed)) if asked
        ]
        if not wanted:
            return
        title = self._title()
        picked = ", ".join(
            [
                f"i.n, i.pk, i.fresh, {title}",
                *(self._plainly(f"i.c_{c.code}", c) for c in columns),
                *(self._plainly(self._held(c), c) for c in columns),
            ]
        )
        cut = f" LIMIT {int(limit)}" if limit is not None else ""
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {picked} FROM {TABLE} i {self._joined()} WHERE i.n BETWEEN %s AND %s "
                f"AND ({' OR '.join(wanted)}) ORDER BY i.n{cut}",
                [first, last],
            )
            rows = cursor.fetchall()
        width = len(columns)
        for row in rows:
            number, key, is_fresh, name = row[:4]
            before, after = {}, {}
            for index, column in enumerate(columns):
                new, old = row[4 + index], row[4 + width + index]
                if is_fresh:
                    if new not in (None, "", []):
                        after[column.code] = self._plain(column, new)
                elif new != old:
                    before[column.code], after[column.code] = self._plain(column, old), self._plain(column, new)
            yield Change(number, key, str(name or ""), is_fresh, before, after)

    def _title(self) -> str:
        column = self.register.by_code.get(self.register.title)
        if column and column.code in self.fields:
            return f"i.c_{column.code}::text"
        field = self.register.field_of(column.path if column else self.register.title)
        part = (column.path if column else "").rpartition("__")[0]
        alias = f"p{self.register.parts.index(part)}" if part in self.register.parts else "b"
        return f"{alias}.{quoted(field.column)}::text"

    @staticmethod
    def _plainly(name: str, column: Column) -> str:
        if isinstance(column.kind, Position):
            return f"CASE WHEN {name} IS NULL THEN NULL ELSE ARRAY[ST_X({name}), ST_Y({name})] END"
        return name

    def _plain(self, column: Column, value: Any) -> Any:
        if isinstance(column.kind, Ref) and self.fields[column.code].is_relation:
            return self.back[column.code].get(value, None if value is None else str(value))
        if isinstance(column.kind, Position):
            return value
        if isinstance(column.kind, Phone):
            return masked(value)
        if isinstance(self.fields[column.code], models.JSONField) and isinstance(value, str):
            value = json.loads(value)
        return column.kind.plain(value)

    def lock(self, first: int, last: int) -> None:
        """Hold the rows that are meant, in one order for everybody."""
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT 1 FROM {self.base} b JOIN {TABLE} i ON b.{self.pk} = i.pk WHERE i.n BETWEEN %s AND %s "
                f"ORDER BY b.{self.pk} FOR UPDATE OF b",
                [first, last],
            )

    def merge(self, first: int, last: int, *, fresh: bool = True, changed: bool = True) -> None:
        """Write rows numbered `first` to `last`: parts before the rows that extend them."""
        between = "i.n BETWEEN %s AND %s"
        rest = dict(self.register.fresh(self.by)) if self.register.fresh else {}
        if self.register.in_world:
            rest.setdefault("world", self.by.world)
        with connection.cursor() as cursor:
            for part in [*self.register.parts, ""]:
                table, key = self._table(f"{part}__x" if part else "x")
                columns = [c for c in self.columns if c.path.rpartition("__")[0] == part]
                if fresh:
                    names, values, params = self._inserted(part, columns, rest)
                    cursor.execute(
                        f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(values)} FROM {TABLE} i "
                        f"WHERE i.fresh AND {between}",
                        [*params, first, last],
                    )
                columns = [c for c in columns if not self.fields[c.code].primary_key]
                if changed and columns:
                    held = [quoted(self.fields[c.code].column) for c in columns]
                    pairs = ", ".join(f"{name} = i.c_{c.code}" for name, c in zip(held, columns, strict=True))
                    differs = " OR ".join(
                        f"t.{name} IS DISTINCT FROM i.c_{c.code}" for name, c in zip(held, columns, strict=True)
                    )
                    kept = {each.column for each in self._model(part)._meta.concrete_fields}
                    for c in columns:  # a number that is in no record stays beside the new one, for an undo
                        column = str(self.fields[c.code].column)
                        if c.personal and column + WAS in kept:
                            was, name = quoted(column + WAS), quoted(column)
                            pairs += (
                                f", {was} = CASE WHEN t.{name} IS DISTINCT FROM i.c_{c.code} THEN t.{name} "
                                f"ELSE t.{was} END"
                            )
                    cursor.execute(
                        f"UPDATE {table} t SET {pairs} FROM {TABLE} i "
                        f"WHERE t.{key} = i.pk AND NOT i.fresh AND ({differs}) AND {between}",
                        [first, last],
                    )

    def _model(self, part: str) -> type[Model]:
        model: type[Model] = self.register.model
        if part:
            model = model._meta.get_field(part).related_model  # type: ignore[assignment]  # a column's path was checked when the register was declared
        return model

    def _inserted(
        self, part: str, columns: Sequence[Column], rest: dict[str, Any]
    ) -> tuple[list[str], list[str], list[Any]]:
        """Column names, expressions and parameters of a new row: staged ones, the key, and the model's own defaults."""
        model = self._model(part)
        staged = {self.fields[c.code].column: c for c in columns}
        names, values, params = [], [], []
        for field in model._meta.concrete_fields:
            if field.generated:
                continue
            names.append(quoted(field.column))
            given = rest.get(f"{part}__{field.name}" if part else field.name, NOT_PROVIDED)
            if field.primary_key:
                values.append("i.pk")
            elif field.column in staged:
                values.append(f"i.c_{staged[field.column].code}")
            else:
                value = given if given is not NOT_PROVIDED else field.get_default()
                values.append("%s::" + self._type(field))
                params.append(field.get_db_prep_save(value, connection) if not field.is_relation else value)
        return names, values, params
