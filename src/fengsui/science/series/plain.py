"""The checks as they are read in the papers: one check after the other over whole series, in plain Python and numpy.

`fused.py` does the same reading by reading and must give the same bits. Whoever changes a step changes it here first.

Sources: Hampel 1974 and Davies & Gather 1993 (median and MAD about a window); Huber 1964 (clipped influence); Gelper,
Fried & Croux 2010 (robust exponential smoothing with its scale); Page 1954 (CUSUM); Haykin 2002, ch. 9 (recursive
least squares). CUSUM over innovations instead of readings: Alwan & Roberts 1988.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fengsui.science.series import marks, quality
from fengsui.science.series.batch import NEVER, Flags, Index, Records, Times, Values
from fengsui.science.series.state import SPREAD, SPREAD_MOST

MAD = 1.4826
PHI_MOST = 0.98
SEEN_FROM = 2.0
REACH, GROWTH, FAR = 1.5, 1.002, 3.0
_NEVER = int(NEVER)


@dataclass
class Course:
    """What is known of one stream's readings after each pass; lists are by its own readings, `rows` by arrival."""

    rows: list[int]
    good: list[bool] = field(default_factory=list)
    gap: list[bool] = field(default_factory=list)
    y: dict[int, float] = field(default_factory=dict)
    z: dict[int, float] = field(default_factory=dict)
    way: dict[int, float] = field(default_factory=dict)
    unit: float = math.nan
    spoken: list[int] = field(default_factory=list)


def watch(
    stream: Index, at: Times, value: Values, received: Times, given: Flags, rules: Records, near: dict[int, list[int]]
) -> tuple[Flags, Values, Values]:
    """flags (n,), detail (n,), figures (n, 4) as `fused.watch` gives them for streams never heard before."""
    n = len(at)
    flags, detail = given.astype(np.int16, copy=True), np.zeros(n)
    figures = np.tile(np.array([np.nan, np.nan, 0.0, np.nan]), (n, 1))
    courses = {}
    for i in sorted(set(stream.tolist())):
        course = courses[i] = Course(np.flatnonzero(stream == i).tolist())
        _first_row(course, at, value, received, rules[i], flags, detail)
        _own_course(course, value, rules[i], flags, figures)
    for i, course in courses.items():
        if i in near:
            _confirm(course, at, [courses.get(j) for j in near[i]], rules[i], flags)
            _drift(course, at, [courses.get(j) for j in near[i]], rules[i], flags, figures)
    return flags, detail, figures


def _first_row(
    course: Course, at: Times, value: Values, received: Times, rule: Any, flags: Flags, detail: Values
) -> None:
    """`quality.check`, reading by reading, and the largest step."""
    limit = np.array([tuple(rule[name] for name in quality.LIMITS.names or ())], quality.LIMITS)[0]
    seen_at, seen, good_at, good, odd_at, odd, run = _NEVER, math.nan, _NEVER, math.nan, _NEVER, math.nan, 0
    flat_since, flat = _NEVER, math.nan
    for r in course.rows:
        t, v, delay = int(at[r]), float(value[r]), int(received[r]) - int(at[r])
        given = int(flags[r])
        again = t == seen_at and (v == seen or (math.isnan(v) and math.isnan(seen)))
        ancient, future = delay > limit["ancient"], -delay > limit["future"]
        late = delay > limit["late"] and not ancient
        heard = t > seen_at and not (ancient or future)
        gap = bool(heard and seen_at != _NEVER and t - seen_at > limit["gap"])
        found: list[tuple[int, float]] = []  # in the order of the bits: the detail that stays is the worst flag's
        if gap:
            found.append((quality.GAP, (t - seen_at) / 1e6))
        if t == seen_at and not again:
            found.append((quality.DUPLICATE, seen))
        if late:
            found.append((quality.LATE, delay / 1e6))
        if t < seen_at and not (future or ancient or late):
            found.append((quality.LATE, (seen_at - t) / 1e6))
        if future:
            found.append((quality.FUTURE, -delay / 1e6))
        if ancient:
            found.append((quality.ANCIENT, delay / 1e6))
        if math.isfinite(v) and v < limit["low"]:
            found.append((quality.RANGE, float(limit["low"])))
        if not math.isfinite(v) or v > limit["high"]:
            found.append((quality.RANGE, float(limit["high"])))
        usable = heard and not (given & quality.UNIT) and not any(bit == quality.RANGE for bit, _ in found)
        trusted = usable
        if usable:

            def allowed(since: int) -> float:
                return min(float(rule["rate"]) * (t - since) / 1e6 + float(rule["resolution"]), float(rule["step"]))  # noqa: B023 - called before the loop goes on

            if good_at == _NEVER or abs(v - good) <= allowed(good_at):
                good_at, good, run = t, v, 0
            else:
                run = run + 1 if run > 0 and abs(v - odd) <= allowed(odd_at) else 1
                odd_at, odd = t, v
                if run >= quality.CONFIRMING:
                    good_at, good, run = t, v, 0
                else:
                    found.append((quality.RATE, (v - good) / (t - good_at) * 3_600_000_000))
                    trusted = False
            if v != flat:
                flat_since = t
            flat = v
            if t - flat_since > (limit["stuck"] if v > limit["stuck_above"] else limit["still"]):
                found.append((quality.STUCK, (t - flat_since) / 1e6))
                trusted = False
        if heard:
            seen_at, seen = t, v
        for bit, figure in found:
            flags[r] |= np.int16(bit)
            detail[r] = figure
        course.good.append(trusted)
        course.gap.append(gap)


