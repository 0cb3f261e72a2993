"""Reading the files of one folder, with errors that say where in it."""

from __future__ import annotations

import csv
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from fengsui.kernel.district.errors import DistrictError


class Files:
    """The folder, and errors that say where in it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._read: dict[str, dict[str, Any]] = {}

    def yaml(self, name: str) -> dict[str, Any]:
        if name not in self._read:
            path = self.home / name
            try:
                content = yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueLoader)  # noqa: S506 - a SafeLoader
            except FileNotFoundError:
                raise DistrictError("district.load.missing_file", file=str(path), key="", fix="add the file") from None
            except (yaml.YAMLError, UnicodeDecodeError) as broken:
                fix = "mend the YAML: " + " ".join(str(broken).split())
                raise DistrictError("district.load.not_yaml", file=str(path), key="", fix=fix) from None
            if not isinstance(content, dict):
                raise DistrictError("district.load.not_yaml", file=str(path), key="", fix="begin with `key: value`")
            self._read[name] = content
        return self._read[name]

    def csv(self, name: str) -> tuple[dict[str, str], list[dict[str, str]]]:
        """Head comments (`# key: value`) and rows."""
        path = self.home / name
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except FileNotFoundError:
            raise DistrictError("district.load.missing_file", file=str(path), key="", fix="add the file") from None
        notes = [line[1:].partition(":") for line in lines if line.startswith("#")]
        rows = list(csv.DictReader(line for line in lines if line.strip() and not line.startswith("#")))
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


def head_of(content: Mapping[str, Any]) -> dict[str, Any]:
    return {key: content[key] for key in ("provenance", "source") if key in content}


def _name(row: Mapping[str, Any], index: int) -> str:
    return str(row.get("code") or row.get("kind") or row.get("login") or index)
