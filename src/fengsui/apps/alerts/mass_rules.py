"""Rules of sending one text to many numbers. Pure: no clock, no database."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import timedelta

from fengsui.kernel.terms import Term, Terms

NUMBERS_KEPT = timedelta(days=180)
"""So long whom a mass sending told is known by number, once its warning has ended; how many they were stays. [U]"""
BATCH = 2000
"""Numbers in one batch: one job, one look at the last gate [measured: bench/fanout]."""
LOCKS = 2
"""So many batches are under way at once, of all mass sendings: the lane of the deliveries has threads for others too.
Each holds one connection to a provider [G]."""
GATE_S = 1.0
"""The last gate is asked before each batch, and again within one that takes longer than this."""
RECEIPTS_FOR = timedelta(days=3)
"""So long after a batch was sent we listen to its providers: a network tries a silent telephone for days [G]."""
EARLY_KEPT = timedelta(days=1)
"""A receipt of a message that nobody knows waits so long."""
EARLY_MOST = 50_000
"""And so many of them at most."""
BATCH_STATES = Terms(
    "batch_states",
    Term("waiting", "待发", "waiting"),
    Term("claimed", "正在发", "being sent"),
    Term("done", "办结", "done"),
    Term("stopped", "停发", "stopped"),
)
_MOBILE = re.compile(r"1[3-9]\d{9}")


def number(text: str) -> str:
    """A mainland mobile number in eleven digits, without the country's code, spaces and dashes; '' where it is none."""
    digits = re.sub(r"[\s\-]", "", text.strip())
    for prefix in ("+86", "0086", "86"):
        if digits.startswith(prefix) and len(digits) == len(prefix) + 11:
            digits = digits[len(prefix) :]
    return digits if digits.isascii() and _MOBILE.fullmatch(digits) else ""


def hears_of(area_code: str) -> list[str]:
    """Codes of an area and of all around it (GB/T 2260: 6, 9, 12 digits): who registered for these hears of it, too."""
    return [area_code[:length] for length in (6, 9, 12) if length <= len(area_code)]


def is_whole(kind: str) -> bool:
    """Whether a bulletin of that kind goes to everybody registered; a withdrawal or an all-clear only to those who
    were reached by an earlier one, or may have been."""
    return kind in ("alert", "update")


def settles(outcome: str, again: bool) -> bool:
    """Whether nothing more is owed to a number after this. again: an uncertain one is sent once more."""
    return outcome in ("sent", "refused") or (outcome == "uncertain" and not again)


def left(size: int, settled: Iterable[int]) -> Sequence[int]:
    """Places of a batch that are still owed, in order."""
    done = set(settled)
    return [place for place in range(size) if place not in done]
