"""One person at one window: by mouse, or by nothing but the keyboard. Both know only what stands on the page."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Error, Locator, TimeoutError

from fengsui.config.tutorial.hand import DRAWN_S, Hand, Lost
from fengsui.config.tutorial.words import shown
from fengsui.kernel.terms import Term
from tests.journeys.counted import Count

TABS = 400
"""After so many Tabs without meeting it, a thing cannot be reached by keyboard."""
LEADS = """e => {
  if (e.matches('a[href]'))
    return !e.target && !['download', 'hx-get'].some(each => e.hasAttribute(each)) &&
      !/^(#|tel:)/.test(e.getAttribute('href'));
  const form = e.form;
  if (!form || e.type !== 'submit' || e.disabled) return false;
  return !form.hasAttribute('hx-post') && !form.hasAttribute('hx-get') && form.checkValidity();
}"""
"""Whether pressing this loads another document."""
HERE = "e => e === document.activeElement"
SEEN = """() => {
  const drawn = el => {
    const s = getComputedStyle(el);
    return (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0) || s.boxShadow !== 'none';
  };
  const e = document.activeElement;
  return drawn(e) || (e.parentElement && drawn(e.parentElement));
}"""
"""Whether the element with the focus is drawn as such."""
KEY = """e => {
  const mark = e.querySelector('kbd'), own = e.dataset.key, at = document.activeElement;
  if (!mark || !own || localStorage.getItem('keys-off')) return '';
  if (at?.matches('input, textarea, select, a, button, summary')) return '';
  const first = [...document.querySelectorAll(`[data-key="${own}"]`)].find(x => x.getClientRects().length);
  return first === e && mark.textContent.trim().toLowerCase() === own ? own : '';
}"""
"""The key that stands on the element and is its own, where nothing else has the focus."""
QUIET = "() => !document.querySelector('.htmx-request')"


class Person(Hand):
    """A hand that counts. `by_keys` and the window's size are the journey's; the words are the page's."""

    by_keys = False

    def __init__(self, browser: Any, site: str, language: str, *, phone: bool) -> None:
        self.count = Count()
        super().__init__(browser, site, language, phone=phone, keep=lambda name, page: None)
        self.page.on("load", lambda _: self._add(loads=1))
        self.page.context.on("page", self._opened)
        self.papers: list[Any] = []

    def _add(self, **by: int) -> None:
        self.count = self.count.more(**by)

    def _opened(self, page: Any) -> None:
        self.papers.append(page)

    def fill(self, label: str | Term, value: str, **values: object) -> None:
        """Type into the field that is labelled so."""
        field = self._field(label, **values)
        self._wait(field, str(label), DRAWN_S)
        self._write(field, value)
        self._add(fields=1)

    def choose(self, label: str, option: str) -> None:
        """Take what is called so (or begins so) from a list."""
        field = self._field(label)
        self._wait(field, label, DRAWN_S)
        names = field.locator("option").all_inner_texts()
        found = next((n for n, name in enumerate(names) if name.strip().startswith(option)), None)
        if found is None:
            raise Lost(f"{label!r} offers no {option!r}, only {names[:12]}")
        self._pick(field, found)
        self._add(fields=1)

    def attach(self, label: str, name: str, data: bytes, kind: str = "image/jpeg") -> None:
        field = self._field(label)
        self._give(field, {"name": name, "mimeType": kind, "buffer": data})
        self._add(fields=1)

    def tick(self, label: str) -> None:
        """A box with a tick, by its words."""
        box = self.page.get_by_role("checkbox", name=re.compile(re.escape(shown(self.language, label))))
        self._tick(box.first)
        self._add(fields=1)

    def paper(self, label: str) -> bytes:
        """What is downloaded by pressing this."""
        what = self._labelled(shown(self.language, label)).first
        self._wait(what, label, DRAWN_S)
        with self.page.expect_download(timeout=DRAWN_S * 1000) as got:
            self._touch(what)
        self._add(presses=1)
        return got.value.path().read_bytes()

    def absent(self, text: str) -> None:
        """Raises Lost where the page says so."""
        if self._saying(text).count():
            raise Lost(f"{text!r} stands on {self.page.url}")

    # --- how -------------------------------------------------------------------------------------------------------

    def _field(self, label: str | Term, **values: object) -> Locator:
        said = re.compile(re.escape(shown(self.language, label, **values)), re.IGNORECASE)
        return self.page.get_by_label(said).locator("visible=true").first

    def _press(self, what: Locator, label: str, patience_s: float) -> None:
        self._wait(what, label, patience_s)
        try:
            what.evaluate("e => { document.documentElement.dataset.before = '1' }")
            leads = what.evaluate(LEADS)
            self._touch(what)
            if leads:
                self.page.wait_for_function("() => !document.documentElement.dataset.before", timeout=DRAWN_S * 1000)
        except Error as error:
            raise Lost(f"{label!r} cannot be pressed on {self.page.url}: {str(error)[:300]}") from error
        self._add(presses=1)
        self._settle()

    def _settle(self) -> None:
        self.page.wait_for_load_state("load")
        self.page.wait_for_function(QUIET, timeout=DRAWN_S * 1000)

    def _touch(self, what: Locator) -> None:
        what.click(timeout=DRAWN_S * 1000)

    def _write(self, field: Locator, value: str) -> None:
        field.fill(value)

    def _pick(self, field: Locator, number: int) -> None:
        field.select_option(index=number)

    def _tick(self, box: Locator) -> None:
        box.click()

    def _give(self, field: Locator, file: dict[str, Any]) -> None:
        field.set_input_files(file)


class Keys(Person):
    """The same person without a mouse: Tab, Shift-Tab, Enter, Space, arrows, and the keys that the page shows."""

    by_keys = True

    def _touch(self, what: Locator) -> None:
        if key := self._shown_key(what):
            self.page.keyboard.press(key)
            return
        self._walk_to(what)
        box = what.evaluate("e => e.matches('input[type=checkbox], input[type=radio]')")
        self.page.keyboard.press("Space" if box else "Enter")

    def _shown_key(self, what: Locator) -> str:
        """The key that stands on the button itself, where it rests on this button and nobody is typing."""
        key = what.evaluate(KEY)
        return "Enter" if key == "enter" else key

    def _walk_to(self, what: Locator) -> None:
        handle = what.element_handle(timeout=DRAWN_S * 1000)
        for _ in range(TABS):
            if handle.evaluate(HERE):
                break
            self.page.keyboard.press("Tab")
            self._add(tabs=1)
        else:
            raise Lost(f"{what} cannot be reached by Tab on {self.page.url}")
        if not self.page.evaluate(SEEN):
            raise Lost(f"{what} has the focus and does not show it on {self.page.url}")

    def _write(self, field: Locator, value: str) -> None:
        self._walk_to(field)
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(value)

    def _pick(self, field: Locator, number: int) -> None:
        self._walk_to(field)
        self.page.keyboard.press("Home")
        for _ in range(number):
            self.page.keyboard.press("ArrowDown")
        if field.evaluate("e => e.selectedIndex") != number:
            raise Lost(f"{field} does not follow the arrow keys")

    def _tick(self, box: Locator) -> None:
        self._walk_to(box)
        self.page.keyboard.press("Space")

    def _give(self, field: Locator, file: dict[str, Any]) -> None:
        self._walk_to(field)
        for key in ("Enter", "Space"):
            try:
                with self.page.expect_file_chooser(timeout=DRAWN_S * 500) as chooser:
                    self.page.keyboard.press(key)
            except TimeoutError:
                continue
            chooser.value.set_files(file)
            return
        raise Lost(f"{field} opens no choice of files by Enter or Space on {self.page.url}")