def _segments(course: Course) -> list[list[int]]:
    """Rows of good readings, cut where a silence ends."""
    pieces: list[list[int]] = [[]]
    for r, good, gap in zip(course.rows, course.good, course.gap, strict=True):
        if gap:
            pieces.append([])
        if good:
            pieces[-1].append(r)
    return pieces


def _own_course(course: Course, value: Values, rule: Any, flags: Flags, figures: Values) -> None:
    window, resolution = int(rule["window"]), float(rule["resolution"])
    known, square, zero = 0, 0.0, math.nan
    noise = Innovations(float(rule["pull_scale"]), float(rule["clip"]), float(rule["norm"]), float(rule["most"]))
    for rows in _segments(course):
        values = value[rows] + 0.0
        noise.break_off()
        judge = None
        if len(rows) >= window:
            seen = np.lib.stride_tricks.sliding_window_view(values, window)
            med = np.median(seen, axis=1)
            local = MAD * np.median(np.abs(seen - med[:, None]), axis=1)
            if known == 0:
                square, known, zero = float(local[0] * local[0]), window, float(med[0])
                course.unit = max(float(local[0]), resolution)
            judge = Judge(rule, noise, float(med[0]), square, known)
        for k, r in enumerate(rows):
            v = float(values[k])
            if judge and k >= window:
                figures[r, 0] = med[k - window]
                bits, figures[r, 1], figures[r, 2] = judge(v, float(med[k - window]), float(local[k - window]))
                flags[r] |= np.int16(bits)
                course.z[r] = float(figures[r, 1])
                course.way[r] = judge.side
            if k >= window - 1 or course.y:
                course.y[r] = (v - zero) / course.unit
        if judge:
            square, known = judge.square, judge.known
    course.spoken = list(course.y)


@dataclass
class Innovations:
    """What the reading before does not explain: lag-one regression over clipped readings, and two sums (CUSUM)."""

    pull: float
    clip: float
    norm: float
    most: float
    last: float | None = None
    cross: float = 0.0
    power: float = 0.0
    rest: float = 1.0
    up: float = 0.0
    down: float = 0.0

    def break_off(self) -> None:
        self.last, self.up, self.down = None, 0.0, 0.0

    def _phi(self) -> float:
        return min(max(self.cross / self.power if self.power > 0.0 else 0.0, 0.0), PHI_MOST)

    def fresh(self, z: float, floor: float) -> float:
        if self.last is None:
            return 0.0
        return _clip((z - self._phi() * self.last) / max(math.sqrt(self.rest), floor), self.most)

    def add(self, fresh: float, k: float) -> None:
        """Page 1954: S = max(0, S + z - k), and the same downwards."""
        self.up, self.down = max(0.0, self.up + fresh - k), max(0.0, self.down - fresh - k)

    def learn(self, z: float, floor: float) -> None:
        if self.last is None:
            return
        left = _clip(z - self._phi() * self.last, self.clip * max(math.sqrt(self.rest), floor))
        a = self.pull
        self.rest = (1.0 - a) * self.rest + a * self.norm * (left * left)
        self.cross = (1.0 - a) * self.cross + a * (_clip(z, self.clip) * self.last)
        self.power = (1.0 - a) * self.power + a * (self.last * self.last)


