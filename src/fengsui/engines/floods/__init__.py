"""Floods behind the port: a process of its own computes each one on a terrain of the district.

A killed asker ends the process too: it reads its standard input until that closes. Compiled loops may use all
processors, and two threads of one Python process may not start them at once; a process each cannot meet that.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from fengsui.engines.floods.written import read_answer
from fengsui.kernel.ports.floods import Answer, Question, Refused, Stopped


class Here:
    """On this machine. `threads`: cores that one may use, all where None; `lower`: how far below others (nice)."""

    def __init__(self, threads: int | None = None, lower: int = 0) -> None:
        self.threads, self.lower = threads, lower

    def run(self, question: Question, told: Callable[[float], bool]) -> Answer:
        with tempfile.TemporaryDirectory(prefix="fengsui-flood-") as name:
            folder = Path(name)
            (folder / "question.json").write_text(json.dumps(asdict(question)))
            with open(folder / "errors", "wb") as errors:
                process = subprocess.Popen(
                    [sys.executable, "-m", "fengsui.engines.floods.child", name, str(self.lower)],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, env=self._environment(),
                )  # fmt: skip
                assert process.stdout is not None
                try:
                    for line in process.stdout:
                        if not told(float(line)):
                            raise Stopped
                    code = process.wait()
                finally:
                    process.kill()
                    process.wait()
            if code:
                raise Refused(why=_last((folder / "errors").read_text(errors="replace")))
            return read_answer(folder)

    def _environment(self) -> dict[str, str]:
        threads = {} if self.threads is None else {"NUMBA_NUM_THREADS": str(self.threads)}
        return {**os.environ, **threads}


def _last(text: str) -> str:
    """What went wrong, as the last line says it."""
    lines = [each for each in text.splitlines() if each.strip()]
    return lines[-1][:300] if lines else "the computing process was killed"
