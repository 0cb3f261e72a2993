"""The checks of one reading after the other, compiled: every stream's state is touched once and stays O(1).

The same as `plain.py`, to the bit: the same operations in the same order, no fast mathematics, nothing but the four
operations and the square root. Sources: `plain.py` names them at each step.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fengsui.science.compiling import njit
from fengsui.science.series import marks, quality
from fengsui.science.series.batch import NEVER
from fengsui.science.series.rule import NEAR_MOST
from fengsui.science.series.state import SPREAD, SPREAD_MOST, TERMS

_NEVER = int(NEVER)
_GAP, _DUPLICATE, _LATE, _FUTURE = quality.GAP, quality.DUPLICATE, quality.LATE, quality.FUTURE
_ANCIENT, _RANGE, _RATE, _STUCK, _UNIT = quality.ANCIENT, quality.RANGE, quality.RATE, quality.STUCK, quality.UNIT
_SPIKE, _AWAY, _SHIFT, _DRIFT = marks.SPIKE, marks.AWAY, marks.SHIFT, marks.DRIFT
_ALONE, _BORNE = marks.ALONE, marks.BORNE
_CONFIRMING = quality.CONFIRMING
MAD = 1.4826
PHI_MOST = 0.98
SEEN_FROM = 2.0
"""So far from its own course a neighbour sees it too. [G]"""
REACH, GROWTH, FAR = 1.5, 1.002, 3.0
"""A drift is slow and a flood's proportions are not the year's. So nothing is judged or learnt while two or more of a
stream and its neighbours are farther than 3 from their own courses, nor beyond 1.5 times the largest swing they were
learnt over; that counts 0.2 % wider a reading, so it ends. [G]"""


@njit(error_model="numpy")
def clipped(value: Any, most: Any) -> Any:
    if value > most:
        return most
    if value < -most:
        return -most
    return value


@njit(error_model="numpy")
def cusum(up: Any, down: Any, z: Any, k: Any) -> Any:
    """Page 1954, two-sided: the sums after one innovation."""
    up = up + z - k
    down = down - z - k
    return (up if up > 0.0 else 0.0), (down if down > 0.0 else 0.0)


@njit(error_model="numpy")
def whiten(z: Any, rule: Any, s: Any, floor: Any) -> Any:
    """What the reading before does not explain, over its own scatter; 0 where there is none before."""
    if s.has_last == 0:
        return 0.0
    phi = s.cross / s.power if s.power > 0.0 else 0.0
    phi = min(max(phi, 0.0), PHI_MOST)
    scatter = math.sqrt(s.rest)
    return clipped((z - phi * s.last) / (scatter if scatter > floor else floor), rule.most)


@njit(error_model="numpy")
def learn(z: Any, rule: Any, s: Any, floor: Any) -> Any:
    """Lag-one products and the scatter of what they leave, each reading clipped (Huber)."""
    u = clipped(z, rule.clip)
    a = rule.pull_scale
    if s.has_last != 0:
        phi = s.cross / s.power if s.power > 0.0 else 0.0
        phi = min(max(phi, 0.0), PHI_MOST)
        scatter = math.sqrt(s.rest)
        bound = rule.clip * (scatter if scatter > floor else floor)
        left = clipped(z - phi * s.last, bound)
        s.rest = (1.0 - a) * s.rest + a * rule.norm * (left * left)
        s.cross = (1.0 - a) * s.cross + a * (u * s.last)
        s.power = (1.0 - a) * s.power + a * (s.last * s.last)


@njit(error_model="numpy")
def first_row(at: Any, value: Any, received: Any, given: Any, rule: Any, s: Any) -> Any:
    """Range, rate, step, flat line, gap, duplicate, late, future: `quality.check` for one reading."""
    flags, detail = given, 0.0
    seen_at = s.seen_at
    behind, same_time = at < seen_at, at == seen_at
    again = same_time and (value == s.seen_value or (math.isnan(value) and math.isnan(s.seen_value)))
    conflict = same_time and not again
    delay = received - at
    ancient, future = delay > rule.ancient, -delay > rule.future
    late = delay > rule.late and not ancient
    overtaken = behind and not (future or ancient or late)
    heard = not (behind or again or conflict or future or ancient)
    gap = heard and seen_at != _NEVER and at - seen_at > rule.gap
    if gap:
        flags |= _GAP
        detail = (at - seen_at) / 1e6
    if conflict:
        flags |= _DUPLICATE
        detail = s.seen_value
    if late:
        flags |= _LATE
        detail = delay / 1e6
    if overtaken:
        flags |= _LATE
        detail = (seen_at - at) / 1e6
    if future:
        flags |= _FUTURE
        detail = -delay / 1e6
    if ancient:
        flags |= _ANCIENT
        detail = delay / 1e6
    if math.isfinite(value) and value < rule.low:
        flags |= _RANGE
        detail = rule.low
    if not math.isfinite(value) or value > rule.high:
        flags |= _RANGE
        detail = rule.high
    usable = heard and (flags & (_RANGE | _UNIT)) == 0
    if usable:
        allowed = min(rule.rate * (at - s.good_at) / 1e6 + rule.resolution, rule.step)
        if s.good_at == _NEVER or abs(value - s.good_value) <= allowed:
            s.good_at, s.good_value, s.odd_run = at, value, 0
        else:
            apart = min(rule.rate * (at - s.odd_at) / 1e6 + rule.resolution, rule.step)
            agrees = s.odd_run > 0 and abs(value - s.odd_value) <= apart
            s.odd_run = s.odd_run + 1 if agrees else 1
            s.odd_at, s.odd_value = at, value
            if s.odd_run >= _CONFIRMING:
                s.good_at, s.good_value, s.odd_run = at, value, 0
            else:
                flags |= _RATE
                detail = (value - s.good_value) / (at - s.good_at) * 3_600_000_000
        if value != s.flat_value:
            s.flat_since = at
        s.flat_value = value
        if at - s.flat_since > (rule.stuck if value > rule.stuck_above else rule.still):
            flags |= _STUCK
            detail = (at - s.flat_since) / 1e6
    if heard:
        s.seen_at, s.seen_value = at, value
    return flags, detail, usable and (flags & (_RATE | _STUCK)) == 0, gap


@njit(error_model="numpy")
def middle(rank: Any, n: Any) -> Any:
    half = n // 2
    return rank[half] if n % 2 == 1 else 0.5 * (rank[half - 1] + rank[half])


@njit(error_model="numpy")
def median_away(rank: Any, n: Any, med: Any) -> Any:
    """The median of |x - med| over sorted x: the two ends run towards each other, the farther one goes first."""
    low, high = 0, n - 1
    half = n // 2
    above = 0.0
    for left in range(n - 1, -1, -1):
        below_low, over_high = med - rank[low], rank[high] - med
        if below_low > over_high:
            far = below_low
            low += 1
        else:
            far = over_high
            high -= 1
        if left == half:
            if n % 2 == 1:
                return far
            above = far
        elif left == half - 1:
            return 0.5 * (far + above)
    return above


@njit(error_model="numpy")
def remember(value: Any, s: Any, window: Any) -> Any:
    """The oldest of the window leaves, the value enters: in the ring by arrival, in the rank by size."""
    n = s.count
    if n == window:
        old = s.ring[s.place]
        i = 0
        while s.rank[i] != old:
            i += 1
        while i < n - 1:
            s.rank[i] = s.rank[i + 1]
            i += 1
        n -= 1
    s.ring[s.place] = value
    s.place = s.place + 1 if s.place + 1 < window else 0
    i = n
    while i > 0 and s.rank[i - 1] > value:
        s.rank[i] = s.rank[i - 1]
        i -= 1
    s.rank[i] = value
    s.count = n + 1


@njit(error_model="numpy")
def forget_course(s: Any) -> Any:
    """After a silence a stream's own past says nothing of where it stands; how much it scatters stays."""
    s.count, s.place, s.out_run, s.has_mean, s.away_run, s.away_sum = 0, 0, 0, 0, 0, 0.0
    s.has_last, s.up, s.down = 0, 0.0, 0.0


