"""What any list is, be it a register that is kept in it or one that is only read: columns over a table, and a scope."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db.models import Field, Model, QuerySet

from fengsui.core import policy
from fengsui.core.ledger.columns import Column, Position
from fengsui.core.ledger.filters import Filter
from fengsui.core.models import InWorld
from fengsui.core.policy import Rule
from fengsui.kernel.actor import Actor

Visible = Callable[[Actor], QuerySet[Any]]


@dataclass(frozen=True, eq=False)
class Retire:
    """How a row goes out of use: a moment in `path` (None while in use), or a flag that becomes `off`."""

    path: str
    flag: bool = False
    also: Callable[[Any, bool], None] | None = None
    """What else goes out of use with the row, or comes back (True): (row, used)."""

    def in_use(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.filter(**({self.path: True} if self.flag else {f"{self.path}__isnull": True}))

    def out_of_use(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.filter(**({self.path: False} if self.flag else {f"{self.path}__isnull": False}))


@dataclass(frozen=True, slots=True)
class Given:
    """A view that the list itself offers, beside those that people keep: a name and what the address asks."""

    name: Any
    query: str


@dataclass(frozen=True, eq=False)
class Listed:
    """`visible_to(by)` is the scope: whoever may see the list (`view`) sees these rows, whatever an address asks."""

    app: str
    code: str
    name: Any
    model: type[Model]
    columns: Sequence[Column]
    visible_to: Visible
    view: Rule
    title: str = field(default="name", kw_only=True)
    order: str = field(default="code", kw_only=True)
    about: Any = field(default="", kw_only=True)
    origin: str = field(default="", kw_only=True)
    """Path to the nature of the data of what a row belongs to, where the rows themselves do not say it."""
    filters: Sequence[Filter] = field(default=(), kw_only=True)
    retire: Retire | None = field(default=None, kw_only=True)

    @property
    def verb(self) -> str:
        return f"{self.app}.{self.code}"

    @property
    def home(self) -> str:
        """The address of the list's page."""
        raise NotImplementedError

    @property
    def given(self) -> Sequence[Given]:
        """The views that everybody has; the first one is what a bare address opens."""
        raise NotImplementedError

    everything = "view=all"
    """What an address says for "as the list is", over the view that a person chose to begin with."""

    def may_share(self, by: Actor) -> bool:
        """Who says how everybody may see it."""
        raise NotImplementedError

    @property
    def in_world(self) -> bool:
        return issubclass(self.model, InWorld)

    @cached_property
    def by_code(self) -> dict[str, Column]:
        return {column.code: column for column in self.columns}

    @cached_property
    def by_filter(self) -> dict[str, Filter]:
        return {each.code: each for each in self.filters}

    @cached_property
    def narrowing(self) -> frozenset[str]:
        """Codes by which an address may filter."""
        return frozenset([*self.by_code, *self.by_filter])

    @cached_property
    def turning(self) -> frozenset[str]:
        """Codes by which an address may order."""
        return frozenset(code for code, column in self.by_code.items() if not isinstance(column.kind, Position))

    @cached_property
    def keys(self) -> list[Column]:
        return [column for column in self.columns if column.key]

    @cached_property
    def geometry(self) -> Column | None:
        return next((column for column in self.columns if isinstance(column.kind, Position)), None)

    @cached_property
    def provenance(self) -> Column | None:
        return self.by_code.get("provenance")

    def made_up(self, by: Actor) -> QuerySet[Any]:
        """The visible rows that are illustrative; pages and exports say so."""
        path = self.provenance.path if self.provenance else self.origin
        rows = self.rows(by)
        return rows.filter(**{path: "illustrative"}) if path else rows.none()

    def field_of(self, path: str) -> Field[Any, Any]:
        """The model's field at the end of a path `name` or `part__name`."""
        model: type[Model] = self.model
        *parts, last = path.split("__")
        for part in parts:
            model = model._meta.get_field(part).related_model  # type: ignore[assignment]  # a column's path was checked when the list was declared
        return model._meta.get_field(last)  # type: ignore[return-value]  # a column's path was checked when the list was declared

    def rows(self, by: Actor) -> QuerySet[Any]:
        """What this person may see of it. Raises Forbidden."""
        policy.require(by, f"{self.verb}.view")
        return self.visible_to(by)

    def old(self, asked: dict[str, list[str]]) -> dict[str, list[str]]:
        """An address's words; those of an earlier form of the page said as they are now."""
        return asked
