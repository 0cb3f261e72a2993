"""Peers of other projects, each in an environment of its own: they are no dependencies of ours, and some are large.

`--with-peers` installs them below var/peers (once) and measures them; without it they are left out, loudly. A peer is
a program that reads one file of arrays, says `ready`, and then does its work once for each line it is sent.
"""

from __future__ import annotations

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
    """What does the peer's work once and returns how many units it says are done; None where it is not wanted.

    program: Python that finds its arrays in `given` and defines `work() -> int`; what it makes beforehand is not timed.
    """
    if not wanted:
        print(f"\n*** {name} LEFT OUT: --with-peers installs and measures it ***", flush=True)
        yield None
        return
    python = _environment(name, packages)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "given.npz"
        np.savez(file, **arrays)
        whole = f"import numpy as np\ngiven = dict(np.load({str(file)!r}))\n{program}{_LOOP}"
        with subprocess.Popen([python, "-c", whole], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
            lines: Any = child.stdout
            if lines.readline().strip() != "ready":
                raise SystemExit(f"{name} does not start")

            def work() -> int:
                assert child.stdin
                child.stdin.write("go\n")
                child.stdin.flush()
                return int(lines.readline() or -1)

            yield work
            assert child.stdin
            child.stdin.close()


_LOOP = """
import sys
print("ready", flush=True)
for _ in sys.stdin:
    print(work(), flush=True)
"""


def _environment(name: str, packages: Sequence[str]) -> Path:
    home = REPO / "var/peers" / name
    python = home / "bin/python"
    if not python.exists():
        print(f"installing {' '.join(packages)} into {home.relative_to(REPO)}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *packages], check=True)
    return python
