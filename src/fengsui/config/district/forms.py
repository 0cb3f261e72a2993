"""The sheets of a new district, as `forms.yaml` declares them.

A form becomes an .xlsx template, is read back from a filled sheet, and turns into one of the district's files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from fengsui.apps.people.rules import ORG_KINDS, ROLES
from fengsui.apps.resources.rules import SKILLS, TEAM_KINDS, TEAM_LEVELS
from fengsui.catalog.channels import channels
from fengsui.catalog.sensors import kinds
from fengsui.kernel.levels import LEVELS
from fengsui.kernel.terms import Term

Kind = Literal["code", "text", "number", "whole", "choice", "lon", "lat", "ref", "refs", "phone", "parts"]
LADDER = ("watch", "blue", "yellow", "orange", "red")
OF_TEMPLATES = {"org_kinds": ("subdistrict", "community"), "roles": ("public",)}
"""Choices that no sheet gives: offices of streets and communities are made for every area."""


@dataclass(frozen=True, slots=True)
class Field:
    """One column. `of`: the form a reference goes to. `choices`: code -> (Chinese, English). `unit`: of a number."""

    code: str
    zh: str
    en: str
    kind: Kind = "text"
    required: bool = False
    of: str = ""
    choices: Mapping[str, tuple[str, str]] | None = None
    unit: str = ""
    aliases: tuple[str, ...] = ()
    note_zh: str = ""
    note_en: str = ""
    default: str | float | None = None
    low: float | None = None
    high: float | None = None

    def names(self) -> tuple[str, ...]:
        return (self.code, self.zh, self.en, *self.aliases)


@dataclass(frozen=True, slots=True)
class Form:
    """One sheet. `step`: of the guided page. `example`: a filled row, shown beside the template, never in it."""

    code: str
    zh: str
    en: str
    step: str
    fields: tuple[Field, ...]
    example: tuple[str, ...]

    def field(self, code: str) -> Field:
        return next(each for each in self.fields if each.code == code)


def _read() -> tuple[Form, ...]:
    declared = yaml.safe_load(Path(__file__).with_name("forms.yaml").read_text(encoding="utf-8"))
    lists = _lists()
    common = {name: _field(facts, lists) for name, facts in declared["common"].items()}
    forms = []
    for each in declared["forms"]:
        fields: list[Field] = []
        for part in each["fields"]:
            if isinstance(part, str):
                fields.append(common[part])
            elif "ladder" in part:
                fields += _ladder(part["ladder"])
            else:
                fields.append(_field(part, lists))
        assert len(fields) == len(each["example"]), each["code"]
        example = tuple(str(cell) for cell in each["example"])
        forms.append(Form(each["code"], each["zh"], each["en"], each["step"], tuple(fields), example))
    return tuple(forms)


def _lists() -> dict[str, dict[str, tuple[str, str]]]:
    terms: dict[str, Mapping[str, Term]] = {
        "org_kinds": ORG_KINDS,
        "roles": ROLES,
        "team_kinds": TEAM_KINDS,
        "team_levels": TEAM_LEVELS,
        "skills": SKILLS,
        "sensors": {code: kind.term for code, kind in kinds().items()},
        "channels": {code: channel.term for code, channel in channels().items()},
        "levels": {code: LEVELS[code] for code in LADDER[1:]},
    }
    return {
        name: {code: (each.zh, each.en) for code, each in listed.items() if code not in OF_TEMPLATES.get(name, ())}
        for name, listed in terms.items()
    }


def _field(facts: Mapping[str, Any], lists: Mapping[str, Mapping[str, tuple[str, str]]]) -> Field:
    given = dict(facts)
    if isinstance(choices := given.get("choices"), str):
        given["choices"] = lists[choices]
    elif choices is not None:
        given["choices"] = {code: (words[0], words[1]) for code, words in choices.items()}
    return Field(**{**given, "aliases": tuple(given.get("aliases", ()))})


def _ladder(facts: Mapping[str, str]) -> list[Field]:
    """The five lines of a ladder, lowest first."""
    words = {"watch": ("关注", "watch"), **{code: (LEVELS.zh(code), code) for code in LADDER[1:]}}
    notes = {"unit": facts["unit"], "note_zh": facts["note_zh"], "note_en": facts["note_en"]} if facts else {}
    named = {code: (f"{zh}线", f"{en} line") for code, (zh, en) in words.items()}
    return [
        _field({"code": code, "zh": zh, "en": en, "kind": "number", **notes}, {}) for code, (zh, en) in named.items()
    ]


FORMS: tuple[Form, ...] = _read()
BY_CODE: dict[str, Form] = {form.code: form for form in FORMS}
