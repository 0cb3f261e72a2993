"""A cluster as it was at a moment: chosen, checked, copied beside, brought forward by the archived log."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fengsui.config.backup import files, wal
from fengsui.config.backup.store import Backup, Store
from fengsui.config.backup.take import verify
from fengsui.config.ops.cluster import Cluster
from fengsui.config.ops.console import Problem, say


@dataclass(frozen=True, slots=True)
class Wanted:
    """to: None is as far as the archive goes. timeline: a branch that an earlier restore left; None the newest."""

    to: datetime | None
    timeline: int | None = None


def moment(given: str) -> datetime | None:
    """`latest` or an ISO time; without an offset it is of this machine's zone. Raises Problem."""
    if given == "latest":
        return None
    try:
        return datetime.fromisoformat(given).astimezone(UTC)
    except ValueError:
        raise Problem(
            f"看不懂时刻“{given}”:写 latest 或 2026-11-28T03:15:00+08:00",
            f"{given!r} is no time: write latest or 2026-11-28T03:15:00+08:00",
        ) from None


def choose(store: Store, wanted: Wanted) -> Backup:
    """The newest backup that the moment can be reached from. Raises Problem with the earliest moment there is."""
    newest, left = wal.branches(store.wal, wanted.timeline)
    backups = store.backups()
    if wanted.timeline is None:  # an archive that began after a restore does not hold that branch's beginning
        newest = max([newest, *(each.timeline for each in backups)])
    known = [
        each for each in backups if each.timeline == newest or wal.number(each.end_lsn) <= left.get(each.timeline, -1)
    ]
    if not known:
        raise Problem(f"{store.folder} 里没有备份", f"There is no backup in {store.folder}")
    fit = [each for each in known if wanted.to is None or each.finished_at <= wanted.to]
    if not fit:
        raise Problem(
            f"最早只能恢复到 {known[0].finished_at.isoformat()}",
            f"The earliest moment that can be restored is {known[0].finished_at.isoformat()}",
        )
    return fit[-1]


def restore(store: Store, wanted: Wanted, target: Cluster) -> tuple[Backup, str]:
    """Make `target`, which has no data yet, from `store` and leave it running. Returns the backup, a word on the log.

    Raises Problem naming the damaged file or segment, or where the moment cannot be reached; then nothing is left
    under the target's name.
    """
    if target.data.exists():
        raise Problem(f"{target.data} 已有数据", f"{target.data} holds data already")
    backup = choose(store, wanted)
    folder = store.base / backup.name
    say(f"核对备份 {backup.name}", f"Verifying the backup {backup.name}")
    verify(target, folder / "base")
    if damaged := files.broken(folder / "files"):
        raise Problem(f"备份的文件已损坏:{'、'.join(damaged)}", f"Damaged files in the backup: {', '.join(damaged)}")
    fault = wal.first_fault(store.wal, backup.timeline, wal.position(backup.end_lsn))
    if fault and wanted.to is None:
        raise Problem(*_told(fault))
    _place(folder / "base", target)
    say("读入归档日志", "Taking the archived log")
    try:
        target.recover(_target(wanted), store.wal)
    except Problem as problem:
        shutil.rmtree(target.data)
        if fault:
            raise Problem(*_told(fault)) from None
        raise problem
    return backup, f"{fault[0]}: {fault[1]}" if fault else ""


def _told(fault: tuple[str, str]) -> tuple[str, str]:
    name, what = fault
    how = {"missing": "缺失", "broken": "已损坏"}[what]
    return (
        f"归档日志 {name} {how}:只能恢复到它之前。请用 --to 给出更早的时刻",
        f"The archived segment {name} is {what}: only what was before it can be restored. Give an earlier --to",
    )


def _target(wanted: Wanted) -> dict[str, str]:
    settings = {
        "recovery_target_timeline": f"'{wanted.timeline or 'latest'}'",
        "recovery_target_action": "'promote'",
    }
    if wanted.to is not None:
        settings["recovery_target_time"] = f"'{wanted.to.isoformat()}'"
    return settings


def _place(base: Path, target: Cluster) -> None:
    """Copy under another name, with the server's owner and modes; whole or not at all."""
    target.data.parent.mkdir(parents=True, exist_ok=True)
    part = target.data.with_name(f"{target.data.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    shutil.copytree(base, part, symlinks=True)
    part.chmod(0o700)
    (part / "fengsui.prepared").unlink(missing_ok=True)  # migrations of a newer code run at the next start
    if target.user:
        for folder, _, names in os.walk(part):
            shutil.chown(folder, target.user, target.user)
            for name in names:
                shutil.chown(Path(folder) / name, target.user, target.user)
    part.rename(target.data)


def set_aside(cluster: Cluster, now: datetime) -> Path:
    """Move a cluster's data away, never delete it. Returns where it lies."""
    aside = cluster.data.with_name(f"{cluster.data.name}.before-{now:%Y%m%dT%H%M%SZ}")
    cluster.data.rename(aside)
    return aside
