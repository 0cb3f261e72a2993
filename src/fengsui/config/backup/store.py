"""Where backups lie, which there are, and how long they are kept. Reads and deletes; makes none."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from fengsui.config.backup import wal
from fengsui.config.ops.cluster import can_enter, service_user
from fengsui.config.ops.console import Problem
from fengsui.config.ops.home import Home

HOURS = 24
KEEP = 7
WAL_S = 60
"""Defaults of FENGSUI_BACKUP_HOURS, _KEEP, _WAL_S: our choice [U]."""
FACTS = "backup.json"


@dataclass(frozen=True, slots=True)
class Backup:
    """One whole base backup. No moment before `finished_at` can be restored from it. LSNs as PostgreSQL writes them."""

    name: str
    started_at: datetime
    finished_at: datetime
    version: int
    timeline: int
    start_lsn: str
    end_lsn: str


def hours(demo: bool) -> float:
    """Between two base backups; 0: none, and no archive. A demonstration makes none unless told to."""
    given = os.environ.get("FENGSUI_BACKUP_HOURS", "")
    return float(given) if given else 0.0 if demo else HOURS


def keep() -> int:
    return int(os.environ.get("FENGSUI_BACKUP_KEEP") or KEEP)


@dataclass(frozen=True, slots=True)
class Store:
    """A folder with base/NAME/{base,files,backup.json} and wal/SEGMENT.gz."""

    folder: Path

    @classmethod
    def of(cls, home: Home) -> Store:
        """FENGSUI_BACKUP or var/backup; elsewhere where the database's user cannot enter. Raises Problem."""
        given, user = os.environ.get("FENGSUI_BACKUP", ""), service_user()
        folder = Path(given) if given else home.var / "backup"
        nearest = next(each for each in (folder, *folder.parents) if each.is_dir())
        if not user or can_enter(user, nearest):
            return cls(folder)
        if given:
            raise Problem(
                f"{user} 不能进入 {nearest},不能把日志归档到 FENGSUI_BACKUP。请改目录,或 chmod o+x",
                f"{user} cannot enter {nearest}, so the log cannot be archived into FENGSUI_BACKUP: "
                "choose another folder, or chmod o+x",
            )
        return cls(Path("/var/lib/fengsui") / f"{home.key}-backup")

    @property
    def base(self) -> Path:
        return self.folder / "base"

    @property
    def wal(self) -> Path:
        return self.folder / "wal"

    def backups(self) -> list[Backup]:
        """Whole ones, oldest first; what a killed backup left behind has another name."""
        found = []
        for path in sorted(self.base.glob(f"*Z/{FACTS}")):
            facts = json.loads(path.read_text())
            for name in ("started_at", "finished_at"):
                facts[name] = datetime.fromisoformat(facts[name])
            found.append(Backup(**facts))
        return found

    def write_facts(self, folder: Path, backup: Backup) -> None:
        with open(folder / FACTS, "w") as out:
            json.dump(asdict(backup), out, default=str, indent=1)
            out.flush()
            os.fsync(out.fileno())

    def tidy(self, count: int) -> list[str]:
        """Delete all but the newest `count` base backups and the log that none of them needs; returns their names."""
        kept = self.backups()
        gone = [each.name for each in kept[:-count]]
        for name in gone:
            doomed = self.base / f"{name}.gone"  # killed in the middle it must not look whole
            (self.base / name).rename(doomed)
        for doomed in self.base.glob("*.gone"):
            shutil.rmtree(doomed)
        if kept:
            first = wal.position(min(kept[-count:], key=lambda each: wal.number(each.start_lsn)).start_lsn)
            for path in self.wal.glob("*.gz"):
                if (place := wal.place(path.name)) is not None and place < first:
                    path.unlink()
        return gone
