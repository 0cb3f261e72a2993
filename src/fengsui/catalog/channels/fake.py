"""In-memory twin for tests: takes everything, or fails as told."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from fengsui.catalog.channels import channel
from fengsui.kernel.ports.mass import Book, Ear, Told
from fengsui.kernel.ports.outlets import Address, NotDelivered, Parcel, Receipt


class Fake:
    """`fail`: errors raised by the next sends, in order. `sent`: what arrived, by key, repeats counted;
    `reached`: numbers of a channel to many."""

    def __init__(self, code: str, fail: list[NotDelivered] | None = None) -> None:
        self.code, self.fail = code, list(fail or ())
        self.sent: dict[str, list[bytes]] = {}
        self.reached: list[str] = []
        self.ear: Ear | None = None
        self.batches, self.bound = -1, 0
        self._lock = threading.Lock()

    def send(self, parcel: Parcel, address: Address) -> Receipt:
        entry = channel(self.code)
        if wrong := entry.check(address):
            raise NotDelivered(f"{self.code}.address", again=False, why=wrong)
        with self._lock:
            if self.fail:
                raise self.fail.pop(0)
            self.sent.setdefault(parcel.key, []).append(entry.render(parcel))
        state = "acknowledged" if entry.needs_receipt else "sent"
        return Receipt(state, f"fake-{parcel.key[:8]}")  # type: ignore[arg-type]  # one of the two words

    def carry(self, parcel: Parcel, address: Address, numbers: Mapping[int, str], *, again: bool, book: Book) -> None:
        """Each number is one answer, ten are out at once; an error from `fail` comes in the middle of the batch."""
        places = list(numbers)
        self.batches += 1
        for at in range(0, len(places), 10):
            some = places[at : at + 10]
            if not book([], some):
                book([], ())
                return
            if self.fail and at >= len(places) // 2:
                book([Told(place, "fake", "uncertain", "fake") for place in some], ())
                raise self.fail.pop(0)
            for place in some:
                self.reached.append(numbers[place])
            book([Told(place, "fake", "sent", "", f"{self.batches}-{place:x}", True) for place in some], ())

    def listen(self, address: Address, ear: Ear, *, bind: bool) -> None:
        self.ear = ear
        self.bound += bind

    def test(self, address: Address) -> Receipt:
        return Receipt("acknowledged", "fake")

    def close(self) -> None:
        """Nothing is held."""
