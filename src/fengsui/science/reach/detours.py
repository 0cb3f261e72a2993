"""How much longer the way is because of closures, and which of them it goes round: the reasons beside a suggestion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fengsui.kernel.ports.roads import Closure, Route
from fengsui.science.reach.plane import TOLERANCE_M, covers, distance_to_line_m


@dataclass(frozen=True, slots=True)
class Detour:
    """Compared with the best way if nothing were closed.

    avoided: ids of the closures on that way, in the order given. seconds, metres: how much more; None = cut off.
    """

    avoided: tuple[str, ...]
    seconds: float | None
    metres: float | None


def detour(with_: Route | None, without: Route, closures: Sequence[Closure]) -> Detour:
    """`with_`: the best route with the closures (None: there is none), `without`: the best with none of them.

    Seconds are never negative: an engine's rounding must not read as "closing made it faster"."""
    avoided = tuple(each.id for each in closures if _uses(without, each))
    if with_ is None:
        return Detour(avoided, None, None)
    return Detour(avoided, max(0.0, with_.seconds - without.seconds), with_.metres - without.metres)


def _uses(route: Route, closure: Closure) -> bool:
    if len(closure.line) == 1:
        return distance_to_line_m(closure.line[0], route.line) <= TOLERANCE_M
    return covers(closure.line, route.line)
