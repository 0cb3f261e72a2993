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

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fengsui.config.settings")
django.setup()

from fengsui.config.tutorial.walk import chromium
from tests.journeys import counted, scenes
from tests.journeys.tasks import JOURNEYS, Journey, Stage


def main() -> int:
    words = argparse.ArgumentParser()
    words.add_argument("-k", dest="only", default="")
    words.add_argument("--language", default="zh", choices=("zh", "en"))
    options = words.parse_args()
    wanted = options.only.split(",")
    chosen = [each for each in JOURNEYS if any(each_wanted in each.name.code for each_wanted in wanted)]
    rows = []
    # Playwright leaves an event loop in its thread, under which Django refuses to work: the database has its own.
    with ThreadPoolExecutor(1) as data, chromium() as browser:
        for each in chosen:
            for by_keys in (False, True):
                data.submit(scenes.tidy).result()
                stage = Stage(browser, os.environ["FENGSUI_BASE_URL"], options.language, by_keys, data)
                rows.append(_walk(each, stage))
                for who in stage.people:
                    who.page.context.close()
    print(f"\n\n{counted.printed(rows)}")
    good = all(row.good for row in rows)
    if good and not options.only and options.language == "zh" and counted.write(rows):
        print(f"\n{counted.PAGE.relative_to(counted.REPO)} said otherwise and was written anew")
    return 0 if good else 1


def _walk(each: Journey, stage: Stage) -> counted.Walked:
    """Whatever goes wrong is told; the other tasks are walked all the same."""
    lost = ""
    try:
        each.do(stage)
    except Exception as error:
        lost = f"{error}; {_leave(stage)}"
    took = time.monotonic() - stage.began if stage.began else 0.0
    count = sum((who.count for who in stage.people), counted.Count())
    name = each.name.code + (" by keys" if stage.by_keys else "")
    walked = counted.Walked(each.name, stage.by_keys, count, took, len(stage.people), lost)
    print(f"{'✓' if walked.good else '✗'} {name}: {lost or count}", flush=True)
    return walked


def _leave(stage: Stage) -> str:
    """The pages as they were, for whoever looks why."""
    folder = Path(tempfile.mkdtemp(prefix="fengsui-lost-"))
    for n, who in enumerate(stage.people):
        who.page.screenshot(path=folder / f"{n}.png", full_page=True)
    return str(folder)


if __name__ == "__main__":
    sys.exit(main())
