"""The faults, each of a few lines. A new one is a class more here, and a line in docs/reference/reliability.md."""

from __future__ import annotations

import os
import random
import shutil
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path

from tests.faults.ground import Ground, run
from tests.faults.nemesis import Fault, quietly

WORKERS = ("ingest", "worker", "clocks", "web")
WAYS = {
    "webhook": ("hang", "refuse", "500", "500 though taken", "twice", "mid-answer"),
    "smtp": ("hang", "refuse", "451", "451 though taken", "twice", "mid-answer"),
}
"""How the receivers can behave, see receivers.py."""


class OnService(Fault):
    """Something done to one of several services; which one is drawn."""

    services: tuple[str, ...] = ()

    def __init__(self, ground: Ground, dice: random.Random) -> None:
        super().__init__(ground, dice)
        self.service = dice.choice(self.services) if self.services else ""

    def detail(self) -> str:
        return self.service


class Kill(OnService):
    name, share, services = "kill -9", 7, (*WORKERS, "broker", "database")

    def begin(self) -> bool:
        return self.ground.kill(self.service)


class KillAll(Fault):
    """The supervisor takes everything with it and is started again."""

    name, share, alone = "kill -9 of the supervisor", 1, True

    def begin(self) -> bool:
        return self.ground.kill("supervisor")


class KillBackend(Fault):
    """One session of the database: its server then starts all of them anew."""

    name = "kill -9 of a database session"

    def begin(self) -> bool:
        sessions = self.ground.family("database")[:-1]
        return bool(sessions) and quietly(lambda: os.kill(self.dice.choice(sessions), signal.SIGKILL))


class Stop(OnService):
    name, share, services, holds = "SIGSTOP", 6, (*WORKERS, "broker", "database"), (1.0, 8.0)

    def begin(self) -> bool:
        self.stopped = self.ground.family(self.service)
        return bool(self.stopped) and all(quietly(lambda pid=pid: os.kill(pid, signal.SIGSTOP)) for pid in self.stopped)

    def mend(self) -> None:
        for pid in self.stopped:
            quietly(lambda pid=pid: os.kill(pid, signal.SIGCONT))


class Immediate(Fault):
    """What `pg_ctl stop -m immediate` sends: no shutdown, recovery at the next start."""

    name = "PostgreSQL immediate stop"

    def begin(self) -> bool:
        pid = self.ground.pids().get("database")
        return bool(pid) and quietly(lambda: os.kill(int(pid), signal.SIGQUIT))


class BrokerAgain(Fault):
    name = "broker restart, store kept"

    def begin(self) -> bool:
        pid = self.ground.pids().get("broker")
        return bool(pid) and quietly(lambda: os.kill(int(pid), signal.SIGTERM))


class BrokerLost(Fault):
    """Killed, and its store gone before it starts again. What it alone held is noted for the checker."""

    name, alone, holds = "broker restart, store lost", True, (2.0, 4.0)

    def begin(self) -> bool:
        pid, store = self.ground.pids().get("broker"), self.ground.home.var / "broker" / "jetstream"
        if not pid or not quietly(lambda: os.kill(int(pid), signal.SIGKILL)):
            return False
        deadline = time.monotonic() + 2
        while _alive(int(pid)) and time.monotonic() < deadline:
            time.sleep(0.005)
        with suppress(FileNotFoundError):
            store.rename(store.with_name("lost"))
        moment = time.time()
        shutil.rmtree(store.with_name("lost"), ignore_errors=True)
        with open(self.ground.truth / "stores-lost.txt", "a") as out:
            out.write(f"{moment:.3f}\n")
        return True


def _alive(pid: int) -> bool:
    """A process that is gone but not yet buried holds nothing any more."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


class BadReceiver(OnService):
    name, share, services, holds = "receiver behaves badly", 7, ("webhook", "smtp"), (3.0, 12.0)

    def begin(self) -> bool:
        self.way = self.dice.choice(WAYS[self.service])
        self.ground.say_receivers({self.service: self.way})
        return True

    def mend(self) -> None:
        self.ground.say_receivers({})

    def detail(self) -> str:
        return f"{self.service}: {self.way}"


class ReceiversGone(Fault):
    """Nobody listens there: killed, and begun again when mended."""

    name, holds = "receivers killed", (2.0, 8.0)

    def begin(self) -> bool:
        if self.ground.receivers is None:
            return False
        self.ground.receivers.kill()
        self.ground.receivers.wait()
        return True

    def mend(self) -> None:
        self.ground.begin_receivers()


class FullDisk(Fault):
    """Not a byte left for database, broker, log and status; then room again."""

    name, needs, holds = "disk full", "disk", (2.0, 7.0)

    def begin(self) -> bool:
        self.balloon = self.ground.disk / "balloon"
        block = b"\0" * 1_000_000
        with suppress(OSError), open(self.balloon, "wb", buffering=0) as out:
            free = os.statvfs(self.ground.disk)
            os.posix_fallocate(out.fileno(), 0, max(1, free.f_bavail * free.f_frsize - 4_000_000))
            out.seek(0, os.SEEK_END)
            while True:
                out.write(block)
        return True

    def mend(self) -> None:
        self.balloon.unlink(missing_ok=True)


class SlowDisk(Fault):
    """Every write stands still most of the time: the file system is frozen and thawed again and again."""

    name, needs, holds = "disk slow", "disk", (3.0, 8.0)

    def begin(self) -> bool:
        self.over = threading.Event()
        self.stutter = threading.Thread(target=self._stutter, daemon=True)
        self.stutter.start()
        return True

    def _stutter(self) -> None:
        while not self.over.is_set():
            run("fsfreeze", "-f", str(self.ground.disk))
            time.sleep(self.dice.uniform(0.2, 0.9))
            run("fsfreeze", "-u", str(self.ground.disk))
            time.sleep(0.05)

    def mend(self) -> None:
        self.over.set()
        self.stutter.join(30)


class ClockJump(Fault):
    """The wall clock of the platform's own processes; database and broker keep theirs, as on other hosts."""

    name, share, needs, holds = "clock jump", 3, "clock", (2.0, 14.0)

    def begin(self) -> bool:
        self.jump = int(self.dice.choice((-1, 1)) * 10 ** self.dice.uniform(1.3, 3.85))
        self.ground.set_clock(self.jump)
        return True

    def mend(self) -> None:
        self.ground.set_clock(0)

    def detail(self) -> str:
        return f"{self.jump:+d} s"


class CableCut(Fault):
    """Devices, people and receivers behind a cable that leads nowhere: no answer, no refusal."""

    name, share, needs, holds = "network cut", 3, "cable", (1.0, 12.0)

    def begin(self) -> bool:
        return run("ip", "link", "set", self.ground.cable, "down")

    def mend(self) -> None:
        run("ip", "link", "set", self.ground.cable, "up")


class CableSlow(Fault):
    """What leaves the platform waits up to two seconds in a narrow queue, and what finds no room is lost."""

    name, needs, holds = "network slow", "cable", (3.0, 8.0)

    def begin(self) -> bool:
        narrow = ("tbf", "rate", "120kbit", "burst", "3000", "latency", "2000ms")
        return run("tc", "qdisc", "add", "dev", self.ground.cable, "root", *narrow)

    def mend(self) -> None:
        run("tc", "qdisc", "del", "dev", self.ground.cable, "root")
