"""Signed webhook: JSON over HTTP POST. The receipt is a 2xx answer with the receiver's own id."""

import hashlib
import hmac

from fengsui.catalog.channels.contract import Channel
from fengsui.catalog.channels.words import as_json, facts
from fengsui.kernel.ports.outlets import Address, Parcel
from fengsui.kernel.terms import Term


def render(parcel: Parcel) -> bytes:
    return as_json(facts(parcel))


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """`sha256=` and HMAC-SHA256 over timestamp, a dot, and the body. The timestamp stops a replay of an old body."""
    return "sha256=" + hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def check(address: Address) -> str:
    return "" if address.env else "no environment variable names the address"


ENTRY = Channel(
    code="webhook",
    term=Term("webhook", "接口推送", "webhook"),
    public=True,
    needs_receipt=True,
    receipt=Term("taken", "对方系统已受理并给出编号", "taken by the other system under its own number"),
    wait_s=10.0,
    media_type="application/json",
    render=render,
    check=check,
)
