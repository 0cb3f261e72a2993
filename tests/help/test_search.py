"""Who looks for a word finds the page that is about it: Chinese, English, pinyin, initials; with no index beside."""

import pytest
from django.test import Client

from fengsui.core.help.search import search, sounds_like, terms


@pytest.mark.parametrize(
    ("language", "query", "page"),
    [
        ("zh", "解除预警", "manual/zh/lift/"),
        ("zh", "怎么解除预警", "manual/zh/lift/"),
        ("zh", "交班", "manual/zh/hand-over/"),
        ("zh", "jiaoban", "manual/zh/hand-over/"),
        ("zh", "jieban", "manual/zh/take-over/"),
        ("zh", "hdqfyj", "manual/zh/warn/"),
        ("zh", "第二因素", "manual/zh/account/"),
        ("zh", "断网", "manual/zh/outage/"),
        ("zh", "怎样导入一张表", "manual/zh/import/"),
        ("zh", "FENGSUI_SMTP_URL", "guides/administrator.zh-CN/"),
        ("en", "lift a warning", "manual/en/lift/"),
        ("en", "hand over", "manual/en/hand-over/"),
        ("en", "verify-audit", "guides/administrator/"),
        ("en", "how to add a sensor", "howto/add-a-sensor/"),
    ],
)
def test_what_is_looked_for_stands_among_the_first_three(built, language, query, page):
    assert page in [each.page for each in search(built, query, language)][:3]


def test_nothing_is_found_for_words_that_no_page_holds(built):
    assert search(built, "量子纠缠", "zh") == []
    assert search(built, "", "zh") == search(built, "，。", "zh") == []


def test_a_chinese_reader_is_shown_an_english_page_only_where_there_is_no_chinese_one(built):
    pages = {each.page for each in search(built, "replay", "zh")}
    assert "reference/replays/" in pages
    assert not any("manual/en/" in each for each in pages)


def test_the_hit_is_marked_in_its_text(built):
    found = search(built, "叫下一名", "zh")[0]
    assert any(hit for _words, hit in found.pieces)


def test_terms_are_pairs_of_characters_and_whole_words():
    assert terms("怎么解除 CAP 警") == ["怎么", "么解", "解除", "cap", "警"]


@pytest.mark.parametrize(
    ("term", "heard"), [("jiaoban", True), ("jiao", True), ("jb", True), ("ban", True), ("jbx", False), ("j", False)]
)
def test_pinyin_is_heard_from_a_syllable_on(term, heard):
    assert sounds_like(term, "jiao ban") is heard


@pytest.mark.django_db
def test_the_page_lists_what_was_found_and_keeps_markup_out(served):
    text = Client().get("/help/search", {"q": "<i>签发</i>", "language": "zh"}).content.decode()
    assert "/help/manual/zh/warn/" in text
    assert "<i>签发" not in text
