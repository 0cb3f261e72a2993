"""The ASGI root: tells who asks, routes `/live`, counts body bytes, ends streams on SIGTERM."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from typing import Any

from fengsui.core.live_route import Live
from fengsui.core.web.proxies import Network, resolved
from fengsui.core.web.room import Full, Room, class_of, head_of, refusal
from fengsui.core.web.shared import SHARED, Shared

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

ALIVE = "/livez"
"""Answered by the loop itself: a supervisor that waited in the queue with everybody else would kill a busy server."""


class Root:
    """`rest` is an ASGI application too (Django behind a2wsgi)."""

    def __init__(self, live: Live, rest: Any, body_limit: int, proxies: tuple[Network, ...] = ()) -> None:
        self.live, self.rest, self.body_limit, self.proxies = live, rest, body_limit, proxies
        self.room, self.shared = Room(), Shared(self._in_turn)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http" and scope["path"] == ALIVE:
            await _plain(send, 200, b"ok")
        elif scope["type"] == "http" and scope["path"] == "/live":
            await self.live(scope, receive, send)
        elif scope["type"] == "http":
            await self._admitted(resolved(scope, self.proxies), receive, send)

    async def _admitted(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Who finds no room is told when to come again: what nobody bounds, nobody gets an answer from."""
        headers = head_of(scope)
        try:
            if self.shared.serves(scope):
                await self.shared(scope, headers, send)
            else:
                await self._in_turn(scope, receive, send)
        except Full as full:
            told, body = refusal(headers, scope["path"], full.again_s)
            await send({"type": "http.response.start", "status": 503, "headers": told})
            await send({"type": "http.response.body", "body": body})

    async def _in_turn(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises Full before anything was sent."""
        part = any(bytes(name).lower() == b"hx-request" for name, _value in scope["headers"])
        name = class_of(scope["method"], scope["path"], part=part, shared=SHARED in scope)
        await self.room.enter(name)
        try:
            await self._bounded(scope, receive, send)
        finally:
            self.room.leave(name)

    async def _bounded(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Neither granian nor a2wsgi bounds a body: refuse by the header, cut off by the count."""
        length = next((int(v) for k, v in scope["headers"] if k == b"content-length" and v.isdigit()), 0)
        if length > self.body_limit:
            await _plain(send, 413, b"too large")
            return
        seen = 0

        async def counted() -> dict[str, Any]:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self.body_limit:
                return {"type": "http.disconnect"}
            return message

        await self.rest(scope, counted, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._end_streams_on_term()
                await self.live.start()
                await send({"type": "lifespan.startup.complete"})
            else:
                await self.live.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    def _end_streams_on_term(self) -> None:
        """Servers wait for open streams before lifespan.shutdown: end them first, then let the server go on."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            old = signal.getsignal(number)

            def end(signum: int, frame: Any, old: Any = old) -> None:
                loop.call_soon_threadsafe(self.live.end_all)
                if callable(old):
                    old(signum, frame)

            try:
                signal.signal(number, end)
            except ValueError:  # not the main thread: the server's kill time-out is the belt
                return


async def _plain(send: Send, status: int, body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": body})
