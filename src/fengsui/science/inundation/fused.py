"""Scheme A compiled: one parallel region a step, each array touched once. The same as plain.step to 1e-9 m.

Tiles run beside each other; within a tile the shares follow the faces and depth follows one row behind. What two tiles
both need is computed by both and stored by one. `nnan` and `ninf` are left out of the fast flags: with them a run that
blew up gives zeros instead of numbers that are none.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import prange, types

from fengsui.science.compiling import intrinsic, njit
from fengsui.science.inundation.plain import INFLOW, LEVEL, NORMAL, WEIR, G
from fengsui.science.inundation.threads import compiled

BAND, WIDTH = 64, 1024
"""Rows and columns of a tile: what one core works on stays in its cache, and a dry tile is not worked on."""
ROWS = 9
"""Of a tile's own: 3 of faces between rows, 2 of shares, 1 of faces across, 1 of faces below the tile, 1 of the faces
east of it (of two rows), 1 of ones."""
FAST: Any = dict.fromkeys(("nsz", "arcp", "contract", "afn", "reassoc"), True)
"""In one order in each process, or code kept on disk would not be found again: a set has none."""
STILL = 1e-15
"""Discharge, m2/s, that is none. Ahead of each wave it falls by a tenth a cell, soon to denormal numbers, which
many a core computes slowly: without it a dam break took B of second order 1.2 to 1.5 times as long; A and B of first
order no longer than the measurement's own spread."""
Grid = npt.NDArray[Any]


def _cast(of: Any, to: Any, llvm: Any) -> Any:
    """The same bits as a number of another kind."""

    @intrinsic
    def cast(_context: Any, _value: Any) -> Any:
        def code(_target: Any, builder: Any, _signature: Any, given: Any) -> Any:
            return builder.bitcast(given[0], llvm)

        return to(of), code

    return cast


_int32 = _cast(types.float32, types.int32, ir.IntType(32))
_float32 = _cast(types.int32, types.float32, ir.FloatType())
_int64 = _cast(types.float64, types.int64, ir.IntType(64))
_float64 = _cast(types.int64, types.float64, ir.DoubleType())


def bits_of(kind: Any) -> tuple[Any, Any]:
    """The bits of a float as a whole number, and back: of numbers that are not negative the order is the same, and the
    largest of many is found without asking for each whether it is one."""
    return (_int32, _float32) if kind is np.float32 else (_int64, _float64)


SIXTH = (0.99999994, -0.16666725, 0.09725837, -0.07025000, 0.05251627, -0.02745434)
"""c^(-1/6) by powers of c - 1, greatest error least (6e-8) over what a sixth of the exponent leaves: 0.85 to 1.24."""


def inverse_sixth_root_of(kind: Any) -> Any:
    """x^(-1/6) of x > 0 to 2e-7 (single) or the last bits (double) without a division: a sixth of the exponent, then a
    polynomial, in doubles Newton's steps. By multiplication it gives the cube root (x t^4), the square root (x t^3) and
    x^(-7/3) (t^14); pow() costs four times as much as all the rest of a face."""
    single, sixth, one = np.float32, kind(1.0 / 6.0), kind(1.0)
    k0, k1, k2, k3, k4, k5 = (single(each) for each in SIXTH)
    sixth32, one32 = single(1.0 / 6.0), single(1.0)
    njitted: Any = njit(error_model="numpy", fastmath=FAST, inline="always")

    @njitted
    def single_root(x: Any) -> Any:
        # The sixth of the bits by way of a float: it rounds far below what is mended next, in one multiplication.
        t = _float32(np.int32(0x4A115555) - np.int32(single(_int32(x)) * sixth32))
        t3 = t * t * t
        c = t3 * t3 * x - one32
        return t * (k0 + c * (k1 + c * (k2 + c * (k3 + c * (k4 + c * k5)))))

    if kind is np.float32:
        return single_root

    @njitted
    def root(x: Any) -> Any:
        t = kind(single_root(single(x)))
        t3 = t * t * t
        t = t + sixth * t * (one - t3 * t3 * x)
        t3 = t * t * t
        return t + sixth * t * (one - t3 * t3 * x)

    return root


def cube_root_of(kind: Any) -> Any:
    """x^(1/3) of x >= 0."""
    inverse, least = inverse_sixth_root_of(kind), kind(1e-30)
    njitted: Any = njit(error_model="numpy", fastmath=FAST, inline="always")

    @njitted
    def cube_root(x: Any) -> Any:
        t = inverse(max(x, least))
        t2 = t * t
        return x * t2 * t2

    return cube_root


