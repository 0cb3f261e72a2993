"""Pages of a list that grows for years: what stands behind them is counted no further than somebody could want."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet

STEP = 10_000
FURTHEST = 1_000_000
"""Rows into the list that an address can ask for: what lies there is found by a filter, not by turning pages."""


class Counted(Paginator):  # type: ignore[type-arg]  # generic in the stubs alone
    """Django's paginator over a queryset: counted up to the next round `STEP` above the page asked for.

    Counting a million rows costs as long as everything else of their page together, and nobody turns to the last of
    twenty thousand. `more`: there are more rows than `count`, the pager then says so and still leads on.
    """

    def __init__(self, rows: QuerySet[Any], per_page: int, asked: str | None) -> None:
        super().__init__(rows, per_page)
        self.rows = rows
        page = int(asked) if asked and asked.isdecimal() and len(asked) < 9 else 1
        self.most = (min(page * per_page, FURTHEST) // STEP + 1) * STEP

    @cached_property
    def _seen(self) -> int:
        return int(self.rows.order_by()[: self.most + 1].count())

    @cached_property
    def count(self) -> int:
        return min(self._seen, self.most)

    @property
    def more(self) -> bool:
        return self._seen > self.most
