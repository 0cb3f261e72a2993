"""The Kent at Bowston, learned from January 2020 and forecast through February's floods as the product does it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from fengsui.apps.forecasts import learning
from fengsui.apps.forecasts.models import ForecastLesson
from fengsui.apps.sensing.models import Observation
from fengsui.apps.sensing.tests.make import make_stream
from fengsui.science.conftest import SHARED
from fengsui.science.rivers.tests.real import columns

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
LINES = {"watch": 0.8, "blue": 1.0, "yellow": 1.3, "orange": 1.6, "red": 2.0}
LEARNED, UNTIL = datetime(2020, 2, 1, tzinfo=UTC), datetime(2020, 2, 12, tzinfo=UTC)


def keep(stream, at, value):
    good = np.isfinite(value)
    moments = [datetime.fromtimestamp(each, UTC) for each in at[good]]
    Observation.objects.bulk_create(
        [
            Observation(datastream=stream, at=when, value=float(v), received_at=when)
            for when, v in zip(moments, value[good], strict=True)
        ],
        batch_size=1000,
    )


@pytest.mark.skipif(not (SHARED / "data").is_dir(), reason="no ../shared/data here: NOT held against a real river")
def test_kent_is_forecast_better_than_by_persistence():
    at, read = columns(SHARED / "data/hydro/rivers/uk_kent_2020/bowston_2020-01-01_02-12.csv")
    stream = make_stream("KENT", "river_stage", period_s=900, ladder=LINES)
    rain = make_stream("RAIN", "rain_gauge", unit="mm", period_s=900, ladder={})
    keep(stream, at, read["level_m"])
    keep(rain, at, read["rain_mm"])
    assert learning.learn(stream, LEARNED)
    lesson = ForecastLesson.objects.in_world(stream.world_id).get()
    assert lesson.beside == [rain.pk]
    assert all(each["best"] <= each["trend"] for each in lesson.leads)

    level = dict(zip(at.tolist(), read["level_m"].tolist(), strict=True))
    ours, stays, inside = [], [], []
    when = LEARNED
    while when < UNTIL:
        when += timedelta(minutes=30)
        now, later = level.get(when.timestamp(), np.nan), level.get(when.timestamp() + 3 * 3600, np.nan)
        if not max(now, later) >= LINES["watch"]:
            continue
        told = learning.forecast(stream, when, [1.0])
        assert told is not None
        k = int(np.flatnonzero(told.at - told.issued_at == 3 * 3600 * 1_000_000)[0])
        ours.append(abs(told.point[k] - later))
        stays.append(abs(now - later))
        inside.append(told.low[k] <= later <= told.high[k])
    assert len(ours) >= 40
    skill = 1 - np.nanmean(ours) / np.nanmean(stays)
    print(f"Kent, 3 h: {len(ours)} forecasts, skill over persistence {skill:.2f}, inside {np.mean(inside):.2f}")
    assert skill > 0.4
    assert np.mean(inside) > 0.7
