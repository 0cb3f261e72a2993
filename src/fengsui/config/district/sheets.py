"""A filled sheet back into rows. Whatever cannot be used is told with its row and column; nothing is guessed.

Opening is the registers' own (`core.ledger.sheet`): .xlsx, .xls, .ods, .csv in UTF-8 or GB 18030; what is harmful is
refused there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from fengsui.config.district.faults import Fault
from fengsui.config.district.forms import FORMS, Field, Form
from fengsui.core import wording
from fengsui.core.ledger import cells
from fengsui.core.ledger.cells import BadCell
from fengsui.core.ledger.sheet import HEADER_WITHIN, bare, open_file
from fengsui.kernel.errors import FengsuiError, Invalid

MOST_BYTES = 20_000_000
GUIDE = "填表说明"
_CODE = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,59}$")
_UNIT = re.compile(r"[（(\[【]([^）)\]】]*)[）)\]】]")
_MOJIBAKE = re.compile("[\ufffd]|锟斤拷|ï»¿|Ã[\x80-\xbf]|烫烫烫")
UNITS_EN = {"": "", "人": "people", "d": "days"}


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number in the sheet and values by field code."""

    number: int
    values: Mapping[str, Any]


@dataclass
class Found:
    """One sheet understood as `form`."""

    file: str
    form: Form
    rows: list[Row] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    heads: dict[str, str] = field(default_factory=dict)

    def fault(self, number: int, of: str, zh: str, en: str) -> None:
        self.faults.append(Fault(self.file, number, self.heads.get(of, of), zh, en))


def read(name: str, body: bytes, *, china: bool) -> tuple[list[Found], list[Fault]]:
    """Every sheet of the file that is one of the forms, and what is wrong with the file as a whole."""
    if len(body) > MOST_BYTES:
        most = MOST_BYTES // 1_000_000
        return [], [Fault(name, 0, "", f"超过 {most} 兆；拆成几份再交", f"over {most} MB; split it")]
    try:
        pages = open_file(body, name)
    except Invalid as refused:
        return [], [refused_file(name, refused)]
    found: list[Found] = []
    pages = [(title, rows) for title, rows in pages if title.strip() != GUIDE]
    for title, rows in pages:
        if not any(any(cell not in ("", None) for cell in row) for row in rows):
            continue
        label = name if len(pages) == 1 else f"{name}［{title}］"
        page = _understood(label, f"{PurePath(name).stem} {title}", rows, china)
        if page is not None:
            found.append(page)
    if not found:
        known = "、".join(form.zh for form in FORMS)
        return [], [
            Fault(
                name, 0, "", f"认不出是哪张表；表头照空表填（{known}）",
                "no known sheet in it; keep the header row of the template: " + ", ".join(f.code for f in FORMS),
            )
        ]  # fmt: skip
    return found, []


def refused_file(name: str, refused: FengsuiError) -> Fault:
    from django.utils import translation

    words = []
    for language in ("zh-hans", "en"):
        with translation.override(language):
            said = wording.say(refused)
            words.append(f"{said.what}；{said.todo}")
    return Fault(name, 0, "", words[0], words[1])


def _understood(label: str, hint: str, rows: Sequence[Sequence[Any]], china: bool) -> Found | None:
    """The form and header row that fit best; a form that is named by file or sheet is preferred."""
    best: tuple[float, Form, int, dict[str, int]] | None = None
    for at in range(min(HEADER_WITHIN, len(rows))):
        for form in FORMS:
            columns = _columns(form, rows[at])
            wanted = [each.code for each in form.fields if each.required]
            share = sum(code in columns for code in wanted) / len(wanted)
            named = form.code in hint.lower() or form.zh in hint
            score = share + len(columns) / (2 * len(form.fields)) + named
            if "code" in columns and len(columns) >= 3 and (best is None or score > best[0]):
                best = (score, form, at, columns)
    if best is None:
        return None
    _score, form, at, columns = best
    found = Found(label, form)
    found.heads = {code: str(rows[at][index]).strip() for code, index in columns.items()}
    for each in form.fields:
        if each.required and each.code not in columns:
            found.fault(
                at + 1, each.zh, f"缺“{each.zh}”这一列；补上或用空表", f"the column {each.en!r} is missing; add it"
            )
    found.ignored = [
        str(cell).strip()
        for index, cell in enumerate(rows[at])
        if cell not in ("", None) and index not in columns.values()
    ]
    scales = _scales(found, rows[at], columns, at + 1)
    for number in range(at + 1, len(rows)):
        if any(cell not in ("", None) for cell in rows[number]):
            values = dict(_values(found, rows[number], number + 1, columns, scales, china))
            found.rows.append(Row(number + 1, values))
    _codes_once(found)
    return found


