"""The handbook's page about scoring forecasts."""

from __future__ import annotations

import numpy as np

from fengsui.science.handbook import Check, Page, Plot, line
from fengsui.science.verify.chance import chance_of, classes_of, reliability
from fengsui.science.verify.episodes import Counts
from fengsui.science.verify.errors import errors_of, pinball
from fengsui.science.verify.outcome import damped_trend, is_rising, value_at

SAYS = """
How good forecasts were, after the event: **errors** beside persistence ("it stays as it is") and a damped trend;
**intervals**, overall and on the rising limb; **lines** that were told and lines that were reached, each once, with the
lead; **chances** by Brier score and reliability diagram.

It cannot say whether a difference is chance: forecasts a minute apart are not independent. Chances follow from the
interval by a rule of ours [U]; no forecaster states them yet.

In the product: `/forecasts/scores/`. Papers and checks in `src/fengsui/science/verify/README.md`.
"""
MINUTE = 60_000_000


def page() -> Page:
    return Page("verify", "Verification of forecasts", SAYS, (*_chances(), *_errors(), *_counts()), _plots())


def _chances() -> tuple[Check, ...]:
    one, source = np.ones(1), "tables of the normal distribution"
    ends = chance_of(one, one - 1, one + 1, 0.9, 2.0)
    hand = reliability(classes_of([0.25] * 5 + [0.75] * 5, [1, 0, 0, 0, 0, 1, 1, 1, 1, 0]))
    assert hand is not None
    return (
        Check("chance of the upper end of a nine-in-ten interval", "0.05", ends, 0.05 - 1e-9, 0.05 + 1e-9, "", source),
        Check("Brier score of ten chances", "0.1625", hand.brier, 0.1625 - 1e-12, 0.1625 + 1e-12, "", "by hand"),
        Check("their reliability", "0.0025", hand.reliability, 0.0025 - 1e-12, 0.0025 + 1e-12, "", "by hand"),
        Check("their resolution", "0.09", hand.resolution, 0.09 - 1e-12, 0.09 + 1e-12, "", "by hand"),
        Check("Brier - (reliability - resolution + uncertainty)", "0", abs(hand.within), 0.0, 1e-12, "", "Murphy 1973"),
    )


def _errors() -> tuple[Check, ...]:
    random = np.random.default_rng(3)
    came = random.normal(size=4000)
    zero = np.zeros(4000)
    nine = np.full(4000, 0.9)
    half = 1.6448536269514722
    made = errors_of(zero, zero - half, zero + half, came, zero + 1, zero, nine, zero > 0)
    losses = [float(pinball(np.full(4000, each), came, 0.95).mean()) for each in (half - 0.4, half, half + 0.4)]
    return (
        Check("coverage of a right nine-in-ten interval, 4 000 draws", "0.90", made.covered / made.n, 0.88, 0.92),
        Check("mean absolute error of N(0, 1) about 0, 4 000 draws", "0.798", made.abs_error / made.n, 0.768, 0.828),
        Check(
            "pinball: loss at the true quantile over the lesser of both sides", "< 1",
            losses[1] / min(losses[0], losses[2]), 0.0, 1.0,
        ),
    )  # fmt: skip


def _counts() -> tuple[Check, ...]:
    found, source = Counts(28, 23, 72), "Finley 1884, Murphy 1996 [G]"
    ratios = [found.detected or 0.0, found.false_share or 0.0, found.threat or 0.0]
    return tuple(
        Check(f"Finley's tornadoes: {what}", str(expected), value, expected - 5e-4, expected + 5e-4, "", source)
        for what, expected, value in zip(
            ("detection", "false alarm ratio", "threat score"), (0.549, 0.720, 0.228), ratios, strict=True
        )
    )


def _plots() -> tuple[Plot, ...]:
    random = np.random.default_rng(5)
    chances = random.uniform(0, 1, 4000)
    right = reliability(classes_of(chances, random.uniform(0, 1, 4000) < chances))
    bold = reliability(classes_of(chances, random.uniform(0, 1, 4000) < 0.5 + 0.4 * (chances - 0.5)))
    assert right is not None
    assert bold is not None
    at = np.arange(0, 181 * MINUTE, MINUTE, dtype=np.int64)
    water = 1.0 / (1.0 + np.exp(-(at / MINUTE - 80) / 10)) - 0.6 / (1.0 + np.exp(-(at / MINUTE - 130) / 15))
    issued = at[20:151]
    trend = np.array(
        [damped_trend(at[k - 2 : k + 1], water[k - 2 : k + 1], np.array([30 * MINUTE]))[0] for k in range(20, 151)]
    )
    came = value_at(at, water, issued + 30 * MINUTE, 3 * MINUTE)
    rising = is_rising(at, water, issued, 15 * MINUTE, 0.01, 3 * MINUTE)
    minutes = issued / MINUTE
    return (
        Plot(
            "reliability", "Reliability of right chances and of too bold ones", "chance told", "share that came",
            (
                line("right", [each.told for each in right.points], [each.came for each in right.points]),
                line("too bold", [each.told for each in bold.points], [each.came for each in bold.points]),
                line("perfect", [0, 1], [0, 1], dashed=True),
            ),
        ),
        Plot(
            "baselines", "What costs nothing to say, 30 minutes ahead of a flood that rises and falls", "issued, min",
            "absolute error, m",
            (
                line("persistence", minutes, np.abs(water[20:151] - came)),
                line("damped trend", minutes, np.abs(trend - came)),
                line("on the rise when issued", minutes, np.where(rising, -0.02, np.nan), dashed=True),
            ),
        ),
    )  # fmt: skip
