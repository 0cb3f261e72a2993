"""The part of `bench fanout` about text messages: sides to the same message centre, a process of its own.

send     the outlet alone, told by a book that keeps nothing
whole    a delivery as its jobs do it: the list in batches of 2 000; each claimed, the gate asked, sent, answers kept
         in strides of half a window, the receipt (two worker processes)
limit    the barest sender: the same bytes by asyncio, a window of 200, nothing remembered
peer     smpplib in an environment of its own (--peer PYTHON), one connection, answers read by a second thread

Where a number's CPU goes, sampled in the workers: 22 microseconds in the thread that sends (a third of it writes the
book, a tenth asks the last gate), 5 in the loop of the connections, 10 in the database. A row for all that was answered
alike between two writes of the book, not one for each number, took two index entries and a row from every number.
"""

from __future__ import annotations

import asyncio
import os
import struct
import subprocess
import sys
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import _shared
from _shared import Goal

HEADER = struct.Struct(">IIII")
WINDOW = 200
OUTLET = "bench-sms"
PEER = """
import socket, sys, threading, logging
import smpplib.client, smpplib.consts
logging.disable(logging.CRITICAL)
port, first, count, text = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), bytes.fromhex(sys.argv[4])
client = smpplib.client.Client("127.0.0.1", port, allow_unknown_opt_params=True)
window, done, answered = threading.Semaphore(200), threading.Event(), [0]
def taken(pdu):
    window.release()
    answered[0] += 1
    if answered[0] == count:
        done.set()
client.set_message_sent_handler(taken)
client.connect()
client.bind_transceiver(system_id="account", password="secret")
threading.Thread(target=client.listen, daemon=True).start()
for n in range(first, first + count):
    window.acquire()
    client.send_message(source_addr="106", dest_addr_npi=1, destination_addr="13%09d" % n, data_coding=8,
                        **({"message_payload": text, "short_message": b""} if len(text) > 254
                           else {"short_message": text}))
done.wait(600)
print(answered[0])
"""


