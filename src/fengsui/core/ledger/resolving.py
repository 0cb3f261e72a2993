"""Who is who: which registered row each staged one means, and which staged rows cannot be taken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import AutoField, Model

from fengsui.core.ledger.check import Fault
from fengsui.core.ledger.choices import Choice
from fengsui.core.ledger.columns import Column, Phone, Ref
from fengsui.core.ledger.staging import TABLE, Table, quoted


def out_of_use(model: type[Model]) -> bool:
    """Whether rows of this table can go out of use one by one."""
    return any(each.name == "retired_at" for each in model._meta.concrete_fields)


class Resolved(Table):
    """Staged rows with the keys of the rows they mean."""

    def resolve(self) -> None:
        """Give every staged row the key of the row it means, or a new one; take out what cannot be."""
        register = self.register
        keys = register.keys
        with connection.cursor() as cursor:
            if self.pinned is not None:
                cursor.execute(f"UPDATE {TABLE} SET pk = %s", [self.pinned])
            elif not self.keyed:
                self._match(cursor)
            self._unique(cursor)
            if self.keyed:
                self._as_it_was(cursor)
                self._no_retired(cursor)
                return
            pk_column = next((c for c in keys if self.fields[c.code].primary_key), None)
            made = f"c_{pk_column.code}" if pk_column else self._new_key()
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
                self.take_out(cursor, faults)
            if self.own:  # a parent that the same sheet makes is told by its code, too
                cursor.execute(f"SELECT pk, c_{keys[0].code} FROM {TABLE} WHERE fresh")
                made_here = dict(cursor.fetchall())
                for column in self.own:
                    self.back[column.code] |= made_here
            self._as_it_was(cursor)
            self._no_retired(cursor)

    def _new_key(self) -> str:
        if isinstance(self.register.model._meta.pk, AutoField):
            return f"nextval(pg_get_serial_sequence('{self.base}', '{self.register.model._meta.pk.column}'))"
        return "gen_random_uuid()"

    def _match(self, cursor: Any) -> None:
        """By the key columns. A column that tells equal ones apart counts where the sheet has it and the key alone
        means several; one that is empty on either side stops nobody from being who he is."""
        keys = self.register.keys
        telling = [column for column in self.columns if column.telling]
        whole = [*keys, *telling]
        paths = [self._stored_path(column) for column in whole]
        self._twice(cursor, whole)
        visible = self.register.visible_to(self.by).order_by().values_list("pk", *paths).query
        sql, params = visible.sql_with_params()
        names = ", ".join(f"k{index}" for index in range(len(whole)))
        cursor.execute(f"CREATE TEMP TABLE {TABLE}_seen AS SELECT * FROM ({sql}) AS v(pk, {names})", params)
        cursor.execute(f"ANALYZE {TABLE}_seen")
        pairs = [f"v.k{index} = i.c_{column.code}" for index, column in enumerate(whole)]
        same, loose = " AND ".join(pairs), " AND ".join(pairs[: len(keys)])
        self._ambiguous(cursor, same)
        cursor.execute(f"UPDATE {TABLE} i SET pk = v.pk FROM {TABLE}_seen v WHERE {same}")
        if telling:
            by = ", ".join(f"c_{column.code}" for column in keys)
            held = ", ".join(f"k{index}" for index in range(len(keys)))
            empty = " AND ".join(
                f"(i.c_{column.code} = '' OR v.k{len(keys) + at} = '')" for at, column in enumerate(telling)
            )
            nameless = " AND ".join(f"i.c_{column.code} = ''" for column in telling)
            self._ambiguous(cursor, f"{loose} AND i.pk IS NULL AND {nameless}")
            cursor.execute(
                f"UPDATE {TABLE} i SET pk = v.pk FROM {TABLE}_seen v WHERE i.pk IS NULL AND {loose} AND {empty} "
                f"AND ({by}) IN (SELECT {by} FROM {TABLE} GROUP BY {by} HAVING count(*) = 1) "
                f"AND ({held}) IN (SELECT {held} FROM {TABLE}_seen GROUP BY {held} HAVING count(*) = 1)"
            )
        cursor.execute(f"DROP TABLE {TABLE}_seen")
        self._hidden(cursor, whole, paths)

    def _ambiguous(self, cursor: Any, same: str) -> None:
        cursor.execute(f"SELECT i.n FROM {TABLE} i JOIN {TABLE}_seen v ON {same} GROUP BY i.n HAVING count(*) > 1")
        telling = next((column for column in self.register.columns if column.telling), None)
        key = self.register.keys[0].code
        fault = Fault(key, "core.ledger.ambiguous", {})
        if telling:
            fault = Fault(key, "core.ledger.which_one", {"column": str(telling.label)})
        faults = [(n, fault) for (n,) in cursor.fetchall()]
        self.take_out(cursor, faults)

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
            self.take_out(cursor, [(n, Fault(column.code, "core.ledger.retired_ref", facts)) for n, facts in told])

    def _incomplete(self, cursor: Any) -> None:
        """New rows of a sheet that lacks a required column."""
        absent = [c for c in self.register.writable if c.required and c not in self.columns]
        if absent:
            cursor.execute(f"SELECT n FROM {TABLE} WHERE fresh")
            numbers = [n for (n,) in cursor.fetchall()]
            faults = [(n, Fault(c.code, "core.ledger.needed_for_new", {})) for n in numbers for c in absent]
            self.take_out(cursor, faults)

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
        self.take_out(cursor, faults)

    def _hidden(self, cursor: Any, keys: Sequence[Column], paths: Sequence[str]) -> None:
        """Keys that rows out of this person's scope already bear."""
        rows = self.register.model._base_manager.order_by()
        if self.register.in_world:
            rows = rows.filter(world_id=self.by.world)
        sql, params = rows.values_list(*paths).query.sql_with_params()
        names = ", ".join(f"k{index}" for index in range(len(keys)))
        same = " AND ".join(f"v.k{index} = i.c_{column.code}" for index, column in enumerate(keys))
        cursor.execute(f"SELECT i.n FROM {TABLE} i JOIN ({sql}) AS v({names}) ON {same} WHERE i.pk IS NULL", params)
        self.take_out(cursor, [(n, Fault(keys[0].code, "core.ledger.elsewhere", {})) for (n,) in cursor.fetchall()])

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
            self.take_out(cursor, faults)

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
                self.take_out(cursor, [(n, Fault(column.code, "core.ledger.masked", {})) for (n,) in cursor.fetchall()])
                cursor.execute(
                    f"UPDATE {TABLE} i SET {name} = t.{quoted(self.fields[column.code].column)} FROM {table} t "
                    f"WHERE t.{key} = i.pk AND i.{name} LIKE '%%*%%'"
                )

    def take_out(self, cursor: Any, faults: Sequence[tuple[int, Fault]]) -> None:
        """These rows cannot be taken; the others go on."""
        for number, fault in faults:
            self.faults.setdefault(number, []).append(fault)
        if faults:
            cursor.execute(f"DELETE FROM {TABLE} WHERE n = ANY(%s)", [sorted({n for n, _f in faults})])
