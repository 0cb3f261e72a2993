"""What is remembered of one stream as bytes of its own, so that a few of many streams can be taken up and put back.

`Watch.save` keeps all streams in one piece. A system that has news of some streams at a time keeps each stream beside
its readings instead: its STATE, what its neighbours see of it (BOARD) and, where it has neighbours, its DRIFT. The
bytes name a neighbour by its id outside; inside a Watch streams are numbered anew each time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fengsui.kernel.errors import Invalid
from fengsui.science.series import fused
from fengsui.science.series.batch import Records
from fengsui.science.series.rule import NEAR_MOST, RULE
from fengsui.science.series.state import BOARD, DRIFT, STATE, VERSION, blank, blank_board, blank_drift
from fengsui.science.series.watch import Watch

BOARD_AT = STATE.itemsize
DRIFT_AT = BOARD_AT + BOARD.itemsize
SIZES = (DRIFT_AT, DRIFT_AT + DRIFT.itemsize)
"""Bytes of a stream without neighbours, and with."""
KEPT_VERSION = VERSION
"""Bytes of another version are not to be handed in: such a stream begins anew."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Streams taken up. ids: of the streams and then of neighbours of which only the board is there, by number."""

    watch: Watch
    ids: npt.NDArray[np.int64]

    def put_back(self) -> list[bytes]:
        """The bytes of each stream that was taken up, in their order."""
        states, board, drift = self.watch.parts()
        near = drift["near"]
        drift["near"] = np.where(near >= 0, self.ids[near], -1)
        which = states["drift"].tolist()
        states["drift"] = -1
        return [
            states[i].tobytes() + board[i].tobytes() + (drift[d].tobytes() if d >= 0 else b"")
            for i, d in enumerate(which)
        ]


def take_up(
    ids: npt.NDArray[np.int64],
    rules: Records,
    near: Sequence[Sequence[int]],
    kept: Sequence[bytes | None],
    boards: Mapping[int, bytes],
) -> Taken:
    """A Watch of these streams, numbered in their order. ids: shape (n,). rules: RULE, shape (n,).

    near: up to 8 other ids each. kept: what `put_back` gave, None begins anew. boards: what is seen of neighbours that
    are not among `ids`; one that is missing has said nothing. A neighbour that is no longer wanted leaves the
    regression as a silent one does, a new one takes a free place. Raises Invalid for damaged bytes or wrong neighbours.
    """
    known = ids.tolist()
    others = sorted({each for row in near for each in row} - set(known))
    place = {each: i for i, each in enumerate([*known, *others])}
    states, board = blank(len(known)), blank_board(len(place))
    drift = blank_drift(sum(bool(row) for row in near))
    held = iter(range(len(drift)))
    for i, (one, row) in enumerate(zip(kept, near, strict=True)):
        if one is not None:
            if len(one) not in SIZES:
                raise Invalid("series.kept.damaged", field="kept", bytes=len(one))
            states[i] = np.frombuffer(one, STATE, count=1)[0]
            board[i] = np.frombuffer(one, BOARD, count=1, offset=BOARD_AT)[0]
        states["drift"][i] = -1
        if row:
            states["drift"][i] = d = next(held)
            if one is not None and len(one) == SIZES[1]:
                drift[d] = np.frombuffer(one, DRIFT, count=1, offset=DRIFT_AT)[0]
            _regroup(drift[d : d + 1], row, known[i], int(rules["drift_warm"][i]))
            drift["near"][d] = [place[each] if each >= 0 else -1 for each in drift["near"][d].tolist()]
    for each in others:
        if each in boards:
            board[place[each]] = np.frombuffer(boards[each], BOARD, count=1)[0]
    return Taken(Watch.of(rules, states, board, drift), np.array([*known, *others], np.int64))


def _regroup(drift: Records, wanted: Sequence[int], own: int, warm: int) -> None:
    """The record's neighbours become those wanted: the others leave, new ones come with nothing learnt of them."""
    if len(wanted) > NEAR_MOST or len(set(wanted)) != len(wanted) or own in wanted:
        raise Invalid("series.near", field="near", most=NEAR_MOST, got=list(wanted))
    there = drift["near"][0].tolist()
    for slot, each in enumerate(there):
        if each >= 0 and each not in wanted:
            fused.leave(drift, slot, warm)
            there[slot] = -1
    free = iter([slot for slot, each in enumerate(there) if each < 0])
    for each in wanted:
        if each not in there:
            there[next(free)] = each
    drift["near"][0] = there


def rows(rules: Sequence[tuple[float | int, ...]]) -> Records:
    """RULE of many `Rule.row`. shape (n,)."""
    return np.array(list(rules), RULE)
