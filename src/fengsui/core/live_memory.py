"""What one process heard lately: a page that begins to listen also learns what changed since it was drawn."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

KEPT = 20_000
"""Notices remembered. At 30 a second, more than any replay makes, that is ten minutes."""
MARGIN_S = 10.0
"""A page's time is that of its drawing; its rows were read up to so much earlier. Hearing twice costs one fetch."""


class Memory:
    """Notices in the order in which this process heard them. Times are seconds since 1970 by the server's clock."""

    def __init__(self) -> None:
        self._heard: deque[tuple[float, str, frozenset[str]]] = deque(maxlen=KEPT)
        self._from = float("inf")
        """Nothing was missed since then; infinite while the database is not listened to."""

    def listening(self, now: float) -> None:
        """From here on nothing is missed; what lay before is unknown."""
        self._heard.clear()
        self._from = now

    def deaf(self) -> None:
        self._from = float("inf")

    def hear(self, now: float, world: str, topics: Iterable[str], prefixes: Iterable[str] = ()) -> None:
        """`prefixes`: of topics with a key, of which only some changed. Which ones is not remembered: a page that comes
        back fetches once more than it had to."""
        if len(self._heard) == KEPT:
            self._from = max(self._from, self._heard[0][0])
        self._heard.append((now, world, frozenset(topics) | {f"{each}:" for each in prefixes}))

    def since(self, then: float, world: str, topics: frozenset[str]) -> frozenset[str] | None:
        """Topics of the listener that changed since `then` less the margin; None where that is not known whole."""
        begin = then - MARGIN_S
        if begin <= self._from:
            return None
        found: set[str] = set()
        for at, where, changed in reversed(self._heard):
            if at < begin:
                break
            if where == world:
                found |= changed & topics
                found |= {each for each in topics if each.partition(":")[0] + ":" in changed}
        return frozenset(found)
