"""When a forecast is made, and how far it looks."""

from __future__ import annotations

from datetime import datetime, timedelta

HORIZON_S = 3600.0  # [G] as far as a trend over minutes may be believed at all
STEP_S = 300.0
DEBOUNCE_S = 60.0  # one run a minute of the water's clock and stream
LEAST_WALL_S = 2.0  # and never more often than this, however fast a replay runs
HISTORY = 120


def is_due(last_issued_at: datetime | None, newest_at: datetime, speed: float) -> bool:
    """Whether enough has been read since the last run."""
    if last_issued_at is None:
        return True
    return newest_at - last_issued_at >= timedelta(seconds=max(DEBOUNCE_S / speed, LEAST_WALL_S))


def is_current(issued_at: datetime, horizon_s: float, speed: float, now: datetime) -> bool:
    """Whether a run still looks ahead: half its horizon at most has passed, what is older only says how it was."""
    return now - issued_at <= timedelta(seconds=max(horizon_s / 2 / speed, 4 * LEAST_WALL_S))
