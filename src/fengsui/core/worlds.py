"""The doors between the live world and the exercises."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from fengsui.core.models.worlds import LIVE, World
from fengsui.kernel.errors import Refused

__all__ = ["LIVE", "gate", "is_inside", "is_over", "live_world", "seated_by", "sign", "takes_part"]

Seated = Callable[[UUID, UUID], bool]
_seated: dict[str, Seated] = {}


def live_world() -> World:
    """The one live world; made by the first migration."""
    return World.objects.get(pk=LIVE)


def is_over(world: UUID) -> bool:
    """Whether an exercise has ended; the live world never has. One query for an exercise, none for the live world."""
    return world != LIVE and World.objects.filter(pk=world, ended_at__isnull=False).exists()


def sign(world: UUID) -> str:
    """What stands before every number drawn in an exercise (演3f2a): none equals a real one or another exercise's."""
    return "" if world == LIVE else f"演{world.hex[:4]}"


def seated_by(*, has_part: Seated, is_inside: Seated) -> None:
    """Who owns exercises answers: whether a person was given a part in a world, and whether he has come in."""
    _seated.update(has_part=has_part, is_inside=is_inside)


def takes_part(world: UUID, person: UUID) -> bool:
    """Everybody is of the live world; of an exercise only who was given a part in it."""
    return world == LIVE or "has_part" not in _seated or _seated["has_part"](world, person)


def is_inside(world: UUID, person: UUID) -> bool:
    """Whether a session of this person may be in that world: one comes into an exercise by a press of one's own."""
    return world == LIVE or "is_inside" not in _seated or _seated["is_inside"](world, person)


def gate(world: UUID, *, door: str, public: bool, person: UUID | None = None) -> None:
    """The last question before anything leaves the house.

    An exercise may use only doors that are not public, only while it runs, and reaches no `person` outside it.
    Raises Refused("core.gate.exercise" | "core.gate.exercise_over" | "core.gate.not_in_exercise") otherwise.
    """
    if world == LIVE:
        return
    if public:
        raise Refused("core.gate.exercise", door=door)
    if is_over(world):
        raise Refused("core.gate.exercise_over", door=door)
    if person is not None and not takes_part(world, person):
        raise Refused("core.gate.not_in_exercise", door=door)