@dataclass
class Judge:
    """Hampel, robust EWMA and CUSUM between two silences."""

    rule: Any
    noise: Innovations
    mean: float
    square: float
    known: int
    out: list[float] = field(default_factory=list)
    away: list[float] = field(default_factory=list)
    away_side: float = 0.0
    side: float = 0.0

    def __call__(self, v: float, med: float, local: float) -> tuple[int, float, float]:
        rule, noise, bits = self.rule, self.noise, 0
        resolution = float(rule["resolution"])
        slow = max(math.sqrt(self.square), resolution)
        z = (v - self.mean) / slow
        warm = self.known >= int(rule["warm"])
        # Hampel: out of the window's scatter, which is small by chance in a short one, so the slow one holds as well.
        wide = max(float(rule["share"]) * local, slow)
        if warm and abs(v - med) > float(rule["spike"]) * wide and abs(z) > float(rule["spike"]):
            if self.out and abs(v - self.out[-1]) < abs(v - med):
                self.out.append(v)
                bits |= marks.BORNE if len(self.out) == 2 else 0
            else:
                self.out = [v]
                bits |= marks.SPIKE
        else:
            self.out = []
        # EWMA: a mean that is not moved by what is far away never reaches a new level, so it is set there.
        if warm and abs(z) > float(rule["away"]):
            bits |= marks.AWAY
            side = 1.0 if z > 0.0 else -1.0
            self.away = [*self.away, v] if side == self.away_side and self.away else [v]
            self.away_side = side
        else:
            self.away = []
        self.side = 1.0 if ((v > med) if bits & marks.SPIKE else (z > 0.0)) else -1.0
        floor = resolution / slow
        if warm and noise.last is not None:
            noise.add(noise.fresh(z, floor), float(rule["k"]))
        told = noise.up if noise.up >= noise.down else -noise.down
        if max(noise.up, noise.down) <= 0.5 * float(rule["h"]):
            noise.learn(z, floor)
        if noise.up > float(rule["h"]) or noise.down > float(rule["h"]):
            bits |= marks.SHIFT
            noise.up = noise.down = 0.0
        noise.last = _clip(z, float(rule["clip"]))
        pull = max(1.0 / (self.known + 1.0), float(rule["pull"]))
        pull_scale = max(1.0 / (self.known + 1.0), float(rule["pull_scale"]))
        held = _clip(v - self.mean, float(rule["clip"]) * slow)
        self.mean += pull * held
        self.square = (1.0 - pull_scale) * self.square + pull_scale * float(rule["norm"]) * (held * held)
        self.known += 1
        if len(self.away) >= int(rule["reseed"]):
            bits |= marks.SHIFT
            self.mean = _sum(self.away) / len(self.away)
            self.away = []
            noise.break_off()
        return bits, z, told


def _confirm(course: Course, at: Times, others: list[Course | None], rule: Any, flags: Flags) -> None:
    """A neighbour that moves the same way bears a spike out; two or more that speak and do not leave it alone."""
    for r in course.z:
        if not flags[r] & (marks.SPIKE | marks.AWAY):
            continue
        heard = [told for told in _latest(others, r, at, rule) if told is not None]
        if any(z * course.way[r] > SEEN_FROM for _, z in heard):
            flags[r] |= np.int16(marks.BORNE)
        elif len(heard) >= 2:
            flags[r] |= np.int16(marks.ALONE)


def _latest(others: list[Course | None], r: int, at: Times, rule: Any) -> list[tuple[float, float] | None]:
    """What each neighbour said last before row r, or None where that is too old: (how far from its zero, z)."""
    told: list[tuple[float, float] | None] = []
    for other in others:
        place = bisect_left(other.spoken, r) if other else 0
        if other and place and abs(int(at[r]) - int(at[other.spoken[place - 1]])) <= int(rule["fresh"]):
            last = other.spoken[place - 1]
            told.append((other.y[last], other.z.get(last, 0.0)))
        else:
            told.append(None)
    return told


