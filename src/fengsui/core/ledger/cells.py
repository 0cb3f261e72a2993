"""What stands in a cell, as offices type it, turned into values. Pure; each refusal names what to write instead."""

from __future__ import annotations

import math
import re
import unicodedata
from datetime import date, datetime, timedelta
from typing import Any

from fengsui.kernel.moments import MIDNIGHT, Unclear, moment_of

MISSING = {"", "-", "--", "—", "——", "/", "\\", "N/A", "n/a", "#N/A", "不详", "未知", "无", "空", "暂无"}
BROKEN = re.compile(r"^#(REF|VALUE|NAME\?|DIV/0|NUM|NULL|N/A)!?$")
DANGEROUS = re.compile(r"^'*[=+\-@\t\r]")
"""A spreadsheet would run it: `=`, `+`, `-`, `@` first. Text that already begins with an apostrophe gets one more."""
QUOTED = re.compile(r"^'+[=+\-@\t\r]")
_SPACE = re.compile(r"[\s\u200b\ufeff\u00a0\u3000]+")
_SCIENTIFIC = re.compile(r"^\d(\.\d+)?[eE]\+\d{1,3}$")
_GROUPED = re.compile(r"^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$")
_DEGREES = re.compile(
    r"^([NSEW东西南北][经纬]?)?\s*(\d{1,3}(?:\.\d+)?)\s*(?:[°度:\s]\s*(?:(\d{1,2}(?:\.\d+)?)\s*(?:['′分:\s]\s*"
    r"(?:(\d{1,2}(?:\.\d+)?)\s*(?:[\"″秒]|''|′′)?)?)?)?)?\s*([NSEW])?$",
    re.I,
)
_UNHELD = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
EXCEL_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - a calendar, not a moment
MOST_DIGITS = 15
"""A spreadsheet keeps so many digits of a number; the rest of a longer code is gone."""


class BadCell(Exception):
    """A cell that cannot be used; `code` and `facts` become a sentence in core.ledger.words."""

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.code, self.facts = f"core.ledger.{code}", facts


def folded(text: str) -> str:
    """Full-width letters and digits narrow, spaces gone at both ends: １２３ is 123."""
    return unicodedata.normalize("NFKC", text).strip().strip("\u200b\ufeff").strip()


def held(text: str) -> str:
    """Without what no XML may hold (XML 1.0, 2.2): with one such character in a row no workbook could be written."""
    return text if text.isprintable() else _UNHELD.sub("", text)  # nearly all of a million cells are printable


def text_of(value: Any) -> str:
    """Any cell as text; a number as somebody would have typed it. Raises BadCell for formula errors."""
    if isinstance(value, str):
        text = held(value).strip(" \t\r\n\u3000\u00a0\u200b\ufeff")
        if text[:1] == "'" and QUOTED.match(text):
            text = text[1:]
        if text[:1] == "#" and BROKEN.match(text):
            raise BadCell("formula_error", text=text)
        return text
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if not (value.hour or value.minute) else value.isoformat(" ")
    return str(value)


def line_of(value: Any) -> str:
    """Text of one line: breaks inside a cell become blanks."""
    text = text_of(value)
    return re.sub(r"[ \t]*[\r\n]+[ \t]*", " ", text) if "\n" in text or "\r" in text else text


def code_of(value: Any) -> str:
    """A code: narrow, without blanks; a number that a spreadsheet made of it becomes digits again.

    Raises BadCell("long_number") where the last digits are lost: nobody may guess them.
    """
    if isinstance(value, float | int) and not isinstance(value, bool):
        if isinstance(value, float) and not value.is_integer():
            return repr(value)
        if abs(value) >= 10**MOST_DIGITS:
            raise BadCell("long_number", text=f"{value:.5E}")
        return str(int(value))
    text = folded(line_of(value))
    if _SCIENTIFIC.match(text):
        raise BadCell("long_number", text=text)
    if text.endswith(".0") and text[:-2].isdigit():
        text = text[:-2]
    return "" if text in {"-", "--", "—", "/", "#N/A"} else text


