"""Many simulations, some at once, each in a process of its own: progress, stopping, and what became of each."""

from __future__ import annotations

import multiprocessing.connection
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fengsui.science.drainage.child import Failed, Simulation, proved
from fengsui.science.drainage.engine import Output
from fengsui.science.drainage.project import Project

LISTEN_S = 0.1
"""How long a wish to stop may wait for the next look."""


class Cancelled(Exception):
    """Whoever asked for the runs wants them no more; all children are ended."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one project: an output, or why there is none."""

    output: Output | None = None
    failed: Failed | None = None


def run(
    projects: Sequence[Project],
    *,
    at_once: int | None = None,
    kept: bool = True,
    told: Callable[[int, float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> tuple[Outcome, ...]:
    """Every project to its end, in the order given. One that fails, or whose child is killed, leaves the others alone.

    `at_once`: children at work, as many as there are cores where None. `told`: a project's place and the share of its
    time reached; 1 when it is done. `cancelled`: asked ten times a second; True ends all and raises Cancelled. `kept`
    False: no series, the books and the report alone.
    """
    outcomes = [Outcome()] * len(projects)
    at_work: dict[int, Simulation] = {}
    waiting = iter(enumerate(projects))
    most = max(1, at_once or os.cpu_count() or 1)
    try:
        while True:
            while len(at_work) < most and (following := next(waiting, None)) is not None:
                at_work[following[0]] = Simulation(following[1], kept=kept)
            if not at_work:
                return tuple(outcomes)
            if cancelled is not None and cancelled():
                raise Cancelled
            ready = multiprocessing.connection.wait([each.pipe for each in at_work.values()], LISTEN_S)
            for number, each in list(at_work.items()):
                if each.pipe in ready and (outcome := _heard(number, each, told)) is not None:
                    outcomes[number] = outcome
                    at_work.pop(number).end()
    finally:
        for each in at_work.values():
            each.end()


def _heard(number: int, simulation: Simulation, told: Callable[[int, float], None] | None) -> Outcome | None:
    """What a child's next word means for its outcome: None, it goes on."""
    try:
        said, content = simulation.hear()
        if said == "reached" and told is not None:
            told(number, min(float(content), 1.0))
        if said != "done":
            return None
        outcome = Outcome(output=proved(content))
    except Failed as error:
        return Outcome(failed=error)
    if told is not None:
        told(number, 1.0)
    return outcome


def simulate(project: Project, **how: Callable[[int, float], None] | Callable[[], bool] | None) -> Output:
    """One project. Raises Failed (Lost when its process was killed), Cancelled; `how` as in `run`."""
    (outcome,) = run([project], at_once=1, **how)  # type: ignore[arg-type]  # told and cancelled, as run names them
    if outcome.output is None:
        raise outcome.failed or Failed("no outcome")
    return outcome.output
