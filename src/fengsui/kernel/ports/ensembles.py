"""Port: many floods at once, on this machine or on others. The asking is a job's; it may take hours."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from fengsui.kernel.errors import FengsuiError
from fengsui.kernel.ports.floods import Answer, Question, Refused


class Unreachable(FengsuiError):
    """Nobody computes at the address that is set. Asking again later may do."""

    def __init__(self, **facts: object) -> None:
        super().__init__("floods.ensemble.unreachable", **facts)


class Ensemble(Protocol):
    def run(
        self, questions: Iterable[tuple[int, Question]], told: Callable[[int, Answer | Refused], bool],
        wanted: Callable[[], bool],
    ) -> None:  # fmt: skip
        """`told` gets each answer, or why there is none, as soon as it is there and in no order; it says whether to go
        on, and so does `wanted`, asked every second or so. Returns when all are told or nobody wants more; what is
        under way then is ended.

        Raises Unreachable.
        """
        ...
