"""The register of numbers: wrong lines by line and reason, all or nothing, and no number in any record."""

from __future__ import annotations

import json

import pytest

from fengsui.apps.alerts import mass_rules
from fengsui.apps.alerts.actions.registering import Wrong, forget, take
from fengsui.apps.alerts.models import Recipient
from fengsui.core.models import AuditRow, StoredEvent
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import Forbidden, Invalid

BY = Actor(world=LIVE, system="a test")
GOOD = ["号码,姓名,区划代码", "13800000001,甲,210106007", "+86 138-0000-0002,乙,210106007"]


def held() -> list[str]:
    return sorted(Recipient.objects.values_list("number", flat=True))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("13800000001", "13800000001"), (" 138 0000 0001 ", "13800000001"), ("+86-13800000001", "13800000001"),
        ("008613800000001", "13800000001"), ("8613800000001", "13800000001"), ("12800000001", ""), ("1380000000", ""),
        ("02412345678", ""), ("１３８００００００００１", ""), ("", ""), ("138000000011", ""),
    ],
)  # fmt: skip
def test_number_when_read(text, number):
    assert mass_rules.number(text) == number


def test_take_when_repeated_adds_nothing_and_when_replacing_removes_who_is_gone(town):
    first = take(GOOD, by=BY)
    assert (first.read, first.added, first.removed, first.wrong) == (2, 2, 0, 0)
    assert take(GOOD, by=BY).added == 0
    tried = take([GOOD[0], "13800000003,丙,210106007"], by=BY, replace=True, dry=True)
    assert (tried.added, tried.removed) == (1, 2)
    assert held() == ["13800000001", "13800000002"]
    take([GOOD[0], "13800000003,丙,210106007"], by=BY, replace=True)
    assert held() == ["13800000003"]


def test_take_when_lines_are_wrong_names_them_and_takes_none_unless_told(town):
    lines = [*GOOD, "", "12345,丁,210106007", "13800000004,戊,999", "13800000001,甲,210106007", "13800000005"]
    told = take(lines, by=BY)
    assert told.named == [Wrong(5, "number"), Wrong(6, "area"), Wrong(7, "twice"), Wrong(8, "columns")]
    assert held() == []
    assert take(lines, by=BY, skip_wrong=True).added == 2
    assert held() == ["13800000001", "13800000002"]


def test_take_when_the_columns_are_missing_or_somebody_may_not(town):
    with pytest.raises(Invalid, match=r"alerts\.recipients\.columns"):
        take(["姓名,地址", "甲,乙"], by=BY)
    with pytest.raises(Forbidden):
        take(GOOD, by=town.by("赵明远"))


def test_forget_when_asked_leaves_no_area(town):
    take([*GOOD, "13800000001,甲,210106007"][:2], by=BY)
    assert forget(" 138 0000 0001", by=BY) == 1
    assert held() == []
    with pytest.raises(Invalid):
        forget("110", by=BY)


def test_register_when_changed_is_on_record_without_any_number(town):
    take(GOOD, by=BY)
    forget("13800000001", by=BY)
    payloads = (
        StoredEvent.objects.filter(name="alerts.RecipientsTaken").order_by("id").values_list("payload", flat=True)
    )
    assert list(payloads) == [{"added": 2, "removed": 0, "wrong": 0}, {"added": 0, "removed": 1, "wrong": 0}]
    assert "138000" not in json.dumps(
        [list(AuditRow.objects.values()), list(StoredEvent.objects.values())], default=str
    )
