"""Atom feed and CAP files by HTTP: others fetch. The receipt is that our own public address gives the issued bytes."""

from fengsui.catalog.channels.contract import Channel, nothing_to_check
from fengsui.kernel.ports.outlets import Parcel
from fengsui.kernel.terms import Term


def render(parcel: Parcel) -> bytes:
    """The issued bytes, untouched."""
    return parcel.cap


ENTRY = Channel(
    code="feed",
    term=Term("feed", "订阅源（Atom/CAP）", "Atom/CAP feed", "OASIS CAP 1.2; RFC 4287", "V"),
    public=True,
    needs_receipt=True,
    receipt=Term("served", "公开地址取回的字节与签发一致", "the public address serves the issued bytes"),
    wait_s=5.0,
    media_type="application/cap+xml",
    render=render,
    check=nothing_to_check,
    transport="feed",
)
