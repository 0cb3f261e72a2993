"""Proof of life (存活证明): how far something may still be relied on, from its last proof and its half-life. Pure.

Confidence halves with every half-life that passes without a proof. The two borders are our choice [U]: after one
half-life a thing is doubtful, after two its silence is somebody's to answer for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fengsui.kernel.terms import Basis, Term, Terms

STATES = Terms(
    "proof_states",
    Term("alive", "有证明", "proved"),
    Term("doubtful", "存疑", "doubtful"),
    Term("silent", "失联", "silent"),
    Term("never", "从未证明", "never proved"),
)
DOUBTFUL_AFTER = 1.0
SILENT_AFTER = 2.0
"""In half-lives."""


@dataclass(frozen=True, slots=True)
class ProofKind:
    """A sort of thing that people rely on. `clock`: the clock that its silence starts.

    half_life_s: 0 where each thing has its own (a sensor: one and a half of its periods).
    """

    code: str
    term: Term
    clock: str
    half_life_s: float
    basis: Basis = "U"
    note: str = ""


def confidence(age_s: float, half_life_s: float) -> float:
    """Between 1 (proved this moment) and 0. Raises ValueError for a half-life that is not positive."""
    if half_life_s <= 0:
        raise ValueError("a half-life is positive")
    return float(0.5 ** (max(0.0, age_s) / half_life_s))


def state(last_at: datetime | None, half_life_s: float, now: datetime) -> str:
    """Code of STATES. A proof from the future (a clock that was set back) counts as one of this moment."""
    if last_at is None:
        return "never"
    if half_life_s <= 0:
        raise ValueError("a half-life is positive")
    lives = (now - last_at).total_seconds() / half_life_s
    if lives <= DOUBTFUL_AFTER:
        return "alive"
    return "doubtful" if lives <= SILENT_AFTER else "silent"
