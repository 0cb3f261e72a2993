"""`./fengsui upgrade`: a backup, then migrations and the district's data, then proof - and how to go back."""

from __future__ import annotations

from argparse import Namespace

import psycopg
from psycopg import sql

from fengsui.config.backup.command import refuse_external
from fengsui.config.backup.store import Backup, Store
from fengsui.config.backup.take import take
from fengsui.config.ops import offline, release
from fengsui.config.ops.cluster import Cluster
from fengsui.config.ops.console import Problem, say, word
from fengsui.config.ops.home import Home
from fengsui.config.ops.stack import private
from fengsui.config.ops.supervisor import Supervisor, read_status
from fengsui.config.standby import pair

TABLES = (
    "SELECT schemaname, tablename FROM pg_tables "
    "WHERE schemaname NOT IN ('pg_catalog', 'information_schema', 'basemap') ORDER BY 1, 2"
)


def main(options: Namespace) -> int:
    """0 where the data are at this code's version and proved; 1 otherwise. Says in both cases how to go back."""
    refuse_external()
    home = Home.here()
    status = read_status(home)
    if status.get("state") in {"running", "starting"}:
        raise Problem("平台正在运行:先停止", "The platform is running: stop it first")
    demo = bool(status.get("demo"))
    cluster, store, before = private(home, demo=demo), Store.of(home), release.kept(home)
    if not (cluster.data / "PG_VERSION").exists():
        raise Problem("还没有数据库,无须升级", "There is no database yet: nothing to upgrade")
    with Supervisor(home):
        pair.refuse(home)
        cluster.start()
        try:
            say("先备份", "A backup first")
            made, rows = take(cluster, store), counts(cluster)
            code = offline.call(["prepare"], home, cluster.url, demo=demo)
            code = code or offline.call(["upgraded"], home, cluster.url, demo=demo)
            for name, (had, has) in fewer(rows, counts(cluster)).items():
                print(word(f"{name}: {had} 行变为 {has} 行", f"{name}: {had} rows became {has}"))
            _mark(cluster)
        finally:
            cluster.stop()
    if code == 0:
        release.keep(home)
        say("升级完成,数据已核验", "Upgraded and proved")
    else:
        say("升级没有完成", "The upgrade is not complete")
    print(word("退回:", "To go back:"))
    for line in back(before, made, archived=cluster.archive is not None):
        print(f"  {line}")
    return 1 if code else 0


def back(before: str, made: Backup, *, archived: bool) -> list[str]:
    """Commands that bring back code and data as they were. Without an archive the backup is all there is."""
    to = made.finished_at.isoformat() if archived else "latest"
    return [
        f"git checkout {before or word('此前的版本', 'THE-VERSION-BEFORE')}",
        f"./fengsui restore --to {to} --over",
        "./fengsui serve",
    ]


def counts(cluster: Cluster) -> dict[str, int]:
    """Table -> rows."""
    found = {}
    with psycopg.connect(cluster.url) as asked:
        for schema, table in asked.execute(TABLES).fetchall():
            row = asked.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(schema, table))).fetchone()
            assert row is not None
            found[f"{schema}.{table}"] = int(row[0])
    return found


def fewer(had: dict[str, int], has: dict[str, int]) -> dict[str, tuple[int, int]]:
    """Tables that lost rows or are gone: a migration may mean it, a person should know it."""
    return {name: (rows, has.get(name, 0)) for name, rows in had.items() if has.get(name, 0) < rows}


def _mark(cluster: Cluster) -> None:
    """One commit after all: a restore to a moment before it needs something later to stop at."""
    with psycopg.connect(cluster.url) as said:
        said.execute("SELECT pg_logical_emit_message(true, 'fengsui', 'upgrade')")
