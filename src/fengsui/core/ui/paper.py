"""What paper needs: a QR code that opens the living page, and the sheet of official documents (GB/T 9704)."""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path

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


@cache
def gbt9704() -> Markup:
    """The style sheet of official documents as text, for a document that fetches nothing (WeasyPrint)."""
    file = Path(__file__).resolve().parents[1] / "static" / "paper" / "gbt9704.css"
    return Markup(file.read_text("utf-8"))  # noqa: S704  # lint: mark-safe: our own file
