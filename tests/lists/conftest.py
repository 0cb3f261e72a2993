"""One story with a few more rows in every list, told once a file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import transaction

from fengsui.apps.incidents.models import Incident
from fengsui.core.models import Clock
from fengsui.core.worlds import LIVE
from tests.contracts.story import Story, quick_passwords, tell
from tests.contracts.test_queries import again, fill


@pytest.fixture(scope="module")
def told(django_db_setup, django_db_blocker) -> Iterator[Story]:
    with quick_passwords(), django_db_blocker.unblock(), transaction.atomic():
        story = tell()
        fill(story, 0, 5)
        for number, over in (
            ("F1", {"title": "=HYPERLINK(1)", "level": "red", "status": "closed", "informant_phone": "13800001234"}),
            ("F2", {"grade": "major", "type_name": "积水", "level": "blue"}),
        ):
            first = Incident.objects.in_world(LIVE).get(pk=story.incident.pk)
            again(first, number=number, place=None, warning_id=None, **over)
        late = Clock.objects.in_world(LIVE).order_by("due_at").first()
        assert late is not None
        Clock.objects.in_world(LIVE).filter(pk=late.pk).update(label="+cmd", state="paused")
        yield story
        transaction.set_rollback(True)


@pytest.fixture
def story(told: Story, db: None) -> Story:
    return told
