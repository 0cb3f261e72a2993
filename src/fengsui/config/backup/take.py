"""One base backup of the running private cluster: copied, verified, and only then given its name."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from datetime import datetime
from pathlib import Path

import psycopg

from fengsui.config.backup import files
from fengsui.config.backup.store import Backup, Store
from fengsui.config.ops import children
from fengsui.config.ops.cluster import DATABASE, ROLE, Cluster
from fengsui.config.ops.console import Problem


def take(cluster: Cluster, store: Store, *, calm: bool = False) -> Backup:
    """Make one backup. `calm`: spread the checkpoint over minutes, for a timer. Raises Problem with what went wrong.

    Killed at any moment it leaves NAME.part, which the next one removes; earlier backups are not touched.
    """
    store.base.mkdir(parents=True, exist_ok=True)
    store.base.chmod(0o700)  # secrets lie in there
    with open(store.folder / "lock", "a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Problem("另一次备份正在进行", "Another backup is under way") from None
        for left in store.base.glob("*.part"):
            shutil.rmtree(left)
        started = _now(cluster)
        name = f"{started:%Y%m%dT%H%M%SZ}"
        part = store.base / f"{name}.part"
        part.mkdir(mode=0o700)
        _copy(cluster, part / "base", calm=calm)
        verify(cluster, part / "base")
        files.copy(cluster.home.var, part / "files")
        span = json.loads((part / "base/backup_manifest").read_text())["WAL-Ranges"][-1]
        backup = Backup(
            name=name,
            started_at=started,
            finished_at=_now(cluster),
            version=int((part / "base/PG_VERSION").read_text()),
            timeline=span["Timeline"],
            start_lsn=span["Start-LSN"],
            end_lsn=span["End-LSN"],
        )
        store.write_facts(part, backup)
        part.rename(store.base / name)
        _sync(store.base)
        return backup


def verify(cluster: Cluster, base: Path) -> None:
    """Every file against the manifest, and the log it holds. Raises Problem naming the first files that differ."""
    told = _run([str(cluster.programs() / "pg_verifybackup"), "--quiet", str(base)])
    if told.returncode:
        lines = "\n".join(told.stderr.strip().splitlines()[:10])
        raise Problem(f"备份 {base} 已损坏:\n{lines}", f"The backup {base} is damaged:\n{lines}")


def _copy(cluster: Cluster, to: Path, *, calm: bool) -> None:
    told = _run(
        [
            *(str(cluster.programs() / "pg_basebackup"), "-h", str(cluster.sockets), "-U", ROLE, "-w", "-D", str(to)),
            *("-F", "plain", "-X", "stream", "-c", "spread" if calm else "fast", "--manifest-checksums", "SHA256"),
        ]
    )
    if told.returncode:
        raise Problem(f"pg_basebackup 失败:{told.stderr.strip()}", f"pg_basebackup failed: {told.stderr.strip()}")


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Ends with us, even where we are killed."""
    env = {**os.environ, "LC_ALL": "C"}
    launcher = children.launcher("KILL")
    return subprocess.run([*launcher, *command], capture_output=True, text=True, cwd="/", env=env, check=False)


def _now(cluster: Cluster) -> datetime:
    """The database's clock: it stamps the commits that a restore counts by."""
    with psycopg.connect(
        host=str(cluster.sockets), user=ROLE, dbname=DATABASE, options="-c timezone=UTC", connect_timeout=5
    ) as asked:
        row = asked.execute("SELECT clock_timestamp()").fetchone()
    assert row is not None
    now: datetime = row[0]
    return now


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
