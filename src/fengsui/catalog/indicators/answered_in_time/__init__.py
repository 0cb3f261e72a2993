"""Of the people who were called and whose time to answer is over, how many answered in time."""

from __future__ import annotations

from collections.abc import Sequence

from fengsui.catalog.indicators.contract import PERCENT, Fact, Indicator, Item
from fengsui.kernel.terms import Term

CALLED, ANSWERED, PASSED, CLOSED = (
    "alerts.PersonCalled",
    "alerts.PersonAnswered",
    "alerts.PersonPassed",
    "core.ClockClosed",
)


def measure(facts: Sequence[Fact]) -> list[Item]:
    """One item a call; the clock of a call is the one on its bulletin whose slot is the person."""
    after: dict[tuple[str, str], dict[str, Fact]] = {}
    for each in facts:
        if each.name in (ANSWERED, PASSED):
            after.setdefault((each.facts["bulletin_id"], each.facts["person_id"]), {}).setdefault(each.name, each)
        if each.name == CLOSED and each.facts["kind"] == "alerts.acknowledge":
            after.setdefault((each.facts["about_id"], each.facts["slot"]), {}).setdefault(CLOSED, each)
    items = []
    for call in facts:
        if call.name == CALLED:
            seen = after.get((call.facts["bulletin_id"], call.facts["person_id"]), {})
            value, why = _judge(seen)
            records = tuple(sorted({call.id, *(each.id for each in seen.values())}))
            items.append(Item(str(call.facts["call_id"]), call.story, call.at, value, records, why))
    return items


def _judge(seen: dict[str, Fact]) -> tuple[float | None, str]:
    closed = seen.get(CLOSED)
    in_time = closed is not None and closed.facts["late_s"] == 0
    if ANSWERED in seen:
        return float(in_time and PASSED not in seen), ""
    if PASSED in seen or (closed is not None and not in_time):
        return 0.0, ""
    return None, "called_off" if closed is not None else "open"


ENTRY = Indicator(
    code="answered_in_time",
    term=Term(
        "answered_in_time",
        "叫应按时应答率",
        "calls answered in time",
        "突发事件应对法 (2024) 第六十四条",
        "U",
        "法律要求预警信息通知到责任人；时限和比率为本地约定",
    ),
    unit=PERCENT,
    statistic="share",
    formula=Term(
        "formula",
        "时限内应答的叫应 ÷ 时限已到或已应答的叫应 × 100",
        "answered in time ÷ (answered or out of time) × 100",
    ),
    numerator=Term(
        "numerator", "时限内应答的叫应，含值班员代记的电话应答", "calls answered in time, also by telephone"
    ),
    denominator=Term("denominator", "已应答或时限已到的叫应", "calls answered, or whose time has run out"),
    opens=CALLED,
    reads=(CALLED, ANSWERED, PASSED, CLOSED),
    measure=measure,
    left_out={
        "open": Term("open", "还在时限内", "still within its time"),
        "called_off": Term(
            "called_off", "时限到前不必再应：同线他人已应，或公告已更新", "called off before its time was over"
        ),
    },
)
