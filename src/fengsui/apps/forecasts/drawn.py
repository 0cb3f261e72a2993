"""A forecast as charts and words say it."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from fengsui.apps.forecasts.models import ForecastRun
from fengsui.apps.sensing import boards
from fengsui.catalog.sensors import Display


def tenths(share: float) -> str:
    """9 成 on screens (interface direction, section 7)."""
    if boards.english():
        return f"{share:.0%}"
    return _("%(n)g 成") % {"n": round(share * 10, 1)}


def drawn(run: ForecastRun, shown: Display) -> dict[str, Any]:
    """A run in the shape that frontend/src/chart/data.ts draws: points and interval, each from the issue on."""
    start = [run.issued_at.timestamp() * 1000, shown.number(run.value)]
    columns = {
        name: [start, *([row[0], shown.number(row[i])] for row in run.points)]
        for name, i in (("points", 1), ("low", 2), ("high", 3))
    }
    return {"issued_at": run.issued_at.isoformat(), "confidence": tenths(run.coverage), **columns}
