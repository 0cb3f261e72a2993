"""One small supervisor: starts services in order, restarts the dead with back-off, stops what it started, no more.

Single-threaded on purpose: a child's death signal fires when the thread that forked it ends.
"""

from __future__ import annotations

import fcntl
import json
import os
import resource
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import IO, Any

from fengsui.config.ops import children
from fengsui.config.ops.console import Problem, say
from fengsui.config.ops.home import Home

BACKOFF_S = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
CALM_S = 30.0
"""A service that lived so long begins with the shortest pause again."""
TICK_S = 0.5
HEALTH_EVERY_S = 5.0
HEALTH_MISSES = 6
FIRST_ANSWER_S = 120.0
"""A start on a busy machine takes longer than six looks; killed again and again it would never come up."""
LOG_LIMIT = 50_000_000
FILES = 65_536
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopping(BaseException):
    """Raised by a stop signal while a start is under way, so that no wait holds it up."""


@dataclass
class Service:
    """One child to keep alive. `start(log)` returns the process once it serves; `healthy` may ask it now and then."""

    name: str
    start: Callable[[IO[bytes]], subprocess.Popen[bytes]]
    stop_signal: signal.Signals = signal.SIGTERM
    patience_s: float = 10.0
    healthy: Callable[[], bool] | None = None
    tidy: Callable[[], None] | None = None
    process: subprocess.Popen[bytes] | None = None
    state: str = "down"
    restarts: int = 0
    since: float = 0.0
    retry_at: float = 0.0
    misses: int = 0
    answered: bool = False
    _row: int = field(default=0, repr=False)

    @property
    def pause_s(self) -> float:
        return BACKOFF_S[min(self._row, len(BACKOFF_S) - 1)]


