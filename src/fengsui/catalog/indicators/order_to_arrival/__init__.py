"""From an order to its team on site: the median over orders."""

from __future__ import annotations

from collections.abc import Sequence

from fengsui.catalog.indicators.contract import SECOND, Fact, Indicator, Item
from fengsui.kernel.terms import Term

ISSUED, MOVED = "command.OrderIssued", "command.OrderMoved"
GIVEN_UP = {"declined", "recalled"}


def measure(facts: Sequence[Fact]) -> list[Item]:
    """One item an order; its end is the first `arrived`, or the step that gave it up before."""
    steps: dict[str, list[Fact]] = {}
    for each in facts:
        if each.name == MOVED:
            steps.setdefault(each.facts["order_id"], []).append(each)
    items = []
    for order in (each for each in facts if each.name == ISSUED):
        key = str(order.facts["order_id"])
        moved = steps.get(key, [])
        end = next((each for each in moved if each.facts["stage"] in {"arrived", *GIVEN_UP}), None)
        records = (order.id, end.id) if end else (order.id,)
        if end is None or end.facts["stage"] in GIVEN_UP:
            items.append(Item(key, order.story, order.at, None, records, "given_up" if end else "open"))
        else:
            items.append(Item(key, order.story, order.at, (end.at - order.at).total_seconds(), records))
    return items


ENTRY = Indicator(
    code="order_to_arrival",
    term=Term(
        "order_to_arrival",
        "派遣令到到场的中位用时",
        "median time from the order to the team on site",
        "突发事件应对法 (2024) 第七十一条",
        "U",
        "法律要求立即组织救援；没有规定的分钟数",
    ),
    unit=SECOND,
    statistic="median",
    formula=Term("formula", "到场时刻 − 派遣令签发时刻，取中位数", "arrival − order, median over orders"),
    numerator=Term("numerator", "每道令从签发到首次到场的秒数", "seconds from the order to the first arrival"),
    denominator=Term("denominator", "队伍已到场的派遣令", "orders whose team arrived"),
    opens=ISSUED,
    reads=(ISSUED, MOVED),
    measure=measure,
    left_out={
        "open": Term("open", "还没有到场", "not yet on site"),
        "given_up": Term("given_up", "到场前拒接或召回", "declined or recalled before arriving"),
    },
)
