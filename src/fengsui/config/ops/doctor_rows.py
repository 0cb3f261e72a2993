"""`doctor` about the platform's own rows: schema, partitions, jobs, signs of life, record, owners of clocks."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from fengsui.config.ops.doctor_faults import Fault, Finding, declare, found
from fengsui.config.ops.doctor_inside import Ask
from fengsui.config.ops.home import REPO
from fengsui.core.record_text import digest, row_body

SILENT_S = 120.0
PARTS = ("ingest", "worker", "clocks")
LATE_S = 300.0
TIMER_S = 120.0
"""The most frequent timers come every few seconds; the worker's own stop is told by its proof of life too."""
RECORD = 2_000
"""So many of the newest rows of the audit are looked at; `./fengsui verify-audit` looks at all."""

FAULTS = (
    Fault(
        "missing_migration",
        ("库表版本", "Schema"),
        ("比程序旧，缺 {names}", "older than the code: {names} not applied"),
        (
            "重启平台（./fengsui serve），多台机器先 ./fengsui part database",
            "restart the platform (./fengsui serve); on several machines ./fengsui part database first",
        ),
    ),
    Fault(
        "newer_schema",
        ("库表版本", "Schema"),
        ("比程序新，程序不认识 {names}", "newer than the code, which does not know {names}"),
        (
            "装回新版程序，或 ./fengsui restore 回到升级前",
            "put the newer code back, or ./fengsui restore to before the upgrade",
        ),
    ),
    Fault(
        "missing_partition",
        ("读数分区", "Partitions of the readings"),
        ("{month} 的分区没有，读数落进缺省分区", "that of {month} is missing: readings fall into the default one"),
        (
            "重启接收进程即补建；SELECT sensing_make_partition('{month}-01');",
            "a restart of ingest makes it; SELECT sensing_make_partition('{month}-01');",
        ),
    ),
    Fault(
        "jobs_given_up",
        ("放弃的后台作业", "Jobs given up"),
        ("{count} 个反复失败后放弃", "{count} gave up after all their tries"),
        ("系统管理员在 /jobs/ 重做或作废", "the system administrator retries or writes off at /jobs/"),
    ),
    Fault(
        "jobs_late",
        ("后台作业", "Jobs"),
        (
            "最早的一个已等 {minutes} 分钟，共 {count} 个在等",
            "the first has waited for {minutes} min, {count} wait in all",
        ),
        (
            "看 var/log/worker.log；多起一个：./fengsui part worker",
            "see var/log/worker.log; start one more: ./fengsui part worker",
        ),
    ),
    Fault(
        "timer_stopped",
        ("定时作业", "Timers"),
        ("已 {minutes} 分钟没有定时作业发出", "none was started for {minutes} min"),
        ("重启后台作业进程，看 var/log/worker.log", "restart the worker, see var/log/worker.log"),
    ),
    Fault(
        "part_silent",
        ("部件", "Part"),
        ("{part} 已 {seconds} 秒没有动静", "no sign of life of {part} for {seconds} s"),
        ("看 var/log/{part}.log，重启平台", "see var/log/{part}.log, restart the platform"),
    ),
    Fault(
        "audit_broken",
        ("审计链", "Audit chain"),
        (
            "{subject} 第 {n} 条与校验值不符：记录被改动过",
            "row {n} of {subject} does not match its seal: the record was changed",
        ),
        (
            "./fengsui verify-audit 列出全部；保护现场，报告审计管理员",
            "./fengsui verify-audit lists all; touch nothing, tell the audit administrator",
        ),
    ),
    Fault(
        "clock_unowned",
        ("无主时限", "Clocks without an owner"),
        (
            "{count} 个未办结的时限，责任人已停用或不在册，第一个：{label}",
            "{count} open ones whose person is no longer in service, the first: {label}",
        ),
        (
            "在 /clocks/ 打开并转交；人事变动在 /people/ 补登",
            "open them at /clocks/ and hand them over; bring the posts up to date at /people/",
        ),
    ),
)
declare(*FAULTS)


def platform(ask: Ask) -> Iterator[Finding]:
    """Faults that the running platform's rows tell. Nothing where they are not made yet."""
    if not _has(ask, "procrastinate_jobs") or not _has(ask, "core_lastproof"):
        return
    [(failed,)] = ask("SELECT count(*) FROM procrastinate_jobs WHERE status = 'failed'")
    if failed:
        yield found("jobs_given_up", count=failed)
    silent = ask(
        "SELECT key, extract(epoch FROM now() - at)::float8 FROM core_lastproof WHERE kind = 'core.link' ORDER BY key"
    )
    for key, age in silent:
        if key in PARTS and age is not None and age > SILENT_S:
            yield found("part_silent", part=key, seconds=round(age))
    yield from jobs(ask)


