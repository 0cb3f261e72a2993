"""The duty sheet says who holds which duty post on which day, and who has the shift."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from django.utils import timezone

from fengsui.apps.desk import duty_sheet
from fengsui.apps.desk.tests.make import actor_of, client_of, make_officer, make_org, post_of
from fengsui.apps.people.models import Handover, Holding, Person
from fengsui.core.worlds import LIVE

pytestmark = pytest.mark.django_db


@pytest.fixture
def duty():
    return make_officer("duty", "duty_officer", make_org("bureau"))


def at(days: int, hour: int = 0) -> datetime:
    return timezone.make_aware(datetime.combine(timezone.localdate() + timedelta(days=days), time(hour)))


def names(account, days: int = 7) -> list[list[str]]:
    (table,) = duty_sheet.tables(duty_sheet.shifts(actor_of(account)), timezone.localdate(), days)
    return [[each.name for each in line.cells[0]] for line in table.lines]


def test_each_day_names_its_holders_when_one_leaves_and_another_comes(duty) -> None:
    post = post_of(duty)
    Holding.objects.filter(post=post).update(until=at(2, 8))
    after = Person.objects.create(name="后任", org=post.org)
    Holding.objects.create(post=post, person=after, since=at(2, 8))
    assert names(duty) == [["duty某"], ["duty某"], ["duty某", "后任"], *[["后任"]] * 4]
    (table,) = duty_sheet.tables(duty_sheet.shifts(actor_of(duty)), timezone.localdate(), 7)
    first, second = table.lines[2].cells[0]
    assert (first.until, first.since, second.since, second.until) == (at(2, 8), None, at(2, 8), None)
    assert len(names(duty, 31)) == 31


def test_a_day_without_a_holder_is_vacant_when_somebody_leaves_at_midnight(duty) -> None:
    Holding.objects.filter(post=post_of(duty)).update(until=at(3))
    assert names(duty)[2:4] == [["duty某"], []]
    shown = client_of(duty).get("/handover/sheet/").content.decode()
    assert "空缺" in shown


def test_todays_line_marks_who_took_the_shift_and_the_sheet_says_when(duty) -> None:
    post, taken = post_of(duty), at(0) - timedelta(hours=2)
    other = Person.objects.create(name="交班某", org=post.org)
    Handover.objects.create(
        world_id=LIVE, post=post, outgoing=other, incoming=duty.person, note="无", status="taken",
        offered_at=taken - timedelta(minutes=5), ended_at=taken,
    )  # fmt: skip
    (table,) = duty_sheet.tables(duty_sheet.shifts(actor_of(duty)), timezone.localdate(), 7)
    assert [line.cells[0][0].shift for line in table.lines] == [True] + [False] * 6
    shown = client_of(duty).get("/handover/sheet/?days=31").content.decode()
    assert f"{timezone.localtime(taken):%Y-%m-%d %H:%M}" in shown
    assert "交班某" in shown
    assert "接班签字" in shown


def test_more_posts_than_a_sheet_is_wide_get_a_table_of_their_own(duty) -> None:
    org = post_of(duty).org
    for n in range(duty_sheet.POSTS_A_TABLE):
        make_officer(f"leader{n}", "duty_leader", org)
    made = duty_sheet.tables(duty_sheet.shifts(actor_of(duty)), timezone.localdate(), 7)
    assert [len(table.posts) for table in made] == [6, 1]


def test_who_is_not_on_duty_does_not_see_it(duty) -> None:
    street = make_officer("street-a", "street_officer", make_org("a", "subdistrict"))
    assert client_of(street).get("/handover/sheet/").status_code == 403
