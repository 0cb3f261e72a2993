"""A dike is drawn on the map by mouse and by keys, corrected, gives way, and is seen over the water it let through."""

from __future__ import annotations

import math
import re
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Server, Visitor

ZOOM = 14
"""Of the answer's map as it opens, its middle the square's."""
A_PIXEL = 3e-5
"""Degrees."""


def _form(window: Visitor) -> Any:
    """The smallest square and a short, light rain; the map unfolded and ready."""
    window.go("/floods/new/")
    page = window.page
    page.select_option("select[name=place]", index=1)
    page.select_option("select[name=width_m]", "1000")
    page.select_option("select[name=kind]", "steady")
    page.fill("input[name=mm_h]", "5")
    page.fill("input[name=duration_min]", "30")
    page.locator("[data-draw-line] > summary").click()
    expect(_box(page)).to_have_attribute("data-ready", "true")
    return page


def _box(page: Any) -> Any:
    return page.locator("[data-draw-line] [data-map]")


def _press(page: Any, east: int, south: int) -> None:
    """A press of the mouse so many pixels from the map's middle."""
    size = _box(page).bounding_box()
    _box(page).click(position={"x": size["width"] / 2 + east, "y": size["height"] / 2 + south})


def _line(page: Any) -> list[tuple[float, float]]:
    rows = page.input_value("textarea[name=breach_line]").split()
    return [(float(lon), float(lat)) for lon, _, lat in (row.partition(",") for row in rows)]


def _window(browser: Any, server: Server) -> Visitor:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(120_000)
    context.add_cookies([{"name": "django_language", "value": "zh-hans", "url": server.url}])
    window = Visitor(context.new_page(), server.url)
    window.log_in("duty")
    return window


def test_dike_is_drawn_corrected_breached_and_shown_over_its_water(mortal: Server, browser: Any) -> None:
    window = _window(browser, mortal)
    page = _form(window)
    said, corners = page.locator("[data-tool-said]"), _box(page)

    page.locator("[data-draw-begin]").click()
    for n, (east, south) in enumerate(((-150, 60), (0, 0), (90, -140), (150, 40)), 1):
        _press(page, east, south)
        expect(corners).to_have_attribute("data-corners", str(n))
    expect(said).to_contain_text("4 个点，全长")
    page.locator("[data-draw-back]").click()  # the third was meant elsewhere, and so was the fourth
    page.locator(".maplibregl-canvas").press("Backspace")
    expect(said).to_contain_text("2 个点")
    _press(page, 140, 50)
    page.locator("[data-draw-done]").click()
    expect(corners).to_have_attribute("data-corners", "3")
    places = page.locator("[data-draw-line]").get_attribute("data-places")
    middle = page.evaluate("([all, id]) => JSON.parse(all)[id]", [places, page.input_value("select[name=place]")])
    line = _line(page)
    assert line[1] == pytest.approx(middle, abs=A_PIXEL), "where it was pressed"
    assert line[0][0] < line[1][0] < line[2][0]
    assert line[0][1] < line[1][1] > line[2][1], "south is down"

    page.locator("[data-draw-clear]").click()
    expect(page.locator("textarea[name=breach_line]")).to_have_value("")
    page.locator("[data-draw-back]").click()  # cleared in error
    assert _line(page) == line

    page.select_option("select[name=breach_side]", "right")
    page.fill("input[name=breach_at]", "50")
    page.press("input[name=breach_at]", "Enter")
    expect(page).to_have_url(re.compile(r"/floods/[0-9a-f-]{36}/$"))
    mortal.run("tests.e2e.flood_scene")
    told = page.locator("#flood")
    expect(told).to_contain_text("Godunov")
    expect(told).to_contain_text("线上 50 % 处，10 分钟起 10 分钟内冲开 30 m")
    expect(told).to_contain_text("溃口来水")
    box = page.locator("[data-flood] [data-map]")
    expect(box).to_have_attribute("data-ready", "true")
    expect(box.locator(".map-legend")).to_contain_text("溃口")

    size, at = box.bounding_box(), _halfway(line)
    pixel = 512 * 2**ZOOM / 360
    x, y = (at[0] - middle[0]) * pixel, (middle[1] - at[1]) * pixel / math.cos(math.radians(middle[1]))
    box.click(position={"x": size["width"] / 2 + x, "y": size["height"] / 2 + y})
    expect(page.locator(".maplibregl-popup")).to_contain_text("溃口")
    expect(page.locator(".maplibregl-popup")).to_contain_text("冲开 30 m")

    page.get_by_role("link", name="改一项再推演").click()
    assert _line(page) == line, "the same line is there to be asked again"
    expect(_box(page)).to_have_attribute("data-corners", "3")
    assert window.trouble == []
    window.page.context.close()