def jobs(ask: Ask) -> Iterator[Finding]:
    """Those that wait too long, and timers that start none."""
    [(count, late_s)] = ask(
        "SELECT count(*), coalesce(max(extract(epoch FROM now() - coalesce(j.scheduled_at, e.at))), 0)::float8 "
        "FROM procrastinate_jobs j LEFT JOIN LATERAL (SELECT max(at) AS at FROM procrastinate_events e "
        "WHERE e.job_id = j.id AND e.type IN ('deferred', 'deferred_for_retry')) e ON true "
        "WHERE j.status = 'todo' AND coalesce(j.scheduled_at, e.at) < now()"
    )
    if late_s > LATE_S:
        yield found("jobs_late", minutes=round(late_s / 60), count=count)
    [(last,)] = ask("SELECT max(defer_timestamp) FROM procrastinate_periodic_defers")
    if last is not None and time.time() - last > TIMER_S:
        yield found("timer_stopped", minutes=round((time.time() - last) / 60))


def rows(ask: Ask) -> Iterator[Finding]:
    """What must hold of the platform's rows whether it runs or not."""
    yield from schema(ask)
    yield from partitions(ask)
    yield from record(ask)
    yield from owners(ask)


def _has(ask: Ask, table: str) -> bool:
    return ask(f"SELECT to_regclass('{table}') IS NOT NULL") == [(True,)]


def known_migrations(root: Path = REPO / "src/fengsui") -> set[tuple[str, str]]:
    return {(path.parts[-3], path.stem) for path in root.glob("**/migrations/[0-9]*.py")}


def schema(ask: Ask) -> Iterator[Finding]:
    if not _has(ask, "django_migrations"):
        return
    known, applied = known_migrations(), {(app, name) for app, name in ask("SELECT app, name FROM django_migrations")}
    ours = {app for app, _ in known}
    if missing := sorted(known - applied):
        yield found("missing_migration", names=_few(missing))
    if unknown := sorted(each for each in applied - known if each[0] in ours):
        yield found("newer_schema", names=_few(unknown))


def _few(names: Sequence[tuple[str, str]]) -> str:
    more = f" +{len(names) - 3}" if len(names) > 3 else ""
    return ", ".join(f"{app}.{name}" for app, name in names[:3]) + more


def partitions(ask: Ask) -> Iterator[Finding]:
    """This month's and the next one's."""
    if not _has(ask, "sensing_observation"):
        return
    there = {name for (name,) in ask(
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'sensing_observation'::regclass"
    )}  # fmt: skip
    now = datetime.now(UTC)
    for ahead in (0, 1):
        year, month = divmod(now.year * 12 + now.month - 1 + ahead, 12)
        if f"sensing_observation_{year}_{month + 1:02}" not in there:
            yield found("missing_partition", month=f"{year}-{month + 1:02}")


def record(ask: Ask) -> Iterator[Finding]:
    """The newest rows of the audit against their seals; each against the row before it where that is among them."""
    if not _has(ask, "core_auditrow"):
        return
    before: dict[str, tuple[int, str]] = {}
    newest = ask(
        "SELECT subject, n, at, verb, person_id, system, world_id, correlation, facts, algorithm, prev_hash, hash "
        f"FROM core_auditrow ORDER BY id DESC LIMIT {RECORD}"
    )
    for *body, algorithm, prev, sealed in reversed(newest):
        subject, n = body[0], body[1]
        known = before.get(subject)
        text = row_body(n, subject, *body[2:])
        if digest(algorithm, prev, text) != sealed or (known and known[0] == n - 1 and known[1] != prev):
            yield found("audit_broken", subject=subject, n=n)
            return
        before[subject] = (n, sealed)


def owners(ask: Ask) -> Iterator[Finding]:
    """An open clock whose person has left, is not known, or whose post is not there any more."""
    if not _has(ask, "core_clock") or not _has(ask, "people_person"):
        return
    lost = ask(
        "SELECT c.label FROM core_clock c LEFT JOIN people_person p ON p.id = c.owner_person "
        "LEFT JOIN people_post o ON o.id = c.owner_post WHERE c.state IN ('running', 'paused') AND "
        "(CASE WHEN c.owner_person IS NOT NULL THEN p.id IS NULL OR p.retired_at < now() "
        "WHEN c.owner_post IS NOT NULL THEN o.id IS NULL OR o.retired_at < now() ELSE c.owner_role = '' END) "
        "ORDER BY c.due_at"
    )
    if lost:
        # A label may name somebody: the terminal gets its first words only.
        yield found("clock_unowned", count=len(lost), label=re.split(r"[\s，：]", lost[0][0])[0][:20])
