"""A real private cluster: made, stopped, killed, started again at once."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import psycopg
import pytest

from fengsui.config.ops import children, cluster
from fengsui.config.ops.cluster import Cluster
from fengsui.config.ops.console import Problem
from fengsui.config.ops.home import REPO, Home

pytestmark = pytest.mark.slow


@pytest.fixture
def home(tmp_path_factory):
    """A run-time folder with a blank and Chinese characters that the service user may enter."""
    folder = tmp_path_factory.mktemp("烽 燧")
    for parent in (folder, *folder.parents[:3]):
        if os.stat(parent).st_uid == os.geteuid() and str(parent) != "/tmp":
            parent.chmod(0o755)
    home = Home(folder / "var")
    for each in (home.run, home.log):
        each.mkdir(parents=True)
    return home


@pytest.fixture
def running(home):
    mine = Cluster(home, durable=False)
    mine.start()
    yield mine
    mine.stop()


def ask(url, query):
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchone()[0]


def test_start_when_the_folder_is_new(running):
    assert ask(running.url, "SELECT extname FROM pg_extension WHERE extname = 'postgis'") == "postgis"
    assert ask(running.url, "SHOW listen_addresses") == ""
    assert ask(running.url, "SHOW server_encoding") == "UTF8"
    assert ask(running.url, "SELECT current_user") == "fengsui"


def test_start_when_an_earlier_first_start_was_killed_in_initdb(home, monkeypatch):
    """What initdb leaves behind when it is killed half-way: PG_VERSION and little else."""
    launch = children.launcher

    def short(death_signal, user=""):
        return ["timeout", "-s", "KILL", "0.05", *launch(death_signal, user)]

    mine = Cluster(home, durable=False)
    with monkeypatch.context() as patch:
        patch.setattr(children, "launcher", short)
        with pytest.raises(Problem):
            mine.start()
    try:
        mine.start()
        assert ask(mine.url, "SELECT 1") == 1
    finally:
        mine.stop()


def test_server_never_runs_as_root(running):
    assert os.stat(f"/proc/{running.process.pid}").st_uid != 0


def test_start_when_durable_keeps_what_was_committed(home):
    chosen = cluster.settings(durable=True, sockets=home.run)
    assert (chosen["fsync"], chosen["synchronous_commit"], chosen["full_page_writes"]) == ("on", "on", "on")


def test_start_at_once_when_the_server_was_killed(running):
    with psycopg.connect(running.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (n int)")
        connection.execute("INSERT INTO kept VALUES (7)")
        connection.execute("CHECKPOINT")
    os.kill(running.process.pid, signal.SIGKILL)
    running.start()
    assert ask(running.url, "SELECT n FROM kept") == 7


def test_start_when_a_stale_pid_names_an_unrelated_process_of_the_same_user(running):
    running.process.send_signal(signal.SIGKILL)
    running.process.wait()
    launch = cluster.children.launcher("KILL", running.user)
    other = subprocess.Popen([*launch, "sleep", "60"], cwd="/")
    try:
        deadline = time.monotonic() + 60
        while cluster.children.working_in(running.data) and time.monotonic() < deadline:
            time.sleep(0.05)
        pid_file = running.data / "postmaster.pid"
        lines = pid_file.read_text().splitlines()
        pid_file.write_text("\n".join([str(other.pid), *lines[1:]]) + "\n")
        running.start()
        assert ask(running.url, "SELECT 1") == 1
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_mending_when_the_server_of_this_directory_runs_keeps_its_pid_file(running):
    running._mend_stale_pid()
    assert (running.data / "postmaster.pid").exists()


def test_server_stops_when_its_parent_is_killed(home):
    script = f"""
        import sys, time
        sys.path.insert(0, {str(REPO / "src")!r})
        from pathlib import Path
        from fengsui.config.ops.cluster import Cluster
        from fengsui.config.ops.home import Home
        print(Cluster(Home(Path({str(home.var)!r})), durable=False).start().pid, flush=True)
        time.sleep(60)
    """
    parent = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, text=True)
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    again = Cluster(home, durable=False)
    again.start()
    try:
        assert not cluster.children.executable_of(pid)
        assert ask(again.url, "SELECT 1") == 1
    finally:
        again.stop()


def test_two_clusters_side_by_side_share_nothing(running, tmp_path_factory):
    other_home = Home(running.home.var.parent / "other")
    for each in (other_home.run, other_home.log):
        each.mkdir(parents=True)
    other = Cluster(other_home, durable=False)
    other.start()
    try:
        assert other.sockets != running.sockets
        assert ask(other.url, "SHOW data_directory") != ask(running.url, "SHOW data_directory")
    finally:
        other.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can shut the service user out")
def test_running_server_is_found_by_who_has_another_runtime_folder(running, monkeypatch, tmp_path):
    """A command typed in a shell asks the database of the service, whose socket lies in the service's own folder."""
    monkeypatch.setattr(cluster, "socket_home", lambda key: tmp_path / key)
    assert ask(Cluster(running.home).url, "SHOW data_directory") == str(running.data)
    running.stop()
    assert Cluster(running.home).sockets == tmp_path / running.key


def test_data_lies_elsewhere_when_the_service_user_cannot_enter(home):
    home.var.chmod(0o700)
    assert str(Cluster(home).data).startswith("/var/lib/fengsui/")


def test_socket_path_is_short_when_the_clone_is_deep(tmp_path):
    deep = Home(tmp_path / ("深" * 60) / "var")
    assert len(os.fsencode(cluster.socket_home(deep.key) / ".s.PGSQL.5432")) < 107


def test_plain_url_when_it_has_a_password():
    assert cluster.plain_url("postgresql://me:se:cret@db:5432/x") == "postgresql://me:***@db:5432/x"
