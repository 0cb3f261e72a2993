"""What is compared, and what a plan must say."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengsui.apps.command.marks import MARKS
from fengsui.apps.drills import rules
from fengsui.kernel.errors import Invalid, Refused

NOW = datetime(2026, 7, 28, 18, 0, tzinfo=UTC)
STORY = st.dictionaries(
    st.sampled_from(list(MARKS)), st.integers(0, 10_000).map(lambda s: NOW + timedelta(seconds=s)), max_size=13
)


def plan(**over):
    facts = {"name": "七月内涝", "series": "events.csv", "speed": 600.0, "from_h": 0.0, "to_h": None}
    return rules.Plan(**{**facts, "posts": (uuid4(),), **over})


@pytest.mark.parametrize(
    ("over", "code"),
    [
        ({"name": " "}, "drills.plan.no_name"),
        ({"speed": 0.5}, "drills.plan.speed"),
        ({"speed": 3601.0}, "drills.plan.speed"),
        ({"from_h": -1.0}, "drills.plan.window"),
        ({"from_h": 3.0, "to_h": 3.0}, "drills.plan.window"),
        ({"posts": ()}, "drills.plan.nobody"),
    ],
)
def test_plan_is_refused_when_something_cannot_be(over, code):
    rules.check_plan(plan())
    with pytest.raises(Invalid) as refused:
        rules.check_plan(plan(**over))
    assert refused.value.code == code


def test_seat_is_refused_when_none_of_the_posts_takes_part():
    mine = uuid4()
    rules.check_seat([uuid4(), mine], frozenset({mine}))
    with pytest.raises(Refused) as refused:
        rules.check_seat([uuid4()], frozenset({mine}))
    assert refused.value.code == "drills.join.no_part"


def test_steps_are_compared_when_both_stories_reached_them():
    live = {"crossed": NOW, "confirmed": NOW + timedelta(seconds=300), "issued": NOW + timedelta(seconds=420)}
    drill = {"crossed": NOW, "issued": NOW + timedelta(seconds=60), "closed": NOW + timedelta(seconds=900)}
    rows = {row.mark: row for row in rules.side_by_side(live, drill)}
    assert list(rows) == ["crossed", "confirmed", "issued", "closed"]
    # The exercise never confirmed: its step to the issue is measured from the crossing on both sides.
    assert (rows["issued"].live_step_s, rows["issued"].drill_step_s, rows["issued"].differs_s) == (420, 60, -360)
    assert (rows["confirmed"].live_s, rows["confirmed"].drill_s, rows["confirmed"].differs_s) == (300, None, None)
    assert (rows["closed"].live_s, rows["closed"].drill_s) == (None, 900)


@given(one=STORY, two=STORY)
def test_comparison_turns_its_sign_when_the_sides_are_swapped(one, two):
    there, back = rules.side_by_side(one, two), rules.side_by_side(two, one)
    assert [row.mark for row in there] == [row.mark for row in back] == [mark for mark in MARKS if mark in one | two]
    for a, b in zip(there, back, strict=True):
        assert (a.live_s, a.drill_s) == (b.drill_s, b.live_s)
        assert a.differs_s == (None if b.differs_s is None else -b.differs_s)


@given(story=STORY)
def test_nothing_differs_when_a_story_is_compared_with_itself(story):
    assert all(row.differs_s in (None, 0) for row in rules.side_by_side(story, story))
