"""Where a run takes place: an installation on a small disk of its own, and the others behind a cable of their own.

The disk is a loop file, so that it can be full or stand still; devices, people and receivers live in a network
namespace, so that the cable between can be cut; the platform's processes read the wall clock through clock.c, so that
it can jump. What a machine does not have is left out and named in `missing`: its faults are then not drawn.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from fengsui.config.ops.children import launcher
from fengsui.config.ops.home import REPO
from tests.contracts.brokers import free_port
from tests.scenarios.installation import OURS, Installation

DISK_MB = 3_000


def run(*command: str) -> bool:
    """Whether the command ended well; a program that is not there did not."""
    try:
        return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0
    except FileNotFoundError:
        return False


def wait(what: str, look: Callable[[], Any], seconds: float) -> Any:
    """What `look` found. Raises AssertionError after so long: what did not come is then a finding."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s for {what}"
        time.sleep(0.25)
    return found


class Ground(Installation):
    """One installation with its surroundings. `missing`: what this machine could not give, by the faults' needs."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="fengsui-faults-"))
        self.folder.chmod(0o755)
        self.disk, self.truth = self.folder / "disk", self.folder / "truth"
        self.truth.mkdir()
        self.missing: dict[str, str] = {}
        self.beside: list[subprocess.Popen[bytes]] = []
        self.receivers: subprocess.Popen[bytes] | None = None
        self._make_disk()
        self._lay_cable()
        var = self.disk / "var"
        var.mkdir(parents=True)
        self.say_receivers({})
        ports = {"smtp": free_port(), "webhook": free_port()}
        (self.truth / "ports.json").write_text(json.dumps(ports))
        self.facts = {
            "FENGSUI_BIND": self.here, "FENGSUI_MQTT_HOST": self.here, "FENGSUI_DEMO": "1",
            "FENGSUI_DEMO_PASSWORD": "wind and rain 17", "FENGSUI_CLOCKS": "alerts.acknowledge=8",
            "FENGSUI_SMTP_URL": f"smtp://{self.there}:{ports['smtp']}",
            "FENGSUI_WEBHOOK_URL": f"http://{self.there}:{ports['webhook']}/bulletins", **self._clock(),
        }  # fmt: skip
        super().__init__(var, **self.facts)

    # --- surroundings ------------------------------------------------------------------------------------------

    def _make_disk(self) -> None:
        image = self.folder / "disk.img"
        self.disk.mkdir()
        with open(image, "wb") as made:
            made.truncate(DISK_MB * 1_000_000)
        if not (
            run("mkfs.ext4", "-q", "-m", "0", "-F", str(image))
            and run("mount", "-o", "loop", str(image), str(self.disk))
        ):
            self.missing["disk"] = "no loop file system here"
            image.unlink()
        self.disk.chmod(0o755)

    def _lay_cable(self) -> None:
        """A pair of ends: ours in this machine's network, theirs in a namespace that has nothing else."""
        number = os.getpid() % 250
        self.namespace, self.cable = f"fault{os.getpid()}", f"fault{os.getpid() % 100_000}"
        self.here, self.there = f"10.231.{number}.1", f"10.231.{number}.2"
        steps = (
            f"ip netns add {self.namespace}",
            f"ip link add {self.cable} type veth peer name cable netns {self.namespace}",
            f"ip addr add {self.here}/30 dev {self.cable}",
            f"ip link set {self.cable} up",
            f"ip -n {self.namespace} addr add {self.there}/30 dev cable",
            f"ip -n {self.namespace} link set cable up",
            f"ip -n {self.namespace} link set lo up",
        )
        if not all(run(*step.split()) for step in steps):
            run("ip", "netns", "del", self.namespace)
            self.missing["cable"] = "no network namespaces here"
            self.here = self.there = "127.0.0.1"

    def _clock(self) -> dict[str, str]:
        library, source = self.folder / "clock.so", Path(__file__).with_name("clock.c")
        if not run("cc", "-O2", "-shared", "-fPIC", "-o", str(library), str(source)):
            self.missing["clock"] = "no C compiler for clock.c here"
            return {}
        self.set_clock(0)
        return {"LD_PRELOAD": str(library), "FAULTS_CLOCK": str(self.folder / "clock")}

    def set_clock(self, seconds: int) -> None:
        part = self.folder / "clock.part"
        part.write_text(f"{seconds:+d}\n")
        part.replace(self.folder / "clock")

    def say_receivers(self, how: dict[str, str]) -> None:
        """How each receiver behaves from now on; see receivers.py."""
        part = self.truth / "how.part"
        part.write_text(json.dumps(how))
        part.replace(self.truth / "how.json")

    # --- processes beside --------------------------------------------------------------------------------------

    def environment(self) -> dict[str, str]:
        host, port = self.mqtt
        drop = {*OURS, "LD_PRELOAD", "FAULTS_CLOCK"}
        env = {key: value for key, value in os.environ.items() if key not in drop}
        env |= {key: value for key, value in self.facts.items() if key not in drop}
        return env | {
            "FENGSUI_VAR": str(self.home.var), "PYTHONPATH": f"{REPO / 'src'}:{REPO}", "FENGSUI_DISTRICT": "tiexi",
            "DJANGO_SETTINGS_MODULE": "fengsui.config.settings", "FENGSUI_DATABASE_URL": self.database,
            "FENGSUI_MQTT_HOST": host, "FENGSUI_MQTT_PORT": str(port),
            "FENGSUI_BASE_URL": str(self.status()["address"]),
            "FENGSUI_SECRET_KEY": self.home.secret("secret_key"), "FENGSUI_LANG": "en",
            "FENGSUI_WEBHOOK_SECRET": self.home.secret("webhook_secret"), "FAULTS_TRUTH": str(self.truth),
        }  # fmt: skip

    def begin(self, name: str, *words: str, outside: bool = True) -> subprocess.Popen[bytes]:
        """A part of ours (inside.py), by default at the other end of the cable; its output goes beside the truth."""
        inside = ["ip", "netns", "exec", self.namespace] if outside and "cable" not in self.missing else []
        command = [*launcher("KILL"), *inside, sys.executable, "-m", "tests.faults.inside", *words]
        with open(self.truth / f"{name}.log", "ab") as out:
            process = subprocess.Popen(
                command, env=self.environment(), cwd=REPO, stdout=out, stderr=out, stdin=subprocess.DEVNULL
            )
        self.beside.append(process)
        return process

    def begin_receivers(self) -> None:
        self.receivers = self.begin("receivers", "receivers")

    def log_of(self, name: str, size: int = 3000) -> str:
        path = self.truth / f"{name}.log"
        return path.read_text(errors="replace")[-size:] if path.exists() else ""

    def pids(self) -> dict[str, int]:
        """Only children of our own supervisor: a status that a full disk kept from being written may name others."""
        mine = _children(self.process.pid) if self.process else []
        return {name: pid for name, pid in super().pids().items() if pid in mine}

    def still_there(self) -> str:
        """Empty while the supervisor lives; else how it ended. It is then started again: the round goes on."""
        if self.process is None or (code := self.process.poll()) is None:
            return ""
        said = self.output.read_text(errors="replace")[-1500:]
        self.start()
        return f"the supervisor ended by itself with {code}: {said}"

    def family(self, name: str) -> list[int]:
        """A service's process and all that it has begun, itself last."""
        pid = self.pids().get(name)
        return _family(pid) if pid else []

    def stop(self) -> None:
        for process in self.beside:
            with suppress(ProcessLookupError):
                process.kill()
            process.wait()
        try:
            if self.process and self.process.poll() is None:
                self.process.send_signal(signal.SIGTERM)
                try:
                    self.process.wait(60)
                except subprocess.TimeoutExpired:
                    self.process.kill()
                    self.process.wait()
            self.clear()
        finally:
            if "cable" not in self.missing:
                run("ip", "netns", "del", self.namespace)
                run("ip", "link", "del", self.cable)
            if "disk" not in self.missing:
                run("fsfreeze", "-u", str(self.disk))
                for _ in range(20):
                    if run("umount", str(self.disk)):
                        break
                    time.sleep(0.5)
            shutil.rmtree(self.folder, ignore_errors=True)


def _children(pid: int) -> list[int]:
    try:
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _family(pid: int) -> list[int]:
    return [each for child in _children(pid) for each in _family(child)] + [pid]
