"""Codes of other rows kept as text: one, or several in the order that counts (who is called first)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext as _

from fengsui.core.ledger import cells
from fengsui.core.ledger.cells import BadCell
from fengsui.core.ledger.columns import Column, Kind, Read

BETWEEN = re.compile(r"[、,，;；→\n\r]+")


@dataclass(frozen=True, eq=False)
class Refs(Kind):
    """Several rows by their codes, in order; a cell may hold codes, full names, or both (`S-1 启工街道值守`)."""

    model: type[Model] | None = None
    by: str = "code"
    called: str = "name"
    name: str = "refs"
    names: Mapping[str, str] | None = None

    def ready(self) -> Kind:
        """The same kind with the names read, for showing many rows: one query."""
        return replace(self, names=self._names())

    def _names(self) -> dict[str, str]:
        assert self.model is not None
        listed = self.model._base_manager.values_list(self.by, self.called)
        return {str(code): str(called) for code, called in listed}

    def reader(self, column: Column) -> Read:
        """Raises BadCell("unknown_code") for a row that is not registered or a name that several bear."""
        names = self._names()
        named: dict[str, list[str]] = {}
        for code, called in names.items():
            named.setdefault(cells.folded(called), []).append(code)

        def one(text: str) -> str:
            if text in names:
                return text
            if len(found := named.get(text, [])) == 1:
                return found[0]
            code, _space, rest = text.partition(" ")
            if code in names and cells.folded(names[code]) == rest.strip():
                return code
            raise BadCell("unknown_code", text=text)

        def read(value: Any) -> list[str]:
            text = cells.text_of(value)
            if cells.folded(text) in cells.MISSING:
                return []
            found = [one(part) for each in BETWEEN.split(text) if (part := cells.folded(each))]
            again = next((code for index, code in enumerate(found) if code in found[:index]), "")
            if again:
                raise BadCell("named_twice", text=again)
            return found

        return read

    def plain(self, stored: Any) -> Any:
        return list(stored or [])

    def show(self, plain: Any) -> str:
        names = self.names or {}
        return " → ".join(names.get(code) or code for code in plain or [])

    def sheet(self, plain: Any) -> str:
        """`code name、code name`, so that people can read it; only the code where its name holds a separator."""
        names = self.names or {}
        return "、".join(
            f"{code} {names[code]}" if names.get(code) and not BETWEEN.search(names[code]) else code
            for code in plain or []
        )

    def says(self) -> str:
        return _("编号或全称，按先后用顿号隔开，须已在册")

    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "array", "items": {"type": "string"}})
