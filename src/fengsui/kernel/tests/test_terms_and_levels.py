"""Words of the trade and the four colours."""

import pytest

from fengsui.kernel.levels import LEVELS, Level
from fengsui.kernel.terms import Term, Terms


@pytest.fixture
def registered(monkeypatch):
    """A registry of its own, so that a test's terms never reach the glossary."""
    monkeypatch.setattr(Terms, "registered", {})


def test_terms_keep_their_order_when_read(registered):
    terms = Terms("t", Term("b", "乙", "second"), Term("a", "甲", "first"))
    assert list(terms) == ["b", "a"]
    assert terms.choices == [("b", "乙"), ("a", "甲")]
    assert (len(terms), terms["a"].en) == (2, "first")


def test_unknown_code_stays_visible_when_said(registered):
    terms = Terms("t", Term("a", "甲", "first"))
    assert (terms.zh("a"), terms.zh("zz")) == ("甲", "zz")


def test_terms_refuse_when_a_code_or_name_repeats(registered):
    with pytest.raises(ValueError, match="repeat a code"):
        Terms("t", Term("a", "甲", "x"), Term("a", "乙", "y"))
    Terms("u", Term("a", "甲", "x"))
    with pytest.raises(ValueError, match="defined twice"):
        Terms("u", Term("b", "乙", "y"))


@pytest.mark.parametrize(
    ("level", "zh", "roman", "word", "severity"),
    [
        (Level.NONE, "正常", "", "", "Unknown"),
        (Level.BLUE, "蓝色", "Ⅳ", "一般", "Minor"),
        (Level.YELLOW, "黄色", "Ⅲ", "较重", "Moderate"),
        (Level.ORANGE, "橙色", "Ⅱ", "严重", "Severe"),
        (Level.RED, "红色", "Ⅰ", "特别严重", "Extreme"),
    ],
)
def test_level_words_when_said(level, zh, roman, word, severity):
    assert (level.zh, level.roman, level.headline_word, level.cap_severity) == (zh, roman, word, severity)
    assert Level.of(level.code) is level


def test_levels_are_ordered_when_compared():
    assert sorted(Level) == [Level.NONE, Level.BLUE, Level.YELLOW, Level.ORANGE, Level.RED]
    assert list(LEVELS) == [each.code for each in sorted(Level)]
    assert all(term.basis == "V" for term in LEVELS.values())


def test_level_refuses_when_the_code_is_unknown():
    with pytest.raises(KeyError):
        Level.of("purple")