class Lock:
    """Held by the running supervisor; the kernel lets go of it however that ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[str] | None = None

    def take(self, patience_s: float = 0.0) -> bool:
        """Whether it is ours now. Somebody asking for the status holds it for an instant: hence the patience."""
        self._file = open(self.path, "a+")  # noqa: SIM115 - kept open as long as the lock is held
        deadline = time.monotonic() + patience_s
        while True:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    self._file.close()
                    return False
                time.sleep(0.02)

    def release(self) -> None:
        if self._file:
            self._file.close()


def read_status(home: Home) -> dict[str, Any]:
    """What var/run/status.json says, {} where nothing ran; "running" only while its supervisor lives."""
    try:
        status: dict[str, Any] = json.loads((home.run / "status.json").read_text())
    except (OSError, ValueError):
        return {}
    lock = Lock(home.run / "supervisor.lock")
    if lock.take():
        status["state"] = "down"
        lock.release()
    return status


class Supervisor:
    """Services in starting order. Use as: `with Supervisor(home) as s: s.start(a); s.start(b); code = s.watch()`."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.services: list[Service] = []
        self.tasks: list[subprocess.Popen[bytes]] = []
        self.facts: dict[str, Any] = {}
        self.stopping = 0
        self._interruptible = False
        self._lock = Lock(home.run / "supervisor.lock")
        self._wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._old: dict[signal.Signals, Any] = {}
        self._health_at = self._logs_at = 0.0
        self._unwritten = False

    def __enter__(self) -> Supervisor:
        if not self._lock.take(patience_s=1.0):
            running = read_status(self.home)
            raise Problem(
                f"已在运行(进程 {running.get('supervisor', '?')}):{running.get('address', '')}",
                f"Already running (process {running.get('supervisor', '?')}): {running.get('address', '')}",
            )
        _raise_files()
        signal.set_wakeup_fd(self._wake[1], warn_on_full_buffer=False)
        self._old[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in ENDING:
            if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
                continue  # nohup: a closed terminal is meant to be survived
            self._old[number] = signal.signal(number, self._asked_to_stop)
        self._interruptible = True
        self._write_status("starting")
        return self

    def __exit__(self, *_: object) -> None:
        self._interruptible = False
        self._stop_all()
        for number, old in self._old.items():
            signal.signal(number, old)
        signal.set_wakeup_fd(-1)
        for end in self._wake:
            os.close(end)

    def _asked_to_stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping = self.stopping or number
        if self._interruptible:
            self._interruptible = False
            raise Stopping

    # --- starting --------------------------------------------------------------------------------------------

    def start(self, service: Service) -> None:
        """Start and keep. A Problem at the very first start is the caller's; later ones are retried."""
        self.services.append(service)
        self._begin(service)
        self._write_status("starting")

    def _begin(self, service: Service) -> None:
        service.state = "starting"
        with self.log(service.name) as log:
            service.process = service.start(log)
        service.state, service.since = "up", time.monotonic()
        service.misses, service.answered = 0, False

    def log(self, name: str) -> IO[bytes]:
        return open(self.home.log / f"{name}.log", "ab")

    def run(self, command: Sequence[str], env: Mapping[str, str], log: str = "", cwd: Path | str = "/") -> int:
        """A step that must end before the next begins; its output goes to a log or to the terminal."""
        process = self.begin_task(command, env, log, cwd)
        code = process.wait()
        self.tasks.remove(process)
        return code

    def begin_task(
        self,
        command: Sequence[str],
        env: Mapping[str, str],
        log: str = "",
        cwd: Path | str = "/",
        death_signal: str = "KILL",
    ) -> subprocess.Popen[bytes]:
        """A step running beside us; stopped with everything else. TERM for one that has children of its own to end."""
        if log:
            with self.log(log) as output:
                process = children.spawn(command, env=env, output=output, cwd=cwd, death_signal=death_signal)
        else:
            process = children.spawn(command, env=env, cwd=cwd, death_signal=death_signal)
        self.tasks.append(process)
        return process

    # --- watching --------------------------------------------------------------------------------------------

    def watch(self, task: subprocess.Popen[bytes] | None = None) -> int:
        """Keep everything alive until told to stop (0) or `task` has ended (its exit code)."""
        self._interruptible = False
        self._write_status("running")
        while not self.stopping:
            changed = [service for service in self.services if self._look_after(service)]
            if changed or self._unwritten:
                self._write_status("running")
            if task is not None and task.poll() is not None:
                return task.returncode
            self._check_health()
            self._trim_logs()
            select.select([self._wake[0]], [], [], TICK_S)
            with suppress(BlockingIOError):
                os.read(self._wake[0], 4096)
        return 0

    def _look_after(self, service: Service) -> bool:
        now = time.monotonic()
        if service.state == "up" and service.process and service.process.poll() is not None:
            service._row = 0 if now - service.since > CALM_S else service._row + 1
            service.state, service.retry_at = "waiting", now + service.pause_s
            how = service.process.returncode
            say(
                f"{service.name} 已退出({_how(how)}),{service.pause_s:g} 秒后重启",
                f"{service.name} ended ({_how(how)}), starting again in {service.pause_s:g} s",
            )
            return True
        if service.state == "waiting" and now >= service.retry_at:
            service.restarts += 1
            self._interruptible = True
            try:
                self._begin(service)
                say(f"{service.name} 已重启", f"{service.name} is up again")
            except (Problem, OSError) as error:
                service._row += 1
                service.state, service.retry_at = "waiting", time.monotonic() + service.pause_s
                say(f"{service.name}:{error}", f"{service.name}: {error}")
            except Stopping:
                pass
            finally:
                self._interruptible = False
            return True
        return False

    def _check_health(self) -> None:
        """A process that lives but no longer answers is as dead as any other."""
        now = time.monotonic()
        if now < self._health_at:
            return
        self._health_at = now + HEALTH_EVERY_S
        for service in self.services:
            if service.state == "up" and service.healthy and service.process:
                if service.healthy():
                    service.misses, service.answered = 0, True
                elif service.answered or time.monotonic() - service.since > FIRST_ANSWER_S:
                    service.misses += 1
                if service.misses >= HEALTH_MISSES:
                    say(f"{service.name} 无应答,强制重启", f"{service.name} does not answer: killed, to start again")
                    service.process.kill()

    def _trim_logs(self) -> None:
        now = time.monotonic()
        if now < self._logs_at:
            return
        self._logs_at = now + 60
        for path in self.home.log.glob("*.log"):
            with suppress(OSError):
                if path.stat().st_size > LOG_LIMIT:  # writers append, so truncating in place loses nothing after it
                    shutil.copyfile(path, path.with_suffix(".log.1"))
                    os.truncate(path, 0)

    # --- ending ----------------------------------------------------------------------------------------------

    def _stop_all(self) -> None:
        self._write_status("stopping")
        if any(service.process for service in self.services):
            say("正在停止全部服务", "Stopping everything")
        for process in self.tasks:
            children.stop(process, signal.SIGTERM, 5)
        for service in reversed(self.services):
            if service.process and service.process.poll() is None:
                children.stop(service.process, service.stop_signal, service.patience_s)
            if service.tidy:
                service.tidy()
            service.state = "down"
        self._write_status("down")

    def _write_status(self, state: str) -> None:
        status = {
            "state": state,
            "supervisor": os.getpid(),
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            **self.facts,
            "services": {
                each.name: {
                    "state": each.state,
                    "pid": each.process.pid if each.process else None,
                    "restarts": each.restarts,
                    "log": str(self.home.log / f"{each.name}.log"),
                }
                for each in self.services
            },
        }
        part = self.home.run / "status.part"
        try:
            part.write_text(json.dumps(status, ensure_ascii=False, indent=1) + "\n")
            os.replace(part, self.home.run / "status.json")
            self._unwritten = False
        except OSError:  # a full disk must not end what keeps everything alive: written as soon as there is room
            self._unwritten = True


def _raise_files() -> None:
    """Shells give 1024 open files; each stream of a page and each device takes one. What is allowed is used."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < (wanted := min(hard if hard != resource.RLIM_INFINITY else FILES, FILES)):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _how(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit {code}"