@njit(error_model="numpy")
def seen_by_neighbours(at: Any, side: Any, rule: Any, d: Any, board: Any) -> Any:
    """1: one saw it too; -1: two or more spoke lately and none did; 0: nobody to ask."""
    spoke = 0
    for j in range(NEAR_MOST):
        other = d.near[j]
        if other < 0 or board[other].at == _NEVER or abs(at - board[other].at) > rule.fresh:
            continue
        spoke += 1
        if board[other].z * side > SEEN_FROM:
            return 1
    return -1 if spoke >= 2 else 0


@njit(error_model="numpy")
def own_course(at: Any, value: Any, rule: Any, s: Any, drifts: Any, board: Any) -> Any:
    """Hampel, robust EWMA and CUSUM of innovations for a good reading. Returns marks, median, z, largest sum."""
    bits, z, told = 0, math.nan, 0.0
    if s.has_mean == 0:
        return bits, math.nan, z, told
    med = middle(s.rank, s.count)
    local = MAD * median_away(s.rank, s.count, med)
    slow = math.sqrt(s.square)
    slow = max(slow, rule.resolution)
    wide = rule.share * local
    wide = max(wide, slow)
    miss = value - s.mean
    z = miss / slow
    warm = s.known >= rule.warm
    side = 1.0 if value > med else -1.0
    if warm and abs(value - med) > rule.spike * wide and abs(z) > rule.spike:
        if s.out_run > 0 and abs(value - s.out_value) < abs(value - med):
            s.out_run += 1
            if s.out_run == 2:
                bits |= _BORNE
        else:
            s.out_run = 1
            bits |= _SPIKE
        s.out_value = value
    else:
        s.out_run = 0
    reseed = False
    if warm and abs(z) > rule.away:
        bits |= _AWAY
        way = 1 if z > 0.0 else -1
        if s.away_run * way > 0:
            s.away_run += way
            s.away_sum += value
        else:
            s.away_run, s.away_sum = way, value
        reseed = abs(s.away_run) >= rule.reseed
    else:
        s.away_run, s.away_sum = 0, 0.0
    if s.drift >= 0 and (bits & (_SPIKE | _AWAY)) != 0:
        asked = seen_by_neighbours(at, side if (bits & _SPIKE) != 0 else (1.0 if z > 0.0 else -1.0), rule,
                                   drifts[s.drift], board)  # fmt: skip
        if asked > 0:
            bits |= _BORNE
        elif asked < 0:
            bits |= _ALONE
    floor = rule.resolution / slow
    fresh = whiten(z, rule, s, floor)
    if warm and s.has_last != 0:
        s.up, s.down = cusum(s.up, s.down, fresh, rule.k)
    told = s.up if s.up >= s.down else -s.down
    if max(s.up, s.down) <= 0.5 * rule.h:
        learn(z, rule, s, floor)
    if s.up > rule.h or s.down > rule.h:
        bits |= _SHIFT
        s.up, s.down = 0.0, 0.0
    s.last, s.has_last = clipped(z, rule.clip), 1
    pull = 1.0 / (s.known + 1.0)
    pull = max(pull, rule.pull)
    pull_scale = 1.0 / (s.known + 1.0)
    pull_scale = max(pull_scale, rule.pull_scale)
    bound = rule.clip * slow
    held = clipped(miss, bound)
    s.mean += pull * held
    s.square = (1.0 - pull_scale) * s.square + pull_scale * rule.norm * (held * held)
    s.known += 1
    if reseed:
        bits |= _SHIFT
        s.mean = s.away_sum / abs(s.away_run)
        s.away_run, s.away_sum, s.has_last, s.up, s.down = 0, 0.0, 0, 0.0, 0.0
    return bits, med, z, told


