"""The handbook's page about series checks."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fengsui.science import case
from fengsui.science.handbook import Check, Page, Plot, line
from fengsui.science.series import marks, proofs
from fengsui.science.series.change import changes
from fengsui.science.series.checked import MODEL
from fengsui.science.series.watch import Watch

SAYS = """
**Checks of every reading** against its sensor's limits, its own past and up to eight neighbours, in a fixed amount of
memory a stream: range, rate, step, flat line, gap, duplicate, late, future; spikes (Hampel), distance from a robust
mean (EWMA), shifts (CUSUM of innovations), drift (CUSUM of what recursive least squares on the neighbours leave).
**Change points** of a kept series (PELT).

A mark remarks: nothing is deleted, and a real flood's first reading is a spike until the next one, or a neighbour,
bears it out. It cannot say which of two stations is right, and a flood in unusual proportions may be told as drift
towards its end. Waves that repeat (days, tides) are shifts to it, some in a hundred readings.

**Street floods** (FloodNet, New York: 96 flagged events, 22 of them among the 1 417, so 1 395 others). The set holds
summaries, no readings, and was flagged by comparing each summary with a profile that is not in it:

| Rules over | catch of 96 flagged | of 1 395 others |
|---|---|---|
| the summary alone: range, rate, step in time, flat, gap, overlap, figures that contradict each other | 5 | 48 |
| neighbours within 5 km that stayed dry (remark only; 74 flagged events lie after the others end) | 12 | 679 |
| the set's own columns of that comparison | 96 | 0 |

The last line only says by what they were flagged. From a summary alone the flagged events cannot be told from others.

