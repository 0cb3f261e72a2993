"""Reading the files of one folder, with errors that say where in it."""

from __future__ import annotations

import csv
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from fengsui.kernel.district.errors import DistrictError

TAKEN = "taken"
"""The part of a district's folder that `district take` writes; the rest is written by people."""


class Files:
    """The folder, and errors that say where in it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.taken = home.name != TAKEN
        self._read: dict[str, dict[str, Any]] = {}

    def yaml(self, name: str) -> dict[str, Any]:
        if name not in self._read:
            path = self.home / name
            if not path.exists() and (self.home / TAKEN / name).exists():
                path = self.home / TAKEN / name
            try:
                content = yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueLoader)  # noqa: S506 - a SafeLoader
            except FileNotFoundError:
                raise DistrictError("district.load.missing_file", file=str(path), key="", fix="add the file") from None
            except (yaml.YAMLError, UnicodeDecodeError) as broken:
                fix = "mend the YAML: " + " ".join(str(broken).split())
                raise DistrictError("district.load.not_yaml", file=str(path), key="", fix=fix) from None
            if not isinstance(content, dict):
                raise DistrictError("district.load.not_yaml", file=str(path), key="", fix="begin with `key: value`")
            self._read[name] = self._with_taken(name, content)
        return self._read[name]

    def written(self, name: str) -> dict[str, Any] | list[dict[str, str]]:
        """A file as people wrote it, without what sheets brought. {} where there is none."""
        if not (self.home / name).exists():
            return {}
        alone = Files(self.home)
        alone.taken = False
        return alone.csv(name)[1] if name.endswith(".csv") else alone.yaml(name)

    def optional(self, name: str) -> dict[str, Any]:
        """The file, or {} where there is none, here or among what was taken."""
        return self.yaml(name) if (self.home / name).exists() or (self.home / TAKEN / name).exists() else {}

    def _with_taken(self, name: str, written: dict[str, Any]) -> dict[str, Any]:
        """What sheets brought (`taken/NAME`) laid over what people wrote: a row replaces the one of its code."""
        above = self.home / TAKEN / name
        if not above.exists() or not self.taken:
            return written
        merged = dict(written)
        for key, value in Files(above.parent).yaml(name).items():
            held = merged.get(key)
            merged[key] = rows_over(held, value) if isinstance(held, list) and isinstance(value, list) else value
        return merged

    def csv(self, name: str) -> tuple[dict[str, str], list[dict[str, str]]]:
        """Head comments (`# key: value`) and rows."""
        path = self.home / name
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except FileNotFoundError:
            raise DistrictError("district.load.missing_file", file=str(path), key="", fix="add the file") from None
        notes = [line[1:].partition(":") for line in lines if line.startswith("#")]
        rows = list(csv.DictReader(line for line in lines if line.strip() and not line.startswith("#")))
        if self.taken and (self.home / TAKEN / name).exists():
            rows = rows_over(rows, Files(self.home / TAKEN).csv(name)[1])
        return {key.strip(): value.strip() for key, _, value in notes}, rows

    def key(self, content: Mapping[str, Any], key: str, name: str) -> Any:
        try:
            return content[key]
        except KeyError:
            raise DistrictError(
                "district.load.missing_key", file=str(self.home / name), key=key, fix=f"add `{key}:`"
            ) from None

    def make[T: BaseModel](self, model: type[T], content: Mapping[str, Any], name: str, where: str = "") -> T:
        try:
            return model.model_validate(content)
        except ValidationError as broken:
            first = broken.errors()[0]
            key = ".".join(str(part) for part in (*([where] if where else []), *first["loc"]))
            found = "" if first["type"] == "missing" else f" (found {first['input']!r})"[:120]
            more = f"; {broken.error_count() - 1} more" if broken.error_count() > 1 else ""
            raise DistrictError(
                "district.load.invalid", file=str(self.home / name), key=key, fix=first["msg"] + found + more
            ) from None

    def part[T: BaseModel](self, model: type[T], content: Mapping[str, Any], key: str, name: str) -> T:
        """One object below a key."""
        value = self.key(content, key, name)
        return self.make(model, value, name, key)

    def many[T: BaseModel](self, model: type[T], content: Mapping[str, Any], key: str, name: str) -> list[T]:
        """A list of objects that inherit provenance and source from the head of their file."""
        head = head_of(content)
        rows = self.key(content, key, name)
        if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
            raise DistrictError(
                "district.load.invalid", file=str(self.home / name), key=key, fix="give a list of objects"
            )
        return [self.make(model, {**head, **row}, name, f"{key}.{_name(row, i)}") for i, row in enumerate(rows)]


class _UniqueLoader(yaml.SafeLoader):
    """Refuses a key that is given twice, which YAML lets pass silently."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [key.value for key, _ in node.value]
        twice = {str(key) for key in keys if keys.count(key) > 1}
        if twice:
            raise yaml.constructor.ConstructorError(None, None, f"key given twice: {sorted(twice)}", node.start_mark)
        return super().construct_mapping(node, deep)


def rows_over(written: list[Any], taken: list[Any]) -> list[Any]:
    """Rows in the order of what was written, replaced by the taken row of the same code, then the new ones."""
    named = {_name(row, 0): row for row in taken if isinstance(row, Mapping)}
    known = {_name(row, 0) for row in written if isinstance(row, Mapping)}
    kept = [named.get(_name(row, 0), row) if isinstance(row, Mapping) else row for row in written]
    return [*kept, *(row for row in taken if not isinstance(row, Mapping) or _name(row, 0) not in known)]


def head_of(content: Mapping[str, Any]) -> dict[str, Any]:
    return {key: content[key] for key in ("provenance", "source") if key in content}


def _name(row: Mapping[str, Any], index: int) -> str:
    return str(row.get("code") or row.get("kind") or row.get("login") or index)
