"""The threshold ladder of one stream: none, blue, yellow, orange, red.

Up: the line of a level is reached by `up_count` consecutive trusted readings over at least `up_hold`.
Down: the value stays below the line minus `margin` for `down_hold`. Between the line and the margin nothing moves.
A second rule looks at the rate of rise. Readings with a suspect flag never come here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from fengsui.science.series.batch import NEVER, Batch, Records

_NEVER = int(NEVER)
_HOUR_US = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Ladder:
    """One stream's rule in real time.

    lines: value of blue, yellow, orange, red in the stream's unit; None = the level does not exist. Must rise with the
    level (fall, when `falling`: a low level is the danger). margin: how far below its line a level is given up.
    rises: units an hour for the four levels, measured over `rise_window_s`.
    """

    lines: tuple[float | None, float | None, float | None, float | None]
    margin: float = 0.0
    up_hold_s: float = 0.0
    up_count: int = 1
    down_hold_s: float = 0.0
    rises: tuple[float | None, float | None, float | None, float | None] = (None, None, None, None)
    rise_window_s: float = 900.0
    broken_after_s: float = math.inf  # silence that breaks a run of readings
    falling: bool = False
    watch: float | None = None  # 关注: below the first level; the chain of events begins here

    def __post_init__(self) -> None:
        sign = -1.0 if self.falling else 1.0
        for name, row in (("lines", [v if v is None else sign * v for v in self.lines]), ("rises", list(self.rises))):
            given = [value for value in row if value is not None]
            if given != sorted(set(given)):
                raise ValueError(f"ladder {name} must grow with the level: {row}")
        if self.watch is not None and any(v is not None and sign * v <= sign * self.watch for v in self.lines):
            raise ValueError("the watch line lies before the first level")
        if self.margin < 0 or self.up_count < 1 or min(self.up_hold_s, self.down_hold_s) < 0 or self.rise_window_s <= 0:
            raise ValueError("margin and holds are not negative, the count is at least 1, the window is positive")


@dataclass(frozen=True, slots=True)
class Rule:
    """A Ladder at a replay speed: microseconds, signs applied. Index 0 is `none`."""

    ladder: Ladder
    up: tuple[float, ...]
    keep: tuple[float, ...]
    rise: tuple[float, ...]  # units per microsecond
    sign: float
    up_hold: float
    down_hold: float
    window: float
    broken_after: float
    watch: float
    lowest: float = field(init=False)
    has_rise: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "lowest", min(self.watch, *self.up[1:]))
        object.__setattr__(self, "has_rise", any(math.isfinite(value) for value in self.rise[1:]))

    @classmethod
    def of(cls, ladder: Ladder, speed: float = 1.0) -> Rule:
        sign = -1.0 if ladder.falling else 1.0
        up = (-math.inf, *(math.inf if line is None else sign * line for line in ladder.lines))
        keep = (-math.inf, *(line - ladder.margin for line in up[1:]))
        rise = (-math.inf, *(math.inf if r is None else r * speed / _HOUR_US for r in ladder.rises))

        def squeezed(seconds: float) -> float:
            return seconds if math.isinf(seconds) else round(seconds * 1e6 / speed)

        return cls(
            ladder, up, keep, rise, sign, squeezed(ladder.up_hold_s), squeezed(ladder.down_hold_s),
            squeezed(ladder.rise_window_s), squeezed(ladder.broken_after_s),
            math.inf if ladder.watch is None else sign * ladder.watch,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Crossing:
    """A move of one stream's level. row: position in the sorted batch. line: the line crossed, unit of the stream
    (of the upper level where it steps down; None where that level is only reached by the rate). rate: units an hour
    where the rate of rise decided, else None. left_at: time of the first reading that began to leave normal."""

    stream: int
    row: int
    at: int
    value: float
    level_from: int
    level_to: int
    line: float | None
    rate: float | None
    left_at: int


def climb(batch: Batch, trusted: npt.NDArray[np.bool_], rules: list[Rule | None], memory: Records) -> list[Crossing]:
    """Move every stream's level past the batch and return the crossings in the order of the sorted batch.

    trusted: shape (n,). rules, memory: by stream; a stream without a rule has no level. Readings not newer than the
    newest one used are ignored: order of delivery and duplicates change nothing.
    """
    rows = np.flatnonzero(trusted & (batch.at > memory["moved_at"][batch.stream]))
    if not len(rows):
        return []
    stream = batch.stream[rows]
    starts = np.flatnonzero(np.r_[True, stream[1:] != stream[:-1]])
    ends = np.r_[starts[1:], len(rows)]
    at_work = stream[starts]
    signs = np.array([rule.sign if (rule := rules[s]) else 1.0 for s in at_work.tolist()])
    lowest = np.array([rule.lowest if (rule := rules[s]) else math.inf for s in at_work.tolist()])
    rising = np.array([bool((rule := rules[s]) and rule.has_rise) for s in at_work.tolist()])
    highest = np.maximum.reduceat(batch.value[rows] * np.repeat(signs, ends - starts), starts)
    state = memory[at_work]
    # Nothing can move where a stream is normal, stays below its lowest line and has no rule about the rise.
    quiet = (
        (state["level"] == 0) & (state["up_level"] == 0) & (state["left_at"] == NEVER) & ~rising & (highest < lowest)
    )
    still = np.repeat(quiet, ends - starts)
    memory["moved_at"][stream[still]] = batch.at[rows][still]
    found: list[Crossing] = []
    for start, end, s in zip(starts[~quiet].tolist(), ends[~quiet].tolist(), at_work[~quiet].tolist(), strict=True):
        rule = rules[s]
        if rule is None:
            memory["moved_at"][s] = batch.at[rows[end - 1]]
        else:
            found += _walk(s, rows[start:end], batch, rule, memory)
    return found


def _walk(s: int, rows: npt.NDArray[np.intp], batch: Batch, rule: Rule, memory: Records) -> list[Crossing]:
    names = memory.dtype.names or ()
    m = dict(zip(names, memory[s].item(), strict=True))
    found = []
    for row, at, value in zip(rows.tolist(), batch.at[rows].tolist(), batch.value[rows].tolist(), strict=True):
        if at <= m["moved_at"]:
            continue
        before, rate = m["level"], _rate(m, at, value * rule.sign, rule)
        _step(m, at, value * rule.sign, rate, rule)
        if m["level"] != before:
            upper = max(before, m["level"])
            line = rule.up[upper] * rule.sign if math.isfinite(rule.up[upper]) else None
            by_rate = m["level"] > before and value * rule.sign < rule.up[m["level"]]
            hourly = rate * _HOUR_US * rule.sign if by_rate else None
            left = m["left_at"]
            found.append(Crossing(s, row, at, value, before, m["level"], line, hourly, left))
        if m["level"] == 0 and m["up_level"] == 0:
            if value * rule.sign >= rule.watch:
                m["left_at"] = at if m["left_at"] == _NEVER else m["left_at"]
            elif value * rule.sign < rule.watch - rule.ladder.margin:
                m["left_at"] = _NEVER
    memory[s] = tuple(m[name] for name in names)
    return found


def _rate(m: dict[str, float], at: int, value: float, rule: Rule) -> float:
    """Rise per microsecond against the reading one to two windows back; -inf while there is none."""
    if not rule.has_rise:
        return -math.inf
    if m["new_at"] == _NEVER or at - m["new_at"] > 3 * rule.window:
        m["old_at"], m["new_at"], m["new_value"] = _NEVER, at, value
        return -math.inf
    if at - m["new_at"] >= rule.window:
        m["old_at"], m["old_value"], m["new_at"], m["new_value"] = m["new_at"], m["new_value"], at, value
    if m["old_at"] == _NEVER:
        return -math.inf
    return (value - m["old_value"]) / (at - m["old_at"])


def _step(m: dict[str, float], at: int, value: float, rate: float, rule: Rule) -> None:
    """One trusted, newer reading. `value` is signed so that up is worse."""
    reach = max(_highest(value, rule.up), _highest(rate, rule.rise))
    keep = max(_highest(value, rule.keep), _highest(rate, rule.rise))
    level = m["level"]
    broken = m["moved_at"] != _NEVER and at - m["moved_at"] > rule.broken_after
    m["moved_at"] = at
    if broken:
        m["up_level"], m["down_since"] = 0, _NEVER
    if reach > level:
        m["down_since"] = _NEVER
        if m["up_level"] == 0:
            m["up_level"], m["up_since"], m["up_count"] = reach, at, 0
            if m["left_at"] == _NEVER:
                m["left_at"] = at
        m["up_level"] = min(m["up_level"], reach)
        m["up_count"] += 1
        if m["up_count"] >= rule.ladder.up_count and at - m["up_since"] >= rule.up_hold:
            m["level"], m["since"], held = m["up_level"], at, m["up_level"]
            m["up_level"] = 0
            if reach > held:  # higher already, but not for long enough: that run begins here
                m["up_level"], m["up_since"], m["up_count"] = reach, at, 1
        return
    m["up_level"] = 0
    if keep >= level:
        m["down_since"] = _NEVER
        return
    if m["down_since"] == _NEVER:
        m["down_since"], m["down_level"] = at, keep
    m["down_level"] = max(m["down_level"], keep)
    if at - m["down_since"] >= rule.down_hold:
        m["level"], m["since"], m["down_since"] = m["down_level"], at, _NEVER


def _highest(value: float, lines: tuple[float, ...]) -> int:
    """The worst level whose line is reached; levels without a line (inf) are passed over."""
    for level in range(len(lines) - 1, 0, -1):
        if value >= lines[level] and lines[level] != math.inf:
            return level
    return 0
