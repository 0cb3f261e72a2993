"""Scopes over generated trees and posts: more posts never see less, one's own is seen, a sibling's never."""

from uuid import UUID, uuid4

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fengsui.apps.people import queries
from fengsui.apps.people.models import Organisation
from fengsui.apps.people.queries import SEE_EVERYBODY
from fengsui.apps.people.rules import ROLES, ancestors, answers_for, lies_in
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Actor, Grant

pytestmark = pytest.mark.django_db

TREES = st.lists(st.integers(0, 30), min_size=1, max_size=14)
"""The parent of node n is node `number % n`; codes that begin alike (1, 11, 111) on purpose."""
LOCAL = sorted(set(ROLES) - SEE_EVERYBODY)
AREAS = st.sampled_from(["", "210106", "210106001", "210106002", "210106001901", "210106001902", "21010600190"])
DB = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def plant(parents: list[int]) -> list[Organisation]:
    found: list[Organisation] = []
    for n, number in enumerate(parents):
        parent = found[number % n] if n else None
        code = "1" * (n + 1)
        path = f"{parent.path}/{code}" if parent else code
        found.append(Organisation(code=code, name=code, kind="department", parent=parent, path=path))
    return Organisation.objects.bulk_create(found)


def actor(*grants: Grant) -> Actor:
    return Actor(world=LIVE, person=uuid4(), grants=grants)


def grant(role: str, org: UUID, area: str = "", jurisdiction: str = "") -> Grant:
    return Grant(role, uuid4(), org, area, jurisdiction)


def seen(by: Actor) -> set[UUID]:
    return set(queries.visible_to(by).values_list("pk", flat=True))


@DB
@given(TREES, st.lists(st.tuples(st.sampled_from(sorted(ROLES)), st.integers(0, 30)), min_size=1, max_size=4))
def test_more_posts_never_see_less_and_always_their_own_when_looked_at(parents, posts):
    with transaction.atomic():
        orgs = plant(parents)
        grants = [grant(role, orgs[n % len(orgs)].pk) for role, n in posts]
        before: set[UUID] = set()
        for count in range(1, len(grants) + 1):
            now = seen(actor(*grants[:count]))
            assert before <= now
            before = now
        assert {each.org for each in grants} <= before
        transaction.set_rollback(True)


@DB
@given(TREES, st.sampled_from(LOCAL), st.integers(0, 30))
def test_only_oneself_and_what_lies_below_is_seen_when_the_role_is_local(parents, role, where):
    """Neither parent nor sibling, however alike the codes begin."""
    with transaction.atomic():
        orgs = plant(parents)
        own = orgs[where % len(orgs)]
        below, grown = {own.pk}, True
        while grown:
            more = {each.pk for each in orgs if each.parent_id in below} - below
            below, grown = below | more, bool(more)
        assert seen(actor(grant(role, own.pk))) == below
        transaction.set_rollback(True)


@DB
@given(st.lists(AREAS, min_size=1, max_size=3), st.lists(AREAS.filter(bool), min_size=1, max_size=6, unique=True))
def test_areas_are_seen_as_the_rule_says_when_asked_in_sql(own, rows):
    """The query and the pure rule agree; a sibling's area is never seen, more areas never show less."""
    with transaction.atomic():
        for n, area in enumerate(rows):
            Organisation.objects.create(code=str(n), name="x", kind="community", path=str(n), area_code=area)
        grants = [grant("community_officer", uuid4(), area) for area in own]
        got = set(
            Organisation.objects.filter(queries.in_areas(actor(*grants), "area_code")).values_list(
                "area_code", flat=True
            )
        )
        assert got == {area for area in rows if any(lies_in(area, each) for each in own)}
        fewer = Organisation.objects.filter(queries.in_areas(actor(*grants[:1]), "area_code"))
        assert set(fewer.values_list("area_code", flat=True)) <= got
        transaction.set_rollback(True)


@given(AREAS, AREAS)
def test_areas_concern_each_other_only_up_and_down_when_compared(area, own):
    if lies_in(area, own):
        assert own
        assert area.startswith(own) or own.startswith(area)
    assert all(own.startswith(each) and each != own for each in ancestors(own))
    assert not lies_in(area, "")


@pytest.mark.parametrize(
    ("row", "own", "seen_"),
    [
        ("210106001901", "210106001901", True),
        ("210106001902", "210106001901", False),  # the community beside one's own
        ("210106001", "210106001901", True),  # the street as a whole
        ("210106002", "210106001901", False),
        ("210106001901", "210106001", True),
        ("210106001", "", False),  # a post without an area is not a post everywhere
    ],
)
def test_area_is_seen_when_it_lies_on_ones_own_line(row, own, seen_):
    assert lies_in(row, own) == seen_


JURISDICTIONS = st.sampled_from(["", "core", "zone"])
DECIDERS = st.sampled_from(["duty_officer", "duty_leader", "commander", "liaison"])


@given(st.lists(st.tuples(DECIDERS, JURISDICTIONS), max_size=4), JURISDICTIONS, st.tuples(DECIDERS, JURISDICTIONS))
def test_more_posts_never_decide_less_when_one_is_added(posts, where, extra):
    roles = ("duty_officer", "duty_leader", "commander")
    grants = [grant(role, uuid4(), jurisdiction=of) for role, of in posts]
    more = [*grants, grant(extra[0], uuid4(), jurisdiction=extra[1])]
    assert answers_for(actor(*grants), where, *roles) <= answers_for(actor(*more), where, *roles)


@pytest.mark.parametrize(
    ("role", "own", "where", "may"),
    [
        ("duty_officer", "core", "core", True),
        ("duty_officer", "core", "zone", False),
        ("duty_leader", "zone", "core", False),
        ("duty_leader", "zone", "", True),  # what is the whole district's is everybody's
        ("commander", "core", "zone", True),  # the higher post
        ("duty_officer", "", "zone", True),  # a post of the district's own headquarters
        ("liaison", "core", "core", False),  # another role
    ],
)
def test_decision_is_the_own_jurisdictions_when_two_bureaux_see_it(role, own, where, may):
    by = actor(grant(role, uuid4(), jurisdiction=own))
    assert answers_for(by, where, "duty_officer", "duty_leader", "commander") == may