def _halfway(line: list[tuple[float, float]]) -> tuple[float, float]:
    narrow = math.cos(math.radians(line[0][1]))
    lengths = [math.hypot((b[0] - a[0]) * narrow, b[1] - a[1]) for a, b in pairwise(line)]
    left = sum(lengths) / 2
    a, b = (line[0], line[1]) if left <= lengths[0] else (line[1], line[2])
    share = left / lengths[0] if left <= lengths[0] else (left - lengths[0]) / lengths[1]
    return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share


def test_dike_is_drawn_by_keys_and_written_as_coordinates(visit) -> None:
    window = visit("duty")
    page = _form(window)
    page.locator("[data-draw-begin]").press("Enter")
    canvas = page.locator(".maplibregl-canvas")
    for key in ("ArrowLeft", "ArrowRight", "ArrowDown"):
        canvas.press("Enter")
        canvas.press(key)
    canvas.press("Enter")
    expect(_box(page)).to_have_attribute("data-corners", "4")
    canvas.press("Backspace")
    canvas.press("Escape")
    line = _line(page)
    assert len(line) == 3, "putting the pen down keeps what was drawn"

    text = page.locator("textarea[name=breach_line]")
    text.press("Control+End")
    text.type("\n123.36,41.79")
    expect(_box(page)).to_have_attribute("data-corners", "4")
    page.locator("[data-draw-back]").press("Enter")
    assert _line(page) == line, "what was typed is taken back as what was pressed"

    page.locator("[data-draw-begin]").press("Enter")  # goes on behind the last corner
    _press(page, 90, 0)
    expect(_box(page)).to_have_attribute("data-corners", "4")
    _press(page, 90, 0)  # twice at one place: that is the line
    expect(_box(page)).not_to_have_attribute("data-tool", "line")
    assert _line(page)[:3] == line

    drawn = page.input_value("textarea[name=breach_line]")
    window.go("/floods/")
    window.go("/floods/new/")
    expect(page.locator("textarea[name=breach_line]")).to_have_value(drawn)  # nothing was sent, nothing is lost
    assert window.trouble == []


def _wrong(page: Any, name: str, words: str, **typed: str) -> None:
    """Sent as it is typed: the field says why it cannot be, stands in view, and all that was typed is still there."""
    for field, value in typed.items():
        page.fill(f"[name={field}]", value)
    with page.expect_response(lambda each: each.request.method == "POST" and each.status == 422):
        page.get_by_role("button", name="开始推演").click()
    field = page.locator(f".field:has([name={name}])")
    expect(field.locator(".err")).to_contain_text(words)
    expect(page.locator(f"[name={name}]")).to_be_focused()
    expect(page.locator(f"[name={name}]")).to_be_in_viewport()
    for field, value in typed.items():
        expect(page.locator(f"[name={field}]")).to_have_value(value)
    expect(page.locator("input[name=mm_h]")).to_have_value("5")
    expect(page.locator("select[name=width_m]")).to_have_value("1000")


def test_dike_that_cannot_be_is_told_at_its_field_and_nothing_typed_is_lost(visit) -> None:
    window = visit("duty")
    page = _form(window)
    page.locator("[data-draw-begin]").click()
    _press(page, -120, 0)
    page.locator("[data-draw-done]").click()
    expect(page.locator("[data-tool-said]")).to_have_text("1 个点，至少要两个")
    one = page.input_value("textarea[name=breach_line]")
    _wrong(page, "breach_line", "个点", breach_line=one, breach_at="45")
    expect(_box(page)).to_have_attribute("data-corners", "1")

    page.locator("[data-draw-begin]").click()
    _press(page, 120, 0)
    two = page.input_value("textarea[name=breach_line]")
    assert two.startswith(one)
    _wrong(page, "breach_at", "0 到 100", breach_line=two, breach_at="130")
    _wrong(page, "breach_at", "溃口伸出了堤线的端头", breach_line=two, breach_at="100")
    _wrong(page, "breach_value", "有堤线就要填这一项", breach_line=two, breach_at="45", breach_value="")
    _wrong(page, "breach_line", "那里", breach_line=f"{two}\n那里", breach_value="2")
    assert [each for each in window.trouble if "422" not in each] == []
