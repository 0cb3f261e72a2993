"""Peers of other projects, each in an environment of its own: they are no dependencies of ours, and some are large.

`--with-peers` installs them below var/peers (once) and measures them; without it they are left out, loudly, and so is
one that cannot be installed or does not start. A peer is a program that reads one file of arrays, says `ready`, and
then does its work once for each line it is sent. Whatever else it prints is no answer.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from fengsui.config.ops.home import REPO


@contextmanager
def peer(
    name: str, packages: Sequence[str], program: str, arrays: Mapping[str, Any], *, wanted: bool
) -> Iterator[Any | None]:
    """What does the peer's work once and returns how many units it says are done; None where it is not to be had.

    program: Python that finds its arrays in `given` and defines `work() -> int`; what it makes beforehand is not timed.
    """
    python = _environment(name, packages) if wanted else _left_out(name, "--with-peers installs and measures it")
    if python is None:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "printed.txt").open("w+") as printed:
        file = Path(folder) / "given.npz"
        np.savez(file, **arrays)
        whole = f"{_APART}import numpy as np\ngiven = dict(np.load({str(file)!r}))\n{program}{_LOOP}"
        with subprocess.Popen(
            [python, "-c", whole], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=printed, text=True
        ) as child:
            lines: Any = child.stdout
            if lines.readline().strip() != "ready":
                child.wait()
                printed.seek(0)
                _left_out(name, f"it does not start: {printed.read()[-500:]}")
                yield None
                return

            def work() -> int:
                assert child.stdin
                child.stdin.write("go\n")
                child.stdin.flush()
                return int(lines.readline() or -1)

            yield work
            assert child.stdin
            child.stdin.close()


def _left_out(name: str, why: str) -> None:
    print(f"\n*** {name} LEFT OUT: {why} ***", flush=True)


_APART = """
import os
_told = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # a peer's own talk, also of its C code
"""
_LOOP = """
import sys
print("ready", file=_told, flush=True)
for _ in sys.stdin:
    print(work(), file=_told, flush=True)
"""


def _environment(name: str, packages: Sequence[str]) -> Path | None:
    """Its Python; None, said loudly and with nothing left behind, where a package cannot be installed."""
    home = REPO / "var/peers" / name
    python = home / "bin/python"
    if not python.exists():
        print(f"installing {' '.join(packages)} into {home.relative_to(REPO)}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        told = subprocess.run(
            [str(python), "-m", "pip", "install", "--quiet", *packages], stderr=subprocess.PIPE, text=True, check=False
        )
        if told.returncode:
            shutil.rmtree(home)
            return _left_out(name, f"it cannot be installed: {told.stderr[-500:]}")
    return python
