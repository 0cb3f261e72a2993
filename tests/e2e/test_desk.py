"""The first screen in a real browser: what burns, what is mine, by mouse, key, finger and ear."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

MAIN_PAGES = [
    "/",
    "/clocks/?f.scope=any",
    "/map/",
    "/map/list",
    "/find/?q=桥",
    "/warnings/",
    "/incidents/",
    "/tasks/",
    "/stations/",
]


def test_desk_shows_the_one_next_act_when_a_duty_officer_logs_in(visit) -> None:
    window = visit("duty")
    page = window.page
    expect(page.locator("#act")).to_contain_text("现在要你决定")
    expect(page.locator("#act h1")).to_contain_text("核定预警")
    expect(page.locator("#mine .row")).to_have_count(3)
    expect(page.locator("#burning")).to_contain_text("44")
    expect(page.locator("#overdue")).to_contain_text("回报水情")
    expect(page.locator("#recent tr").first).to_be_visible()
    expect(page.locator("#heard")).to_contain_text("已收")


def test_curve_of_the_next_act_stays_when_the_panel_is_refreshed(visit) -> None:
    page = visit("duty").page
    expect(page.locator("#act canvas")).to_be_visible()
    expect(page.locator("#heard")).to_contain_text("已收")
    with page.expect_response("**/desk/parts/act"):
        page.evaluate("window.dispatchEvent(new CustomEvent('fengsui:refresh', {detail: 'desk'}))")
    page.wait_for_timeout(600)
    expect(page.locator("#act canvas")).to_be_visible()


def test_login_says_what_to_do_when_the_password_is_wrong(visit) -> None:
    window = visit()
    window.go("/login/")
    window.page.fill("input[name=username]", "nobody")
    window.page.fill("input[name=password]", "wrong")
    window.page.click("button:has-text('登录')")
    expect(window.page.locator("body")).to_contain_text("账号或密码不对")
    expect(window.page.locator("input[name=password]")).to_have_value("")


def test_first_item_opens_when_one_is_pressed(visit) -> None:
    window = visit("duty")
    wanted = window.page.locator("#mine .row").first.get_attribute("href")
    window.page.keyboard.press("1")
    window.page.wait_for_url(f"{window.site}{wanted}")


def test_keys_are_listed_when_the_question_mark_is_pressed(visit) -> None:
    window = visit("duty")
    window.page.keyboard.press("?")
    expect(window.page.locator("dialog#keys")).to_be_visible()
    expect(window.page.locator("dialog#keys")).to_contain_text("上下")
    window.page.keyboard.press("Escape")
    expect(window.page.locator("dialog#keys")).not_to_be_visible()


def test_rows_are_walked_by_key_when_j_is_pressed_and_rest_while_typing(visit) -> None:
    window = visit("duty")
    window.page.keyboard.press("j")
    expect(window.page.locator("[data-row][data-cursor]")).to_have_count(1)
    window.page.keyboard.press("/")
    window.page.keyboard.type("j1")
    expect(window.page.get_by_role("combobox")).to_have_value("j1")
    assert window.page.url == f"{window.site}/"


def test_overdue_owner_can_be_called_when_the_button_is_pressed(visit) -> None:
    window = visit("duty")
    window.page.locator("#overdue .row", has_text="回报水情").locator("button").click()
    expect(window.page.locator("#overdue a[href^='tel:']")).to_have_attribute("href", re.compile(r"^tel:1110000\d+$"))


def test_language_changes_when_english_is_chosen(visit) -> None:
    window = visit("duty")
    window.page.locator(".menu > summary").click()
    window.page.locator("button[name=language][value=en]").click()
    expect(window.page.locator("html")).to_have_attribute("lang", "en")
    window.page.locator(".menu > summary").click()
    window.page.locator("button[name=language][value=zh-hans]").click()
    expect(window.page.locator("html")).to_have_attribute("lang", "zh-CN")


def test_desk_follows_without_reload_when_a_colleague_pauses_a_clock(visit) -> None:
    mine, colleague = visit("duty"), visit("duty2")
    expect(mine.page.locator("#heard")).to_contain_text("已收")
    mine.page.keyboard.press("j")
    expect(mine.page.locator("[data-row][data-cursor]")).to_have_count(1)
    colleague.go("/clocks/")
    colleague.page.locator("#rows a", has_text="规则与经过").last.click()
    colleague.page.fill("input[name=reason]", "等外部核实")
    colleague.page.click("button:has-text('暂停计时')")
    expect(colleague.page.locator("body")).to_contain_text("等外部核实")
    expect(mine.page.locator(".clk.paused").first).to_contain_text("等外部核实")
    expect(mine.page.locator("[data-row][data-cursor]")).to_have_count(1)  # redrawn, and still on its row
    colleague.page.click("button:has-text('恢复计时')")
    expect(mine.page.locator(".clk.paused")).to_have_count(0)


def test_a_list_is_narrowed_kept_as_a_view_and_walked_by_keys(visit) -> None:
    window = visit("duty")
    page = window.page
    window.go("/clocks/?f.scope=any")
    every = page.locator("#rows tbody tr").count()
    page.locator("#lfacets a", has_text="计时中").click()
    expect(page).to_have_url(re.compile("f.state=running"))
    page.locator("summary", has_text="存为视图").click()
    page.fill("#view-name", "在走的")
    page.click("button:has-text('存下')")
    expect(page.locator(".lviews a[aria-current]")).to_contain_text("在走的")
    expect(page.locator("#rows tbody tr")).to_have_count(every)
    page.keyboard.press("/")
    expect(page.locator(".lfind input[name=q]")).to_be_focused()
    page.keyboard.press("Escape")
    page.locator("h1").click()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/clocks/?" not in url)


def test_team_gets_the_phone_page_first_when_it_logs_in(visit) -> None:
    window = visit("team", width=390, height=844)
    expect(window.page.locator("body.phone")).to_be_visible()
    expect(window.page.locator(".p-tabs a")).to_have_count(5)


TALLEST = {".top": 56, "#alarm": 56, "#bar": 0.2 * 740}
"""Pixels of a bar that is folded, on the smallest phone."""


def test_bars_leave_the_warning_its_room_and_unfold_by_key_on_a_phone(visit) -> None:
    window = visit("duty", width=360, height=740)
    page = window.page
    page.locator("#act a", has_text="去核定预警").click()
    expect(page.locator("#alarm b")).to_be_visible()
    heights = {bar: page.locator(bar).bounding_box()["height"] for bar in TALLEST}
    assert {bar: height for bar, height in heights.items() if height > TALLEST[bar]} == {}
    other = page.locator("#bar summary", has_text="不发布")
    expect(page.locator("#bar button", has_text="核定，送签发")).to_be_visible()
    expect(other).to_be_hidden()
    page.locator("[data-unfold=bar]").press("Enter")
    expect(other).to_be_visible()
    with page.expect_response("**/parts/bar"):
        page.evaluate("window.dispatchEvent(new CustomEvent('fengsui:refresh', {detail: '*'}))")
    expect(page.locator("[data-unfold=bar]")).to_have_attribute("aria-expanded", "true")
    expect(other).to_be_visible()
    page.keyboard.press("Escape")
    expect(other).to_be_hidden()
    expect(page.locator("[data-unfold=bar]")).to_be_focused()
    page.locator("[data-unfold=nav]").click()
    page.locator("nav#nav").get_by_text("时限").click()
    expect(page.locator("[data-unfold=nav]")).to_contain_text("时限")


def test_audit_shows_an_intact_chain_when_an_auditor_opens_a_subject(visit) -> None:
    window = visit("auditor")
    window.go("/audit/?verb=WarningDrafted")
    window.page.locator("tbody a").first.click()
    expect(window.page.locator("main")).to_contain_text("首尾相接")


@pytest.mark.parametrize("path", MAIN_PAGES)
def test_page_fits_a_phone_and_the_console_is_silent_when_opened(visit, path: str) -> None:
    window = visit("duty", width=390, height=844)
    assert window.go(path).status == 200
    window.page.wait_for_timeout(600)
    assert window.page.evaluate("document.documentElement.scrollWidth") <= 390
    assert window.trouble == []


@pytest.mark.parametrize("path", ["/login/", *MAIN_PAGES])
def test_page_has_no_serious_barrier_when_judged_by_axe(visit, path: str) -> None:
    window = visit("" if path == "/login/" else "duty")
    assert window.go(path).status == 200
    window.page.wait_for_timeout(400)
    assert window.axe() == []


@pytest.mark.parametrize("theme", ["dark", "sun"])
def test_desk_keeps_its_contrast_when_the_theme_changes(visit, theme: str) -> None:
    window = visit("duty")
    window.page.context.add_cookies([{"name": "theme", "value": theme, "url": window.site}])
    window.go("/")
    expect(window.page.locator("html")).to_have_attribute("data-theme", theme)
    assert window.axe() == []


def test_word_to_type_is_said_beside_its_field_when_a_warning_is_issued(visit) -> None:
    page = visit("duty").page
    page.locator("#act a.btn.do").click()
    page.click("button:has-text('核定，送签发')")
    leader = visit("leader")
    leader.go(page.url.removeprefix(leader.site))
    leader.page.locator("#bar summary", has_text="签发").first.click()
    expect(leader.page.locator("#bar .typed label").first).to_contain_text("输入“")
    expect(leader.page.locator("#bar [data-typed-button]").first).to_be_disabled()


def test_typed_text_comes_back_and_one_incident_is_opened_when_the_session_ended_and_the_finger_trembles(visit) -> None:
    window = visit("duty")
    page = window.page
    window.go("/incidents/new")
    page.fill("textarea[name=summary]", "路口积水，两车被困")
    page.fill("input[name=address]", "兴华街与建设路口")
    page.select_option("select[name=area]", index=1)
    page.context.clear_cookies(name="sessionid")
    page.click("button:has-text('立案')")
    expect(page.locator("#said")).to_contain_text("没有送出：登录已过期")
    page.get_by_role("link", name="去登录").first.click()
    page.click("button[name=username][value=duty]")
    expect(page.locator(".draft")).to_contain_text("还没有送出")
    expect(page.locator("textarea[name=summary]")).to_have_value("路口积水，两车被困")
    page.dblclick("button:has-text('立案')")
    page.wait_for_url(re.compile(r"/incidents/[0-9a-f-]{36}/"))
    window.go("/incidents/?q=兴华街与建设路口")
    expect(page.locator("tbody tr")).to_have_count(1)


def test_a_place_is_found_and_opened_by_keyboard_alone(visit) -> None:
    """Ctrl-K, initials, Tab to the next kind and back, Enter; the focus returns; the recent one stands first."""
    window = visit("duty")
    page = window.page
    expect(page.locator("#act")).to_be_visible()
    page.locator(".quick a").first.focus()
    page.keyboard.press("Control+k")
    box = page.get_by_role("combobox")
    expect(box).to_be_focused()
    expect(page.get_by_role("option").first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(page.locator(".quick a").first).to_be_focused()
    page.keyboard.press("Control+k")
    page.keyboard.type("qgjd")
    first = page.get_by_role("option", selected=True)
    expect(page.locator("[data-kind]")).not_to_have_count(0)
    expect(first).to_contain_text("启工街道")
    kind = first.locator("xpath=ancestor::*[@data-kind]").get_attribute("data-kind")
    page.keyboard.press("Tab")
    assert (
        page.get_by_role("option", selected=True).locator("xpath=ancestor::*[@data-kind]").get_attribute("data-kind")
        != kind
    )
    page.keyboard.press("Shift+Tab")
    chosen = page.get_by_role("option", selected=True)
    assert box.get_attribute("aria-activedescendant") == chosen.get_attribute("id")
    title, goal = chosen.locator("b").inner_text(), chosen.get_attribute("href")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{goal}")
    page.keyboard.press("Control+k")
    expect(page.locator("[data-kind=recent]").get_by_role("option").first).to_contain_text(title.split("\u3000")[0])
    assert window.axe() == []
    assert window.trouble == []
