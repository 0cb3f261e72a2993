"""Whatever order a batch comes in, however often and however late: the same rows, and no alarm about the past."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fengsui.apps.sensing import actions, book
from fengsui.apps.sensing.models import CurrentValue, Observation
from fengsui.apps.sensing.tests.make import columns, make_stream, moment
from fengsui.core.models import StoredEvent
from fengsui.kernel.levels import Level

pytestmark = pytest.mark.django_db

LATE_S = 600.0
"""Ten periods of the stream that make_stream makes."""
READINGS = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.integers(0, 40).map(lambda n: n * 60.0),
        st.sampled_from([0.01, 0.02, 0.12, 0.16, 0.3, 0.45, 9.0]),
        st.sampled_from([-120.0, 0.5, 30.0, 599.0, 601.0, 3_600.0, 90_000.0]),
    ),
    min_size=1,
    max_size=25,
)
Outcome = tuple[list[Any], list[Any], list[Any]]


def outcome(*batches: list[Any]) -> Outcome:
    """Rows, levels and crossings after the batches, on fresh streams; the database is as before afterwards."""
    with transaction.atomic():
        ids = [make_stream(code).id for code in ("ST01", "ST02")]
        known = book.read()
        for batch in batches:
            actions.store_readings(known, *columns(batch))
        rows = Observation.objects.order_by("datastream_id", "at", "value")
        stored = [
            (ids.index(each.datastream_id), each.at, each.value, each.received_at, each.flags, each.detail)
            for each in rows
        ]
        levels = list(CurrentValue.objects.order_by("datastream_id").values_list("at", "value", "level", "watched"))
        crossed = [
            (ids.index(each.payload["datastream"]), each.payload["at"], each.payload["level_to"])
            for each in StoredEvent.objects.filter(name="sensing.ThresholdCrossed").order_by("id")
        ]
        transaction.set_rollback(True)
    return stored, levels, sorted(crossed)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(READINGS, st.randoms(use_true_random=False), st.integers(1, 3))
def test_a_batch_says_the_same_in_any_order_and_however_often(readings, dice, times):
    said = outcome(readings)
    shuffled = [each for each in readings for _ in range(times)]
    dice.shuffle(shuffled)
    assert outcome(shuffled) == said
    again = dice.sample(readings, len(readings))
    assert outcome(readings, again) == said


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(READINGS, st.randoms(use_true_random=False), st.data())
def test_no_crossing_is_about_a_moment_that_came_too_late(readings, dice, data):
    shuffled = dice.sample(readings, len(readings))
    cut = data.draw(st.integers(0, len(shuffled)))
    stored, _, crossed = outcome(*[part for part in (shuffled[:cut], shuffled[cut:]) if part])
    assert {(stream, at, value) for stream, at, value, *_ in stored} == {
        (stream, moment(at), value) for stream, at, value, _ in readings
    }
    in_time = {(stream, moment(at)) for stream, at, _, delay in readings if -60.0 <= delay <= LATE_S}
    risen = [(stream, datetime.fromisoformat(at)) for stream, at, level in crossed if Level.of(level) > Level.NONE]
    assert [each for each in risen if each not in in_time] == []
