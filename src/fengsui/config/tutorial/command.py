"""`./fengsui screenshots`: an installation of its own, walked through by hand in a real browser."""

from __future__ import annotations

import os
import shutil
import tempfile
from argparse import Namespace
from pathlib import Path

from fengsui.config.ops.cluster import Cluster
from fengsui.config.ops.console import Problem, say
from fengsui.config.ops.home import REPO, Home
from fengsui.config.ops.stack import Stack, fengsui
from fengsui.config.ops.supervisor import Stopping, Supervisor
from fengsui.config.replays.command import OURS

ANSWER_S = 75
"""How long the first name may stay silent here. By hand it is the district's own five minutes."""


def main(options: Namespace) -> int:
    """Both languages one after the other, each on an empty platform. 0 where every step really happened."""
    if shutil.which("chromium") is None and shutil.which("google-chrome") is None:
        raise Problem("本机没有 Chromium", "There is no Chromium on this system")
    for name in OURS:  # a running installation is never walked into
        os.environ.pop(name, None)
    os.environ["FENGSUI_CLOCKS"] = f"alerts.acknowledge={ANSWER_S}"
    languages = [options.language] if options.language else ["en", "zh"]
    return next((code for language in languages if (code := _walk(options, language))), 0)


def _walk(options: Namespace, language: str) -> int:
    folder = Path(tempfile.mkdtemp(prefix="fengsui-screenshots-"))
    folder.chmod(0o755)
    os.environ |= {"FENGSUI_VAR": str(folder), "FENGSUI_BASE_URL": ""}
    words = ["screenshots-walk", "--language", language]
    words += ["--speed", str(options.speed)]
    for name in ("only", "out"):
        if value := getattr(options, name):
            words += [f"--{name}", os.path.abspath(value) if name == "out" else value]
    home = Home.here()
    stack = Stack(home, demo=True, options=Namespace(by_hand=True))
    try:
        with Supervisor(home) as supervisor:
            stack.bring_up(supervisor)
            say("自成一套的平台已运行", "A platform of its own is running")
            return supervisor.watch(supervisor.begin_task(fengsui(*words), stack.env, cwd=REPO))
    except Stopping:
        say("已停止", "Stopped")
        return 130
    finally:
        shutil.rmtree(Cluster(home).data, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)
