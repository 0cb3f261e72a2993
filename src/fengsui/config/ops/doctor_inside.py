"""`doctor` inside a database that answers: what its server, tables and indexes say is wrong.

Each check takes what asks, so that the running platform looks with the same eyes (doctor_look).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from fengsui.config.ops.doctor_faults import Fault, Finding, declare, found

Ask = Callable[[str], Sequence[Sequence[Any]]]
"""A query's rows."""
SKEW_S = 5.0
FULL = 0.9
AGE = 1_000_000_000
"""Half of the age at which PostgreSQL stops taking writes; autovacuum begins at 200 million."""
OPEN_S = 600.0
"""No request, job or import of the platform holds a transaction so long [U]; what is older holds back all cleaning."""
HELD_BYTES = 256 * 2**20
BLOATED = 4.0
BLOAT_BYTES = 16 * 2**20
"""An index so many times its content, and so large, is told."""
STATISTICS_S = 3600.0

FAULTS = (
    Fault(
        "in_recovery",
        ("数据库恢复中", "Database in recovery"),
        ("只读：这是备机，或恢复未完成", "read only: a standby, or a restore that is not done"),
        (
            "连到主库（FENGSUI_DATABASE_URL），或看数据库日志等它完成",
            "name the primary in FENGSUI_DATABASE_URL, or see the database's log until it is done",
        ),
    ),
    Fault(
        "autovacuum_off",
        ("自动清理", "Autovacuum"),
        ("已关闭，表会一直变大变慢", "off: tables grow and slow down for ever"),
        (
            "ALTER SYSTEM RESET autovacuum; SELECT pg_reload_conf();",
            "ALTER SYSTEM RESET autovacuum; SELECT pg_reload_conf();",
        ),
    ),
    Fault(
        "autovacuum_off_for_table",
        ("自动清理", "Autovacuum"),
        ("{table} 单独关闭了自动清理", "switched off for {table} alone"),
        ("ALTER TABLE {table} RESET (autovacuum_enabled);", "ALTER TABLE {table} RESET (autovacuum_enabled);"),
    ),
    Fault(
        "old_statistics",
        ("统计信息", "Statistics"),
        (
            "{table} 自上次 ANALYZE 改了 {rows} 行，查询会选错路",
            "{rows} rows of {table} changed since its last ANALYZE: queries are planned on old figures",
        ),
        ("ANALYZE {table};", "ANALYZE {table};"),
    ),
    Fault(
        "transaction_ids",
        ("事务号", "Transaction ids"),
        (
            "最老的库已 {age} 个，到 20 亿数据库停止写入",
            "the oldest database is {age} old: at 2 billion all writing stops",
        ),
        (
            "VACUUM (FREEZE);（先结束长事务和失效的复制槽）",
            "VACUUM (FREEZE); (end long transactions and dead slots first)",
        ),
    ),
    Fault(
        "connections",
        ("连接数", "Connections"),
        ("{used}/{most} 已用，新的页面和作业将连不上", "{used} of {most} used: new pages and jobs will not get one"),
        (
            "SELECT usename, application_name, state, count(*) FROM pg_stat_activity GROUP BY 1, 2, 3; 停掉多余的，"
            "或调高 max_connections",
            "SELECT usename, application_name, state, count(*) FROM pg_stat_activity GROUP BY 1, 2, 3; stop what "
            "is too much, or raise max_connections",
        ),
    ),
    Fault(
        "long_transaction",
        ("长事务", "Long transaction"),
        (
            "进程 {pid}（{who}）的事务已开 {minutes} 分钟，挡住清理",
            "that of process {pid} ({who}) is open for {minutes} min and holds back all cleaning",
        ),
        ("问清是谁；SELECT pg_terminate_backend({pid});", "find out whose it is; SELECT pg_terminate_backend({pid});"),
    ),
    Fault(
        "dead_slot",
        ("复制槽", "Replication slot"),
        (
            "{slot} 无人读取，扣着 {mb} MB 日志，会把盘写满",
            "nobody reads {slot}; it holds {mb} MB of the log and would fill the disk",
        ),
        (
            "备机还要用就启动它，否则 SELECT pg_drop_replication_slot('{slot}');",
            "start its standby, or where there is none any more: SELECT pg_drop_replication_slot('{slot}');",
        ),
    ),
    Fault(
        "database_clock",
        ("与数据库的时差", "Clock against the database"),
        ("相差 {seconds} 秒", "apart by {seconds} s"),
        ("两台机器都要对时（timedatectl、chrony）", "set both machines' time (timedatectl, chrony)"),
    ),
    Fault(
        "encoding",
        ("数据库编码", "Database's encoding"),
        ("是 {encoding}，不是 UTF8：中文会存坏", "{encoding}, not UTF8: Chinese would be spoilt"),
        (
            "CREATE DATABASE … TEMPLATE template0 ENCODING 'UTF8'，用 pg_dump 搬过去",
            "CREATE DATABASE ... TEMPLATE template0 ENCODING 'UTF8', and move there with pg_dump",
        ),
    ),
    Fault(
        "invalid_index",
        ("索引", "Index"),
        (
            "{index} 无效（建到一半失败），查询用不上",
            "{index} is invalid (its making failed half-way): no query uses it",
        ),
        ("REINDEX INDEX CONCURRENTLY {index};", "REINDEX INDEX CONCURRENTLY {index};"),
    ),
    Fault(
        "bloated_index",
        ("索引", "Index"),
        ("{index} 有 {mb} MB，是其内容的 {times} 倍", "{index} has {mb} MB, {times} times its content"),
        ("REINDEX INDEX CONCURRENTLY {index};", "REINDEX INDEX CONCURRENTLY {index};"),
    ),
)
declare(*FAULTS)


