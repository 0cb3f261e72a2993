"""Backup and restore with real clusters: the second one holds what the first one held, to the transaction."""

import gzip
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from fengsui.config.backup import files, restore, store, wal
from fengsui.config.backup.take import take
from fengsui.config.ops import cluster, doctor, doctor_inside
from fengsui.config.ops.cluster import Cluster
from fengsui.config.ops.console import Problem
from fengsui.config.ops.home import REPO, Home
from tests.ops.test_cluster import ask

pytestmark = pytest.mark.slow


def new_home(folder: Path) -> Home:
    home = Home(folder)
    for each in (home.run, home.log):
        each.mkdir(parents=True)
    return home


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("备 份")
    for parent in (folder, *folder.parents[:3]):
        if os.stat(parent).st_uid == os.geteuid() and str(parent) != "/tmp":
            parent.chmod(0o755)
    return folder


def say(first: Cluster, *statements: str) -> datetime:
    """Commit them; returns the database's time after it."""
    with psycopg.connect(first.url, autocommit=True) as connection:
        for each in statements:
            connection.execute(each)
        return connection.execute("SELECT clock_timestamp()").fetchone()[0]


def archived_all(first: Cluster) -> None:
    """Finish the segment and wait until the archive has it."""
    with psycopg.connect(first.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS tick (n int); INSERT INTO tick VALUES (1)")
        name = connection.execute("SELECT pg_walfile_name(pg_current_wal_lsn())").fetchone()[0]
        connection.execute("SELECT pg_switch_wal()")
    deadline = time.monotonic() + 60
    while not (first.archive / f"{name}.gz").exists():
        assert time.monotonic() < deadline, (first.home.log / "database.log").read_text()[-2000:]
        time.sleep(0.05)


@pytest.fixture(scope="module")
def story(place):
    """A cluster with rows, its backup, more rows before and after a moment, and all of the log archived."""
    home = new_home(place / "var")
    home.secret("secret_key")
    kept = store.Store(home.var / "backup")
    first = Cluster(home, durable=False, archive=kept.wal)
    first.start()
    say(
        first,
        "CREATE TABLE point (id int PRIMARY KEY, name text, at geometry(Point, 4326))",
        "INSERT INTO point SELECT n, '点' || n, ST_SetSRID(ST_MakePoint(n / 100.0, 41.8), 4326) "
        "FROM generate_series(1, 5000) n",
        "CREATE TABLE deed (n int)",
        "INSERT INTO deed VALUES (1)",
    )
    backup = take(first, kept)
    say(first, "INSERT INTO deed VALUES (2)", "UPDATE point SET name = name || '改' WHERE id % 7 = 0")
    moment = say(first, "INSERT INTO deed VALUES (3)")
    say(first, "INSERT INTO deed VALUES (4)", "DELETE FROM point WHERE id > 100")
    archived_all(first)
    yield first, kept, backup, moment
    first.stop()


def sums(url: str) -> dict[str, str]:
    """Table -> checksum over all its rows in the order of their text."""
    found = {}
    with psycopg.connect(url) as connection:
        names = connection.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname NOT IN "
            "('pg_catalog', 'information_schema') ORDER BY 1"
        ).fetchall()
        for (name,) in names:
            rows = connection.execute(f"SELECT t::text FROM {name} t ORDER BY 1").fetchall()
            found[name] = hashlib.sha256("\n".join(text for (text,) in rows).encode()).hexdigest()
    return found


@pytest.fixture
def second(place):
    """A cluster without data, removed afterwards."""
    target = Cluster(new_home(place / "second"), durable=False)
    yield target
    target.stop()
    shutil.rmtree(place / "second")


def copy_of(kept: store.Store, to: Path) -> store.Store:
    """To be damaged; with the owner of the archive, whom the restoring server reads it as."""
    shutil.copytree(kept.folder, to, ignore=shutil.ignore_patterns("*.part"))  # one that is being archived may go
    owner = kept.wal.stat()
    for each in ((to / "wal"), *(to / "wal").iterdir()):
        os.chown(each, owner.st_uid, owner.st_gid)
    return store.Store(to)


