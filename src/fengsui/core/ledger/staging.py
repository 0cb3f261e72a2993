"""The temporary table of staged rows: its columns, what is copied into it, and the register's tables beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Self

from django.db import connection
from django.db.models import NOT_PROVIDED, Model

from fengsui.core.ledger.check import Fault, References
from fengsui.core.ledger.choices import Choice
from fengsui.core.ledger.columns import Column, Kind, Ref
from fengsui.core.ledger.register import Register
from fengsui.kernel.actor import Actor

TABLE = "core_ledger_staged"


def quoted(name: str | None) -> str:
    return str(connection.ops.quote_name(name or ""))


class Table:
    """The temporary table of one register; use as a context manager, it is dropped at the end."""

    def __init__(
        self, register: Register, by: Actor, columns: Sequence[Column], pinned: Any = None, keyed: bool = False
    ) -> None:
        """`pinned`: the key of the one row that is meant, whatever its key columns say. `keyed`: each row says its own
        key under `pk`; then there are no new ones, and no key columns are needed."""
        self.pinned, self.keyed = pinned, keyed
        self.register, self.by, self.columns = register, by, list(columns)
        self.known = References(self.columns)
        self.back: dict[str, dict[Any, str]] = {
            code: {pk: each for each, pk in keys.items()} for code, keys in self.known.keys.items()
        }
        self.faults: dict[int, list[Fault]] = {}
        self.repeated: list[tuple[int, int]] = []
        meta = register.model._meta
        self.base = quoted(meta.db_table)
        self.pk = quoted(meta.pk.column)
        self.pk_type = self._type(meta.pk)
        self.fields = {column.code: register.field_of(column.path) for column in self.columns}
        self.own = [c for c in self.columns if isinstance(c.kind, Ref) and c.kind.model is register.model]

    def __enter__(self) -> Self:
        listed = [f"c_{c.code} {self._type(self.fields[c.code])}" for c in self.columns]
        listed += [f"own_{c.code} text" for c in self.own]
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE IF EXISTS {TABLE}")
            cursor.execute(
                f"CREATE TEMP TABLE {TABLE} (n int, pk {self.pk_type}, fresh bool DEFAULT false, {', '.join(listed)})"
            )
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if connection.connection is not None and not connection.needs_rollback:
            with connection.cursor() as cursor:
                cursor.execute(f"DROP TABLE IF EXISTS {TABLE}")

    @staticmethod
    def _type(field: Any) -> str:
        while field.is_relation:
            field = field.target_field
        text = field.db_type(connection)
        return {"serial": "integer", "bigserial": "bigint"}.get(text, text)

    def put(self, rows: Iterable[tuple[int, dict[str, Any]]]) -> int:
        """COPY plain values in; columns that a row lacks are empty. Returns how many rows."""
        stores = [self._store(column) for column in self.columns]
        own = [column.code for column in self.own]
        lead = ["n", "pk"] if self.keyed else ["n"]
        names = ", ".join([*lead, *(f"c_{c.code}" for c in self.columns), *(f"own_{code}" for code in own)])
        count = 0
        with connection.cursor() as cursor:
            with cursor.copy(f"COPY {TABLE} ({names}) FROM STDIN") as copy:
                write = copy.write_row
                for number, values in rows:
                    row: list[Any] = [number, values["pk"]] if self.keyed else [number]
                    for code, store in stores:
                        value = values.get(code)
                        row.append(store(value) if store else value)
                    for code in own:
                        row.append(values.get(code) or None)
                    write(row)
                    count += 1
            cursor.execute(f"ANALYZE {TABLE}")
        return count

    def _store(self, column: Column) -> tuple[str, Any]:
        field, kind = self.fields[column.code], column.kind
        if isinstance(kind, Ref):
            keys = self.known.keys[column.code]
            if not field.is_relation:  # a code kept as text
                return column.code, lambda value: value or ("" if not field.null else None)
            return column.code, lambda value: keys.get(value) if value else None
        empty: Any = None
        if not field.null and not isinstance(kind, Choice):
            empty = (
                field.get_default()
                if field.default is not NOT_PROVIDED
                else ""
                if field.empty_strings_allowed
                else None
            )
        # Kinds that store what they read, in a column that holds it as it is, need no function per cell.
        if type(kind).store is Kind.store and empty is None:
            return column.code, None
        if type(kind).store is Kind.store:
            return column.code, lambda value: empty if value is None or value == "" else value
        return column.code, lambda value: kind.store(empty if value is None else value)

    def _table(self, path: str) -> tuple[str, str]:
        """(table, key column) that holds a path's field."""
        part = path.rpartition("__")[0]
        if not part:
            return self.base, self.pk
        model: type[Model] = self.register.model._meta.get_field(part).related_model  # type: ignore[assignment]  # a column's path was checked when the register was declared
        return quoted(model._meta.db_table), quoted(model._meta.pk.column)

    def _joined(self) -> str:
        joins = [f"LEFT JOIN {self.base} b ON b.{self.pk} = i.pk"]
        for index, part in enumerate(self.register.parts):
            table, key = self._table(f"{part}__x")
            joins.append(f"LEFT JOIN {table} p{index} ON p{index}.{key} = i.pk")
        return " ".join(joins)

    def _held(self, column: Column) -> str:
        part = column.path.rpartition("__")[0]
        alias = f"p{self.register.parts.index(part)}" if part else "b"
        return f"{alias}.{quoted(self.fields[column.code].column)}"

    def _differs(self) -> str:
        return " OR ".join(self._unequal(column) for column in self.columns)

    def _unequal(self, column: Column) -> str:
        return f"{self._held(column)} IS DISTINCT FROM i.c_{column.code}"