Alone: `./fengsui science series-checks --case case.json --out flags.csv`; validity and papers in
`src/fengsui/science/series/README.md`.
"""
NOTES = "water notes, section 9"


def page() -> Page:
    drift = proofs.drifting()
    checks = (*_lengths(), *_spikes(), *_drift(drift), _twin(), *_flash()[0], *_changes())
    return Page("series", "Series checks", SAYS, checks, (_flash()[1], _figure(drift)))


def _lengths() -> tuple[Check, ...]:
    return tuple(
        Check(
            f"two-sided CUSUM, k = 0.5, h = {h:g}, shift {shift:g} sigma: mean run length", f"{expected:g} ± 2 %",
            float(proofs.run_length(1, 40_000, shift, h)), 0.98 * expected, 1.02 * expected, "readings", NOTES,
        )
        for h, shift, expected in ((4.0, 0.0, 168.0), (5.0, 0.0, 465.0), (4.0, 1.0, 8.4), (5.0, 1.0, 10.4))
    )  # fmt: skip


def _spikes() -> tuple[Check, ...]:
    recall, clean = proofs.spikes()
    return (
        Check("spikes of six scaled MAD in noise: found", "> 0.99", recall, 0.99, 1.0, "", NOTES),
        Check("clean readings of noise called a spike", "< 1e-3", clean, 0.0, 1e-3, "", NOTES),
    )


def _drift(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> tuple[Check, ...]:
    found = (proofs.fed(values) & marks.DRIFT) != 0
    after = float(np.argmax(found[:, 4])) - 3000.0
    others = float(np.delete(found, 4, axis=1).mean())
    flooded = float(((proofs.fed(proofs.flood()) & marks.DRIFT) != 0).mean())
    dead = float(((proofs.fed(proofs.rivers(4000, seed=3), silent=(1, 2000)) & marks.DRIFT) != 0).mean())
    return (
        Check("drift of 1 % of the noise a reading: found after", "< 400", after, 1.0, 400.0, "readings"),
        Check("its neighbours' readings called drift", "< 0.001", others, 0.0, 0.001),
        Check("a neighbour falls silent: readings called drift", "< 0.001", dead, 0.0, 0.001),
        Check("a flood in unusual proportions: readings called drift", "< 0.02", flooded, 0.0, 0.02),
    )


def _twin() -> Check:
    """Differences between reading by reading and check by check, in any bit."""
    values = proofs.rivers(300, streams=3)
    values[200:, 1] += 0.3
    watch = Watch()
    watch.add_many([proofs.RULE] * 3, [[1, 2], [0], []])
    stream, at = np.tile(np.arange(3), 300), np.repeat(proofs.T0 + np.arange(300) * proofs.MINUTE, 3)
    whole, fed = (each(stream, at, values.ravel(), at) for each in (watch.batch, watch.feed))
    names = ("flags", "detail", "median", "z", "course", "drift")
    unequal = sum(not np.array_equal(getattr(whole, n), getattr(fed, n), equal_nan=n != "flags") for n in names)
    return Check("streaming against batch: columns that differ in a bit", "0", float(unequal), 0.0, 0.0, "", NOTES)


def _flash() -> tuple[tuple[Check, ...], Plot]:
    """The reference case: a flash flood with one odd reading."""
    asked = case.read(MODEL, Path(__file__).parent / "reference" / "fourmile.json")
    flags = np.asarray(MODEL.run(asked).values["flags"])
    spikes = np.flatnonzero(flags & marks.SPIKE)
    open_ = [int(i) for i in spikes if not (flags[i : i + 2] & marks.BORNE).any()]
    source = "reference/SOURCE.md (USGS)"
    checks = (
        Check(
            "Fourmile Creek 2018: marks before the flood", "0", float((flags[:177] != 0).sum()), 0.0, 0.0, "", source
        ),
        Check("its spikes that no next reading bears out", "1 (reading 201)", float(len(open_)), 1.0, 1.0, "", source),
    )  # fmt: skip
    hours = asked.time_s / 3600.0
    lines = (
        line("stage", hours, asked.value),
        line("spike", hours, np.where(_around(flags & marks.SPIKE), asked.value, np.nan), dashed=True),
    )
    return checks, Plot("fourmile", "A flash flood: readings told as spikes, and those beside them", "h", "ft", lines)


def _around(bits: np.ndarray[tuple[int, ...], np.dtype[np.int16]]) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """A reading alone draws no line: its neighbours too."""
    return np.asarray(np.convolve(bits != 0, np.ones(3), "same") > 0, np.bool_)


def _changes() -> tuple[Check, ...]:
    rng = np.random.default_rng(1)
    found = changes(rng.normal(0, 1, 1200) + np.repeat([0.0, 3.0, -1.0], 400)).starts
    off = float(np.abs(found - [0, 400, 800]).max()) if len(found) == 3 else np.inf
    pieces = float(np.mean([len(changes(rng.normal(0, 1, 1000)).starts) for _ in range(20)]))
    return (
        Check("two changes of level (3 and 4 sigma): farthest from where they were made", "<= 2", off, 0.0, 2.0,
              "readings", "Killick et al. 2012"),
        Check("pieces of noise of 1 000 readings, mean of 20", "1", pieces, 1.0, 1.0),
    )  # fmt: skip


def _figure(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Plot:
    """The sums of the drifting stream and of one beside it."""
    count, streams = values.shape
    watch = Watch()
    watch.add_many([proofs.RULE] * streams, [[j for j in range(streams) if j != i] for i in range(streams)])
    stream, at = np.tile(np.arange(streams), count), np.repeat(proofs.T0 + np.arange(count) * proofs.MINUTE, streams)
    drift = np.abs(watch.feed(stream, at, values.ravel(), at).drift.reshape(count, streams))
    shown = slice(2800, 3600, 4)
    x = np.arange(count)[shown]
    return Plot(
        "drift", "CUSUM against the neighbours; the drift begins with reading 3 000, the bound is 15", "reading", "",
        (line("drifting", x, drift[shown, 4]), line("beside it", x, drift[shown, 5])),
    )  # fmt: skip
