"""A simulation in a child process: SWMM's state is global, so one process holds one simulation, and dies with it.

The parent makes the folder in which the child works and removes it, also when the child was killed. The child ends
when its parent does: its pipe breaks.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.connection
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fengsui.kernel.errors import Invalid
from fengsui.science.drainage.engine import Engine, Facts, Output, State, Values
from fengsui.science.drainage.project import RPT, Project

GONE_S = 5.0
"""How long an ended child may take to be gone before it is killed."""
WORST_PERCENT = 5.0
"""Continuity error of a run that is thrown away [V: design notes; SWMM's own manual doubts above 10 %]."""


class Failed(Invalid):
    """The engine refused the project, or its books do not close."""

    def __init__(self, why: str) -> None:
        super().__init__("science.case.refused", field="project", why=why)

    def __str__(self) -> str:
        return str(self.facts["why"])


class Lost(Failed):
    """The process of the engine ended without a result: killed, out of memory, or crashed."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Nodes that exchange, the ground above each, and the surface that water above it has (`Engine.take`). `mouths`:
    outfalls on the grid, `beyond`: the nodes at the other ends of their pipes."""

    nodes: tuple[str, ...]
    crest_m: Values
    pond_m2: Values
    others: bool
    mouths: tuple[str, ...] = ()
    beyond: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Order:
    """What a child is to do. `taken` None: the project alone, to its end; else stepwise, with these nodes."""

    folder: str
    taken: Taken | None = None
    kept: bool = True


def serve(pipe: multiprocessing.connection.Connection, order: Order) -> None:
    """The child: answers on `pipe` until its work is done."""
    try:
        engine = Engine(Path(order.folder))
        facts = engine.open()
        pipe.send(("opened", facts))
        if (taken := order.taken) is not None:
            if pipe.recv() is None:
                return  # what it is does not suit whoever asked
            places, mouths, beyond = (
                np.array([facts.node_ids.index(each) for each in nodes], np.intp)
                for nodes in (taken.nodes, taken.mouths, taken.beyond)
            )
            engine.take(places, taken.crest_m, taken.pond_m2, others=taken.others)
            engine.give(mouths, beyond)
        engine.start()
        if taken is None:
            whole = facts.duration_s / 86_400
            engine.run(lambda day: pipe.send(("reached", day / whole)))
        else:
            pipe.send(("state", engine.state()))
            while (asked := pipe.recv()) is not None:
                pipe.send(("state", engine.stride(*asked)))
        pipe.send(("done", engine.finish(kept=order.kept)))
    except (BrokenPipeError, EOFError):
        return  # nobody waits any more
    except Exception as error:  # SWMM raises nothing more exact
        with contextlib.suppress(OSError):
            pipe.send(("failed", f"{error}".strip() + _reported(Path(order.folder))))


def _reported(folder: Path) -> str:
    """The lines of the report that say what is wrong; closing writes them out."""
    with contextlib.suppress(Exception):  # what is not open cannot be closed
        Engine.close()
    with contextlib.suppress(OSError):
        lines = (folder / RPT).read_text("utf-8", errors="replace").splitlines()
        at = [n for n, line in enumerate(lines) if line.strip().startswith("ERROR")]
        return "".join(f"; {' '.join(' '.join(lines[n : n + 2]).split())}" for n in at[:8])
    return ""


class Simulation:
    """A child at work. Use as a context: leaving it ends the child and removes its folder."""

    def __init__(self, project: Project, taken: Taken | None = None, *, kept: bool = True) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="fengsui-swmm-"))  # 0700: nobody else reads it
        try:
            project.lay(self.folder)
            context = multiprocessing.get_context("spawn")
            self.pipe, theirs = context.Pipe()
            order = Order(str(self.folder), taken, kept)
            self.process = context.Process(target=serve, args=(theirs, order), daemon=True, name="swmm")
            self.process.start()
            theirs.close()  # or the death of the child would not be seen
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    def __enter__(self) -> Simulation:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """End the child, whatever it does, and remove its folder."""
        self.pipe.close()
        if self.process.is_alive():
            self.process.terminate()
        self.process.join(GONE_S)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        shutil.rmtree(self.folder, ignore_errors=True)

    def hear(self) -> tuple[str, Any]:
        """The next thing the child says. Raises Failed with its words, Lost when it died."""
        try:
            said, content = self.pipe.recv()
        except (EOFError, ConnectionResetError) as error:
            self.process.join(GONE_S)
            code = self.process.exitcode
            raise Lost(f"the drainage engine's process ended without a result (exit code {code})") from error
        if said == "failed":
            raise Failed(content)
        return said, content

    def opened(self) -> Facts:
        """What the project is. A stepwise one waits for `go`."""
        said, facts = self.hear()
        assert said == "opened"
        return facts

    def go(self) -> None:
        self.pipe.send(True)

    def stride(self, seconds: int, flows: Values, stages_m: Values) -> None:
        """Set out; `state` waits for the answer. What lies between runs beside the child."""
        try:
            self.pipe.send((seconds, flows, stages_m))
        except BrokenPipeError:
            self.hear()  # says why
            raise

    def state(self) -> State:
        said, state = self.hear()
        assert said == "state"
        return state

    def finish(self) -> Output:
        self.pipe.send(None)
        said, output = self.hear()
        assert said == "done"
        return output


def proved(output: Output, back_m3: float = 0.0) -> Output:
    """The output, or Failed where SWMM's books of runoff, flow or quality do not close.

    `back_m3`: water that came up again into the streets. SWMM takes it off what came in, of which the error is a share.
    """
    runoff, routing, quality = output.error_percent
    if back_m3 > 0:
        routing = -100 * output.totals.missing() / (output.totals.came() + back_m3)
    for what, percent in (("runoff", runoff), ("routing", routing), ("quality", quality)):
        if not abs(percent) <= WORST_PERCENT:
            raise Failed(f"continuity error of {what} {percent:.2f} %, more than {WORST_PERCENT:g} %: no result")
    return output
