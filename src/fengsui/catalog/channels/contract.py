"""What a kind of channel declares, and the words it carries. Pure: sending is done by engines behind the port."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from fengsui.kernel.ports.outlets import Address, Parcel
from fengsui.kernel.terms import Term

Transport = Literal["page", "feed", "smtp", "http", "mqtt", "smpp"]
"""How the bytes travel; each is an engine (engines/outlets). A channel on a known transport is one folder."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an HTTP receiver answered: status, headers in lower case, at most 64 kB of its body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Push:
    """What a channel on `http` adds: headers of one request, and where in a 2xx answer the receiver's own word is.

    headers: (parcel, body, secret, seconds since 1970 as text) -> headers beside Content-Type. parcel is None when
    only the way is tested. taken: '' where the answer carries no receipt.
    """

    headers: Callable[[Parcel | None, bytes, str, str], dict[str, str]]
    taken: Callable[[Answer], str]


@dataclass(frozen=True, slots=True)
class Channel:
    """public: reaches people outside the house, so an exercise may never use it.

    needs_receipt: handing over is not enough. receipt: what a receipt of this channel proves.
    wait_s: how long one try waits for the answer. render: the body as it goes out (bytes).
    check: what is wrong with an address ('' = nothing). push: with transport `http` only. many: it goes to the numbers
    registered for the area, in batches (kernel/ports/mass.py), and not to what the address names. at_once: how many
    sends of one outlet one job may have under way, of which a worker runs six: a connection each.
    """

    code: str
    term: Term
    public: bool
    needs_receipt: bool
    receipt: Term
    wait_s: float
    media_type: str
    render: Callable[[Parcel], bytes]
    check: Callable[[Address], str]
    transport: Transport
    push: Push | None = None
    many: bool = False
    at_once: int = 8


def nothing_to_check(address: Address) -> str:
    return ""
