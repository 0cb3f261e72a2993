"""The replay of an incident in a real browser: by slider, by step, by key, while playing; wide and narrow."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect


def opened(visit, **over):
    """The replay of the first incident of the list, its slider at the beginning."""
    window = visit("duty", **over)
    window.go("/incidents/?state=all")
    where = window.page.locator("tbody a[href^='/incidents/']").first.get_attribute("href")
    window.go(where.replace("/incidents/", "/reviews/") + "replay")
    expect(window.page.locator("[data-replay]")).to_have_attribute("data-ready", "true")
    return window


@pytest.fixture
def incident(visit):
    """The scene may hold no incident yet: one is opened then."""
    duty = visit("duty")
    duty.go("/incidents/?state=all")
    if duty.page.locator("tbody a[href^='/incidents/']").count():
        return
    duty.go("/incidents/new")
    duty.page.fill("textarea[name=summary]", "回放：路口积水")
    duty.page.fill("input[name=address]", "建设大路")
    duty.page.select_option("select[name=area]", index=1)
    duty.page.click("button:has-text('立案')")
    duty.page.wait_for_url(re.compile(r"/incidents/[0-9a-f-]{36}/"))


def test_moment_moves_when_the_slider_is_dragged_stepped_and_played(visit, incident) -> None:
    window = opened(visit)
    page = window.page
    slider, now = page.locator("[data-replay] input[type=range]"), page.locator("[data-replay-now]")
    first = now.inner_text()
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(now).not_to_have_text(first)
    page.keyboard.press("ArrowLeft")
    expect(now).to_have_text(first)
    page.click("[data-replay-step='1']")
    assert "at=" in page.url
    expect(page.locator("[data-replay-said]")).not_to_be_empty()
    page.select_option("[data-replay-speed]", "1800")
    page.click("[data-replay-play]")
    expect(page.locator("[data-replay-play]")).to_have_attribute("aria-pressed", "false")
    expect(page.locator("[data-replay-list] tbody tr").first).to_be_visible()
    page.reload()
    expect(page.locator("[data-replay]")).to_have_attribute("data-ready", "true")
    assert window.trouble == []


def test_list_equals_the_servers_when_scripts_are_off(visit, incident) -> None:
    window = opened(visit)
    page = window.page
    for _ in range(2):
        page.click("[data-replay-step='1']")
    shown = page.locator("[data-replay-list] tbody tr").all_inner_texts()
    context = page.context.browser.new_context(java_script_enabled=False, storage_state=page.context.storage_state())
    plain = context.new_page()
    plain.goto(page.url)
    served = plain.locator("[data-replay-list] tbody tr").all_inner_texts()
    context.close()
    assert [re.sub(r"\s+", " ", each) for each in shown] == [re.sub(r"\s+", " ", each) for each in served]


def test_map_draws_the_moment_when_it_is_ready(visit, incident) -> None:
    page = opened(visit).page
    expect(page.locator("[data-map]")).to_have_attribute("data-ready", "true")
    expect(page.locator("[data-map] canvas").first).to_be_visible()


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_replay_fits_a_phone_and_has_no_barrier_when_opened(visit, incident, language: str) -> None:
    window = opened(visit, width=390, height=844, language=language)
    assert window.page.evaluate("document.documentElement.scrollWidth") <= 390
    assert window.axe() == []
    assert window.trouble == []


@pytest.mark.parametrize("width", [1440, 390])
def test_pages_of_a_review_fit_and_have_no_barrier_when_opened(visit, incident, width: int) -> None:
    window = opened(visit, width=width)
    review = re.sub(r"replay.*$", "", window.page.url.removeprefix(window.site))
    for path in (review, f"{review}timeline", f"{review}clocks", "/reviews/indicators/", "/reviews/findings/"):
        assert window.go(path).status == 200, path
        assert window.page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert window.axe() == [], path
    assert window.trouble == []
