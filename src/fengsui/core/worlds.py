"""The doors between the live world and the exercises."""

from __future__ import annotations

from uuid import UUID

from fengsui.core.models.worlds import LIVE, World
from fengsui.kernel.errors import Refused

__all__ = ["LIVE", "gate", "live_world"]


def live_world() -> World:
    """The one live world; made by the first migration."""
    return World.objects.get(pk=LIVE)


def gate(world: UUID, *, door: str, public: bool) -> None:
    """The last question before anything leaves the house.

    An exercise may use only doors that are not public (its own screens and sinks).
    Raises `Refused("core.gate.exercise")` otherwise.
    """
    if public and world != LIVE:
        raise Refused("core.gate.exercise", door=door)
