"""What a text message may hold: UCS-2, 70 characters in one, 67 in each part of a long one (3GPP TS 23.040, 9.2.3.24).

Always UCS-2 (data_coding 8): a warning is Chinese, and a digit more would not shorten it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

UCS2 = 8
ONE, PART = 140, 134
"""Octets of user data in one message, and in a part that begins with a header of six."""
WITH_HEADER = 0x40


@dataclass(frozen=True, slots=True)
class Part:
    """esm_class and user data of one submit_sm."""

    esm_class: int
    data: bytes


def parts(text: str, *, payload: bool, reference: int) -> Sequence[Part]:
    """One part, or several with a header that lets the telephone join them.

    payload: whatever its length in one (message_payload), the centre cuts it. reference: 0-255, the same in all parts.
    Raises ValueError for an empty text and for one of more than 255 parts.
    """
    octets = text.encode("utf-16-be")
    if not octets:
        raise ValueError("nothing to say")
    if payload or len(octets) <= ONE:
        return [Part(0, octets)]
    pieces, at = [], 0
    while at < len(octets):
        end = min(at + PART, len(octets))
        # A pair of surrogates is one character: it must not be cut.
        if end < len(octets) and 0xD8 <= octets[end - 2] <= 0xDB:
            end -= 2
        pieces.append(octets[at:end])
        at = end
    if len(pieces) > 255:
        raise ValueError(f"{len(pieces)} parts; 255 are possible")
    return [
        Part(WITH_HEADER, bytes((5, 0, 3, reference & 0xFF, len(pieces), n)) + piece)
        for n, piece in enumerate(pieces, 1)
    ]


def joined(received: Sequence[Part]) -> str:
    """The text of a message's parts, in any order. Raises ValueError where one is missing."""
    if len(received) == 1 and not received[0].esm_class & WITH_HEADER:
        return received[0].data.decode("utf-16-be")
    told = sorted((part.data[5], part.data[6:]) for part in received if part.data[:3] == b"\x05\x00\x03")
    if [n for n, _ in told] != list(range(1, received[0].data[4] + 1)):
        raise ValueError("a part is missing")
    return b"".join(data for _, data in told).decode("utf-16-be")
