"""An installation of its own for one command: empty, in a temporary folder, gone afterwards."""

from __future__ import annotations

import os
import shutil
import tempfile
from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path

from fengsui.config.ops.cluster import Cluster
from fengsui.config.ops.console import Problem, say
from fengsui.config.ops.home import REPO, Home
from fengsui.config.ops.stack import Stack
from fengsui.config.ops.supervisor import Stopping, Supervisor
from fengsui.config.replays.command import OURS


def need_chromium() -> None:
    if shutil.which("chromium") is None and shutil.which("google-chrome") is None:
        raise Problem("本机没有 Chromium", "There is no Chromium on this system")


def run(command: Sequence[str], *, name: str, env: Mapping[str, str]) -> int:
    """The command's exit code, run inside a demonstration that nothing has happened in yet.

    `env`: variables of the installation and of the command. A running installation is never touched.
    """
    for each in OURS:
        os.environ.pop(each, None)
    folder = Path(tempfile.mkdtemp(prefix=f"fengsui-{name}-"))
    folder.chmod(0o755)
    os.environ |= {"FENGSUI_VAR": str(folder), "FENGSUI_BASE_URL": "", **env}
    home = Home.here()
    stack = Stack(home, demo=True, options=Namespace(by_hand=True))
    try:
        with Supervisor(home) as supervisor:
            stack.bring_up(supervisor)
            say("自成一套的平台已运行", "A platform of its own is running")
            return supervisor.watch(supervisor.begin_task(command, stack.env, cwd=REPO))
    except Stopping:
        say("已停止", "Stopped")
        return 130
    finally:
        shutil.rmtree(Cluster(home).data, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)
