"""What an indicator declares, and how its value follows from the events in the record. Pure.

An indicator reads stored events and nothing else. `measure` turns them into items, one for each thing counted, and
every item keeps the numbers of the events that it was made of: a figure can be followed down to its records.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median
from typing import Any, Literal

from fengsui.kernel.terms import Term

Statistic = Literal["share", "median"]
PERCENT = Term("percent", "%", "%")
SECOND = Term("second", "秒", "s", "GB 3100-93", "G")


@dataclass(frozen=True, slots=True)
class Fact:
    """One stored event. id: its number in the record; story: the correlation id; facts: its payload as stored."""

    id: int
    name: str
    at: datetime
    story: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that is counted.

    at: when it began, which decides the period it belongs to. value: 1 or 0 for a share, seconds for a median, None
    where it is left out, `why` then being a code of the indicator's `left_out`. records: numbers of its events.
    """

    key: str
    story: str
    at: datetime
    value: float | None
    records: tuple[int, ...]
    why: str = ""


Measure = Callable[[Sequence[Fact]], list[Item]]


@dataclass(frozen=True, slots=True)
class Indicator:
    """opens: the event that begins an item. reads: every event that `measure` looks at, `opens` among them.

    term: name with source and basis. share: percent of items with value 1; median: of the items' seconds.
    left_out: why an item may count neither way.
    """

    code: str
    term: Term
    unit: Term
    statistic: Statistic
    formula: Term
    numerator: Term
    denominator: Term
    opens: str
    reads: tuple[str, ...]
    measure: Measure
    left_out: Mapping[str, Term] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Result:
    """value: percent or seconds, None where nothing counts. numerator: items that fulfil it; denominator: counted."""

    value: float | None
    numerator: int
    denominator: int
    items: tuple[Item, ...]

    @property
    def counted(self) -> tuple[Item, ...]:
        return tuple(each for each in self.items if each.value is not None)

    @property
    def records(self) -> int:
        """How many stored events the figure rests on, each once."""
        return len({number for each in self.counted for number in each.records})


def result(
    entry: Indicator, facts: Sequence[Fact], since: datetime | None = None, until: datetime | None = None
) -> Result:
    """The figure over items that began in [since, until). Facts in any order; those it does not read are ignored."""
    read = sorted((each for each in facts if each.name in entry.reads), key=lambda each: (each.at, each.id))
    items = tuple(
        each
        for each in sorted(entry.measure(read), key=lambda item: (item.at, item.key))
        if (since is None or each.at >= since) and (until is None or each.at < until)
    )
    values = [each.value for each in items if each.value is not None]
    if entry.statistic == "share":
        met = sum(value > 0 for value in values)
        return Result(100 * met / len(values) if values else None, met, len(values), items)
    return Result(median(values) if values else None, len(values), len(values), items)
