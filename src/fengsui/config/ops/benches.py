"""`bench --all`: benches one after the other, their figures held against the last kept ones and, if asked, kept.

Each bench's figures are kept as soon as it ends: whoever interrupts a run of an hour has what was measured so far,
and one bench can be measured anew without the others.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from fengsui.config.ops import figures, testing
from fengsui.config.ops.cluster import binaries
from fengsui.config.ops.console import Problem, say
from fengsui.config.ops.home import REPO, Home

QUICK: dict[str, list[str]] = {
    "announce": ["--rows", "600"],
    "api": ["--rounds", "3"],
    "desk": ["--observations", "500000", "--audit", "50000", "--requests", "5"],
    "fanout": ["--messages", "600", "--deliveries", "120"],
    "find": ["--rows", "30000", "--rounds", "5"],
    "flood_peers": ["--with-peers"],
    "ingest": ["--messages", "10000"],
    "inundation": ["--rounds", "2", "--whole"],
    "jobs": ["--jobs", "200"],
    "pages": ["--rounds", "4"],
    "push": ["--notices", "6"],
    "readers": ["--messages", "15000"],
    "roads": ["--generated", "--rounds", "3"],
    "screen": ["--seconds", "60"],
    "series": ["--streams", "1"],
    "sheet": ["--rows", "20000", "--rounds", "3"],
    "tiles": ["--rounds", "3", "--tiles", "2"],
}
"""What a bench does less of in a run of all of them, which takes an hour as it is; or the whole, which it does not do
where it is called by its name."""
APART = frozenset({"light", "overload", "recall", "wall"})
"""Benches that wait for a browser, or for receivers that fail, for many minutes; they run by their name alone."""


def names() -> list[str]:
    return sorted(each.stem for each in (REPO / "bench").glob("[a-z]*.py"))


def run(wanted: Sequence[str], *, write: bool) -> int:
    """What got dearer beside its limit or peer is named; 1 where something did.

    Raises Problem for an unknown name. `wanted`: all where it is empty, but for those that run apart.

    `write`: keep the figures in docs/reference/performance.md, against which the next run is held, each bench's in the
    place of its earlier ones; a bench that gave none keeps what it had.
    """
    before_all, without, found = figures.kept(), [], []
    for unknown in set(wanted) - set(names()):
        raise Problem(f"没有名为 {unknown} 的测量", f"No benchmark {unknown}")
    with testing.throw_away_database(Home.here(), durable=True) as url:
        _migrate(url)
        for name in wanted or [each for each in names() if each not in APART]:
            before, began = os.getloadavg()[0], time.monotonic()
            with tempfile.NamedTemporaryFile("r", suffix=".jsonl") as out, _copy_of(url, name) as own:
                os.environ[figures.ASKED] = out.name
                say(f"测量 {name}", f"Measuring {name}")
                code = testing.bench(name, QUICK.get(name, []), own)
                made = figures.read(out)
            found += made
            took, after = time.monotonic() - began, os.getloadavg()[0]
            today = datetime.now(UTC).date().isoformat()
            if not made:
                without.append(f"{name} (exit code {code})" if code else name)
            elif write:
                how = f"load {before:.1f} before and {after:.1f} after it"
                how += f"; with `{' '.join(QUICK[name])}`" if name in QUICK else ""
                told = {
                    "what": described(name),
                    "conditions": f"{today}, took {took:.0f} s, {how}.",
                }
                figures.save(name, made, told, today, _database(), [each for each in names() if each not in APART])
                page = figures.PAGE.relative_to(REPO)
                say(f"{name} 已写入 {page}", f"{name} written to {page}")
    dearer = figures.worse(before_all, found)
    for line in dearer:
        say(f"变慢：{line}", f"Dearer: {line}")
    for line in without:
        say(f"没有结果：{line}", f"No figures: {line}")
    return 1 if dearer or without else 0


def described(name: str) -> str:
    """What the head of bench/NAME.py says of its sides and of what was tried."""
    return ast.get_docstring(ast.parse((REPO / "bench" / f"{name}.py").read_text("utf-8"))) or ""


def _migrate(url: str) -> None:
    """Once for all: migrating costs as much as a short bench."""
    call = [sys.executable, "-m", "django", "migrate", "--verbosity", "0"]
    subprocess.run(call, env=testing.environment(url), cwd=REPO, check=True)


@contextmanager
def _copy_of(url: str, name: str) -> Iterator[str]:
    """The address of a database of its own with the same content, gone afterwards."""
    parts = urlsplit(url)
    own, template = f"bench_{name}", parts.path.lstrip("/")
    admin = urlunsplit(parts._replace(path="/template1"))
    with psycopg.connect(admin, autocommit=True) as asked:
        text = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(own), sql.Identifier(template))
        asked.execute(text)
    try:
        yield urlunsplit(parts._replace(path=f"/{own}"))
    finally:
        with psycopg.connect(admin, autocommit=True) as asked:
            asked.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(own)))


def _database() -> str:
    newest = next(iter(binaries().values()))
    told = subprocess.run([newest / "postgres", "--version"], capture_output=True, text=True, check=True)
    return told.stdout.strip().replace("postgres (PostgreSQL)", "PostgreSQL")
