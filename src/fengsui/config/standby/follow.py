"""The follower's database: copied from the leader, kept up by streaming, opened for writing when it takes over."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import psycopg

from fengsui.config.ops import children
from fengsui.config.ops.cluster import Cluster
from fengsui.config.ops.console import Problem
from fengsui.config.standby.pair import LEADS, NAME, Pair, conninfo

PROMOTION_S = 60
SIGNAL = "standby.signal"


def copy(cluster: Cluster, pair: Pair) -> None:
    """A base backup straight from the leader, verified. Killed at any moment it leaves only NAME.part."""
    if cluster.data.exists():
        raise Problem(f"{cluster.data} 已有数据", f"{cluster.data} holds data already")
    part = cluster.data.with_name(f"{cluster.data.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.parent.mkdir(parents=True, exist_ok=True)
    _run([
        str(cluster.programs() / "pg_basebackup"), "-d", conninfo(pair, cluster.home, "replication"),
        *("-w", "-D", str(part), "-F", "plain", "-X", "stream", "-S", NAME, "-c", "fast"),
        *("--manifest-checksums", "SHA256"),
    ])  # fmt: skip
    _run([str(cluster.programs() / "pg_verifybackup"), "--quiet", str(part)])
    (part / "fengsui.prepared").unlink(missing_ok=True)
    (part / SIGNAL).touch()
    part.chmod(0o700)
    if cluster.user:
        for folder, _, names in os.walk(part):
            for path in (Path(folder), *(Path(folder) / each for each in names)):
                shutil.chown(path, cluster.user, cluster.user)
    part.rename(cluster.data)


def follows(cluster: Cluster) -> bool:
    """Whether the data directory is still a follower's: PostgreSQL takes the mark away when it was promoted."""
    return (cluster.data / SIGNAL).exists()


def promote(cluster: Cluster, pair: Pair) -> Pair:
    """Open the running follower for writing, and say on disk that this machine leads. Again after a kill: goes on."""
    with psycopg.connect(cluster.url, autocommit=True) as admin:
        row = admin.execute("SELECT pg_is_in_recovery()").fetchone()
        if row and row[0]:
            done = admin.execute("SELECT pg_promote(true, %s)", [PROMOTION_S]).fetchone()
            if not (done and done[0]):
                raise Problem("数据库没有在一分钟内接替", "The database did not take over within a minute")
    pair = pair.now(cluster.home, role=LEADS, both=False)
    cluster.reload()
    return pair


def _run(command: list[str]) -> None:
    env = {**os.environ, "LC_ALL": "C"}
    launcher = children.launcher("KILL")
    done = subprocess.run([*launcher, *command], capture_output=True, text=True, cwd="/", env=env, check=False)
    if done.returncode:
        name = Path(command[0]).name
        raise Problem(f"{name} 失败:{done.stderr.strip()}", f"{name} failed: {done.stderr.strip()}")
