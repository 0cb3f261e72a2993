"""`./fengsui bench fanout`: bulletins out of the house, to a receiver on this machine that takes everything.

send     the outlet alone: rendered, signed, sent, the receipt read (webhook: 32 threads, mail: 8)
whole    the deliveries as the worker does them: a job fetched, its row and up to 49 others of the outlet locked with
         their jobs, gate asked again, sent, attempts and receipts written, announced, the bulletins' clocks looked at,
         the jobs removed; one transaction for all (8 threads in two processes; each delivery is of its own bulletin)
limit    the barest sender to the same receiver: the same bytes rendered once, written to kept sockets by asyncio
peer     webhook: http.client, a connection a message; mail: an EmailMessage rendered for each by smtplib, a connection
         a message

The receiver counts what came under how many keys: a message lost or doubled, and there is no rate. An outlet by webhook
or mail is one address, so a bulletin makes some ten such deliveries; the table's goals (0.2 x and 0.4 x the limit for a
whole delivery) are meant for lists, and are judged all the same.

sms      text messages to --recipients registered numbers (at most 1 000 000), see _smpp.py

Helped a little: asking the environment for a proxy once a process instead of once a push. On a busy machine the request
alone took 0.15 to 0.4 instead of 0.65 ms of CPU, the whole push 0.45 instead of 0.57.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import multiprocessing
import os
import signal
import smtplib
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import _shared
from _shared import Goal
from _smpp import Texts

THREADS = {"webhook": 32, "mail": 8}
PROCESSES, WORKERS = 2, 4
MAIL_GOAL = Goal(">= 0.4 x limit", "limit", 2.5)
HERE = Path(__file__).resolve()
MAIL_TO = ["duty@example.invalid"]
SECRET = "bench"  # noqa: S105 - of a receiver that takes everything


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./fengsui bench fanout")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--messages", type=int, default=1000)
    parser.add_argument("--deliveries", type=int, default=200)
    parser.add_argument("--recipients", type=int, default=20_000, help="registered numbers; 1000000 by hand")
    parser.add_argument("--peer", default="", metavar="PYTHON", help="of an environment that holds smpplib")
    parser.add_argument("--only", choices=["webhook", "mail", "sms"])
    options = parser.parse_args(arguments)
    sys.path.insert(0, str(HERE.parents[1]))
    from tests.contracts.brokers import free_port

    ports = free_port(), free_port()
    os.environ |= {
        "BENCH_SINK": f"http://127.0.0.1:{ports[0]}/", "FENGSUI_SMTP_URL": f"smtp://127.0.0.1:{ports[1]}",
        "FENGSUI_WEBHOOK_SECRET": SECRET,
    }  # fmt: skip
    _shared.ready()
    sink = subprocess.Popen([sys.executable, str(HERE), *map(str, ports)])
    try:
        _wait(ports)
        return Bench(ports, options).run()
    finally:
        sink.send_signal(signal.SIGKILL)
        sink.wait()


def _wait(ports: tuple[int, int]) -> None:
    import socket

    for port in ports:
        for _ in range(200):
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            time.sleep(0.05)
        else:
            raise SystemExit("fanout: the receiver does not answer")


class Bench:
    def __init__(self, ports: tuple[int, int], options: argparse.Namespace) -> None:
        from tests.contracts.story import tell

        from fengsui.apps.alerts.actions import parcels
        from fengsui.apps.alerts.models import Delivery, Outlet

        self.http, self.smtp = ports
        self.rounds, self.messages, self.deliveries = options.rounds, options.messages, options.deliveries
        self.recipients, self.peer, self.only = options.recipients, options.peer, options.only
        self.story = tell()
        for name, channel, address in (
            ("webhook", "webhook", {"env": "BENCH_SINK"}),
            ("mail", "email", {"to": MAIL_TO}),
        ):
            Outlet.objects.create(code=f"bench-{name}", channel=channel, name=name, min_level=1, address=address)
        row = Delivery(
            world_id=self.story.bulletin.world_id, bulletin=self.story.bulletin,
            outlet=Outlet.objects.get(pk="bench-webhook"), created_at=self.story.now,
        )  # fmt: skip
        self.parcel = parcels.parcel_of(row)

    def run(self) -> int:
        from django.db import connections

        connections.close_all()
        with multiprocessing.get_context("spawn").Pool(PROCESSES, _prepare) as self.pool:
            for kind in ("webhook", "mail"):
                if self.only in (None, kind):
                    self._both(kind, Goal(">= 0.2 x limit", "limit", 5) if kind == "webhook" else MAIL_GOAL)
            if self.only in (None, "sms"):
                Texts(self).run()
        return 0

    def _both(self, kind: str, goal: Goal) -> None:
        sides: dict[str, Callable[[], int]] = {
            "ours": lambda: self._counted(self._send, kind),
            "limit": lambda: self._counted(self._bare, kind),
            "peer": lambda: self._counted(self._peer, kind),
        }
        _shared.measure("fanout", f"{kind}, send", sides, self.messages, rounds=self.rounds, unit="messages", goal=goal)
        whole: dict[str, Callable[[], int]] = {
            "ours": lambda: self._whole(kind),
            "limit": lambda: self._counted(self._bare, kind, self.deliveries),
        }
        self._make(kind, 4 * PROCESSES * WORKERS)
        self._whole(kind)  # pays for the workers' imports and connections
        few = 0.0
        for more in (False, True):
            took = _shared.measure(
                "fanout", f"{kind}, whole{'' if more else ' (few before)'}", whole, self.deliveries, rounds=self.rounds,
                unit="deliveries", goal=goal if more else None, history=f"{self._held():,} deliveries before",
                exponent=(lambda now, few=few: _shared.growth(few, now)) if more else None,
                before=lambda side: self._make(kind, self.deliveries) if side == "ours" else None,
            )  # fmt: skip
            if not more:
                few = took
                self._make(kind, 9 * self._held(), state="acknowledged")

    def _held(self) -> int:
        return int(_shared.sql("SELECT count(*) FROM alerts_delivery WHERE outlet_id LIKE 'bench-%'"))

    def _counted(self, work: Callable[[str, int], None], kind: str, count: int = 0) -> int:
        before = self._came(kind)
        work(kind, count or self.messages)
        after = self._came(kind)
        if after["messages"] - before["messages"] != after["keys"] - before["keys"]:
            raise SystemExit(f"fanout, {kind}: {after} after {before}: a message came twice: no rate")
        return after["keys"] - before["keys"]

    def _came(self, kind: str) -> dict[str, int]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http}/count") as answer:
            return json.loads(answer.read())[kind]

    def _send(self, kind: str, count: int) -> None:
        from fengsui.core.ports import port
        from fengsui.kernel.ports.outlets import Address

        outlet = port("outlet", "webhook" if kind == "webhook" else "email")
        address = Address(env="BENCH_SINK") if kind == "webhook" else Address(to=("duty@example.invalid",))

        def one(_n: int) -> None:
            if outlet.send(replace(self.parcel, key=str(uuid.uuid4())), address).state != "acknowledged":
                raise SystemExit(f"fanout, {kind}: no receipt: no rate")

        with ThreadPoolExecutor(THREADS[kind]) as threads:
            list(threads.map(one, range(count)))

    def _bare(self, kind: str, count: int) -> None:
        from fengsui.catalog.channels import channel

        body = channel("webhook" if kind == "webhook" else "email").render(self.parcel)
        asyncio.run(_bare_webhook(self.http, body, count) if kind == "webhook" else _bare_mail(self.smtp, body, count))

    def _peer(self, kind: str, count: int) -> None:
        from fengsui.catalog.channels import channel

        def one(_n: int) -> None:
            key = str(uuid.uuid4())
            parcel = replace(self.parcel, key=key)
            if kind == "webhook":
                asked = http.client.HTTPConnection("127.0.0.1", self.http)
                asked.request("POST", "/", channel("webhook").render(parcel), {"X-Key": key})
                asked.getresponse().read()
                asked.close()
            else:
                with smtplib.SMTP("127.0.0.1", self.smtp) as server:
                    server.sendmail("a@example.invalid", ["b@example.invalid"], channel("email").render(parcel))

        with ThreadPoolExecutor(THREADS[kind]) as threads:
            list(threads.map(one, range(count)))

    def _make(self, kind: str, count: int, state: str = "pending") -> None:
        """`count` issued warnings with a bulletin and one delivery each."""
        from pages import _copies

        run, status = uuid.uuid4().hex[:6], "issued" if state == "pending" else "lifted"
        _copies(
            "alerts_warning", f"id = '{self.story.warning.pk}'", count, id=f"md5('{run}' || n)::uuid",
            status=f"'{status}'", hazard=f"'{run}' || n", correlation="gen_random_uuid()",
        )  # fmt: skip
        _copies(
            "alerts_bulletin", f"id = '{self.story.bulletin.pk}'", count, id="gen_random_uuid()",
            identifier=f"'{run}.' || n", number=f"'{run}' || n", correlation="gen_random_uuid()",
            warning_id=f"md5('{run}' || n)::uuid",
            expires_at="now() + interval '1 day'",
        )  # fmt: skip
        outlet = f"bench-{kind}"
        _shared.sql(
            "INSERT INTO alerts_delivery (id, world_id, bulletin_id, outlet_id, state, attempts_made, created_at, "
            "next_try_at, receipt, reason) SELECT gen_random_uuid(), b.world_id, b.id, %s, %s, 0, now(), now(), "
            "'{}', '' FROM alerts_bulletin b WHERE b.number LIKE %s",
            [outlet, state, f"{run}%"],
        )
        if state == "pending":
            _shared.sql(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, priority, args, status) SELECT 'deliver', "
                "'alerts.deliver', 10 * b.level, jsonb_build_object('delivery_id', d.id), 'todo' "
                "FROM alerts_delivery d JOIN alerts_bulletin b ON b.id = d.bulletin_id WHERE b.number LIKE %s",
                [f"{run}%"],
            )
        _shared.sql("ANALYZE alerts_warning, alerts_bulletin, alerts_delivery, procrastinate_jobs")

    def _whole(self, kind: str) -> int:
        from fengsui.apps.alerts.models import Delivery

        before = self._came(kind)["keys"]
        rows = Delivery.objects.all_worlds("a bench").filter(outlet_id=f"bench-{kind}", state="pending")
        keys = [str(key) for key in rows.values_list("pk", flat=True)]
        self.pool.map(_drain, range(PROCESSES), chunksize=1)
        done = Delivery.objects.all_worlds("a bench").filter(pk__in=keys, state="acknowledged").count()
        return min(done, self._came(kind)["keys"] - before)


# --- in the workers ---------------------------------------------------------------------------------------------------


_threads: list[ThreadPoolExecutor] = []


def _prepare() -> None:
    import django

    django.setup()
    _threads.append(ThreadPoolExecutor(WORKERS))


def _drain(_process: int) -> None:
    """As the worker's lane does: the next job is fetched, run and removed, until there is none."""
    list(_threads[0].map(lambda _n: _lane(), range(WORKERS)))


