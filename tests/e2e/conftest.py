"""A real server on a database of its own, and a real browser."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from playwright.sync_api import expect

from fengsui.core.ui import assets

REPO = Path(__file__).parents[2]
CHROMIUM = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]
expect.set_options(timeout=60_000)  # of the whole process: set here only, or the module read last sets it for all
AXE = REPO / "frontend/node_modules/axe-core/axe.min.js"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = ""
    if shutil.which("chromium") is None:
        missing = "no Chromium on this system"
    elif not assets.ready():
        missing = "the front end is not built (./fengsui build)"
    for item in items:
        if "tests/e2e" in str(item.path):
            item.add_marker(pytest.mark.browser)
            if missing:
                item.add_marker(pytest.mark.skip(reason=missing))


def _url(name: str) -> str:
    base = settings.DATABASES["default"]
    login = base["USER"] + (f":{base['PASSWORD']}" if base["PASSWORD"] else "")
    port = f":{base['PORT']}" if base["PORT"] and not str(base["HOST"]).startswith("/") else ""
    if str(base["HOST"]).startswith("/"):
        return f"postgresql://{login}@/{name}?host={base['HOST']}" + (f"&port={base['PORT']}" if base["PORT"] else "")
    return f"postgresql://{login}@{base['HOST']}{port}/{name}"


@dataclass
class Server:
    """A granian of ours on a database; it may be killed and started again on the same port."""

    url: str
    database: dict[str, Any]
    env: dict[str, str]
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        port = self.url.rpartition(":")[2]
        command = ["granian", "--interface", "asgi", "--host", "127.0.0.1", "--port", port, "--workers", "1"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", *command, "--workers-kill-timeout", "1", "fengsui.config.asgi:app"],
            env=self.env,
            cwd=REPO,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            process_group=0,
        )
        _wait(f"{self.url}/healthz", self.process)

    def kill(self) -> None:
        """As the power would: no answer in work is finished, and the worker goes with its parent."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(60)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)

    def run(self, *words: str) -> None:
        """A module of ours in a process of its own, on this server's database."""
        done = subprocess.run(
            [sys.executable, "-m", *words], env=self.env, cwd=REPO, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-3000:]

    def sql(self, words: str, *facts: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(**self.database) as connection:
            rows = connection.execute(words, facts)
            return rows.fetchall() if rows.description else []


def _server(name: str) -> Server:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    here = f"http://127.0.0.1:{port}"
    env = os.environ | {
        "FENGSUI_DATABASE_URL": _url(name),
        "FENGSUI_DEMO": "1",
        "FENGSUI_BASE_URL": here,
        "FENGSUI_LOG_LEVEL": "WARNING",
        "DJANGO_SETTINGS_MODULE": "fengsui.config.settings",
        "PYTHONPATH": str(REPO / "src"),
    }
    return Server(here, {**_admin(), "dbname": name}, env)


def _admin() -> dict[str, Any]:
    base = settings.DATABASES["default"]
    admin = {"dbname": "postgres", "user": base["USER"], "host": base["HOST"], "autocommit": True}
    return admin | {key: value for key, value in (("password", base["PASSWORD"]), ("port", base["PORT"])) if value}


@pytest.fixture(scope="session")
def filled() -> Iterator[str]:
    """Name of a database with the scene; nobody is connected to it, so that others are copied from it."""
    name = f"e2e_{os.getpid()}"
    with psycopg.connect(**_admin()) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    try:
        for words in (["django", "migrate", "-v", "0"], ["tests.e2e.scene"], ["fengsui.config", "guides"]):
            _server(name).run(*words)
        yield name
    finally:
        with psycopg.connect(**_admin()) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _copy(filled: str, suffix: str) -> Iterator[Server]:
    name = f"{filled}_{suffix}"
    with psycopg.connect(**_admin()) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {filled}")
    server = _server(name)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        with psycopg.connect(**_admin()) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def site(filled: str) -> Iterator[str]:
    """Address of the running site; its database is made, filled and dropped here."""
    for server in _copy(filled, "site"):
        yield server.url


@pytest.fixture(scope="module")
def mortal(filled: str) -> Iterator[Server]:
    """A server and database of this file's own, which its tests may change and kill."""
    yield from _copy(filled, "mortal")


def _wait(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except OSError:
            assert server.poll() is None, "the server ended"
            assert time.monotonic() < deadline, "the server does not answer"
            time.sleep(0.2)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM)
        yield chromium
        chromium.close()


@dataclass
class Visitor:
    """A window of one person. `trouble` holds what the console complained about."""

    page: Any
    site: str
    trouble: list[str] = field(default_factory=list)

    def go(self, path: str) -> Any:
        answer = self.page.goto(self.site + path)
        self.page.wait_for_load_state("load")
        return answer

    def log_in(self, username: str) -> None:
        self.go("/login/")
        self.page.click(f"button[name=username][value={username}]")
        self.page.wait_for_url(self.site + "/")

    def axe(self) -> list[str]:
        """Rules broken seriously or critically, each with the first elements and what is wrong with them."""
        self.page.evaluate(AXE.read_text("utf-8"))
        found = self.page.evaluate("async () => (await axe.run(document, {resultTypes: ['violations']})).violations")
        return [
            f"{each['id']}: {[(node['html'][:160], node['failureSummary'][:240]) for node in each['nodes']][:3]}"
            for each in found
            if each["impact"] in ("serious", "critical")
        ]


@pytest.fixture
def visit(site: str, browser: Any) -> Iterator[Any]:
    """visit("duty", width=1440, language="zh-hans") -> Visitor."""
    contexts = []

    def open_window(username: str = "", width: int = 1440, height: int = 900, language: str = "zh-hans") -> Visitor:
        context = browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce")
        context.set_default_timeout(60_000)
        context.add_cookies([{"name": "django_language", "value": language, "url": site}])
        contexts.append(context)
        page = context.new_page()
        visitor = Visitor(page, site)
        page.on("pageerror", lambda error: visitor.trouble.append(f"error: {error}"))
        page.on(
            "console",
            lambda said: visitor.trouble.append(f"{said.type}: {said.text}") if said.type == "error" else None,
        )
        if username:
            visitor.log_in(username)
        return visitor

    yield open_window
    for context in contexts:
        context.close()
