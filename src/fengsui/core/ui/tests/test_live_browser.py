"""The page in a real browser against the real live route: what it hears, what it says when it hears nothing."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.template.loader import get_template

from fengsui.core.live import CHANNEL
from fengsui.core.ui import assets
from fengsui.core.worlds import LIVE

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.skipif(not assets.ready(), reason="the front end is not built"),
    pytest.mark.skipif(shutil.which("chromium") is None, reason="no Chromium on this system"),
]
ROOT = Path(__file__).resolve().parents[5]
CHROMIUM = ["--no-sandbox", "--disable-dev-shm-usage", "--use-gl=angle", "--use-angle=swiftshader",
            "--enable-unsafe-swiftshader"]  # fmt: skip


PATIENCE_S = 90
"""Nothing here says how fast it must be: a machine may be busy with other tests."""


class Site:
    def __init__(self, port: int) -> None:
        self.port, self.process = port, None
        facts = connection.settings_dict
        self.database = {
            "dbname": facts["NAME"],
            "user": facts["USER"],
            "host": facts["HOST"],
            "port": facts["PORT"] or None,
        }
        self.url = f"postgresql://{facts['USER']}@/{facts['NAME']}?host={facts['HOST']}"

    def start(self) -> None:
        env = os.environ | {
            "FENGSUI_DATABASE_URL": self.url,
            "FENGSUI_DEMO": "1",
            "PYTHONPATH": str(ROOT / "src"),
            "FENGSUI_VAR": str(django_settings.VAR),
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "granian", "--interface", "asgi", "--port", str(self.port), "--workers", "1",
             "fengsui.core.ui.tests.site:app"], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        self.stop()
        raise TimeoutError("the site did not start")

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(PATIENCE_S)
            finally:
                self.process.kill()  # a site that is left over holds the database, and every later test fails by it

    def touch(self, *topics: str, times: int = 1) -> None:
        """On one connection: a new one for each would spread them over more than a page gathers."""
        with psycopg.connect(autocommit=True, **self.database) as db:
            for _ in range(times):
                db.execute("SELECT pg_notify(%s, %s)", [CHANNEL, json.dumps({"w": str(LIVE), "t": topics})])


@pytest.fixture
def site(transactional_db):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    site = Site(port)
    site.start()
    yield site
    site.stop()


@pytest.fixture
def page():
    from playwright.sync_api import sync_playwright

    # Playwright's loop lives in this thread: Django must not take it for an async context of its own.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM)
        page = browser.new_page(locale="zh-CN", viewport={"width": 1440, "height": 900})
        page.set_default_timeout(PATIENCE_S * 1000)
        yield page
        browser.close()
    os.environ.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)


def opened(page, site, path="/ui/gallery"):
    troubles: list[str] = []
    page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.goto(f"http://127.0.0.1:{site.port}{path}")
    page.wait_for_selector('#heard[data-heard="on"]')
    page.wait_for_timeout(
        1500
    )  # a server that has just begun lets every page fetch all once: it remembers no earlier news
    return troubles


def test_live_when_a_topic_changes_only_its_elements_are_fetched_and_not_for_each_news(site, page):
    troubles = opened(page, site)
    assert page.inner_text("#heard").endswith("已收")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/part") else None)
    before = page.inner_text("#rendered")
    site.touch("desk")
    page.wait_for_timeout(700)
    assert (asked, page.inner_text("#rendered")) == ([], before)
    site.touch("gallery", "other", times=20)
    page.wait_for_function("old => document.querySelector('#rendered').innerText !== old", arg=before)
    page.wait_for_timeout(900)
    assert 1 <= len(asked) <= 2, "for the first of twenty news, and once for all that followed"
    assert troubles == []


def test_live_when_somebody_types_the_text_stays_and_news_are_offered(site, page):
    opened(page, site)
    page.fill("#typed", "写到一半")
    before = page.inner_text("#rendered")
    site.touch("gallery")
    page.wait_for_selector("#live-part > .changed")
    assert page.inner_text("#rendered") == before
    assert page.input_value("#typed") == "写到一半"
    page.click("#live-part > .changed")
    page.wait_for_function("old => document.querySelector('#rendered').innerText !== old", arg=before)
    assert page.input_value("#typed") == "写到一半"
    assert page.query_selector("#live-part > .changed") is None


def test_live_when_the_server_dies_the_page_says_where_it_stands_and_catches_up(site, page):
    opened(page, site)
    chip = "section[data-theme=light] [data-clock].near:not([data-big]) [data-clock-text]"
    assert "秒" in page.inner_text(chip)
    before = page.inner_text("#rendered")
    site.stop()
    page.wait_for_selector("#offbar:not([hidden])", timeout=PATIENCE_S * 1000)
    assert "页面停在" in page.inner_text("#offbar")
    assert page.inner_text(chip).endswith("到时")
    assert page.get_attribute("#heard", "data-heard") == "lost"
    site.start()
    page.wait_for_selector("#offbar[hidden]", state="attached", timeout=PATIENCE_S * 1000)
    page.wait_for_function("old => document.querySelector('#rendered').innerText !== old", arg=before)
    assert "秒" in page.inner_text(chip)


def test_keys_when_pressed_move_and_open(site, page):
    opened(page, site, "/ui/gallery/desk")
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.inner_text("[data-cursor] .who b") == "南两洞桥"
    page.keyboard.press("k")
    assert page.inner_text("[data-cursor] .who b").startswith("南两洞桥 车辆被困")
    page.keyboard.press("Escape")
    assert page.query_selector("[data-cursor]") is None
    page.keyboard.press("?")
    assert "核定，送孙丽签发" in page.inner_text("#keys")
    page.keyboard.press("Escape")


def test_dangerous_act_when_enter_is_pressed_does_not_fire(site, page):
    opened(page, site)
    page.click("section[data-theme=light] details[data-danger] > summary")
    button = page.locator("section[data-theme=light] [data-typed-button]")
    typed = page.locator("section[data-theme=light] [data-typed]")
    from playwright.sync_api import expect

    expect(typed).to_be_focused()
    assert button.is_disabled()
    typed.press_sequentially("橙")
    expect(typed).to_have_value("橙")
    assert button.is_disabled()
    typed.press_sequentially("色")
    expect(button).to_be_enabled()
    posted: list[str] = []
    page.on("request", lambda request: posted.append(request.url) if request.method == "POST" else None)
    typed.press("Enter")
    page.wait_for_timeout(300)
    assert posted == []
    page.keyboard.press("Escape")
    assert page.locator("section[data-theme=light] details[data-danger]").get_attribute("open") is None


def test_theme_when_switched_is_kept_by_a_cookie(site, page):
    opened(page, site, "/ui/gallery/desk")
    page.click("details.menu > summary")
    page.click("[data-theme-set=dark]")
    assert page.get_attribute("html", "data-theme") == "dark"
    page.reload()
    assert page.get_attribute("html", "data-theme") == "dark"


def test_refusal_when_htmx_asks_is_said_above_and_leaves_the_panel(site, page):
    opened(page, site)
    refusal = get_template("ui/_error_part.html").render(
        {"said": {"what": "现在不能这样办", "todo": "刷新本页", "code": "alerts.issue.taken"}, "number": "ab12cd34"}
    )
    page.route("**/ui/gallery/part", lambda route: route.fulfill(status=409, content_type="text/html", body=refusal))
    page.click("#ask")
    page.wait_for_selector("#said .bad")
    assert "alerts.issue.taken" in page.inner_text("#said")
    assert "alerts.issue.taken" not in page.inner_text("#live-part")


def test_server_error_or_no_connection_when_a_button_is_pressed_is_said_above(site, page):
    opened(page, site)
    before = page.inner_text("#rendered")
    page.route("**/ui/gallery/part", lambda route: route.fulfill(status=500, body="<h1>x</h1>"))
    page.click("#ask")
    page.wait_for_function("() => document.querySelector('#said').innerText.includes('HTTP 500')")
    assert page.inner_text("#rendered") == before
    page.unroute("**/ui/gallery/part")
    page.route("**/ui/gallery/part", lambda route: route.abort())
    page.click("#ask")
    page.wait_for_function("() => document.querySelector('#said').innerText.includes('连不上')")


@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_page_when_narrow_does_not_scroll_sideways_and_keeps_the_content_policy(site, page, width):
    page.set_viewport_size({"width": width, "height": 844})
    troubles: list[str] = []
    page.on("console", lambda said: troubles.append(said.text) if "Content Security" in said.text else None)
    for path in ("", "/desk", "/station", "/phone"):
        page.goto(f"http://127.0.0.1:{site.port}/ui/gallery{path}")
        page.wait_for_timeout(900)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    assert troubles == []


@pytest.mark.parametrize("theme", ["light", "dark", "sun"])
def test_page_when_checked_by_axe_has_nothing_serious(site, page, theme):
    axe = ROOT / "frontend/node_modules/axe-core/axe.min.js"
    if not axe.exists():
        pytest.skip("npm ci has not run")
    found = []
    for path in ("/desk", "/desk?world=drill", "/phone", "/station"):
        page.goto(f"http://127.0.0.1:{site.port}/ui/gallery{path}{'&' if '?' in path else '?'}theme={theme}")
        page.wait_for_timeout(700)
        page.evaluate(axe.read_text("utf-8"))
        for each in page.evaluate("axe.run().then(r => r.violations)"):
            if each["impact"] in ("serious", "critical"):
                found.append((path, each["id"], [node["html"][:160] for node in each["nodes"]][:4]))
    assert found == []


def test_columns_when_narrow_become_tabs(site, page):
    page.set_viewport_size({"width": 390, "height": 844})
    opened(page, site, "/ui/gallery/desk")
    assert page.is_visible("#burning")
    assert not page.is_visible("#mine")
    page.click("[data-tab=mine]")
    assert page.is_visible("#mine")
    assert not page.is_visible("#burning")
