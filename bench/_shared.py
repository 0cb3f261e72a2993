"""What benches have in common: sides in turns, what each cost, the cost beside a goal, how it grows with the data."""

from __future__ import annotations

import math
import os
import statistics
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fengsui.config.ops.figures import note

TICKS = os.sysconf("SC_CLK_TCK")
Work = Callable[[], int]
"""Does it once and returns how many units are proved done afterwards."""


@dataclass(frozen=True)
class Goal:
    """Ours may take at most `times` as long as `other`; `words` as the table of goals has it."""

    words: str
    other: str
    times: float


def ready(*, district: bool = False) -> None:
    """Django on a migrated database, with the shipped district where asked."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fengsui.config.settings")
    sys.path.insert(0, str(Path(__file__).parents[1]))
    import django
    from django.conf import settings
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # accounts of a test, made at once
    if district:
        from tests.contracts.story import load_district

        load_district()
    else:
        from fengsui.core.models import World
        from fengsui.core.worlds import LIVE

        World.objects.get_or_create(pk=LIVE, defaults={"kind": "live", "name": "实战"})


def answers(url: str) -> None:
    """Wait until a server of ours does. Raises SystemExit."""
    for _ in range(600):
        try:
            urllib.request.urlopen(url, timeout=2).close()  # noqa: S310 - our own server
            return
        except OSError:
            time.sleep(0.2)
    raise SystemExit("the server does not answer")


def sql(text: str, values: Sequence[Any] | None = None) -> Any:
    """First column of the first row, or how many rows were written."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(text, values)
        if not cursor.description:
            return cursor.rowcount
        row = cursor.fetchone()
        return row[0] if row else None


def bare(**more: Any) -> Any:
    """A psycopg connection to the same database, without Django."""
    import psycopg
    from django.db import connection

    facts = connection.settings_dict
    given = {
        "dbname": facts["NAME"], "host": facts["HOST"] or None, "user": facts["USER"] or None,
        "password": facts["PASSWORD"] or None, "port": facts["PORT"] or None,
    }  # fmt: skip
    return psycopg.connect(**(given | more))


def measure(
    bench: str,
    path: str,
    sides: Mapping[str, Work],
    count: int,
    *,
    rounds: int,
    unit: str,
    goal: Goal | None = None,
    before: Callable[[str], object] | None = None,
    history: str = "",
    exponent: Callable[[float], float] | None = None,
) -> float:
    """Run the sides in turns, print and keep what they took; returns our seconds a unit, median of the rounds.

    `before`: makes the ground of a side, outside of the measured time. `exponent`: of the cost's growth, by our seconds
    a unit here. Ends the bench where a side did not do all: a run that loses one has no rate.
    """
    rates: dict[str, list[float]] = {name: [] for name in sides}
    cpu: dict[str, list[float]] = {name: [] for name in sides}
    stranger: list[float] = []
    began_load = os.getloadavg()[0]
    for _ in range(rounds):
        for name, work in sides.items():
            if before:
                before(name)
            busy, mine, began = _busy(), _own(), time.perf_counter()
            done = work()
            took = time.perf_counter() - began
            spent = _own() - mine
            if done != count:
                raise SystemExit(f"{bench}, {path}, {name}: {done:,} of {count:,} {unit} done: no rate")
            rates[name].append(count / took)
            cpu[name].append(spent / count * 1000)
            stranger.append(max(0.0, (_busy() - busy - spent) / (took * (os.cpu_count() or 1))))
    each = 1 / statistics.median(rates["ours"])
    grows = exponent(each) if exponent else None
    met = None
    others = [name for name in sides if name != "ours"]
    costs = {name: [b / a for a, b in zip(rates["ours"], rates[name], strict=True)] for name in others}
    if goal and goal.other in costs:
        met = statistics.median(costs[goal.other]) <= goal.times
    load = f"load {began_load:.1f} to {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    print(f"\n{path}: {count:,} {unit}{history and f', {history}'}; {rounds} rounds; {load}")
    for name, got in rates.items():
        print(
            f"  {name:10} best {number(max(got)):>8} / median {number(statistics.median(got)):>8} {unit}/s "
            f"({number(min(got))} to {number(max(got))})   CPU {statistics.median(cpu[name]):.3f} ms each"
        )
    for name in others:
        got = costs[name]
        told = f"  ours costs {statistics.median(got):5.2f} x {name} ({min(got):.2f} to {max(got):.2f})"
        print(told + (f"   goal {goal.words}: {'met' if met else 'MISSED'}" if goal and goal.other == name else ""))
    if grows is not None:
        print(f"  exponent {grows:+.2f} (0: history costs nothing, 1: cost grows with it)")
    share = statistics.median(stranger)
    print(f"  CPU of strangers {share:.0%}{'  -> repeat on a quieter machine' if share > 0.3 else ''}", flush=True)
    note(
        bench, path, rates, unit=f"{unit}/s", rate=True, goal=goal.words if goal else "", met=met, exponent=grows,
    )  # fmt: skip
    return each


def times(
    bench: str,
    path: str,
    sides: Mapping[str, Sequence[float]],
    *,
    goal: str = "",
    met: bool | None = None,
    exponent: float | None = None,
    unit: str = "ms",
) -> None:
    """Print and keep values that are no rates, the smaller the better; `sides` holds a value a round, ours first."""
    ours = sides["ours"]
    told = [f"  {path:38}"]
    for name, got in sides.items():
        spread = f"({number(min(got))} to {number(max(got))})" if len(got) > 1 else ""
        told.append(f"{name} {number(statistics.median(got))} {unit} {spread}")
    for name, got in sides.items():
        if name != "ours" and len(got) == len(ours):
            told.append(f"= {statistics.median([a / b for a, b in zip(ours, got, strict=True)]):.2f} x {name}")
    if exponent is not None:
        told.append(f"exponent {exponent:+.2f}")
    if goal:
        told.append(f"goal {goal}: {'met' if met else 'MISSED'}")
    print("  ".join(told), flush=True)
    note(bench, path, sides, goal=goal, met=met, exponent=exponent, unit=unit)


def growth(small: float, large: float, by: float = 10.0) -> float:
    """The exponent of a cost that was `small` and is `large` with `by` times the data: 0 does not grow, 1 in step."""
    return math.log(large / small) / math.log(by)


def p(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` of all do not exceed."""
    return sorted(values)[min(len(values) - 1, math.ceil(share * len(values)) - 1)]


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def load() -> str:
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def _busy() -> float:
    fields = [int(x) for x in Path("/proc/stat").read_text().split("\n")[0].split()[1:]]
    return (sum(fields) - fields[3] - fields[4]) / TICKS


_folders: list[str] = []


def _own() -> float:
    """CPU seconds of this process, its children, and the server processes of our own cluster."""
    if not _folders:
        _folders.append(os.path.realpath(str(sql("SHOW data_directory"))))
    spent = os.times()
    total = spent.user + spent.system + spent.children_user + spent.children_system
    me = str(os.getpid())
    for each in Path("/proc").iterdir():
        if not each.name.isdigit() or each.name == me:
            continue
        with suppress(OSError):
            fields = (each / "stat").read_text().rpartition(")")[2].split()
            name = (each / "comm").read_text().strip()
            if fields[1] == me or (name == "postgres" and os.readlink(each / "cwd") == _folders[0]):
                total += (int(fields[11]) + int(fields[12])) / TICKS
    return total
