"""What the compiled checks remember of a stream: so much and no more, however long it lives.

`STATE` is one record a stream; `DRIFT` one record of those that have neighbours, since its matrix is the larger part.
"""

from __future__ import annotations

import numpy as np

from fengsui.science.series.batch import NEVER, Records
from fengsui.science.series.rule import NEAR_MOST, WINDOW_MOST

STATE = np.dtype(
    [
        # As in `batch.MEMORY`, and with the same meaning.
        ("seen_at", "<i8"), ("seen_value", "<f8"), ("good_at", "<i8"), ("good_value", "<f8"),
        ("odd_at", "<i8"), ("odd_value", "<f8"), ("odd_run", "<i8"), ("flat_since", "<i8"), ("flat_value", "<f8"),
        # The last readings, by arrival and by size.
        ("count", "<i8"), ("place", "<i8"), ("ring", "<f8", (WINDOW_MOST,)), ("rank", "<f8", (WINDOW_MOST,)),
        ("out_run", "<i8"), ("out_value", "<f8"),
        # The slow mean and its scatter; `known`: readings judged by them so far.
        ("mean", "<f8"), ("square", "<f8"), ("known", "<i8"), ("has_mean", "<i8"),
        ("away_run", "<i8"), ("away_sum", "<f8"),
        # Innovations: lag-one products, their scatter, the two sums.
        ("last", "<f8"), ("has_last", "<i8"), ("cross", "<f8"), ("power", "<f8"), ("rest", "<f8"),
        ("up", "<f8"), ("down", "<f8"),
        # Where the stream stood when its scatter was first known: the zero and unit that neighbours see.
        ("zero", "<f8"), ("unit", "<f8"),
        ("drift", "<i8"),  # its record of DRIFT, or -1
    ]
)  # fmt: skip

TERMS = NEAR_MOST + 1
DRIFT = np.dtype(
    [
        ("near", "<i8", (NEAR_MOST,)), ("heard", "<i8"),  # streams, -1 = none; bits of those that spoke last time
        ("weight", "<f8", (TERMS,)), ("spread", "<f8", (TERMS, TERMS)),
        ("known", "<i8"), ("square", "<f8"), ("reach", "<f8"),
        ("last", "<f8"), ("has_last", "<i8"), ("cross", "<f8"), ("power", "<f8"), ("rest", "<f8"),
        ("up", "<f8"), ("down", "<f8"),
    ]
)  # fmt: skip

BOARD = np.dtype([("at", "<i8"), ("y", "<f8"), ("z", "<f8")])
"""What neighbours see of a stream: newest good reading, how far from its zero, how far from its course."""

SPREAD = 100.0
"""Variance of a weight before anything was learnt: neighbours that matter have weights of about 1."""
SPREAD_MOST = 1000.0
"""With a larger sum of variances nothing is forgotten: where nothing moves, forgetting only makes room for noise."""
VERSION = 1


def blank(count: int) -> Records:
    """STATE of `count` streams never heard. shape (count,)."""
    made = np.zeros(count, STATE)
    for name in ("seen_at", "good_at", "odd_at", "flat_since"):
        made[name] = NEVER
    for name in ("seen_value", "good_value", "odd_value", "flat_value", "zero"):
        made[name] = np.nan
    made["rest"], made["drift"] = 1.0, -1
    return made


def blank_drift(count: int) -> Records:
    """DRIFT of `count` streams that know nothing of their neighbours. shape (count,)."""
    made = np.zeros(count, DRIFT)
    made["near"], made["square"], made["rest"] = -1, 1.0, 1.0
    made["spread"] = SPREAD * np.eye(TERMS)
    return made


def blank_board(count: int) -> Records:
    """BOARD of `count` streams that have said nothing. shape (count,)."""
    made = np.zeros(count, BOARD)
    made["at"] = NEVER
    return made
