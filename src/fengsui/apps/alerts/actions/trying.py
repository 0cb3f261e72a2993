"""Sending several parcels at once over one outlet, bounded in number and in time."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from fengsui.apps.alerts.actions.parcels import address_of, mails_of, parcel_of
from fengsui.apps.alerts.models import Delivery
from fengsui.catalog.channels import Channel
from fengsui.core.ports import PortAbsent, port
from fengsui.kernel.ports.outlets import Address, Outlet, Parcel, Receipt

BEGIN_S = 1.0
"""Later no more sends of a batch begin: the gate was asked before them, and a receiver that hangs must hold a place of
the lane hardly longer than one send does. As mass_rules.GATE_S."""


@dataclass(frozen=True, slots=True)
class Try:
    """What a send said, after so many milliseconds; an exception of another kind is a fault of ours."""

    row: Delivery
    said: Receipt | Exception
    ms: int


def ms_since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


def try_all(rows: Sequence[Delivery], entry: Channel) -> list[Try]:
    """In the order of the rows; those that were not begun in time are missing, the first never is."""
    if not rows:
        return []
    try:
        outlet: Outlet = port("outlet", entry.code)
    except PortAbsent as absent:
        return [Try(row, absent, 0) for row in rows]
    mails = mails_of(rows)
    done: list[Try] = []
    ready: list[tuple[Delivery, Parcel, Address]] = []
    for row in rows:
        try:
            ready.append((row, parcel_of(row), address_of(row, mails)))
        except (LookupError, TypeError, ValueError) as fault:
            done.append(Try(row, fault, 0))
    done += _send(ready, outlet, entry.at_once)
    order = {row.pk: n for n, row in enumerate(rows)}
    return sorted(done, key=lambda each: order[each.row.pk])


def _send(ready: Sequence[tuple[Delivery, Parcel, Address]], outlet: Outlet, at_once: int) -> list[Try]:
    if len(ready) == 1:
        return [_try(outlet, *ready[0])]
    left, done, began = deque(ready), list[Try](), time.monotonic()

    def work(n: int) -> None:
        first = True
        while left and (first or time.monotonic() - began < BEGIN_S):
            first = False
            try:
                one = left.popleft()
            except IndexError:  # another thread was faster
                return
            done.append(_try(outlet, *one))

    threads = min(at_once, len(ready))
    if threads:
        with ThreadPoolExecutor(threads, "send") as pool:
            list(pool.map(work, range(threads)))
    return done


def _try(outlet: Outlet, row: Delivery, parcel: Parcel, address: Address) -> Try:
    began = time.monotonic()
    try:
        return Try(row, outlet.send(parcel, address), ms_since(began))
    except Exception as said:
        return Try(row, said, ms_since(began))
