"""`./fengsui bench push`: a change told to every open page, and all pages coming back at once.

told      from NOTIFY to the last byte at each client, p50 and p99 over all clients and notices
back      every client's connection is cut; time until each has its first frame on a new one
ours      the platform's server (granian, one worker, the ASGI root), a signed ticket checked for each client
limit     a bare asyncio server on one LISTEN that writes the same frames to everybody, no ticket, no topics
peer      the same bare server behind granian as an ASGI application: what the web server itself costs

Clients are plain sockets in one process. Every client must get every notice and come back, else there is no figure.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import _shared

PATIENCE_S = 60.0
HERE = Path(__file__).resolve()


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./fengsui bench push")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--notices", type=int, default=10)
    options = parser.parse_args(arguments)
    _shared.ready()
    _shared.sql("SELECT 1")
    few: dict[str, float] = {}
    for clients in (options.clients // 10, options.clients):
        _sized(clients, options.rounds, options.notices, few, last=clients == options.clients)
    return 0


def _sized(clients: int, rounds: int, notices: int, few: dict[str, float], *, last: bool) -> None:
    import statistics

    told: dict[str, dict[str, list[float]]] = {"p50": {}, "p99": {}, "back": {}}
    for _ in range(rounds):
        for side in ("ours", "limit", "peer"):
            with _serving(side) as port:
                late, back = asyncio.run(Clients(port, side, clients, notices).run(notices))
            told["p50"].setdefault(side, []).append(_shared.p(late, 0.5))
            told["p99"].setdefault(side, []).append(_shared.p(late, 0.99))
            told["back"].setdefault(side, []).append(back)
    print(f"\n{clients:,} clients, {notices} notices, {rounds} rounds; {_shared.load()}")
    goals = {"p50": ("", 0.0), "p99": ("p99 <= 2.5 x limit", 2.5), "back": ("back <= 3 x limit", 3.0)}
    for name, sides in told.items():
        words, most = goals[name]
        costs = [a / b for a, b in zip(sides["ours"], sides["limit"], strict=True)]
        met = statistics.median(costs) <= most if most else None
        mine = statistics.median(sides["ours"])
        path = "all back" if name == "back" else f"told, {name}"
        _shared.times(
            "push", f"{path}, {clients:,} clients", sides, goal=words, met=met,
            exponent=_shared.growth(few[name], mine) if last else None,
        )  # fmt: skip
        few.setdefault(name, mine)


class Clients:
    """Open streams of one process; `late` are the milliseconds of every notice at every client."""

    def __init__(self, port: int, side: str, count: int, notices: int) -> None:
        from fengsui.core import live
        from fengsui.core.worlds import LIVE

        self.port, self.count, self.world = port, count, str(LIVE)
        # A topic for each notice: more news of one topic wait until its many pages have fetched (core/live_pace).
        ticket = live.ticket(LIVE, [f"bench-{n}" for n in range(notices)], None) if side == "ours" else "x"
        self.ask = (
            f"GET /live?ticket={ticket} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n".encode()
        )
        self.late: list[float] = []
        self.got: dict[str, int] = {}
        self.first = 0
        self.open: list[asyncio.StreamWriter] = []

    async def run(self, notices: int) -> tuple[list[float], float]:
        tasks = await self._connect()
        with _shared.bare(autocommit=True) as asked:
            for n in range(notices):
                name = f"bench-{n}"
                payload = json.dumps({"w": self.world, "t": [name]}, separators=(",", ":"))
                self.sent, seen = time.perf_counter(), len(self.late)
                asked.execute("SELECT pg_notify('fengsui_live', %s)", [payload])
                await self._until(lambda seen=seen: len(self.late) >= seen + self.count, f"notice {n}")
                await asyncio.sleep(0.05)
        if len(self.late) != notices * self.count:
            raise SystemExit(f"push: {len(self.late):,} of {notices * self.count:,} notices arrived: no figure")
        for each in self.open:
            each.transport.abort()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.open, self.first = [], 0
        began = time.perf_counter()
        tasks = await self._connect()
        back = (time.perf_counter() - began) * 1000
        for each in self.open:
            each.transport.abort()
        await asyncio.gather(*tasks, return_exceptions=True)
        return self.late, back

    async def _connect(self) -> list[asyncio.Task[None]]:
        tasks = [asyncio.create_task(self._client()) for _ in range(self.count)]
        await self._until(lambda: self.first >= self.count, "connecting")
        return tasks

    async def _client(self) -> None:
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                break
            except OSError:  # the queue of new connections is full: a browser tries again, too
                await asyncio.sleep(0.05)
        self.open.append(writer)
        writer.write(self.ask)
        greeted = False
        with suppress(OSError, asyncio.IncompleteReadError):
            while data := await reader.read(65536):
                if not greeted and b"event:" in data:
                    greeted = True
                    self.first += 1
                if b'"topic":"bench-' in data:
                    self.late.append((time.perf_counter() - self.sent) * 1000)

    async def _until(self, done: Any, what: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not done():
            if time.monotonic() > deadline:
                raise SystemExit(f"push: {what}: not all of {self.count:,} clients got it: no figure")
            await asyncio.sleep(0.002)


@contextmanager
def _serving(side: str) -> Iterator[int]:
    from tests.contracts.brokers import free_port

    port = free_port()
    if side == "limit":
        command = [sys.executable, str(HERE), str(port)]
    else:
        what = "fengsui.config.asgi:app" if side == "ours" else "push:Bare"
        more = ["--factory"] if side == "peer" else []
        command = [
            sys.executable, "-m", "granian", "--interface", "asgi", "--host", "127.0.0.1", "--port", str(port),
            "--workers", "1", "--workers-kill-timeout", "1", "--loop", "asyncio", "--no-ws", "--log-level", "warning",
            *more, what,
        ]  # fmt: skip
    path = f"{HERE.parent}:{os.environ['PYTHONPATH']}"
    env = os.environ | {"PYTHONPATH": path, "FENGSUI_LOG_LEVEL": "ERROR", "FENGSUI_PORT": str(port)}
    server = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port)
        yield port
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_for(port: int) -> None:
    """The port is open and the server listens to the database: both take a moment after the start."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            if _shared.sql(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                "AND query LIKE 'LISTEN fengsui_live%'"
            ):
                return
        time.sleep(0.1)
    raise SystemExit("push: the server does not answer")


