"""A throw-away installation on real processes, and a nemesis that kills them."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg

from fengsui.config.ops.children import launcher
from fengsui.config.ops.cluster import Cluster
from fengsui.config.ops.home import REPO, Home
from fengsui.config.ops.supervisor import read_status

OURS = (
    *("FENGSUI_DATABASE_URL", "FENGSUI_NATS_URL", "FENGSUI_SMTP_URL", "FENGSUI_HTTP_PORT", "FENGSUI_MQTT_PORT"),
    *("FENGSUI_BASE_URL", "FENGSUI_HOSTS", "FENGSUI_STARTED_AT"),
)
LIVE = "00000000-0000-4000-8000-000000000001"


class Installation:
    """`./fengsui serve` (or other `words`) in its own folder; started again when its supervisor is killed."""

    def __init__(self, var: Path, *, words: tuple[str, ...] = ("serve",), **env: str) -> None:
        self.home = Home(var)
        self.words, self.extra = words, env
        self.process: subprocess.Popen[bytes] | None = None
        self.output = var / "terminal.log"
        self.clear()

    def start(self, patience_s: float = 300) -> dict[str, Any]:
        """Start and wait until everything runs. Raises AssertionError with the terminal's text."""
        env = {key: value for key, value in os.environ.items() if key not in OURS}
        env |= {"FENGSUI_VAR": str(self.home.var), "PYTHONPATH": str(REPO / "src"), **self.extra}
        self.home.var.mkdir(parents=True, exist_ok=True)
        with open(self.output, "ab") as out:
            # With a test that is stopped or killed, its installation must go too.
            command = [*launcher("TERM"), sys.executable, "-m", "fengsui.config", *self.words]
            self.process = subprocess.Popen(command, env=env, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
        return self.wait_running(patience_s)

    def wait_running(self, patience_s: float = 300) -> dict[str, Any]:
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
        return str(self._known("database"))

    @property
    def mqtt(self) -> tuple[str, int]:
        host, _, port = str(self._known("mqtt")).rpartition(":")
        return host, int(port)

    def _known(self, name: str) -> Any:
        """A supervisor that is just starting again has not yet said where everything is."""
        deadline = time.monotonic() + 60
        while name not in (status := self.status()):
            assert time.monotonic() < deadline, f"the status says no {name}"
            time.sleep(0.2)
        return status[name]

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
        self.clear()

    def clear(self) -> None:
        """Remove the cluster, which for a folder that the database's user cannot enter lies outside of it: a later
        test in a folder of the same name must not find it."""
        shutil.rmtree(Cluster(self.home).data, ignore_errors=True)


@dataclass
class Nemesis:
    """Kills in random order, each target once before any comes again, every `every_s` (low, high) seconds.

    Runs in the caller's thread: a killed supervisor is started again here, and a child dies with the thread that
    forked it. The same seed gives the same order; what each moment hits is up to the machine.
    """

    installation: Installation
    seed: int
    targets: tuple[str, ...]
    every_s: tuple[float, float] = (1.0, 3.0)
    kills: list[str] = field(default_factory=list)

    def run(self, until: Callable[[], bool]) -> None:
        """Until `until()` is true. Raises AssertionError where the installation does not come up again."""
        dice = random.Random(self.seed)
        waiting: list[str] = []
        while not self._rest(dice.uniform(*self.every_s), until):
            waiting = waiting or dice.sample(self.targets, len(self.targets))
            if self.installation.kill(waiting[-1]):
                self.kills.append(waiting.pop())

    def _rest(self, seconds: float, until: Callable[[], bool]) -> bool:
        deadline = time.monotonic() + seconds
        while not (over := until()) and time.monotonic() < deadline:
            time.sleep(0.1)
        return over

    def counts(self) -> dict[str, int]:
        return {target: self.kills.count(target) for target in self.targets}


def start_clocks(connection: psycopg.Connection[Any], over_s: float, count: int) -> list[str]:
    """Rows as core.clocks writes them: two rungs each, due one after the other."""
    now, made = datetime.now(UTC), []
    for index in range(count):
        key, due = str(uuid4()), now + timedelta(seconds=5 + index * over_s / count)
        ladder = [
            {"after_s": 0, "to_role": "duty_leader", "say": ""},
            {"after_s": 8, "to_role": "commander", "say": ""},
        ]
        connection.execute(
            "INSERT INTO core_clock (id, world_id, kind, slot, about_type, about_id, label, url, owner_role,"
            " heard_roles, correlation, state, started_at, due_at, limit_s, calendar, ladder, rungs_fired,"
            " next_fire_at, proof, source, basis) VALUES (%s, %s, 'alerts.confirm', '', 'test', %s, 'kill', '',"
            " 'duty_officer', '{}', %s, 'running', %s, %s, 5, 'always', %s, 0, %s, '{}', '', 'U')",
            [key, LIVE, key, str(uuid4()), now, due, json.dumps(ladder), due],
        )
        made.append(key)
    return made
