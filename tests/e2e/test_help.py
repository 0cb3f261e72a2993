"""Who does not know how a page is used: one press opens what explains it, a search finds the rest, by pinyin too."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect


@pytest.mark.parametrize(
    ("width", "language", "title", "typed", "found"),
    [
        (1440, "zh-hans", "核定、签发预警", "jiaoban", "交班"),
        (390, "en", "Confirm and issue a warning", "hand over", "Hand over the shift"),
    ],
)
def test_help_opens_what_explains_the_page_and_is_searched(visit, width, language, title, typed, found) -> None:
    window = visit("duty", width=width, language=language)
    page = window.page
    window.go("/warnings/")
    if width < 640:
        page.locator("[data-menu] > summary").click()
    with page.context.expect_page() as opened:
        page.locator("a[href^='/help/for/']:visible").click()
    guide = opened.value
    expect(guide.locator("article h1")).to_have_text(title)
    expect(page).to_have_url(re.compile("/warnings/$"))
    window.page = guide
    assert window.axe() == []
    assert guide.evaluate("document.documentElement.scrollWidth <= innerWidth")
    search = guide.locator("input[name=q]")
    search.fill(typed)
    search.press("Enter")
    assert window.axe() == []
    guide.locator(".guide-found a").first.click()
    expect(guide.locator("article h1")).to_have_text(found)
    assert window.trouble == []
