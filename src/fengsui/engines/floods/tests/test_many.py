"""Many floods by Dask, real: a cluster of this machine, a scheduler by its address, workers that die."""

import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from fengsui.engines.floods import Here
from fengsui.engines.floods.many import Dask
from fengsui.kernel.ports.ensembles import Unreachable
from fengsui.kernel.ports.floods import Answer, Hollow, Question, Refused, Spot

MIDDLE = (123.342, 41.811)
QUESTION = Question(
    MIDDLE, 400.0, 10.0, 900.0, (0.0, 600.0), (0.03,), drained_m_s=5e-6,
    hollows=(Hollow(MIDDLE, 60.0, 1.2),), spots=(Spot("low", MIDDLE),),
)  # fmt: skip


def yes() -> bool:
    return True


def asked(count):
    return [(n, replace(QUESTION, rain_m=(0.01 * (n + 1),))) for n in range(count)]


def gathered(ensemble, questions, wanted=yes):
    found = {}
    ensemble.run(iter(questions), lambda n, answer: found.update({n: answer}) or True, wanted)
    return found


def free() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.mark.slow  # starts a cluster
def test_every_question_is_answered_as_it_is_alone_and_one_that_cannot_be_says_why():
    narrow = (3, replace(QUESTION, rain_m=(float("nan"),)))
    found = gathered(Dask(), [*asked(3), narrow])
    assert set(found) == {0, 1, 2, 3}
    assert isinstance(found[3], Refused)
    alone = Here().run(asked(3)[1][1], lambda share: True)
    assert found[1].grid == alone.grid
    assert found[1].told == alone.told
    deepest = [found[n].told[0].deepest_m for n in range(3)]
    assert deepest == sorted(deepest)
    assert not multiprocessing.active_children(), "the cluster ends with the run"


@pytest.mark.slow  # starts a cluster
def test_it_stops_when_nobody_wants_more_and_asks_no_further():
    built = []

    def questions():
        for each in asked(40):
            built.append(each[0])
            yield each

    found = {}
    Dask().run(questions(), lambda n, answer: found.update({n: answer}) or len(found) < 2, yes)
    assert len(found) == 2
    assert len(built) <= 6, "questions go out a few ahead of the workers"


@pytest.mark.slow  # starts a scheduler and a worker
def test_a_scheduler_by_its_address_and_a_worker_that_is_killed():
    port = free()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    scheduler = subprocess.Popen(
        [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(port),
         "--dashboard-address", "127.0.0.1:0"],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    address, workers = f"tcp://127.0.0.1:{port}", []

    def worker():
        workers.append(
            subprocess.Popen(
                [sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-nanny",
                 "--no-dashboard", "--death-timeout", "60"],
                env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            )
        )  # fmt: skip

    found = {}

    def told(n, answer):
        if not found:  # the one that has the next question dies over it
            os.killpg(workers[0].pid, signal.SIGKILL)
            worker()
        found[n] = answer
        return True

    try:
        time.sleep(2)
        worker()
        Dask(address).run(iter(asked(3)), told, yes)
    finally:
        for each in (*workers, scheduler):
            each.kill()
            each.wait()
    assert set(found) == {0, 1, 2}
    assert all(isinstance(each, Answer) for each in found.values())


def test_nobody_at_the_address_is_told_as_such(monkeypatch):
    monkeypatch.setattr("fengsui.engines.floods.many.REACH_S", 1)
    with pytest.raises(Unreachable):
        gathered(Dask(f"tcp://127.0.0.1:{free()}"), asked(1))
