"""What people watch: a hydrograph read to the single value, and the hall's screen from its grant to its end."""

from __future__ import annotations

import re

from playwright.sync_api import expect


def test_hydrograph_is_found_read_by_keyboard_and_taken_along(visit) -> None:
    window = visit("duty")
    window.go("/series/?q=ST01")
    page = window.page
    page.locator("#more a[data-row]").first.click()
    page.wait_for_url(re.compile(r"streams=ST01"))
    chart = page.locator("[data-series]")
    expect(chart).to_have_attribute("data-ready", "true")
    expect(page.locator(".series-box canvas")).to_be_visible()

    box, read = page.locator(".series-box"), page.locator("[data-series-cursor] [data-t]").first
    box.press("End")
    last = read.inner_text()
    for _press in range(3):
        box.press("ArrowLeft")
    expect(read).not_to_have_text(last)
    before = chart.get_attribute("data-looked") or ""
    box.press("+")
    expect(chart).not_to_have_attribute("data-looked", before)
    expect(page.locator("[data-series-back]")).to_be_visible()

    taken = page.locator("[data-series-take=raw]").evaluate("each => each.href")
    sheet = page.request.get(taken)
    assert sheet.status == 200
    assert sheet.body()[:2] == b"PK"
    with page.expect_download() as picture:
        page.locator("[data-series-png]").click()
    assert picture.value.suggested_filename.endswith(".png")
    assert window.trouble == []


def test_hall_screen_shows_without_login_until_it_is_revoked(visit) -> None:
    leader, hall = visit("leader"), visit(width=1920, height=1080)
    leader.go("/wall/screens/")
    form = leader.page.locator("form", has=leader.page.locator("#screen-name"))
    form.locator("#screen-name").fill("大厅副屏")
    form.locator("#screen-layout").select_option("single")
    form.get_by_role("button").click()
    code = leader.page.locator("[role=status] .t28").inner_text()

    hall.go("/wall/open/")
    hall.page.fill("#screen-code", code)
    hall.page.keyboard.press("Enter")
    hall.page.wait_for_url(re.compile(r"/wall/$"))
    expect(hall.page.locator(".wall-now section").first).to_be_visible()
    size = "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    assert hall.page.evaluate(size) == [1920, 1080]
    assert "single" in (hall.page.locator("body").get_attribute("class") or "")
    assert hall.go("/").url.endswith("/login/?next=/"), "a screen sees the hall and nothing else"
    hall.go("/wall/")

    row = leader.page.locator("tr[data-row]", has_text="大厅副屏")
    row.get_by_role("button").click()
    expect(leader.page.locator("tr[data-row]", has_text="大厅副屏")).to_contain_text("已撤销")
    expect(hall.page.locator("#wall-ended")).to_be_visible(timeout=60_000)
    assert leader.trouble == []


def test_hall_page_takes_the_shape_of_the_window_when_opened_from_a_desk(visit) -> None:
    window = visit("leader", width=1440)
    window.go("/wall/")
    window.page.wait_for_url(re.compile(r"layout=single&factor=75"))
    assert window.page.evaluate("document.documentElement.scrollWidth") <= 1440
