"""A loop over the grid compiled twice: on all cores, and on one for small grids.

Starting and joining threads costs more than the work of a few thousand cells, and on a busy machine each join waits for
the core that somebody else holds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fengsui.science.compiling import njit

SMALL_CELLS = 65_536
"""Cells up to which one core does it alone: one tile."""


def compiled(function: Callable[..., Any], **how: Any) -> Callable[..., Any]:
    """The function with a first argument more: how many cells there are."""
    one, all_of_them = (njit(function, error_model="numpy", parallel=many, **how) for many in (False, True))

    def call(cells: int, *arguments: Any) -> Any:
        return (one if cells <= SMALL_CELLS else all_of_them)(*arguments)

    return call
