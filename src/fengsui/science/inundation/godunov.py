"""Scheme B in numpy, as it is read in the papers: Godunov's, for breaches, steep and supercritical water.

Well balanced: Audusse et al. 2004 (doi 10.1137/S1064827503431090); fluxes HLL with the contact of Toro 2001 (HLLC),
whose speeds are those of two rarefactions, dry ones u -+ 2c; for the second order slopes by minmod, and each cell half
a step on by its own slopes before it meets the others (MUSCL-Hancock: van Leer 1984, doi 10.1137/0905001; Toro 2001);
friction solved at each point for the end of the step (Xia & Liang 2018, Adv. Water Resour. 117).

What crosses a face is told as five rows: water (m2/s), momentum along it less the pressure of the water before it, the
same less that of the water behind it, momentum across, and of the momentum along it what the water carries itself. Less
the pressure, since a lake at rest then gives zeros and not differences of large numbers.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fengsui.science.inundation.plain import CLOSED, INFLOW, LEVEL, NORMAL, G, Sides, Values, shared, weir

HIGH_M = 1.0e5
"""A bed above it is a building: the water before it is mirrored."""
TINY = 1e-20
NEWTON = 6
State = tuple[Values, Values, Values]
"""Depth, and momentum (m2/s) to the east and to the south, at the centres."""
Flux = tuple[Values, Values, Values, Values, Values]
Half = tuple[Values, Values, Values, Values]
"""Depth, level, speed along and across of each cell, or at one side of it."""


def riemann(hl: Values, ul: Values, hr: Values, ur: Values, dry: float) -> tuple[Values, Values, Values]:
    """HLL: water, momentum less the left pressure, momentum less the right one."""
    cl, cr = np.sqrt(G * hl), np.sqrt(G * hr)
    um, cm = (ul + ur) / 2 + cl - cr, np.maximum((cl + cr) / 2 + (ul - ur) / 4, 0)
    slow = np.where(hl <= dry, ur - 2 * cr, np.where(hr <= dry, ul - cl, np.minimum(ul - cl, um - cm)))
    fast = np.where(hr <= dry, ul + 2 * cl, np.where(hl <= dry, ur + cr, np.maximum(ur + cr, um + cm)))
    slow, fast = np.minimum(slow, 0), np.maximum(fast, 0)
    wide = np.maximum(fast - slow, TINY)
    ql, qr, push = hl * ul, hr * ur, G / 2 * (hr - hl) * (hr + hl)
    jump = slow * fast * (qr - ql)
    water = (fast * ql - slow * qr + slow * fast * (hr - hl)) / wide
    before = (fast * ql * ul - slow * (qr * ur + push) + jump) / wide
    behind = (fast * (ql * ul - push) - slow * qr * ur + jump) / wide
    return water, before, behind


def stood(h: Values, u: Values) -> Values:
    """Momentum less the pressure at a wall that water runs at with `u`: it meets its mirror image."""
    c = np.sqrt(G * h)
    return np.asarray(np.maximum(h * u * (u + np.maximum(c - u, c + u / 2)), -G / 2 * h * h))


def slopes(parts: Half, dry: float) -> Half:
    """Half of what each changes by from column to column; none beside a dry cell, a building or the grid's end."""
    h = parts[0]
    out = tuple(np.zeros_like(h) for _ in parts)
    if h.shape[1] > 2:
        wet = np.minimum(np.minimum(h[:, :-2], h[:, 1:-1]), h[:, 2:]) > dry
        for slope, a in zip(out, parts, strict=True):
            back, ahead = a[:, 1:-1] - a[:, :-2], a[:, 2:] - a[:, 1:-1]
            least = np.where(np.abs(back) < np.abs(ahead), back, ahead)
            slope[:, 1:-1] = np.where(wet & (back * ahead > 0), least / 2, 0)
    return out  # type: ignore[return-value]  # as many as there are parts


