"""What a deliver_sm says, by the forms that centres use and by random ones; the desk holds so many and no more."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengsui.engines.smpp import pdu, receipts
from fengsui.kernel.ports.mass import Heard

COMMON = b"id:%s sub:001 dlvrd:001 submit date:2609010000 done date:2609010001 stat:%s err:%s text:\xe8"


def said(text: bytes = b"", *, esm_class: int = 4, **tlvs: bytes) -> Heard | None:
    names = {"name": receipts.MESSAGE_ID, "state": receipts.MESSAGE_STATE}
    message = pdu.Message("106", text, esm_class=esm_class, tlvs={names[key]: each for key, each in tlvs.items()})
    return receipts.read("one", message)


@pytest.mark.parametrize(
    ("state", "error", "outcome", "word"),
    [
        (b"DELIVRD", b"000", "delivered", ""),
        (b"UNDELIV", b"00B", "failed", "UNDELIV 00B"),
        (b"expired", b"000", "failed", "EXPIRED"),
        (b"REJECTD", b"", "failed", "REJECTD"),
    ],
)
def test_receipt_when_it_is_text(state, error, outcome, word):
    assert said(COMMON % (b"4f-1", state, error)) == Heard("one", "4f-1", outcome, word)


def test_receipt_when_parameters_say_it_they_count_more_than_the_text():
    assert said(name=b"4f\0", state=b"\2") == Heard("one", "4f", "delivered")
    assert said(COMMON % (b"0079", b"DELIVRD", b"011"), name=b"4f\0", state=b"\5") == (
        Heard("one", "4f", "failed", "UNDELIV 011")
    )


@pytest.mark.parametrize(
    ("name", "base", "known"),
    [
        ("1A", 16, "26"),
        ("0000000026", 10, "26"),
        ("4f-1", 16, "4f-1"),
        ("xyz", 16, "xyz"),
        ("1_0", 10, "1_0"),
        ("1A", 0, "1A"),
    ],
)
def test_name_in_two_bases_is_one(name, base, known):
    assert receipts.same_name(name, base) == known


def test_receipt_when_its_text_has_the_name_in_another_base_than_its_answer_and_parameter():
    message = pdu.Message("106", COMMON % (b"0000000026", b"DELIVRD", b"000"), esm_class=4)
    assert receipts.read("one", message, (16, 10)) == Heard("one", "26", "delivered")
    tlvs = {receipts.MESSAGE_ID: b"1a\0"}
    message = pdu.Message("106", COMMON % (b"0000000026", b"DELIVRD", b"000"), esm_class=4, tlvs=tlvs)
    assert receipts.read("one", message, (16, 10)) == Heard("one", "26", "delivered")


@pytest.mark.parametrize(
    "heard",
    [
        said(COMMON % (b"1", b"ENROUTE", b"000")),
        said(COMMON % (b"1", b"DELIVRD", b"000"), esm_class=0),
        said(b"stat:DELIVRD"),
        said(b""),
        said(name=b"4f\0", state=b"\x63"),
        said(name=b"\xff\0", state=b"\2"),
        said(name=b"4" * 65, state=b"\2"),
    ],
)
def test_message_when_it_says_of_none_how_it_ended(heard):
    assert heard is None


@given(st.binary(max_size=200), st.binary(max_size=80), st.binary(max_size=3))
def test_random_receipts_are_a_value_that_can_be_kept_or_nothing(text, name, state):
    for octets in (text, b"id:" + text, COMMON % (name, state, text)):
        heard = said(octets, name=name, state=state)
        assert heard is None or ("\0" not in "".join(heard) and len(heard.word) <= 60 and len(heard.message_id) <= 64)


class Line:
    def __init__(self) -> None:
        self.answers: list[tuple[list[int], int]] = []
        self.came = threading.Event()

    def answer(self, sequences: Any, status: int) -> None:
        self.answers.append((list(sequences), status))
        self.came.set()


def test_desk_holds_no_more_than_it_may_and_answers_when_kept(monkeypatch):
    monkeypatch.setattr(receipts, "GATHER_S", 0.05)
    desk, line, kept, free = receipts.Desk(most=3), Line(), [], threading.Event()
    heard = Heard("one", "1", "delivered")
    assert not desk.take(line, 0, heard)  # nobody keeps it

    def slow(some: Any) -> None:
        free.wait(10)
        kept.extend(some)

    desk.hear(slow)
    assert [desk.take(line, n, heard) for n in range(4)] == [True, True, True, False]
    assert line.answers == []
    free.set()
    assert line.came.wait(10)
    assert line.answers == [([0, 1, 2], pdu.OK)]
    assert kept == [heard] * 3
    desk.end()
    assert not desk.take(line, 9, heard)
