"""One account of all water above and below ground, m3."""

from __future__ import annotations

from dataclasses import dataclass

from fengsui.science.drainage.engine import Totals
from fengsui.science.inundation.run import Account


@dataclass(frozen=True, slots=True)
class Ledger:
    """`surface`, `pipes`: the two books; `exchanged`, what came onto the grid less what left it, is among the former's
    sources. `down`, `up`: what passed between them at openings, `out`, `back` at outfalls on the grid, each booked once
    and in both."""

    surface: Account
    surface_stored: float
    exchanged: float
    pipes: Totals
    down: float
    up: float
    rounded: float
    """Taken from the grid less given to the pipes: what single precision could not keep, or a cell did not have when
    SWMM had let it into an outfall; carried to the next time."""
    out: float = 0.0
    back: float = 0.0

    @property
    def under_way(self) -> float:
        """Handed to SWMM and not yet in its books, which take the mean of the flows at a step's two ends.

        With [INFLOWS] of the project's own, these with the sign turned: SWMM books them together, and with them what
        came back through outfalls.
        """
        return self.down + self.back - self.pipes.inflows

    @property
    def outfalls(self) -> float:
        """What ran off and is gone: SWMM books what came up among it, and what stands on the grid again."""
        return self.pipes.outfalls - self.up - self.out

    @property
    def exchange_error(self) -> float:
        """m3 that one side booked and the other did not: nought but for the order of additions."""
        return self.exchanged + (self.down - self.up) + (self.back - self.out) + self.rounded

    @property
    def came(self) -> float:
        """All that ever was in or came into either: what the error is a share of."""
        return self.surface.start + self.surface.turned + self.pipes.came()

    @property
    def missing(self) -> float:
        """Share of all water, above and below, that no line explains; positive: made."""
        above = self.surface.missing(self.surface_stored) * max(self.surface.start + self.surface.turned, 1e-9)
        return (above + self.pipes.missing() + self.exchange_error) / max(self.came, 1e-9)
