"""What a set of bases reaches, by the own graph: two searches whatever the number of places."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fengsui.engines.roads.csr import CsrGraph
from fengsui.kernel.ports.roads import Closure, Coverage, Point, Vehicle


def covered(
    graph: CsrGraph,
    origins: Sequence[Point],
    targets: Sequence[Point],
    vehicle: Vehicle,
    limits_s: Sequence[float],
    closures: Sequence[Closure],
    delays_s: Sequence[float],
) -> Coverage:
    """See `kernel.ports.roads.Router.coverage`. A junction: a node where three or more streets meet."""
    closed = graph.closed_by([each.line for each in closures], vehicle.height_m)
    bases = graph.snap(np.array([(each.lon, each.lat) for each in origins]).reshape(-1, 2), closed)
    ends = np.array([(each.lon, each.lat) for each in targets]).reshape(-1, 2)
    delays = np.asarray(delays_s, dtype=float) if len(delays_s) else np.zeros(len(origins))
    seconds = graph.first_there(bases, ends, delays_s=delays, closed=closed)
    junction = graph.segments.junction()
    there = graph.at_nodes(bases, delays_s=delays, closed=closed)[junction]
    return Coverage(
        seconds=tuple(None if np.isinf(each) else float(each) for each in seconds),
        junctions=int(junction.sum()),
        junctions_within=tuple(int((there <= limit).sum()) for limit in limits_s),
    )
