"""Making a platform for another district at a page: what the guided page asks of whoever reads and writes its files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

Words = tuple[str, str]
"""Chinese and English."""
FILES = ("boundary", "people", "places", "roads", "stations")
"""Steps that files are given for, in their order; accounts and the self-test follow on pages of their own."""


@dataclass(frozen=True, slots=True)
class SheetOf:
    """One sheet of a step: how many rows were taken, from which file, when (ISO 8601); 0 and '' where none was."""

    code: str
    words: Words
    needed: bool
    rows: int = 0
    file: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class Wrong:
    where: Words
    what: Words


@dataclass(frozen=True, slots=True)
class Tried:
    """What taking the given files would do. `mark` tells this trial from a later one.

    changes: (file, new, changed, gone). edited: file -> lines that somebody changed by hand. spots: name, lon, lat.
    """

    mark: str
    files: tuple[str, ...]
    wrong: tuple[Wrong, ...] = ()
    told: tuple[Words, ...] = ()
    counts: tuple[tuple[str, Words, int], ...] = ()
    changes: tuple[tuple[str, int, int, int], ...] = ()
    edited: Mapping[str, Sequence[str]] = field(default_factory=dict)
    spots: tuple[tuple[str, float, float], ...] = ()
    outline: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """Of the job that loads what was taken. state: '' | waiting | running | done | failed. at: seconds since 1970."""

    state: str = ""
    step: str = ""
    lines: tuple[Words, ...] = ()
    at: float = 0.0


class OwnDistrict(Protocol):
    """Raises Invalid("district.setup.…") where files cannot be used, Refused where the trial is out of date."""

    @property
    def open(self) -> bool:
        """Whether this installation's district is still being made."""

    @property
    def folder(self) -> str: ...

    def sheets(self, step: str) -> list[SheetOf]: ...

    def template(self, form: str) -> bytes:
        """Raises NotFound("district.setup.no_sheet")."""

    def waiting(self) -> list[tuple[str, int]]:
        """Extracts in the folder for incoming files: name and bytes."""

    def give(
        self, step: str, files: Sequence[tuple[str, bytes]], named: str = "", *, invent: bool = False
    ) -> Tried: ...

    def tried(self, step: str) -> Tried | None: ...

    def drop(self, step: str) -> None: ...

    def take(self, step: str, mark: str, *, overwrite: bool = False) -> int:
        """Writes the files; how many."""

    def finish(self) -> None: ...

    def progress(self) -> Progress: ...

    def note(self, progress: Progress) -> None: ...

    def load(self, step: str, tell: Callable[[str, str], None]) -> dict[str, int]:
        """The files into the database; with step `roads` tiles, graph and base map too. Idempotent."""
