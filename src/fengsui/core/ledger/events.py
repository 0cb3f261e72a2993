"""What registers announce: one kind of event for every change of every row."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class RowChanged:
    """A row was created, changed, retired or restored; `before` and `after` hold the changed columns only.

    Telephone numbers are masked in both: the record is for ever, and read by more people than the register.
    """

    register: str
    row_id: str
    name: str
    how: str
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SheetTaken:
    """A sheet was taken over: how many rows it made, changed, left as they were, and left out as wrong."""

    register: str
    file_name: str
    fresh: int
    changed: int
    same: int
    wrong: int
