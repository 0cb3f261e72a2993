"""One speed per road class for the own graph, fitted at each build to Valhalla's times, and how far they still differ.

Least squares of the relative residual over the fastest paths, seconds = metres by class / speed + crossings x seconds:
bounded, drawn to the starting speeds where few paths use a class, and a pair that is far off (a turn restriction, which
the own graph does not know) counts less. The band is measured on other origins than the fit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import lsq_linear
from scipy.sparse.csgraph import dijkstra
from valhalla import Actor

from fengsui.engines.roads.segments import CLASSES, CROSSING, FREE_FLOW, TAGGED, Flags, Floats, Ints, Segments

SIDE = 40  # origins and targets: 1 600 pairs, half of them to fit
_ROUNDS = 3  # other speeds, other paths
_PULL = 0.02  # weight of the starting speeds against one whole journey
_FAR = 0.1  # of a journey's time
_SHORT_S = 60.0  # of shorter journeys the ends decide


@dataclass(frozen=True, slots=True)
class Fit:
    """paces: as FREE_FLOW. band: 5th percentile, median, 95th of Valhalla's time over the graph's on `pairs` pairs
    that the fit did not see; before: the same band at FREE_FLOW. Empty where too few pairs are connected.

    found: share of `asked` pairs inside the largest part between which Valhalla found a way.
    """

    paces: dict[str, float]
    band: tuple[float, ...]
    before: tuple[float, ...]
    pairs: int
    asked: int
    found: float


def fit(segments: Segments, config: dict[str, Any]) -> Fit:
    """`segments` at any speeds; `config`: Valhalla's for the same extract, its traffic free."""
    inside = np.flatnonzero(segments.largest())
    side = min(SIDE, len(inside) // 2)
    nodes = np.random.default_rng(2000).choice(inside, 2 * side, replace=False)
    origins, targets = nodes[:side], nodes[side:]
    asked = _asked(Actor(config), segments, origins, targets)
    share = round(float(np.isfinite(asked).mean()), 4) if asked.size else 0.0
    usable = np.isfinite(asked) & (asked > _SHORT_S)
    learn, prove = usable.copy(), usable.copy()
    learn[1::2], prove[::2] = False, False
    before = _band(segments.at_paces(FREE_FLOW), segments, origins, targets, asked, prove)
    if learn.sum() < len(FREE_FLOW) or not before:
        return Fit(dict(FREE_FLOW), (), (), 0, asked.size, share)
    paces = dict(FREE_FLOW)
    for _ in range(_ROUNDS):
        paces = _fitted(segments, paces, origins, targets, asked, learn)
    paces = {name: round(value, 3) for name, value in paces.items()}
    band = _band(segments.at_paces(paces), segments, origins, targets, asked, prove)
    return Fit(paces, band, before, int(prove.sum()), asked.size, share)


def _asked(actor: Actor, segments: Segments, origins: Ints, targets: Ints) -> Floats:
    """(origins, targets) seconds by Valhalla for a car, nan where it finds no way."""
    places = [
        [{"lon": segments.lon[node], "lat": segments.lat[node], "minimum_reachability": 50} for node in nodes]
        for nodes in (origins.tolist(), targets.tolist())
    ]
    asked = np.full((len(origins), len(targets)), np.nan)
    for row, origin in enumerate(places[0]):
        request = {
            "sources": [origin],
            "targets": places[1],
            "costing": "auto",
            "date_time": {"type": 0},
            "verbose": False,
        }
        try:
            table = json.loads(actor.matrix(json.dumps(request)))["sources_to_targets"]
        except RuntimeError:  # no street for cars at one of them after all
            continue
        asked[row] = [np.nan if each is None else each for each in table["durations"][0]]
    return asked


def _band(
    seconds: Floats, segments: Segments, origins: Ints, targets: Ints, asked: Floats, pairs: Flags
) -> tuple[float, ...]:
    own = dijkstra(segments.sparse(seconds), indices=origins)[:, targets]
    ratio = (asked / np.maximum(own, 0.001))[pairs & np.isfinite(own)]
    return tuple(round(float(each), 3) for each in np.percentile(ratio, (5, 50, 95))) if len(ratio) else ()


def _fitted(
    segments: Segments, paces: Mapping[str, float], origins: Ints, targets: Ints, asked: Floats, pairs: Flags
) -> dict[str, float]:
    used = _used(segments, segments.at_paces(paces), origins, targets)[pairs]  # (pairs, classes + 2)
    whole = asked[pairs][:, None]
    names = [*CLASSES, TAGGED, CROSSING]
    # Unknowns as shares of the start: slowness of a class (x = start / speed), and seconds a junction in units of 5 s.
    start = np.array([FREE_FLOW[name] for name in CLASSES] + [FREE_FLOW[TAGGED], 1.0])
    scale = np.append(3.6 / start[:-1], 5.0)
    rows, pull = used * scale / whole, np.eye(len(names)) * _PULL * np.sqrt(len(used))
    kept = pull @ np.append(np.ones(len(names) - 1), 0.0)
    low, high = np.full(len(names), 0.4), np.full(len(names), 2.5)
    low[-2:], high[-2:] = (0.75, 0.0), (1.3, 2.0)
    x, weight = np.append(np.ones(len(names) - 1), 0.0), np.ones(len(rows))
    for _ in range(_ROUNDS):
        q, r = np.linalg.qr(np.vstack([rows * weight[:, None], pull]))  # 800 rows become as many as there are unknowns
        x = lsq_linear(r, q.T @ np.append(weight, kept), bounds=(low, high)).x
        weight = np.sqrt(np.minimum(1.0, _FAR / np.maximum(np.abs(rows @ x - 1), _FAR)))  # Huber
    return {**dict(zip(names[:-1], (start[:-1] / x[:-1]).tolist(), strict=True)), CROSSING: float(x[-1] * 5.0)}


def _used(segments: Segments, seconds: Floats, origins: Ints, targets: Ints) -> Floats:
    """(origins, targets, classes + 2): metres driven by class, metres per tagged km/h, junctions passed."""
    _, before = dijkstra(segments.sparse(seconds), indices=origins, return_predecessors=True)
    tagged = ~np.isnan(segments.kph)
    column = np.where(tagged, len(CLASSES), segments.kind)
    amount = np.where(tagged, segments.metres / np.where(tagged, segments.kph, 1.0), segments.metres)
    junction = segments.junction()
    key = segments.source * len(segments.lon) + segments.target
    row, at = np.repeat(np.arange(len(origins)), len(targets)), np.tile(targets, len(origins))
    found = np.zeros((len(row), len(CLASSES) + 2))
    going = np.arange(len(row))
    while len(going):
        came = before[row[going], at[going]]
        going, came = going[came >= 0], came[came >= 0]
        edge = np.searchsorted(key, came.astype(np.int64) * len(segments.lon) + at[going])
        found[going, column[edge]] += amount[edge]
        found[going, -1] += junction[at[going]]
        at[going] = came
    return found.reshape(len(origins), len(targets), -1)