def number_of(value: Any, units: tuple[str, ...] = ()) -> float | None:
    """A number; thousands' commas, full-width digits and a trailing unit are understood."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not math.isfinite(value):
            raise BadCell("not_number", text=str(value))
        return float(value)
    text = folded(text_of(value))
    if text in MISSING:
        return None
    if _GROUPED.match(text):
        text = text.replace(",", "")
    for unit in units:
        if unit and text.endswith(folded(unit)):
            text = text[: -len(folded(unit))].strip()
    try:
        found = float(text)
    except ValueError:
        raise BadCell("not_number", text=text) from None
    if not math.isfinite(found) or "_" in text:
        raise BadCell("not_number", text=text)
    return found


def integer_of(value: Any, units: tuple[str, ...] = ()) -> int | None:
    found = number_of(value, units)
    if found is None:
        return None
    if not found.is_integer():
        raise BadCell("not_whole", text=text_of(value))
    return int(found)


def date_of(value: Any) -> date | None:
    """A day: a date cell, 2026-07-28, 2026/7/28, 2026.7.28, 20260728, 2026年7月28日, or a spreadsheet's serial number.

    An ISO moment in UTC becomes its day in China (16:00Z is midnight there).
    """
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    text = folded(text_of(value))
    if text in MISSING:
        return None
    if match := re.match(r"^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?$", text):
        moment = datetime.fromisoformat(text)
        return (moment + timedelta(hours=8)).date() if match[8] == "Z" else moment.date()
    if re.match(r"^\d{5}(\.\d+)?$", text):
        return (EXCEL_EPOCH + timedelta(days=float(text))).date()
    try:
        return moment_of(text, alone=MIDNIGHT).date()
    except Unclear:
        raise BadCell("not_date", text=text) from None


YES = {"是", "有", "√", "✓", "y", "yes", "true", "1", "在用", "可用", "对"}
NO = {"否", "没有", "×", "x", "n", "no", "false", "0", "停用", "不可用", "错"}


def boolean_of(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    text = folded(text_of(value)).lower()
    if text in YES:
        return True
    if text in NO:
        return False
    if text in MISSING:
        return None
    raise BadCell("not_yes_no", text=text)


def phone_of(value: Any) -> str:
    """Digits with an optional plus and extension; a masked number stays masked (it says "as it was")."""
    text = code_of(value).replace("—", "-").replace("–", "-")
    if "*" in text:
        return text
    text = _SPACE.sub("", text)
    if text and not re.match(r"^\+?[\d()-]{3,18}(转\d{1,6})?$", text):
        raise BadCell("not_phone", text="…")
    return text


def words_of(value: Any) -> list[str]:
    """Several words in one cell, however they are separated."""
    return [each for each in (part.strip() for part in re.split(r"[、,，;；|/\n]+", text_of(value))) if each]


def in_china(lon: float, lat: float) -> bool:
    """Within the box that positions of a Chinese district are checked against."""
    return 73 <= lon <= 136 and 3 <= lat <= 54


def degrees_of(value: Any, axis: str, *, china: bool = True) -> float | None:
    """Decimal degrees of a longitude ("lon") or latitude ("lat"); degrees, minutes and seconds in any usual writing.

    `china`: the district lies there, so its positions do; elsewhere W and S count as negative and the globe is allowed.
    Raises BadCell("not_degrees" | "axis_swapped" | "axis_range" | "axis_globe").
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        found: float = float(value)
    else:
        text = folded(text_of(value))
        if text in MISSING:
            return None
        negative = not china and text.startswith(("-", "−"))
        match = _DEGREES.match((text[1:] if negative else text).rstrip("°度"))
        if not match:
            raise BadCell("not_degrees", text=text)
        sides = (match[1] or "") + (match[5] or "").upper()
        if (set(sides.upper()) & set("NS南北") and axis == "lon") or (
            set(sides.upper()) & set("EW东西") and axis == "lat"
        ):
            raise BadCell("axis_swapped", text=text)
        minutes, seconds = float(match[3] or 0), float(match[4] or 0)
        if minutes >= 60 or seconds >= 60:
            raise BadCell("not_degrees", text=text)
        found = float(match[2]) + minutes / 60 + seconds / 3600
        if negative or (not china and set(sides.upper()) & set("WS西南")):
            found = -found
    if not china:
        if abs(found) > (180 if axis == "lon" else 90):
            raise BadCell("axis_globe", text=f"{found:g}")
        return found
    if axis == "lon" and not 73 <= found <= 136:
        raise BadCell("axis_swapped" if 15 <= found <= 55 else "axis_range", text=f"{found:g}")
    if axis == "lat" and not 3 <= found <= 54:
        raise BadCell("axis_swapped" if 73 <= found <= 136 else "axis_range", text=f"{found:g}")
    return found


def safe(value: Any) -> Any:
    """Text that a spreadsheet can hold and will not run; `text_of` takes the apostrophe away again."""
    if not isinstance(value, str):
        return value
    text = held(value)
    return f"'{text}" if DANGEROUS.match(text) else text


FACTORS: dict[tuple[str, str], float] = {
    ("cm", "m"): 0.01,
    ("mm", "m"): 0.001,
    ("km", "m"): 1000.0,
    ("m", "cm"): 100.0,
    ("ha", "m2"): 10_000.0,
    ("亩", "m2"): 2000 / 3,
    ("km2", "m2"): 1e6,
    ("m2", "ha"): 1e-4,
    ("亩", "ha"): 1 / 15,
    ("km2", "ha"): 100.0,
    ("h", "min"): 60.0,
    ("s", "min"): 1 / 60,
    ("min", "s"): 60.0,
    ("h", "s"): 3600.0,
    ("l/s", "m3/h"): 3.6,
    ("m3/s", "m3/h"): 3600.0,
    ("m3/h", "l/s"): 1 / 3.6,
    ("万人", "人"): 10_000.0,
    ("万", "人"): 10_000.0,
    ("千人", "人"): 1000.0,
}
_UNIT_WORDS = {
    "米": "m",
    "厘米": "cm",
    "公分": "cm",
    "毫米": "mm",
    "公里": "km",
    "千米": "km",
    "平方米": "m2",
    "平米": "m2",
    "㎡": "m2",
    "m²": "m2",
    "公顷": "ha",
    "平方公里": "km2",
    "km²": "km2",
    "分钟": "min",
    "分": "min",
    "小时": "h",
    "秒": "s",
    "立方米/小时": "m3/h",
    "m³/h": "m3/h",
    "方/小时": "m3/h",
    "升/秒": "l/s",
    "m³/s": "m3/s",
    "persons": "人",
    "people": "人",
    "名": "人",
    "°": "",
    "度": "",
    "days": "天",
    "日": "天",
}


def unit_of(text: str) -> str:
    """One spelling per unit: 平方米, ㎡ and m² are m2."""
    bare = folded(text).lower()
    spelled = _UNIT_WORDS.get(text.strip()) or _UNIT_WORDS.get(bare) or bare
    return spelled.replace("²", "2").replace("³", "3")


def factor(found: str, wanted: str) -> float | None:
    """By what a number in `found` is multiplied to be in `wanted`; None where nobody knows."""
    a, b = unit_of(found), unit_of(wanted)
    return 1.0 if a == b else FACTORS.get((a, b))
