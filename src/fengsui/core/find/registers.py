"""Every register is findable: by its title, key, the columns its own search looks in, and its English name."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from fengsui.core import policy
from fengsui.core.find.registry import Findable, Said
from fengsui.core.ledger.columns import Column, Ref
from fengsui.core.ledger.register import Register, registers


def of_registers() -> list[Findable]:
    return [_findable(each) for each in registers().values()]


@cache
def _findable(register: Register) -> Findable:
    return Findable(
        f"register-{register.code}",
        register.name,
        register.model,
        register.visible_to,
        lambda by: policy.can(by, f"{register.verb}.view"),
        lambda rows: _say(register, rows),
        register.retire.in_use if register.retire else lambda rows: rows,
    )


def _title(register: Register) -> str:
    return register.by_code[register.title].path if register.title in register.by_code else register.title


def _sought(register: Register) -> list[Column]:
    """Columns that the list's own search looks in, beyond title and code; nothing personal."""
    own = {_title(register), register.keys[0].path}
    return [each for each in register.columns if each.search and not each.personal and each.path not in own]


def _say(register: Register, rows: QuerySet[Any]) -> Iterable[Said]:
    title, code, sought = _title(register), register.keys[0], _sought(register)
    english = next((each.path for each in register.columns if each.code == "name_en"), "")
    # A key that only repeats the title, or refers to another row, is no code.
    coded = code.read_path if code.path != title and not isinstance(code.kind, Ref) else ""
    for row in rows.values_list("pk", title, *(each.name_path for each in sought), *filter(None, (english, coded))):
        key, name, *rest = row
        words = [str(each) for each in rest[: len(sought)] if each]
        tail = rest[len(sought) :]
        label_en, mark = str(tail.pop(0) or "") if english else "", str(tail.pop(0) or "") if coded else ""
        where = "　".join(str(rest[n]) for n, each in enumerate(sought) if isinstance(each.kind, Ref) and rest[n])
        detail = "　".join(each for each in (mark, where) if each)
        url = (
            register.page(mark or key) if register.page else reverse("ledger:row-show", args=[register.code, str(key)])
        )
        yield Said(str(key), str(name), label_en, mark, tuple(words), detail, detail, url)
