"""The explained words: complete in both languages, said by some page, found by any part."""

from __future__ import annotations

import pytest

from fengsui.catalog.trade import TRADE
from fengsui.config.ops.translations import english
from fengsui.core.ui.trade_words import told
from fengsui.kernel.terms import Terms
from tests.contracts.story import client_of, tell


@pytest.mark.parametrize("code", list(TRADE))
def test_a_word_is_explained_in_both_languages_with_a_source_or_as_common_practice(code):
    term = TRADE[code]
    assert term.means.endswith("。")
    assert term.means_en.endswith(".")
    assert len(term.means) <= 120
    assert term.source or term.basis == "G"


def test_only_words_that_the_interface_says_are_explained():
    said = "\n".join(str(each.id) for each in english() if each.id)
    said += "\n".join(term.zh for terms in Terms.registered.values() if terms is not TRADE for term in terms.values())
    assert [term.zh for term in TRADE.values() if term.zh not in said] == []


def test_no_word_is_explained_twice():
    for english_too in (False, True):
        words = [each["word"].lower() for each in told(english_too)]
        assert len(set(words)) == len(words)


@pytest.mark.django_db
def test_pages_when_searched_and_in_each_language(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    tell()
    duty = client_of("duty")
    page = duty.get("/terms/", {"q": "谁发布谁负责"}).content.decode()
    assert page.count("<dt>") == 1
    assert "发布单位" in page
    empty = duty.get("/terms/", {"q": "<script>"}).content.decode()
    assert "没有这个词" in empty
    assert 'value="&lt;script&gt;"' in empty
    zh, en = (duty.get(f"/terms/words.{each}.json").json()["words"] for each in ("zh", "en"))
    assert {each["code"] for each in zh} == {each["code"] for each in en} == set(TRADE)
    assert duty.get("/terms/words.fr.json").status_code == 404