def _lane() -> None:
    from fengsui.apps.alerts import jobs

    while found := _shared.sql(
        "SELECT ARRAY[id::text, args ->> 'delivery_id'] FROM procrastinate_fetch_job_v2(ARRAY['deliver']::varchar[], "
        "NULL) WHERE id IS NOT NULL"
    ):
        jobs.deliver(delivery_id=found[1])
        _shared.sql("SELECT procrastinate_finish_job_v1(%s, 'succeeded', true)", [int(found[0])])


# --- the barest senders -----------------------------------------------------------------------------------------------


async def _bare_webhook(port: int, body: bytes, count: int, connections: int = 32) -> None:
    async def one(share: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(share):
            key = uuid.uuid4().hex.encode()
            writer.write(
                b"POST / HTTP/1.1\r\nHost: sink\r\nContent-Type: application/json\r\nX-Key: " + key
                + b"\r\nContent-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body
            )  # fmt: skip
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split()[0])
            await reader.readexactly(length)
        writer.close()

    await asyncio.gather(*(one(len(range(at, count, connections))) for at in range(min(connections, count))))


async def _bare_mail(port: int, body: bytes, count: int, connections: int = 8) -> None:
    async def one(share: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await reader.readline()
        writer.write(b"HELO bench\r\n")
        await reader.readline()
        for _ in range(share):
            key = uuid.uuid4().hex.encode()
            for command in (b"MAIL FROM:<a@example.invalid>", b"RCPT TO:<b@example.invalid>", b"DATA"):
                writer.write(command + b"\r\n")
                await reader.readline()
            writer.write(b"X-Fengsui-Key: " + key + b"\r\n" + body.replace(b"X-Fengsui-Key", b"X-Old") + b"\r\n.\r\n")
            await reader.readline()
        writer.close()

    await asyncio.gather(*(one(len(range(at, count, connections))) for at in range(min(connections, count))))


# --- the receiver -----------------------------------------------------------------------------------------------------


async def _sink(http_port: int, smtp_port: int) -> None:
    came = {"webhook": [0, set[bytes]()], "mail": [0, set[bytes]()]}

    def count(kind: str, key: bytes) -> None:
        came[kind][0] += 1  # type: ignore[operator]  # the first of the pair is a count
        came[kind][1].add(key)  # type: ignore[union-attr]  # the second is a set

    async def http_client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                if head.startswith(b"GET /count"):
                    body = json.dumps({k: {"messages": n, "keys": len(s)} for k, (n, s) in came.items()}).encode()  # type: ignore[arg-type]
                else:
                    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
                    await reader.readexactly(int(fields[b"content-length"]))
                    key = fields.get(b"x-key") or fields.get(b"idempotency-key") or fields[b"x-fengsui-key"]
                    count("webhook", key)
                    body = b'{"id":"' + key + b'"}'
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
                    + str(len(body)).encode() + b"\r\n\r\n" + body
                )  # fmt: skip
        writer.close()

    async def smtp_client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 bench\r\n")
        with suppress(OSError, asyncio.IncompleteReadError):
            while line := await reader.readline():
                verb = line[:4].upper()
                if verb == b"DATA":
                    writer.write(b"354 go on\r\n")
                    mail = await reader.readuntil(b"\r\n.\r\n")
                    at = mail.index(b"X-Fengsui-Key: ") + 15
                    count("mail", mail[at : mail.index(b"\r\n", at)])
                    writer.write(b"250 taken\r\n")
                elif verb == b"QUIT":
                    writer.write(b"221 bye\r\n")
                    break
                else:
                    writer.write(b"250 bench\r\n")
        writer.close()

    one = await asyncio.start_server(http_client, "127.0.0.1", http_port, limit=2**22, backlog=512)
    two = await asyncio.start_server(smtp_client, "127.0.0.1", smtp_port, limit=2**22, backlog=512)
    await asyncio.gather(one.serve_forever(), two.serve_forever())


if __name__ == "__main__":
    asyncio.run(_sink(int(sys.argv[1]), int(sys.argv[2])))
