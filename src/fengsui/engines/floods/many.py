"""Many floods by Dask: a cluster of this machine, or any scheduler by its address (`FENGSUI_DASK`).

Workers elsewhere need this package at the same version. Each flood still is a process of its own (see `Here`): what a
model does to its process stays there, and a worker that is killed ends it. Questions go out a few ahead of the workers,
so that ten thousand scenarios are neither built nor answered into memory at once.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from importlib import import_module
from typing import Any

import structlog

from fengsui.engines.floods import Here
from fengsui.kernel.ports.ensembles import Unreachable
from fengsui.kernel.ports.floods import Answer, Question, Refused

log = structlog.get_logger(__name__)
AHEAD = 2
"""Questions a worker has: the one it computes and the next."""
REACH_S = 10
LOOK_S = 1.0
LOWER = 10
"""Priority of a scenario below all else on its machine (nice): a flood that somebody waits for comes first."""
TRIES = 3
"""A scenario whose worker died is tried so often in all."""


def one(question: Question, cores: int) -> Answer | Refused:
    """On a worker. A refusal is an answer: it would be the same the next time."""
    try:
        return Here(threads=cores, lower=LOWER).run(question, lambda _share: True)
    except Refused as refused:
        return refused


class Dask:
    """`address`: of a scheduler, "" for a cluster of this machine that lives as long as the run."""

    def __init__(self, address: str = "", workers: int | None = None) -> None:
        cores = os.cpu_count() or 1
        self.address = address
        self.workers = workers or max(1, cores - 1)
        """One core is left to the rest of the house."""
        self.cores = 1 if address else max(1, cores // (self.workers + 1))

    def run(
        self, questions: Iterable[tuple[int, Question]], told: Callable[[int, Answer | Refused], bool],
        wanted: Callable[[], bool],
    ) -> None:  # fmt: skip
        dask: Any = import_module("distributed")  # heavy, and only this job needs it
        where: Any = self.address
        if not self.address:
            where = dask.LocalCluster(
                n_workers=self.workers, threads_per_worker=1, processes=True, host="127.0.0.1",
                dashboard_address="127.0.0.1:0", memory_limit=0,
            )  # fmt: skip
        try:
            try:
                client = dask.Client(where, timeout=REACH_S, set_as_default=False)
            except (OSError, TimeoutError, ValueError) as error:
                raise Unreachable(why=str(error) or type(error).__name__) from error
            with client, client.as_current():
                self._all(client, iter(questions), told, wanted)
        finally:
            if not self.address:
                where.close()

    def _all(self, client: Any, waiting: Any, told: Any, wanted: Any) -> None:
        dask: Any = import_module("distributed")
        under_way: dict[Any, int] = {}
        try:
            while True:
                # Workers come and go on a cluster: so many questions as there are places for now.
                room = AHEAD * max(1, sum(client.nthreads().values()))
                while len(under_way) < room and (following := next(waiting, None)) is not None:
                    key, question = following
                    future = client.submit(one, question, self.cores, pure=False, retries=TRIES - 1)
                    under_way[future] = key
                if not under_way:
                    return
                with suppress(TimeoutError):
                    dask.wait(list(under_way), timeout=LOOK_S, return_when="FIRST_COMPLETED")
                for future in [each for each in under_way if each.done()]:
                    if not told(under_way.pop(future), _answer(future)):
                        return
                if not wanted():
                    return
        finally:
            client.cancel(list(under_way), force=True)


def _answer(future: Any) -> Answer | Refused:
    """What came, or why nothing will: a worker that died under it TRIES times, a fault of the program."""
    try:
        answer: Answer | Refused = future.result()
        return answer
    except Exception as error:  # whatever befell one scenario, the others go on
        log.warning("scenario.broke", error=repr(error))
        return Refused(why=f"{type(error).__name__}: {error}"[:300])