@njit(error_model="numpy")
def seed(rule: Any, s: Any) -> Any:
    """The window is full for the first time, or again after a silence: its median is the mean."""
    s.mean = middle(s.rank, s.count)
    s.has_mean = 1
    if s.known == 0:
        scatter = MAD * median_away(s.rank, s.count, s.mean)
        s.square = scatter * scatter
        s.known = s.count
        s.zero = s.mean
        s.unit = scatter if scatter > rule.resolution else rule.resolution


@njit(error_model="numpy")
def against_neighbours(at: Any, y: Any, own_z: Any, rule: Any, s: Any, d: Any, board: Any, x: Any, gain: Any) -> Any:
    """Recursive least squares on what neighbours say, and the CUSUM of what they leave. Returns mark and sum."""
    x[0] = 1.0
    heard, far = 0, 1 if abs(own_z) > FAR else 0
    for j in range(NEAR_MOST):
        other = d.near[j]
        x[j + 1] = 0.0
        if other >= 0 and board[other].at != _NEVER and abs(at - board[other].at) <= rule.fresh:
            heard |= 1 << j
            x[j + 1] = board[other].y
            if abs(board[other].z) > FAR:
                far += 1
    if heard == 0:
        d.has_last = 0
        return 0, math.nan
    gone = d.heard & ~heard
    if gone != 0:
        for j in range(NEAR_MOST):
            if gone & (1 << j):
                _silent(j, d, rule.drift_warm)
    d.heard = heard
    told = 0.0
    for i in range(TERMS):
        told += d.weight[i] * x[i]
    miss = y - told
    floor = rule.resolution / s.unit
    scatter = math.sqrt(d.square)
    scatter = max(scatter, floor)
    z = miss / scatter
    fresh = whiten(z, rule, d, floor / scatter)
    judged = d.known >= rule.drift_warm
    swing = abs(told)
    if d.known < rule.drift_warm:
        swing = max(swing, abs(y))
        d.reach = max(d.reach, swing)
    beyond = judged and (swing > REACH * d.reach or far >= 2)
    if judged and swing > d.reach:
        further = GROWTH * d.reach
        d.reach = swing if swing < further else further
    if judged and not beyond and d.has_last != 0:
        up, down = cusum(d.up, d.down, fresh, rule.drift_k)
        most = 2.0 * rule.drift_h
        d.up, d.down = (up if up < most else most), (down if down < most else most)
    if not judged or (not beyond and max(d.up, d.down) <= 0.5 * rule.drift_h):
        learn(z, rule, d, floor / scatter)
        _learn_weights(clipped(miss, rule.clip * scatter), heard, rule, d, x, gain)
        pull = 1.0 / (d.known + 1.0)
        pull = max(pull, rule.pull_scale)
        held = clipped(miss, rule.clip * scatter)
        d.square = (1.0 - pull) * d.square + pull * rule.norm * (held * held)
        d.known += 1
    d.last, d.has_last = clipped(z, rule.clip), 1
    found = _DRIFT if d.up > rule.drift_h or d.down > rule.drift_h else 0
    return found, d.up if d.up >= d.down else -d.down


