"""From the first line crossed to the first bulletin: how long the public waits for a warning."""

from __future__ import annotations

from collections.abc import Sequence

from fengsui.catalog.indicators.contract import SECOND, Fact, Indicator, Item
from fengsui.kernel.terms import Term

CROSSED, ISSUED = "sensing.ThresholdCrossed", "alerts.BulletinIssued"


def measure(facts: Sequence[Fact]) -> list[Item]:
    """One item a story: its first crossing and its first alert."""
    crossed: dict[str, Fact] = {}
    issued: dict[str, Fact] = {}
    for each in facts:
        if each.name == CROSSED:
            crossed.setdefault(each.story, each)
        elif each.name == ISSUED and each.facts["kind"] == "alert":
            issued.setdefault(each.story, each)
    items = []
    for story, first in crossed.items():
        alert = issued.get(story)
        if alert is None or alert.at < first.at:
            items.append(Item(story, story, first.at, None, (first.id,), "none" if alert is None else "before"))
        else:
            items.append(Item(story, story, first.at, (alert.at - first.at).total_seconds(), (first.id, alert.id)))
    return items


ENTRY = Indicator(
    code="crossing_to_issue",
    term=Term(
        "crossing_to_issue",
        "首次越线到预警签发的中位用时",
        "median time from the first crossing to the warning",
        "突发事件应对法 (2024) 第六十四条",
        "U",
        "法律要求及时发布预警；没有规定的分钟数",
    ),
    unit=SECOND,
    statistic="median",
    formula=Term(
        "formula",
        "每链首个预警公告时刻 − 首次越线判定时刻，取中位数",
        "first bulletin − first crossing of each story, median",
    ),
    numerator=Term(
        "numerator", "每链从首次越线判定到首个预警公告的秒数", "seconds from the first crossing to the first bulletin"
    ),
    denominator=Term("denominator", "越线后发布了预警的链", "stories with a crossing and then a bulletin"),
    opens=CROSSED,
    reads=(CROSSED, ISSUED),
    measure=measure,
    left_out={
        "none": Term("none", "没有发布预警", "no warning was issued"),
        "before": Term("before", "越线前已发布预警", "the warning was issued before the crossing"),
    },
)
