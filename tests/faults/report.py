"""What a run says at the terminal, and its table in docs/reference/reliability.md between two marks."""

from __future__ import annotations

import os
import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from fengsui.config.ops.home import REPO
from tests.faults.nemesis import Fault
from tests.faults.rounds import Outcome, Plan

PAGE = REPO / "docs" / "reference" / "reliability.md"
BEGIN, END = "<!-- faults: written by ./fengsui test --faults -->", "<!-- faults: end -->"
COLUMNS = (
    "acknowledged",
    "stored",
    "lost",
    "lost with the store",
    "doubled",
    "escalations",
    "deliveries",
    "dead letters",
)


def told(outcome: Outcome, plan: Plan) -> str:
    """One round. Where something was found: the seed, how to run it again, the faults in order."""
    lines = [
        f"seed {outcome.seed}: {outcome.faults.total()} faults in {outcome.took_s:.0f} s: "
        + ", ".join(f"{kind} {n}" for kind, n in outcome.faults.most_common()),
        "  " + ", ".join(f"{name} {value}" for name, value in outcome.figures.items()),
    ]
    if outcome.findings:
        again = f"./fengsui test --faults --seed {outcome.seed} --readings {plan.readings}"
        lines += [f"  FOUND: {each}" for each in outcome.findings] + [f"  again: {again}", outcome.story]
    return "\n".join(lines)


def table(outcomes: Sequence[Outcome], plan: Plan, missing: Mapping[str, str]) -> str:
    """Markdown: a row a round, then the faults by kind over all rounds."""
    kinds: Counter[str] = sum((each.faults for each in outcomes), Counter())
    head = ["Seed", "Faults", *(name.capitalize() for name in COLUMNS), "Findings", "Time"]
    rows = [
        [
            each.seed,
            each.faults.total(),
            *(each.figures.get(name, "-") for name in COLUMNS),
            len(each.findings),
            f"{each.took_s:.0f} s",
        ]
        for each in outcomes
    ]
    sums = [sum(int(each.figures.get(name, 0)) for each in outcomes) for name in COLUMNS]
    rows.append(
        [
            "all",
            kinds.total(),
            *sums,
            sum(len(each.findings) for each in outcomes),
            f"{sum(each.took_s for each in outcomes):.0f} s",
        ]
    )
    where = f"{os.cpu_count()} processors, Python {platform.python_version()}, Linux {platform.release()}"
    text = [
        f"Measured {datetime.now(UTC):%Y-%m-%d}, {where}, {plan.readings} readings a round. "
        "Deliveries, dead letters and escalations are counted in the installation, which goes on from round to round.",
        "",
        _row(head), _row(["---"] * len(head)), *map(_row, rows),
        "",
        _row(["Fault", "Done"]), _row(["---", "---"]), *(_row([name, kinds[name]]) for name in Fault.kinds),
        "",
        *(f"Left out for want of {need}: {why}." for need, why in missing.items()),
        *(f"- seed {each.seed}: {found}" for each in outcomes for found in each.findings),
    ]  # fmt: skip
    return "\n".join(text).rstrip() + "\n"


def _row(cells: Sequence[object]) -> str:
    return "| " + " | ".join(str(each).replace("|", "/") for each in cells) + " |"


def write(outcomes: Sequence[Outcome], plan: Plan, missing: Mapping[str, str]) -> None:
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{table(outcomes, plan, missing)}\n{END}{after}", "utf-8")
