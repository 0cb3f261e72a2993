"""People before pages and readers of the public feed, as `bench/overload.py` needs them: one process, plain sockets."""

from __future__ import annotations

import asyncio
import html
import multiprocessing
import random
import re
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import quote

PAGES = {
    "warnings": ("/warnings/",),
    "pages": ("/", "/clocks/?view=all", "/stations/", "/incidents/", "/tasks/"),
    "statistics": ("/reviews/indicators/", "/series/"),
}
"""What a person looks at, by the class of the waiting room that it belongs to."""
PAGE_S, FEED_S = 30.0, 60.0
"""Every so often, half of it more or less: a person reads a page, a reader of the feed asks for news."""
FEEDS = ("/feeds/cap.atom", "/feeds/warnings.geojson")
DEBOUNCE_S = 0.25
PATIENCE_S = 90.0
LIVE = re.compile(r'data-live="([^"]+)"\s+data-live-url="([^"]+)"')
TICKET = re.compile(r'data-live-ticket="([^"]+)"')
FRAME = re.compile(r'event: (\w+)\ndata: \{(?:"topic":"([^"]*)")?,?(?:"within":(\d+))?')


class Line:
    """One kept connection. `ask` gives status, head and body; status 0: no answer, or cut off in the middle."""

    def __init__(self, port: int) -> None:
        self.port, self.reader, self.writer = port, None, None
        self.lock = asyncio.Lock()

    async def ask(self, path: str, head: str = "") -> tuple[int, bytes, bytes]:
        async with self.lock:
            for fresh in (self.writer is None, True):
                try:
                    return await asyncio.wait_for(self._once(path, head), PATIENCE_S)
                except (OSError, asyncio.IncompleteReadError, TimeoutError, ValueError):
                    self.close()
                    if fresh:  # a kept connection may have been closed meanwhile; a new one has no such excuse
                        return 0, b"", b""
            return 0, b"", b""

    async def _once(self, path: str, head: str) -> tuple[int, bytes, bytes]:
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port, limit=2**24)
        self.writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{head}\r\n".encode())
        got = await self.reader.readuntil(b"\r\n\r\n")
        status, low, body = int(got[9:12]), got.lower(), b""
        if b"content-length:" in low:
            body = await self.reader.readexactly(int(low.partition(b"content-length:")[2].split()[0]))
        elif status not in (204, 304):
            while size := int(await self.reader.readline(), 16):
                body += await self.reader.readexactly(size)
                await self.reader.readline()
            await self.reader.readline()
        return status, got, body

    def close(self) -> None:
        if self.writer is not None:
            self.writer.transport.abort()
        self.reader = self.writer = None


class Crowd:
    """What all of one process share. `took`: kind, when, milliseconds, status; 503 counts as asked to come again only
    with Retry-After."""

    def __init__(self, port: int) -> None:
        self.port, self.took = port, list[tuple[str, float, float, int]]()
        self.frames = self.streams = self.seen = 0

    async def ask(self, line: Line, kind: str, path: str, head: str = "") -> tuple[int, bytes, bytes]:
        began = time.time()
        status, got, body = await line.ask(path, head)
        if status == 503 and b"retry-after:" not in got.lower():
            status = 500
        self.took.append((kind, began, (time.time() - began) * 1000, status))
        return status, got, body


