"""What a printed page carries besides its text: a QR code that opens the living page from the paper."""

from __future__ import annotations

from functools import lru_cache

import segno
from django.conf import settings
from markupsafe import Markup


@lru_cache(maxsize=512)
def qr(path: str) -> Markup:
    """Inline SVG of this platform's address of `path` (`/orders/…/`); black on white in every theme.

    Only addresses of our own go in, never what somebody typed: whoever scans it must land here and log in.
    """
    if not path.startswith("/") or path.startswith("//"):
        raise ValueError(f"not a path of this platform: {path}")
    made = segno.make(settings.FENGSUI_BASE_URL + path, error="m")
    return Markup(made.svg_inline(border=2, dark="#000", light="#fff", svgclass="qr", omitsize=True))  # noqa: S704  # lint: mark-safe: the library's own SVG of our own address
