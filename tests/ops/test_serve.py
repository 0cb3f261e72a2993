"""The whole installation in a throw-away folder: first start, second start, kill -9, orderly end."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request

import pytest

from fengsui.config.ops import children
from fengsui.config.ops.home import REPO, Home
from fengsui.config.ops.supervisor import read_status

pytestmark = pytest.mark.slow
GIVEN = ("FENGSUI_DATABASE_URL", "FENGSUI_NATS_URL", "FENGSUI_SMTP_URL", "FENGSUI_HTTP_PORT", "FENGSUI_MQTT_PORT")


def begin(home):
    env = {key: value for key, value in os.environ.items() if key not in GIVEN}
    env |= {"FENGSUI_VAR": str(home.var), "PYTHONPATH": str(REPO / "src"), "FENGSUI_LANG": "en"}
    env.pop("FENGSUI_STARTED_AT", None)
    home.log.mkdir(parents=True, exist_ok=True)
    with open(home.log / "terminal", "ab") as out:
        return subprocess.Popen([sys.executable, "-m", "fengsui.config", "serve"], env=env, stdout=out, stderr=out)


def wait_until_running(home, process, patience_s=240):
    began = time.monotonic()
    while (status := read_status(home)).get("state") != "running" or status["supervisor"] != process.pid:
        assert process.poll() is None, (home.log / "terminal").read_text()
        assert time.monotonic() - began < patience_s, (home.log / "terminal").read_text()
        time.sleep(0.05)
    return status, time.monotonic() - began


def process_ids(status):
    return [service["pid"] for service in status["services"].values()]


def gone(pids, patience_s=10):
    deadline = time.monotonic() + patience_s
    while any(children.executable_of(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not any(children.executable_of(pid) for pid in pids)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("区 一")
    home = Home(folder / "var")
    return home


@pytest.fixture
def start(home):
    begun = []

    def run():
        begun.append(begin(home))
        return begun[-1], *wait_until_running(home, begun[-1])

    yield run
    for process in begun:
        if process.poll() is None:
            process.terminate()
            process.wait(30)


def test_serve_when_started_answers_and_when_stopped_leaves_nothing(start, home):
    process, status, _ = start()
    with urllib.request.urlopen(status["address"] + "/healthz", timeout=30) as answer:
        assert json.load(answer) == {"status": "ok"}
    assert {"database", "broker", "worker", "clocks", "web"} <= set(status["services"])
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    assert gone(process_ids(status), 1)
    assert read_status(home)["state"] == "down"


def test_second_start_prepares_nothing_again(start, home):
    first, _, _ = start()
    first.terminate()
    first.wait(30)
    told = home.log / "prepare.log"
    before = told.stat()
    assert before.st_size, "the very first start migrates and loads, and says so"
    start()
    assert (told.stat().st_size, told.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)


def test_start_at_once_when_the_supervisor_was_killed(start, home):
    process, status, _ = start()
    process.kill()
    process.wait()
    again, fresh, _ = start()
    assert fresh["address"] == status["address"]
    assert gone(process_ids(status))
    with urllib.request.urlopen(fresh["address"] + "/healthz", timeout=30) as answer:
        assert answer.status == 200
    again.terminate()
    assert again.wait(30) == 0


@pytest.mark.parametrize("name", ["database", "broker", "worker", "clocks", "web"])
def test_service_when_killed_is_back_and_the_web_answers(start, home, name):
    _, status, _ = start()
    os.kill(status["services"][name]["pid"], signal.SIGKILL)
    deadline = time.monotonic() + 90
    while True:
        now = read_status(home)["services"][name]
        if now["restarts"] >= 1 and now["state"] == "up":
            break
        assert time.monotonic() < deadline
        time.sleep(0.05)
    while True:
        try:
            with urllib.request.urlopen(status["address"] + "/healthz", timeout=30) as answer:
                assert answer.status == 200
                break
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
