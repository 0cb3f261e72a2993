"""The handbook's page about rivers. Scores on real floods are kept (`bench rivers --score`), the rest computed now."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from fengsui.science.handbook import Check, Page, Plot, line
from fengsui.science.rivers import hand, rating, runoff
from fengsui.science.rivers.muskingum import calibrate
from fengsui.science.rivers.reach import Reach, Routing, missing, route
from fengsui.science.rivers.station import Values

SCORES = Path(__file__).parent / "reference/scores.json"
WILSON = np.array([
    [22, 22], [23, 21], [35, 21], [71, 26], [103, 34], [111, 44], [109, 55], [100, 66], [86, 75], [71, 82], [59, 85],
    [47, 84], [39, 80], [32, 73], [28, 64], [24, 54], [22, 44], [21, 36], [20, 30], [19, 25], [19, 22], [18, 19],
], float)  # fmt: skip
"""Wilson (1974): inflow and outflow of a reach every 6 h, m3/s."""
GOALS = {"Tide": 0.55, "Fourmile": 0.45}
"""Skill over persistence that is wanted; elsewhere more than the better of persistence and trend."""
SAYS = """
**Levels some hours ahead** of a gauge: persistence, damped trend, a Kalman filter, regressions on the gauge's own past
and on what is upstream (rain, levels, releases, last tides) and boosted trees, weighted by what each missed on floods
held back from it; a member that loses to the trend there is not deployed. Intervals adapt to how often they were wrong.
**Routing** in the mass-true form of Muskingum-Cunge, Muskingum fitted to a measured flood, **lag** between gauges,
**ratings** with extrapolation marked, **rain to discharge** by two stores (GR4J's hour), **height above the nearest
drainage**.

It cannot say what rain that has not fallen will do: an interval issued before the rain does not know of the flood, and
the last column below says how often such outcomes lay inside. It routes no backwater and no tide.

Scores on floods of the test sides, never fitted on. MAE in m: it stays / it goes on / ours. Skill is over "it stays",
gain over the better of the two. Coverage of the 90 % interval: on all of the test side / on floods / while the level
rises / where it came to stand higher (known only afterwards).
"""
ALONE = """
Alone: `./fengsui science level-forecast --case FILE --out FILE`, and `river-reach`, `river-rating`, `rain-runoff`,
`hand`; validity and papers in `src/fengsui/science/rivers/README.md`.
"""


def kept() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(SCORES.read_text("utf-8"))
    return found


def table(scores: dict[str, Any]) -> str:
    """Of the leads, and of the lines crossed."""
    rows = [
        "| River | Lead | Rows | MAE | Skill | Gain | Coverage |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, told in scores.items():
        for s in told["leads"]:
            rows.append(
                f"| {name} | {s['lead_s'] / 3600:g} h | {s['rows']} | {s['stays']:.3f} / {s['trend']:.3f} / "
                f"{s['mix']:.3f} | {s['skill']:.2f} | {s['beats']:.2f} | {s['all']:.2f} / {s['floods']:.2f} / "
                f"{s['rising']:.2f} / {s['higher']:.2f} |"
            )
    rows += [
        "",
        "| River | Line | Crossings | Ours: hits, false alarms, lead | Trend: the same |",
        "|---|---|---|---|---|",
    ]
    for name, told in scores.items():
        for at, both in told["lines"].items():
            ours, trend = both["mix"], both["trend"]
            rows.append(f"| {name} | {at} m | {ours['crossings']} | {_crossed(ours)} | {_crossed(trend)} |")
    return "\n".join(rows)


def _crossed(told: dict[str, Any]) -> str:
    lead = "-" if told["lead_min"] is None else f"{told['lead_min']} min"
    return f"{told['hits']}, {told['false']}, {lead}"


def verdicts(scores: dict[str, Any]) -> tuple[list[Check], list[str]]:
    """Goals that are met, as checks, and those that are missed, in words. Dargle has no goal of its own."""
    met, missed = [], []
    for name, told in scores.items():
        for s in told["leads"] if name != "Dargle" else ():
            lead, goal = f"{s['lead_s'] / 3600:g} h", GOALS.get(name)
            found, low = (s["skill"], goal) if goal else (s["beats"], 0.0)
            what = f"{name}, {lead}: " + ("skill over persistence" if goal else "gain over the better baseline")
            each = Check(
                what, f">= {goal}" if goal else "> 0", found, low + (0.0 if goal else 1e-9), 1.0, "", "kept scores"
            )
            if each.holds:
                met.append(each)
            else:
                missed.append(f"{what} {found:.2f}, wanted {each.expected}")
        for s in told["leads"]:
            lead = f"{name}, {s['lead_s'] / 3600:g} h"
            if not 0.875 <= s["all"] < 0.935:
                missed.append(f"{lead}: coverage {s['all']:.2f}, wanted 0.88 to 0.93")
            if name != "Tide" and s["rising"] < 0.795:
                missed.append(f"{lead}: coverage while rising {s['rising']:.2f}, wanted 0.80")
    return met, missed


def page() -> Page:
    scores = kept()
    met, missed = verdicts(scores)
    short = "\nMissed: " + "; ".join(missed) + ".\n" if missed else "\nNo goal is missed.\n"
    says = SAYS + "\n" + table(scores) + "\n" + short + ALONE
    wilson, plots = _wilson()
    return Page("rivers", "Rivers", says, (*met, *wilson, *_reach(), *_others()), plots)


def _wilson() -> tuple[tuple[Check, ...], tuple[Plot, ...]]:
    inflow, outflow = WILSON.T
    found, rest = calibrate(inflow, outflow, 6.0, power=True)
    straight, left = calibrate(inflow, outflow, 6.0, power=False)
    at = np.arange(len(inflow)) * 6.0
    plot = Plot("wilson", "Wilson (1974): a flood through a reach", "h", "m3/s", (
        line("inflow", at, inflow), line("outflow measured", at, outflow, dashed=True),
        line("with a power", at, found.route(inflow, 6.0, 22.0)), line("linear", at, straight.route(inflow, 6.0, 22.0)),
    ))  # fmt: skip
    return (
        Check("Wilson 1974, power form: sum of squares", "<= 36.77", rest, 0.0, 36.775, "", "Geem 2006 [G]"),
        Check("the same, linear form (it cannot)", "> 100", left, 100.0, 1e4),
    ), (plot,)


def _reach() -> tuple[Check, ...]:
    at = np.arange(0.0, 96 * 3600.0, 900.0)
    asked = Routing(
        Reach(100e3, 50.0, 0.00025, 0.035, parts=50), 900.0, 100 + 900 * np.exp(-(((at - 86400) / 21600) ** 2))
    )
    out, stored, _, _ = route(asked)
    lost = missing(asked, out, stored)
    return (Check("reach of 100 km: water neither stored nor gone", "< 1e-6", lost, 0.0, 1e-6, "", "Todini 2007"),)


def _others() -> tuple[Check, ...]:
    h: Values = np.linspace(0.5, 4.0, 60)
    made = rating.fit(h, 20 * (h - 0.2) ** 1.8)
    worst = float(np.abs(made.flow(h)[0] / (20 * (h - 0.2) ** 1.8) - 1).max())
    rain = np.where(np.arange(500) % 60 < 6, 5.0, 0.0)
    asked = runoff.Rained(runoff.Basin(350.0, -0.02, 90.0, 8.5), 100.0, rain, np.full(500, 0.15))
    _, lost = runoff.discharge(asked)
    y, x = np.mgrid[0:41, 0:60].astype(float)
    found, _, _ = hand.heights(0.5 * np.abs(y - 20) + 0.01 * x, 10.0, 20_000.0)
    away = float(np.nanmax(np.abs(found - 0.5 * np.abs(y - 20))[:, :50]))
    return (
        Check("rating: law it was made with, relative", "< 2e-3", worst, 0.0, 2e-3),
        Check("rain to discharge: water unaccounted for", "< 1e-10", lost, 0.0, 1e-10, "", "Perrin et al. 2003"),
        Check("HAND of a valley: largest departure", "< 0.25", away, 0.0, 0.25, "m", "its floor falls 0.01 m a cell"),
    )
