"""Rows beside the register: COPY into a temporary table, compared in SQL, merged where they differ.

One way for a form's one row and a sheet's hundred thousand. Nothing here asks who may: `taking` and `editing` did.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, models
from django.db.models import NOT_PROVIDED, Model

from fengsui.core.ledger.check import Fault, References
from fengsui.core.ledger.choices import Choice
from fengsui.core.ledger.columns import Column, Kind, Phone, Position, Ref, masked
from fengsui.core.ledger.register import Register
from fengsui.kernel.actor import Actor

TABLE = "core_ledger_staged"


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


def out_of_use(model: type[Model]) -> bool:
    """Whether rows of this table can go out of use one by one."""
    return any(each.name == "retired_at" for each in model._meta.concrete_fields)


def quoted(name: str | None) -> str:
    return str(connection.ops.quote_name(name or ""))


class Staged:
    """The temporary table of one register; use as a context manager, it is dropped at the end."""

    def __init__(self, register: Register, by: Actor, columns: Sequence[Column]) -> None:
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

    # --- the table ---------------------------------------------------------------------------------------------

    def __enter__(self) -> Staged:
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
        names = ", ".join(["n", *(f"c_{c.code}" for c in self.columns), *(f"own_{code}" for code in own)])
        count = 0
        with connection.cursor() as cursor:
            with cursor.copy(f"COPY {TABLE} ({names}) FROM STDIN") as copy:
                write = copy.write_row
                for number, values in rows:
                    row: list[Any] = [number]
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

    # --- who is who --------------------------------------------------------------------------------------------

    def resolve(self) -> None:
        """Give every staged row the key of the row it means, or a new one; take out what cannot be."""
        register = self.register
        keys = register.keys
        paths = [self._stored_path(column) for column in keys]
        with connection.cursor() as cursor:
            self._twice(cursor, keys)
            visible = register.visible_to(self.by).order_by().values_list("pk", *paths).query
            sql, params = visible.sql_with_params()
            names = ", ".join(f"k{index}" for index in range(len(keys)))
            same = " AND ".join(f"v.k{index} = i.c_{column.code}" for index, column in enumerate(keys))
            cursor.execute(f"CREATE TEMP TABLE {TABLE}_seen AS SELECT * FROM ({sql}) AS v(pk, {names})", params)
            cursor.execute(f"ANALYZE {TABLE}_seen")
            cursor.execute(f"SELECT i.n FROM {TABLE} i JOIN {TABLE}_seen v ON {same} GROUP BY i.n HAVING count(*) > 1")
            self._take_out(
                cursor, [(n, Fault(keys[0].code, "core.ledger.ambiguous", {})) for (n,) in cursor.fetchall()]
            )
            cursor.execute(f"UPDATE {TABLE} i SET pk = v.pk FROM {TABLE}_seen v WHERE {same}")
            cursor.execute(f"DROP TABLE {TABLE}_seen")
            self._hidden(cursor, keys, paths)
            self._unique(cursor)
            pk_column = next((c for c in keys if self.fields[c.code].primary_key), None)
            made = f"c_{pk_column.code}" if pk_column else "gen_random_uuid()"
            cursor.execute(f"UPDATE {TABLE} SET pk = {made}, fresh = true WHERE pk IS NULL")
            self._incomplete(cursor)
            for column in self.own:
                cursor.execute(
                    f"UPDATE {TABLE} i SET c_{column.code} = j.pk FROM {TABLE} j "
                    f"WHERE i.c_{column.code} IS NULL AND j.c_{keys[0].code} = i.own_{column.code}"
                )
                cursor.execute(
                    f"SELECT n, own_{column.code} FROM {TABLE} "
                    f"WHERE own_{column.code} IS NOT NULL AND c_{column.code} IS NULL"
                )
                faults = [
                    (n, Fault(column.code, "core.ledger.unknown_code", {"text": code})) for n, code in cursor.fetchall()
                ]
                self._take_out(cursor, faults)
            if self.own:  # a parent that the same sheet makes is told by its code, too
                cursor.execute(f"SELECT pk, c_{keys[0].code} FROM {TABLE} WHERE fresh")
                made_here = dict(cursor.fetchall())
                for column in self.own:
                    self.back[column.code] |= made_here
            self._as_it_was(cursor)
            self._no_retired(cursor)

    def _no_retired(self, cursor: Any) -> None:
        """A row out of use is not chosen any more; what refers to it already may go on."""
        for column in self.columns:
            field = self.fields[column.code]
            if not isinstance(column.kind, Ref) or not field.is_relation or column.kind.model is None:
                continue
            if not out_of_use(column.kind.model):
                continue
            rows = column.kind.model._base_manager.filter(retired_at__isnull=False)
            names = dict(rows.values_list("pk", column.kind.called))
            if not names:
                continue
            cursor.execute(
                f"SELECT i.n, i.c_{column.code} FROM {TABLE} i {self._joined()} "
                f"WHERE i.c_{column.code} = ANY(%s) AND (i.fresh OR {self._unequal(column)})",
                [list(names)],
            )
            told = [(n, {"text": str(names[key])}) for n, key in cursor.fetchall()]
            self._take_out(cursor, [(n, Fault(column.code, "core.ledger.retired_ref", facts)) for n, facts in told])

    def _incomplete(self, cursor: Any) -> None:
        """New rows of a sheet that lacks a required column."""
        absent = [c for c in self.register.writable if c.required and c not in self.columns]
        if absent:
            cursor.execute(f"SELECT n FROM {TABLE} WHERE fresh")
            numbers = [n for (n,) in cursor.fetchall()]
            faults = [(n, Fault(c.code, "core.ledger.needed_for_new", {})) for n in numbers for c in absent]
            self._take_out(cursor, faults)

    def _stored_path(self, column: Column) -> str:
        field = self.fields[column.code]
        return f"{column.path}_id" if field.is_relation else column.path

    def _twice(self, cursor: Any, keys: Sequence[Column]) -> None:
        """The same key twice: equal rows count once, different ones are both wrong: nobody may guess which holds."""
        whole = ", ".join(f"c_{column.code}" for column in self.columns)
        listed = ", ".join(f"c_{column.code}" for column in keys)
        cursor.execute(
            f"SELECT array_agg(n ORDER BY n), count(DISTINCT ({whole}, 1)) FROM {TABLE} "
            f"GROUP BY {listed} HAVING count(*) > 1"
        )
        faults: list[tuple[int, Fault]] = []
        again: list[int] = []
        for numbers, kinds in cursor.fetchall():
            if kinds == 1:
                again += numbers[1:]
                self.repeated += [(n, numbers[0]) for n in numbers[1:]]
            else:
                for n in numbers:
                    others = "、".join(str(each) for each in numbers if each != n)
                    faults.append((n, Fault(keys[0].code, "core.ledger.twice", {"rows": others})))
        if again:
            cursor.execute(f"DELETE FROM {TABLE} WHERE n = ANY(%s)", [again])
        self._take_out(cursor, faults)

    def _hidden(self, cursor: Any, keys: Sequence[Column], paths: Sequence[str]) -> None:
        """Keys that rows out of this person's scope already bear."""
        rows = self.register.model._base_manager.order_by()
        if self.register.in_world:
            rows = rows.filter(world_id=self.by.world)
        sql, params = rows.values_list(*paths).query.sql_with_params()
        names = ", ".join(f"k{index}" for index in range(len(keys)))
        same = " AND ".join(f"v.k{index} = i.c_{column.code}" for index, column in enumerate(keys))
        cursor.execute(f"SELECT i.n FROM {TABLE} i JOIN ({sql}) AS v({names}) ON {same} WHERE i.pk IS NULL", params)
        self._take_out(cursor, [(n, Fault(keys[0].code, "core.ledger.elsewhere", {})) for (n,) in cursor.fetchall()])

    def _unique(self, cursor: Any) -> None:
        """Other columns that no two rows may share."""
        for column in self.columns:
            field = self.fields[column.code]
            if not field.unique or column.key:
                continue
            table, key = self._table(column.path)
            cursor.execute(
                f"SELECT i.n FROM {TABLE} i JOIN {table} t ON t.{quoted(field.column)} = i.c_{column.code} "
                f"WHERE t.{key} IS DISTINCT FROM i.pk AND NOT EXISTS (SELECT 1 FROM {TABLE} j WHERE j.pk = t.{key})"
            )
            faults = [(n, Fault(column.code, "core.ledger.in_use", {})) for (n,) in cursor.fetchall()]
            cursor.execute(
                f"SELECT n FROM (SELECT n, count(*) OVER (PARTITION BY c_{column.code}) AS k FROM {TABLE} "
                f"WHERE c_{column.code} IS NOT NULL) s WHERE k > 1"
            )
            faults += [(n, Fault(column.code, "core.ledger.in_use", {})) for (n,) in cursor.fetchall()]
            self._take_out(cursor, faults)

    def _as_it_was(self, cursor: Any) -> None:
        """A masked telephone number keeps the stored one, and so does a choice left empty where none may be missing."""
        rest = dict(self.register.fresh(self.by)) if self.register.fresh else {}
        for column in self.columns:
            field = self.fields[column.code]
            if isinstance(column.kind, Choice) and not field.null and not field.primary_key:
                name, (table, key) = f"c_{column.code}", self._table(column.path)
                cursor.execute(
                    f"UPDATE {TABLE} i SET {name} = t.{quoted(field.column)} FROM {table} t "
                    f"WHERE t.{key} = i.pk AND i.{name} IS NULL"
                )
                default = rest.get(column.path, field.get_default())
                if default not in (None, ""):
                    cursor.execute(f"UPDATE {TABLE} SET {name} = %s WHERE fresh AND {name} IS NULL", [default])
            if isinstance(column.kind, Phone):
                name = f"c_{column.code}"
                table, key = self._table(column.path)
                cursor.execute(f"SELECT n FROM {TABLE} WHERE fresh AND {name} LIKE '%%*%%'")
                self._take_out(
                    cursor, [(n, Fault(column.code, "core.ledger.masked", {})) for (n,) in cursor.fetchall()]
                )
                cursor.execute(
                    f"UPDATE {TABLE} i SET {name} = t.{quoted(self.fields[column.code].column)} FROM {table} t "
                    f"WHERE t.{key} = i.pk AND i.{name} LIKE '%%*%%'"
                )

    def _take_out(self, cursor: Any, faults: Sequence[tuple[int, Fault]]) -> None:
        for number, fault in faults:
            self.faults.setdefault(number, []).append(fault)
        if faults:
            cursor.execute(f"DELETE FROM {TABLE} WHERE n = ANY(%s)", [sorted({n for n, _f in faults})])

    # --- what differs ------------------------------------------------------------------------------------------

    def _table(self, path: str) -> tuple[str, str]:
        """(table, key column) that holds a path's field."""
        part = path.rpartition("__")[0]
        if not part:
            return self.base, self.pk
        model: type[Model] = self.register.model._meta.get_field(part).related_model  # type: ignore[assignment]
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

    # --- the merge ---------------------------------------------------------------------------------------------

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
                    cursor.execute(
                        f"UPDATE {table} t SET {pairs} FROM {TABLE} i "
                        f"WHERE t.{key} = i.pk AND NOT i.fresh AND ({differs}) AND {between}",
                        [first, last],
                    )

    def _inserted(
        self, part: str, columns: Sequence[Column], rest: dict[str, Any]
    ) -> tuple[list[str], list[str], list[Any]]:
        """Column names, expressions and parameters of a new row: staged ones, the key, and the model's own defaults."""
        model: type[Model] = self.register.model
        if part:
            model = model._meta.get_field(part).related_model  # type: ignore[assignment]
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
