"""The outcome as a table in the console's language: step, what proves it, its clock. Wide characters count two."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from fengsui.config.ops.console import word

NO_CLOCK = "—"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the story. `ok` was read from outside: database, receivers' books, the web's own answers."""

    name: str
    proof: str
    clock: str
    ok: bool


def width(text: str) -> int:
    """Columns on a terminal. The dash of an empty cell and the marks are ambiguous: one column in a UTF-8 locale."""
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text)


def duration(seconds: float) -> str:
    """`8 秒`, `10 分`, `24 小时`: the largest unit that loses nothing worth knowing; under two minutes in seconds."""
    if seconds < 120:
        return word(f"{seconds:.0f} 秒", f"{seconds:.0f} s")
    if seconds < 120 * 60:
        return word(f"{seconds / 60:.0f} 分", f"{seconds / 60:.0f} min")
    return word(f"{seconds / 3600:.0f} 小时", f"{seconds / 3600:.0f} h")


def clock(used_s: float, limit_s: float) -> str:
    return f"{duration(used_s)} / {duration(limit_s)}"


def listed(parts: list[str]) -> str:
    """Several facts of one cell on one line, an enumeration as the language writes it."""
    return word("，", ", ").join(parts)


def render(steps: list[Step]) -> str:
    """Columns padded to the widest cell; every step on one line, whatever its words hold."""
    rows: list[tuple[str, ...]] = [
        ("", word("步骤", "Step"), word("凭据", "Proof"), word("用时 / 时限", "Took / limit"))
    ]
    for step in steps:
        cells = (" ".join(cell.split()) for cell in (step.name, step.proof, step.clock))
        rows.append(("✓" if step.ok else "✗", *cells))
    widths = [max(width(row[column]) for row in rows) for column in range(4)]
    lines = ["  ".join(cell + " " * (widths[column] - width(cell)) for column, cell in enumerate(row)) for row in rows]
    lines.insert(1, "  ".join("─" * each for each in widths))
    return "\n".join(line.rstrip() for line in lines)
