"""Text messages by SMPP: providers in order, one that dies or refuses is left for the next and tried again later."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import TimeoutError as Late
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC
from hashlib import sha256
from queue import Empty, LifoQueue

from fengsui.catalog.channels.sms import ENTRY
from fengsui.engines.smpp import pdu
from fengsui.engines.smpp.carrying import Carrying, Outcome
from fengsui.engines.smpp.provider import Provider, providers
from fengsui.engines.smpp.receipts import Desk
from fengsui.engines.smpp.session import CONNECT_S, NotBound, Session, connect
from fengsui.engines.smpp.text import UCS2, parts
from fengsui.kernel.ports.mass import Book, Ear, Told
from fengsui.kernel.ports.outlets import Address, NotDelivered, Parcel, Receipt

REST_S = 30.0
"""A provider that died is asked again after so long, by whoever sends then [G]."""


@dataclass(slots=True)
class _Line:
    """A provider's idle connections, and until when it is left alone."""

    idle: LifoQueue[Session] = field(default_factory=LifoQueue)
    rests_until: float = 0.0
    why: str = ""


class Sms:
    """One loop in a background thread for all connections; a connection belongs to one batch at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lines: dict[Provider, _Line] = {}
        self.desk = Desk()

    # --- the port of many ---------------------------------------------------------------------------------------------

    def carry(self, parcel: Parcel, address: Address, numbers: Mapping[int, str], *, again: bool, book: Book) -> None:
        text = ENTRY.render(parcel).decode()
        left: dict[int, int | None] = dict.fromkeys(numbers)
        down: list[str] = []
        for provider in self._in_order(_providers(address)):
            forms = _forms(provider, text, parcel)
            result, died = self._by(provider, forms, numbers, left, book, again)
            if died:
                self._rest(self._lines[provider], died)
                down.append(f"{provider.name}: {died}")
            if result is None:
                continue
            left = {place: status or left[place] for place, status in result.left.items()}
            if not left or result.stopped:
                return
        if down or any(status is None for status in left.values()):
            raise NotDelivered("sms.no_provider", left=len(left), said="; ".join(down)[:200])
        book([Told(place, "", "refused", pdu.status_name(status or 0)) for place, status in left.items()], ())

    def listen(self, address: Address, ear: Ear, *, bind: bool) -> None:
        self.desk.hear(ear)
        known = [each for each in _providers(address) if each.receipts] if bind else []
        for provider in self._in_order(known):
            line = self._lines[provider]
            kept = self._idle(provider)
            with suppress(NotBound):
                if kept is not None or line.rests_until < time.monotonic():
                    line.idle.put(kept or self._new(provider))

    def _by(
        self, provider: Provider, forms: Sequence[tuple[bytes, bytes]], numbers: Mapping[int, str],
        places: Iterable[int], book: Book, again: bool,
    ) -> tuple[Outcome | None, str]:  # fmt: skip
        """Through one provider: what came of it, None where nothing went; and why it has to rest, '' where it lives.

        A kept connection may have been cut while it was idle, which shows only now: that says nothing of the provider,
        so a new one is made at once.
        """
        addressed = {place: _c_octets(provider.prefix, numbers[place]) for place in places}
        result: Outcome | None = None
        for idle in (True, False):
            session = self._idle(provider) if idle else None
            kept = session is not None
            try:
                session = session or self._new(provider)
            except NotBound as why:
                return result, str(why)
            try:
                result = Carrying(session, forms, addressed, book, again).run()
            except BaseException:
                session.close()  # the book failed: what is out stays out, and no answer of it may reach another batch
                raise
            if not result.died:
                self._lines[provider].idle.put(session)
                return result, ""
            cut = result.died == session.lost
            session.close()
            if not (kept and cut and result.left) or result.stopped:
                break
            addressed = {place: addressed[place] for place in result.left}
        return result, result.died if result else ""

    def _in_order(self, known: Sequence[Provider]) -> list[Provider]:
        """Those that rest come last: where all do, each is tried all the same."""
        with self._lock:
            for each in known:
                self._lines.setdefault(each, _Line())
        now = time.monotonic()
        return sorted(known, key=lambda each: self._lines[each].rests_until > now)

    def _rest(self, line: _Line, why: str) -> None:
        line.rests_until, line.why = time.monotonic() + REST_S, why

    # --- the port of one ----------------------------------------------------------------------------------------------

    def send(self, parcel: Parcel, address: Address) -> Receipt:
        """To the numbers that the address names, a few."""
        if wrong := ENTRY.check(address):
            raise NotDelivered("sms.address", again=False, why=wrong)
        told: dict[int, Told] = {}

        def book(answers: Sequence[Told], _out: Sequence[int]) -> bool:
            told.update({each.place: each for each in answers})
            return True

        self.carry(parcel, address, dict(enumerate(address.to)), again=True, book=book)
        sent = [each for each in told.values() if each.outcome == "sent"]
        if not sent:
            raise NotDelivered("sms.refused", again=False, status=next((t.reason for t in told.values()), ""))
        return Receipt("acknowledged", sent[0].reference, {"to": len(sent), "refused": len(told) - len(sent)})

    def test(self, address: Address) -> Receipt:
        """Bind to each provider; nobody is told anything. One that answers is enough to send."""
        said = []
        known = _providers(address)
        self._in_order(known)
        for provider in known:
            try:
                self._lines[provider].idle.put(self._idle(provider) or self._new(provider))
                said.append(f"{provider.name}: bound")
            except NotBound as why:
                said.append(f"{provider.name}: {why}")
        if not any(each.endswith(": bound") for each in said):
            raise NotDelivered("sms.no_provider", said="; ".join(said)[:200])
        return Receipt("acknowledged", "; ".join(said)[:200])

    def close(self) -> None:
        with self._lock:
            loop, self._loop = self._loop, None
            lines, self._lines = self._lines, {}
        self.desk.end()
        self.desk = Desk()
        if loop is None:
            return
        for line in lines.values():
            with suppress(Empty):
                while True:
                    ended = asyncio.run_coroutine_threadsafe(line.idle.get_nowait().unbind(), loop)
                    with suppress(Late):
                        ended.result(2)
        loop.call_soon_threadsafe(loop.stop)

    # --- connections --------------------------------------------------------------------------------------------------

    def _idle(self, provider: Provider) -> Session | None:
        """A kept one that lives, as far as is known."""
        with suppress(Empty):
            while True:
                session = self._lines[provider].idle.get_nowait()
                if not session.lost:
                    return session
        return None

    def _new(self, provider: Provider) -> Session:
        """Raises NotBound."""
        made = asyncio.run_coroutine_threadsafe(connect(provider, self.desk), self._running())
        try:
            return made.result(CONNECT_S + 5)
        except Late:
            made.cancel()
            raise NotBound("TimeoutError") from None

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="smpp", daemon=True).start()
            return self._loop


def _providers(address: Address) -> tuple[Provider, ...]:
    if not address.env:
        raise NotDelivered("sms.address", again=False, why="no environment variable names the providers")
    try:
        found = providers(os.environ.get(address.env, ""))
    except ValueError as wrong:
        raise NotDelivered("sms.not_configured", again=False, variable=address.env, why=str(wrong)) from None
    if not found:
        raise NotDelivered("sms.not_configured", again=False, variable=address.env)
    return found


def _c_octets(prefix: str, number: str) -> bytes:
    whole = prefix + number
    # Digits, nearly always: the careful way took as long as all the rest of a message's packing [measured].
    return (
        f"{whole}\0".encode() if len(whole) < 21 and whole.isdecimal() and whole.isascii() else pdu.c_octets(whole, 21)
    )


def _forms(provider: Provider, text: str, parcel: Parcel) -> list[tuple[bytes, bytes]]:
    """(before the number, after it) of each part: made once for a batch."""
    reference = sha256(parcel.key.encode()).digest()[0]
    cut, found = parts(text, payload=provider.payload, reference=reference), []
    for part in cut:
        message = pdu.Message(
            destination="",
            text=part.data,
            source=provider.source,
            source_ton=provider.source_ton,
            dest_ton=provider.dest_ton,
            dest_npi=1,
            esm_class=part.esm_class,
            validity=f"{parcel.expires_at.astimezone(UTC):%y%m%d%H%M%S}000+",
            registered=int(provider.receipts and part is cut[-1]),
            data_coding=UCS2,
        )
        found.append((pdu.message_head(message), pdu.message_tail(message)))
    return found
