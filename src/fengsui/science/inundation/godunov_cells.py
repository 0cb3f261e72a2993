"""Scheme B's arithmetic compiled, of one face and one cell: what godunov.py says of arrays, on numbers of one type."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from fengsui.science.compiling import njit
from fengsui.science.inundation.fused import FAST, STILL, cube_root_of, inverse_sixth_root_of
from fengsui.science.inundation.godunov import HIGH_M, NEWTON, TINY
from fengsui.science.inundation.plain import INFLOW, LEVEL, NORMAL, WEIR, G


class Cells(NamedTuple):
    """The functions of one float type."""

    face: Any
    wall: Any
    edge: Any
    slope: Any
    slowed: Any


def cells(kind: Any) -> Cells:
    """Constants are of the type too: else half of the arithmetic is done in doubles."""
    zero, half, one, two, four, six = (kind(x) for x in (0.0, 0.5, 1.0, 2.0, 4.0, 6.0))
    grav, tiny, high, quarter = kind(G), kind(TINY), kind(HIGH_M), kind(0.25)
    still = kind(STILL)
    njitted: Any = njit(error_model="numpy", fastmath=FAST, inline="always")
    seldom: Any = njit(error_model="numpy", fastmath=FAST)
    cube_root, inverse_sixth_root = cube_root_of(kind), inverse_sixth_root_of(kind)

    @njitted
    def riemann(hl: Any, ul: Any, hr: Any, ur: Any, dry: Any) -> Any:
        cl, cr = np.sqrt(grav * hl), np.sqrt(grav * hr)
        um, cm = half * (ul + ur) + cl - cr, max(half * (cl + cr) + quarter * (ul - ur), zero)
        slow = ur - two * cr if hl <= dry else (ul - cl if hr <= dry else min(ul - cl, um - cm))
        fast = ul + two * cl if hr <= dry else (ur + cr if hl <= dry else max(ur + cr, um + cm))
        slow, fast = min(slow, zero), max(fast, zero)
        wide = one / max(fast - slow, tiny)
        ql, qr, push = hl * ul, hr * ur, half * grav * (hr - hl) * (hr + hl)
        jump = slow * fast * (qr - ql)
        water = (fast * ql - slow * qr + slow * fast * (hr - hl)) * wide
        before = (fast * ql * ul - slow * (qr * ur + push) + jump) * wide
        behind = (fast * (ql * ul - push) - slow * qr * ur + jump) * wide
        return water, before, behind

    @njitted
    def stood(h: Any, u: Any) -> Any:
        c = np.sqrt(grav * h)
        return max(h * u * (u + max(c - u, c + half * u)), -half * grav * h * h)

    @njitted
    def face(hl: Any, yl: Any, ul: Any, tl: Any, hr: Any, yr: Any, ur: Any, tr: Any, dry: Any) -> Any:
        left, right = yl > high, yr > high
        h1, h2 = hr if left else hl, hl if right else hr
        u1, u2 = -ur if left else ul, -ul if right else ur
        y1 = yr if left else yl
        y2 = y1 if right else yr
        bed = max(y1 - h1, y2 - h2)
        water, before, behind = riemann(max(y1 - bed, zero), u1, max(y2 - bed, zero), u2, dry)
        return water, before, behind, water * (tl if water > 0 else tr), water * (u1 if water > 0 else u2)

    @seldom
    def wall(
        hl: Any, yl: Any, ul: Any, tl: Any, hr: Any, yr: Any, ur: Any, tr: Any, crest: Any, dt: Any, dx: Any, dry: Any
    ) -> Any:
        """As `face`, over the crest of a wall above both beds."""
        head = max(yl, yr) - crest
        safe = max(head, dry)
        behind = max(min(yl, yr) - crest, zero) / safe
        free = kind(WEIR) * safe * np.sqrt(safe) * max(one - behind * np.sqrt(behind), zero) ** kind(0.385)
        flow = min(free, abs(yl - yr) * dx * quarter / dt) if head > dry else zero
        water = flow if yl > yr else -flow
        aside, carried = water * (tl if water > 0 else tr), water * (ul if water > 0 else ur)
        left, right = ul - max(water, zero) / max(hl, dry), ur - min(water, zero) / max(hr, dry)
        return water, stood(hl, left) + water * ul, stood(hr, -right) + water * ur, aside, carried

    @seldom
    def edge(code: Any, value: Any, h: Any, u: Any, t: Any, z: Any, n: Any, dry: Any) -> Any:
        if code == NORMAL:
            root = cube_root(h)
            runs = root * root * np.sqrt(max(value, zero)) / max(n, kind(1e-6))
            runs = min(runs, max(np.sqrt(grav * h), -u))
            return -h * runs, h * runs * runs, -h * runs * t, -h * runs * u
        if code == LEVEL:
            water, _, push = riemann(max(value - z, zero), u, h, u, dry)
            return water, push, min(water, zero) * t, min(water, zero) * u
        if code == INFLOW and value > 0:
            c, critical = np.sqrt(grav * h), cube_root(grav * value)
            wave = max(c, critical)
            for _ in range(NEWTON):
                off = wave * wave * (u - two * c + two * wave) - grav * value
                wave = max(wave - off / max(two * wave * (u - two * c) + six * wave * wave, tiny), critical)
            deep = max(wave * wave / grav, tiny)
            return value, value * value / deep + half * grav * (deep - h) * (deep + h), zero, zero
        return zero, stood(h, -u), zero, zero

    @njitted
    def slope(back: Any, ahead: Any, wet: Any) -> Any:
        """Half of the smaller one where both go the same way."""
        least = back if abs(back) < abs(ahead) else ahead
        return half * least if wet and back * ahead > 0 else zero

    @njitted
    def slowed(h: Any, px: Any, py: Any, n: Any, dt: Any, dry: Any) -> Any:
        """Share of its momentum that friction leaves; none where there is next to none (STILL)."""
        deep = max(h, dry)
        t = inverse_sixth_root(deep)
        t2 = t * t
        t6 = t2 * t2 * t2
        moves = max(abs(px), abs(py))
        slower = four * dt * grav * n * n * np.sqrt(px * px + py * py) * (t6 * t6 * t2)
        left = two / (one + np.sqrt(one + slower))
        return left if h > dry and moves > still else zero

    return Cells(face, wall, edge, slope, slowed)


__all__ = ["Cells", "cells"]
