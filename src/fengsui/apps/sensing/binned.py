"""Trusted readings of several streams on one grid of time that ends at a moment: what models learn and read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection

from fengsui.apps.sensing.models import Datastream
from fengsui.catalog.sensors import kinds
from fengsui.science.series.quality import SUSPECT

_STEPS = (
    "SELECT floor(extract(epoch FROM %s::timestamptz - at) / %s + 0.001)::int AS back, {value} "
    "FROM (SELECT at, value, flags FROM sensing_observation WHERE datastream_id = %s "
    "AND at > %s::timestamptz - make_interval(secs => %s) AND at <= %s ORDER BY at OFFSET 0) AS n "
    "WHERE (flags & %s) = 0 GROUP BY 1"
)
"""`back` steps before the end; a reading that a rounded time puts a thousandth of a step too late (a replay's steps are
as short as a second) belongs where it was meant. `OFFSET 0` keeps the flags out of the index scan, as in
sensing.queries."""
_LAST, _SUM = "(array_agg(value ORDER BY at DESC))[1]", "sum(value)"


def binned(streams: Sequence[Datastream], until: datetime, step_s: float, steps: int) -> npt.NDArray[np.float64]:
    """Shape (steps, streams), the last row ends at `until`: a step's last reading, of rain the sum; NaN where none.

    One query a stream, along its index.
    """
    found = np.full((steps, len(streams)), np.nan)
    known = kinds()
    for k, stream in enumerate(streams):
        sums = stream.kind in known and known[stream.kind].sums
        given: list[Any] = [until, step_s, stream.id, until, steps * step_s, until, SUSPECT]
        with connection.cursor() as cursor:
            cursor.execute(_STEPS.format(value=_SUM if sums else _LAST), given)
            rows = cursor.fetchall()
        if rows:
            back, value = zip(*rows, strict=True)
            at = steps - 1 - np.array(back, np.intp)
            inside = (at >= 0) & (at < steps)
            found[at[inside], k] = np.array(value, float)[inside]
    return found
