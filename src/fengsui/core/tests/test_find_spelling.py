"""How names and questions are written: what answers what, with no database."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengsui.core.find import spelling
from fengsui.core.find.spelling import like, pinyin, score, terms, written


@pytest.mark.parametrize(
    ("name", "full", "initials"),
    [
        ("重庆路", "chongqinglu", "cql"),
        ("铁西区", "tiexiqu", "txq"),
        ("绿园 K3+200", "lvyuank3+200", "lyk3+200"),
        ("Pump 4", "pump4", "pump4"),
    ],
)
def test_pinyin_is_read_by_phrase_and_what_is_not_chinese_stands(name, full, initials):
    assert pinyin(name) == (full, initials)


@pytest.mark.parametrize(
    "typed",
    [
        "南两洞桥",
        "两洞",
        "桥",
        "nanliangdongqiao",
        "liangdong",
        "nldq",
        "ld",
        "Underpass",
        "ND-1",
        "nd",
        "ＮＤ",
        "南凉洞桥",
    ],
)
def test_one_thing_answers_to_each_of_its_names(typed):
    text = written("南两洞桥", "South twin underpass", "ND-1")
    assert score(terms(typed), text) > 0


@pytest.mark.parametrize("typed", ["洞南", "桥南", "dqln", "tunnel", "ND-2", "南两洞桥北"])
def test_it_does_not_answer_to_what_it_is_not_called(typed):
    assert score(terms(typed), written("南两洞桥", "South twin underpass", "ND-1")) == 0


def test_the_whole_name_is_worth_more_than_its_beginning_and_that_more_than_a_part():
    text = written("启工泵站", code="P7")
    whole, begins, inside = (score(terms(typed), text) for typed in ("启工泵站", "启工", "泵站"))
    assert whole > begins > inside > score(terms("起公"), text) > 0


def test_every_word_of_a_question_has_to_answer():
    text = written("启工泵站")
    assert score(terms("启工 泵"), text) > 0
    assert score(terms("启工 桥"), text) == 0


def test_more_words_are_found_too_but_nothing_across_two_of_them():
    text = written("张三", more=("启工街道网格员", "白班"))
    assert score(terms("网格"), text) > 0
    assert score(terms("员白"), text) == 0


def test_a_short_question_is_no_slip():
    assert spelling.fuzzy("王伟") == ""
    assert spelling.fuzzy("qig") == "qig"


def test_signs_of_a_pattern_are_letters():
    assert like("100%_\\") == "%100\\%\\_\\\\%"


@given(st.text(max_size=30), st.data())
def test_any_part_of_any_name_finds_it(name, data):
    """Folding may join or drop letters: a part of the folded name is meant."""
    plain = spelling.folded(name)
    if not plain.replace(" ", ""):
        return
    first = data.draw(st.integers(0, len(plain) - 1))
    last = data.draw(st.integers(first + 1, len(plain)))
    part = plain[first:last]
    if spelling.folded(part) != part or len(part.split()) != 1:
        return
    assert score(terms(part), written(name)) > 0
