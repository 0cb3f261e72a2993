"""Quality of readings: every value is kept, with the flags that say why it may not be trusted.

`check` runs once per batch on arrays; only streams that break their rate rule are walked one reading at a time, because
there the reference of a reading depends on the verdict about the one before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fengsui.kernel.terms import Term, Terms
from fengsui.science.series.batch import NEVER, Batch, Flags, Index, Records, Values

OK = 0
GAP = 1
DUPLICATE = 2
LATE = 4
FUTURE = 8
ANCIENT = 16
RANGE = 32
RATE = 64
STUCK = 128
UNIT = 256

CODES = {
    "gap": GAP, "duplicate": DUPLICATE, "late": LATE, "future": FUTURE, "ancient": ANCIENT,
    "range": RANGE, "rate": RATE, "stuck": STUCK, "unit": UNIT,
}  # fmt: skip

SUSPECT = DUPLICATE | LATE | FUTURE | ANCIENT | RANGE | RATE | STUCK | UNIT
"""Any of these keeps a reading from moving the ladder. A gap is a remark about the time before a good reading."""

FLAGS = Terms(
    "quality_flags",
    Term("ok", "正常", "ok"),
    Term("gap", "断后首数", "first after a gap"),
    Term("duplicate", "同时刻异值", "second value for one time"),
    Term("late", "迟到", "late"),
    Term("future", "时间超前", "from the future"),
    Term("ancient", "过旧", "too old"),
    Term("range", "超量程", "out of range"),
    Term("rate", "突变", "changes too fast"),
    Term("stuck", "僵值", "stuck"),
    Term("unit", "单位不符", "wrong unit"),
)

CONFIRMING = 3
"""So many successive readings that agree with each other are a new state, not a spike. [G]"""

LIMITS = np.dtype(
    [
        ("low", "<f8"), ("high", "<f8"), ("rate", "<f8"),  # rate: value units per second
        ("gap", "<i8"), ("late", "<i8"), ("future", "<i8"), ("ancient", "<i8"),  # microseconds
        ("stuck", "<i8"), ("stuck_above", "<f8"), ("still", "<i8"), ("resolution", "<f8"),
    ]
)  # fmt: skip

_HOUR = 3_600_000_000
_FOREVER = np.int64(2**62)


@dataclass(frozen=True, slots=True)
class Limit:
    """Plausibility of one stream in real time; `speed` > 1 squeezes all durations for a replay.

    low, high: value unit. rate_per_hour: value units an hour, None = no rule. Durations in seconds, None = no rule.
    stuck_above: a flat value at or below this is normal (a dry gauge, a river at low water) for still_s, None = for
    ever. resolution: smallest step the device reports.
    """

    low: float
    high: float
    rate_per_hour: float | None = None
    gap_s: float | None = None
    late_s: float | None = 600.0
    future_s: float = 60.0
    ancient_s: float = 86_400.0
    stuck_s: float | None = None
    stuck_above: float = -np.inf
    still_s: float | None = None
    resolution: float = 0.0

    def row(self, speed: float = 1.0) -> tuple[float | int, ...]:
        """One record of LIMITS. Clock tolerances (late, future, ancient) shrink too: phenomenon time is compressed."""

        def time(seconds: float | None) -> int:
            return int(_FOREVER) if seconds is None else max(1, int(seconds * 1e6 / speed))

        rate = np.inf if self.rate_per_hour is None else self.rate_per_hour / 3600.0 * speed
        # A device's clock error and the way through the network do not shrink with the replay: keep a real floor.
        future = max(time(self.future_s), 2_000_000)
        late = max(time(self.late_s), 5_000_000)
        return (
            self.low, self.high, rate, time(self.gap_s), late, future, max(time(self.ancient_s), 60_000_000),
            time(self.stuck_s), self.stuck_above, time(self.still_s), self.resolution,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verdict:
    """Per reading of the sorted batch, shape (n,).

    flags: bit set. detail: the figure behind the worst flag (seconds late, units an hour, the broken limit).
    chain: readings that continue the stream in order; a redelivered one is not in it.
    again: the very reading that was seen last, delivered once more.
    behind: older than what the stream has already reported, so only the table knows whether it is new.
    """

    flags: Flags
    detail: Values
    chain: npt.NDArray[np.bool_]
    again: npt.NDArray[np.bool_]
    behind: npt.NDArray[np.bool_]

    @property
    def trusted(self) -> npt.NDArray[np.bool_]:
        trusted: npt.NDArray[np.bool_] = self.chain & ((self.flags & SUSPECT) == 0)
        return trusted


def check(batch: Batch, limits: Records, memory: Records) -> Verdict:
    """Flag every reading and move `memory` (one record a stream, changed in place) past the batch.

    limits, memory: shape (m,), indexed by batch.stream. Idempotent: the same batch again flags nothing new and moves
    nothing, whatever the order inside it.
    """
    n = len(batch)
    flags = batch.given.astype(np.int16, copy=True)
    detail = np.zeros(n)
    if n == 0:
        none = np.zeros(0, bool)
        return Verdict(flags, detail, none, none, none)
    limit, known = limits[batch.stream], memory[batch.stream]
    at, value = batch.at, batch.value

    first = np.empty(n, bool)
    first[0] = True
    first[1:] = batch.stream[1:] != batch.stream[:-1]
    position = np.arange(n)
    leader = np.maximum.accumulate(np.where(first | np.r_[True, at[1:] != at[:-1]], position, 0))
    repeated = leader != position
    behind = at < known["seen_at"]
    same_time = at == known["seen_at"]
    again = (same_time & _equal(value, known["seen_value"])) | (repeated & _equal(value, value[leader]))
    conflict = ~again & (repeated | same_time)
    delay = batch.received_at - at
    ancient = delay > limit["ancient"]
    future = -delay > limit["future"]
    late = (delay > limit["late"]) & ~ancient
    overtaken = behind & ~(future | ancient | late)
    heard = ~(behind | again | conflict | future | ancient)
    previous = _previous(heard, first, at, known["seen_at"])
    gap = heard & (previous != NEVER) & (at - np.where(previous == NEVER, at, previous) > limit["gap"])
    finite = np.isfinite(value)
    low, high = finite & (value < limit["low"]), ~finite | (value > limit["high"])

    def put(where: npt.NDArray[np.bool_], flag: int, figure: Values) -> None:
        flags[where] |= np.int16(flag)
        detail[where] = figure[where]

    # In the order of the bits: the detail that stays belongs to the worst flag.
    put(gap, GAP, (at - previous) / 1e6)
    put(conflict, DUPLICATE, np.where(same_time, known["seen_value"], value[leader]))
    put(late, LATE, delay / 1e6)
    put(overtaken, LATE, (known["seen_at"] - at) / 1e6)
    put(future, FUTURE, -delay / 1e6)
    put(ancient, ANCIENT, delay / 1e6)
    put(low, RANGE, limit["low"])
    put(high, RANGE, limit["high"])
    usable = heard & ((flags & (RANGE | UNIT)) == 0)
    _check_rate(batch, limits, memory, usable, first, flags, detail)
    _check_stuck(batch, limits, memory, usable, first, flags, detail)
    _keep_last(batch, memory, heard, "seen_at", "seen_value")
    return Verdict(flags, detail, heard, again, behind)


def _equal(left: Values, right: Values) -> npt.NDArray[np.bool_]:
    same: npt.NDArray[np.bool_] = (left == right) | (np.isnan(left) & np.isnan(right))
    return same


def _previous(
    member: npt.NDArray[np.bool_],
    first: npt.NDArray[np.bool_],
    column: npt.NDArray[Any],
    before: npt.NDArray[Any],
) -> npt.NDArray[Any]:
    """For each reading the column of the last member before it in its stream, or what the memory holds."""
    n = len(member)
    position = np.arange(n)
    start = np.maximum.accumulate(np.where(first, position, 0))
    last = np.maximum.accumulate(np.where(member, position, -1))
    last = np.r_[-1, last[:-1]]
    return np.where(last >= start, column[np.maximum(last, 0)], before)


def _check_rate(
    batch: Batch, limits: Records, memory: Records, usable: npt.NDArray[np.bool_], first: npt.NDArray[np.bool_],
    flags: Flags, detail: Values,
) -> None:  # fmt: skip
    """Faster than the kind allows: flagged until CONFIRMING readings agree. Moves good_*, odd_*."""
    at, value, stream = batch.at, batch.value, batch.stream
    known, limit = memory[stream], limits[stream]
    from_at = _previous(usable, first, at, known["good_at"])
    from_value = _previous(usable, first, value, known["good_value"])
    apart = np.where(from_at == NEVER, 0, at - np.where(from_at == NEVER, 0, from_at)) / 1e6
    with np.errstate(invalid="ignore"):
        allowed = np.where(np.isinf(limit["rate"]), np.inf, limit["rate"] * apart) + limit["resolution"]
        broken = usable & (from_at != NEVER) & (np.abs(value - from_value) > allowed)
    slow = np.zeros(len(memory), bool)
    slow[stream[broken]] = True
    slow |= memory["odd_run"] > 0
    calm = usable & ~slow[stream]
    _keep_last(batch, memory, calm, "good_at", "good_value")
    walked = np.flatnonzero(usable & slow[stream])
    for each in np.split(walked, np.flatnonzero(np.diff(stream[walked])) + 1) if len(walked) else []:
        _walk_rate(each, batch, limits[stream[each[0]]], memory, flags, detail)


def _walk_rate(rows: Index, batch: Batch, limit: np.void, memory: Records, flags: Flags, detail: Values) -> None:
    stream = batch.stream[rows[0]]
    row = memory[stream]
    good_at, good, odd_at, odd = (
        int(row["good_at"]),
        float(row["good_value"]),
        int(row["odd_at"]),
        float(row["odd_value"]),
    )
    run, rate, step = int(row["odd_run"]), float(limit["rate"]), float(limit["resolution"])
    for i, at, value in zip(rows.tolist(), batch.at[rows].tolist(), batch.value[rows].tolist(), strict=True):
        if good_at == NEVER or abs(value - good) <= rate * (at - good_at) / 1e6 + step:
            good_at, good, run = at, value, 0
            continue
        agrees = run > 0 and abs(value - odd) <= rate * (at - odd_at) / 1e6 + step
        run = run + 1 if agrees else 1
        odd_at, odd = at, value
        if run >= CONFIRMING:
            good_at, good, run = at, value, 0
        else:
            flags[i] |= RATE
            detail[i] = (value - good) / (at - good_at) * _HOUR
    for name, kept in (
        ("good_at", good_at),
        ("good_value", good),
        ("odd_at", odd_at),
        ("odd_value", odd),
        ("odd_run", run),
    ):
        memory[name][stream] = kept


def _check_stuck(
    batch: Batch, limits: Records, memory: Records, usable: npt.NDArray[np.bool_], first: npt.NDArray[np.bool_],
    flags: Flags, detail: Values,
) -> None:  # fmt: skip
    """The same value for longer than the kind allows, which is longer where standing still is normal."""
    at, value, stream = batch.at, batch.value, batch.stream
    known, limit = memory[stream], limits[stream]
    before = _previous(usable, first, value, known["flat_value"])
    moved = usable & ~_equal(value, before)
    start = np.maximum.accumulate(np.where(first, np.arange(len(at)), 0))
    last_move = np.maximum.accumulate(np.where(moved, np.arange(len(at)), -1))
    since = np.where(last_move >= start, at[np.maximum(last_move, 0)], known["flat_since"])
    since = np.where(since == NEVER, at, since)
    allowed = np.where(value > limit["stuck_above"], limit["stuck"], limit["still"])
    stuck = usable & (at - since > allowed)
    flags[stuck] |= STUCK
    detail[stuck] = (at - since)[stuck] / 1e6
    memory["flat_since"][stream[usable]] = since[usable]  # rows are in order, the last one stays
    memory["flat_value"][stream[usable]] = value[usable]


def _keep_last(batch: Batch, memory: Records, member: npt.NDArray[np.bool_], at_name: str, value_name: str) -> None:
    """Rows are in order, so plain assignment leaves the newest of each stream."""
    memory[at_name][batch.stream[member]] = batch.at[member]
    memory[value_name][batch.stream[member]] = batch.value[member]


def names(flags: int) -> list[str]:
    """Codes of the flags set, worst last; ['ok'] where none is."""
    return [code for code, bit in CODES.items() if flags & bit] or ["ok"]


def reason(flags: int, detail: float, unit: str = "") -> str:
    """One Chinese sentence for the worst flag, with the figure behind it. Empty for a good reading."""
    if not flags:
        return ""
    worst = max((bit for bit in CODES.values() if flags & bit and bit != UNIT), default=UNIT)
    texts = {
        GAP: f"此前断数 {_span(detail)}",
        DUPLICATE: f"同一时刻已有读数 {detail:g} {unit}".rstrip(),
        LATE: f"迟到 {_span(detail)}",
        FUTURE: f"时间比收到时刻超前 {_span(detail)}",
        ANCIENT: f"收到时已过 {_span(detail)}",
        RANGE: f"超出量程界限 {detail:g} {unit}".rstrip(),
        RATE: f"每小时变化 {detail:+.3g} {unit}，快于本类传感器".replace(" ，", "，"),
        STUCK: f"数值不变已 {_span(detail)}",
        UNIT: "上报单位与登记单位不符",
    }
    return texts[worst]


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} 秒"
    if seconds < 5_400:
        return f"{seconds / 60:.0f} 分"
    if seconds < 172_800:
        return f"{seconds / 3600:.1f} 小时"
    return f"{seconds / 86_400:.1f} 天"
