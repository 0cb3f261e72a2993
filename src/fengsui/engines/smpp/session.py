"""One bound connection: its protocol runs in an event loop, a thread hands messages over and fetches the answers."""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
from collections.abc import Sequence
from typing import Any

from fengsui.engines.smpp import pdu, receipts
from fengsui.engines.smpp.provider import Provider
from fengsui.engines.smpp.receipts import Desk

CONNECT_S = 5.0
ANSWER_S = 10.0
"""A centre that owes an answer so long is taken for dead [G]."""
ENQUIRE_S = 20.0
"""An idle connection is asked so often whether it lives [G]."""

Item = tuple[Any, bytes, bytes]
"""Token of the caller, and a submit_sm's body in two halves: (token, before and with the destination, after it)."""


class NotBound(Exception):
    """Why there is no connection: `status` is the centre's own answer, 0 where it gave none."""

    def __init__(self, why: str, status: int = 0) -> None:
        super().__init__(why)
        self.status = status


class Session(asyncio.Protocol):
    """`lost` is '' while it lives. Not made by hand: see `connect`."""

    def __init__(self, provider: Provider, desk: Desk | None = None) -> None:
        self.provider, self._desk = provider, desk
        self.lost = ""
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._sequence = 0
        self._pending: dict[int, Any] = {}
        self._answers: list[tuple[Any, int, str]] = []
        self._changed = threading.Condition()
        self._wanted = 1
        self._bound: asyncio.Future[int] = self._loop.create_future()
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._quiet_since = time.monotonic()
        self._asked = False
        self._tick: asyncio.TimerHandle | None = None

    # --- from any thread ----------------------------------------------------------------------------------------------

    def submit(self, items: Sequence[Item]) -> None:
        """Written in one piece; each is answered by `take`, unless the connection is lost before."""
        self._loop.call_soon_threadsafe(self._write, items)

    def take(self, wanted: int, wait_s: float) -> list[tuple[Any, int, str]]:
        """(token, command_status, message_id) of what was answered: waits for so many, no longer than `wait_s`."""
        with self._changed:
            self._wanted = max(1, wanted)
            self._changed.wait_for(lambda: len(self._answers) >= self._wanted or self.lost, wait_s)
            found, self._answers = self._answers, []
            return found

    def answer(self, sequences: Sequence[int], status: int) -> None:
        """Receipts that are kept, or have to come again. After the connection's end the centre sends them by itself."""
        self._loop.call_soon_threadsafe(self._answer, sequences, status)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._end, "closed")

    # --- in the loop --------------------------------------------------------------------------------------------------

    async def unbind(self, wait_s: float = 1.0) -> None:
        """Say good-bye and wait a moment for the answer."""
        if not self.lost and self._transport is not None:
            self._transport.write(pdu.pack(pdu.UNBIND, self._next()))
            await asyncio.wait([self._ended], timeout=wait_s)
        self._end("closed")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # of a TCP connection
        it = self.provider
        self._transport.write(pdu.pack(pdu.BIND_TRANSCEIVER, self._next(), pdu.bind(it.account, it.password)))  # type: ignore[union-attr]  # set in the line above
        self._tick = self._loop.call_later(1.0, self._look)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._quiet_since, self._asked = time.monotonic(), False
        answered = []
        try:
            for command, status, sequence, body in pdu.split(self._buffer):
                if command == 0x80000004:  # submit_sm_resp, by far the commonest
                    if (token := self._pending.pop(sequence, None)) is not None:
                        name = "" if status else receipts.same_name(pdu.read_id(body), self.provider.ids[0])
                        answered.append((token, status, name))
                else:
                    self._other(command, status, sequence, body, answered)
        except pdu.Malformed as wrong:
            self._end(f"malformed: {wrong}")
        if answered:
            with self._changed:
                self._answers += answered
                if len(self._answers) >= self._wanted:
                    self._changed.notify_all()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(type(exc).__name__ if exc else "closed by the centre")

    def _other(self, command: int, status: int, sequence: int, body: bytes, answered: list[Any]) -> None:
        assert self._transport is not None
        if command == pdu.GENERIC_NACK and sequence in self._pending:
            answered.append((self._pending.pop(sequence), status or 0x08, ""))
        elif command == pdu.RESP | pdu.BIND_TRANSCEIVER:
            if not self._bound.done():
                self._bound.set_result(status)
        elif command == pdu.DELIVER_SM:
            heard = receipts.read(self.provider.name, pdu.read_message(body), self.provider.ids)
            if heard is None or not self.provider.receipts:  # a person's answer, a state on the way, not asked for
                if self._desk is not None:
                    self._desk.foreign += 1
                self._answer([sequence], pdu.OK)
            elif self._desk is None or not self._desk.take(self, sequence, heard):
                self._answer([sequence], receipts.LATER)
        elif command == pdu.ENQUIRE_LINK:
            self._transport.write(pdu.pack(pdu.RESP | pdu.ENQUIRE_LINK, sequence))
        elif command == pdu.UNBIND:
            self._transport.write(pdu.pack(pdu.RESP | pdu.UNBIND, sequence))
            self._end("unbound by the centre")
        elif command == pdu.RESP | pdu.UNBIND:
            self._end("closed")
        elif not command & pdu.RESP:
            self._transport.write(pdu.pack(pdu.GENERIC_NACK, sequence, status=0x03))

    def _answer(self, sequences: Sequence[int], status: int) -> None:
        if not self.lost and self._transport is not None:
            said = pdu.RESP | pdu.DELIVER_SM
            self._transport.write(b"".join(pdu.pack(said, each, b"\0", status) for each in sequences))

    def _write(self, items: Sequence[Item]) -> None:
        if self.lost or self._transport is None:
            return
        out: list[bytes] = []
        header, sequence = pdu.HEADER.pack, self._sequence
        for token, head, tail in items:
            sequence = sequence % 0x7FFFFFFF + 1
            self._pending[sequence] = token
            out += (header(16 + len(head) + len(tail), pdu.SUBMIT_SM, 0, sequence), head, tail)
        self._sequence = sequence
        self._quiet_since = time.monotonic()
        self._transport.write(b"".join(out))

    def _next(self) -> int:
        self._sequence = self._sequence % 0x7FFFFFFF + 1
        return self._sequence

    def _look(self) -> None:
        """Once a second: an answer that is owed too long, a silence that is too long."""
        quiet = time.monotonic() - self._quiet_since
        if (self._pending or self._asked or not self._bound.done()) and quiet > ANSWER_S:
            return self._end("no answer")
        if quiet > ENQUIRE_S and not self._asked and self._transport is not None:
            self._asked, self._quiet_since = True, time.monotonic()
            self._transport.write(pdu.pack(pdu.ENQUIRE_LINK, self._next()))
        self._tick = self._loop.call_later(1.0, self._look)

    def _end(self, why: str) -> None:
        with self._changed:
            if self.lost:
                return
            self.lost = why
            self._changed.notify_all()
        if self._tick is not None:
            self._tick.cancel()
        if not self._bound.done():
            self._bound.set_result(-1)
        self._ended.set_result(None)
        if self._transport is not None:
            self._transport.close()


async def connect(provider: Provider, desk: Desk | None = None) -> Session:
    """A bound session. Raises NotBound."""
    loop = asyncio.get_running_loop()
    context = ssl.create_default_context() if provider.secure else None
    session = Session(provider, desk)
    try:
        async with asyncio.timeout(CONNECT_S):
            await loop.create_connection(lambda: session, provider.host, provider.port, ssl=context)
            status = await session._bound
    except (OSError, TimeoutError) as error:
        session._end("not bound")
        raise NotBound(type(error).__name__) from error
    if status != pdu.OK:
        why = session.lost if status < 0 else pdu.status_name(status)
        session._end("not bound")
        raise NotBound(why, max(0, status))
    return session
