"""Two real clusters on the network: one follows, takes over, and the old one never leads again by itself."""

from __future__ import annotations

import io
import os
import shutil
import signal
import tempfile
import threading
import time
from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from fengsui.config import settings
from fengsui.config.backup import command as backup
from fengsui.config.backup import store
from fengsui.config.backup.take import take
from fengsui.config.ops import children, offline, stack
from fengsui.config.ops.cluster import Cluster
from fengsui.config.ops.console import Problem
from fengsui.config.ops.home import Home
from fengsui.config.standby import command, follow, invite, pair
from fengsui.config.standby.pair import FOLLOWS, LEADS, OVERTAKEN, Pair
from tests.ops.test_backup import new_home, sums
from tests.ops.test_cluster import ask

pytestmark = pytest.mark.slow
# Loopback addresses of this run's own: both listen on port 5432.
HERE, THERE = (f"127.{100 + each}.{os.getpid() % 250}.{os.getpid() // 250 % 250}" for each in (1, 2))


@pytest.fixture(autouse=True)
def _own(monkeypatch):
    for name in ("FENGSUI_DATABASE_URL", "FENGSUI_VAR", "FENGSUI_BACKUP"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FENGSUI_BACKUP_HOURS", "0")
    monkeypatch.setenv("FENGSUI_LANG", "en")


@pytest.fixture
def place():
    """A folder that the service user may enter; not pytest's, which another run beside this one closes again."""
    folder = Path(tempfile.mkdtemp(prefix="主 备"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def lead(home: Home) -> Cluster:
    """As `serve` starts its database."""
    pair.refuse(home)
    cluster = stack.private(home, demo=False)
    cluster.start()
    return cluster


def following(home: Home) -> Cluster:
    """As `standby run` does."""
    cluster = stack.private(home, demo=False)
    assert follow.follows(cluster)
    cluster.start()
    return cluster


def joined(home: Home, file: Path) -> Cluster:
    mine, _ = invite.take(home, file, datetime.now(UTC))
    mine.write(home)
    cluster = stack.private(home, demo=False)
    follow.copy(cluster, mine)
    return following(home)


def until(seen, patience_s: float = 240.0) -> None:
    deadline = time.monotonic() + patience_s
    while not seen():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def killed(cluster: Cluster) -> None:
    """The power goes: every process of the server at once, without a word to anybody."""
    for pid in children.working_in(cluster.data):
        os.kill(pid, signal.SIGKILL)
    assert cluster.process is not None
    cluster.process.wait(60)
    until(lambda: not children.working_in(cluster.data))


@pytest.fixture
def two(place):
    """A leader with rows and its follower, each commit on both disks."""
    a, b = new_home(place / "a"), new_home(place / "b")
    a.secret("secret_key")
    first = lead(a)
    with psycopg.connect(first.url) as connection:
        connection.execute("CREATE TABLE reading (n int PRIMARY KEY, at geometry(Point, 4326))")
        connection.execute(
            "INSERT INTO reading SELECT n, ST_SetSRID(ST_MakePoint(123, 41), 4326) FROM generate_series(1, 2000) n"
        )
    invite.keys(a)
    mine = Pair(here=HERE, there=THERE, role=LEADS)
    mine.write(a)
    assert invite.admit(first) is False, "it listens from the next start on"
    first.stop()
    first = lead(a)
    assert invite.admit(first) is True
    invite.pack(a, mine, place / "invitation")
    second = joined(b, place / "invitation")
    until(lambda: pair.status(first).followed)
    mine.now(a, both=True)
    first.reload()
    until(lambda: pair.status(first).follower.how == "sync")
    running = {"first": first, "second": second}
    yield a, b, running
    for each in running.values():
        each.stop()


def writer(url: str, ended: threading.Event, acknowledged: list[int]) -> None:
    """Numbered rows, one commit each, until the server is gone."""
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            for n in range(10_000, 1_000_000):
                if ended.is_set():
                    return
                connection.execute("INSERT INTO reading VALUES (%s, NULL)", [n])
                acknowledged.append(n)
    except psycopg.Error:
        return


def test_killed_leader_loses_nothing_acknowledged_and_never_leads_again(two, place):
    a, b, running = two
    first, second = running["first"], running["second"]
    assert (b.var / "secret_key").read_text() == (a.var / "secret_key").read_text()
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction), psycopg.connect(second.url) as connection:
        connection.execute("INSERT INTO reading VALUES (0, NULL)")
    ended, acknowledged = threading.Event(), []
    writing = threading.Thread(target=writer, args=(first.url, ended, acknowledged))
    writing.start()
    until(lambda: len(acknowledged) > 200)
    killed(first)
    writing.join(60)
    with pytest.raises(Problem, match="This machine follows"):
        pair.refuse(b)
    mine = follow.promote(second, pair.of(b))
    assert (mine.role, pair.of(b).role) == (LEADS, LEADS)
    rows = "SELECT count(*) FROM reading WHERE n = ANY(%s)"
    with psycopg.connect(second.url) as connection:
        assert connection.execute(rows, [acknowledged]).fetchone()[0] == len(acknowledged)
        connection.execute("INSERT INTO reading VALUES (9999999, NULL)")

    # The old leader comes back: it asks, finds itself overtaken, and says so even when the other one is off.
    with pytest.raises(Problem, match="has taken over"):
        lead(a)
    second.stop()
    with pytest.raises(Problem, match="has taken over"):
        lead(a)
    assert pair.of(a).role == OVERTAKEN
    second = running["second"] = lead(b)

    # It joins anew as follower of the one that leads now; its old data stay beside.
    invite.keys(b)
    assert invite.admit(second) is True
    invite.pack(b, pair.of(b), place / "back")
    aside = command.set_aside(stack.private(a, demo=False), datetime.now(UTC))
    again = running["first"] = joined(a, place / "back")
    assert aside.exists()
    assert pair.of(a).role == FOLLOWS
    until(lambda: pair.status(second).followed)
    with psycopg.connect(second.url) as connection:
        connection.execute("UPDATE reading SET at = NULL WHERE n < 500")
        place_in_log = connection.execute("SELECT pg_current_wal_insert_lsn()").fetchone()[0]
    until(lambda: ask(again.url, f"SELECT pg_last_wal_replay_lsn() >= '{place_in_log}'::pg_lsn"))
    assert sums(again.url) == sums(second.url)


def test_leader_that_was_cut_off_acknowledges_nothing(two):
    """Both run, neither hears the other: the promoted one takes writes, the old one has nobody to confirm its own."""
    a, b, running = two
    first, second = running["first"], running["second"]
    follow.promote(second, pair.of(b))
    until(lambda: pair.status(first).follower is None)
    acknowledged: list[int] = []
    ended = threading.Event()
    writing = threading.Thread(target=writer, args=(first.url, ended, acknowledged))
    writing.start()
    until(lambda: ask(first.url, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") == 1)
    with psycopg.connect(second.url) as connection:
        connection.execute("INSERT INTO reading VALUES (9999999, NULL)")
    assert acknowledged == []
    killed(first)
    writing.join(60)
    assert acknowledged == []
    with pytest.raises(Problem, match="has taken over"):
        lead(a)


def test_leader_waits_for_a_person_where_the_other_one_is_silent(two, monkeypatch):
    a, b, running = two
    running["second"].stop()
    running["first"].stop()
    with pytest.raises(Problem, match="does not answer, so it may have taken over"):
        lead(a)
    monkeypatch.setenv("FENGSUI_VAR", str(a.var))
    assert command.main(Namespace(verb="alone", other_is_off=True)) == 0
    first = running["first"] = lead(a)
    with psycopg.connect(first.url) as connection:
        connection.execute("INSERT INTO reading VALUES (5000, NULL)")
    # Who was away catches up from the log that was kept for it.
    second = running["second"] = following(b)
    until(lambda: ask(second.url, "SELECT count(*) FROM reading WHERE n = 5000") == 1)
    monkeypatch.setenv("FENGSUI_VAR", str(b.var))
    with pytest.raises(Problem, match="still leads"):
        command.main(Namespace(verb="promote", other_is_off=True))


def test_clients_find_the_one_that_takes_writes(two, django_db_blocker, monkeypatch):
    """One address with both hosts, as FENGSUI_DATABASE_URL of a managed pair has it."""
    a, b, running = two
    password = (pair.folder(a) / "password").read_text()
    login = f"postgresql://{pair.NAME}:{password}@{THERE}:5432,{HERE}:5432/postgres?sslmode=require"
    with psycopg.connect(login) as connection:
        assert connection.info.host == THERE
    with psycopg.connect(f"{login}&target_session_attrs=read-write") as connection:
        assert connection.info.host == HERE
    facts = {"ATOMIC_REQUESTS": False, "AUTOCOMMIT": True, "TIME_ZONE": None, "CONN_MAX_AGE": 0, "TEST": {}}
    facts |= settings._database(f"{login}&target_session_attrs=read-write")
    monkeypatch.setitem(connections.settings, "pair", facts | {"ENGINE": "django.db.backends.postgresql"})
    pages = connections["pair"]
    try:
        with django_db_blocker.unblock():
            assert _served_by(pages) == HERE
        killed(running["first"])
        follow.promote(running["second"], pair.of(b))
        with psycopg.connect(f"{login}&target_session_attrs=read-write") as connection:
            assert connection.info.host == THERE
        with django_db_blocker.unblock():
            assert _served_by(pages) == THERE, "the pool of the pages finds it, too"
    finally:
        pages.close_pool()
        del connections["pair"]


def _served_by(pages: BaseDatabaseWrapper) -> str:
    """One request's connection out of the pool, and back."""
    try:
        with pages.cursor() as cursor:
            cursor.execute("SELECT host(inet_server_addr())")
            return str(cursor.fetchone()[0])
    finally:
        pages.close()


def test_nobody_else_gets_in(two):
    a, _, _ = two
    password = (pair.folder(a) / "password").read_text()
    for words, refused in (
        (
            f"host={HERE} user={pair.NAME} dbname=postgres password=wrong sslmode=require",
            "password authentication failed",
        ),
        (f"host={HERE} user={pair.NAME} dbname=postgres password={password} sslmode=disable", "no pg_hba.conf entry"),
        (f"host={HERE} user={pair.NAME} dbname=fengsui password={password}", "no pg_hba.conf entry"),
        (f"host={HERE} user=fengsui dbname=fengsui password={password}", "no pg_hba.conf entry"),
    ):
        with pytest.raises(psycopg.OperationalError, match=refused):
            psycopg.connect(words, connect_timeout=5)


def test_damaged_invitation_is_refused(two, place):
    a, _, _ = two
    invite.pack(a, pair.of(a), place / "whole")
    body = (place / "whole").read_bytes()
    at = body.index((a.var / "secret_key").read_bytes())
    (place / "spoilt").write_bytes(body[:at] + b"X" + body[at + 1 :])
    with pytest.raises(Problem, match="secret_key"):
        invite.take(new_home(place / "c"), place / "spoilt", datetime.now(UTC))
    assert (place / "whole").stat().st_mode & 0o077 == 0


def test_restore_over_a_leader_waits_for_no_follower(two, place, monkeypatch):
    """The follower has what is undone: it would never confirm a commit of the branch that begins there."""
    a, b, running = two
    monkeypatch.setenv("FENGSUI_VAR", str(a.var))
    monkeypatch.setenv("FENGSUI_BACKUP", str(place / "backup"))
    kept = store.Store(place / "backup")
    take(running["first"], kept)
    with psycopg.connect(running["first"].url) as connection:
        connection.execute("DELETE FROM reading")
    running["first"].stop()
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{a.key}\n"))
    monkeypatch.setattr(offline, "call", lambda *words, **more: 0)  # no platform's tables are in here
    assert backup.restore(Namespace(to="latest", into=None, over=True, timeline=None)) == 0
    assert pair.of(a).both is False
    first = running["first"] = lead(a)
    with psycopg.connect(first.url, autocommit=True) as connection:
        assert connection.execute("SELECT count(*) FROM reading").fetchone()[0] == 2000
        connection.execute("INSERT INTO reading VALUES (7000, NULL)")
    monkeypatch.setenv("FENGSUI_VAR", str(b.var))
    with pytest.raises(Problem, match="This machine follows"):
        backup.restore(Namespace(to="latest", into=None, over=True, timeline=None))