def predicted(parts: Half, along: Half, across: Half, n: Values, dt: float, dx: float, dry: float) -> Half:
    """Depth, level and both speeds of each cell half a step later, by its own slopes to the east and to the south and
    by friction; other cells come in later. As it is where one of its sides would fall dry.

    Friction is solved here, too: without it a steady stream is faster half a step on, and a film of rain runs half as
    fast again as it should.
    """
    h, y, u, v = parts
    ratio = dt / dx
    (hx, yx, ux, vx), (hy, yy, uy, vy) = along, across
    more = -ratio * (h * (ux + vy) + u * hx + v * hy)
    holds = h + more > np.maximum(np.abs(hx), np.abs(hy))
    more = np.where(holds, more, 0)
    faster = np.where(holds, -ratio * (u * ux + v * uy + G * yx), 0)
    lower = np.where(holds, -ratio * (u * vx + v * vy + G * yy), 0)
    deep = h + more
    px, py = slowed(deep, deep * (u + faster), deep * (v + lower), n, dt / 2, dry)
    u, v = (np.where(holds, p / np.maximum(deep, dry), before) for p, before in ((px, u), (py, v)))
    return deep, y + more, u, v


def halves(parts: Half, change: Half) -> tuple[Half, Half]:
    """The side before and the side behind of each cell."""
    low, high = (tuple(a + sign * b for a, b in zip(parts, change, strict=True)) for sign in (-1, 1))
    return low, high  # type: ignore[return-value]  # as many as there are parts


def faces(east: Half, west: Half, crest: Values, dt: float, dx: float, dry: float) -> Flux:
    """Inner faces between columns, where the east side of a cell, `east`, meets the west side of the next one."""
    hl, yl, ul, tl = (each[:, :-1] for each in east)
    hr, yr, ur, tr = (each[:, 1:] for each in west)
    built_l, built_r = yl > HIGH_M, yr > HIGH_M
    hl, hr, ul, ur = (
        np.where(built_l, hr, hl), np.where(built_r, hl, hr), np.where(built_l, -ur, ul), np.where(built_r, -ul, ur),
    )  # fmt: skip
    yl, yr = np.where(built_l, yr, yl), np.where(built_r, yl, yr)
    bed = np.maximum(yl - hl, yr - hr)
    high = np.maximum(yl - bed, 0), np.maximum(yr - bed, 0)
    water, before, behind = riemann(high[0], ul, high[1], ur, dry)
    walled = (crest > bed) & ~built_l & ~built_r
    over = weir(yl, yr, crest, dt, dx, dry)
    water = np.where(walled, over, water)
    # What does not pass over the wall is thrown back: of the speed the part that the passing water does not need.
    left, right = ul - np.maximum(over, 0) / np.maximum(hl, dry), ur - np.minimum(over, 0) / np.maximum(hr, dry)
    before = np.where(walled, stood(hl, left) + over * ul, before)
    behind = np.where(walled, stood(hr, -right) + over * ur, behind)
    on = water > 0
    return water, before, behind, water * np.where(on, tl, tr), water * np.where(on, ul, ur)


def edge(
    kind: npt.NDArray[np.int8], value: Values, h: Values, u: Values, t: Values, z: Values, n: Values, dry: float
) -> tuple[Values, Values, Values, Values]:
    """Water into the grid through one side, momentum less the cell's pressure, momentum across, momentum carried.

    `u` is positive into the grid. `level`: water at rest in the cell's own way outside. `inflow`: what the outgoing
    wave leaves for the depth outside, at least the critical one.
    """
    c = np.sqrt(G * h)
    runs = np.cbrt(h) ** 2 * np.sqrt(np.maximum(value, 0)) / np.maximum(n, 1e-6)
    runs = np.minimum(runs, np.maximum(c, -u))  # a free fall is critical, unless the water comes faster
    water_l, _, push_l = riemann(np.maximum(value - z, 0), u, h, u, dry)
    given = np.maximum(value, 0)
    critical = np.cbrt(G * given)
    wave = np.maximum(c, critical)
    for _ in range(NEWTON):
        off = wave * wave * (u - 2 * c + 2 * wave) - G * given
        wave = np.maximum(wave - off / np.maximum(2 * wave * (u - 2 * c) + 6 * wave * wave, TINY), critical)
    deep = np.maximum(wave * wave / G, TINY)
    push_i = given * given / deep + G / 2 * (deep - h) * (deep + h)
    ways = [kind == CLOSED, kind == NORMAL, kind == LEVEL, kind == INFLOW]
    water = np.select(ways, [np.zeros_like(h), -h * runs, water_l, given])
    push = np.select(ways, [stood(h, -u), h * runs * runs, push_l, np.where(given > 0, push_i, stood(h, -u))])
    out = np.minimum(water, 0)
    return water, push, out * t, out * u


