"""One connection by its protocol, without a network: what it answers, when it gives up, what random bytes do to it."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengsui.engines.smpp import pdu
from fengsui.engines.smpp.provider import providers
from fengsui.engines.smpp.session import ANSWER_S, ENQUIRE_S, Session

PROVIDER = providers("smpp://a:b@h")[0]


class Line:
    """The transport: what was written, whole units."""

    def __init__(self) -> None:
        self.written, self.closed = bytearray(), False

    def write(self, octets: bytes) -> None:
        self.written += octets

    def close(self) -> None:
        self.closed = True

    def units(self) -> list[tuple[int, int, int, bytes]]:
        return pdu.split(self.written)


async def bound() -> tuple[Session, Line]:
    session, line = Session(PROVIDER), Line()
    session.connection_made(line)
    [(command, _, sequence, body)] = line.units()
    assert (command, body) == (pdu.BIND_TRANSCEIVER, pdu.bind("a", "b"))
    session.data_received(pdu.pack(pdu.RESP | pdu.BIND_TRANSCEIVER, sequence, b"c\0"))
    assert await session._bound == pdu.OK
    return session, line


def test_submits_when_answered_in_another_order_find_their_tokens():
    async def run() -> None:
        session, line = await bound()
        session._write([("one", b"1", b"x"), ("two", b"2", b"x")])
        first, second = (sequence for _, _, sequence, _ in line.units())
        session.data_received(pdu.pack(pdu.RESP | pdu.SUBMIT_SM, second, b"b\0"))
        session.data_received(pdu.pack(pdu.RESP | pdu.SUBMIT_SM, first, status=0x58))
        session.data_received(pdu.pack(pdu.RESP | pdu.SUBMIT_SM, first, b"again\0"))  # nobody waits for that
        assert session.take(2, 1) == [("two", 0, "b"), ("one", 0x58, "")]
        session._write([("three", b"3", b"x")])
        [(_, _, third, _)] = line.units()
        session.data_received(pdu.pack(pdu.GENERIC_NACK, third, status=0x02))
        assert session.take(1, 1) == [("three", 0x02, "")]
        session._end("over")

    asyncio.run(run())


def test_centre_when_it_asks_is_answered():
    async def run() -> None:
        session, line = await bound()
        receipt = pdu.message(pdu.Message("1", b"id:4f stat:DELIVRD", esm_class=4))
        for command, body in ((pdu.ENQUIRE_LINK, b""), (pdu.DELIVER_SM, receipt), (0x03, b"")):
            session.data_received(pdu.pack(command, 9, body))
        assert [(command, status) for command, status, _, _ in line.units()] == [
            (pdu.RESP | pdu.ENQUIRE_LINK, 0), (pdu.RESP | pdu.DELIVER_SM, 0), (pdu.GENERIC_NACK, 0x03),
        ]  # fmt: skip
        session.data_received(pdu.pack(pdu.UNBIND, 10))
        assert [command for command, *_ in line.units()] == [pdu.RESP | pdu.UNBIND]
        assert (session.lost, line.closed) == ("unbound by the centre", True)

    asyncio.run(run())


def test_idle_connection_when_it_does_not_answer_is_given_up():
    async def run() -> None:
        session, line = await bound()
        session._quiet_since -= ENQUIRE_S + 1
        session._look()
        [(command, _, sequence, _)] = line.units()
        assert command == pdu.ENQUIRE_LINK
        session.data_received(pdu.pack(pdu.RESP | pdu.ENQUIRE_LINK, sequence))
        session._quiet_since -= ANSWER_S + 1
        session._look()
        assert not session.lost
        session._quiet_since -= ENQUIRE_S + 1
        session._look()
        session._quiet_since -= ANSWER_S + 1
        session._look()
        assert session.lost == "no answer"

    asyncio.run(run())


def test_message_when_unanswered_too_long_ends_the_connection():
    async def run() -> None:
        session, _ = await bound()
        session._write([("one", b"1", b"x")])
        session._quiet_since -= ANSWER_S + 1
        session._look()
        assert session.lost == "no answer"
        assert session.take(1, 5) == []

    asyncio.run(run())


@pytest.mark.parametrize("octets", [b"GET / HTTP/1.1\r\n\r\n", pdu.pack(pdu.DELIVER_SM, 1, b"\0")])
def test_other_side_when_it_speaks_something_else_is_left(octets):
    async def run() -> None:
        session, _ = await bound()
        session.data_received(octets)
        assert session.lost.startswith("malformed")

    asyncio.run(run())


@given(st.lists(st.binary(max_size=80), max_size=5))
def test_random_bytes_when_received_end_it_or_leave_it_as_it_is(pieces):
    async def run() -> None:
        session, _ = await bound()
        for each in pieces:
            session.data_received(each)
        assert session.lost == "" or session.lost.startswith(("malformed", "closed", "unbound"))
        session._end("over")

    asyncio.run(run())
