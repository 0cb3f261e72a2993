"""`./fengsui bench wall`: the hall's page in Chromium through the looks of a day, one after the other without a pause.

A wall looks at each change, at most every two seconds and at least every twenty: 4 320 looks are a quiet day. Each look
is the real one: the fragment from the real server, replaced as a whole. Printed over the looks, each after a forced
garbage collection: JavaScript heap in use, DOM nodes, event listeners, documents; then the last quarter to the first.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from _shared import answers

REPO = Path(__file__).parents[1]
CHROMIUM = ["--no-sandbox", "--disable-dev-shm-usage"]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./fengsui bench wall")
    parser.add_argument("--looks", type=int, default=4320)
    parser.add_argument("--samples", type=int, default=12)
    options = parser.parse_args(arguments)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    here = f"http://127.0.0.1:{port}"
    env = os.environ | {
        "DJANGO_SETTINGS_MODULE": "fengsui.config.settings",
        "FENGSUI_DEMO": "1",
        "FENGSUI_BASE_URL": here,
        "FENGSUI_LOG_LEVEL": "WARNING",
        "PYTHONPATH": str(REPO / "src"),
    }
    for words in (["django", "migrate", "-v", "0"], ["tests.e2e.scene"]):
        subprocess.run([sys.executable, "-m", *words], env=env, cwd=REPO, check=True, stdout=subprocess.DEVNULL)
    command = ["granian", "--interface", "asgi", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    server = subprocess.Popen(
        [sys.executable, "-m", *command, "--workers-kill-timeout", "1", "fengsui.config.asgi:app"],
        env=env, cwd=REPO, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        answers(f"{here}/healthz")
        return _print(_drive(here, options.looks, options.samples))
    finally:
        server.terminate()
        server.wait(20)


def _drive(here: str, looks: int, samples: int) -> list[dict[str, float]]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM)
        page = chromium.new_page(viewport={"width": 3840, "height": 1080})
        page.set_default_timeout(120_000)
        page.goto(f"{here}/login/")
        page.click("button[name=username][value=leader]")
        page.wait_for_url(f"{here}/")
        page.goto(f"{here}/wall/")
        page.wait_for_selector(".wall-now")
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable")
        found = [_sample(session, 0)]
        for n in range(samples):
            page.evaluate(_LOOKS, looks // samples)
            found.append(_sample(session, (n + 1) * (looks // samples)))
        chromium.close()
    return found


# Each look is over when the fragment is another element than before.
_LOOKS = """async (count) => {
    for (let i = 0; i < count; i++) {
        const before = document.querySelector('.wall-now');
        window.dispatchEvent(new Event('fengsui:look'));
        while (document.querySelector('.wall-now') === before) await new Promise((done) => setTimeout(done, 5));
    }
}"""


def _sample(session: Any, looks: int) -> dict[str, float]:
    for _ in range(3):
        session.send("HeapProfiler.collectGarbage")
    metrics = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
    return {
        "looks": looks,
        "heap_kb": metrics["JSHeapUsedSize"] / 1024,
        "nodes": metrics["Nodes"],
        "listeners": metrics["JSEventListeners"],
        "documents": metrics["Documents"],
    }


def _print(found: list[dict[str, float]]) -> int:
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(f"{'looks':>7} {'heap kB':>9} {'nodes':>7} {'listeners':>10} {'documents':>10}")
    for row in found:
        print("{looks:7.0f} {heap_kb:9.0f} {nodes:7.0f} {listeners:10.0f} {documents:10.0f}".format(**row))
    measured = found[1:]
    part = max(1, len(measured) // 4)
    early = sum(row["heap_kb"] for row in measured[:part]) / part
    late = sum(row["heap_kb"] for row in measured[-part:]) / part
    print(f"heap in use, last quarter to first: {late / early:.3f} ({late - early:+.0f} kB)")
    return 0
