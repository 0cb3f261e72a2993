"""A worker as a process of its own on the test's database, to be killed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import quote

from django.db import connection

from fengsui.config.ops.home import REPO


@contextmanager
def worker(**facts: str) -> Iterator[subprocess.Popen[bytes]]:
    """`./fengsui part worker` with these variables."""
    at = connection.get_connection_params()
    user, host = quote(str(at.get("user", ""))), quote(str(at.get("host", "")), safe="")
    url = f"postgresql://{user}@/{at['dbname']}?host={host}&port={at.get('port') or 5432}"
    if at.get("password"):
        url = url.replace("@", f":{quote(str(at['password']))}@", 1)
    env = {
        **os.environ, "FENGSUI_DATABASE_URL": url, "FENGSUI_LOG_LEVEL": "ERROR", "FENGSUI_SECRET_KEY": "of a test",
        "PYTHONPATH": str(REPO / "src"), **facts,
    }  # fmt: skip
    process = subprocess.Popen([sys.executable, "-m", "fengsui.config", "worker"], env=env)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def until(said: Callable[[], bool], what: str, wait_s: float = 240) -> None:
    end = time.monotonic() + wait_s
    while not said():
        assert time.monotonic() < end, what
        time.sleep(0.1)