class Texts:
    """`bench`: of fanout, for its story, its pool of workers and its options."""

    def __init__(self, bench: Any) -> None:
        self.bench, self.recipients, self.rounds = bench, bench.recipients, bench.rounds

    def run(self) -> None:
        from tests.contracts.brokers import free_port
        from tests.contracts.smsc import centre

        from fengsui.apps.alerts.models import Outlet

        with ExitStack() as stack:
            folder = Path(stack.enter_context(TemporaryDirectory()))
            self.centre = stack.enter_context(centre(free_port(), folder / "came.txt"))
            # One message a person, whatever its length: the sides are compared by the message.
            os.environ["BENCH_SMPP"] = self.centre.url(source="106", long="payload")
            Outlet.objects.create(code=OUTLET, channel="sms", name="sms", min_level=1, address={"env": "BENCH_SMPP"})
            _shared.sql(
                "INSERT INTO alerts_recipient (number, area_code, added_at) SELECT '13' || lpad(n::text, 9, '0'), "
                "%s, now() FROM generate_series(0, %s) n", [self.bench.story.bulletin.area_code, self.recipients - 1],
            )  # fmt: skip
            _shared.sql("ANALYZE alerts_recipient")
            self._measure()

    def _measure(self) -> None:
        messages = min(self.recipients, 20_000)
        send: dict[str, Callable[[], int]] = {
            "ours": lambda: self._counting(self._send, messages),
            "limit": lambda: self._counting(self._bare, messages),
        }
        if self.bench.peer:
            send["peer"] = lambda: self._counting(self._peer, messages)
        self._send(1)
        _shared.measure(
            "fanout", "sms, send", send, messages, rounds=self.rounds, unit="messages",
            goal=Goal(">= 0.2 x limit", "limit", 5),
        )  # fmt: skip
        whole: dict[str, Callable[[], int]] = {
            "ours": lambda: self._counting(self._whole, self.recipients),
            "limit": lambda: self._counting(self._bare, self.recipients),
        }
        if self.bench.peer:
            whole["peer"] = lambda: self._counting(self._peer, self.recipients)
        self._delivery()
        self._whole(self.recipients)  # pays for the workers' imports and connections
        _shared.measure(
            "fanout", "sms, whole", whole, self.recipients, rounds=self.rounds, unit="recipients",
            goal=Goal(">= 0.2 x limit", "limit", 5), history=f"{self.recipients:,} registered",
            before=lambda side: self._delivery() if side == "ours" else None,
        )  # fmt: skip

    def _counting(self, work: Callable[[int], None], count: int) -> int:
        """How many different numbers came; one that came twice ends the bench."""
        at = self.centre.file.stat().st_size
        work(count)
        with open(self.centre.file) as book:
            book.seek(at)
            came = book.read().split()
        if len(set(came)) != len(came):
            raise SystemExit(f"fanout, sms: {len(came)} messages to {len(set(came))} numbers: no rate")
        return len(came)

    def _send(self, count: int) -> None:
        from fengsui.core.ports import port
        from fengsui.kernel.ports.outlets import Address

        numbers = {n: f"13{n:09d}" for n in range(count)}
        address = Address(env="BENCH_SMPP")
        port("outlet", "sms").carry(self.bench.parcel, address, numbers, again=True, book=lambda told, out: True)

    def _form(self) -> tuple[bytes, bytes]:
        from fengsui.engines.outlets.sms import _forms, _providers
        from fengsui.kernel.ports.outlets import Address

        provider = _providers(Address(env="BENCH_SMPP"))[0]
        [form] = _forms(provider, self._text(), self.bench.parcel)
        return form

    def _text(self) -> str:
        from fengsui.catalog.channels import channel

        return channel("sms").render(self.bench.parcel).decode()

    def _bare(self, count: int) -> None:
        head, tail = self._form()
        asyncio.run(_sender(self.centre.port, head, tail, count))

    def _peer(self, count: int) -> None:
        text = self._text().encode("utf-16-be").hex()
        command = [self.bench.peer, "-c", PEER, str(self.centre.port), "0", str(count), text]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.stdout.strip() != str(count):
            raise SystemExit(f"fanout, smpplib: {done.stdout} {done.stderr[-500:]}")

    def _delivery(self) -> None:
        """An issued warning with a bulletin and one delivery to everybody registered."""
        self.bench._make("sms", 1)

    def _whole(self, count: int) -> None:
        from django.utils import timezone

        from fengsui.apps.alerts.actions import sending
        from fengsui.apps.alerts.models import Delivery

        row = Delivery.objects.all_worlds("a bench").get(outlet_id=OUTLET, state="pending")
        sending.deliver(delivery_id=row.pk, now=timezone.now())
        self.bench.pool.map(_carry, [(str(row.pk), os.environ["BENCH_SMPP"])] * 2, chunksize=1)
        row.refresh_from_db()
        if row.state != "acknowledged" or row.receipt["sent"] != count or row.receipt["uncertain"]:
            raise SystemExit(f"fanout, sms: {row.state} {row.reason} {row.receipt}: no rate")


def _carry(told: tuple[str, str]) -> None:
    """(delivery, providers): batch after batch, as a lane of the worker takes its jobs."""
    from fengsui.apps.alerts.actions import mass

    os.environ["BENCH_SMPP"] = told[1]
    while mass.send_next(delivery_id=uuid.UUID(told[0])):
        pass


async def _sender(port: int, head: bytes, tail: bytes, count: int) -> None:
    loop = asyncio.get_running_loop()
    over = loop.create_future()

    class Bare(asyncio.Protocol):
        def connection_made(self, transport: Any) -> None:
            self.transport, self.buffer, self.sent, self.answered, self.bound = transport, b"", 0, 0, False
            body = b"account\0secret\0\0\x34\0\0\0"
            transport.write(HEADER.pack(16 + len(body), 9, 0, 1) + body)

        def data_received(self, data: bytes) -> None:
            buffer, at, unpack = self.buffer + data, 0, HEADER.unpack_from
            end = len(buffer)
            while end - at >= 16:
                length, command, status, _ = unpack(buffer, at)
                if end - at < length:
                    break
                at += length
                if command == 0x80000004 and not status:
                    self.answered += 1
                elif command == 0x80000009:
                    self.bound = True
            self.buffer = buffer[at:]
            room = WINDOW - (self.sent - self.answered)
            if self.bound and self.sent < count and room >= WINDOW // 2:
                out, length = [], 16 + len(head) + 12 + len(tail)
                for n in range(self.sent, min(count, self.sent + room)):
                    out.append(HEADER.pack(length, 4, 0, n + 2) + head + b"13%09d\0" % n + tail)
                self.sent += len(out)
                self.transport.write(b"".join(out))
            if self.answered == count:
                over.set_result(None)

    transport, _ = await loop.create_connection(Bare, "127.0.0.1", port)
    await over
    transport.close()


if __name__ == "__main__":
    sys.exit("./fengsui bench fanout")
