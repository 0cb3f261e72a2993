"""`doctor` inside a database that answers: what its server and the platform's own rows say is wrong."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from fengsui.config.ops.console import word

Ask = Callable[[str], Sequence[Sequence[Any]]]
"""A query's rows."""
Fault = tuple[str, str, str]
"""Name, fact, what to do."""
SKEW_S = 5.0
FULL = 0.9
AGE = 1_000_000_000
"""Half of the age at which PostgreSQL stops taking writes; autovacuum begins at 200 million."""
SILENT_S = 120.0
PARTS = ("ingest", "worker", "clocks")


def server(ask: Ask) -> Iterator[Fault]:
    """Faults of the server, for any PostgreSQL."""
    [(recovering, autovacuum, now, used, most, age)] = ask(
        "SELECT pg_is_in_recovery(), current_setting('autovacuum'), extract(epoch FROM clock_timestamp())::float8, "
        "(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'), "
        "current_setting('max_connections')::int, (SELECT max(age(datfrozenxid)) FROM pg_database)"
    )
    if recovering:
        yield (
            word("数据库恢复中", "Database in recovery"),
            word("只读", "read only"),
            word(
                "这是备机或恢复未完:连到主库,或看数据库日志", "a standby, or not done: name the primary, or see its log"
            ),
        )
    if autovacuum != "on":
        yield (
            word("自动清理", "Autovacuum"),
            "off",
            "ALTER SYSTEM RESET autovacuum; SELECT pg_reload_conf();",
        )
    if age > AGE:
        yield word("事务号", "Transaction ids"), f"{age}", "VACUUM FREEZE;"
    if used > most * FULL:
        yield (
            word("连接数", "Connections"),
            f"{used}/{most}",
            word("查谁占着(pg_stat_activity),或调高 max_connections", "see pg_stat_activity, or raise max_connections"),
        )
    if abs(skew := now - time.time()) > SKEW_S:
        yield (
            word("与数据库的时差", "Clock against the database"),
            f"{skew:+.0f} s",
            word("两台机器都要对时(timedatectl、chrony)", "set both machines' time (timedatectl, chrony)"),
        )


def platform(ask: Ask) -> Iterator[Fault]:
    """Faults that the running platform's rows tell. Nothing where they are not made yet."""
    if ask("SELECT to_regclass('procrastinate_jobs')") == [(None,)] or not ask(
        "SELECT 1 FROM information_schema.tables WHERE table_name = 'core_lastproof'"
    ):
        return
    [(failed,)] = ask("SELECT count(*) FROM procrastinate_jobs WHERE status = 'failed'")
    if failed:
        yield (
            word("放弃的后台作业", "Jobs given up"),
            str(failed),
            word("系统管理员在 /jobs/ 重做或作废", "the system administrator retries or writes off at /jobs/"),
        )
    silent = ask(
        "SELECT key, extract(epoch FROM now() - at)::float8 FROM core_lastproof WHERE kind = 'core.link' ORDER BY key"
    )
    for key, age in silent:
        if key in PARTS and age is not None and age > SILENT_S:
            yield (
                word(f"部件 {key}", f"Part {key}"),
                word(f"{age:.0f} 秒没有动静", f"no sign of life for {age:.0f} s"),
                word(f"看 var/log/{key}.log,重启平台", f"see var/log/{key}.log, restart the platform"),
            )
