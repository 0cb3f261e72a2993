"""Registers in a real browser: find a row, change it, bring a sheet; wide and narrow, in both languages."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.ledger.make import workbook

SHOTS = os.environ.get("FENGSUI_SHOTS", "")


def shot(page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"))


@pytest.mark.parametrize(("width", "language"), [(1440, "zh-hans"), (390, "en")])
def test_a_row_is_found_and_read_by_hand_in_every_width(visit, width, language) -> None:
    window = visit("leader", width=width, language=language)
    page = window.page
    window.go("/registers/")
    expect(page.locator("tbody tr")).to_have_count(13)
    shot(page, f"index-{width}")
    assert window.axe() == []
    for path in (
        "/registers/teams/?cols=name,kind,skills,jurisdiction",
        "/registers/teams/?f.level=street",
        "/registers/teams/import",
        "/registers/areas/",
        "/registers/areas/rows/210106007/edit",
        "/registers/stock/",
    ):
        window.go(path)
        shot(page, "-".join(["page", *path.strip("/").replace("?", "-").split("/"), str(width)]))
        assert window.axe() == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    window.go("/registers/teams/")
    page.locator("tbody a").first.click()
    expect(page.locator("main")).to_contain_text("S01")
    shot(page, f"row-{width}")
    assert window.axe() == []
    page.locator("a[data-key=e]").click()
    shot(page, f"form-{width}")
    assert window.axe() == []
    assert window.trouble == []


def test_a_sheet_is_brought_in_by_hand(visit, tmp_path) -> None:
    window = visit("leader")
    page = window.page
    sheet = tmp_path / "避难场所.xlsx"
    sheet.write_bytes(
        workbook(
            [
                ["编号", "名称", "街道", "坐标", "类别", "有效面积（亩）", "人均面积", "开放天数", "容量"],
                ["E2E1", "中学操场", "启工街道", "123.345，41.806", "紧急", 3, 1.5, 3, 1300],
                ["E2E2", "小学操场", "没有街道", "123.345，41.806", "紧急", 3, 1.5, 3, "许多"],
                ["注：面积为估算"],
            ]
        )
    )
    window.go("/registers/shelters/import")
    page.set_input_files("#file", str(sheet))
    page.click("button:has-text('上传并检查')")
    expect(page.locator("#preview")).to_contain_text("第 3 行")
    expect(page.locator("#preview")).to_contain_text("“没有街道”不在册")
    shot(page, "preview")
    assert window.axe() == []
    page.check("input[name=skip_wrong]")
    page.click("button:has-text('接收')")
    expect(page.locator("#preview")).to_contain_text("已接收 1 行")
    window.go("/registers/shelters/?q=E2E1")
    expect(page.locator("tbody tr")).to_have_count(1)
    window.go("/registers/shelters/map")
    page.wait_for_timeout(1500)
    shot(page, "map")
    assert window.trouble == []


def test_a_register_is_worked_in_by_keyboard_alone(visit) -> None:
    """Change a cell, meet somebody else's change, take it back, change several rows, paste: no mouse."""
    window = visit("leader")
    page, keys = window.page, window.page.keyboard
    window.go("/registers/shelters/?sort=code")
    cell = page.locator("tbody tr").nth(1).locator("td[data-c=capacity]")
    page.locator("tbody td[tabindex='0']").focus()
    keys.press("ArrowDown")
    keys.press("End")
    keys.press("ArrowLeft")
    expect(cell).to_be_focused()
    keys.press("F2")
    expect(page.locator("td.editing input")).to_be_focused()
    other = visit("duty")
    other.go("/registers/shelters/?sort=code")
    other.page.locator("tbody tr").nth(1).locator("td[data-c=capacity]").dblclick()
    other.page.locator("td.editing input").fill("4242")
    other.page.keyboard.press("Enter")
    expect(other.page.locator("#lstep")).to_contain_text("→ 4,242")
    keys.type("5151")
    keys.press("Enter")
    expect(page.locator(".lclash")).to_contain_text("4242")
    shot(page, "conflict")
    assert window.axe() == []
    expect(page.locator(".lclash [data-mine]")).to_be_focused()
    keys.press("Enter")
    expect(page.locator("#lstep")).to_contain_text("4,242 → 5,151")
    expect(page.locator("tbody tr").nth(2).locator("td[data-c=capacity]")).to_be_focused()
    keys.press("Control+z")
    expect(page.locator("#said")).to_contain_text("已撤回")
    expect(page.locator("tbody tr").nth(1)).to_contain_text("4,242")
    page.locator("tbody td[tabindex='0']").focus()
    keys.press(" ")
    keys.press("ArrowDown")
    keys.press(" ")
    expect(page.locator("[data-picked]")).to_have_text("选 2 行")
    page.locator("#lbulk select[name=column]").select_option("grade")
    page.locator("#lvalue input[aria-label=类别]").fill("中心避难场所")
    page.locator("#lbulk button[value=set]").press("Enter")
    expect(page.locator("#step")).to_contain_text("会写进去的")
    shot(page, "bulk")
    assert window.axe() == []
    page.locator("button:has-text('改 2 行')").press("Enter")
    expect(page.locator("#step")).to_contain_text("改了 2 行")
    page.locator("button:has-text('全部撤回')").press("Enter")
    expect(page.locator("#said")).to_contain_text("已撤回")
    page.locator("tbody tr").nth(0).locator("td[data-c=capacity]").focus()
    page.evaluate(
        """() => { const data = new DataTransfer(); data.setData("text/plain", "61\\n许多");
        document.activeElement.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true })) }"""
    )
    expect(page.locator("#preview")).to_contain_text("“许多”不是数字")
    told = [each for each in window.trouble if "409" not in each]
    assert told == []
