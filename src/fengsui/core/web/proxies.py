"""Who really asks, behind a reverse proxy: `X-Forwarded-For` and `-Proto` count only where a named proxy wrote them.

Logins are limited and audited by address. Whoever reaches the web directly could otherwise write any address, and
behind a proxy everybody would share one.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

FORWARDED = frozenset({b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"x-real-ip", b"forwarded"})
Network = IPv4Network | IPv6Network


def networks(text: str) -> tuple[Network, ...]:
    """`10.0.0.5,fd00::/8` as networks. Raises ValueError for what is no address."""
    return tuple(ip_network(each.strip()) for each in text.split(",") if each.strip())


def resolved(scope: dict[str, Any], trusted: Sequence[Network]) -> dict[str, Any]:
    """The request as its first untrusted sender made it: `client` is his address; no forwarding header of his is left.

    `X-Forwarded-For` is read from the right: the last proxy of ours wrote the last entry. What does not parse ends the
    walk, for beyond it anybody may have written. `X-Forwarded-Proto` is kept from a trusted proxy only.
    """
    client = scope.get("client") or ("", 0)
    by_proxy = _trusted(client[0], trusted)
    headers = [pair for pair in scope["headers"] if pair[0] not in FORWARDED]
    asked = {**scope, "headers": headers}
    if by_proxy:
        if (proto := _given(scope, b"x-forwarded-proto")) in (b"http", b"https"):
            headers.append((b"x-forwarded-proto", proto))
        if chain := _given(scope, b"x-forwarded-for"):
            asked["client"] = (_sender(client[0], chain, trusted), client[1])
    return asked


def _given(scope: dict[str, Any], name: bytes) -> bytes:
    """A header that was sent in several lines is one list."""
    return b",".join(value for each, value in scope["headers"] if each == name)


def _sender(peer: str, chain: bytes, trusted: Sequence[Network]) -> str:
    sender = peer
    for each in reversed(chain.decode("latin-1").split(",")):
        try:
            sender = str(ip_address(each.strip()))
        except ValueError:
            break
        if not _trusted(sender, trusted):
            break
    return sender


def _trusted(address: str, trusted: Sequence[Network]) -> bool:
    try:
        found = ip_address(address)
    except ValueError:  # a Unix socket has none
        return False
    return any(found in each for each in trusted)
