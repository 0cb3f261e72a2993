"""Builders for tests: a station with one stream, and columns for the hot path."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from django.contrib.gis.geos import Point

from fengsui.apps.sensing.models import Datastream, Station
from fengsui.core.worlds import LIVE

T0 = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
US0 = int(T0.timestamp()) * 1_000_000
LADDER = {"watch": 0.05, "blue": 0.1, "yellow": 0.15, "orange": 0.25, "red": 0.4, "margin": 0.02}


def make_stream(code: str = "ST01", kind: str = "water_depth", unit: str = "m", **over: Any) -> Datastream:
    world = over.pop("world_id", LIVE)
    station, _ = Station.objects.in_world(world).get_or_create(
        world_id=world,
        code=code,
        defaults={"name": f"{code}站", "location": Point(123.3, 41.8), "provenance": "illustrative"},
    )
    facts: dict[str, Any] = {"topic": f"fs/{code}/{kind}", "unit": unit, "period_s": 60, "ladder": LADDER, **over}
    return Datastream.objects.create(station=station, world_id=world, kind=kind, **facts)


def columns(readings: list[tuple[Any, ...]]) -> tuple[np.ndarray, ...]:
    """(stream index, seconds after T0, value[, seconds of delay]) -> columns of store_readings."""
    at = np.array([US0 + round(r[1] * 1e6) for r in readings], np.int64)
    delay = np.array([round((r[3] if len(r) > 3 else 0.5) * 1e6) for r in readings], np.int64)
    return (
        np.array([r[0] for r in readings], np.intp), at, np.array([float(r[2]) for r in readings]), at + delay,
        np.zeros(len(readings), np.int16),
    )  # fmt: skip


def moment(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)