def _step(kind: Any) -> Any:
    """`step` of one float type: constants must have it too, or half of the arithmetic is done in doubles."""
    one, half, quarter, grav = kind(1.0), kind(0.5), kind(0.25), kind(G)
    njitted: Any = njit(error_model="numpy", fastmath=FAST, inline="always")
    cube_root, inverse_sixth_root = cube_root_of(kind), inverse_sixth_root_of(kind)
    bits, number = bits_of(kind)
    root_g, still = kind(math.sqrt(G)), kind(STILL)

    @njitted
    def face(
        hl: Any, hr: Any, zl: Any, zr: Any, nl: Any, nr: Any, q: Any, around: Any, beside: Any, dt: Any, dx: Any,
        theta: Any, dry: Any,
    ) -> Any:  # fmt: skip
        yl, yr = zl + hl, zr + hr
        depth = max(yl, yr) - max(zl, zr)
        safe = max(depth, dry)
        length = np.sqrt(q * q + beside * beside)
        rough = half * (nl + nr)
        pushed = theta * q + half * (one - theta) * around - grav * safe * dt * (yr - yl) / dx
        t = inverse_sixth_root(safe)
        t2 = t * t
        t3 = t2 * t
        t6 = t3 * t3
        new = pushed / (one + grav * dt * rough * rough * length * (t6 * t6 * t2))
        fastest = root_g * safe * safe * t3
        new = max(-fastest, min(new, fastest))
        return new if depth > dry and not abs(new) <= still else kind(0.0)  # a number that is none stays so

    @njitted
    def weir(yl: Any, yr: Any, crest: Any, dt: Any, dx: Any, dry: Any) -> Any:
        """Over a wall, as plain.weir."""
        head = max(yl, yr) - crest
        if head <= dry:
            return kind(0.0)
        behind = max(min(yl, yr) - crest, kind(0.0)) / head
        free = kind(WEIR) * head * np.sqrt(head) * max(one - behind * np.sqrt(behind), kind(0.0)) ** kind(0.385)
        flow = min(free, abs(yl - yr) * dx * quarter / dt)
        return flow if yl > yr else -flow

    @njitted
    def edge(code: Any, value: Any, q: Any, h: Any, z: Any, n: Any, dt: Any, dx: Any, dry: Any) -> Any:
        if code == NORMAL:
            root = cube_root(h)
            return -(h * root * root * np.sqrt(max(value, kind(0.0))) / max(n, kind(1e-6)))
        if code == LEVEL:
            depth = max(value, z + h) - z
            if depth <= dry:
                return kind(0.0)
            pushed = q - grav * depth * dt * (z + h - value) / dx
            new = pushed / (one + grav * dt * n * n * abs(q) / (depth * depth * cube_root(depth)))
            fastest = depth * np.sqrt(grav * depth)
            return max(-fastest, min(new, fastest))
        if code == INFLOW:
            return value
        return kind(0.0)

    @njitted
    def line(
        out: Any, hl: Any, hr: Any, zl: Any, zr: Any, nl: Any, nr: Any, q: Any, qa: Any, qb: Any, la: Any, ra: Any,
        lb: Any, rb: Any, walled: Any, crest: Any, dt: Any, dx: Any, theta: Any, dry: Any,
    ) -> None:  # fmt: skip
        """A line of faces from rows of numbers: cells before and behind, the faces' own discharge and that of the next
        ones in its direction, the four across. Loops from 0 over slices: with a start that might be negative each
        index would be asked whether it counts from the end, and nothing would be vectorised."""
        for c in range(len(out)):
            around, beside = qa[c] + qb[c], quarter * (la[c] + ra[c] + lb[c] + rb[c])
            out[c] = face(hl[c], hr[c], zl[c], zr[c], nl[c], nr[c], q[c], around, beside, dt, dx, theta, dry)
        if walled:
            for c in range(len(out)):
                if crest[c] > max(zl[c], zr[c]):
                    out[c] = weir(zl[c] + hl[c], zr[c] + hr[c], crest[c], dt, dx, dry)

    @njitted
    def row_between(
        out: Any, r: Any, a: Any, b: Any, h: Any, z: Any, n: Any, qx: Any, qy: Any, walled: Any, cy: Any, dt: Any,
        dx: Any, theta: Any, dry: Any,
    ) -> None:  # fmt: skip
        """Faces between rows r - 1 and r over columns a to b; out[0] is that of column a."""
        u = r - 1
        line(
            out[: b - a], h[u, a:b], h[r, a:b], z[u, a:b], z[r, a:b], n[u, a:b], n[r, a:b], qy[r, a:b], qy[u, a:b],
            qy[r + 1, a:b], qx[u, a:b], qx[u, a + 1 : b + 1], qx[r, a:b], qx[r, a + 1 : b + 1], walled,
            cy[r, a:b] if walled else cy[0], dt, dx, theta, dry,
        )  # fmt: skip

    @njitted
    def row_edge(
        out: Any, side: Any, r: Any, low: Any, high: Any, h: Any, z: Any, n: Any, q: Any, codes: Any, values: Any,
        sign: Any, dt: Any, dx: Any, dry: Any,
    ) -> None:  # fmt: skip
        """Faces of the north or south side; `sign` 1 where what comes in is positive."""
        for c in range(low, high):
            came = edge(codes[side, c], values[side, c], sign * q[c], h[r, c], z[r, c], n[r, c], dt, dx, dry)
            out[c - low] = sign * came

    @njitted
    def row_across(
        out: Any, r: Any, low: Any, high: Any, h: Any, z: Any, n: Any, qx: Any, qy: Any, codes: Any, values: Any,
        walled: Any, cx: Any, dt: Any, dx: Any, theta: Any, dry: Any,
    ) -> None:  # fmt: skip
        """Faces of row r from the west of column low to the east of column high - 1, edges where the grid ends."""
        e = h.shape[1]
        if low == 0:
            out[0] = edge(codes[0, r], values[0, r], qx[r, 0], h[r, 0], z[r, 0], n[r, 0], dt, dx, dry)
        if high == e:
            came = edge(codes[1, r], values[1, r], -qx[r, e], h[r, e - 1], z[r, e - 1], n[r, e - 1], dt, dx, dry)
            out[e - low] = -came
        a, b = max(low, 1), min(high + 1, e)
        line(
            out[a - low : b - low], h[r, a - 1 : b - 1], h[r, a:b], z[r, a - 1 : b - 1], z[r, a:b], n[r, a - 1 : b - 1],
            n[r, a:b], qx[r, a:b], qx[r, a - 1 : b - 1], qx[r, a + 1 : b + 1], qy[r, a - 1 : b - 1], qy[r, a:b],
            qy[r + 1, a - 1 : b - 1], qy[r + 1, a:b], walled, cx[r, a:b] if walled else cx[0], dt, dx, theta, dry,
        )  # fmt: skip

    @njitted
    def row_share(out: Any, west: Any, east: Any, over: Any, under: Any, h: Any, dt: Any, dx: Any) -> None:
        zero = kind(0.0)
        for c in range(len(out)):
            leaves = max(-west[c], zero) + max(east[c], zero) + max(-over[c], zero) + max(under[c], zero)
            out[c] = min(one, h[c] * dx / (dt * max(leaves, kind(1e-30))))

    @njitted
    def row_limited(out: Any, q: Any, before: Any, behind: Any) -> None:
        """Faces by the share of the cell before them where the water goes on, else of the one behind."""
        for c in range(len(out)):
            out[c] = q[c] * (before[c] if q[c] > 0 else behind[c])

    @njitted
    def depths(out: Any, h: Any, west: Any, east: Any, over: Any, under: Any, dt: Any, dx: Any) -> Any:
        """One row's new depth; the deepest of it."""
        ratio, top = dt / dx, bits(kind(0.0))
        for c in range(len(out)):
            new = max(h[c] + ratio * (west[c] - east[c] + over[c] - under[c]), kind(0.0))
            out[c] = new
            top = max(top, bits(new))
        return number(top)

    @njitted
    def row_depths(
        h2: Any, h: Any, u: Any, left: Any, right: Any, qx2: Any, end: Any, over: Any, under: Any, dt: Any, dx: Any
    ) -> Any:  # fmt: skip
        """Row u over a tile's columns. `end`: the face east of the last one, which may be stored by the next tile."""
        inner = right - 1
        most = depths(
            h2[u, left:inner], h[u, left:inner], qx2[u, left:inner], qx2[u, left + 1 : right], over, under, dt, dx
        )
        one_cell = depths(
            h2[u, inner:right], h[u, inner:right], qx2[u, inner:right], end, over[inner - left :],
            under[inner - left :], dt, dx,
        )  # fmt: skip
        return max(most, one_cell)

    @njitted
    def row_settled(
        h2: Any, qy2: Any, qx2: Any, h: Any, over: Any, across: Any, before: Any, behind: Any, here: Any, west: Any,
        east: Any, fallen: Any, dt: Any, dx: Any,
    ) -> Any:  # fmt: skip
        """A row at once: its faces north and west of each cell limited, and the new depth of the row above; the deepest
        of it. Six loops one after another took a third of a step; with five rows to store numba vectorises none."""
        ratio, top = dt / dx, bits(kind(0.0))
        for c in range(len(h2)):
            y = over[c] * (before[c] if over[c] > 0 else here[c])
            x = across[c] * (behind[c] if across[c] > 0 else here[c])
            new = max(h[c] + ratio * (west[c] - east[c] + fallen[c] - y), kind(0.0))
            qy2[c] = y
            qx2[c] = x
            h2[c] = new
            top = max(top, bits(new))
        return number(top)

    def step(
        h: Any, qx: Any, qy: Any, h2: Any, qx2: Any, qy2: Any, z: Any, n: Any, codes: Any, values: Any, walled: Any,
        cx: Any, cy: Any, tiles: Any, room: Any, deepest: Any, dt: Any, dx: Any, theta: Any, dry: Any,
    ) -> None:  # fmt: skip
        rows, columns = h.shape
        wide = deepest.shape[1]
        for t in prange(len(tiles)):
            band, place = tiles[t] // wide, tiles[t] % wide
            first, last = band * BAND, min(rows, (band + 1) * BAND)
            left, right = place * WIDTH, min(columns, (place + 1) * WIDTH)
            # A cell more on each side: what those give and take depends on all of their own faces.
            low, high = max(first - 1, 0), min(last, rows - 1)
            west, east = max(left - 1, 0), min(right + 1, columns)
            mine = room[t]
            raw, shares, across, down, ends, ones = mine[:3], mine[3:5], mine[5], mine[6], mine[7], mine[8]
            ones[:] = one
            m, k, w, inner = left - west, right - left, east - west, right - 1
            shares[:, 0] = one  # beside the first and the last cell: what comes in from outside is not ours to limit
            shares[:, w + 1] = one
            if low == 0:
                row_edge(raw[0], 2, 0, west, east, h, z, n, qy[0], codes, values, one, dt, dx, dry)
            else:
                row_between(raw[low % 3], low, west, east, h, z, n, qx, qy, walled, cy, dt, dx, theta, dry)
            top = kind(0.0)
            for r in range(low, high + 1):
                over, under, share, before = raw[r % 3], raw[(r + 1) % 3], shares[r % 2], shares[(r + 1) % 2]
                if r + 1 == rows:
                    row_edge(under, 3, r, west, east, h, z, n, qy[rows], codes, values, -one, dt, dx, dry)
                else:
                    row_between(under, r + 1, west, east, h, z, n, qx, qy, walled, cy, dt, dx, theta, dry)
                row_across(across, r, west, east, h, z, n, qx, qy, codes, values, walled, cx, dt, dx, theta, dry)
                row_share(share[1 : w + 1], across, across[1:], over, under, h[r, west:east], dt, dx)
                if r < first:
                    continue
                behind, here, north = share[m:], share[m + 1 :], before[m + 1 :] if r > 0 else ones
                u, end = r - 1, r % 2
                if first < r < last:
                    made = row_settled(
                        h2[u, left:inner], qy2[r, left:inner], qx2[r, left:inner], h[u, left:inner], over[m:],
                        across[m:], north, behind, here, qx2[u, left:inner], qx2[u, left + 1 : right],
                        qy2[u, left:inner], dt, dx,
                    )  # fmt: skip
                    top = max(top, made)
                    e = k - 1  # the last cell's east face may be another tile's to store
                    made = row_settled(
                        h2[u, inner:right], qy2[r, inner:right], qx2[r, inner:right], h[u, inner:right], over[m + e :],
                        across[m + e :], north[e:], behind[e:], here[e:], qx2[u, inner:right], ends[1 - end :],
                        qy2[u, inner:right], dt, dx,
                    )  # fmt: skip
                    top = max(top, made)
                elif r < last:
                    row_limited(qy2[r, left:right], over[m:], north, here)
                    row_limited(qx2[r, left:right], across[m:], behind, here)
                else:
                    row_limited(down[:k], over[m:], north, here)
                    made = row_depths(h2, h, u, left, right, qx2, ends[1 - end :], qy2[u, left:right], down, dt, dx)
                    top = max(top, made)
                row_limited(ends[end : end + 1], across[m + k :], behind[k:], here[k:])
                if r < last and right == columns:
                    qx2[r, columns] = ends[end]
            if last == rows:
                u = rows - 1
                row_limited(qy2[rows, left:right], raw[rows % 3][m:], shares[u % 2][m + 1 :], ones)
                made = row_depths(
                    h2, h, u, left, right, qx2, ends[u % 2 :], qy2[u, left:right], qy2[rows, left:right], dt, dx
                )
                top = max(top, made)
            deepest[band, place] = top

    return compiled(step, fastmath=FAST)


_steps: dict[Any, Any] = {}


def step_of(kind: Any) -> Any:
    """`step` for np.float32 or np.float64, its first argument the number of cells; compiled at its first call."""
    if kind not in _steps:
        _steps[kind] = _step(kind)
    return _steps[kind]


def room(rows: int, columns: int, kind: Any) -> tuple[Grid, Grid]:
    """What `step` works in: rows of each tile's own, and the deepest water of each tile, (down, across)."""
    down, across = -(-rows // BAND), -(-columns // WIDTH)
    return np.zeros((down * across, ROWS, min(columns, WIDTH) + 4), kind), np.zeros((down, across), kind)


__all__ = ["BAND", "WIDTH", "room", "step_of"]
