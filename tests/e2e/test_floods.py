"""A flood is tried out from its form to the water over the map, by keyboard; two are laid beside each other."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from tests.e2e.conftest import Server, Visitor


def _ask(window: Visitor, rain: str) -> Any:
    window.go("/floods/new/")
    page = window.page
    page.select_option("select[name=place]", index=1)
    page.select_option("select[name=width_m]", "1000")
    page.select_option("select[name=kind]", "steady")
    page.fill("input[name=mm_h]", rain)
    page.fill("input[name=duration_min]", "30")
    page.press("input[name=duration_min]", "Enter")
    expect(page).to_have_url(re.compile(r"/floods/[0-9a-f-]{36}/$"))
    expect(page.locator("#flood")).to_contain_text("排队")
    return page


def test_flood_is_asked_watched_and_compared(mortal: Server, browser: Any) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(90_000)
    context.add_cookies([{"name": "django_language", "value": "zh-hans", "url": mortal.url}])
    window = Visitor(context.new_page(), mortal.url)
    window.log_in("duty")

    window.go("/floods/new/")
    window.page.fill("input[name=duration_min]", "31")
    window.page.press("input[name=duration_min]", "Enter")
    expect(window.page.locator("form.form")).to_contain_text("没有地点")
    expect(window.page.locator("form.form")).to_contain_text("填 5 的倍数")

    shown = {"design": "return_period_a", "steady": "mm_h", "live": "back_min"}
    for kind, field in shown.items():
        window.page.select_option("select[name=kind]", kind)
        for other in shown.values():
            expect(window.page.locator(f"[name={other}]")).to_be_visible(visible=other == field)

    page = _ask(window, "100")
    mortal.run("tests.e2e.flood_scene")
    expect(page.locator("#flood")).to_contain_text("哪些地方进水")  # by itself: nobody pressed anything
    box = page.locator("[data-flood] [data-map]")
    expect(box).to_have_attribute("data-ready", "true")
    with page.expect_response(re.compile(r"/frames/\d+\.png$")):
        page.locator("[data-flood] [data-at]").press("ArrowRight")
    expect(page.locator("[data-flood] [data-now]")).to_have_text("0:05")
    page.locator("[data-flood] [data-play]").press("Enter")
    expect(page.locator("[data-flood] [data-now]")).to_have_text("1:30")
    expect(page.locator("[data-flood] [data-play]")).to_have_attribute("aria-pressed", "false")
    with page.expect_download() as table:
        page.get_by_role("link", name="CSV").press("Enter")
    assert "最大水深" in Path(table.value.path()).read_text("utf-8-sig")

    _ask(window, "20")
    mortal.run("tests.e2e.flood_scene")
    expect(page.locator("#flood")).to_contain_text("与另一次并排看")
    page.locator("a[href*='/beside/']").first.press("Enter")
    expect(page.locator("main")).to_contain_text("均匀 20 mm/h")
    expect(page.locator("main")).to_contain_text("均匀 100 mm/h")
    assert window.trouble == []
    context.close()