def _columns(form: Form, head: Sequence[Any]) -> dict[str, int]:
    plain = {bare(cell): index for index, cell in reversed(list(enumerate(head))) if cell not in ("", None)}
    found: dict[str, int] = {}
    for each in form.fields:
        at = next((plain[name] for name in map(bare, each.names()) if name in plain), -1)
        if at >= 0 and at not in found.values():
            found[each.code] = at
    return found


def _scales(found: Found, head: Sequence[Any], columns: Mapping[str, int], number: int) -> dict[str, float]:
    """By what numbers of a column are multiplied, from the unit that stands in its header."""
    scales = {}
    for each in found.form.fields:
        if each.kind in ("number", "whole") and each.unit and each.code in columns:
            said = _UNIT.search(cells.folded(str(head[columns[each.code]])).replace("（", "("))
            known = cells.factor(said[1].strip(), each.unit) if said else 1.0
            if known is None and said:
                found.fault(
                    number, each.code, f"不认识单位“{said[1]}”；换成 {each.unit}",
                    f"unknown unit {said[1]!r}; give it in {UNITS_EN.get(each.unit, each.unit)}",
                )  # fmt: skip
            scales[each.code] = known or 1.0
    return scales


def _values(
    found: Found, row: Sequence[Any], number: int, columns: Mapping[str, int], scales: Mapping[str, float], china: bool
) -> Iterator[tuple[str, Any]]:
    for each in found.form.fields:
        at = columns.get(each.code, -1)
        cell = row[at] if 0 <= at < len(row) else ""
        try:
            value = _value(each, cell, scales.get(each.code, 1.0), china)
        except BadCell as bad:
            fault = refused_file(found.file, FengsuiError(bad.code, **bad.facts))
            found.fault(number, each.code, fault.zh, fault.en)
            value = None
        except _Wrong as wrong:
            found.fault(number, each.code, wrong.zh, wrong.en)
            value = None
        else:
            if value in (None, "", ()) and each.required and at >= 0:
                found.fault(number, each.code, f"没有填；填{each.zh}", f"empty; give the {each.en}")
        yield each.code, each.default if value in (None, "") and each.default is not None else value


class _Wrong(Exception):
    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh, self.en = zh, en


def _value(each: Field, cell: Any, scale: float, china: bool) -> Any:
    match each.kind:
        case "lon" | "lat":
            degrees = cells.degrees_of(cell, each.kind, china=china)
            return None if degrees is None else round(degrees, 7)
        case "number" | "whole":
            return _number(each, cells.number_of(cell, (each.unit,)), scale)
        case "code" | "ref":
            return _coded(cells.code_of(cell))
        case "refs":
            return tuple(cells.words_of(cell))
        case "parts":
            return tuple(_chosen(each, word) for word in cells.words_of(cell))
        case "choice":
            return _chosen(each, cells.line_of(cell))
        case "phone":
            return cells.phone_of(cell)
    return _readable(cells.text_of(cell))


def _number(each: Field, found: float | None, scale: float) -> float | int | None:
    if found is None:
        return None
    value = round(found * scale, 9)
    if each.kind == "whole" and not float(value).is_integer():
        raise _Wrong(f"{value:g} 不是整数；填整数", f"{value:g} is no whole number")
    if (each.low is not None and value < each.low) or (each.high is not None and value > each.high):
        top = "" if each.high is None else f"{each.high:g}"
        raise _Wrong(
            f"{value:g} 超出范围；应在 {each.low:g} 到 {top or '更大'}",
            f"{value:g} is out of range {each.low:g} - {top or 'more'}",
        )
    return int(value) if each.kind == "whole" else value


def _coded(text: str) -> str:
    if text and not _CODE.match(text):
        raise _Wrong(
            f"“{text[:40]}”不能作代码；只用字母、数字、短横线",
            f"{text[:40]!r} is no code; letters, digits, dashes only",
        )
    return text


def _chosen(each: Field, text: str) -> str:
    wanted = cells.folded(text).lower()
    if not wanted or each.choices is None:
        return ""
    for code, words in each.choices.items():
        if wanted in (code.lower(), *(cells.folded(word).lower() for word in words)):
            return code
    zh = "、".join(words[0] for words in each.choices.values())
    raise _Wrong(f"没有“{text[:40]}”；从中选：{zh}", f"no {text[:40]!r}; one of {', '.join(each.choices)}")


def _readable(text: str) -> str:
    if _MOJIBAKE.search(text):
        raise _Wrong("是乱码；用 UTF-8 或 GBK 另存再交", "is garbled; save the file as UTF-8 or GBK")
    return text


def _codes_once(found: Found) -> None:
    first: dict[str, int] = {}
    for row in found.rows:
        code = row.values.get("code")
        if not code:
            continue
        if code in first:
            found.fault(
                row.number,
                "code",
                f"“{code}”与第 {first[code]} 行重复；各给一个",
                f"{code!r} again, first in row {first[code]}; give each its own",
            )
        first.setdefault(str(code), row.number)
