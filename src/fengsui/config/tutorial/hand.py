"""One person at one window of Chromium, who knows only what stands on the page: labels, never addresses."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from playwright.sync_api import Error

from fengsui.config.tutorial.steps import DRAWN_S
from fengsui.config.tutorial.words import shown
from fengsui.kernel.terms import Term

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

DESK, PHONE = (1440, 900), (390, 844)
PRESSABLE = "button:visible, a:visible, summary:visible"
LOCALES = {"zh": "zh-CN", "en": "en-US"}
STILL_MS, MAP_MS, LOOKS = 250, 2500, 8


class Lost(Exception):
    """What the tutorial names does not stand on the page."""


class Hand:
    """A window on the first address. `keep(name, page)` writes a picture; every click is counted."""

    def __init__(
        self, browser: Browser, site: str, language: str, *, phone: bool, keep: Callable[[str, Page], None]
    ) -> None:
        width, height = PHONE if phone else DESK
        self.language, self.keep, self.clicks = language, keep, 0
        context = browser.new_context(
            viewport={"width": width, "height": height}, locale=LOCALES[language], timezone_id="Asia/Shanghai",
            reduced_motion="reduce", color_scheme="light", has_touch=phone,
        )  # fmt: skip
        context.set_default_timeout(DRAWN_S * 1000)
        self.page = context.new_page()
        self.page.goto(site)

    def said(self, zh: str, en: str) -> str:
        """What a person types is theirs, in their language."""
        return en if self.language == "en" else zh

    def enter(self, account: str) -> None:
        """Press the door of an account on the login page."""
        door = self.page.locator("button[name=username]:visible").filter(has_text=re.compile(rf"{account}\s"))
        self._press(door.first, account, DRAWN_S)
        self.page.wait_for_url(lambda url: "/login" not in url)
        self._settle()

    def press(
        self,
        text: str | Term,
        *,
        near: str = "",
        last: bool = False,
        begins: bool = False,
        nav: bool = False,
        patience_s: float = DRAWN_S,
        **values: object,
    ) -> None:
        """Press what is labelled so. `near`: words of its row; `last`: the lowest of several; `nav`: in the head."""
        label = shown(self.language, text, **values)
        found = self._labelled(label, near=near, begins=begins or nav, nav=nav)
        self._press(found.last if last else found.first, label, patience_s)

    def open(self, text: str | Term, **values: object) -> None:
        """Press a row that holds these words among others."""
        label = shown(self.language, text, **values)
        rows = self.page.locator("main").locator(PRESSABLE).filter(has_text=re.compile(re.escape(label), re.IGNORECASE))
        self._press(rows.first, label, DRAWN_S)

    def open_row(self, text: str | Term) -> None:
        """Press the link of the first row that holds these words in any of its cells."""
        label = shown(self.language, text)
        rows = self.page.locator("main [data-row]").filter(has_text=re.compile(re.escape(label), re.IGNORECASE))
        self._press(rows.first.locator("a:visible").first, label, DRAWN_S)

    def fill(self, label: str, value: str, **values: object) -> None:
        field = self._field(label, **values)
        self._wait(field, label, DRAWN_S)
        field.fill(value)

    def tick(self, label: str | Term) -> None:
        said = shown(self.language, label)
        box = self.page.get_by_label(re.compile(re.escape(said), re.IGNORECASE)).locator("visible=true").first
        self._wait(box, said, DRAWN_S)
        box.check()

    def attach(self, label: str, name: str, data: bytes) -> None:
        self._field(label).set_input_files(
            {"name": name, "mimeType": mimetypes.guess_type(name)[0] or "text/csv", "buffer": data}
        )

    def see(self, text: str | Term, patience_s: float = DRAWN_S, **values: object) -> None:
        """Wait until the page says so. Raises Lost."""
        label = shown(self.language, text, **values)
        self._wait(self._saying(label).first, label, patience_s)

    def offers(self, text: str | Term, **values: object) -> bool:
        """Whether it stands there. A no is believed only after the answer to the last press has had time to come."""
        what = self._labelled(shown(self.language, text, **values))
        for _look in range(LOOKS):
            if what.count():
                return True
            self._settle()
        return False

    def shoot(self, name: str, at: str | Term = "") -> None:
        """Keep the window as a picture; `at`: the heading to scroll to first."""
        self._settle()
        if at:
            heading = self.page.locator("h2, h3, h1").filter(has_text=shown(self.language, at)).first
            heading.evaluate("e => window.scrollTo(0, e.getBoundingClientRect().top + window.scrollY - 24)")
        self.page.mouse.move(2, 2)
        drawn = self.page.locator("canvas:visible").count()
        self.page.wait_for_timeout(MAP_MS if drawn else 2 * STILL_MS)
        self.keep(name, self.page)

    def home(self) -> None:
        """The flame at the top left leads back to the first screen, on every page."""
        self._press(self.page.locator("a.brand:visible").first, "", DRAWN_S)

    def menu(self, text: str | Term) -> None:
        """Open the own menu, at the own name, and press what is labelled so."""
        self._press(self.page.locator("details.menu > summary"), "", DRAWN_S)
        self.press(text)

    # --- how -------------------------------------------------------------------------------------------------------

    def _saying(self, label: str) -> Locator:
        return self.page.locator(f"text={label} >> visible=true")

    def _field(self, label: str, **values: object) -> Locator:
        said = re.compile(re.escape(shown(self.language, label, **values)), re.IGNORECASE)
        return self.page.get_by_label(said).locator("visible=true").first

    def _labelled(self, label: str, *, near: str = "", begins: bool = False, nav: bool = False) -> Locator:
        where = self.page.locator("nav#nav, nav.p-tabs") if nav else self.page.locator("body")
        if near:
            where = self.page.locator("[data-row], tr, .row").filter(has_text=near)
        end = "" if begins else r"(\s+\S{1,5})?\s*$"
        whole = re.compile(rf"^\W*{re.escape(label.rstrip('…'))}…?{end}", re.IGNORECASE)
        return where.locator(PRESSABLE).filter(has_text=whole)

    def _wait(self, what: Locator, label: str, patience_s: float) -> None:
        try:
            what.wait_for(timeout=patience_s * 1000)
        except Error as error:
            raise Lost(f"{label!r} does not stand on {self.page.url}") from error

    def _press(self, what: Locator, label: str, patience_s: float) -> None:
        self._wait(what, label, patience_s)
        try:
            what.click(timeout=DRAWN_S * 1000)
        except Error as error:
            raise Lost(f"{label!r} cannot be pressed on {self.page.url}: {str(error)[:300]}") from error
        self.clicks += 1
        self._settle()

    def _settle(self) -> None:
        self.page.wait_for_load_state("load")
        self.page.wait_for_timeout(STILL_MS)