def server(ask: Ask) -> Iterator[Finding]:
    """Faults of the server, for any PostgreSQL."""
    [(recovering, autovacuum, now, used, most, age, encoding)] = ask(
        "SELECT pg_is_in_recovery(), current_setting('autovacuum'), extract(epoch FROM clock_timestamp())::float8, "
        "(SELECT count(*) FROM pg_stat_activity WHERE backend_type IS NULL OR backend_type = 'client backend'), "
        "current_setting('max_connections')::int, (SELECT max(age(datfrozenxid)) FROM pg_database), "
        "current_setting('server_encoding')"
    )
    skew = now - time.time()
    if recovering:
        yield found("in_recovery")
    if autovacuum != "on":
        yield found("autovacuum_off")
    if age > AGE:
        yield found("transaction_ids", age=age)
    if used > most * FULL:
        yield found("connections", used=used, most=most)
    if abs(skew) > SKEW_S:
        yield found("database_clock", seconds=f"{skew:+.0f}")
    if encoding != "UTF8":
        yield found("encoding", encoding=encoding)
    for pid, who, open_s in ask(
        "SELECT pid, coalesce(nullif(application_name, ''), usename, '?'), "
        "extract(epoch FROM clock_timestamp() - xact_start)::float8 FROM pg_stat_activity WHERE pid <> "
        "pg_backend_pid() "
        "AND xact_start IS NOT NULL AND (backend_type = 'client backend' OR backend_type IS NULL) "
        "AND application_name NOT LIKE 'pg_basebackup%' AND query NOT ILIKE 'VACUUM%' ORDER BY xact_start LIMIT 5"
    ):
        if open_s > OPEN_S:
            yield found("long_transaction", pid=pid, who=who, minutes=round(open_s / 60))
    if not recovering:
        for slot, held in ask(
            "SELECT slot_name, pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::float8 FROM pg_replication_slots "
            "WHERE NOT active AND restart_lsn IS NOT NULL ORDER BY 1"
        ):
            if held > HELD_BYTES:
                yield found("dead_slot", slot=slot, mb=round(held / 2**20))


def tables(ask: Ask) -> Iterator[Finding]:
    """Tables and indexes of this database."""
    for (table,) in ask(
        "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' "
        "AND reloptions && ARRAY['autovacuum_enabled=false', 'autovacuum_enabled=off'] ORDER BY 1 LIMIT 5"
    ):
        yield found("autovacuum_off_for_table", table=table)
    for table, rows in ask(
        "SELECT s.relid::regclass::text, n_mod_since_analyze FROM pg_stat_user_tables s JOIN pg_class c ON c.oid "
        "= s.relid "
        "WHERE n_mod_since_analyze > greatest(50000, c.reltuples) AND greatest(last_analyze, last_autoanalyze, "
        f"pg_postmaster_start_time()) < clock_timestamp() - make_interval(secs => {STATISTICS_S}) ORDER BY 2 DESC "
        f"LIMIT 5"
    ):
        yield found("old_statistics", table=table, rows=rows)
    for (index,) in ask(
        "SELECT i.indexrelid::regclass::text FROM pg_index i WHERE NOT i.indisvalid AND NOT EXISTS "
        "(SELECT 1 FROM pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid) ORDER BY 1 LIMIT 5"
    ):
        yield found("invalid_index", index=index)
    # What the content needs: rows x (the columns' mean width + 16 bytes of entry and pointer) at 70 % filled pages.
    for index, size, needed in ask(
        "SELECT c.oid::regclass::text, pg_relation_size(c.oid)::float8, max(t.reltuples) * (16 + sum(w.width)) / 0.7 "
        "FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid "
        "JOIN pg_am m ON m.oid = c.relam AND m.amname = 'btree' "
        "CROSS JOIN LATERAL (SELECT coalesce(s.avg_width, 32) AS width FROM unnest(i.indkey::int2[]) k(n) "
        "LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.n LEFT JOIN pg_stats s ON s.schemaname = "
        "t.relnamespace::regnamespace::text AND s.tablename = t.relname AND s.attname = a.attname) w "
        f"WHERE pg_relation_size(c.oid) > {BLOAT_BYTES} AND t.reltuples >= 0 AND i.indpred IS NULL GROUP BY c.oid"
    ):
        if size > BLOATED * max(float(needed), 8192):
            yield found(
                "bloated_index", index=index, mb=round(size / 2**20), times=round(size / max(float(needed), 8192))
            )
