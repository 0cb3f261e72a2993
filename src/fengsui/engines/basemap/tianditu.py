"""Tianditu (天地图) as a raster base map: WMTS in Web Mercator (`_w`), CGCS2000, fetched by this machine.

The key is a server key and never reaches a browser, so the pages' security policy stays closed to the outside. Layers:
vec and cva (map, its words), img and cia (images, their words), as the provider's list of services names them [G].
"""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from urllib.parse import urlencode

import structlog

log = structlog.get_logger(__name__)
LAYERS = frozenset({"vec", "cva", "img", "cia"})
TIMEOUT_S = 4
LIMIT_BYTES = 1_000_000
LAST_ZOOM = 18
_AT_ONCE = threading.BoundedSemaphore(4)
"""A slow provider may not take every thread that serves pages."""


class Tianditu:
    """Behind the port `raster`."""

    def __init__(self, base: str, key: str) -> None:
        self._base, self._key = base.rstrip("/"), key

    def tile(self, layer: str, z: int, x: int, y: int) -> tuple[bytes, str] | None:
        """(picture, content type); None for an unknown layer, while it is busy, or where the provider has none."""
        if layer not in LAYERS or z > LAST_ZOOM or not _AT_ONCE.acquire(timeout=TIMEOUT_S / 2):
            return None
        query = urlencode(
            {
                "SERVICE": "WMTS", "REQUEST": "GetTile", "VERSION": "1.0.0", "LAYER": layer, "STYLE": "default",
                "TILEMATRIXSET": "w", "FORMAT": "tiles", "TILEMATRIX": z, "TILEROW": y, "TILECOL": x, "tk": self._key,
            }
        )  # fmt: skip
        try:
            with urllib.request.urlopen(f"{self._base}/{layer}_w/wmts?{query}", timeout=TIMEOUT_S) as answer:  # noqa: S310 - an address of the settings, checked to be http
                kind = answer.headers.get_content_type()
                body: bytes = answer.read(LIMIT_BYTES + 1)
        except (OSError, urllib.error.HTTPError) as error:
            log.info("tianditu.failed", layer=layer, z=z, error=type(error).__name__)
            return None
        finally:
            _AT_ONCE.release()
        # A wrong key is answered by a text with status 200.
        return (body, kind) if kind.startswith("image/") and len(body) <= LIMIT_BYTES else None