def step(
    state: State, z: Values, n: Values, crests: tuple[Values, Values], sides: Sides, dt: float, dx: float, dry: float,
    order: int,
) -> tuple[State, Values, Values]:  # fmt: skip
    """The state one step later, and the water that crossed the faces, shaped as the crests. `order` 1 or 2."""
    h, px, py = state
    west, east, north, south = sides
    wet = h > dry
    u, v = np.where(wet, px / np.maximum(h, dry), 0), np.where(wet, py / np.maximum(h, dry), 0)
    y = z + h
    parts, ratio = (h, y, u, v), dt / dx
    by_x = by_y = (np.zeros_like(h),) * 4
    if order == 2:
        by_x, by_y = slopes(parts, dry), _turned(slopes(_turned(parts), dry))
        parts = predicted(parts, by_x, by_y, n, dt, dx, dry)
    x_west, x_east = halves(parts, by_x)
    y_north, y_south = (_turned(each) for each in halves(parts, by_y))
    own_x, own_y = (-2 * G * parts[0] * each[1] for each in (by_x, by_y))
    x = [np.empty(crests[0].shape) for _ in range(5)]
    y_ = [np.empty(crests[1].shape) for _ in range(5)]
    cut_x, cut_y = crests[0][:, 1:-1], crests[1][1:-1].T
    for out, inner in zip(x, faces(x_east, x_west, cut_x, dt, dx, dry), strict=True):
        out[:, 1:-1] = inner
    for out, inner in zip(y_, faces(y_south, y_north, cut_y, dt, dx, dry), strict=True):
        out[1:-1] = inner.T
    for flux, here, side, sign, along, across in (
        (x, np.s_[:, 0], west, 1, u, v), (x, np.s_[:, -1], east, -1, u, v),
        (y_, np.s_[0], north, 1, v, u), (y_, np.s_[-1], south, -1, v, u),
    ):  # fmt: skip
        came, push, aside, carried = edge(*side, h[here], sign * along[here], across[here], z[here], n[here], dry)
        for out, value in zip(flux, (sign * came, push, push, sign * aside, carried), strict=True):
            out[here] = value
    share = shared(x[0], y_[0], h, dt, dx)
    x, y_ = _given(x, _donor(x[0], share)), _given(y_, _donor(y_[0].T, share.T).T)
    new = np.maximum(h + ratio * (x[0][:, :-1] - x[0][:, 1:] + y_[0][:-1] - y_[0][1:]), 0)
    px = px + ratio * (x[2][:, :-1] - x[1][:, 1:] + y_[3][:-1] - y_[3][1:] + own_x)
    py = py + ratio * (y_[2][:-1] - y_[1][1:] + x[3][:, :-1] - x[3][:, 1:] + own_y)
    return (new, *slowed(new, px, py, n, dt, dry)), x[0], y_[0]


def _turned(parts: Half) -> Half:
    """As it is looked at along the columns: what went along goes across."""
    h, y, u, v = parts
    return h.T, y.T, v.T, u.T


def _donor(q: Values, share: Values) -> Values:
    """Share of the cell that the water of each face leaves; what comes in from outside is not ours to limit."""
    low, high = share[:, [0, *range(share.shape[1])]], share[:, [*range(share.shape[1]), -1]]
    low[:, 0] = high[:, -1] = 1.0
    return np.where(q > 0, low, high)


def _given(flux: list[Values], part: Values) -> list[Values]:
    """Of the water its part, and of the momentum no more than that part carries; pressure pushes all the same."""
    water, before, behind, aside, carried = flux
    less = (1 - part) * carried
    return [water * part, before - less, behind - less, aside * part]


def slowed(h: Values, px: Values, py: Values, n: Values, dt: float, dry: float) -> tuple[Values, Values]:
    """Momentum after friction: u' = u - dt g n^2 h^(-4/3) |u'| u', solved, so that a film's speed is the uniform one
    however long the step. Nothing moves below `dry`."""
    deep = np.maximum(h, dry)
    speed = np.sqrt(px * px + py * py) / deep
    left = 2 / (1 + np.sqrt(1 + 4 * dt * G * n * n * speed / (deep * np.cbrt(deep))))
    left = np.where(h > dry, left, 0)
    return px * left, py * left
