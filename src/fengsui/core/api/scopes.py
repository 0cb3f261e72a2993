"""What a token may be made for. A scope never gives a right: it only leaves fewer of its holder's."""

from __future__ import annotations

_scopes: dict[str, str] = {}


def scope(code: str, label: str) -> str:
    """Declare `noun:verb` once, beside the operations that ask for it, with its marked words; returns the code."""
    if _scopes.get(code, label) != label:
        raise ValueError(f"scope {code!r} declared twice with other words")
    _scopes[code] = label
    return code


def scopes() -> dict[str, str]:
    """Code -> Chinese words, which the reader's language is looked up by."""
    return dict(sorted(_scopes.items()))
