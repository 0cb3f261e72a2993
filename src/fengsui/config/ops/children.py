"""Child processes that die with their parent, and one way to stop them."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from shutil import which
from typing import IO

from fengsui.config.ops.console import Problem


def launcher(death_signal: str, user: str = "") -> list[str]:
    """setpriv in front of a command: the kernel sends `death_signal` when we die, even by SIGKILL."""
    setpriv = which("setpriv", path=f"{os.environ.get('PATH', '')}:/usr/bin:/bin")
    if not setpriv:
        raise Problem("缺少 setpriv:apt-get install util-linux", "setpriv is missing: apt-get install util-linux")
    switch = [f"--reuid={user}", f"--regid={user}", "--init-groups", "--reset-env"] if user else []
    return [setpriv, *switch, "--pdeathsig", death_signal, "--"]


def spawn(
    command: Sequence[str],
    *,
    death_signal: str = "KILL",
    user: str = "",
    env: Mapping[str, str] | None = None,
    cwd: Path | str = "/",
    output: IO[bytes] | int | None = None,
) -> subprocess.Popen[bytes]:
    """Start a command in its own session, so that Ctrl-C reaches only the supervisor, which stops it in order.

    Must be called from the main thread: the death signal fires when the forking thread ends.
    """
    return subprocess.Popen(
        [*launcher(death_signal, user), *command],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        cwd=cwd,
        env=dict(env) if env is not None else None,
        start_new_session=True,
    )


def stop(process: subprocess.Popen[bytes], first: signal.Signals, patience_s: float) -> None:
    """Ask, wait, then insist. Only ever this process, found by its own handle."""
    if process.poll() is not None:
        return
    with suppress(ProcessLookupError):
        process.send_signal(first)
    try:
        process.wait(patience_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def executable_of(pid: int) -> str:
    """Path of a process's program, empty where there is none (a zombie has none either)."""
    try:
        return os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return ""


def working_in(folder: Path) -> list[int]:
    """Processes whose working directory is `folder`; those of others that we may not see are left out."""
    found = []
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with suppress(OSError):
                if os.readlink(f"/proc/{entry.name}/cwd") == str(folder):
                    found.append(int(entry.name))
    return found
