"""The newest events of some names, whatever else happened since."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from fengsui.core.models import StoredEvent
from fengsui.core.recent import newest
from fengsui.core.tests.make import NOW, make_world
from fengsui.core.worlds import LIVE

pytestmark = pytest.mark.django_db


def stored(name, world=LIVE):
    facts = {"about_type": "core.world", "about_id": str(LIVE), "correlation": LIVE, "at": NOW, "payload": {}}
    return StoredEvent.objects.create(name=name, world_id=world, **facts)


def test_newest_when_other_events_lie_between_are_found_newest_first():
    made = [stored(name) for name in ("t.A", "t.B", "t.A", "t.Noise", "t.B", "t.Noise", "t.Noise")]
    with CaptureQueriesContext(connection) as seen:
        found = newest(LIVE, ("t.A", "t.B", "t.Never"), 3)
    assert [row.pk for row in found] == [made[4].pk, made[2].pk, made[1].pk]
    assert len(seen) == 1


def test_newest_when_another_world_has_newer_ones_leaves_them_out():
    mine = stored("t.A")
    stored("t.A", make_world().pk)
    assert [row.pk for row in newest(LIVE, ("t.A",), 5)] == [mine.pk]
