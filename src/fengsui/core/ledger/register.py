"""A register (台账) declared once: list, filter, form, sheet, import, export, history, map and API come from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from fengsui.core import policy
from fengsui.core.ledger.choices import Words
from fengsui.core.ledger.columns import Column, Number
from fengsui.core.ledger.listed import Given, Listed
from fengsui.core.policy import Rule
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import NotFound

SIZES: dict[str, tuple[float, float]] = {
    "PositiveSmallIntegerField": (0, 32767),
    "SmallIntegerField": (-32768, 32767),
    "PositiveIntegerField": (0, 2**31 - 1),
    "IntegerField": (-(2**31), 2**31 - 1),
    "FloatField": (-1e12, 1e12),
}


@dataclass(frozen=True, eq=False)
class Card:
    """What the card of a row says beside name, code, area, position and the QR code of its page.

    `says`: codes of columns. `answers`: `post name` of who answers for each key, as far as the reader may see them.
    """

    says: Sequence[str] = ()
    answers: Callable[[Sequence[Any], Actor], Mapping[Any, Sequence[str]]] | None = None


@dataclass(frozen=True, eq=False)
class Register(Listed):
    """One table that people keep.

    `visible_to(by)` is the scope: whoever may see the register sees these rows, and may leave a row only inside them.
    Not more than two overrides: `fresh` gives values of a new row that no column holds, `after` sets what follows from
    other columns (it gets the keys of the rows that were written). Who needs more writes pages.
    """

    edit: Rule | None = None
    bring: Rule | None = None
    end: Rule | None = None
    """Who may retire and restore, where that is not who may edit: rows of a read-only register can be retired too."""
    fresh: Callable[[Actor], Mapping[str, Any]] | None = None
    after: Callable[[Sequence[Any], Actor], None] | None = None
    page: Callable[[Any], str] | None = None
    card: Card | None = None
    """Where rows are things out there that get a card on their wall or door."""
    whole: bool = False
    """Rows refer to each other: a sheet is taken over in one transaction, however long."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", tuple(self._bounded(column) for column in self.columns))

    def _bounded(self, column: Column) -> Column:
        """The column with what its table can hold: lengths of text, sizes of numbers."""
        stored, kind = self.field_of(column.path), column.kind
        longest = getattr(stored, "max_length", None)
        if not kind.longest and longest and not isinstance(kind, Words):
            kind = replace(kind, longest=longest)
        if isinstance(kind, Number) and stored.get_internal_type() in SIZES:
            least, most = SIZES[stored.get_internal_type()]
            kind = replace(
                kind, least=least if kind.least is None else kind.least, most=most if kind.most is None else kind.most
            )
        return replace(column, kind=kind)

    @property
    def read_only(self) -> bool:
        return self.edit is None

    @property
    def home(self) -> str:
        return reverse("ledger:register-show", args=[self.code])

    @property
    def given(self) -> Sequence[Given]:
        return (Given(_("全部"), self.everything),)

    def may_share(self, by: Actor) -> bool:
        return policy.can(by, f"{self.verb}.edit") or policy.can(by, f"{self.verb}.retire")

    @cached_property
    def writable(self) -> list[Column]:
        return [column for column in self.columns if column.editable]

    @cached_property
    def parts(self) -> list[str]:
        """The rows this one extends, one to one, with the same key: they are written first."""
        return sorted({path.rpartition("__")[0] for path in self.stored_paths if "__" in path})

    @cached_property
    def stored_paths(self) -> list[str]:
        found = [column.path for column in self.columns]
        return [*found, self.retire.path] if self.retire else found

    def schema(self) -> dict[str, Any]:
        """JSON Schema of a row, for the API."""
        properties = {
            column.code: {**column.kind.schema, "title": str(column.label), "readOnly": not column.editable}
            for column in self.columns
        }
        required = [column.code for column in self.columns if column.required or column.key]
        return {"type": "object", "title": str(self.name), "properties": properties, "required": required}


_registers: dict[str, Register] = {}


def add(register: Register) -> Register:
    """Declare a register; its four verbs become policy. Raises ValueError where the declaration is not whole."""
    if register.code in _registers:
        raise ValueError(f"register {register.code!r} defined twice")
    if not register.keys:
        raise ValueError(f"register {register.code!r} has no key column")
    if register.card and not set(register.card.says) <= set(register.by_code):
        raise ValueError(f"the card of {register.code!r} names a column that is none")
    if len(register.by_code) != len(register.columns):
        raise ValueError(f"register {register.code!r} has two columns of one name")
    _registers[register.code] = register
    policy.rule(f"{register.verb}.view")(register.view)
    listed = {
        "edit": register.edit,
        "import": register.bring or register.edit,
        "retire": (register.end or register.edit) if register.retire else None,
    }
    for verb, rule in listed.items():
        if rule is not None:
            policy.rule(f"{register.verb}.{verb}")(rule)
    return register


def registers() -> dict[str, Register]:
    """All declared ones: each app's `ledger.py` is imported when the apps are ready."""
    return _registers


def register(code: str) -> Register:
    """Raises NotFound("core.ledger.no_register")."""
    found = registers().get(code)
    if found is None:
        raise NotFound("core.ledger.no_register", register=code)
    return found


def seen_by(by: Actor) -> list[Register]:
    """The registers this person may open."""
    return [each for each in registers().values() if policy.can(by, f"{each.verb}.view")]