def test_second_cluster_equals_the_first_when_restored_to_the_latest(story, second):
    first, kept, backup, _ = story
    made, fault = restore.restore(kept, restore.Wanted(None), second)
    assert (made, fault) == (backup, "")
    ours = sums(first.url)
    assert sums(second.url) == ours
    assert len(ours) > 3  # PostGIS's own tables too
    assert ask(second.url, "SHOW archive_mode") == "off"  # it must not write into the archive of the first
    second.stop()
    second.start()
    assert sums(second.url) == ours


def test_moment_is_honoured_to_the_transaction(story, second):
    _, kept, _, moment = story
    restore.restore(kept, restore.Wanted(moment), second)
    assert ask(second.url, "SELECT string_agg(n::text, ' ' ORDER BY n) FROM deed") == "1 2 3"
    assert ask(second.url, "SELECT count(*) FROM point") == 5000


def test_moments_that_cannot_be_reached_are_told(story, second):
    _, kept, backup, _ = story
    with pytest.raises(Problem, match="earliest moment"):
        restore.restore(kept, restore.Wanted(backup.finished_at - timedelta(seconds=1)), second)
    with pytest.raises(Problem, match="before configured recovery target was reached"):
        restore.restore(kept, restore.Wanted(datetime.now(UTC) + timedelta(days=1)), second)
    assert not second.data.exists()


def test_flipped_byte_of_a_backup_is_named(story, second, place):
    _, kept, backup, _ = story
    damaged = copy_of(kept, place / "flipped")
    victim = max((damaged.base / backup.name / "base/base").rglob("[0-9]*"), key=lambda path: path.stat().st_size)
    body = bytearray(victim.read_bytes())
    body[len(body) // 2] ^= 1
    victim.write_bytes(body)
    with pytest.raises(Problem, match=str(victim.relative_to(damaged.base / backup.name / "base"))):
        restore.restore(damaged, restore.Wanted(None), second)
    assert not second.data.exists()
    shutil.rmtree(damaged.folder)


@pytest.mark.parametrize("what", ["missing", "broken"])
def test_fault_in_the_archived_log_is_named(story, second, place, what):
    first, kept, backup, _ = story
    archived_all(first)
    archived_all(first)
    damaged = copy_of(kept, place / what)
    at = sorted(wal.archived(damaged.wal))[-2]
    (victim,) = wal.archived(damaged.wal)[at]
    if what == "missing":
        victim.unlink()
        assert wal.gap(damaged.wal, backup.timeline, wal.position(backup.end_lsn)) == victim.name[:24]
    else:
        body = bytearray(victim.read_bytes())
        body[100:164] = bytes(each ^ 0xFF for each in body[100:164])  # one bit among packed zeros may mean the same
        victim.write_bytes(body)
    with pytest.raises(Problem, match=victim.name[:24]):
        restore.restore(damaged, restore.Wanted(None), second)
    shutil.rmtree(damaged.folder)


def test_archive_never_overwrites_and_takes_the_same_again(story, place):
    first, kept, _, _ = story
    at, (path,) = sorted(wal.archived(kept.wal).items())[0]
    segment = place / "segment"
    segment.write_bytes(gzip.decompress(path.read_bytes()))
    script = [*cluster.children.launcher("KILL"), "sh", str(first.data / "fengsui-archive.sh")]
    assert wal.place(path.name) == at
    assert subprocess.run([*script, str(segment), path.name[:24]], check=False).returncode == 0
    before = path.read_bytes()
    segment.write_bytes(bytes(wal.SEGMENT))
    assert subprocess.run([*script, str(segment), path.name[:24]], check=False).returncode != 0
    assert path.read_bytes() == before


def test_earlier_backup_stays_usable_when_one_is_killed(story, second):
    first, kept, backup, _ = story
    script = f"""
        import sys
        sys.path.insert(0, {str(REPO / "src")!r})
        from pathlib import Path
        from fengsui.config.backup.store import Store
        from fengsui.config.backup.take import take
        from fengsui.config.ops.cluster import Cluster
        from fengsui.config.ops.home import Home
        take(Cluster(Home(Path({str(first.home.var)!r}))), Store(Path({str(kept.folder)!r})))
    """
    taking = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)])
    deadline = time.monotonic() + 60
    while not list(kept.base.glob("*.part/base/base/*")):  # in the middle of copying
        assert time.monotonic() < deadline
        assert taking.poll() is None
        time.sleep(0.005)
    taking.send_signal(signal.SIGKILL)
    taking.wait()
    assert list(kept.base.glob("*.part"))
    assert kept.backups() == [backup]
    restore.restore(kept, restore.Wanted(None), second)
    assert sums(second.url) == sums(first.url)
    time.sleep(1.1 - time.time() % 1)  # names are of whole seconds
    again = take(first, kept)
    assert not list(kept.base.glob("*.part"))
    assert kept.backups() == [backup, again]
    assert kept.tidy(1) == [backup.name]
    assert kept.backups() == [again]
    assert min(wal.archived(kept.wal), default=10**9) >= wal.position(again.start_lsn)
    shutil.rmtree(second.data)
    second.stop()
    archived_all(first)
    restore.restore(kept, restore.Wanted(None), second)
    assert sums(second.url) == sums(first.url)


