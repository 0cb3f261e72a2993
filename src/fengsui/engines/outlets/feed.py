"""The feed is fetched by others; sending is proving that our own public address serves the issued bytes."""

from __future__ import annotations

import hashlib
import http.client
import os
import ssl
from urllib.parse import urlsplit

from fengsui.catalog.channels.feed import ENTRY
from fengsui.kernel.ports.outlets import Address, NotDelivered, Parcel, Receipt

BASE = "FENGSUI_BASE_URL"
DEFAULT = "http://127.0.0.1:8600"


class Feed:
    """`base`: where the pages are; FENGSUI_FEED_CHECK_URL where this machine reaches them by another address."""

    def __init__(self, base: str = "") -> None:
        self._base = base

    @property
    def base(self) -> str:
        return self._base or os.environ.get("FENGSUI_FEED_CHECK_URL") or os.environ.get(BASE) or DEFAULT

    def send(self, parcel: Parcel, address: Address) -> Receipt:
        path = f"/feeds/cap/{parcel.identifier}.xml"
        status, body = self._get(path)
        if status != 200:
            raise NotDelivered("feed.status", status=status, path=path)
        digest = hashlib.sha256(body).hexdigest()
        if digest != parcel.sha256:
            raise NotDelivered("feed.other_bytes", path=path)
        return Receipt("acknowledged", digest[:16], {"url": f"{self.base}{path}", "bytes": len(body)})

    def test(self, address: Address) -> Receipt:
        status, body = self._get("/feeds/cap.atom")
        if status != 200:
            raise NotDelivered("feed.status", status=status)
        return Receipt("acknowledged", f"{len(body)} bytes")

    def close(self) -> None:
        """A connection a request: seconds lie between two bulletins."""

    def _get(self, path: str) -> tuple[int, bytes]:
        parts = urlsplit(self.base)
        secure = parts.scheme == "https"
        maker = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        extra = {"context": ssl.create_default_context()} if secure else {}
        connection = maker(parts.hostname or "", parts.port, timeout=ENTRY.wait_s, **extra)  # type: ignore[arg-type]  # two constructors with the same arguments
        try:
            connection.request("GET", parts.path.rstrip("/") + path)
            answer = connection.getresponse()
            return answer.status, answer.read(4_000_000)
        except (OSError, http.client.HTTPException) as error:
            raise NotDelivered("feed.unreachable", error=type(error).__name__) from error
        finally:
            connection.close()
