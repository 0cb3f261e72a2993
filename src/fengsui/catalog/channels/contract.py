"""What a kind of channel declares, and the words it carries. Pure: sending is done by engines behind the port."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fengsui.kernel.ports.outlets import Address, Parcel
from fengsui.kernel.terms import Term


@dataclass(frozen=True, slots=True)
class Channel:
    """public: reaches people outside the house, so an exercise may never use it.

    needs_receipt: handing over is not enough. receipt: what a receipt of this channel proves.
    wait_s: how long one try waits for the answer. render: the body as it goes out (bytes).
    check: what is wrong with an address ('' = nothing).
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


def nothing_to_check(address: Address) -> str:
    return ""
