"""`./fengsui bench rivers`: readings taken and forecast from, a second, by the level forecast of one station.

ours     one reading at a time: members, mix, intervals, probabilities of crossing (Kent, three leads)
record   the same forecasts over the whole record at once: the limit of what a stream can cost
peer     another library's boosted trees alone, one row and one lead at a time

`--score FILE`: instead of that, all real rivers fitted and scored as the data's README divides them (minutes), into
FILE; the kept one is src/fengsui/science/rivers/reference/scores.json, the README's and the handbook's tables.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor

import _shared
from fengsui.science.rivers import score
from fengsui.science.rivers.forecast import Forecaster
from fengsui.science.rivers.members import NAMES, TREND
from fengsui.science.rivers.tests import real

DATA = Path(__file__).resolve().parents[1] / "shared/data/hydro"
WARN = 0.5
"""Probability from which on a line is warned of."""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./fengsui bench rivers")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--readings", type=int, default=600)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--score", type=Path)
    options = parser.parse_args(arguments)
    if options.score:
        return scores(options.data, options.score)
    _shared.ready()
    case = real.kent(options.data)
    began = time.perf_counter()
    made = Forecaster.fit(case.station, case.fit)
    print(f"  a station fitted in {time.perf_counter() - began:.1f} s, compiling what was never compiled")
    record = case.test[0]
    count = min(options.readings, len(record.time_s))
    made.fresh().step(record.time_s[0], record.level[0], record.inputs[0])
    peer = HistGradientBoostingRegressor(max_iter=60, max_depth=3)
    view = np.random.default_rng(1).normal(0.0, 1.0, (3000, 40))
    peer.fit(view, view[:, 0])

    def stream() -> int:
        one, done = made.fresh(), 0
        for k in range(count):
            said = one.step(record.time_s[k], record.level[k], record.inputs[k])
            done += said is not None and len(said.crossing(case.lines)) == len(case.lines)
        return done

    def whole() -> int:
        return int(np.isfinite(made.over(record, case.lines).median[:count, 0]).sum())

    def other() -> int:
        for k in range(count):
            peer.predict(view[k : k + 1])
        return count

    _shared.measure(
        "rivers", "readings forecast from", {"ours": stream, "record": whole, "peer": other}, count,
        rounds=options.rounds, unit="readings",
    )  # fmt: skip
    return 0


def scores(data: Path, file: Path) -> int:
    """Fit, score, write; and print the table of the README."""
    found: dict[str, Any] = {}
    for make in real.CASES:
        case = make(data)
        began = time.process_time()
        made = Forecaster.fit(case.station, case.fit, learned=case.learned)
        fitted = time.process_time() - began
        pasts = [made.over(each, case.lines) for each in case.test]
        floods = [score.score(case.station, pasts, k) for k in range(len(case.station.leads))]
        found[case.name] = {
            "fit_cpu_s": round(fitted, 1),
            "leads": [
                rounded(dataclasses.asdict(each)) | {
                    "deployed": [name for name, used in zip(NAMES, report.deployed, strict=True) if used]
                }
                for each, report in zip(floods, made.reports, strict=True)
            ],
            "lines": {f"{line:.2f}": crossings(case, pasts, n) for n, line in enumerate(case.lines)},
        }  # fmt: skip
        print(row(case.name, found[case.name]), flush=True)
        file.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    return 0


def crossings(case: real.Case, pasts: list[Any], n: int) -> dict[str, Any]:
    """Of one line, by our probability and by the trend's point: crossings, hits, false alarms, lead in minutes."""
    told = {}
    for name in ("mix", "trend"):
        each = []
        for past in pasts:
            if name == "mix":
                said = np.nan_to_num(past.above[:, :, n]).max(1) >= WARN
            else:
                said = np.nan_to_num(past.members[:, :, TREND], nan=-np.inf).max(1) >= case.lines[n]
            each.append(score.warnings(past.grid.y, said, case.lines[n], case.station.leads[-1], case.station.step_s))
        leads = [lead for one in each for lead in one.lead_s]
        told[name] = {
            "crossings": sum(one.crossings for one in each), "hits": sum(one.hits for one in each),
            "false": sum(one.false for one in each),
            "lead_min": round(float(np.median(leads)) / 60.0) if leads else None,
        }  # fmt: skip
    return told


def rounded(values: dict[str, Any]) -> dict[str, Any]:
    def short(value: Any) -> Any:
        if isinstance(value, float):
            return round(value, 4) if np.isfinite(value) else None
        return [short(each) for each in value] if isinstance(value, tuple) else value

    return {name: short(value) for name, value in values.items()}


def row(name: str, told: dict[str, Any]) -> str:
    lines = []
    for s in told["leads"]:
        lead = s["lead_s"] / 3600
        lines.append(
            f"| {name} | {lead:g} h | {s['rows']} | {s['stays']:.3f} / {s['trend']:.3f} / {s['mix']:.3f} | "
            f"{s['skill']:.2f} | {s['beats']:+.2f} | {s['all']:.2f} / {s['floods']:.2f} / {s['rising']:.2f} / "
            f"{s['higher']:.2f} | {s['half']:.2f} |"
        )
    for line, both in told["lines"].items():
        lines.append(f"  line {line} m: {both}")
    return "\n".join(lines)
