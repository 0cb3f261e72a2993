"""The arrays that the hot path works on: one batch of readings and one row of memory per stream.

Times are int64 microseconds since 1970 UTC, durations int64 microseconds, values float64 in the stream's SI unit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

NEVER = np.int64(-(2**63))
"""A time that has not happened."""

Times = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]
Index = npt.NDArray[np.intp]
Flags = npt.NDArray[np.int16]
Records = npt.NDArray[np.void]

MEMORY = np.dtype(
    [
        # quality
        ("seen_at", "<i8"),  # newest in-order reading, trusted or not: the device lives
        ("seen_value", "<f8"),
        ("good_at", "<i8"),  # newest reading that passed the rate rule
        ("good_value", "<f8"),
        ("odd_at", "<i8"),  # newest reading that broke the rate rule, and how many agreed since
        ("odd_value", "<f8"),
        ("odd_run", "<i4"),
        ("flat_since", "<i8"),  # since when the usable value has not moved
        ("flat_value", "<f8"),
        # ladder
        ("level", "<i2"),
        ("since", "<i8"),
        ("left_at", "<i8"),  # first reading that began to leave normal: names the chain of events
        ("up_level", "<i2"),
        ("up_since", "<i8"),
        ("up_count", "<i4"),
        ("down_level", "<i2"),
        ("down_since", "<i8"),
        ("moved_at", "<i8"),  # newest trusted reading the ladder has used
        ("old_at", "<i8"),  # two anchors for the rate of rise, one to two windows back
        ("old_value", "<f8"),
        ("new_at", "<i8"),
        ("new_value", "<f8"),
    ]
)
"""Everything remembered about a stream between batches; stored as bytes beside the current value."""

MEMORY_VERSION = 1
_TIMES = (
    "seen_at", "good_at", "odd_at", "flat_since", "since", "left_at", "up_since", "down_since", "moved_at", "old_at",
    "new_at",
)  # fmt: skip


def blank(count: int) -> Records:
    """Memory of `count` streams that have never been heard. shape (count,)."""
    memory = np.zeros(count, MEMORY)
    for name in _TIMES:
        memory[name] = NEVER
    for name in ("seen_value", "good_value", "odd_value", "flat_value", "old_value", "new_value"):
        memory[name] = np.nan
    return memory


@dataclass(frozen=True, slots=True)
class Batch:
    """n readings sorted by (stream, at), by arrival and then value where both are equal: the order in which the rows
    were handed over says nothing.

    stream: index into the limits and the memory, shape (n,). at, received_at: microseconds. value: stream's unit.
    given: flags that the decoder already knows (wrong unit). order: position of each reading in the unsorted input.
    """

    stream: Index
    at: Times
    value: Values
    received_at: Times
    given: Flags
    order: Index

    def __len__(self) -> int:
        return len(self.at)


def sort_batch(stream: Index, at: Times, value: Values, received_at: Times, given: Flags) -> Batch:
    """A Batch of unsorted columns, all of shape (n,)."""
    order = np.lexsort((value, received_at, at, stream))
    return Batch(stream[order], at[order], value[order], received_at[order], given[order], order)
