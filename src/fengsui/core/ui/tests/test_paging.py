"""Pages over a list that grows for years: counted so far as somebody turns, and never cut off."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from fengsui.core.models import World
from fengsui.core.tests.make import make_world
from fengsui.core.ui import paging
from fengsui.core.ui.paging import Counted

pytestmark = pytest.mark.django_db


@pytest.fixture
def rows(monkeypatch):
    """Seven of them, counted by steps of three."""
    monkeypatch.setattr(paging, "STEP", 3)
    made = {make_world(f"{n}").pk for n in range(7)}
    return World.objects.filter(pk__in=made).order_by("name")


def page(rows, asked, per_page=2):
    return Counted(rows, per_page, asked).get_page(asked)


@pytest.mark.parametrize(("asked", "count", "more"), [(None, 3, True), ("2", 6, True), ("3", 7, False)])
def test_count_goes_to_the_next_step_above_the_page(rows, asked, count, more):
    with CaptureQueriesContext(connection) as seen:
        found = page(rows, asked)
        assert (found.paginator.count, found.paginator.more) == (count, more)
        assert found.has_next()
    assert len(seen) == 1
    assert "LIMIT" in seen.captured_queries[0]["sql"]
    assert "ORDER BY" not in seen.captured_queries[0]["sql"]


def test_every_row_stands_on_one_page_when_somebody_turns_to_the_end(rows):
    names, asked = [], 1
    while True:
        found = page(rows, str(asked))
        names += [row.name for row in found]
        if not found.has_next():
            break
        asked = found.next_page_number()
    assert names == [str(n) for n in range(7)]


@pytest.mark.parametrize("asked", ["", "x", "-4", "999999999999", "１"])
def test_page_number_that_is_none_still_shows_rows(rows, asked):
    assert list(page(rows, asked))
