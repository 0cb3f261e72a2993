"""The outcome table: one line a step, aligned whatever the width of its letters, in the console's language."""

import pytest

from fengsui.apps.alerts.rules import DELIVERY_STATES, KINDS
from fengsui.apps.incidents.rules import STAGES
from fengsui.config.story import proof
from fengsui.config.story.table import NO_CLOCK, Step, clock, duration, render, width


@pytest.mark.parametrize(
    ("seconds", "zh", "en"),
    [
        (0.4, "0 秒", "0 s"),
        (119, "119 秒", "119 s"),
        (300, "5 分", "5 min"),
        (3600, "60 分", "60 min"),
        (86400, "24 小时", "24 h"),
    ],
)
def test_duration_reads_as_people_say_it(monkeypatch, seconds, zh, en):
    monkeypatch.setenv("FENGSUI_LANG", "zh")
    assert duration(seconds) == zh
    monkeypatch.setenv("FENGSUI_LANG", "en")
    assert duration(seconds) == en
    assert clock(8, seconds) == f"8 s / {en}"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_table_keeps_one_line_a_step_and_its_columns_straight(monkeypatch, language):
    monkeypatch.setenv("FENGSUI_LANG", language)
    steps = [
        Step("核定", "一号地道桥\n有核定人", clock(6, 600), True),
        Step("Readings", "547 sent", NO_CLOCK, False),
    ]
    head, rule, first, second = render(steps).splitlines()
    assert ("步骤" in head) is (language == "zh")
    assert ("Step" in head) is (language == "en")
    starts = [width(line[: line.index(last)]) for line, last in ((first, clock(6, 600)), (second, NO_CLOCK))]
    assert starts == [width(rule[: rule.rindex(" ") + 1])] * 2
    assert first.startswith("✓")
    assert second.startswith("✗")


@pytest.mark.parametrize("terms", [DELIVERY_STATES, KINDS, STAGES], ids=lambda terms: terms.name)
def test_codes_are_said_in_words(monkeypatch, terms):
    for language in ("zh", "en"):
        monkeypatch.setenv("FENGSUI_LANG", language)
        for code in terms:
            words = proof.said(terms, code)
            assert "_" not in words
            assert words.isascii() is (language == "en")
