"""The words of time owed, age and level; the table is shared with the browser's twin."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace as Row

import pytest
from django.utils import translation

from fengsui.core.ui import present
from fengsui.kernel.levels import Level

CASES = json.loads((Path(__file__).resolve().parents[5] / "frontend/src/words.cases.json").read_text("utf-8"))
NOW = datetime(2026, 7, 27, 18, 47, 6, tzinfo=UTC)  # 02:47:06 on the 28th in Shenyang


@pytest.fixture(autouse=True)
def _chinese():
    with translation.override("zh-hans"):
        yield


def clock(left_s=474, limit_s=600, state="running", kind="alerts.confirm", **more):
    due = NOW + timedelta(seconds=left_s)
    return Row(kind=kind, state=state, due_at=due, started_at=due - timedelta(seconds=limit_s), limit_s=limit_s, **more)


@pytest.mark.parametrize(("seconds", "zh", "en"), CASES["span"])
def test_span_when_rounded_down(seconds, zh, en):
    assert present.span(seconds) == zh


@pytest.mark.parametrize(("seconds", "zh", "en"), CASES["remaining"])
def test_remaining_when_before_and_after_due(seconds, zh, en):
    assert present.remaining(seconds) == zh


@pytest.mark.parametrize(("old", "period", "state", "zh", "en"), CASES["age"])
def test_age_when_periods_pass(old, period, state, zh, en):
    assert present.age(NOW - timedelta(seconds=old), NOW, period) == present.Age(state, zh)


@pytest.mark.parametrize(("seconds", "zh", "en"), CASES["big"])
def test_big_clock_when_split_into_numbers_and_units(seconds, zh, en):
    assert present.big_parts(seconds) == [tuple(pair) for pair in zh]


def test_chip_when_a_decision_is_near():
    assert present.chip(clock(), NOW) == present.Chip("near", "7分54秒", 21, 900, "02:55")


def test_chip_when_a_task_is_in_its_last_fifth():
    assert present.chip(clock(left_s=721, limit_s=3600, kind="command.task"), NOW).state == "running"
    assert present.chip(clock(left_s=720, limit_s=3600, kind="command.task"), NOW).state == "near"


def test_chip_when_overdue_is_full():
    assert present.chip(clock(left_s=-265), NOW) == present.Chip("overdue", "超 4 分", 100, 900, "02:42")


def test_chip_when_paused_says_why():
    assert present.chip(clock(state="paused", reason="等外部"), NOW).text == "‖ 等外部"


def test_chip_when_met_says_how_long_it_took():
    met = clock(state="met", closed_at=NOW + timedelta(seconds=474 - 600 + 360))
    assert present.chip(met, NOW).text == "✓ 用 6 分"


def test_chip_when_defaulted_or_cancelled():
    assert present.chip(clock(state="defaulted"), NOW).text == "按默认处理"
    assert present.chip(clock(state="cancelled"), NOW).state == "cancelled"


def test_chip_when_due_on_another_day_carries_the_date():
    assert present.chip(clock(left_s=86400, limit_s=86400), NOW).due == "07-29 02:47"


def test_age_when_manual_forecast_or_never():
    assert present.age(NOW, NOW, manual=True) == present.Age("manual", "人报 02:47")
    assert present.age(NOW, NOW, forecast=True) == present.Age("forecast", "02:47 起报")
    assert present.age(None, NOW) == present.Age("never", "从未")


@pytest.mark.parametrize("given", [Level.ORANGE, 3, "orange"])
def test_level_when_given_as_row_number_or_code(given):
    assert present.level(given) == present.LevelView("orange", "橙", "橙色", "Ⅱ级")


@pytest.mark.parametrize(
    ("given", "code", "word"), [(None, "lost", "断"), ("watch", "watch", "关注"), (0, "none", "正常")]
)
def test_level_when_no_line_is_crossed(given, code, word):
    assert present.level(given) == present.LevelView(code, word, word, "")


def test_level_when_english():
    with translation.override("en"):
        assert present.level("red").long == "Red"


@pytest.mark.parametrize(
    ("value", "digits", "said"),
    [(8640, 0, "8640"), (58400, 0, "58\u202f400"), (1234567.25, 1, "1\u202f234\u202f567.2")],
)
def test_thousands_when_five_figures(value, digits, said):
    assert present.thousands(value, digits) == said


@pytest.mark.parametrize(("value", "said"), [(9, "+9"), (-3, "−3"), (0, "0"), (-0.2, "0")])
def test_signed_when_rounded(value, said):
    assert present.signed(value) == said


@pytest.mark.parametrize(("phone", "said"), [("13812344898", "138****4898"), ("119", "****"), ("", "")])
def test_masked_when_shown_unasked(phone, said):
    assert present.masked(phone) == said


def test_spark_when_a_value_is_missing_breaks_the_line():
    drawn = present.spark([(0, 0), (1, 10), (2, None), (3, 5)], 92, 34, top=10)
    assert drawn["path"] == "M1.0 31.0L30.3 5.0M89.0 18.0"
    assert drawn["end"] == (89.0, 18.0)
    assert drawn["rung"] == 5.0


def test_spark_when_empty():
    assert present.spark([])["path"] == ""