@njit(error_model="numpy")
def _silent(j: Any, d: Any, warm: Any) -> Any:
    """Neighbour j no longer speaks: what the others say must be weighed without it before anything is judged."""
    _drop(j + 1, d)
    d.has_last, d.up, d.down = 0, 0.0, 0.0
    d.known = min(d.known, warm // 2)


@njit(error_model="numpy")
def leave(drifts: Any, j: Any, warm: Any) -> Any:
    """Place j of the first of these records becomes free, for another neighbour."""
    d = drifts[0]
    if d.heard & (1 << j):
        _silent(j, d, warm)
        d.heard &= ~(1 << j)


@njit(error_model="numpy")
def _drop(q: Any, d: Any) -> Any:
    """The regression without term q from the one with it: weights given that its weight is 0."""
    own = d.spread[q, q]
    for i in range(TERMS):
        if i == q:
            continue
        share = d.spread[i, q] / own
        d.weight[i] -= share * d.weight[q]
        for j in range(i, TERMS):
            if j != q:
                d.spread[i, j] -= share * d.spread[q, j]
                d.spread[j, i] = d.spread[i, j]
    for i in range(TERMS):
        d.spread[i, q] = 0.0
        d.spread[q, i] = 0.0
    d.spread[q, q] = SPREAD
    d.weight[q] = 0.0


@njit(error_model="numpy")
def _learn_weights(miss: Any, heard: Any, rule: Any, d: Any, x: Any, gain: Any) -> Any:
    """One step of recursive least squares over the neighbours that speak; the silent ones' weights stay."""
    total = 0.0
    for i in range(TERMS):
        total += d.spread[i, i]
    kept = rule.forget if total < SPREAD_MOST else 1.0
    below = kept
    for i in range(TERMS):
        gain[i] = 0.0
        if i == 0 or heard & (1 << (i - 1)):
            for j in range(TERMS):
                gain[i] += d.spread[i, j] * x[j]
            below += x[i] * gain[i]
    if not below > 0.5 * kept:  # rounding has eaten the matrix: begin anew with the weights as they are
        for i in range(TERMS):
            for j in range(TERMS):
                d.spread[i, j] = SPREAD if i == j else 0.0
        return
    for i in range(TERMS):
        if not (i == 0 or heard & (1 << (i - 1))):
            continue
        share = gain[i] / below
        d.weight[i] += share * miss
        for j in range(i, TERMS):
            if j == 0 or heard & (1 << (j - 1)):
                d.spread[i, j] = (d.spread[i, j] - share * gain[j]) / kept
                d.spread[j, i] = d.spread[i, j]


@njit(error_model="numpy")
def watch(
    stream: Any,
    at: Any,
    value: Any,
    received: Any,
    given: Any,
    rules: Any,
    states: Any,
    drifts: Any,
    board: Any,
    flags: Any,
    detail: Any,
    figures: Any,
) -> Any:
    """All checks over readings in the order of their arrival; states, drifts and board move past them.

    stream, at, value, received, given: shape (n,). rules, states, board: by stream. flags, detail: shape (n,), out.
    figures: shape (n, 4), out: median of the window, z, largest sum of the own course and against the neighbours.
    """
    x, gain = np.zeros(TERMS), np.zeros(TERMS)
    for r in range(len(at)):
        i = stream[r]
        rule, s = rules[i], states[i]
        bits, told, good, gap = first_row(at[r], value[r], received[r], given[r], rule, s)
        med, z, course, drift = math.nan, math.nan, 0.0, math.nan
        if gap:
            forget_course(s)
        if good:
            v = value[r] + 0.0  # no negative zero: the window finds what leaves it by its value
            more, med, z, course = own_course(at[r], v, rule, s, drifts, board)
            bits |= more
            remember(v, s, rule.window)
            if s.has_mean == 0 and s.count == rule.window:
                seed(rule, s)
            if s.known > 0:
                y = (v - s.zero) / s.unit
                seen_z = 0.0 if math.isnan(z) else z
                if s.drift >= 0:
                    found, drift = against_neighbours(at[r], y, seen_z, rule, s, drifts[s.drift], board, x, gain)
                    bits |= found
                board[i].at, board[i].y, board[i].z = at[r], y, seen_z
        flags[r], detail[r] = bits, told
        figures[r, 0], figures[r, 1], figures[r, 2], figures[r, 3] = med, z, course, drift
