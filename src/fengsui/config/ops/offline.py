"""Commands that need the database: against the running installation, or with the cluster started just for them."""

from __future__ import annotations

import subprocess
from argparse import Namespace
from collections.abc import Sequence

from fengsui.config.ops.cluster import Cluster
from fengsui.config.ops.console import Problem
from fengsui.config.ops.home import Home
from fengsui.config.ops.stack import Stack, fengsui
from fengsui.config.ops.supervisor import Supervisor, read_status


def run(argv: Sequence[str]) -> int:
    """Run `python -m fengsui.config <argv>` with FENGSUI_DATABASE_URL set. Returns its exit code."""
    home = Home.here()
    stack = Stack(home, demo=bool(read_status(home).get("demo")), options=Namespace())
    if stack.env.get("FENGSUI_DATABASE_URL"):
        return _call(argv, stack.env)
    cluster = Cluster(home)
    if read_status(home).get("state") in {"running", "starting"}:
        return _call(argv, {**stack.env, "FENGSUI_DATABASE_URL": cluster.url})
    if not (cluster.data / "PG_VERSION").exists():
        raise Problem(
            "还没有数据库:请先运行 ./fengsui demo 或 serve",
            "There is no database yet: run ./fengsui demo or serve first",
        )
    with Supervisor(home):  # its lock keeps a serve from starting beside us on the same data
        cluster.start()
        try:
            return _call(argv, {**stack.env, "FENGSUI_DATABASE_URL": cluster.url})
        finally:
            cluster.stop()


def _call(argv: Sequence[str], env: dict[str, str]) -> int:
    """In the foreground: these commands may ask and answer on the terminal."""
    return subprocess.run(fengsui(*argv), env=env, check=False).returncode
