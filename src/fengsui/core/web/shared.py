"""What the public asks for, kept for a second: thousands of readers of the feed cost one look at the database a second.

Only answers that are the same for everybody: GET of the feeds without a query, 200, no cookie. They are asked of Django
as nobody in particular. A reader who has it already (ETag) gets 304 from here.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from fengsui.core.metrics import PUBLIC_SHARED
from fengsui.core.web.conditional import has_it
from fengsui.core.web.room import Full

Ask = Callable[[dict[str, Any], Any, Any], Awaitable[None]]
ROOTS = ("/feeds/",)
FRESH_S = 1.0
"""A bulletin stands in the feed so much later at most; the feed itself says that it is good for 15 s."""
STALE_S = 15.0
"""With no room to ask anew, what was true so long ago is better than a refusal: as long as its Cache-Control says."""
SHARED = "fengsui.shared"
"""Marks a question in the scope that is asked for everybody who waits."""
KEPT, KEPT_BYTES = 64, 1_000_000
OWN = frozenset({b"x-correlation-id", b"server-timing", b"content-length", b"date"})
"""Headers of the one answer that was asked for, of no use to another reader."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    at: float

    def header(self, name: bytes) -> str:
        return next((value.decode("latin-1") for key, value in self.headers if key.lower() == name), "")

    @property
    def is_for_all(self) -> bool:
        return self.status == 200 and not self.header(b"set-cookie") and len(self.body) <= KEPT_BYTES


class Shared:
    """`ask` is the application behind it; raises room.Full where there is no room to ask."""

    def __init__(self, ask: Ask) -> None:
        self.ask = ask
        self.kept: dict[tuple[str, str], Answer] = {}
        self.asking: dict[tuple[str, str], asyncio.Task[Answer]] = {}

    @staticmethod
    def serves(scope: dict[str, Any]) -> bool:
        return scope["method"] == "GET" and not scope["query_string"] and scope["path"].startswith(ROOTS)

    async def __call__(self, scope: dict[str, Any], headers: dict[bytes, bytes], send: Any) -> None:
        """Raises room.Full."""
        key = (headers.get(b"host", b"").decode("latin-1"), scope["path"])
        found = self.kept.get(key)
        if found is None or time.monotonic() - found.at > FRESH_S:
            found = await self._anew(key, scope, found)
        else:
            PUBLIC_SHARED.inc()
        await _say(found, headers, send)

    async def _anew(self, key: tuple[str, str], scope: dict[str, Any], old: Answer | None) -> Answer:
        """One question at a time for all that wait for the same."""
        task = self.asking.get(key)
        if task is None:
            task = self.asking[key] = asyncio.create_task(self._fetch(scope))
            task.add_done_callback(lambda done: self._keep(key, done))
        else:
            PUBLIC_SHARED.inc()
        try:
            return await asyncio.shield(task)
        except Full:
            if old is not None and time.monotonic() - old.at <= STALE_S:
                return old
            raise

    def _keep(self, key: tuple[str, str], done: asyncio.Task[Answer]) -> None:
        self.asking.pop(key, None)
        if done.cancelled() or done.exception() is not None:
            return
        self.kept.pop(key, None)
        if (found := done.result()).is_for_all:
            self.kept[key] = found
            while len(self.kept) > KEPT:
                del self.kept[next(iter(self.kept))]

    async def _fetch(self, scope: dict[str, Any]) -> Answer:
        began, status, headers, body = time.monotonic(), 500, list[tuple[bytes, bytes]](), bytearray()
        host = [(name, value) for name, value in scope["headers"] if bytes(name).lower() == b"host"]

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def take(message: dict[str, Any]) -> None:
            nonlocal status, headers
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [(bytes(n), bytes(v)) for n, v in message["headers"] if bytes(n).lower() not in OWN]
            else:
                body.extend(message.get("body", b""))

        await self.ask({**scope, "headers": host, SHARED: True}, receive, take)
        return Answer(status, headers, bytes(body), began)


async def _say(found: Answer, asked: dict[bytes, bytes], send: Any) -> None:
    status, headers, body = found.status, found.headers, found.body
    given, since = (asked.get(name, b"").decode("latin-1") for name in (b"if-none-match", b"if-modified-since"))
    if status == 200 and has_it(given, since, found.header(b"etag"), found.header(b"last-modified")):
        status, body = 304, b""
        headers = [(name, value) for name, value in headers if name.lower() != b"content-type"]
    else:
        headers = [*headers, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
