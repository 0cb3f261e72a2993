"""Proofs of life of the installation's own links: its processes, and the engines behind the ports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext_noop as mark

from fengsui.config.backup import timer
from fengsui.config.standby import watch
from fengsui.core import proofs
from fengsui.core.models import LastProof
from fengsui.kernel import proof
from fengsui.kernel.clock import ClockKind
from fengsui.kernel.proof import ProofKind
from fengsui.kernel.terms import Term

SILENT = ClockKind(
    "core.link_silent",
    Term("core.link_silent", "恢复系统部件", "restore a part of the system"),
    default="页面提示该部件不可用",
    proof="部件恢复后的第一次证明",
)
KIND = ProofKind(
    "core.link",
    Term("link", "系统部件", "part of the system"),
    SILENT.code,
    30.0,
    "U",
    mark("半分钟一次；一分钟无证明即中断"),
)
PARTS: Mapping[str, tuple[str, str, float]] = {
    "ingest": ("接收与消息服务器", "ingest and broker", 1.0),
    "worker": ("后台作业", "jobs", 1.0),
    "clocks": ("时限引擎", "clock engine", 1.0),
    "roads": ("路网引擎", "road engine", 20.0),
}
"""Names, and how many of the kind's half-lives each has: an engine is asked every five minutes."""


def parts() -> Mapping[str, tuple[str, str, float]]:
    """With the backup and the log's archive where this installation makes them, the standby where there is one."""
    known = {**PARTS, **({"standby": ("备机", "standby", 20.0)} if watch.active() else {})}
    if not timer.active():
        return known
    lives = timer.limit().total_seconds() / proof.SILENT_AFTER / KIND.half_life_s
    return {**known, "backup": ("备份", "backup", lives), "archive": ("日志归档", "archive of the log", 20.0)}


class Links(proofs.Kept):
    kind = KIND

    def _all(self, keys: Sequence[str] | None = None) -> list[proofs.Subject]:
        known = parts()
        rows, half_life = proofs.last(KIND.code, known), proofs.half_life_s(KIND)
        found = [
            proofs.Subject(
                about=rows.get(part) or LastProof(kind=KIND.code, key=part),
                label=zh,
                label_en=en,
                half_life_s=half_life * lives,
                owner_role="system_admin",
                url="/proofs/?kind=core.link",
                **proofs.facts(rows.get(part)),
            )
            for part, (zh, en, lives) in known.items()
        ]
        return [each for each in found if keys is None or each.key in keys]


proofs.declare(Links())
