"""Proofs of life of the installation's own links: its processes, and the engines behind the ports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from fengsui.core import proofs
from fengsui.core.models import LastProof
from fengsui.core.worlds import LIVE
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
    "半分钟一次；一分钟无证明即中断",
)
PARTS: Mapping[str, tuple[str, str, float]] = {
    "ingest": ("接收与消息服务器", "ingest and broker", 1.0),
    "worker": ("后台作业", "jobs", 1.0),
    "clocks": ("时限引擎", "clock engine", 1.0),
    "roads": ("路网引擎", "road engine", 20.0),
}
"""Names, and how many of the kind's half-lives each has: an engine is asked every five minutes."""


class Links:
    kind = KIND

    def _all(self) -> list[proofs.Subject]:
        rows, half_life = proofs.last(KIND.code, PARTS), proofs.half_life_s(KIND)
        return [
            proofs.Subject(
                about=rows.get(key) or LastProof(kind=KIND.code, key=key),
                label=zh,
                label_en=en,
                half_life_s=half_life * lives,
                owner_role="system_admin",
                url="/proofs/?kind=core.link",
                **proofs.facts(rows.get(key)),
            )
            for key, (zh, en, lives) in PARTS.items()
        ]

    def silent(self, now: datetime) -> Sequence[proofs.Subject]:
        return [each for each in self._all() if each.state(now) == "silent"]

    def known(self, keys: Sequence[str]) -> Mapping[str, proofs.Subject]:
        return {each.key: each for each in self._all() if each.key in keys}

    def worst(self, world: UUID, now: datetime, limit: int) -> Sequence[proofs.Subject]:
        rows = self._all() if world == LIVE else []
        return sorted(rows, key=lambda each: each.confidence(now))[:limit]

    def tally(self, world: UUID, now: datetime) -> Mapping[str, int]:
        found = dict.fromkeys(proof.STATES, 0)
        for each in self._all() if world == LIVE else []:
            found[each.state(now)] += 1
        return found


proofs.declare(Links())
