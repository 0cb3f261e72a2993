"""Scheme B compiled: one parallel region a stage. The same as godunov.euler to 1e-9 m after some hundreds of steps.

Tiles as in scheme A. Within a tile work goes down the rows: speeds of row r; slopes of r - 1 and the faces above it;
faces across and shares of r - 2; the new state of r - 3. Three rows and columns around a tile are computed once more by
it, so that tiles need not wait for each other.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import prange

from fengsui.science.compiling import njit
from fengsui.science.inundation.fused import BAND, FAST, WIDTH, bits_of
from fengsui.science.inundation.godunov import HIGH_M
from fengsui.science.inundation.godunov_cells import cells
from fengsui.science.inundation.plain import G
from fengsui.science.inundation.threads import compiled

HALO = 3
U, V, Y, DOWN, ACROSS, OVER, BESIDE, SHARE, PUSH, PUSHED, ONES = 0, 3, 6, 9, 25, 33, 48, 58, 61, 64, 66
"""Where a tile's rows begin: speeds and level (3 rows each), the sides of two rows of cells and of one (8 each), the
faces of three rows and of two (5 each), shares (3), the pushes of slopes (3 and 2), ones."""
ROWS = 67
Grid = npt.NDArray[Any]


def _stage(kind: Any) -> Any:
    zero, half, one, two, grav = kind(0.0), kind(0.5), kind(1.0), kind(2.0), kind(G)
    face, wall, edge, slope, slowed = cells(kind)
    bits, number = bits_of(kind)
    njitted: Any = njit(error_model="numpy", fastmath=FAST)

    @njitted
    def speeds(u: Any, v: Any, y: Any, h: Any, px: Any, py: Any, z: Any, dry: Any) -> None:
        for c in range(len(h)):
            part = (one if h[c] > dry else zero) / max(h[c], dry)
            u[c], v[c], y[c] = px[c] * part, py[c] * part, z[c] + h[c]

    @njitted
    def still(out: Any, push: Any, h: Any, y: Any, u: Any, t: Any) -> None:
        """Both sides of each cell as its middle."""
        # Loops, not assignments to slices: of those each cell is asked whether the two overlap.
        h1, y1, u1, t1, h2, y2, u2, t2 = out[0], out[1], out[2], out[3], out[4], out[5], out[6], out[7]
        for c in range(len(h)):
            h1[c] = h2[c] = h[c]
            y1[c] = y2[c] = y[c]
        for c in range(len(h)):
            u1[c] = u2[c] = u[c]
            t1[c] = t2[c] = t[c]
            push[c] = zero

    @njitted
    def sloped(
        out: Any, o: Any, push: Any, hb: Any, h: Any, ha: Any, yb: Any, y: Any, ya: Any, ub: Any, u: Any, ua: Any,
        tb: Any, t: Any, ta: Any, dry: Any,
    ) -> None:  # fmt: skip
        """Both sides of each cell from the one before it, itself and the one behind it; the first is `o` in `out`."""
        h1, y1, u1, t1 = out[0, o:], out[1, o:], out[2, o:], out[3, o:]
        h2, y2, u2, t2 = out[4, o:], out[5, o:], out[6, o:], out[7, o:]
        for c in range(len(h)):
            wet = min(hb[c], h[c], ha[c]) > dry
            a, b = slope(h[c] - hb[c], ha[c] - h[c], wet), slope(y[c] - yb[c], ya[c] - y[c], wet)
            h1[c], h2[c], y1[c], y2[c] = h[c] - a, h[c] + a, y[c] - b, y[c] + b
            push[c] = -two * grav * h[c] * b
        for c in range(len(h)):
            wet = min(hb[c], h[c], ha[c]) > dry
            a, b = slope(u[c] - ub[c], ua[c] - u[c], wet), slope(t[c] - tb[c], ta[c] - t[c], wet)
            u1[c], u2[c], t1[c], t2[c] = u[c] - a, u[c] + a, t[c] - b, t[c] + b

    @njitted
    def line(
        out: Any, before: Any, behind: Any, o: Any, many: Any, walled: Any, crest: Any, dt: Any, dx: Any, dry: Any
    ) -> None:
        """Faces between the far sides `before` and the near sides `behind`, which with `out` begin `o` later."""
        hl, yl, ul, tl = before[4], before[5], before[6], before[7]
        hr, yr, ur, tr = behind[0, o:], behind[1, o:], behind[2, o:], behind[3, o:]
        water, left, right, aside, carried = out[0, o:], out[1, o:], out[2, o:], out[3, o:], out[4, o:]
        for c in range(many):
            water[c], left[c], right[c], aside[c], carried[c] = face(
                hl[c], yl[c], ul[c], tl[c], hr[c], yr[c], ur[c], tr[c], dry
            )
        if walled:
            for c in range(many):
                if crest[c] > max(yl[c] - hl[c], yr[c] - hr[c]) and max(yl[c], yr[c]) < kind(HIGH_M):
                    water[c], left[c], right[c], aside[c], carried[c] = wall(
                        hl[c], yl[c], ul[c], tl[c], hr[c], yr[c], ur[c], tr[c], crest[c], dt, dx, dry
                    )

    @njitted
    def side(
        out: Any, c: Any, sign: Any, code: Any, value: Any, h: Any, u: Any, t: Any, z: Any, n: Any, dry: Any
    ) -> None:
        came, push, aside, carried = edge(code, value, h, sign * u, t, z, n, dry)
        out[0, c], out[1, c], out[2, c], out[3, c], out[4, c] = sign * came, push, push, sign * aside, carried

    @njitted
    def given(out: Any, west: Any, east: Any, over: Any, under: Any, h: Any, dt: Any, dx: Any) -> None:
        """Share of its outflows that a cell can give."""
        for c in range(len(h)):
            leaves = max(-west[c], zero) + max(east[c], zero) + max(-over[c], zero) + max(under[c], zero)
            out[c] = min(one, h[c] * dx / (dt * max(leaves, kind(1e-30))))

    @njitted
    def limited(flux: Any, low: Any, high: Any, many: Any) -> None:
        """Faces by the share of the cell `low` before them where the water goes on, else of the one behind."""
        water, left, right, aside, carried = flux[0], flux[1], flux[2], flux[3], flux[4]
        for c in range(many):
            part = low[c] if water[c] > 0 else high[c]
            less = (one - part) * carried[c]
            water[c], left[c], right[c], aside[c] = water[c] * part, left[c] - less, right[c] - less, aside[c] * part

    @njitted
    def renewed(
        h2: Any, px2: Any, py2: Any, h: Any, px: Any, py: Any, n: Any, across: Any, over: Any, under: Any, m: Any,
        along: Any, down: Any, dt: Any, dx: Any, dry: Any,
    ) -> None:  # fmt: skip
        """One row's new state; `m` its first cell's place in the rows of the tile."""
        ratio, k = dt / dx, m + 1
        w, wr, wt, e, el, et = across[0, m:], across[2, m:], across[3, m:], across[0, k:], across[1, k:], across[3, k:]
        o, our, ot, s, sl, st = over[0, m:], over[2, m:], over[3, m:], under[0, m:], under[1, m:], under[3, m:]
        for c in range(len(h)):
            new = max(h[c] + ratio * (w[c] - e[c] + o[c] - s[c]), zero)
            x = px[c] + ratio * (wr[c] - el[c] + ot[c] - st[c] + along[c])
            y = py[c] + ratio * (our[c] - sl[c] + wt[c] - et[c] + down[c])
            left = slowed(new, x, y, n[c], dt, dry)
            h2[c], px2[c], py2[c] = new, x * left, y * left

    @njitted
    def averaged(h2: Any, px2: Any, py2: Any, h0: Any, px0: Any, py0: Any, dry: Any) -> None:
        """Heun: the mean of the start and of what two stages gave."""
        for c in range(len(h2)):
            new = half * (h0[c] + h2[c])
            moves = half if new > dry else zero
            h2[c], px2[c], py2[c] = new, moves * (px0[c] + px2[c]), moves * (py0[c] + py2[c])

    @njitted
    def worst(h: Any, px: Any, py: Any, dry: Any) -> Any:
        """Deepest water and fastest wave of a row."""
        top = fast = bits(zero)
        for c in range(len(h)):
            wave = max(abs(px[c]), abs(py[c])) / max(h[c], dry) + np.sqrt(grav * h[c])
            top, fast = max(top, bits(h[c])), max(fast, bits(wave))
        return number(top), number(fast)

    @njitted
    def kept(out: Any, flux: Any, second: Any) -> None:
        for c in range(len(out)):
            out[c] = half * (out[c] + flux[c]) if second else flux[c]

    def stage(
        h: Any, px: Any, py: Any, h0: Any, px0: Any, py0: Any, second: Any, h2: Any, px2: Any, py2: Any, qx: Any,
        qy: Any, z: Any, n: Any, codes: Any, values: Any, walled: Any, cx: Any, cy: Any, tiles: Any, room: Any,
        deepest: Any, swiftest: Any, dt: Any, dx: Any, dry: Any, order: Any,
    ) -> None:  # fmt: skip
        rows, columns = h.shape
        wide = deepest.shape[1]
        for tile in prange(len(tiles)):
            band, place = tiles[tile] // wide, tiles[tile] % wide
            first, last = band * BAND, min(rows, (band + 1) * BAND)
            left, right = place * WIDTH, min(columns, (place + 1) * WIDTH)
            lo, hi = max(first - HALO, 0), min(last + HALO, rows)
            a, b = max(left - HALO, 0), min(right + HALO, columns)
            w, m = b - a, left - a
            mine = room[tile]
            mine[SHARE : SHARE + 3] = one
            mine[ONES] = one
            ones = mine[ONES]
            top = fast = zero
            for r in range(lo, hi + HALO):
                if r < hi:
                    s = r % 3
                    speeds(mine[U + s, :w], mine[V + s], mine[Y + s], h[r, a:b], px[r, a:b], py[r, a:b], z[r, a:b], dry)
                j = r - 1  # the sides of row j and the faces above it
                if lo <= j <= hi:
                    over = mine[OVER + 5 * (j % 3) : OVER + 5 * (j % 3) + 5]
                    over[:] = zero
                    s, here = j % 3, DOWN + 8 * (j % 2)
                    if j < hi:
                        u, v, y = mine[U + s, :w], mine[V + s, :w], mine[Y + s, :w]
                        out, push = mine[here : here + 8], mine[PUSH + s]
                        if order == 2 and lo < j < hi - 1:
                            p, q = (j - 1) % 3, (j + 1) % 3
                            sloped(
                                out, 0, push, h[j - 1, a:b], h[j, a:b], h[j + 1, a:b], mine[Y + p], y, mine[Y + q],
                                mine[V + p], v, mine[V + q], mine[U + p], u, mine[U + q], dry,
                            )  # fmt: skip
                        else:
                            still(out, push, h[j, a:b], y, v, u)
                    if j == 0:
                        for c in range(w):
                            side(
                                over, c, one, codes[2, a + c], values[2, a + c], h[0, a + c], mine[V + s, c],
                                mine[U + s, c], z[0, a + c], n[0, a + c], dry,
                            )  # fmt: skip
                    elif j == rows:
                        p = (j - 1) % 3
                        for c in range(w):
                            side(
                                over, c, -one, codes[3, a + c], values[3, a + c], h[j - 1, a + c], mine[V + p, c],
                                mine[U + p, c], z[j - 1, a + c], n[j - 1, a + c], dry,
                            )  # fmt: skip
                    elif lo < j < hi:
                        there = DOWN + 8 * ((j - 1) % 2)
                        crest = cy[j, a:b] if walled else cy[0]
                        line(over, mine[there : there + 8], mine[here : here + 8], 0, w, walled, crest, dt, dx, dry)
                j = r - 2  # the faces across row j, and what its cells can give
                if lo <= j < hi:
                    s, p = j % 3, j % 2
                    u, v, y = mine[U + s, :w], mine[V + s, :w], mine[Y + s, :w]
                    out, push, across = mine[ACROSS : ACROSS + 8], mine[PUSHED + p], mine[BESIDE + 5 * p :]
                    if order == 2:  # of slopes the first and the last cell of the row have none
                        here, x = h[j, a:b], w - 2
                        still(out, push, here[:1], y, u, v)
                        still(out[:, w - 1 :], push[w - 1 :], here[w - 1 :], y[w - 1 :], u[w - 1 :], v[w - 1 :])
                        sloped(
                            out, 1, push[1:], here[:x], here[1 : x + 1], here[2:], y, y[1:], y[2:], u, u[1:],
                            u[2:], v, v[1:], v[2:], dry,
                        )  # fmt: skip
                    else:
                        still(out, push, h[j, a:b], y, u, v)
                    across[:5, 0] = zero
                    across[:5, w] = zero
                    if a == 0:
                        side(across, 0, one, codes[0, j], values[0, j], h[j, 0], u[0], v[0], z[j, 0], n[j, 0], dry)
                    crest = cx[j, a + 1 : b] if walled else cx[0]
                    line(across, out, out, 1, w - 1, walled, crest, dt, dx, dry)
                    if b == columns:
                        e = b - 1
                        side(
                            across, w, -one, codes[1, j], values[1, j], h[j, e], u[w - 1], v[w - 1], z[j, e], n[j, e],
                            dry,
                        )  # fmt: skip
                    over, under = mine[OVER + 5 * s], mine[OVER + 5 * ((j + 1) % 3)]
                    # One place on: beside the first and the last cell stands a one, what comes in is not ours to limit.
                    given(mine[SHARE + s, 1 : w + 1], across[0], across[0, 1:], over, under, h[j, a:b], dt, dx)
                    limited(across, mine[SHARE + s], mine[SHARE + s, 1:], w + 1)
                    before = mine[SHARE + (j - 1) % 3, 1:] if j > lo else ones
                    limited(mine[OVER + 5 * s :], before, mine[SHARE + s, 1:], w)
                    if j == rows - 1:
                        limited(mine[OVER + 5 * ((j + 1) % 3) :], mine[SHARE + s, 1:], ones, w)
                j = r - 3  # the new state of row j
                if first <= j < last:
                    s, p = j % 3, j % 2
                    across, over = mine[BESIDE + 5 * p :], mine[OVER + 5 * s :]
                    under = mine[OVER + 5 * ((j + 1) % 3) :]
                    h_, px_, py_ = h2[j, left:right], px2[j, left:right], py2[j, left:right]
                    renewed(
                        h_, px_, py_, h[j, left:right], px[j, left:right], py[j, left:right], n[j, left:right], across,
                        over, under, m, mine[PUSHED + p, m:], mine[PUSH + s, m:], dt, dx, dry,
                    )  # fmt: skip
                    if second:
                        averaged(h_, px_, py_, h0[j, left:right], px0[j, left:right], py0[j, left:right], dry)
                    deep, swift = worst(h_, px_, py_, dry)
                    top, fast = max(top, deep), max(fast, swift)
                    kept(qx[j, left : right + 1 if right == columns else right], across[0, m:], second)
                    kept(qy[j, left:right], over[0, m:], second)
                    if j == rows - 1:
                        kept(qy[rows, left:right], under[0, m:], second)
            deepest[band, place], swiftest[band, place] = top, fast

    return compiled(stage, fastmath=FAST)


_stages: dict[Any, Any] = {}


def stage_of(kind: Any) -> Any:
    """`stage` for np.float32 or np.float64, its first argument the number of cells; compiled at its first call."""
    if kind not in _stages:
        _stages[kind] = _stage(kind)
    return _stages[kind]


def room(rows: int, columns: int, kind: Any) -> tuple[Grid, Grid, Grid]:
    """What `stage` works in: rows of each tile's own, and the deepest water and fastest wave of each tile."""
    down, across = -(-rows // BAND), -(-columns // WIDTH)
    own = np.zeros((down * across, ROWS, min(columns, WIDTH + 2 * HALO) + 2), kind)
    return own, np.zeros((down, across), kind), np.zeros((down, across), kind)
