"""The waiting room before Django: how many requests are answered at once, who of those that wait goes first, and who is
asked to come again. What matters most goes first: presses and the login, then warnings, then other pages, the parts
that open pages fetch by themselves, statistics, and what the public asks for itself."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from fengsui.core.metrics import WEB_REFUSED, WEB_RUNNING, WEB_WAITING

SLOTS = 8
"""Requests answered at once: as many as Django's threads in one process."""


@dataclass(frozen=True, slots=True)
class Class:
    """`most`: answered at once; `waits`: so many more may wait, each `patience_s` at most; after that 503 with
    Retry-After `again_s`. `least`: so many go whatever else waits, or a desk would stand still for as long as people
    open pages. Figures: local [U], tried by `./fengsui bench overload`."""

    most: int
    waits: int
    patience_s: float
    again_s: int
    least: int = 0


CLASSES: Mapping[str, Class] = {
    "first": Class(SLOTS, 512, 60.0, 2),
    "warnings": Class(SLOTS - 1, 256, 30.0, 3, least=1),
    "pages": Class(SLOTS - 2, 256, 20.0, 5, least=1),
    "readings": Class(3, 64, 10.0, 5, least=1),
    "parts": Class(SLOTS - 4, 256, 20.0, 10, least=1),
    "statistics": Class(2, 32, 20.0, 15),
    "public": Class(2, 32, 5.0, 15, least=1),
}
"""In the order in which they go."""
FIRST = ("/login", "/logout", "/healthz", "/metrics", "/live/")
WARNINGS = (
    "/warnings/",
    "/bulletins/",
    "/deliveries/",
    "/calls/",
    "/api/v1/warnings",
    "/api/v1/bulletins",
    "/api/v1/calls",
)
STATISTICS = ("/reviews/", "/series/", "/audit/", "/find/", "/proofs/", "/system/", "/jobs/", "/own/", "/product/",
              "/api/v1/events", "/api/v1/audit")  # fmt: skip
PUBLIC = ("/feeds/", "/public/", "/help/", "/manifest/")
FEEDS = frozenset({"/feeds/cap.atom", "/feeds/cap/", "/feeds/warnings.geojson"})
"""What is in force, for thousands at once: asked once a second for all of them, that is as urgent as a press."""
SHEETS = (".csv", ".xlsx", ".pdf")
READINGS = "/api/v1/readings"
READS = frozenset({"GET", "HEAD", "OPTIONS"})


class Full(Exception):
    """No room: `again_s` is when to ask again, in seconds."""

    def __init__(self, again_s: int) -> None:
        super().__init__(again_s)
        self.again_s = again_s


def class_of(method: str, path: str, *, part: bool = False, shared: bool = False) -> str:
    """`part`: an open page fetches it by itself (htmx). `shared`: asked once for all who wait (shared.py). A press is
    never behind somebody's reading."""
    if shared and path in FEEDS:
        return "first"
    if shared:
        return "warnings"
    if path.startswith(READINGS):
        return "readings"
    if path.startswith(PUBLIC):
        return "public"
    if method not in READS:
        return "first"
    if path.startswith(STATISTICS) or path.endswith(SHEETS):
        return "statistics"
    if part:
        return "parts"
    if path.startswith(FIRST):
        return "first"
    return "warnings" if path.startswith(WARNINGS) else "pages"


class Room:
    """`enter` before a request, `leave` after it; of one event loop."""

    def __init__(self, slots: int = SLOTS, classes: Mapping[str, Class] = CLASSES) -> None:
        self.slots, self.classes = slots, classes
        self.running = dict.fromkeys(classes, 0)
        self.waiting: dict[str, deque[asyncio.Future[None]]] = {name: deque() for name in classes}

    async def enter(self, name: str) -> None:
        """Returns when it is this request's turn. Raises Full."""
        kind = self.classes[name]
        if len(self.waiting[name]) >= kind.waits:
            WEB_REFUSED.labels(name).inc()
            raise Full(kind.again_s)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting[name].append(turn)
        self._call()
        try:
            await asyncio.wait({turn}, timeout=kind.patience_s)
        except asyncio.CancelledError:
            if turn.done():
                self.leave(name)
            else:
                self._away(name, turn)
            raise
        if not turn.done():
            self._away(name, turn)
            WEB_REFUSED.labels(name).inc()
            raise Full(kind.again_s)

    def leave(self, name: str) -> None:
        self.running[name] -= 1
        self._call()

    def _away(self, name: str, turn: asyncio.Future[None]) -> None:
        self.waiting[name].remove(turn)
        self._tell()

    def _call(self) -> None:
        """Give every free place to the first who may have it."""
        for least in (True, False):
            for name, kind in self.classes.items():
                self._take(name, kind.least if least else kind.most)
        self._tell()

    def _take(self, name: str, most: int) -> None:
        queue = self.waiting[name]
        while queue and self.running[name] < most and sum(self.running.values()) < self.slots:
            queue.popleft().set_result(None)
            self.running[name] += 1

    def _tell(self) -> None:
        for name in self.classes:
            WEB_WAITING.labels(name).set(len(self.waiting[name]))
            WEB_RUNNING.labels(name).set(self.running[name])


def refusal(headers: Mapping[bytes, bytes], path: str, again_s: int) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Headers and body of a 503 as the asker understands it: a page in both languages, or RFC 9457 for a program."""
    zh = f"系统正忙，先办预警。请在 {again_s} 秒后再试；填的内容还在。"
    en = f"The system is busy and sees to warnings first. Try again in {again_s} s; what you typed is kept."
    if b"text/html" in headers.get(b"accept", b"") and not path.startswith("/api/"):
        kind = b"text/html; charset=utf-8"
        body = (
            f'<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>{escape(zh)}</title>'
            f"<h1>{escape(zh)}</h1><p lang=en>{escape(en)}</p></html>"
        )
    else:
        kind = b"application/problem+json"
        body = f'{{"type":"about:blank","title":"Service Unavailable","status":503,"code":"core.busy","detail":"{en}"}}'
    return [
        (b"content-type", kind),
        (b"retry-after", str(again_s).encode()),
        (b"cache-control", b"no-store"),
        (b"content-length", str(len(body.encode())).encode()),
    ], body.encode()


def head_of(scope: Mapping[str, Any]) -> dict[bytes, bytes]:
    return {bytes(name).lower(): bytes(value) for name, value in scope["headers"]}
