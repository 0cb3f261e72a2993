"""Scheme B compiled: one parallel region a step. The same as godunov.step to 1e-9 m after some hundreds of steps.

Tiles as in scheme A. Within a tile work goes down the rows: speeds of row r; slopes of r - 1, its cells half a step on,
the faces above and across it; shares of r - 2; the new state of r - 3. Three rows and columns around a tile are
computed once more by it, so that tiles need not wait for each other.
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
U, V, Y, CELLS, OVER, BESIDE, SHARE, PUSH, PUSHED, ONES = 0, 3, 6, 9, 33, 48, 63, 66, 69, 72
"""Where a tile's rows begin: speeds and level (3 rows each), two rows of cells (12 each), the faces of three rows north
and west of cells (5 each), shares (3), the pushes of slopes to the south and to the east (3 each), ones."""
ROWS = 73
ALONG, ACROSS = 4, 8
"""Of a row of cells: depth, level, speeds to the east and the south half a step on; half of what each changes by to the
east; to the south."""
Grid = npt.NDArray[Any]


def _step(kind: Any) -> Any:
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
    def sloped(
        out: Any, also: Any, ab: Any, a: Any, aa: Any, bb: Any, b: Any, ba: Any, hb: Any, h: Any, ha: Any, dry: Any
    ) -> None:
        """Half of what two things change by, from the cell before each, itself and the one behind it."""
        for c in range(len(h)):
            wet = min(hb[c], h[c], ha[c]) > dry
            out[c], also[c] = slope(a[c] - ab[c], aa[c] - a[c], wet), slope(b[c] - bb[c], ba[c] - b[c], wet)

    @njitted
    def predicted(
        cells: Any, push: Any, pushed: Any, h: Any, y: Any, u: Any, v: Any, n: Any, dt: Any, dx: Any, dry: Any
    ) -> None:
        """Cells half a step on by their own slopes, and the push of the level's slopes within them."""
        ratio, later = dt / dx, half * dt
        h1, y1, u1, v1 = cells[0], cells[1], cells[2], cells[3]
        hx, yx, ux, vx = cells[4], cells[5], cells[6], cells[7]
        hy, yy, uy, vy = cells[8], cells[9], cells[10], cells[11]
        # Four loops: of one with so many rows to read and to store numba vectorises nothing.
        for c in range(len(h)):
            more = -ratio * (h[c] * (ux[c] + vy[c]) + u[c] * hx[c] + v[c] * hy[c])
            holds = h[c] + more > max(abs(hx[c]), abs(hy[c]))
            h1[c], y1[c] = h[c] + (more if holds else zero), y[c] + (more if holds else zero)
            push[c] = one if holds else zero
        for c in range(len(h)):
            part = ratio * push[c]
            u1[c] = u[c] - part * (u[c] * ux[c] + v[c] * uy[c] + grav * yx[c])
            v1[c] = v[c] - part * (u[c] * vx[c] + v[c] * vy[c] + grav * yy[c])
        for c in range(len(h)):
            u, v = u1[c], v1[c]
            left = slowed(h1[c], h1[c] * u, h1[c] * v, n[c], later, dry)
            left = left if push[c] > zero else one
            u1[c], v1[c] = u * left, v * left
        for c in range(len(h)):
            pushed[c], push[c] = -two * grav * h1[c] * yx[c], -two * grav * h1[c] * yy[c]

    @njitted
    def plain(cells: Any, h: Any, y: Any, u: Any, v: Any) -> None:
        """Cells as they are; their slopes and pushes stay the zeros that `room` made."""
        h1, y1, u1, v1 = cells[0], cells[1], cells[2], cells[3]
        for c in range(len(h)):
            h1[c], y1[c], u1[c], v1[c] = h[c], y[c], u[c], v[c]

    @njitted
    def line(
        out: Any, before: Any, behind: Any, o: Any, many: Any, way: Any, walled: Any, crest: Any, dt: Any, dx: Any,
        dry: Any,
    ) -> None:  # fmt: skip
        """Faces between the far sides of the cells `before` and the near sides of `behind`, which with `out` begin `o`
        later. `way`: ALONG or ACROSS, in which the cells follow each other."""
        i, j = (2, 3) if way == ALONG else (3, 2)
        hl, yl, ul, tl = before[0], before[1], before[i], before[j]
        hls, yls, uls, tls = before[way], before[way + 1], before[way + i], before[way + j]
        hr, yr, ur, tr = behind[0, o:], behind[1, o:], behind[i, o:], behind[j, o:]
        hrs, yrs, urs, trs = behind[way, o:], behind[way + 1, o:], behind[way + i, o:], behind[way + j, o:]
        water, left, right, aside, carried = out[0, o:], out[1, o:], out[2, o:], out[3, o:], out[4, o:]
        for c in range(many):
            water[c], left[c], right[c], aside[c], carried[c] = face(
                hl[c] + hls[c], yl[c] + yls[c], ul[c] + uls[c], tl[c] + tls[c],
                hr[c] - hrs[c], yr[c] - yrs[c], ur[c] - urs[c], tr[c] - trs[c], dry,
            )  # fmt: skip
        if walled:
            for c in range(many):
                h1, y1, h2, y2 = hl[c] + hls[c], yl[c] + yls[c], hr[c] - hrs[c], yr[c] - yrs[c]
                if crest[c] > max(y1 - h1, y2 - h2) and max(y1, y2) < kind(HIGH_M):
                    water[c], left[c], right[c], aside[c], carried[c] = wall(
                        h1, y1, ul[c] + uls[c], tl[c] + tls[c], h2, y2, ur[c] - urs[c], tr[c] - trs[c], crest[c], dt,
                        dx, dry,
                    )  # fmt: skip

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
    def worst(h: Any, px: Any, py: Any, dry: Any) -> Any:
        """Deepest water and fastest wave of a row."""
        top = fast = bits(zero)
        for c in range(len(h)):
            wave = max(abs(px[c]), abs(py[c])) / max(h[c], dry) + np.sqrt(grav * h[c])
            top, fast = max(top, bits(h[c])), max(fast, bits(wave))
        return number(top), number(fast)

    @njitted
    def kept(out: Any, flux: Any) -> None:
        for c in range(len(out)):
            out[c] = flux[c]

    def step(
        h: Any, px: Any, py: Any, h2: Any, px2: Any, py2: Any, qx: Any, qy: Any, z: Any, n: Any, codes: Any,
        values: Any, walled: Any, cx: Any, cy: Any, tiles: Any, room: Any, deepest: Any, swiftest: Any, dt: Any,
        dx: Any, dry: Any, order: Any,
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
                j = r - 1  # the cells of row j, and the faces above and across it
                if lo <= j <= hi:
                    s, p, q = j % 3, (j - 1) % 3, (j + 1) % 3
                    over = mine[OVER + 5 * s : OVER + 5 * s + 5]
                    over[:] = zero
                    here, there = mine[CELLS + 12 * (j % 2) :], mine[CELLS + 12 * ((j - 1) % 2) :]
                    u, v, y = mine[U + s, :w], mine[V + s, :w], mine[Y + s, :w]
                    if j < hi and order == 2:
                        x, now = w - 2, h[j, a:b]
                        here[ALONG : ACROSS + 4, 0] = zero
                        here[ALONG : ACROSS + 4, w - 1] = zero
                        sloped(
                            here[ALONG, 1:], here[ALONG + 1, 1:], now[:x], now[1 : x + 1], now[2:], y, y[1:], y[2:],
                            now[:x], now[1 : x + 1], now[2:], dry,
                        )  # fmt: skip
                        sloped(
                            here[ALONG + 2, 1:], here[ALONG + 3, 1:], u, u[1:], u[2:], v, v[1:], v[2:], now[:x],
                            now[1 : x + 1], now[2:], dry,
                        )  # fmt: skip
                        if lo < j < hi - 1:
                            north, south = h[j - 1, a:b], h[j + 1, a:b]
                            sloped(
                                here[ACROSS], here[ACROSS + 1], north, now, south, mine[Y + p], y, mine[Y + q], north,
                                now, south, dry,
                            )  # fmt: skip
                            sloped(
                                here[ACROSS + 2], here[ACROSS + 3], mine[U + p], u, mine[U + q], mine[V + p], v,
                                mine[V + q], north, now, south, dry,
                            )  # fmt: skip
                        else:
                            here[ACROSS : ACROSS + 4] = zero
                        predicted(here, mine[PUSH + s], mine[PUSHED + s], now, y, u, v, n[j, a:b], dt, dx, dry)
                    elif j < hi:
                        plain(here, h[j, a:b], y, u, v)
                    if j == 0:
                        for c in range(w):
                            side(
                                over, c, one, codes[2, a + c], values[2, a + c], h[0, a + c], v[c], u[c], z[0, a + c],
                                n[0, a + c], dry,
                            )  # fmt: skip
                    elif j == rows:
                        for c in range(w):
                            side(
                                over, c, -one, codes[3, a + c], values[3, a + c], h[j - 1, a + c], mine[V + p, c],
                                mine[U + p, c], z[j - 1, a + c], n[j - 1, a + c], dry,
                            )  # fmt: skip
                    elif lo < j < hi:
                        line(over, there, here, 0, w, ACROSS, walled, cy[j, a:b] if walled else cy[0], dt, dx, dry)
                    if j < hi:
                        across = mine[BESIDE + 5 * s : BESIDE + 5 * s + 5]
                        across[:, 0] = zero
                        across[:, w] = zero
                        if a == 0:
                            side(across, 0, one, codes[0, j], values[0, j], h[j, 0], u[0], v[0], z[j, 0], n[j, 0], dry)
                        crest = cx[j, a + 1 : b] if walled else cx[0]
                        line(across, here, here, 1, w - 1, ALONG, walled, crest, dt, dx, dry)
                        if b == columns:
                            e = b - 1
                            side(
                                across, w, -one, codes[1, j], values[1, j], h[j, e], u[w - 1], v[w - 1], z[j, e],
                                n[j, e], dry,
                            )  # fmt: skip
                j = r - 2  # what the cells of row j can give
                if lo <= j < hi:
                    s = j % 3
                    across = mine[BESIDE + 5 * s :]
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
                    s = j % 3
                    across, over = mine[BESIDE + 5 * s :], mine[OVER + 5 * s :]
                    under = mine[OVER + 5 * ((j + 1) % 3) :]
                    h_, px_, py_ = h2[j, left:right], px2[j, left:right], py2[j, left:right]
                    renewed(
                        h_, px_, py_, h[j, left:right], px[j, left:right], py[j, left:right], n[j, left:right], across,
                        over, under, m, mine[PUSHED + s, m:], mine[PUSH + s, m:], dt, dx, dry,
                    )  # fmt: skip
                    deep, swift = worst(h_, px_, py_, dry)
                    top, fast = max(top, deep), max(fast, swift)
                    kept(qx[j, left : right + 1 if right == columns else right], across[0, m:])
                    kept(qy[j, left:right], over[0, m:])
                    if j == rows - 1:
                        kept(qy[rows, left:right], under[0, m:])
            deepest[band, place], swiftest[band, place] = top, fast

    return compiled(step, fastmath=FAST)


_steps: dict[Any, Any] = {}


def step_of(kind: Any) -> Any:
    """`step` for np.float32 or np.float64, its first argument the number of cells; compiled at its first call."""
    if kind not in _steps:
        _steps[kind] = _step(kind)
    return _steps[kind]


def room(rows: int, columns: int, kind: Any) -> tuple[Grid, Grid, Grid]:
    """What `step` works in: rows of each tile's own, and the deepest water and fastest wave of each tile."""
    down, across = -(-rows // BAND), -(-columns // WIDTH)
    own = np.zeros((down * across, ROWS, min(columns, WIDTH + 2 * HALO) + 2), kind)
    return own, np.zeros((down, across), kind), np.zeros((down, across), kind)
