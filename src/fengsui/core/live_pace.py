"""How often many open pages are told of one topic: each of them then fetches its parts, and all of them at every
delivery of a bulletin is more than any server answers.

A topic with few listeners is told at once, always. With many, the first news goes out at once and says within which
time the pages should spread their fetching; what comes in that time goes out as one at its end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

TOLD_A_SECOND = 20.0
"""Pages of one process that fetch because of one topic; a page has some three parts, a process answers some sixty a
second [measured by bench/overload on 2 shared cores]."""
URGENT_A_SECOND = 100.0
URGENT = frozenset({"core.clocks", "alerts.screen"})
"""What somebody has to decide, and what was issued: before the rest."""
AT_ONCE = 20
LONGEST_S = 30.0
KEPT = 1_000
Key = tuple[str, str]
"""World and topic."""


def within_s(topic: str, listeners: int) -> float:
    """Seconds over which so many pages spread their fetching; 0 for few."""
    if listeners <= AT_ONCE:
        return 0.0
    return min(listeners / (URGENT_A_SECOND if topic in URGENT else TOLD_A_SECOND), LONGEST_S)


class Pace:
    """Of one event loop. `tell` calls `send(within)` now or later, once for all news of the time between."""

    def __init__(self) -> None:
        self._last: dict[Key, float] = {}
        self._due: dict[Key, asyncio.TimerHandle] = {}

    def tell(self, key: Key, listeners: int, send: Callable[[float], None]) -> None:
        within = within_s(key[1], listeners)
        if not within:
            send(0.0)
            return
        if key in self._due:
            return
        loop = asyncio.get_running_loop()
        wait = self._last.get(key, float("-inf")) + within - loop.time()

        def now() -> None:
            self._due.pop(key, None)
            self._last[key] = loop.time()
            send(within)

        if wait <= 0:
            self._forget(loop.time())
            now()
        else:
            self._due[key] = loop.call_later(wait, now)

    def stop(self) -> None:
        for each in self._due.values():
            each.cancel()
        self._due.clear()

    def _forget(self, now: float) -> None:
        if len(self._last) > KEPT:
            self._last = {key: at for key, at in self._last.items() if now - at < LONGEST_S}
