"""How pushes over HTTP are signed, the same for every receiver (docs/reference/webhook.md)."""

from __future__ import annotations

import hashlib
import hmac

from fengsui.kernel.ports.outlets import Address, Parcel


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """`sha256=` and HMAC-SHA256 over timestamp, a dot, and the body. The timestamp stops a replay of an old body."""
    return "sha256=" + hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def signed(parcel: Parcel | None, body: bytes, secret: str, stamp: str) -> dict[str, str]:
    """Headers of a signed push; the key lets the receiver drop a repeated try."""
    headers = {"X-Fengsui-Timestamp": stamp, "X-Fengsui-Signature": signature(secret, stamp, body)}
    return headers if parcel is None else {**headers, "Idempotency-Key": parcel.key}


def named_by_environment(address: Address) -> str:
    """Addresses of receivers are not written in files."""
    return "" if address.env else "no environment variable names the address"
