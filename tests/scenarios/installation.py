"""A throw-away installation on real processes, and a nemesis that kills them."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from fengsui.config.ops.home import REPO, Home
from fengsui.config.ops.supervisor import read_status

OURS = (
    *("FENGSUI_DATABASE_URL", "FENGSUI_NATS_URL", "FENGSUI_SMTP_URL", "FENGSUI_HTTP_PORT", "FENGSUI_MQTT_PORT"),
    *("FENGSUI_BASE_URL", "FENGSUI_HOSTS", "FENGSUI_STARTED_AT"),
)


class Installation:
    """`./fengsui serve` (or other `words`) in its own folder; started again when its supervisor is killed."""

    def __init__(self, var: Path, *, words: tuple[str, ...] = ("serve",), **env: str) -> None:
        self.home = Home(var)
        self.words, self.extra = words, env
        self.process: subprocess.Popen[bytes] | None = None
        self.output = var / "terminal.log"

    def start(self, patience_s: float = 120) -> dict[str, Any]:
        """Start and wait until everything runs. Raises AssertionError with the terminal's text."""
        env = {key: value for key, value in os.environ.items() if key not in OURS}
        env |= {"FENGSUI_VAR": str(self.home.var), "PYTHONPATH": str(REPO / "src"), **self.extra}
        self.home.var.mkdir(parents=True, exist_ok=True)
        with open(self.output, "ab") as out:
            command = [sys.executable, "-m", "fengsui.config", *self.words]
            self.process = subprocess.Popen(command, env=env, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
        return self.wait_running(patience_s)

    def wait_running(self, patience_s: float = 120) -> dict[str, Any]:
        assert self.process is not None
        deadline = time.monotonic() + patience_s
        while True:
            status = self.status()
            if status.get("state") == "running" and status.get("supervisor") == self.process.pid:
                return status
            assert self.process.poll() is None, self.output.read_text(errors="replace")[-4000:]
            assert time.monotonic() < deadline, self.output.read_text(errors="replace")[-4000:]
            time.sleep(0.1)

    def status(self) -> dict[str, Any]:
        return read_status(self.home)

    def pids(self) -> dict[str, int]:
        services = self.status().get("services", {})
        return {name: each["pid"] for name, each in services.items() if each.get("pid")}

    def connect(self) -> psycopg.Connection[Any]:
        """A connection to the installation's database, waiting out a restart."""
        deadline = time.monotonic() + 60
        while True:
            try:
                return psycopg.connect(self.database, autocommit=True, connect_timeout=5)
            except psycopg.OperationalError:
                assert time.monotonic() < deadline, "the database did not come back"
                time.sleep(0.2)

    @property
    def database(self) -> str:
        return str(self.status()["database"])

    @property
    def mqtt(self) -> tuple[str, int]:
        host, _, port = str(self.status()["mqtt"]).rpartition(":")
        return host, int(port)

    def kill(self, name: str) -> bool:
        """kill -9 one service, or the supervisor itself (which is then started again). False where it was not up."""
        if name == "supervisor":
            assert self.process is not None
            self.process.kill()
            self.process.wait()
            self.start()
            return True
        pid = self.pids().get(name)
        if not pid:
            return False
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            return True
        return False

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)


@dataclass
class Nemesis:
    """Kills a random target every `every_s` (low, high) seconds until left; the same seed kills in the same order."""

    installation: Installation
    seed: int
    targets: tuple[str, ...]
    every_s: tuple[float, float] = (1.0, 3.0)
    kills: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    _ending: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Nemesis:
        # Children die with the thread that forked them, so the installation's own process must come from a thread
        # that lives as long as the test: the supervisor is started here again only by `kill`, in this same thread.
        self._thread = threading.Thread(target=self._run, name="nemesis")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        assert self._thread is not None
        self._thread.join()

    def _run(self) -> None:
        dice = random.Random(self.seed)
        while not self._ending.wait(dice.uniform(*self.every_s)):
            target = dice.choice(self.targets)
            try:
                if self.installation.kill(target):
                    self.kills.append(target)
            except AssertionError as error:
                self.failed.append(f"{target}: {error}")
                return

    def counts(self) -> dict[str, int]:
        return {target: self.kills.count(target) for target in self.targets}
