"""Port: one text to many numbers, through providers in order. The caller keeps the book, and may say stop.

Before a number's first byte leaves, the book was told that it may be out; what is out when a process dies is therefore
known, and never more than a window.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple, Protocol

from fengsui.kernel.ports.outlets import Address, Parcel

Outcome = Literal["sent", "refused", "uncertain"]


class Told(NamedTuple):
    """What became of one number by one provider. place: its place in the caller's list. reason: '' where it was sent.

    sent: taken by the provider. refused: no provider takes it. uncertain: out when the connection died, unanswered.
    reference: the provider's message id. asked: it was asked to tell, by that id, what becomes of it (`Heard`).
    """

    place: int
    provider: str
    outcome: Outcome
    reason: str = ""
    reference: str = ""
    asked: bool = False


class Heard(NamedTuple):
    """What became of a message that a provider had taken. word: the network's own, '' where it was delivered."""

    provider: str
    message_id: str
    outcome: Literal["delivered", "failed"]
    word: str = ""


Ear = Callable[[Sequence[Heard]], None]
"""Returns when they are kept; an exception lets the providers tell them again. Called in a thread of the engine's."""


Book = Callable[[Sequence[Told], Sequence[int]], bool]
"""(what was answered, places that may be out from now on) -> whether more may be sent. Returns when it is kept.

What was answered is kept whatever it returns. An exception ends the sending: what is out stays as it was told.
"""


class Mass(Protocol):
    """One object per channel and process; safe to call from several threads, each with connections of its own."""

    def carry(self, parcel: Parcel, address: Address, numbers: Mapping[int, str], *, again: bool, book: Book) -> None:
        """Send to all numbers (place -> number), or until the book says stop: then what is out is waited for and told.

        again: what is uncertain goes once more, by the next provider. Raises NotDelivered where numbers are left that
        no provider takes now; what was told until then stays true.
        """
        ...

    def listen(self, address: Address, ear: Ear, *, bind: bool) -> None:
        """From now on the ear hears, in this process. bind: also connect to each provider of the address that tells
        what becomes of messages and has no connection here; one that cannot be reached is tried at the next call."""
        ...
