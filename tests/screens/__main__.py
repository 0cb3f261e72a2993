"""Every page as pictures, and judged by axe: `./fengsui test --screens`; the sheet is var/screens/index.html."""

from __future__ import annotations

import argparse
import html
import io
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fengsui.config.settings")
django.setup()

import psycopg
from PIL import Image

from fengsui.config.ops.home import REPO
from fengsui.config.tutorial.walk import chromium
from tests.e2e.conftest import _admin, _server

AXE = REPO / "frontend/node_modules/axe-core/axe.min.js"
FIRST = ("duty_officer", "duty_leader", "team_leader", "security_admin", "system_admin")
"""Whose eyes a page is seen with where one pair is enough: the first of them that may open it, else anybody who may."""
DRAWN_MS = 350
HEIGHTS = {390: 844, 1440: 900, 1920: 1080, 3840: 1080}
THUMB = 360
JUDGE = """async tags => (await axe.run(document, {resultTypes: ['violations']})).violations
  .filter(v => v.impact === 'serious' || v.impact === 'critical')
  .map(v => `${v.id}: ${v.nodes.slice(0, 3).map(n => n.html.slice(0, 140)).join(' | ')}`)"""

WIDEST = """() => [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1)
  .slice(-2).map(e => `${Math.round(e.getBoundingClientRect().right)} px ${e.outerHTML.slice(0, 140)}`).join(' | ')"""


@dataclass(frozen=True, slots=True)
class Look:
    """One way to look at a page."""

    width: int
    theme: str
    language: str

    @property
    def name(self) -> str:
        return f"{self.width}-{self.theme}-{self.language}"


FEW = (
    Look(1440, "light", "zh"), Look(1440, "dark", "zh"), Look(1440, "sun", "en"),
    Look(390, "light", "zh"), Look(390, "dark", "en"), Look(390, "sun", "zh"),
)  # fmt: skip
"""Both widths in every theme, both languages in both widths."""
HALL = (Look(1920, "dark", "zh"), Look(3840, "dark", "zh"), Look(1920, "light", "en"))
"""The hall's page is made for two sizes and is looked at in no other."""
ALL = tuple(
    Look(width, theme, language)
    for width in (1440, 390)
    for theme in ("light", "dark", "sun")
    for language in ("zh", "en")
)


def eyes(pages: dict[str, dict[str, str]], every: bool) -> Iterator[tuple[str, str, str]]:
    """(page, login, address), by login, so that each logs in once."""
    found = []
    for name, who in pages.items():
        roles = [each for each in who if each]
        chosen = roles if every else [next((each for each in FIRST if each in roles), roles[0])]
        if name == "desk:home-show":
            chosen = roles
        found += [(name, who[role], who[""]) for role in chosen]
    yield from sorted(found, key=lambda each: each[1])


def main() -> int:
    words = argparse.ArgumentParser()
    words.add_argument("--all", action="store_true", help="every role and every combination")
    words.add_argument("-k", dest="only", default="")
    options = words.parse_args()
    out = Path(os.environ.get("FENGSUI_SCREENS") or REPO / "var" / "screens")
    out.mkdir(parents=True, exist_ok=True)
    looks = ALL if options.all else FEW
    shots: list[tuple[str, str, Look, str]] = []
    bad: list[str] = []
    with (
        tempfile.NamedTemporaryFile(suffix=".json") as listed,
        serving(listed.name) as site,
        chromium() as browser,
    ):
        pages = json.loads(Path(listed.name).read_text("utf-8"))
        chosen = [each for each in eyes(pages, options.all) if options.only in each[0]]
        print(f"{len(pages)} pages, {len(chosen)} with their roles, {len(looks)} looks each", flush=True)
        for login, language in sorted({(each[1], look.language) for each in chosen for look in (*looks, *HALL)}):
            mine = [each for each in chosen if each[1] == login]
            window = enter(browser, site, login, language)
            for name, _login, where in mine:
                wanted = HALL if name == "desk:wall-show" else looks
                for look in [each for each in wanted if each.language == language]:
                    file, found = _look(window, site, where, look, out / f"{name}-{login}".replace(":", "-"))
                    shots.append((name, login, look, file))
                    told = [f"{name} {login} {look.name}: {each}" for each in found]
                    bad += told
                    print("\n".join(told), end="\n" if told else "", flush=True)
            window.context.close()
    _sheet(out, shots, bad)
    print(f"{len(shots)} pictures in {out}, {len(bad)} serious barriers")
    return 1 if bad else 0


@contextmanager
def serving(listed: str) -> Iterator[str]:
    """Address of a server on a database of its own with the told story; which pages there are goes into `listed`."""
    name = f"screens_{os.getpid()}"
    with psycopg.connect(**_admin()) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    server = _server(name)
    try:
        for words in (["django", "migrate", "-v", "0"], ["tests.screens.told", listed], ["fengsui.config", "guides"]):
            server.run(*words)
        server.start()
        yield server.url
    finally:
        server.stop()
        with psycopg.connect(**_admin()) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def enter(browser: Any, site: str, login: str, language: str) -> Any:
    context = browser.new_context(reduced_motion="reduce", device_scale_factor=1)
    context.add_cookies([{"name": "django_language", "value": "en" if language == "en" else "zh-hans", "url": site}])
    page = context.new_page()
    page.goto(f"{site}/login/")
    door = page.locator(f"button[name=username][value={login}]")
    if door.count():
        door.first.click()
        page.wait_for_url(lambda url: "/login" not in url)
    return page


def _look(page: Any, site: str, where: str, look: Look, base: Path) -> tuple[str, list[str]]:
    page.set_viewport_size({"width": look.width, "height": HEIGHTS[look.width]})
    page.context.add_cookies([{"name": "theme", "value": look.theme, "url": site}])
    page.goto(site + where)
    page.wait_for_load_state("load")
    page.wait_for_timeout(DRAWN_MS)
    found = []
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        found.append(f"wider than the window: {page.evaluate(WIDEST)}")
    page.evaluate(AXE.read_text("utf-8"))
    found += page.evaluate(JUDGE)
    picture = Image.open(io.BytesIO(page.screenshot(animations="disabled"))).convert("RGB")
    file = f"{base.name}-{look.name}.webp"
    picture.save(base.parent / file, quality=80)
    picture.thumbnail((THUMB, THUMB * 2))
    picture.save(base.parent / f"t-{file}", quality=70)
    return file, found


def _sheet(out: Path, shots: list[tuple[str, str, Look, str]], bad: list[str]) -> None:
    """Thumbnails by page; each opens its picture. A file of its own, so styles may stand in it."""
    lines = [
        "<!doctype html><meta charset=utf-8><title>Screens</title>",
        "<style>body{font:14px sans-serif;margin:16px}figure{display:inline-block;margin:4px;vertical-align:top}"
        "img{border:1px solid #999}figcaption{font-size:12px}</style>",
        f"<p>{len(shots)} pictures, {len(bad)} serious barriers</p><pre>{html.escape(chr(10).join(bad))}</pre>",
    ]
    for name in sorted({each[0] for each in shots}):
        lines.append(f"<h2>{name}</h2>")
        lines += [
            f"<figure><a href='{file}'><img loading=lazy width={THUMB if look.width > 800 else THUMB // 2} "
            f"src='t-{file}' alt=''></a><figcaption>{login} {look.name}</figcaption></figure>"
            for each, login, look, file in shots
            if each == name
        ]
    (out / "index.html").write_text("\n".join(lines), "utf-8")


if __name__ == "__main__":
    sys.exit(main())
