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
