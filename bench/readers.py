"""`./fengsui bench readers`: readings committed per second while fifty people look at pages.

ours     `ingest.service` on the broker's stream, as `bench ingest` measures it, with fifty people at the real server:
         each looks at the first page, a list or a station every five seconds over a kept connection
alone    (limit) the same without anybody

Interleaved. A run that loses a reading has no rate, and one in which a page was not answered has none either; how long
the pages took meanwhile is printed and kept.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import random
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import _shared
from _shared import Goal

PEOPLE, EVERY_S = 50, 5.0


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./fengsui bench readers")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--messages", type=int, default=20_000)
    options = parser.parse_args(arguments)
    os.environ |= {"FENGSUI_DEMO": "1", "FENGSUI_LOG_LEVEL": "ERROR"}
    _shared.ready()
    from tests.contracts.brokers import Nats
    from tests.contracts.story import client_of, tell

    import desk
    import ingest
    from fengsui.ingest.service import tune

    tune()
    story = tell()
    cookie = "; ".join(f"{name}={each.value}" for name, each in client_of("duty").cookies.items())
    pages = ["/", "/desk/parts/burning", "/clocks/?view=all", "/stations/", f"/stations/{story.ids['code']}/"]
    with tempfile.TemporaryDirectory() as folder, desk._serving(*desk.SERVERS["ours"]) as port:
        broker = Nats(Path(folder)).start()
        try:
            return _run(ingest.Bench(broker, options.rounds, options.messages), port, cookie, pages)
        finally:
            broker.kill()


def _run(bench: Any, port: int, cookie: str, pages: list[str]) -> int:
    from fengsui.apps.sensing.models import Observation

    bench._make_streams()
    bench._stored = Observation.objects.count()
    asyncio.run(bench._open_all())
    took: list[float] = []
    going: dict[str, Any] = {}

    def home() -> None:
        """Whoever looks at pages goes home, and tells how long they took."""
        if going:
            going["end"].set()
            took.extend(going["told"].get(timeout=60))
            going["people"].join()
            going.clear()

    def before(side: str) -> None:
        home()
        asyncio.run(bench._fill("fs", bench.messages, 1))
        if side == "ours":
            context = multiprocessing.get_context("spawn")
            going["end"], going["told"] = context.Event(), context.Queue()
            going["people"] = context.Process(target=_people, args=(port, cookie, pages, going["end"], going["told"]))
            going["people"].start()
            going["told"].get(timeout=60)  # everybody has had a page

    def taken() -> int:
        stored = bench._stored
        asyncio.run(bench._ours(bench.messages, 1))
        return bench._stored - stored

    _shared.measure(
        "readers", "1 a message, 50 people", {"ours": taken, "alone": taken}, bench.messages, rounds=bench.rounds,
        unit="readings", goal=Goal(">= 0.5 x alone", "alone", 2), before=before,
    )  # fmt: skip
    home()
    if not took:
        raise SystemExit("readers: nobody got a page meanwhile: no rate")
    p95 = _shared.p(took, 0.95)
    print(f"{len(took)} pages meanwhile, median {statistics.median(took):.0f} ms")
    _shared.times("readers", "pages meanwhile, p95", {"ours": [p95]}, goal="p95 < 1000 ms", met=p95 < 1000)
    return 0


def _people(port: int, cookie: str, pages: list[str], end: Any, told: Any) -> None:
    """Fifty people in a process of their own; `told` gets a word once all had a page, at the end their milliseconds."""
    import desk

    took: list[float] = []

    async def one(n: int) -> None:
        await _look(n)
        had.append(n)
        if len(had) == PEOPLE:
            told.put("all")
        while True:
            await asyncio.sleep(EVERY_S * random.uniform(0.5, 1.5))
            if end.is_set():
                return
            took.append(await _look(random.randrange(len(pages))))

    async def _look(n: int) -> float:
        began = time.perf_counter()
        where = pages[n % len(pages)]
        if await desk._ask(port, where, cookie, b"<", count=1, users=1) != 1:
            raise SystemExit(f"readers: {where} was not answered: no rate")
        return (time.perf_counter() - began) * 1000

    async def everybody() -> None:
        await asyncio.gather(*(one(n) for n in range(PEOPLE)))

    had: list[int] = []
    asyncio.run(everybody())
    told.put(took)


if __name__ == "__main__":
    raise SystemExit(main([]))
