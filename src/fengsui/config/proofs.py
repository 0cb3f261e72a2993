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
UNSOUND = ClockKind(
    "core.self_unsound",
    Term("core.self_unsound", "处理自查发现的故障", "mend what the self-check found"),
    default="继续催办",
    proof="下一次自查正常",
)
SELF = ProofKind(
    "core.self",
    Term("self", "自查项", "self-check"),
    UNSOUND.code,
    600.0,
    "U",
    mark("每分钟查一次，与 ./fengsui doctor 相同；查到即失败，二十分钟没查也算"),
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


LOOKED_AT: Mapping[str, tuple[str, str]] = {
    "disk": ("磁盘空间", "disk space"),
    "files": ("文件权限", "rights of files"),
    "time": ("时间同步", "time synchronisation"),
    "store": ("消息存储", "broker's store"),
    "server": ("数据库服务器", "database server"),
    "tables": ("表与索引", "tables and indexes"),
    "schema": ("库表版本", "schema's version"),
    "partitions": ("读数分区", "partitions of readings"),
    "jobs": ("作业及时", "jobs in time"),
    "audit": ("审计链", "audit chain"),
    "owners": ("时限责任人", "owners of clocks"),
    "certificate": ("证书", "certificate"),
}
"""Groups of faults that the platform looks for in itself once a minute (config.look_inside): name by key."""


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


class Looked(proofs.Kept):
    kind = SELF

    def _all(self, keys: Sequence[str] | None = None) -> list[proofs.Subject]:
        rows = proofs.last(SELF.code, LOOKED_AT)
        found = [
            proofs.Subject(
                about=rows.get(key) or LastProof(kind=SELF.code, key=key),
                label=zh,
                label_en=en,
                half_life_s=proofs.half_life_s(SELF),
                owner_role="system_admin",
                url="/proofs/?kind=core.self",
                **proofs.facts(rows.get(key)),
            )
            for key, (zh, en) in LOOKED_AT.items()
        ]
        return [each for each in found if keys is None or each.key in keys]


proofs.declare(Links())
proofs.declare(Looked())
