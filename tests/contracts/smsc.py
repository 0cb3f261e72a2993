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
    told = 0
    kept: dict[int, bytes] = {}  # one centre is one process
    answered: dict[int, int] = {}  # one centre is one process
    options: argparse.Namespace
    book: int

    def __init__(self) -> None:
        self.buffer = b""
        self.unanswered: dict[int, bytes] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        transport.set_write_buffer_limits(1 << 24)

    def data_received(self, data: bytes) -> None:
        buffer, at, out, lines = self.buffer + data, 0, [], []
        self.owed: list[tuple[bytes, bytes]] = []
        heard = False
        while len(buffer) - at >= 16:
            length, command, status_of, sequence = HEADER.unpack_from(buffer, at)
            if len(buffer) - at < length:
                break
            body, at = buffer[at + 16 : at + length], at + length
            if command == 4:
                self.submit(sequence, body, out, lines)
            elif command == 9:
                account = body[: body.index(b"\0")]
                status = 0x0E if account == b"wrong" else 0
                out.append(HEADER.pack(21, 0x80000009, status, sequence) + b"smsc\0")
                if not status:
                    out += Centre.kept.values()
                    self.unanswered, Centre.kept = Centre.kept, {}
            elif command == 0x80000005:
                Centre.answered[status_of] = Centre.answered.get(status_of, 0) + 1
                heard = True
                unit = self.unanswered.pop(sequence, b"")
                if status_of and unit:
                    asyncio.get_running_loop().call_later(0.5, self.tell, {sequence: unit})
            elif command in (0x15, 6):
                out.append(HEADER.pack(16, command | 0x80000000, 0, sequence))
        self.buffer = buffer[at:]
        if heard:  # once for all that came together: a file for each of thousands kept the sender waiting
            self.note()
        if lines:
            os.write(Centre.book, b"".join(lines))
        if self.options.die_after and Centre.seen >= self.options.die_after:
            os._exit(1)
        receipts = {n: unit for name, number in self.owed for n, unit in self.receipt(name, number)}
        if self.options.early:
            self.unanswered |= receipts
            out[:0] = receipts.values()
        elif receipts:
            asyncio.get_running_loop().call_later(self.options.receipts_ms / 1000, self.tell, receipts)
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
        at = body.index(b"\0", end + 4) + 1
        at = body.index(b"\0", at) + 1
        if name and body[at] & 1 and not options.silent:
            self.owed.append((name[:-1], number))

    def tell(self, receipts: dict[int, bytes]) -> None:
        """Whoever is connected; where nobody is, whoever comes next."""
        if self.transport.is_closing():
            Centre.kept |= receipts
        else:
            self.unanswered |= receipts
            self.transport.write(b"".join(receipts.values()))

    def connection_lost(self, exc: Exception | None) -> None:
        Centre.kept |= self.unanswered

    def receipt(self, name: bytes, number: bytes) -> list[tuple[int, bytes]]:
        """Twice the same, one of a message that nobody sent, an answer of a person, a state on the way; then itself."""
        bad = self.options.undelivered and number.endswith(self.options.undelivered.encode())
        state, error = (b"UNDELIV", b"00B") if bad else (b"DELIVRD", b"000")
        if self.options.decimal:
            name = b"%010d" % int(name, 16)
        text = b"id:%s sub:001 dlvrd:001 submit date:2609010000 done date:2609010001 stat:%s err:%s text:" % (
            name, state, error,
        )  # fmt: skip
        said = [(4, text)]
        if self.options.noise:
            said += [(4, text), (4, text.replace(b"id:", b"id:other")), (0, b"T"), (4, text.replace(state, b"ACCEPTD")),
                     (4, b"stat: of nothing")]  # fmt: skip
        made = []
        for esm, each in said:
            Centre.told += 1
            content = b"\0\0\0%s\0\0\0106\0" % number + bytes((esm, 0, 0)) + b"\0\0" + bytes((0, 0, 0, 0, len(each)))
            made.append((Centre.told, HEADER.pack(16 + len(content) + len(each), 5, 0, Centre.told) + content + each))
        return made

    def note(self) -> None:
        """How our receipts were answered: status and how many, in FILE.answered."""
        words = " ".join(f"{status}:{n}" for status, n in sorted(Centre.answered.items()))
        Path(f"{self.options.file}.answered").write_text(words)

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
    parser.add_argument("--receipts-ms", type=float, default=0, help="before a receipt that was asked for")
    parser.add_argument("--early", action="store_true", help="a receipt comes before the message's own answer")
    parser.add_argument("--decimal", action="store_true", help="names in receipts are decimal, those in answers never")
    parser.add_argument("--silent", action="store_true", help="tells no receipts")
    parser.add_argument("--undelivered", default="", metavar="END", help="telephones with this end are off")
    parser.add_argument("--noise", action="store_true", help="with each receipt others that concern nobody")
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

    def answered(self) -> dict[int, int]:
        """How our side answered its receipts: status -> how many."""
        file = Path(f"{self.file}.answered")
        pairs = file.read_text().split() if file.exists() else []
        return {int(status): int(n) for status, n in (each.split(":") for each in pairs)}

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
