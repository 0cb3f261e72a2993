"""`GET /live?ticket=…&since=…`: server-sent events.

One LISTEN a process, one frame encoded per topic, no Django per client.

`since` is the server's time of what the page shows: first comes what changed from then until this stream was heard,
or `catchup` (fetch everything) where this process cannot know it. So nothing falls between drawing and listening.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import psycopg
import structlog
from django.core.signing import BadSignature

from fengsui.core.live import CHANNEL, read_ticket
from fengsui.core.live_memory import Memory
from fengsui.core.live_pace import Pace, within_s
from fengsui.core.metrics import LIVE_STREAMS

log = structlog.get_logger(__name__)
HEARTBEAT_S = 5.0
QUEUE = 64
"""Frames waiting for one slow client; when there are more it is told once to fetch everything again."""
STREAMS = 5_000
"""Open streams of one process; one more is asked to come again. Local [U]: each costs a beat each five seconds."""


class Listener:
    """One open stream."""

    def __init__(self, world: str, topics: frozenset[str]) -> None:
        self.world, self.topics = world, topics
        self.frames: asyncio.Queue[bytes | None] = asyncio.Queue(QUEUE)

    def offer(self, frame: bytes | None) -> None:
        """Queue a frame, None to end. A topic must not be lost: the page would look live and be stale."""
        if self.frames.full():
            while not self.frames.empty():
                self.frames.get_nowait()
            frame = frame and _frame("catchup", {})
        self.frames.put_nowait(frame)


class Live:
    """Holds the process's one LISTEN connection and its open streams."""

    def __init__(self, database: dict[str, Any]) -> None:
        self.database = database
        self.listeners: set[Listener] = set()
        self.by_topic: dict[tuple[str, str], set[Listener]] = {}
        self.memory, self.pace = Memory(), Pace()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._listen())

    async def stop(self) -> None:
        self.end_all()
        self.pace.stop()
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def end_all(self) -> None:
        for each in self.listeners:
            each.offer(None)

    async def _listen(self) -> None:
        """Reconnects for ever; whoever came while nothing was heard is told to fetch everything again."""
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    dbname=self.database["NAME"],
                    user=self.database["USER"],
                    password=self.database["PASSWORD"] or None,
                    host=self.database["HOST"],
                    port=self.database["PORT"] or None,
                    autocommit=True,
                    **{name: value for name, value in self.database.get("OPTIONS", {}).items() if name != "pool"},
                ) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    self.memory.listening(time.time())
                    self._catch_up()
                    async for notice in connection.notifies():
                        facts = json.loads(notice.payload)
                        keyed: dict[str, list[int]] = facts.get("k", {})
                        self.memory.hear(time.time(), facts["w"], facts["t"], keyed)
                        for topic in facts["t"]:
                            self._tell(facts["w"], topic)
                        for prefix, keys in keyed.items():
                            for each in keys:
                                self._tell(facts["w"], f"{prefix}:{each}")
            except (psycopg.Error, OSError) as error:
                self.memory.deaf()
                log.warning("live.listen_lost", error=type(error).__name__)
                await asyncio.sleep(1)

    def _catch_up(self) -> None:
        frame = _frame("catchup", _within(within_s("", len(self.listeners))))
        for each in self.listeners:
            each.offer(frame)

    def _tell(self, world: str, topic: str) -> None:
        key = (world, topic)

        def send(within: float) -> None:
            frame = _frame("topic", {"topic": topic} | _within(within))
            for each in self.by_topic.get(key, ()):
                each.offer(frame)

        if found := self.by_topic.get(key):
            self.pace.tell(key, len(found), send)

    def _enter(self, listener: Listener) -> None:
        self.listeners.add(listener)
        for topic in listener.topics:
            self.by_topic.setdefault((listener.world, topic), set()).add(listener)
        LIVE_STREAMS.set(len(self.listeners))

    def _leave(self, listener: Listener) -> None:
        self.listeners.discard(listener)
        for topic in listener.topics:
            key = (listener.world, topic)
            self.by_topic[key].discard(listener)
            if not self.by_topic[key]:
                del self.by_topic[key]
        LIVE_STREAMS.set(len(self.listeners))

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        query = parse_qs(scope["query_string"].decode("latin-1"))
        try:
            world, topics = read_ticket(query.get("ticket", [""])[0])
        except BadSignature:
            await send({"type": "http.response.start", "status": 403, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        if len(self.listeners) >= STREAMS:
            await send({"type": "http.response.start", "status": 503, "headers": [(b"retry-after", b"30")]})
            await send({"type": "http.response.body", "body": b""})
            return
        listener = Listener(world, topics)
        self._enter(listener)
        self._tell_missed(listener, query.get("since", [""])[0])
        headers = [
            (b"content-type", b"text/event-stream; charset=utf-8"),
            (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        gone = asyncio.create_task(_wait_gone(receive))
        try:
            await self._pump(listener, send, gone)
        finally:
            self._leave(listener)
            gone.cancel()

    def _tell_missed(self, listener: Listener, since: str) -> None:
        """Queue what changed since the page was drawn; who does not say when begins with now."""
        if not since:
            return
        try:
            then = datetime.fromisoformat(since).timestamp()
        except ValueError:
            then = float("-inf")
        missed = self.memory.since(then, listener.world, listener.topics)
        frames = [_frame("catchup", {})] if missed is None else [_frame("topic", {"topic": t}) for t in sorted(missed)]
        for frame in frames:
            listener.offer(frame)

    async def _pump(self, listener: Listener, send: Any, gone: asyncio.Task[None]) -> None:
        await send({"type": "http.response.body", "body": _beat(), "more_body": True})
        while not gone.done():
            try:
                frame = await asyncio.wait_for(listener.frames.get(), HEARTBEAT_S)
            except TimeoutError:
                frame = _beat()
            if frame is None:
                break
            await send({"type": "http.response.body", "body": frame, "more_body": True})
        with contextlib.suppress(Exception):
            await send({"type": "http.response.body", "body": b""})


async def _wait_gone(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _frame(kind: str, facts: dict[str, Any]) -> bytes:
    return f"event: {kind}\ndata: {json.dumps(facts, separators=(',', ':'))}\n\n".encode()


def _within(seconds: float) -> dict[str, int]:
    """What a frame says of the time within which a page should fetch, in ms; nothing where that is at once."""
    return {"within": round(seconds * 1000)} if seconds else {}


def _beat() -> bytes:
    return _frame("beat", {"now": datetime.now(UTC).isoformat(timespec="milliseconds")})
