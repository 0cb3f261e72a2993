"""Made-up street names in the local form: streets that run north-south are 街, those that run east-west are 路."""

from __future__ import annotations

import random

_FIRST = "启兴建永光安景昌瑞和明盛新宏泰嘉远恒顺德"
_SECOND = "工华业宁祥源丰民程康隆锦岭泽平城林达源庆"


def street_names(draw: random.Random) -> list[str]:
    """All two-character roots in a seeded order, each once."""
    roots = sorted({first + second for first in _FIRST for second in _SECOND if first != second})
    draw.shuffle(roots)
    return roots


def named(root: str, north_south: bool, rank: int) -> str:
    """rank 0 main road, 1 secondary, 2 side street."""
    if north_south:
        return root + ("大街" if rank == 0 else "街")
    return root + ("大路" if rank == 0 else "路")
