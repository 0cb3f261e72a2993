"""The checks of many streams at once, as the ingest could hold them: fed in any pieces, kept and restored as bytes."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fengsui.kernel.errors import Invalid
from fengsui.science.series import fused, plain
from fengsui.science.series.batch import Flags, Index, Records, Times, Values
from fengsui.science.series.rule import NEAR_MOST, RULE, Rule
from fengsui.science.series.state import BOARD, DRIFT, STATE, VERSION, blank, blank_board, blank_drift


@dataclass(frozen=True, slots=True)
class Seen:
    """By reading, in the order fed, shape (n,). flags: `marks.CODES`. detail: the figure behind the worst flag of
    `quality`. median: of the readings before; NaN while too few. z: distance from the slow mean, multiples of its
    scatter. course, drift: larger sum of the CUSUM of the own innovations and of what neighbours leave unexplained,
    negative downwards; drift is NaN where no neighbour speaks.
    """

    flags: Flags
    detail: Values
    median: Values
    z: Values
    course: Values
    drift: Values


class Watch:
    """Streams are numbers from 0 in the order of `add`; more may join at any time. One thread at a time."""

    def __init__(self) -> None:
        self._count = self._drifts = 0
        self._rules: Records = np.zeros(0, RULE)
        self._states: Records = blank(0)
        self._board: Records = blank_board(0)
        self._drift: Records = blank_drift(0)

    def __len__(self) -> int:
        return self._count

    def add(self, rule: Rule, near: Sequence[int] = (), *, speed: float = 1.0) -> int:
        """The new stream's number. near: up to 8 streams it is held against; they may be added later."""
        return self.add_many([rule], [near], speed=speed).start

    def add_many(self, rules: Sequence[Rule], near: Sequence[Sequence[int]] = (), *, speed: float = 1.0) -> range:
        """The new streams' numbers. Room is doubled when it is used up, so n streams cost O(n) in all."""
        first, last = self._count, self._count + len(rules)
        for row in near:
            if len(row) > NEAR_MOST or any(each < 0 for each in row) or len(set(row)) != len(row):
                raise Invalid("series.near", field="near", most=NEAR_MOST, got=list(row))
        if any(first + k in row for k, row in enumerate(near)):
            raise Invalid("series.near.itself", field="near")
        if last > len(self._states):
            room = max(last, 2 * len(self._states))
            self._rules, self._states = _longer(self._rules, np.zeros(room, RULE)), _longer(self._states, blank(room))
        # A neighbour may be named before it joins: until then it has said nothing.
        told = max([len(self._states), *(each + 1 for row in near for each in row)])
        if told > len(self._board):
            self._board = _longer(self._board, blank_board(told))
        self._rules[first:last] = [rule.row(speed) for rule in rules]
        self._count = last
        held = [(first + k, row) for k, row in enumerate(near) if len(row)]
        if self._drifts + len(held) > len(self._drift):
            room = max(self._drifts + len(held), 2 * len(self._drift))
            self._drift = _longer(self._drift, blank_drift(room))
        for stream, row in held:
            self._states["drift"][stream] = self._drifts
            self._drift["near"][self._drifts, : len(row)] = row
            self._drifts += 1
        return range(first, last)

    def feed(self, stream: Index, at: Times, value: Values, received: Times, given: Flags | None = None) -> Seen:
        """Check readings in the order of their arrival; shape (n,) each, times in microseconds since 1970 UTC, values
        in the stream's unit. given: flags known already. Cut into pieces at will: flags and state are the same bits.
        """
        columns = self._columns(stream, at, value, received, given)
        n = len(columns[0])
        flags, detail, figures = np.zeros(n, np.int16), np.zeros(n), np.zeros((n, 4))
        fused.watch(*columns, self._rules, self._states, self._drift, self._board, flags, detail, figures)
        return Seen(flags, detail, *np.ascontiguousarray(figures.T))

    def _columns(
        self, stream: Index, at: Times, value: Values, received: Times, given: Flags | None
    ) -> tuple[Index, Times, Values, Times, Flags]:
        """As the compiled loop takes them; it looks at no bounds itself. Raises Invalid."""
        if len({len(stream), len(at), len(value), len(received), len(at if given is None else given)}) > 1:
            raise Invalid("series.shapes", field="at", readings=len(at))
        if len(stream) and not (int(stream.min()) >= 0 and int(stream.max()) < self._count):
            raise Invalid("series.stream", field="stream", known=self._count)
        return (
            np.ascontiguousarray(stream, np.intp), np.ascontiguousarray(at, np.int64),
            np.ascontiguousarray(value, np.float64), np.ascontiguousarray(received, np.int64),
            np.zeros(len(at), np.int16) if given is None else np.ascontiguousarray(given, np.int16),
        )  # fmt: skip

    def save(self) -> bytes:
        """Everything remembered, with its version and a checksum: `restore` of it goes on with the same bits."""
        out = io.BytesIO()
        n, m = self._count, self._drifts
        np.savez(out, version=VERSION, rules=self._rules[:n], states=self._states[:n], board=self._board,
                 drift=self._drift[:m])  # fmt: skip
        packed = out.getvalue()
        return hashlib.sha256(packed).digest() + packed

    @classmethod
    def restore(cls, kept: bytes) -> Watch:
        """Raises Invalid for bytes that are damaged or of another version: the streams then begin anew."""
        if hashlib.sha256(kept[32:]).digest() != kept[:32]:
            raise Invalid("series.kept.damaged", field="kept")
        made = cls()
        with np.load(io.BytesIO(kept[32:]), allow_pickle=False) as parts:
            wanted = {"rules": RULE, "states": STATE, "board": BOARD, "drift": DRIFT}
            if int(parts["version"]) != VERSION or any(parts[name].dtype != kind for name, kind in wanted.items()):
                raise Invalid("series.kept.version", field="kept", known=VERSION)
            made._rules, made._states, made._board, made._drift = (parts[name] for name in wanted)
        made._count, made._drifts = len(made._states), len(made._drift)
        return made

    @classmethod
    def of(cls, rules: Records, states: Records, board: Records, drift: Records) -> Watch:
        """A Watch that goes on with these records (see `kept.py`); they are its own from then on."""
        made = cls()
        made._rules, made._states, made._board, made._drift = rules, states, board, drift
        made._count, made._drifts = len(states), len(drift)
        return made

    def parts(self) -> tuple[Records, Records, Records]:
        """Copies of what is remembered: STATE by stream, BOARD by stream and neighbour, DRIFT."""
        return self._states[: self._count].copy(), self._board.copy(), self._drift[: self._drifts].copy()

    def batch(self, stream: Index, at: Times, value: Values, received: Times, given: Flags | None = None) -> Seen:
        """The twin of `feed` from the beginning: `plain.py` over whole series, slow, this object left as it is."""
        near = {
            i: [int(j) for j in self._drift["near"][d] if j >= 0]
            for i, d in enumerate(self._states["drift"][: self._count].tolist()) if d >= 0
        }  # fmt: skip
        columns = self._columns(stream, at, value, received, given)
        flags, detail, figures = plain.watch(*columns, self._rules, near)
        return Seen(flags, detail, *np.ascontiguousarray(figures.T))


def _longer(short: Records, room: Records) -> Records:
    room[: len(short)] = short
    return room
