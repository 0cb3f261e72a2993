"""The outcome as a table: step, what proves it, its clock. Wide characters count two."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the story. `ok` was read from outside: database, receivers' books, the web's own answers."""

    name: str
    proof: str
    clock: str
    ok: bool


def width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text)


def render(steps: list[Step]) -> str:
    """Columns padded to the widest cell."""
    rows = [("", "步骤 step", "凭据 proof", "时限 clock")]
    rows += [("✓" if step.ok else "✗", step.name, step.proof, step.clock) for step in steps]
    widths = [max(width(row[column]) for row in rows) for column in range(4)]
    lines = ["  ".join(cell + " " * (widths[column] - width(cell)) for column, cell in enumerate(row)) for row in rows]
    lines.insert(1, "  ".join("─" * each for each in widths))
    return "\n".join(line.rstrip() for line in lines)
