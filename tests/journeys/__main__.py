"""Inside the installation that `./fengsui test --journeys` started: every task by mouse, then by keyboard alone."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import django


def main() -> int:
    words = argparse.ArgumentParser()
    words.add_argument("-k", dest="only", default="")
    words.add_argument("--language", default="zh", choices=("zh", "en"))
    options = words.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fengsui.config.settings")
    django.setup()
    from playwright.sync_api import Error

    from fengsui.config.tutorial.hand import Lost
    from fengsui.config.tutorial.walk import chromium
    from tests.journeys import counted, scenes
    from tests.journeys.tasks import JOURNEYS, Stage

    chosen = [each for each in JOURNEYS if options.only in each.name.code]
    rows = []
    # Playwright leaves an event loop in its thread, under which Django refuses to work: the database has its own.
    with ThreadPoolExecutor(1) as data, chromium() as browser:
        for each in chosen:
            for by_keys in (False, True):
                data.submit(scenes.tidy).result()
                stage = Stage(browser, os.environ["FENGSUI_BASE_URL"], options.language, by_keys, data)
                began, lost = time.monotonic(), ""
                try:
                    each.do(stage)
                except (Lost, Error, AssertionError) as error:
                    lost = f"{error}; {_leave(stage)}"
                count = sum((who.count for who in stage.people), counted.Count())
                rows.append(
                    counted.Walked(each.name, by_keys, count, time.monotonic() - began, len(stage.people), lost)
                )
                print(
                    "." if not lost else f"\n{each.name.code}{' by keys' if by_keys else ''}: {lost}",
                    end="",
                    flush=True,
                )
                for who in stage.people:
                    who.page.context.close()
    print(f"\n\n{counted.printed(rows)}")
    good = all(row.good for row in rows)
    if good and not options.only and options.language == "zh" and counted.write(rows):
        print(f"\n{counted.PAGE.relative_to(counted.REPO)} said otherwise and was written anew")
    return 0 if good else 1


def _leave(stage) -> str:
    """The pages as they were, for whoever looks why."""
    folder = Path(tempfile.mkdtemp(prefix="fengsui-lost-"))
    for n, who in enumerate(stage.people):
        who.page.screenshot(path=folder / f"{n}.png", full_page=True)
    return str(folder)


if __name__ == "__main__":
    sys.exit(main())
