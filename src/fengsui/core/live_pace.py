"""How often many open pages are told of one topic: each of them then fetches its parts, and all of them at every
delivery of a bulletin is more than any server answers.

The first news goes out at once; what follows soon goes out as one at the end of a window that grows with the number of
pages, so that a stream of readings does not make one page fetch twenty times a second. With many listeners it is also
said within which time the pages should spread their fetching.
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
LEAST_S = 0.25
"""Between two news of one topic, however few listen."""
LONGEST_S = 30.0
KEPT = 1_000
Key = tuple[str, str]
"""World and topic."""


def within_s(topic: str, listeners: int) -> float:
    """Seconds over which so many pages spread their fetching; 0 for few."""
    return 0.0 if listeners <= AT_ONCE else min(window_s(topic, listeners), LONGEST_S)


def window_s(topic: str, listeners: int) -> float:
    """Seconds between two news of a topic."""
    return max(LEAST_S, listeners / (URGENT_A_SECOND if topic in URGENT else TOLD_A_SECOND))


class Pace:
    """Of one event loop. `tell` calls `send(within)` now or later, once for all news of the time between."""

    def __init__(self) -> None:
        self._last: dict[Key, float] = {}
        self._due: dict[Key, asyncio.TimerHandle] = {}

    def tell(self, key: Key, listeners: int, send: Callable[[float], None]) -> None:
        if key in self._due:
            return
        within, window = within_s(key[1], listeners), min(window_s(key[1], listeners), LONGEST_S)
        loop = asyncio.get_running_loop()
        wait = self._last.get(key, float("-inf")) + window - loop.time()

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
