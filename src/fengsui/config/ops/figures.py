"""What the benches measured, kept so that the next run can be held against it: `./fengsui bench --all`.

A bench calls `note` beside its print. Times of other machines cannot be compared, so what is compared is the cost
beside something else measured in the same run: times as long (or the rate's inverse) as the limit and as the peer.
Under 1 ours is the cheaper.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fengsui.config.ops import charts
from fengsui.config.ops.home import REPO

ASKED = "FENGSUI_BENCH_FIGURES"
"""Names the file that `bench --all` reads afterwards; without it a bench only prints."""
KEPT = REPO / "docs/reference/performance.json"
PAGE = REPO / "docs/reference/performance.md"
CHARTS = REPO / "docs/images/performance"
WORSE = 1.25
"""A cost that grew by more than this against the kept one is told by name."""


@dataclass(frozen=True)
class Spread:
    low: float
    median: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        return cls(min(values), statistics.median(values), max(values))


@dataclass(frozen=True)
class Figure:
    """One path of one bench. `cost`: what ours costs beside each other side, ours the numerator; medians of rounds."""

    bench: str
    path: str
    unit: str
    ours: Spread
    beside: Mapping[str, float]
    cost: Mapping[str, Spread]
    goal: str = ""
    met: bool | None = None
    exponent: float | None = None
    """How our cost grows with the data, measured at two sizes: 0 not at all, 1 in step with it."""

    @property
    def name(self) -> str:
        return f"{self.bench}: {self.path}"


def figure(
    bench: str,
    path: str,
    sides: Mapping[str, Sequence[float]],
    *,
    unit: str = "ms",
    rate: bool = False,
    goal: str = "",
    met: bool | None = None,
    exponent: float | None = None,
) -> Figure:
    """`sides`: values of each round, "ours" first among them; of a `rate` more is better. Raises ValueError without."""
    if not sides.get("ours"):
        raise ValueError(f"{bench}: {path} has no figures of ours")
    ours, cost, beside = sides["ours"], {}, {}
    for name, other in sides.items():
        if name != "ours" and other:
            beside[name] = statistics.median(other)
            # Rounds were interleaved: the quotient inside one round leaves out what the machine did meanwhile.
            alike = len(ours) == len(other)
            paired = zip(ours, other, strict=True) if alike else [(statistics.median(ours), beside[name])]
            cost[name] = Spread.of([b / a if rate else a / b for a, b in paired])
    return Figure(bench, path, unit, Spread.of(ours), beside, cost, goal, met, exponent)


def note(bench: str, path: str, sides: Mapping[str, Sequence[float]], **more: object) -> None:
    """Keep a figure where `bench --all` asked for it; see `figure`."""
    if where := os.environ.get(ASKED):
        made = figure(bench, path, sides, **more)  # type: ignore[arg-type]  # keywords handed on
        with open(where, "a", encoding="utf-8") as out:
            out.write(json.dumps(asdict(made), ensure_ascii=False) + "\n")


def read(lines: Iterable[str]) -> list[Figure]:
    return [_figure(json.loads(line)) for line in lines if line.strip()]


def kept(path: Path = KEPT) -> list[Figure]:
    """The figures of the committed run, none where there is none."""
    return [_figure(each) for each in json.loads(path.read_text("utf-8"))["figures"]] if path.exists() else []


def worse(before: Iterable[Figure], now: Iterable[Figure]) -> list[str]:
    """What costs over a quarter more than before beside the same other side, worst first."""
    old = {(each.name, other): cost.median for each in before for other, cost in each.cost.items()}
    found = []
    for each in now:
        for other, cost in each.cost.items():
            was = old.get((each.name, other), 0.0)
            # The spread has to lie above, too: a single noisy round is no regression.
            if was and cost.median > WORSE * was and cost.low > was:
                found.append((cost.median / was, f"{each.name}: {_number(was)} -> {_number(cost.median)} x {other}"))
    return [text for _much, text in sorted(found, reverse=True)]


def save(
    bench: str, made: Sequence[Figure], about: Mapping[str, str], when: str, database: str, wanted: Sequence[str]
) -> None:
    """The figures of one bench into the page, its charts, and the file that the next run is held against.

    `about`: what the bench says of itself and the conditions of its run. `wanted`: all that should have figures.
    """
    figures = sorted([*(each for each in kept(KEPT) if each.bench != bench), *made], key=lambda each: each.bench)
    told = json.loads(KEPT.read_text("utf-8"))["about"] if KEPT.exists() else {}
    facts = {
        "when": when,
        "machine": machine(),
        "database": database,
        "failed": ", ".join(name for name in wanted if name not in {each.bench for each in figures}),
        "about": dict(sorted({**told, bench: dict(about)}.items())),
    }
    KEPT.parent.mkdir(parents=True, exist_ok=True)
    KEPT.write_text(
        json.dumps({**facts, "figures": [asdict(each) for each in figures]}, ensure_ascii=False, indent=1) + "\n",
        "utf-8",
    )
    PAGE.write_text(page(figures, facts), "utf-8")
    charts.draw(figures, CHARTS)


def machine() -> str:
    model = next(
        (
            line.partition(":")[2].strip()
            for line in _text("/proc/cpuinfo").splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    memory = next((int(line.split()[1]) for line in _text("/proc/meminfo").splitlines() if "MemTotal" in line), 0)
    return f"{os.cpu_count()} cores ({model}), {memory / 1024**2:.0f} GiB, Python {platform.python_version()}"


def page(figures: Sequence[Figure], facts: Mapping[str, Any]) -> str:
    lines = [
        "# How fast it is", "",
        "Written by `./fengsui bench --all --write [NAME ...]`; each bench alone: `./fengsui bench NAME`.",
        "`cost` says how many times as long ours takes as the other side measured in the same run, round by",
        "round: under 1 ours is the",
        "faster. The limit does the same with the barest program; the peer is what one would use otherwise. Medians,",
        "the spread of the rounds in brackets. `exponent` says how our cost grows with the data, measured at two",
        "sizes: 0 not at all, 1 in step with it.",
        "",
        f"Last written {facts['when']}; {facts['machine']}; {facts['database']}.",
    ]  # fmt: skip
    if facts["failed"]:
        lines += ["", f"Not measured yet: {facts['failed']}."]
    missed = [each.name for each in figures if each.met is False]
    judged = sum(each.met is not None for each in figures)
    lines += ["", f"Goals met: {judged - len(missed)} of {judged}."]
    if missed:
        lines += [f"Missed: {'; '.join(missed)}."]
    for bench in dict.fromkeys(each.bench for each in figures):
        rows = [each for each in figures if each.bench == bench]
        others = list(dict.fromkeys(name for each in rows for name in each.beside))
        heads = ["path", "unit", "ours", *others, *(f"cost beside {name}" for name in others), "exponent", "goal"]
        lines += ["", f"## {bench}", ""]
        about = facts.get("about", {}).get(bench, {})
        lines += ["```text", about.get("what", ""), "```", "", f"{about.get('conditions', '')}", ""] if about else []
        if charts.has(rows):
            lines += [f"![Cost of each path of {bench} beside the others](../images/performance/{bench}.svg)", ""]
        lines += [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
        lines += [f"| {' | '.join(_row(each, others))} |" for each in rows]
    return "\n".join(lines) + "\n"


def _row(each: Figure, others: Sequence[str]) -> list[str]:
    goal = each.goal + {True: " ✓", False: " **missed**", None: ""}[each.met]
    return [
        each.path, each.unit, _spread(each.ours),
        *(_number(each.beside[name]) if name in each.beside else "" for name in others),
        *(_spread(each.cost[name]) if name in each.cost else "" for name in others),
        "" if each.exponent is None else f"{each.exponent:+.2f}",
        goal.strip(),
    ]  # fmt: skip


def _spread(of: Spread) -> str:
    return f"{_number(of.median)} ({_number(of.low)} to {_number(of.high)})"


def _number(value: float) -> str:
    """Three figures that count, thousands in groups."""
    if abs(value) >= 1000:
        return f"{round(value, 2 - len(str(int(abs(value)))) + 1):,.0f}".replace(",", " ")
    return f"{value:.3g}" if value else "0"


def _figure(facts: Mapping[str, object]) -> Figure:
    given = dict(facts)
    cost = {name: Spread(**each) for name, each in given.pop("cost").items()}  # type: ignore[attr-defined]  # our own file
    return Figure(**{**given, "ours": Spread(**given["ours"]), "cost": cost})  # type: ignore[arg-type]  # our own file


def _text(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