class User:
    """A browser window: a page every half minute, its event stream, and the parts that a topic makes it fetch again."""

    keeps = True
    """A fetch that is due sooner stays; pages of before put it off at each news."""

    def __init__(self, crowd: Crowd, cookie: str) -> None:
        self.crowd, self.head = crowd, f"Cookie: {cookie}\r\n"
        self.page, self.line = Line(crowd.port), Line(crowd.port)
        self.parts, self.over = list[tuple[set[str], str]](), False
        self.due: dict[str, asyncio.TimerHandle] = {}
        self.tries: dict[str, int] = {}
        self.fetching = set[asyncio.Task[None]]()
        self.under_way, self.again = set[str](), set[str]()
        self.stream: asyncio.Task[None] | None = None

    async def live(self) -> None:
        await asyncio.sleep(random.uniform(0, PAGE_S / 2))
        while True:
            kind = random.choices(list(PAGES), (3, 5, 1))[0]
            status, _head, body = await self.crowd.ask(
                self.page, kind, random.choice(PAGES[kind]), self.head + "Accept: text/html\r\n"
            )
            if status == 200:
                self.crowd.seen += 1
                self._shown(body.decode(errors="replace"))
            await asyncio.sleep(random.uniform(PAGE_S / 2, PAGE_S * 1.5))

    def leave(self) -> None:
        self.over = True
        for each in (*self.fetching, *([self.stream] if self.stream else ()), *self.due.values()):
            each.cancel()

    def _shown(self, text: str) -> None:
        for each in self.due.values():
            each.cancel()
        self.due, self.tries = {}, {}
        self.parts = [(set(html.unescape(a).split()), html.unescape(b)) for a, b in LIVE.findall(text)]
        self.parts += [({"*"}, "/desk/alarm")]
        if self.stream:
            self.stream.cancel()
        if found := TICKET.search(text):
            self.stream = asyncio.create_task(self._listen(html.unescape(found[1])))

    async def _listen(self, ticket: str) -> None:
        retry = 1.0
        ask = f"GET /live?ticket={quote(ticket)} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n"
        while True:
            writer = None
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.crowd.port)
                writer.write(ask.encode())
                head = await reader.readuntil(b"\r\n\r\n")
                if head[9:12] == b"200":
                    retry = 1.0
                    await self._frames(reader)
            except (OSError, asyncio.IncompleteReadError):
                pass
            finally:
                if writer:
                    writer.transport.abort()
            await asyncio.sleep(retry * random.uniform(0.75, 1.25))
            retry = min(retry * 2, 30.0)

    async def _frames(self, reader: asyncio.StreamReader) -> None:
        self.crowd.streams += 1
        try:
            rest = ""
            while data := await reader.read(65536):
                *whole, rest = (rest + data.decode()).split("\n\n")
                for kind, topic, within in (found for each in whole for found in FRAME.findall(each + "\n")):
                    self.crowd.frames += kind != "beat"
                    if kind != "beat":
                        self._news(topic if kind == "topic" else "", int(within or 0) / 1000)
        finally:
            self.crowd.streams -= 1

    def _news(self, topic: str, within_s: float) -> None:
        for topics, url in self.parts:
            if not topic or topic in topics or "*" in topics:
                self._schedule(url, DEBOUNCE_S, within_s)

    def _schedule(self, url: str, wait_s: float, within_s: float = 0.0) -> None:
        """As frontend/src/live.ts does it."""
        wait_s += random.uniform(0, within_s)
        if held := self.due.get(url):
            if self.keeps and held.when() <= asyncio.get_running_loop().time() + wait_s:
                return
            held.cancel()

        def begin() -> None:
            self.due.pop(url, None)
            if self.over:
                return
            if url in self.under_way:  # as htmx: one more of the same after it, however often
                self.again.add(url)
                return
            task = asyncio.ensure_future(self._fetch(url))
            self.fetching.add(task)
            task.add_done_callback(self.fetching.discard)

        self.due[url] = asyncio.get_running_loop().call_later(wait_s, begin)

    async def _fetch(self, url: str) -> None:
        self.under_way.add(url)
        try:
            status, _head, _body = await self.crowd.ask(self.line, "parts", url, self.head + "HX-Request: true\r\n")
        finally:
            self.under_way.discard(url)
        if url in self.again:
            self.again.discard(url)
            self._schedule(url, 0.0)
        if status == 200:
            self.tries.pop(url, None)
        elif status in (0, 500, 503):
            self.tries[url] = self.tries.get(url, 0) + 1
            self._schedule(url, min(2.0 ** self.tries[url], 30.0) * random.uniform(0.75, 1.25))


async def reader(crowd: Crowd, number: int) -> None:
    """Somebody else's program or phone: asks for the feed with the ETag of what it has."""
    line, path, etag = Line(crowd.port), FEEDS[number % 5 == 0], ""
    await asyncio.sleep(random.uniform(0, FEED_S))
    while True:
        head = f"If-None-Match: {etag}\r\n" if etag else ""
        status, got, _body = await crowd.ask(line, "public", path, head)
        if status == 200 and (found := re.search(rb"(?im)^etag: (.+?)\r$", got)):
            etag = found[1].decode()
        await asyncio.sleep(random.uniform(FEED_S / 2, FEED_S * 1.5))


def people(port: int, cookies: Sequence[str], readers: int, end: Any, told: Any) -> None:
    """Until `end` is set; then `told` gets what everybody asked. Before: a word once every user has had a page."""
    told.put(("over", asyncio.run(_people(port, cookies, readers, end, told))))


async def _people(port: int, cookies: Sequence[str], readers: int, end: Any, told: Any) -> dict[str, Any]:
    crowd = Crowd(port)
    users = [User(crowd, each) for each in cookies]
    tasks = [asyncio.create_task(each.live()) for each in users]
    tasks += [asyncio.create_task(reader(crowd, n)) for n in range(readers)]
    said, most = False, 0
    bench = multiprocessing.parent_process()
    while not end.is_set() and (bench is None or bench.is_alive()):
        await asyncio.sleep(0.2)
        most = max(most, crowd.streams)
        if not said and crowd.seen >= len(cookies):
            said = True
            told.put(("all", time.time()))
    for each in users:
        each.leave()
    for each in tasks:
        each.cancel()
    with suppress(asyncio.CancelledError):
        await asyncio.gather(*tasks, return_exceptions=True)
    return {"took": crowd.took, "frames": crowd.frames, "streams": most}
