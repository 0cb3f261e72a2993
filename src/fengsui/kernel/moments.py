"""Days and moments as people type them in an office. Pure: what today is, is a parameter.

The one form we write is `2026-11-28 03:15` (GB/T 7408.1, ISO 8601 with a blank). Understood as well, in full-width
figures too: `20261128 0315`, `202611280315`, `2026/11/28 3:15`, `2026.11.28 3:15`, `2026年11月28日 3时15分`, `3点半`,
24:00 as the end of the day, an ISO moment with its offset; and where `today` is given `0315` or `3:15` (today),
`11-28 03:15` and `11月28日 3时` (the year that lies nearest). What could be read two ways is refused, not guessed.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, time, timedelta

EARLIEST, LAST = 1900, 2100
"""Years outside are a slip of the finger."""
MIDNIGHT = time()

_DAY = (
    r"(?:(?P<y1>\d{4})(?P<sep> ?[-/.] ?)(?P<m1>\d{1,2})(?P=sep)(?P<d1>\d{1,2})"
    r"|(?P<y2>\d{4}) ?年 ?(?P<m2>\d{1,2}) ?月 ?(?P<d2>\d{1,2}) ?[日号]"
    r"|(?P<y3>\d{4})(?P<m3>\d\d)(?P<d3>\d\d)"
    r"|(?P<m4>\d{1,2})-(?P<d4>\d{1,2})"
    r"|(?P<m5>\d{1,2}) ?月 ?(?P<d5>\d{1,2}) ?[日号])"
)
_TIME = (
    r"(?:(?P<h1>\d{1,2}):(?P<i1>\d\d)(?::(?P<s1>\d\d)(?P<f>\.\d{1,6})?)?(?P<zone>Z|[+-]\d\d:?\d\d)?"
    r"|(?P<h2>\d{1,2}) ?[时点] ?(?:整|(?P<half>半)|(?P<i2>\d{1,2}) ?分?(?: ?(?P<s2>\d{1,2}) ?秒)?)?"
    r"|(?P<h3>\d\d)(?P<i3>\d\d)(?P<s3>\d\d)?)"
)
# Figures of a day run into those of a time only where both have their full length, or a character ends the day.
_BOTH = re.compile(rf"^{_DAY}(?:[ T,] ?|(?<=[日号])|(?<=^\d{{8}})){_TIME}$")
_ONLY_DAY, _ONLY_TIME = re.compile(rf"^{_DAY}$"), re.compile(rf"^{_TIME}$")
_EITHER_WAY = re.compile(r"^\d{1,2} ?[/.] ?\d{1,2}(?: ?[/.] ?\d{2,4})?(?: |$)|^\d{1,2}-\d{1,2}-\d{2,4}(?: |$)")
_LOST_PLUS = re.compile(r"(T[\d:.]+) (\d\d:?\d\d)$")


class Unclear(ValueError):
    """Text that is no day or moment. `why`: `unreadable`, `impossible` (no such day), `ambiguous`, `no_time`."""

    def __init__(self, why: str, text: str) -> None:
        super().__init__(f"{why}: {text!r}")
        self.why, self.text = why, text


def folded(text: str) -> str:
    """Narrow figures and signs, single blanks, simplified 时 and 点."""
    narrow = unicodedata.normalize("NFKC", text).translate(str.maketrans("時點號−–—、", "时点号---,"))
    narrow = re.sub(r"[\s\u200b\ufeff]+", " ", narrow).strip().upper()
    return _LOST_PLUS.sub(r"\1+\2", narrow)  # the plus of an offset comes out of an address as a blank


def moment_of(text: str, today: date | None = None, *, alone: time | None = None) -> datetime:
    """A moment; naive in local time unless an offset was typed. `alone`: what a day without a time stands for.

    Without `today` the year must be written. Raises Unclear.
    """
    said = folded(text)
    found = _BOTH.match(said)
    if found:
        return _joined(_day(found, today, text), found, text)
    if found := _ONLY_DAY.match(said):
        if alone is None:
            raise Unclear("no_time", text)
        return datetime.combine(_day(found, today, text), alone)
    if today is not None and (found := _ONLY_TIME.match(said)):
        return _joined(today, found, text)
    raise Unclear("ambiguous" if _EITHER_WAY.match(said) else "unreadable", text)


def day_of(text: str, today: date | None = None) -> date:
    """A day. Raises Unclear, also for a time alone."""
    said = folded(text)
    found = _ONLY_DAY.match(said)
    if not found:
        raise Unclear("ambiguous" if _EITHER_WAY.match(said) else "unreadable", text)
    return _day(found, today, text)


def _day(found: re.Match[str], today: date | None, text: str) -> date:
    part = found.groupdict()
    month = int(next(part[each] for each in ("m1", "m2", "m3", "m4", "m5") if part[each]))
    number = int(next(part[each] for each in ("d1", "d2", "d3", "d4", "d5") if part[each]))
    year = next((part[each] for each in ("y1", "y2", "y3") if part[each]), None)
    if year is not None:
        return _real(int(year), month, number, text)
    if today is None:
        raise Unclear("ambiguous", text)
    near = []
    for each in (today.year - 1, today.year, today.year + 1):
        try:
            near.append(date(each, month, number))
        except ValueError:  # 29 February of the other years
            continue
    if not near:
        raise Unclear("impossible", text)
    return min(near, key=lambda day: abs((day - today).days))


def _real(year: int, month: int, number: int, text: str) -> date:
    if not EARLIEST <= year <= LAST:
        raise Unclear("impossible", text)
    try:
        return date(year, month, number)
    except ValueError:
        raise Unclear("impossible", text) from None


def _joined(day: date, found: re.Match[str], text: str) -> datetime:
    part = found.groupdict()
    hour, minute, second = (
        int(next((part[each] for each in names if part[each]), None) or 0)
        for names in (("h1", "h2", "h3"), ("i1", "i2", "i3"), ("s1", "s2", "s3"))
    )
    minute = 30 if part["half"] else minute
    if (hour, minute, second) == (24, 0, 0):
        day, hour = day + timedelta(days=1), 0
    try:
        at = datetime.combine(day, time(hour, minute, second, int((part["f"] or ".0")[1:].ljust(6, "0"))))
        return at.replace(tzinfo=datetime.strptime(part["zone"], "%z").tzinfo) if part["zone"] else at
    except ValueError:
        raise Unclear("impossible", text) from None
