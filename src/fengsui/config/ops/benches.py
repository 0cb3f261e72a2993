"""`bench --all`: every bench one after the other, their figures kept and held against the last kept ones."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime

from fengsui.config.ops import figures, testing
from fengsui.config.ops.cluster import binaries
from fengsui.config.ops.console import say
from fengsui.config.ops.home import REPO


def names() -> list[str]:
    return sorted(each.stem for each in (REPO / "bench").glob("[a-z]*.py"))


def run(wanted: Sequence[str], *, write: bool) -> int:
    """What got dearer beside its limit or peer is named; 1 where something did. Raises Problem for an unknown name.

    `write`: keep the figures as docs/reference/performance.md, against which the next run is held.
    """
    load, without, found = os.getloadavg()[0], [], []
    for name in wanted or names():
        with tempfile.NamedTemporaryFile("r", suffix=".jsonl") as out:
            os.environ[figures.ASKED] = out.name
            say(f"测量 {name}", f"Measuring {name}")
            code = testing.bench(name, [])
            made = figures.read(out)
        found += made
        if not made:
            without.append(f"{name} (exit code {code})" if code else name)
    dearer = figures.worse(figures.kept(), found)
    for line in dearer:
        say(f"变慢：{line}", f"Dearer: {line}")
    if write:
        figures.save(found, without, datetime.now(UTC).date().isoformat(), load, _database())
        say(f"已写入 {figures.PAGE.relative_to(REPO)}", f"Written to {figures.PAGE.relative_to(REPO)}")
    return 1 if dearer else 0


def _database() -> str:
    newest = next(iter(binaries().values()))
    told = subprocess.run([newest / "postgres", "--version"], capture_output=True, text=True, check=True)
    return told.stdout.strip().replace("postgres (PostgreSQL)", "PostgreSQL")
