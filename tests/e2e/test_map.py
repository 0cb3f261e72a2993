"""The whole map by key and by mouse: layers that stay, history, an area, its list, and only the layer that changed."""

from __future__ import annotations

import re

from playwright.sync_api import expect


def test_map_is_worked_by_keyboard_from_layers_to_history_to_the_list(visit) -> None:
    window = visit("duty")
    window.go("/map/")
    page = window.page
    box = page.locator(".map")
    expect(box).to_have_attribute("data-ready", "true")
    expect(page.locator("[data-layer=stations] [data-n]")).to_have_text(re.compile(r"^[1-9]\d*$"))

    with page.expect_response("**/map/layers") as kept:
        page.locator("[data-layer=depot] input").press("Space")
    assert kept.value.status == 204
    window.go("/map/")
    expect(page.locator("[data-layer=depot] input")).to_be_checked()
    expect(box).to_have_attribute("data-ready", "true")

    with page.expect_response(re.compile(r"/map/layers/stations\.geojson\?at=")):
        page.locator("[data-time]").press("ArrowLeft")
    expect(page.locator("[data-time-said]")).to_contain_text("历史")
    expect(page).to_have_url(re.compile(r"at=\d{4}-\d\d-\d\dT\d\d:\d\d"))
    page.locator("[data-time-now]").press("Enter")
    expect(page).not_to_have_url(re.compile(r"at="))

    page.locator("[data-tool=select]").press("Enter")
    canvas = page.locator(".maplibregl-canvas")
    for keys in (["ArrowLeft"] * 6, ["ArrowDown"] * 4, ["ArrowRight"] * 9):
        canvas.press("Enter")
        for key in keys:
            canvas.press(key)
    canvas.press("Enter")
    expect(box).to_have_attribute("data-corners", "4")
    with page.expect_response("**/map/select.json?*"):
        canvas.press("Shift+Enter")
    expect(page).to_have_url(re.compile(r"within="))
    expect(page.locator("[data-tool-said]")).to_contain_text("km²")

    page.locator("[data-twin]").press("Enter")
    expect(page).to_have_url(re.compile(r"/map/list\?.*within="))
    expect(page.locator("main")).to_contain_text("只列圈选范围内的")
    assert window.trouble == []


def test_map_opens_as_the_link_says_and_searches_on_a_phone(visit) -> None:
    window = visit("duty", width=360, height=740)
    window.go("/map/?layers=stations&c=123.36000,41.79000&z=13.00")
    page = window.page
    expect(page.locator(".map")).to_have_attribute("data-ready", "true")
    expect(page).to_have_url(re.compile(r"layers=stations&c=123\.36000,41\.79000&z=13\.00"))
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.locator(".mapside > summary").click()
    page.locator("[data-map-find] input").fill("启工")
    page.locator("[data-found] button").first.click()
    expect(page.locator(".maplibregl-popup")).to_contain_text("启工")
    assert window.trouble == []
