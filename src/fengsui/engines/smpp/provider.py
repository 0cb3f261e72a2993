"""A provider's address: smpp://account:password@host:port?source=1069...; several in order of use, separated by spaces.

Figures of a provider are its contract's [G]: they are options of its address, with the protocol's usual values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

WINDOW = 200
"""Messages out without an answer [measured: bench/fanout]; a provider may allow fewer."""


@dataclass(frozen=True, slots=True)
class Provider:
    """name: for people, never an address. payload: long texts in one message_payload. receipts: asked for each.

    ids: base of the number that names a message in its answer, and in its receipt's text; 0: a name like any other.
    """

    name: str
    host: str
    port: int
    account: str
    password: str
    secure: bool = False
    source: str = ""
    source_ton: int = 0
    dest_ton: int = 0
    prefix: str = ""
    window: int = WINDOW
    payload: bool = False
    receipts: bool = False
    ids: tuple[int, int] = (0, 0)


IDS = {"same": (0, 0), "hex-dec": (16, 10), "dec-hex": (10, 16)}


def providers(text: str) -> tuple[Provider, ...]:
    """Raises ValueError, in words that hold no password, for an address that cannot be used."""
    found = tuple(_provider(each, n) for n, each in enumerate(text.split(), 1))
    if len({each.name for each in found}) != len(found):
        raise ValueError("two providers have one name")
    return found


def _provider(url: str, n: int) -> Provider:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(f"provider {n}: not an address") from None
    if parts.scheme not in ("smpp", "smpps") or not parts.hostname or not parts.username:
        raise ValueError(f"provider {n}: not smpp://account:password@host:port")
    given = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    known = {"name", "source", "source_ton", "dest_ton", "prefix", "window", "long", "receipts", "ids"}
    if unknown := sorted(set(given) - known):
        raise ValueError(f"provider {n}: unknown option {unknown[0]}")
    account, password = unquote(parts.username), unquote(parts.password or "")
    if len(account) > 15 or len(password) > 8 or not (account + password).isascii():
        raise ValueError(f"provider {n}: an account has at most 15, a password 8 ASCII characters")
    numbers: dict[str, Any] = {
        each: _whole(given[each], n, each) for each in ("window", "source_ton", "dest_ton") if each in given
    }
    if not 1 <= numbers.get("window", WINDOW) <= 1000:
        raise ValueError(f"provider {n}: window is 1 to 1000")
    for each in ("source", "prefix"):
        if given.get(each) and not (given[each].isascii() and given[each].isalnum() and len(given[each]) <= 20):
            raise ValueError(f"provider {n}: {each} is at most 20 letters or digits")
    if given.get("receipts", "no") not in ("yes", "no"):
        raise ValueError(f"provider {n}: receipts is yes or no")
    if given.get("ids", "same") not in IDS:
        raise ValueError(f"provider {n}: ids is one of {', '.join(IDS)}")
    return Provider(
        name=given.get("name", parts.hostname if n == 1 else f"{parts.hostname}-{n}")[:40],
        host=parts.hostname,
        port=port or (3550 if parts.scheme == "smpps" else 2775),
        account=account,
        password=password,
        secure=parts.scheme == "smpps",
        source=given.get("source", ""),
        prefix=given.get("prefix", ""),
        payload=given.get("long", "udh") == "payload",
        receipts=given.get("receipts", "no") == "yes",
        ids=IDS[given.get("ids", "same")],
        **numbers,
    )


def _whole(text: str, n: int, option: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 4):
        raise ValueError(f"provider {n}: {option} is a number")
    return int(text)