def test_doctor_names_a_stale_backup_and_an_archive_that_fails(story, monkeypatch):
    first, kept, _, _ = story
    for name in ("FENGSUI_DATABASE_URL", "FENGSUI_BACKUP_HOURS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FENGSUI_VAR", str(first.home.var))
    monkeypatch.setenv("FENGSUI_BACKUP", str(kept.folder))
    monkeypatch.setenv("FENGSUI_LANG", "en")
    monkeypatch.setattr(doctor, "read_status", lambda home: {"state": "running"})

    def bad():
        return {each.name for each in doctor.backups() if each.verdict == "bad"}

    assert bad() == set()
    last = kept.backups()[-1]
    path = kept.base / last.name / store.FACTS
    text = path.read_text()
    path.write_text(text.replace(str(last.finished_at), str(last.finished_at - timedelta(hours=37))))
    assert bad() == {"Backup"}
    path.write_text(text)
    kept.wal.chmod(0)  # who is not the superuser cannot write there
    try:
        say(first, "INSERT INTO tick VALUES (2)", "SELECT pg_switch_wal()")
        deadline = time.monotonic() + 60
        while not cluster.archive_fault(first.url):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert bad() >= {"Archiving"}
    finally:
        kept.wal.chmod(0o700)


def test_doctor_names_autovacuum_that_is_off_and_a_database_in_recovery(story, second, monkeypatch):
    first, kept, _, _ = story
    monkeypatch.setenv("FENGSUI_LANG", "en")

    def named(url):
        with psycopg.connect(url, autocommit=True) as connection:
            return [each.name for each in doctor_inside.server(lambda query: connection.execute(query).fetchall())]

    assert named(first.url) == []
    say(first, "ALTER SYSTEM SET autovacuum = off", "SELECT pg_reload_conf()")
    deadline = time.monotonic() + 30
    while named(first.url) != ["Autovacuum"]:
        assert time.monotonic() < deadline
    say(first, "ALTER SYSTEM RESET autovacuum", "SELECT pg_reload_conf()")
    restore._place(kept.base / kept.backups()[-1].name / "base", second)
    second._write("standby.signal", "")
    second.start()
    assert named(second.url) == ["Database in recovery"]


def test_files_are_checked_and_put_back_over_nothing(place):
    var, to, other = place / "files-var", place / "files-copy", place / "files-other"
    var.mkdir()
    other.mkdir()
    (var / "secret_key").write_text("one")
    (var / "webhook_secret").write_text("two")
    (other / "secret_key").write_text("its own")
    files.copy(var, to)
    assert files.put_back(to, other) == ["webhook_secret"]
    assert (other / "secret_key").read_text() == "its own"
    assert (other / "webhook_secret").stat().st_mode & 0o077 == 0
    (to / "secret_key").write_text("won")
    assert files.broken(to) == ["secret_key"]
