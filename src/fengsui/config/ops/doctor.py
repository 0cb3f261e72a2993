"""`doctor`: what is set, what works, and for each thing that does not, what to do. Changes nothing."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import psycopg

from fengsui.config.backup import store, wal
from fengsui.config.ops import (
    cluster,
    doctor_inside,
    doctor_machine,
    doctor_parts,
    doctor_rows,
    doctor_set,
    doctor_texts,
    values,
)
from fengsui.config.ops.console import word
from fengsui.config.ops.doctor_faults import Fault, Finding, declare, found
from fengsui.config.ops.environment import ELSEWHERE, VARIABLES
from fengsui.config.ops.home import Home
from fengsui.config.ops.supervisor import read_status

MARKS = {"ok": "✓", "note": "·", "bad": "✗"}
FAULTS = (
    Fault(
        "stale_backup",
        ("备份", "Backup"),
        ("最近一次太旧或没有", "the newest is too old, or there is none"),
        (
            "平台运行时每 5 分钟看一次是否该备份；现在就做：./fengsui backup；看 var/log/worker.log",
            "the running platform looks every 5 minutes; now: ./fengsui backup; see var/log/worker.log",
        ),
    ),
    Fault(
        "log_hole",
        ("日志归档", "Archived log"),
        ("缺 {segment}，只能恢复到它之前", "{segment} is missing: nothing after it can be restored"),
        ("./fengsui backup 重新开始", "./fengsui backup begins anew"),
    ),
    Fault(
        "archive_late",
        ("归档进度", "Archiving"),
        (
            "跟不上：{segment}。日志会积在数据库里直到盘满",
            "does not keep up: {segment}. The log piles up in the database until the disk is full",
        ),
        (
            "看 {log}/database.log；{folder} 要有空间且属于数据库用户",
            "see {log}/database.log; {folder} needs space and the database's owner",
        ),
    ),
)
declare(*FAULTS)


def inside() -> Iterator[Finding]:
    """Faults of a database that answers; whether it does is told by `database`."""
    url, running = os.environ.get("FENGSUI_DATABASE_URL", ""), read_status(Home.here()).get("state") == "running"
    if not url and not (running and cluster.binaries()):
        return
    with suppress(psycopg.OperationalError), psycopg.connect(url or cluster.Cluster(Home.here()).url) as asked:

        def ask(query: str) -> list[tuple[object, ...]]:
            return asked.execute(query.encode()).fetchall()

        yield from doctor_inside.server(ask)
        yield from doctor_inside.tables(ask)
        yield from doctor_rows.rows(ask)
        if running:
            yield from doctor_rows.platform(ask)


def backups() -> Iterator[Finding]:
    """The newest one's age, holes in the archived log, an archive that does not keep up."""
    name, status = word("备份", "Backup"), read_status(Home.here())
    if os.environ.get("FENGSUI_DATABASE_URL"):
        yield Finding(name, "note", word("由外部数据库的管理员负责", "the external database's administrator makes it"))
        return
    every = store.hours(demo=bool(status.get("demo")))
    if not every:
        yield Finding(name, "note", word("未开启", "not made"), "FENGSUI_BACKUP_HOURS=24")
        return
    if not cluster.binaries():
        return
    home = Home.here()
    mine = store.Store.of(home)
    known = mine.backups()
    age_h = (time.time() - known[-1].finished_at.timestamp()) / 3600 if known else float("inf")
    fresh = age_h <= every * 1.5
    told = f"{known[-1].name}, {age_h:.0f} h" if known else word("还没有", "none yet")
    if fresh or not (known or status.get("state") == "running"):
        yield Finding(name, "ok" if fresh else "note", told, "./fengsui backup")
    else:
        yield found("stale_backup", told)
    if known and (hole := wal.gap(mine.wal, known[-1].timeline, wal.position(known[-1].end_lsn))):
        yield found("log_hole", segment=hole)
    elif known:
        yield Finding(word("日志归档", "Archived log"), "ok", str(mine.wal))
    if status.get("state") == "running":
        late = cluster.archive_fault(cluster.Cluster(home).url)
        if late:
            yield found("archive_late", segment=late, log=home.log, folder=mine.wal)
        else:
            yield Finding(word("归档进度", "Archiving"), "ok", word("跟上", "keeps up"))


TRIED_BY = {
    "database": "FENGSUI_DATABASE_URL",
    "broker": "FENGSUI_NATS_URL",
    "mail": "FENGSUI_SMTP_URL",
    "texts": "FENGSUI_SMPP_URLS",
}
"""Checks that connect, and the variable they connect by."""
CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    doctor_set.python,
    doctor_set.settings,
    doctor_machine.locales,
    doctor_set.database,
    inside,
    backups,
    doctor_parts.processes,
    doctor_parts.broker,
    doctor_set.mail,
    doctor_set.webhook,
    doctor_texts.texts,
    doctor_set.certificate,
    doctor_machine.fonts,
    doctor_set.browser,
    doctor_machine.disk,
    doctor_machine.clock,
    doctor_machine.permissions,
    doctor_machine.limits,
    doctor_machine.user,
    doctor_set.port,
    doctor_set.pages,
)


def variables() -> Iterator[str]:
    """The table of what is set; secrets only as such, unknown FENGSUI_ names are pointed out."""
    known = {each.name for each in VARIABLES}
    for each in VARIABLES:
        value = os.environ.get(each.name, "")
        shown = word("(已设,机密)", "(set, secret)") if value and each.secret else value
        yield f"  {each.name:<24}{shown or word('默认:', 'default: ') + (each.default or '-')}"
    for name in ELSEWHERE:
        if os.environ.get(name):
            yield f"  {name:<24}{cluster.plain_url(os.environ[name])}"
    for name in sorted(set(os.environ) - known):
        if name.startswith("FENGSUI_"):
            yield f"  {name:<24}" + word("不认识此变量:是否写错?", "unknown variable: a typing slip?")


def findings() -> list[Finding]:
    found = []
    # What is connected with a value that cannot be would only say the same in other words.
    impossible = values.wrong(os.environ)
    for check in CHECKS:
        if TRIED_BY.get(check.__name__, "") in impossible:
            continue
        try:
            found += list(check())
        except Exception as error:
            found.append(
                Finding(
                    check.__name__,
                    "bad",
                    f"{type(error).__name__}: {error}",
                    word("请报告此错误", "please report this"),
                )
            )
    return found


def main() -> int:
    """Prints both tables; exit 0 where nothing is bad."""
    print(word("环境变量(docs/reference/environment.md)", "Environment (docs/reference/environment.md)"))
    print("\n".join(variables()))
    print(word("\n检查", "\nChecks"))
    found = findings()
    for each in found:
        remedy = f"\n      → {each.what_to_do}" if each.verdict != "ok" and each.what_to_do else ""
        print(f"  {MARKS[each.verdict]} {each.name:<14} {each.fact}{remedy}")
    bad = sum(each.verdict == "bad" for each in found)
    print(word(f"\n{bad} 项需要处理", f"\n{bad} to mend"))
    return 1 if bad else 0
