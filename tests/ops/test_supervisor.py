"""The supervisor with real child processes: restarts, orderly ends, and nothing left after kill -9."""

import json
import os
import resource
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from fengsui.config.ops import supervisor as module
from fengsui.config.ops.home import REPO, Home
from fengsui.config.ops.supervisor import HEALTH_MISSES, Lock, Service, Supervisor, read_status

pytestmark = pytest.mark.slow

SCRIPT = """
import subprocess, sys
from pathlib import Path
sys.path.insert(0, {src!r})
from fengsui.config.ops import children
from fengsui.config.ops.console import Problem
from fengsui.config.ops.home import Home
from fengsui.config.ops.supervisor import Service, Stopping, Supervisor

home = Home(Path({var!r}))
def sleeper(log):
    return children.spawn(["sleep", "600"], output=log)
try:
    with Supervisor(home) as supervisor:
        supervisor.start(Service("one", sleeper))
        supervisor.start(Service("two", sleeper))
        {body}
        sys.exit(supervisor.watch({task}))
except Stopping:
    sys.exit(130)
except Problem as problem:
    print(problem)
    sys.exit(1)
"""


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path / "var")
    for each in (home.run, home.log):
        each.mkdir(parents=True)
    return home


@pytest.fixture
def begin(home):
    started = []

    def start(body="pass", task="None"):
        code = textwrap.dedent(SCRIPT).format(src=str(REPO / "src"), var=str(home.var), body=body, task=task)
        process = subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def until(condition, patience_s=10.0):
    deadline = time.monotonic() + patience_s
    while not (value := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
    return value


def running(home):
    status = read_status(home)
    return status if status.get("state") == "running" else None


def alive(pid):
    try:
        return "Z" not in open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[0]
    except OSError:
        return False


def pids(home):
    return {name: each["pid"] for name, each in json.loads((home.run / "status.json").read_text())["services"].items()}


def test_killed_child_is_started_again_and_others_are_left_alone(begin, home):
    begin()
    until(lambda: running(home))
    before = pids(home)
    os.kill(before["one"], signal.SIGKILL)
    until(lambda: pids(home)["one"] != before["one"])
    until(lambda: running(home)["services"]["one"]["state"] == "up")
    assert running(home)["services"]["one"]["restarts"] == 1
    assert pids(home)["two"] == before["two"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_all_children_end_when_told_to_stop(begin, home, number):
    process = begin()
    until(lambda: running(home))
    children = pids(home).values()
    bystander = subprocess.Popen(["sleep", "60"])
    process.send_signal(number)
    assert process.wait(60) == 0
    assert not any(alive(pid) for pid in children)
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()
    assert read_status(home)["state"] == "down"


def test_nothing_is_left_when_the_supervisor_is_killed(begin, home):
    process = begin()
    until(lambda: running(home))
    children = list(pids(home).values())
    process.kill()
    process.wait()
    until(lambda: not any(alive(pid) for pid in children))
    assert read_status(home)["state"] == "down"
    begin()
    assert until(lambda: running(home))["supervisor"] != process.pid


def test_second_supervisor_of_the_same_folder_is_refused(begin, home):
    first = begin()
    until(lambda: running(home))
    second = begin()
    out, _ = second.communicate(timeout=60)
    assert second.returncode == 1
    assert str(first.pid) in out
    assert first.poll() is None


def test_watch_when_its_task_ends_gives_its_exit_code(begin, home):
    body = 'task = supervisor.begin_task(["sh", "-c", "sleep 0.3; exit 7"], {})'
    process = begin(body.replace("{}", "{{}}").replace("{{}}", "{}"), "task")
    assert process.wait(60) == 7


def test_stop_when_it_comes_during_a_long_step_is_obeyed_at_once(begin, home):
    process = begin('supervisor.run(["sleep", "600"], {})')
    until(lambda: (home.run / "status.json").exists() and "two" in pids(home))
    time.sleep(0.3)
    began = time.monotonic()
    process.terminate()
    assert process.wait(60) == 130
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_front_end_build_is_ended_with_all_it_started(begin, home, tmp_path, number):
    """npm is a script that starts Node: the grandchildren have to go as well."""
    (tmp_path / "package-lock.json").write_text("{}")
    tools = tmp_path / "bin"
    tools.mkdir()
    told = tmp_path / "grandchild"
    (tools / "npm").write_text(f"#!/bin/sh\nsleep 600 & echo $! >{told}; wait\n")
    (tools / "npm").chmod(0o755)
    build = (
        "import os; from fengsui.config.ops import frontend; "
        f"frontend.BIN = Path({str(tools)!r}); "
        f'supervisor.begin_task(frontend.command(), dict(os.environ), "frontend", {str(tmp_path)!r}, "TERM")'
    )
    process = begin(build)
    until(lambda: told.exists() and told.read_text().strip())
    process.send_signal(number)
    process.wait(60)
    until(lambda: not alive(int(told.read_text())), 5)


def test_supervisor_goes_on_when_the_disk_is_full_and_tells_once_there_is_room(begin, home):
    process = begin()
    until(lambda: read_status(home).get("state") == "running")
    before, limit = pids(home), resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (0, limit[1]))  # no file can grow, as on a full disk
    os.kill(before["one"], signal.SIGKILL)
    until(lambda: before["one"] not in (now := children_of(process.pid)) and len(now) == 2)
    assert pids(home) == before  # what could not be written
    assert process.poll() is None
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, limit)
    until(lambda: set(pids(home).values()) == set(children_of(process.pid)))


def children_of(pid):
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_lock_when_held_is_not_taken_twice(tmp_path):
    first, second = Lock(tmp_path / "lock"), Lock(tmp_path / "lock")
    assert first.take()
    assert not second.take()


def test_a_slow_start_is_waited_for_and_what_answered_once_is_killed_when_it_no_longer_does(home, monkeypatch):
    monkeypatch.setattr(module, "HEALTH_EVERY_S", 0.0)
    answers = [False]
    process = subprocess.Popen(["sleep", "600"])
    service = Service("web", lambda log: process, healthy=lambda: answers[0], process=process, state="up")
    service.since = time.monotonic()
    watching = Supervisor(home)
    watching.services.append(service)
    try:
        for _ in range(5 * HEALTH_MISSES):
            watching._check_health()
        assert process.poll() is None
        answers[0] = True
        watching._check_health()
        answers[0] = False
        for _ in range(HEALTH_MISSES):
            watching._check_health()
        assert process.wait(60) == -signal.SIGKILL
    finally:
        process.kill()
        process.wait()


def test_what_never_answered_is_killed_in_the_end(home, monkeypatch):
    monkeypatch.setattr(module, "HEALTH_EVERY_S", 0.0)
    monkeypatch.setattr(module, "FIRST_ANSWER_S", 0.0)
    process = subprocess.Popen(["sleep", "600"])
    service = Service("web", lambda log: process, healthy=lambda: False, process=process, state="up")
    watching = Supervisor(home)
    watching.services.append(service)
    try:
        for _ in range(HEALTH_MISSES):
            watching._check_health()
        assert process.wait(60) == -signal.SIGKILL
    finally:
        process.kill()
        process.wait()