# --- the bare servers -------------------------------------------------------------------------------------------------


async def _listen(spread: Any) -> None:
    import psycopg

    url = os.environ["FENGSUI_DATABASE_URL"]
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute("LISTEN fengsui_live")
        async for notice in connection.notifies():
            for topic in json.loads(notice.payload)["t"]:
                spread(f"event: topic\ndata: {json.dumps({'topic': topic}, separators=(',', ':'))}\n\n".encode())


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n\r\nevent: beat\ndata: {}\n\n"


async def _bare(port: int) -> None:
    writers: set[asyncio.StreamWriter] = set()

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD)
        writers.add(writer)
        with suppress(OSError):
            await reader.read()  # until it is gone
        writers.discard(writer)

    def spread(frame: bytes) -> None:
        for each in writers:
            each.write(frame)

    server = await asyncio.start_server(client, "127.0.0.1", port, backlog=2048)
    async with server:
        await _listen(spread)


class Bare:
    """The same as an ASGI application."""

    def __init__(self) -> None:
        self.queues: set[asyncio.Queue[bytes]] = set()
        self.task: asyncio.Task[None] | None = None

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            while True:
                kind = (await receive())["type"]
                if kind == "lifespan.startup":
                    self.task = asyncio.create_task(_listen(self._spread))
                await send({"type": f"{kind}.complete"})
                if kind == "lifespan.shutdown":
                    return
        queue: asyncio.Queue[bytes] = asyncio.Queue()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        await send({"type": "http.response.body", "body": b"event: beat\ndata: {}\n\n", "more_body": True})
        self.queues.add(queue)
        gone = asyncio.create_task(self._gone(receive))
        try:
            while not gone.done():
                taken = asyncio.create_task(queue.get())
                await asyncio.wait({taken, gone}, return_when=asyncio.FIRST_COMPLETED)
                if not taken.done():
                    taken.cancel()
                    break
                await send({"type": "http.response.body", "body": taken.result(), "more_body": True})
        finally:
            self.queues.discard(queue)
            gone.cancel()

    def _spread(self, frame: bytes) -> None:
        for each in self.queues:
            each.put_nowait(frame)

    async def _gone(self, receive: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass


if __name__ == "__main__":
    asyncio.run(_bare(int(sys.argv[1])))
