"""An upgrade of real data of an earlier version: backed up, migrated, proved - and taken back, row by row the same.

The data are a demonstration played by the code of commit 3ed3a6a (27 November 2026), without base map and PDF papers.
"""

from __future__ import annotations

import lzma
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest

from fengsui.config.backup import upgrade
from fengsui.config.ops import stack
from fengsui.config.ops.home import REPO, Home
from tests.ops.test_backup import new_home, sums

STORY = Path(__file__).with_name("data") / "story-3ed3a6a.sql.xz"
KEPT = (
    "core_auditrow",
    "core_storedevent",
    "alerts_bulletin",
    "alerts_delivery",
    "incidents_incident",
    "command_order",
)


@pytest.fixture
def home(monkeypatch):
    """What the earlier version left: its database, its secrets; the log is archived as `serve` does."""
    for name in ("FENGSUI_DATABASE_URL", "FENGSUI_BACKUP", "FENGSUI_DEMO"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FENGSUI_LANG", "en")
    folder = Path(tempfile.mkdtemp(prefix="升 级"))
    folder.chmod(0o755)
    home = new_home(folder / "var")
    home.secret("secret_key")
    cluster = stack.private(home, demo=False)
    cluster.start()
    try:
        psql = [str(cluster.programs() / "psql"), "-h", str(cluster.sockets), "-U", "fengsui", "-d", "fengsui", "-q"]
        with lzma.open(STORY) as packed:
            done = subprocess.run(
                [*psql, "-v", "ON_ERROR_STOP=1"], input=packed.read(), capture_output=True, check=False
            )
        assert done.returncode == 0, done.stderr[-2000:]
    finally:
        cluster.stop()
    yield home
    stack.private(home, demo=False).stop()
    shutil.rmtree(folder)


def fengsui(home: Home, *words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "FENGSUI_VAR": str(home.var), "PYTHONPATH": str(REPO / "src")}
    return subprocess.run(
        [sys.executable, "-m", "fengsui.config", *words],
        env=env, cwd=REPO, input=typed, capture_output=True, text=True, check=False,
    )  # fmt: skip


def _columns(asked: psycopg.Connection, table: str) -> list[str]:
    query = "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
    return [f'"{name}"::text' for (name,) in asked.execute(query, [table])]


def _rows(asked: psycopg.Connection, table: str, columns: list[str]) -> set[tuple[str, ...]]:
    return set(asked.execute(f"SELECT {', '.join(columns)} FROM {table}"))


class Found:
    """One look at the stopped installation's database."""

    def __init__(self, home: Home, columns: dict[str, list[str]] | None = None) -> None:
        cluster = stack.private(home, demo=False)
        cluster.start()
        try:
            self.sums = sums(cluster.url)
            with psycopg.connect(cluster.url) as asked:
                self.migrations = asked.execute("SELECT count(*) FROM django_migrations").fetchone()[0]
                self.columns = columns or {name: _columns(asked, name) for name in KEPT}
                self.rows = {name: _rows(asked, name, self.columns[name]) for name in KEPT}
        finally:
            cluster.stop()


@pytest.mark.slow
def test_earlier_data_are_upgraded_and_brought_back(home):
    before = Found(home)
    assert all(before.rows.values())
    done = fengsui(home, "upgrade")
    assert done.returncode == 0, done.stdout + done.stderr
    after = Found(home, before.columns)
    assert after.migrations > before.migrations
    for name in KEPT:
        assert after.rows[name] >= before.rows[name], f"{name}: what was told then is told now"
    (moment,) = re.findall(r"./fengsui restore --to (\S+) --over", done.stdout)

    refused = fengsui(home, "restore", "--to", moment, "--over", typed="no\n")
    assert refused.returncode == 1
    gone_back = fengsui(home, "restore", "--to", moment, "--over", typed=f"{home.key}\n")
    assert gone_back.returncode == 0, gone_back.stdout + gone_back.stderr
    assert "older than this code" in gone_back.stdout
    again = Found(home)
    assert again.migrations == before.migrations
    differ = {name for name in before.sums.keys() | again.sums.keys() if before.sums.get(name) != again.sums.get(name)}
    assert differ <= {"public.people_session"}, "nobody's login lives on; all else is as it was"


@pytest.mark.slow
def test_upgrade_that_fails_says_so_and_how_to_go_back(home):
    cluster = stack.private(home, demo=False)
    cluster.start()
    with psycopg.connect(cluster.url) as spoilt:  # a migration that has to be done anew meets what it would make
        spoilt.execute("DELETE FROM django_migrations WHERE app = 'sensing' AND name = '0003_retired_stations'")
    cluster.stop()
    done = fengsui(home, "upgrade")
    assert done.returncode == 1
    assert "The upgrade is not complete" in done.stderr
    assert "restore --to" in done.stdout


def test_lost_rows_are_told():
    had = {"public.a": 3, "public.b": 1, "public.c": 5}
    assert upgrade.fewer(had, {"public.a": 3, "public.c": 4, "public.d": 9}) == {"public.b": (1, 0), "public.c": (5, 4)}
