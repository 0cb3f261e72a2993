"""The table, as Markdown for docs/reference/replays.md and for the terminal."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from datetime import datetime

from fengsui.config.replays.judge import Row
from fengsui.config.replays.plan import Plan

HEAD = (
    "set", "stations", "sent", "stored", "again", "refused", "flags", "left out of the file", "up", "down", "warnings",
    "clocks: silence / confirm", "late kept", "readings/s", "judgement",
)  # fmt: skip


DERIVED = (
    "- lines, where nothing is published: derived, half way from the file's median to its highest three readings in "
    "a row; no flood level of anybody"
)


def page(rows: Sequence[Row], plans: Sequence[Plan], seconds: float, at: datetime, total_s: float, failed: int) -> str:
    """Conditions, one line a set, and what each judgement was held against."""
    sent = sum(row.sent.readings for row in rows)
    lag = max(row.sent.lag_s for row in rows)
    lines = [
        "# 实测序列回放 Replays of measured sets",
        "",
        "Written by `./fengsui replay --all --out docs/reference/replays.md`. Every set is played whole, all at once,",
        f"each with its time compressed onto {seconds:g} s of the wall clock (ADR 0003), through the broker, ingest",
        "process, database, jobs and clock engine of an installation of its own. What a station measured in 0.25 s of",
        "the wall clock travels in one message.",
        "",
        f"Conditions: {at:%Y-%m-%d %H:%M} UTC, {os.cpu_count()} processors ({platform.machine()}), Python",
        f"{platform.python_version()}; {sum(row.stations for row in rows):,} stations, {sent:,} readings in",
        f"{sum(row.sent.messages for row in rows):,} messages, {total_s:.0f} s until all had reacted; {failed} jobs",
        f"failed. The sender was at worst {lag:.1f} s behind its plan. The rate in the table is the plan's, no limit;",
        "`./fengsui bench ingest` measures that. A silence of less than 15 s of the wall clock is none in a replay.",
        "",
        "| " + " | ".join(HEAD) + " |",
        "|" + "---|" * len(HEAD),
    ]
    lines += ["| " + " | ".join(cells(row)) + " |" for row in rows]
    lines += ["", "## What each was held against", ""]
    names = {plan.set.code: plan.set for plan in plans}
    for row in rows:
        declared = names[row.code]
        lines += [f"### {row.code}: {declared.name.en} {declared.name.zh}", ""]
        lines += [f"- lines: {declared.basis}" for _ in (1,) if declared.basis]
        if declared.rule:
            lines.append(DERIVED)
        lines += [f"- ✓ {fact}" for fact in row.facts]
        lines += [f"- ✗ {fault}" for fault in row.faults]
        lines.append("")
    return "\n".join(lines)


def cells(row: Row) -> list[str]:
    clocks = f"{sum(row.silence.values())}" + (f" + {row.groups} for many" if row.groups else "")
    closed = row.silence["met"] + row.silence["cancelled"]
    judgement = "pass" if row.passed else f"**fail**: {len(row.faults)} of {len(row.faults) + len(row.facts)}"
    return [
        row.code,
        str(row.stations),
        f"{row.sent.readings:,}",
        f"{row.stored:,}",
        f"{row.again:,}",
        _counts(row.refused),
        _counts(row.flags),
        _counts(row.left_out),
        _counts(row.ups),
        str(row.downs),
        _counts(row.warnings),
        f"{clocks} ({closed} closed) / {row.confirm}",
        str(row.late),
        f"{row.sent.readings / max(row.took_s, 1e-9):,.0f}",
        judgement,
    ]


def _counts(counted: Mapping[str, int]) -> str:
    said = (f"{name.removeprefix('sensor.decode.')} {count:,}" for name, count in sorted(counted.items()) if count)
    return ", ".join(said) or "0"
