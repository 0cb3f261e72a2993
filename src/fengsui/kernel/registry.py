"""Catalogue folders found by their name: `<package>/<code>/__init__.py` defines ENTRY with `code == folder name`."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import Protocol, runtime_checkable


@runtime_checkable
class Entry(Protocol):
    @property
    def code(self) -> str: ...


@cache
def entries(package: str) -> dict[str, Entry]:
    """All entries of a catalogue package by code, sorted. Raises ValueError where name and code differ."""
    found: dict[str, Entry] = {}
    home = importlib.import_module(package)
    for info in sorted(pkgutil.iter_modules(home.__path__), key=lambda each: each.name):
        if not info.ispkg or info.name == "tests":
            continue
        entry = importlib.import_module(f"{package}.{info.name}").ENTRY
        if entry.code != info.name:
            raise ValueError(f"{package}.{info.name}: ENTRY.code is {entry.code!r}, the folder is {info.name!r}")
        found[info.name] = entry
    return found
