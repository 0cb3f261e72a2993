"""Scheme A compiled: one parallel region a step, each array touched once. The same as plain.step to 1e-9 m.

Tiles run beside each other; within a tile the shares follow the faces and depth follows one row behind. What two tiles
both need is computed by both and stored by one. `nnan` and `ninf` are left out of the fast flags: with them a run that
blew up gives zeros instead of numbers that are none.
"""

from __future__ import annotations

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
ROWS = 10
"""Of a tile's own: 3 of faces between rows, 2 of shares, 1 of faces across, 3 of what is kept, 1 of ones."""
FAST: Any = dict.fromkeys(("nsz", "arcp", "contract", "afn", "reassoc"), True)
"""In one order in each process, or code kept on disk would not be found again: a set has none."""
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


def cube_root_of(kind: Any) -> Any:
    """A third of the exponent, then Newton (Kahan's constant): pow() costs four times as much as all the rest."""
    third = kind(1.0 / 3.0)
    njitted: Any = njit(error_model="numpy", fastmath=FAST, inline="always")

    if kind is np.float32:

        @njitted
        def cube_root(x: Any) -> Any:
            y = _float32(_int32(x) // np.int32(3) + np.int32(709921077))
            y = y - (y - x / (y * y)) * third
            return y - (y - x / (y * y)) * third
    else:

        @njitted
        def cube_root(x: Any) -> Any:
            y = _float64(_int64(x) // np.int64(3) + np.int64(0x2A9F7893_782DA1CE))
            y = y - (y - x / (y * y)) * third
            y = y - (y - x / (y * y)) * third
            y = y - (y - x / (y * y)) * third
            return y - (y - x / (y * y)) * third

    return cube_root


def _step(kind: Any) -> Any:
    """`step` of one float type: constants must have it too, or half of the arithmetic is done in doubles."""
    one, half, quarter, grav = kind(1.0), kind(0.5), kind(0.25), kind(G)
    njitted: Any = njit(error_model="numpy", fastmath=FAST, inline="always")
    cube_root = cube_root_of(kind)

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
        new = pushed / (one + grav * dt * rough * rough * length / (safe * safe * cube_root(safe)))
        fastest = safe * np.sqrt(grav * safe)
        new = max(-fastest, min(new, fastest))
        return new if depth > dry else kind(0.0)

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
        ratio, top = dt / dx, kind(0.0)
        for c in range(len(out)):
            new = max(h[c] + ratio * (west[c] - east[c] + over[c] - under[c]), kind(0.0))
            out[c] = new
            top = max(top, new)
        return top

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
            raw, shares, across, final, ones = mine[:3], mine[3:5], mine[5], mine[6:9], mine[9]
            ones[:] = one
            m, k, w = left - west, right - left, east - west
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
                if r >= first:  # the faces above row r, which the depths of row r - 1 wait for
                    row_limited(final[0][:k], over[m:], before[m + 1 :] if r > 0 else ones, share[m + 1 :])
                    if r < last:
                        qy2[r, left:right] = final[0][:k]
                    if r > first:
                        made = depths(
                            h2[r - 1, left:right],
                            h[r - 1, left:right],
                            final[1],
                            final[1][1:],
                            final[2],
                            final[0],
                            dt,
                            dx,
                        )
                        top = max(top, made)
                    final[2][:k] = final[0][:k]
                if first <= r < last:
                    row_limited(final[1][: k + 1], across[m:], share[m:], share[m + 1 :])
                    qx2[r, left:right] = final[1][:k]
                    if right == columns:
                        qx2[r, columns] = final[1][k]
            if last == rows:
                row_limited(final[0][:k], raw[rows % 3][m:], shares[(rows - 1) % 2][m + 1 :], ones)
                qy2[rows, left:right] = final[0][:k]
                r = rows - 1
                top = max(
                    top, depths(h2[r, left:right], h[r, left:right], final[1], final[1][1:], final[2], final[0], dt, dx)
                )
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
