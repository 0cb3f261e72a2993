"""Delivery receipts: what a deliver_sm says of an earlier message, and a desk that has them kept in batches.

A receipt is answered when it is kept, not before: what a killed process had in its hands the centre sends again.
"""

from __future__ import annotations

import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import structlog

from fengsui.engines.smpp import pdu
from fengsui.kernel.ports.mass import Ear, Heard

log = structlog.get_logger(__name__)

IS_RECEIPT, KIND = 0x04, 0x3C
"""esm_class of a delivery receipt, and its bits that say what a message is (5.2.12)."""
MESSAGE_ID, MESSAGE_STATE = 0x001E, 0x0427
"""Optional parameters receipted_message_id and message_state."""
STATES: Mapping[int, str] = {2: "DELIVRD", 3: "EXPIRED", 4: "DELETED", 5: "UNDELIV", 8: "REJECTD"}
"""Those that end it (5.2.28); ENROUTE, ACCEPTD and UNKNOWN say nothing yet."""
FAILED = frozenset(STATES.values()) - {"DELIVRD"}
MOST = 5000
"""Receipts held unkept; the next are answered 'later' [G]."""
GATHER_S = 0.5
"""So long receipts are gathered before they are kept: also the time in which a message's own answer gets written down,
so that few receipts are earlier than it."""
AT_ONCE = 2000
LATER = 0x64
"""ESME_RX_T_APPN: the centre sends it again."""
_TEXT = re.compile(
    rb"id:(\S{1,64}).*?\bstat:([A-Za-z]{5,7})(?:.*?\berr:([0-9A-Za-z]{1,10}))?", re.DOTALL | re.IGNORECASE
)


def same_name(name: str, base: int) -> str:
    """A number of that base as a decimal one, so that 1A in an answer is 26 in its receipt; else the name as it is."""
    try:
        return str(int(name, base)) if base and name.isalnum() and len(name) <= 32 else name
    except ValueError:
        return name


def read(provider: str, message: pdu.Message, ids: tuple[int, int] = (0, 0)) -> Heard | None:
    """What it says of a message's end; None for anything else: an answer of a person, a state on the way, nonsense.

    ids: bases of a message's name in its answer and in the receipt's text; the parameter has it as the answer has.
    """
    if message.esm_class & KIND != IS_RECEIPT:
        return None
    found = _TEXT.search(message.text[:300])
    repeated = message.tlvs.get(MESSAGE_ID, b"").rstrip(b"\0")
    name = repeated or (found[1] if found else b"")
    state = message.tlvs.get(MESSAGE_STATE, b"")
    word = STATES.get(state[0], "") if len(state) == 1 else found[2].decode("ascii").upper() if found else ""
    if word not in STATES.values() or not 0 < len(name) <= 64 or not name.isascii() or b"\0" in name:
        return None
    error = found[3].decode("ascii") if found and found[3] else ""
    known = same_name(name.decode(), ids[0] if repeated else ids[1])
    if word == "DELIVRD":
        return Heard(provider, known, "delivered", "")
    return Heard(provider, known, "failed", f"{word} {error}".strip() if error.strip("0") else word)


class Answers(Protocol):
    """Of a session: says to the centre that these deliver_sm came, or that it should send them again."""

    def answer(self, sequences: Sequence[int], status: int) -> None: ...


class Desk:
    """`take` is called by the connections' loop, the ear by a thread of its own. `foreign`: what was no receipt."""

    def __init__(self, *, most: int = MOST) -> None:
        self.foreign, self.most = 0, most
        self._ear: Ear | None = None
        self._held: list[tuple[Answers, int, Heard]] = []
        self._some = threading.Condition()
        self._thread: threading.Thread | None = None
        self._ended = False

    def hear(self, ear: Ear) -> None:
        with self._some:
            self._ear = ear

    def take(self, session: Answers, sequence: int, heard: Heard) -> bool:
        """False where no more can be held, or nobody keeps them."""
        with self._some:
            if self._ear is None or self._ended or len(self._held) >= self.most:
                return False
            self._held.append((session, sequence, heard))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="receipts", daemon=True)
                self._thread.start()
            self._some.notify()
            return True

    def end(self) -> None:
        with self._some:
            self._ended = True
            self._some.notify()

    def _run(self) -> None:
        while True:
            with self._some:
                self._some.wait_for(lambda: self._held or self._ended)
                if self._ended:
                    return
                full = len(self._held) >= AT_ONCE
            if not full:
                time.sleep(GATHER_S)
            with self._some:
                some, self._held = self._held[:AT_ONCE], self._held[AT_ONCE:]
                ear = self._ear
            if some and ear is not None:
                self._keep(some, ear)

    def _keep(self, some: Sequence[tuple[Answers, int, Heard]], ear: Callable[[Sequence[Heard]], None]) -> None:
        status = pdu.OK
        try:
            ear([heard for *_, heard in some])
        except Exception:  # whatever it is: this thread has to live, and the centre sends them again
            log.exception("receipts not kept", n=len(some))
            status = LATER
        sequences: dict[Answers, list[int]] = defaultdict(list)
        for session, sequence, _ in some:
            sequences[session].append(sequence)
        for session, answered in sequences.items():
            session.answer(answered, status)
