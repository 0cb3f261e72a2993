"""What goes wrong, when, and for how long: drawn from the seed, so that the same seed gives the same faults in order.

What each moment hits is up to the machine. A fault is a class of a few lines in faults.py: `begin` makes it, `mend`
takes it away. It registers itself by being defined.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import ClassVar

from tests.faults.ground import Ground


class Fault:
    """One kind. `share`: how many tickets it has in the bag. `holds`: seconds from begin to mend, low and high.

    `needs`: what of the ground it cannot do without. `alone`: nothing else goes wrong beside it.
    """

    kinds: ClassVar[dict[str, type[Fault]]] = {}
    name: ClassVar[str] = ""
    share: ClassVar[int] = 2
    holds: ClassVar[tuple[float, float]] = (0.0, 0.0)
    needs: ClassVar[str] = ""
    alone: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        if cls.name:
            Fault.kinds[cls.name] = cls

    def __init__(self, ground: Ground, dice: random.Random) -> None:
        self.ground, self.dice = ground, dice

    def begin(self) -> bool:
        """Do it. False where there was nothing to do it to (a service that is down already): then it is not counted."""
        raise NotImplementedError

    def mend(self) -> None:
        """Take it away again; nothing to do for what heals by itself."""

    def detail(self) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class Done:
    """One fault that really happened: seconds since the round began, its kind, how long it was held."""

    at: float
    kind: str
    detail: str
    held: float

    def __str__(self) -> str:
        return f"{self.at:7.1f} s  {self.kind}{f' ({self.detail})' if self.detail else ''}, {self.held:.1f} s"


@dataclass
class Nemesis:
    """Draws without putting back, so that each kind comes before any comes too often. One or two at a time.

    Runs in the caller's main thread: a killed supervisor is started again here, and a child dies with its thread.
    """

    ground: Ground
    seed: int
    every_s: tuple[float, float] = (0.5, 2.5)
    only: tuple[str, ...] = ()
    done: list[Done] = field(default_factory=list)
    found: list[str] = field(default_factory=list)
    """What must not follow from any fault."""

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.began = time.monotonic()
        self._bag: list[type[Fault]] = []

    def kinds(self) -> list[type[Fault]]:
        able = [each for each in Fault.kinds.values() if each.needs not in self.ground.missing]
        return [each for each in able if not self.only or each.name in self.only]

    def run(self, until: Callable[[int], bool]) -> None:
        """Until `until(faults done)` says so, asked between faults."""
        while not until(len(self.done)):
            time.sleep(self.dice.uniform(*self.every_s))
            self.strike()
            if ended := self.ground.still_there():
                self.found.append(f"after {self.done[-1].kind if self.done else 'the start'}: {ended}")

    def strike(self) -> None:
        together = [self._draw()]
        if not together[0].alone and self.dice.random() < 0.3:
            second = self._draw()
            together += [] if second.alone or second.name == together[0].name else [second]
        faults = [kind(self.ground, random.Random(self.dice.random())) for kind in together]
        hold = max(self.dice.uniform(*kind.holds) for kind in together)
        begun: list[tuple[Fault, float]] = []
        try:
            for each in faults:
                at = time.monotonic()
                if each.begin():
                    begun.append((each, at))
            if begun:
                time.sleep(hold)
        finally:
            for each, at in reversed(begun):
                each.mend()
                now = time.monotonic()
                self.done.append(Done(at - self.began, each.name, each.detail(), now - at))

    def _draw(self) -> type[Fault]:
        if not self._bag:
            self._bag = [each for each in self.kinds() for _ in range(each.share)]
            self.dice.shuffle(self._bag)
        return self._bag.pop()

    def counts(self) -> Counter[str]:
        return Counter(each.kind for each in self.done)

    def story(self) -> str:
        return "\n".join(map(str, self.done))


def quietly(work: Callable[[], object]) -> bool:
    """Whether it could be done: what it was aimed at may have ended a moment before."""
    with suppress(ProcessLookupError):
        return work() is not False
    return False
