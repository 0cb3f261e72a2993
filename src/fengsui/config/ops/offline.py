"""Commands that need the database: against the running installation, or with the cluster started just for them."""

from __future__ import annotations

import subprocess
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from fengsui.config.ops.cluster import Cluster
from fengsui.config.ops.console import Problem
from fengsui.config.ops.home import Home
from fengsui.config.ops.stack import Stack, fengsui, private
from fengsui.config.ops.supervisor import Supervisor, read_status
from fengsui.config.standby import pair


def run(argv: Sequence[str]) -> int:
    """Run `python -m fengsui.config <argv>` with FENGSUI_DATABASE_URL set. Returns its exit code."""
    home = Home.here()
    stack = Stack(home, demo=bool(read_status(home).get("demo")), options=Namespace())
    if stack.env.get("FENGSUI_DATABASE_URL"):
        return _call(argv, stack.env)
    with cluster(home) as running:
        return _call(argv, {**stack.env, "FENGSUI_DATABASE_URL": running.url})


@contextmanager
def cluster(home: Home) -> Iterator[Cluster]:
    """The private cluster, answering: the running platform's, or started for as long as this lasts. Raises Problem."""
    status = read_status(home)
    own = private(home, demo=bool(status.get("demo")))
    if status.get("state") in {"running", "starting"}:
        yield own
        return
    if not (own.data / "PG_VERSION").exists():
        raise Problem(
            "还没有数据库:请先运行 ./fengsui demo 或 serve",
            "There is no database yet: run ./fengsui demo or serve first",
        )
    with Supervisor(home):  # its lock keeps a serve from starting beside us on the same data
        pair.refuse(home)
        own.start()
        try:
            yield own
        finally:
            own.stop()


def call(argv: Sequence[str], home: Home, url: str, *, demo: bool = False) -> int:
    """Run `python -m fengsui.config <argv>` as the platform of `home` on the database at `url`."""
    stack = Stack(home, demo=demo, options=Namespace())
    return _call(argv, {**stack.env, "FENGSUI_DATABASE_URL": url})


def _call(argv: Sequence[str], env: dict[str, str]) -> int:
    """In the foreground: these commands may ask and answer on the terminal."""
    return subprocess.run(fengsui(*argv), env=env, check=False).returncode
