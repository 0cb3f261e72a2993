"""Nothing is lost and nothing looks live that is not: phones without network, dead servers, two tabs, two writers."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.e2e.conftest import Server, Visitor


@pytest.fixture
def window(mortal: Server, browser: Any):
    """window("team", width=390) -> Visitor of the server that may die."""
    contexts = []

    def open_window(username: str, width: int = 1440, height: int = 900) -> Visitor:
        context = browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce")
        context.set_default_timeout(60_000)
        context.add_cookies([{"name": "django_language", "value": "zh-hans", "url": mortal.url}])
        contexts.append(context)
        visitor = Visitor(context.new_page(), mortal.url)
        visitor.log_in(username)
        return visitor

    if _dead(mortal):  # a test that failed must not take the next along
        mortal.start()
    yield open_window
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def tasks(mortal: Server) -> dict[str, str]:
    """Address of each task of the team by its title."""
    mortal.run("tests.e2e.field_scene")
    return {title: f"/tasks/{key}/" for key, title in mortal.sql("SELECT id, title FROM command_task")}


def _dead(mortal: Server) -> bool:
    return mortal.process is None or mortal.process.poll() is not None


def _lost_answer(mortal: Server) -> Callable[[Any], None]:
    """The server does what it was asked and dies before anybody hears of it."""

    def die(route: Any) -> None:
        route.fetch(max_redirects=0)
        mortal.kill()
        route.abort()

    return die


def test_three_reports_written_without_network_arrive_once_each_when_the_server_dies_between(
    mortal: Server, window: Any, tasks: dict[str, str]
) -> None:
    visitor = window("team", width=360, height=780)
    page, context = visitor.page, visitor.page.context
    visitor.go("/")
    expect(page.locator("a.act1")).to_be_visible()
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    for path in ("/", *tasks.values()):  # what was seen with network is there without
        visitor.go(path)
    picture = io.BytesIO()
    Image.new("RGB", (2400, 1800), (90, 120, 140)).save(picture, "JPEG")

    context.set_offline(True)
    page.goto(mortal.url + tasks["抽排"])
    expect(page.locator("#offbar")).to_contain_text("没有网络，这是")
    page.set_input_files("input[name=photo]", {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": picture.getvalue()})
    page.fill("textarea[name=text]", "泵已架好")
    page.get_by_role("button", name="回报进展").click()
    expect(page.locator("#unsent h3")).to_have_text("没发出 1 条")
    page.fill("textarea[name=text]", "水位下降 6 cm")
    page.get_by_role("button", name="回报进展").click()
    expect(page.locator("#unsent h3")).to_have_text("没发出 2 条")
    page.goto(mortal.url + tasks["拦住车和人"])
    page.get_by_role("button", name="我接令").click()
    expect(page.locator("#unsent h3")).to_have_text("没发出 3 条")
    expect(page.locator("#queue-line")).to_contain_text("只发一次")

    page.route("**/do/report", _lost_answer(mortal), times=1)
    # a try made while there was no network may still be failing: only the one that finds the server dead counts
    with page.expect_event("requestfailed", lambda request: request.url.endswith("/do/report") and _dead(mortal)):
        context.set_offline(False)
        page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.locator("#unsent h3")).to_have_text("没发出 3 条")
    assert mortal.sql("SELECT count(*) FROM command_progress") == [(1,)]  # done, and nobody on the phone knows it
    mortal.start()
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.locator("#unsent h3")).to_have_text("都已发出")
    expect(page.locator("#unsent li.ok")).to_have_count(3)
    told = mortal.sql("SELECT text, photo_id IS NOT NULL FROM command_progress ORDER BY at")
    assert told == [("泵已架好", True), ("水位下降 6 cm", False)]
    width = mortal.sql("SELECT greatest(width, height) FROM command_photo")
    assert width == [(1600,)]
    events = "SELECT count(*) FROM core_storedevent WHERE name = 'command.TaskAccepted' AND about_id = %s"
    assert mortal.sql(events, tasks["拦住车和人"].split("/")[2]) == [(1,)]


def test_queue_stays_with_its_writer_when_another_person_uses_the_phone(
    mortal: Server, window: Any, tasks: dict[str, str]
) -> None:
    visitor = window("team", width=390)
    page, context = visitor.page, visitor.page.context
    visitor.go(tasks["抽排"])
    before = mortal.sql("SELECT count(*) FROM command_progress")
    context.clear_cookies(name="sessionid")
    page.fill("textarea[name=text]", "登录过期后写的")
    page.get_by_role("button", name="回报进展").click()
    expect(page.locator("#queue-line")).to_contain_text("登录后自动发")
    visitor.log_in("street")
    visitor.go("/phone/")
    expect(page.locator("#heard")).to_contain_text("已收")
    expect(page.locator("#unsent")).to_be_hidden()
    assert mortal.sql("SELECT count(*) FROM command_progress") == before
    context.clear_cookies(name="sessionid")
    visitor.log_in("team")
    expect(page.locator("#unsent h3")).to_have_text("都已发出")
    assert mortal.sql("SELECT count(*) FROM command_progress WHERE text = '登录过期后写的'") == [(1,)]


def test_page_stands_while_the_server_is_dead_and_shows_what_changed_meanwhile(
    mortal: Server, window: Any, tasks: dict[str, str]
) -> None:
    page = window("team", width=390).page
    page.goto(mortal.url + tasks["抽排"])
    expect(page.locator("#heard")).to_contain_text("已收")
    mortal.kill()
    expect(page.locator("#offbar")).to_contain_text("页面停在")
    expect(page.locator("#task [data-clock-text]").first).to_contain_text("到时")
    mortal.sql("UPDATE command_task SET title = '抽排，改到东口' WHERE title = '抽排'")
    mortal.start()
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.locator("#task h1")).to_have_text("抽排，改到东口")
    expect(page.locator("#offbar")).to_be_hidden()
    # The machine slept an hour: nothing is believed until the stream was opened anew.
    with page.expect_request("**/live?*"):
        page.evaluate("(() => { const real = Date.now.bind(Date); Date.now = () => real() + 3600000 })()")
    expect(page.locator("#heard")).to_contain_text("已收")


def test_change_between_drawing_and_listening_is_shown(mortal: Server, window: Any, tasks: dict[str, str]) -> None:
    page = window("team", width=390).page

    def late(route: Any) -> None:
        key = tasks["拦住车和人"].split("/")[2]
        mortal.sql("UPDATE command_task SET title = '拦住车和人，两头' WHERE id = %s", key)
        ((world,),) = mortal.sql("SELECT world_id::text FROM command_task WHERE id = %s", key)
        told = f'{{"w":"{world}","t":["command.task:{key}"]}}'
        mortal.sql("SELECT pg_notify('fengsui_live', %s)", told)
        route.continue_()

    page.route("**/live?*", late, times=1)
    page.goto(mortal.url + tasks["拦住车和人"])
    expect(page.locator("#task h1")).to_have_text("拦住车和人，两头")


def test_typed_text_and_a_strangers_change_stand_side_by_side(mortal: Server, window: Any) -> None:
    visitor, other = window("leader"), window("leader")
    here = "/registers/areas/rows/210106007/edit"
    visitor.go(here)
    other.go(here)
    fields = visitor.page.locator("form[data-unsaved] input[id^=f-name]:not([disabled])")
    name = fields.first.get_attribute("id")
    visitor.page.fill(f"#{name}", "我写的")
    other.page.fill(f"#{name}", "别人写的")
    other.page.get_by_role("button", name="保存").click()
    other.page.wait_for_url(re.compile(r"/210106007/$"))
    visitor.page.reload()  # kept while it was typed, and on leaving
    expect(visitor.page.locator(".draft .clash")).to_contain_text("别人写的")
    expect(visitor.page.locator(f"#{name}")).to_have_value("我写的")
    visitor.page.get_by_role("button", name="用现在的").click()
    expect(visitor.page.locator(f"#{name}")).to_have_value("别人写的")
    visitor.page.get_by_role("button", name="用我的").click()
    expect(visitor.page.locator(f"#{name}")).to_have_value("我写的")


def test_one_of_two_tabs_sounds_and_both_are_quiet_when_it_is_acknowledged(window: Any) -> None:
    first = window("duty").page
    expect(first.locator("#alarm")).to_contain_text("等你办")
    first.get_by_role("button", name="打开声音").click()
    expect(first.locator("#alarm")).to_have_attribute("data-sounds", "true")
    second = first.context.new_page()
    second.goto(first.url)
    expect(second.locator("#alarm")).to_be_visible()
    second.locator("#alarm b").click()  # this tab may sound too, but the other does
    expect(second.locator("#alarm [data-alarm-on]")).to_be_hidden()
    expect(second.locator("#alarm")).to_have_attribute("data-sounds", "false")
    first.close()
    expect(second.locator("#alarm")).to_have_attribute("data-sounds", "true")
    third = second.context.new_page()
    third.goto(second.url)
    expect(third.locator("#alarm")).to_be_visible()
    second.get_by_role("button", name="知道了").click()
    expect(second.locator("#alarm")).to_be_hidden()
    expect(third.locator("#alarm")).to_be_hidden()
