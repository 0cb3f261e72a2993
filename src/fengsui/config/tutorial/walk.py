"""Inside the installation that the command started: gauges speak, people press; pictures and proof remain."""

from __future__ import annotations

import argparse
import io
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from fengsui.apps.alerts.models import Bulletin, Warning
from fengsui.config.ops.console import Problem
from fengsui.config.ops.home import REPO
from fengsui.config.story import proof
from fengsui.config.story.play import Story, Told, show, summed
from fengsui.config.tutorial.hand import Hand, Lost
from fengsui.config.tutorial.manual import STEPS as MANUAL_STEPS
from fengsui.config.tutorial.paper import PaperWalk
from fengsui.config.tutorial.steps import Step
from fengsui.config.tutorial.storm import STEPS
from fengsui.config.tutorial.words import shown

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

IMAGES = REPO / "docs" / "images"
STORM, MANUAL = "first-storm", "manual"
FOLDER = IMAGES / STORM
RAIN_S = 300.0
"""The most that is waited for the rest of the series."""
COLOURS = 128
"""By octree: median cut turns the small orange and yellow marks red and grey."""
CHROMIUM = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium. Raises Problem where there is none."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        raise Problem("本机没有 Chromium", "There is no Chromium on this system")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=CHROMIUM)
        yield browser
        browser.close()


class BrowserWalk:
    """Windows of the people, and the folder of the pictures of one walk. `only`: keep this picture alone."""

    def __init__(self, browser: Browser, site: str, language: str, only: str) -> None:
        self.browser, self.site, self.language, self.only = browser, site, language, only
        self.folder = IMAGES
        self.hands: dict[str, Hand] = {}
        self.made: list[str] = []

    def person(self, account: str, *, phone: bool = False) -> Hand:
        if account not in self.hands:
            self.hands[account] = self._window(phone)
            self.hands[account].enter(account)
        return self.hands[account]

    def door(self) -> Hand:
        self.hands["duty"] = self._window(phone=False)
        return self.hands["duty"]

    def _window(self, phone: bool) -> Hand:
        return Hand(self.browser, self.site, self.language, phone=phone, keep=self.keep)

    @property
    def clicks(self) -> int:
        return sum(each.clicks for each in self.hands.values())

    def keep(self, name: str, page: Page) -> None:
        self.made.append(name)
        if self.only and name != self.only:
            return
        picture = Image.open(io.BytesIO(page.screenshot(animations="disabled", caret="hide"))).convert("RGB")
        small = picture.quantize(COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        target = self.folder / f"{name}.webp"
        target.parent.mkdir(parents=True, exist_ok=True)
        small.convert("RGB").save(target, lossless=True, quality=100, method=6)

    def run(self, steps: Sequence[Step], folder: Path) -> None:
        """Every step, with its clicks and seconds. Raises Lost, with the page as it was beside the pictures."""
        self.folder = folder
        for number, each in enumerate(steps, 1):
            before, began = self.clicks, time.monotonic()
            try:
                each.do(self)
            except Lost as lost:
                raise Lost(f"{number}. {shown(self.language, each.name)}: {lost}; {self._leave()}") from lost
            took, clicks = time.monotonic() - began, self.clicks - before
            print(f"{number:>3}. {shown(self.language, each.name):<40} {clicks:>3}  {took:6.1f} s", flush=True)

    def _leave(self) -> str:
        folder = Path(tempfile.mkdtemp(prefix="fengsui-lost-"))
        for account, hand in self.hands.items():
            hand.page.screenshot(path=folder / f"{account}.png", full_page=True)
        return str(folder)


def walk(options: argparse.Namespace) -> int:
    """0 only if every step was pressed and the database, the receivers and the audit chain say so too."""
    names = [name for each in PaperWalk(options.language).run([*STEPS, *MANUAL_STEPS]) for name in each.pictures]
    if options.only and options.only not in names:
        raise Problem(f"没有这张截图，只有：{'、'.join(names)}", f"No such picture, only: {', '.join(names)}")
    story = Story(options.speed, None)
    began, failed = time.monotonic(), []
    site = os.environ["FENGSUI_BASE_URL"]
    folder = Path(options.out or IMAGES)

    def browse() -> None:
        # A thread of its own: Playwright leaves an event loop in its thread, under which Django refuses to work.
        try:
            with chromium() as browser:
                walk = BrowserWalk(browser, site, options.language, options.only or "")
                walk.run(STEPS, folder / STORM / options.language)
                walk.run(MANUAL_STEPS, folder / MANUAL / options.language)
        except Exception as error:
            failed.append(str(error))

    story.rain()
    thread = threading.Thread(target=browse)
    thread.start()
    thread.join()
    story._thread.join(RAIN_S)  # who walks fast is through before the gauges are
    told = _told(story, "；".join(failed))
    show(told)
    summed(told, time.monotonic() - began)
    sys.stdout.flush()
    return 0 if told.whole else 1


def _told(story: Story, failed: str) -> Told:
    """The same table as the story that plays itself."""
    issued = Bulletin.objects.in_world(story.world).filter(sent_at__gte=story.began).order_by("sent_at").first()
    warning = Warning.objects.in_world(story.world).get(pk=issued.warning_id) if issued else None
    incident = story.incident_of(warning) if warning else None
    pdf = (proof.paper(story.cast("leader"), incident) or b"") if incident else b""
    return Told(proof.steps(story, warning, incident, pdf), failed)
