"""A message centre on loopback, a process of its own: `python tests/contracts/smsc.py PORT FILE [options]`.

It reads SMPP 3.4 by its own few lines, so that an error of our codec is not made twice. FILE gets a line for every
submit_sm before its answer leaves: the number, and with --full its esm_class, data_coding and text in hexadecimal.
Part 1 of a long text counts for the number, the other parts are written with --full alone.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from socket import create_connection

HEADER = struct.Struct(">IIII")


class Centre(asyncio.Protocol):
    seen = 0
    throttled_at = 0
    options: argparse.Namespace
    book: int

    def __init__(self) -> None:
        self.buffer, self.late = b"", []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        transport.set_write_buffer_limits(1 << 24)

    def data_received(self, data: bytes) -> None:
        buffer, at, out, lines = self.buffer + data, 0, [], []
        while len(buffer) - at >= 16:
            length, command, _status, sequence = HEADER.unpack_from(buffer, at)
            if len(buffer) - at < length:
                break
            body, at = buffer[at + 16 : at + length], at + length
            if command == 4:
                self.submit(sequence, body, out, lines)
            elif command == 9:
                account = body[: body.index(b"\0")]
                status = 0x0E if account == b"wrong" else 0
                out.append(HEADER.pack(21, 0x80000009, status, sequence) + b"smsc\0")
            elif command in (0x15, 6):
                out.append(HEADER.pack(16, command | 0x80000000, 0, sequence))
        self.buffer = buffer[at:]
        if lines:
            os.write(Centre.book, b"".join(lines))
        if self.options.die_after and Centre.seen >= self.options.die_after:
            os._exit(1)
        answer = b"".join(out)
        if self.options.wait_ms and answer:
            asyncio.get_running_loop().call_later(self.options.wait_ms / 1000, self.transport.write, answer)
        else:
            self.transport.write(answer)

    def submit(self, sequence: int, body: bytes, out: list[bytes], lines: list[bytes]) -> None:
        options = self.options
        at = body.index(b"\0") + 3
        at = body.index(b"\0", at) + 3
        end = body.index(b"\0", at)
        number = body[at:end]
        esm = body[end + 1]
        first = not esm & 0x40 or self.text(body, end)[1][5] == 1
        Centre.seen += 1
        status = 0
        if options.refuse and number.endswith(options.refuse.encode()):
            status = 0x0B
        elif options.wrong:
            status = options.wrong
        elif options.throttle and Centre.seen % options.throttle == 0:
            status = 0x58
        elif options.mute_after and Centre.seen > options.mute_after:
            return
        if not status and (first or options.full):
            coding, text = self.text(body, end) if options.full else (0, b"")
            lines.append(b"%s %02x %02x %s\n" % (number, esm, coding, text.hex().encode()) if options.full
                         else number + b"\n")  # fmt: skip
        name = b"" if status else b"%x\0" % Centre.seen
        out.append(HEADER.pack(16 + len(name), 0x80000004, status, sequence) + name)

    def text(self, body: bytes, end: int) -> tuple[int, bytes]:
        at = body.index(b"\0", end + 4) + 1
        at = body.index(b"\0", at) + 1
        coding, length = body[at + 2], body[at + 4]
        text = body[at + 5 : at + 5 + length]
        return coding, text or body[at + 9 :]


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("file")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--refuse", default="", metavar="END", help="numbers with this end do not exist")
    parser.add_argument("--wrong", type=lambda text: int(text, 0), default=0, help="this status for all")
    parser.add_argument("--throttle", type=int, default=0, metavar="N", help="every Nth is too fast")
    parser.add_argument("--die-after", type=int, default=0, metavar="N", help="messages, the last unanswered")
    parser.add_argument("--mute-after", type=int, default=0, metavar="N", help="messages, then no answers")
    parser.add_argument("--wait-ms", type=float, default=0, help="before each answer")
    Centre.options = parser.parse_args(arguments)
    Centre.book = os.open(Centre.options.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(Centre, "127.0.0.1", Centre.options.port)
        await server.serve_forever()

    with suppress(KeyboardInterrupt):
        asyncio.run(serve())


class Running:
    """`url(**options)`: how to reach it. `got()`: numbers in the order they came. `kill()`: -9."""

    def __init__(self, port: int, file: Path, process: subprocess.Popen[bytes]) -> None:
        self.port, self.file, self.process = port, file, process

    def url(self, **options: object) -> str:
        more = "&".join(f"{key}={value}" for key, value in {"name": f"centre-{self.port}", **options}.items())
        return f"smpp://account:secret@127.0.0.1:{self.port}?{more}"

    def got(self) -> list[str]:
        return [line.split()[0] for line in self.file.read_text().splitlines()]

    def lines(self) -> list[list[str]]:
        return [line.split() for line in self.file.read_text().splitlines()]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def centre(port: int, file: Path, *options: str) -> Iterator[Running]:
    """Started and answering, killed at the end."""
    process = subprocess.Popen([sys.executable, __file__, str(port), str(file), *options])
    try:
        for _ in range(600):
            with suppress(OSError):
                create_connection(("127.0.0.1", port), timeout=1).close()
                break
            time.sleep(0.05)
        yield Running(port, file, process)
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    main(sys.argv[1:])
