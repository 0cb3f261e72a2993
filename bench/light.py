"""`./fengsui bench light`: Lighthouse on the main pages, as a desktop and as a phone, from a cold browser.

ours    five pages of the told story behind the login, from a real server on loopback: scores of performance,
        accessibility and best practices (0-100), script sent (compressed kB), first and largest paint
limit   scores of 95, 200 kB of script where nothing is drawn, a first page within 1 s
peer    a page of one line from Python's own file server: what Lighthouse gives on this machine at best

Scores are of Lighthouse's own simulated slow network and processor; `cold` is the largest paint without any simulation,
from a browser that has never been here. Every figure is the median of the rounds with its range. Lighthouse itself is
fetched by npx and kept in npm's own store.
"""

from __future__ import annotations

import argparse
import functools
import http.server
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

REPO = Path(__file__).parents[1]
LIGHTHOUSE = "lighthouse@13.5.0"
LOGIN = "duty"
KINDS = ("performance", "accessibility", "best-practices")
DRAWING = {"first page", "warning", "incident"}
"""Pages with a chart or a map, whose scripts are not counted against the limit."""
GOAL, GOAL_KB, GOAL_COLD_MS = 95, 200, 1000
COLUMNS = (*KINDS, "script", "largest", "blocked", "shift")
LOW, TRIES = 0.9, 3
TOLD: set[str] = set()
"""What Lighthouse finds wrong, once each. A 401 of a fetch is its own: its cookie goes with pages only."""
HEADS = {"script": "script kB", "largest": "largest ms", "blocked": "blocked ms", "shift": "shift/1000"}
FORMS: dict[str, tuple[str, ...]] = {
    "desktop": ("--preset=desktop",),
    "phone": (),
    "cold": ("--preset=desktop", "--throttling-method=provided", "--only-categories=performance"),
}
Figures = dict[str, list[float]]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./fengsui bench light")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="pages whose name holds this text")
    options = parser.parse_args(arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fengsui.config.settings")
    sys.path.insert(0, str(REPO))
    import django

    django.setup()
    from tests.screens.__main__ import enter, serving

    from fengsui.config.tutorial.walk import chromium

    with tempfile.NamedTemporaryFile(suffix=".json") as listed, serving(listed.name) as site, one_line() as peer:
        pages = json.loads(Path(listed.name).read_text("utf-8"))
        wanted = {name: site + where for name, where in _main(pages).items() if options.only in name} | {"peer": peer}
        with chromium() as browser:
            cookies = enter(browser, site, LOGIN, "zh").context.cookies()
        cookie = "; ".join(f"{each['name']}={each['value']}" for each in cookies)
        print(f"{'page':12} {'as':8}" + "".join(f"{HEADS.get(each, each):>17}" for each in COLUMNS), flush=True)
        found = {}
        for name, where in wanted.items():
            for form in FORMS:
                each = _measure(where, "" if name == "peer" else cookie, form, options.rounds)
                found[name, form] = each
                row = "".join(f"{_spread(each.get(kind, [])):>17}" for kind in COLUMNS)
                print(f"{name:12} {form:8}{row}", flush=True)
    return _judge(found)


def _main(pages: dict[str, dict[str, str]]) -> dict[str, str]:
    """The five pages that people have open all day, and the one line that every server can give."""
    names = {
        "first page": "desk:home-show", "warning": "alerts:warning-show", "incident": "command:room-show",
        "tasks": "command:task-list", "register": "ledger:register-show",
    }  # fmt: skip
    return {name: pages[page][""] for name, page in names.items()}


class _Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def one_line() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        head = '<meta charset="utf-8"><title>One line</title><link rel="icon" href="data:,">'
        view = '<meta name="viewport" content="width=device-width">'
        Path(folder, "index.html").write_text(
            f'<!doctype html><html lang="en">{head}{view}<main><h1>One line</h1></main>', "utf-8"
        )
        handler = functools.partial(_Silent, directory=folder)
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield f"http://127.0.0.1:{server.server_port}/"
            server.shutdown()


def _measure(address: str, cookie: str, form: str, rounds: int) -> Figures:
    found: Figures = {}
    for _ in range(rounds):
        for key, value in _once(address, cookie, form).items():
            found.setdefault(key, []).append(value)
    return found


def _once(address: str, cookie: str, form: str) -> dict[str, float]:
    headers = json.dumps({"Cookie": cookie}) if cookie else "{}"
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        command = [
            "npx", "--yes", LIGHTHOUSE, address, "--quiet", "--output=json", f"--output-path={out.name}",
            f"--extra-headers={headers}", "--chrome-flags=--headless=new --no-sandbox --disable-dev-shm-usage",
            "--only-categories=" + ",".join(KINDS), *FORMS[form],
        ]  # fmt: skip
        env = os.environ | {"CHROME_PATH": str(shutil.which("chromium"))}
        # A trace without its start (NO_NAVSTART) happens to Lighthouse now and then; the page is measured again.
        for _ in range(TRIES):
            done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
            if done.returncode == 0:
                break
        else:
            raise SystemExit(done.stderr)
        told: dict[str, Any] = json.loads(Path(out.name).read_text("utf-8"))
    audits = told["audits"]
    figures = {kind: 100 * (each["score"] or 0) for kind, each in told["categories"].items()}
    figures |= {
        "first": audits["first-contentful-paint"]["numericValue"],
        "largest": audits["largest-contentful-paint"]["numericValue"],
        "blocked": audits["total-blocking-time"]["numericValue"],
        "shift": 1000 * audits["cumulative-layout-shift"]["numericValue"],
        "script": sum(
            each["transferSize"] / 1000
            for each in audits["network-requests"]["details"]["items"]
            if each.get("resourceType") == "Script"
        ),
    }
    for audit in audits.values():
        if audit["score"] is not None and audit["score"] < LOW and audit["scoreDisplayMode"] == "binary":
            items = (audit.get("details") or {}).get("items", [])
            TOLD.add(f"{audit['title']}: {json.dumps(items[:1], ensure_ascii=False)[:160]}")
    return figures


def _judge(found: dict[tuple[str, str], Figures]) -> int:
    missed = sum(_misses(each, form, drawing=name in DRAWING) for (name, form), each in found.items() if name != "peer")
    print(f"goals missed: {missed} (score {GOAL}, script {GOAL_KB} kB, cold {GOAL_COLD_MS} ms)")
    for told in sorted(TOLD):
        print(f"  {told}")
    return 1 if missed else 0


def _misses(each: Figures, form: str, *, drawing: bool) -> int:
    if form == "cold":
        return int(statistics.median(each["largest"]) > GOAL_COLD_MS)
    low = sum(statistics.median(each[kind]) < GOAL for kind in KINDS)
    return low + int(not drawing and statistics.median(each["script"]) > GOAL_KB)


def _spread(values: list[float]) -> str:
    if not values:
        return ""
    low, high = min(values), max(values)
    return f"{statistics.median(values):.0f}" + (f" ({low:.0f}-{high:.0f})" if high - low >= 1 else "")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