def _drift(course: Course, at: Times, others: list[Course | None], rule: Any, flags: Flags, figures: Values) -> None:
    """y = w . [1, y of neighbours], learnt by recursive least squares; CUSUM of what is left."""
    terms = len(others) + 1
    weight, spread = [0.0] * terms, _diagonal(terms)
    noise = Innovations(float(rule["pull_scale"]), float(rule["clip"]), float(rule["norm"]), float(rule["most"]))
    known, square, reach, spoke = 0, 1.0, 0.0, set[int]()
    k, h = float(rule["drift_k"]), float(rule["drift_h"])
    for r, y in course.y.items():
        latest = _latest(others, r, at, rule)
        heard = {j + 1 for j, told in enumerate(latest) if told is not None}
        if not heard:
            noise.last = None
            continue
        if spoke - heard:
            for j in sorted(spoke - heard):
                _drop(j, weight, spread)
            noise.break_off()
            known = min(known, int(rule["drift_warm"]) // 2)
        spoke = heard
        x = [1.0, *(told[0] if told is not None else 0.0 for told in latest)]
        told_y = _sum([w * each for w, each in zip(weight, x, strict=True)])
        miss = y - told_y
        floor = float(rule["resolution"]) / course.unit
        scatter = max(math.sqrt(square), floor)
        z = miss / scatter
        judged = known >= int(rule["drift_warm"])
        swing = abs(told_y) if judged else max(abs(told_y), abs(y))
        far = sum(abs(each) > FAR for each in (course.z.get(r, 0.0), *(told[1] for told in latest if told is not None)))
        beyond = judged and (swing > REACH * reach or far >= 2)  # a flood's proportions are not the year's
        if swing > reach:
            reach = min(swing, GROWTH * reach) if judged else swing
        if judged and not beyond and noise.last is not None:
            noise.add(noise.fresh(z, floor / scatter), k)
            noise.up, noise.down = min(noise.up, 2.0 * h), min(noise.down, 2.0 * h)
        if not judged or (
            not beyond and max(noise.up, noise.down) <= 0.5 * h
        ):  # nothing is learnt from what is doubted
            noise.learn(z, floor / scatter)
            held = _clip(miss, float(rule["clip"]) * scatter)
            spread = _learn_weights(held, [0, *sorted(heard)], float(rule["forget"]), weight, spread, x)
            pull = max(1.0 / (known + 1.0), float(rule["pull_scale"]))
            square = (1.0 - pull) * square + pull * float(rule["norm"]) * (held * held)
            known += 1
        noise.last = _clip(z, float(rule["clip"]))
        if noise.up > h or noise.down > h:
            flags[r] |= np.int16(marks.DRIFT)
        figures[r, 3] = noise.up if noise.up >= noise.down else -noise.down


def _drop(q: int, weight: list[float], spread: list[list[float]]) -> None:
    """The regression without term q from the one with it: Gaussian weights given that w_q = 0."""
    others = [i for i in range(len(weight)) if i != q]
    share = {i: spread[i][q] / spread[q][q] for i in others}
    for i in others:
        weight[i] -= share[i] * weight[q]
        for j in others:
            if j >= i:
                spread[i][j] = spread[j][i] = spread[i][j] - share[i] * spread[q][j]
    for i in others:
        spread[i][q] = spread[q][i] = 0.0
    spread[q][q], weight[q] = SPREAD, 0.0


def _learn_weights(
    miss: float, terms: list[int], forget: float, weight: list[float], spread: list[list[float]], x: list[float]
) -> list[list[float]]:
    """Haykin 2002, table 9.1: gain = P x / (f + x' P x), w += gain miss, P = (P - gain x' P) / f."""
    kept = forget if _sum([spread[i][i] for i in range(len(x))]) < SPREAD_MOST else 1.0
    gain = {i: _sum([spread[i][j] * x[j] for j in range(len(x))]) for i in terms}
    below = kept
    for i in terms:
        below += x[i] * gain[i]
    if not below > 0.5 * kept:
        return _diagonal(len(x))
    made = [row.copy() for row in spread]
    for i in terms:
        share = gain[i] / below
        weight[i] += share * miss
        for j in terms:
            if j >= i:
                made[i][j] = made[j][i] = (spread[i][j] - share * gain[j]) / kept
    return made


def _diagonal(terms: int) -> list[list[float]]:
    return [[SPREAD if i == j else 0.0 for j in range(terms)] for i in range(terms)]


def _clip(value: float, most: float) -> float:
    return max(-most, min(most, value))


def _sum(values: list[float]) -> float:
    """From left to right: Python's own sum of floats compensates and gives other bits."""
    total = 0.0
    for each in values:
        total += each
    return total
