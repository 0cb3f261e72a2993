"""Accounts and posts by the security administrator: with reasons, never one's own, privileged ones by two persons."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from fengsui.apps.people import actions, queries, rules
from fengsui.apps.people.models import Account, Assignment, Holding, Post
from fengsui.apps.people.tests.make import NOW, make_account, make_org, make_person, make_post
from fengsui.core.models import AuditRow, Clock, ClockRuleRow, StoredEvent, World
from fengsui.core.worlds import LIVE
from fengsui.kernel.errors import FengsuiError, Forbidden, NotFound, Refused

LATER = NOW + timedelta(days=3)


@pytest.fixture
def house(db):
    """A bureau with two security administrators, a candidate, and posts of several kinds."""
    ClockRuleRow.objects.create(kind="people.approve", limit_s=86400, source="本地约定", basis="U")
    org = make_org("bureau", "bureau")
    first, second, candidate, old = (make_person(name, org) for name in ("安甲", "安乙", "新人", "旧人"))
    make_post("security", "security_admin", org, first, second)
    street = make_post("street", "street_officer", org, old)
    Holding.objects.update(since=NOW - timedelta(days=30))
    return {
        "org": org,
        "first": queries.actor_for(first.pk, LIVE),
        "second": queries.actor_for(second.pk, LIVE),
        "candidate": candidate,
        "old": old,
        "street": street,
        "chief": make_post("chief", "commander", org),
        "system": make_post("system", "system_admin", org),
        "audit": make_post("audit", "audit_admin", org),
    }


def give(house, post, **over):
    given_ = {
        "post_id": house[post].pk,
        "person_id": house["candidate"].pk,
        "by": house["first"],
        "now": NOW,
        "reason": "任命",
        **over,
    }
    return actions.assign(**given_)


def refusal(call, *args, **kwargs):
    before = (StoredEvent.objects.count(), Holding.objects.count(), Assignment.objects.count())
    with pytest.raises(FengsuiError) as refused:
        call(*args, **kwargs)
    assert (StoredEvent.objects.count(), Holding.objects.count(), Assignment.objects.count()) == before
    return refused.value.code


def test_post_passes_on_when_assigned(house):
    give(house, "street")
    assert [each.name for each in queries.holders([house["street"].pk])[house["street"].pk]] == ["新人"]
    assert Holding.objects.get(person=house["old"]).until == NOW
    assert '"reason":"任命"' in AuditRow.objects.get(verb="people.PostTaken").facts


def test_both_hold_it_when_assigned_alongside(house):
    give(house, "street", alongside=True)
    assert len(queries.holders([house["street"].pk])[house["street"].pk]) == 2


def test_post_begins_and_ends_by_itself_when_given_for_a_time(house):
    give(house, "street", since=LATER, until=LATER + timedelta(days=1))
    held = Holding.objects.filter(post=house["street"])
    named = {day: {row.person.name for row in held.at(NOW + timedelta(days=day))} for day in (1, 3, 5)}
    assert named == {1: {"旧人"}, 3: {"新人"}, 5: set()}


def test_assignment_is_refused_when_in_arrears_or_upside_down(house):
    assert refusal(give, house, "street", since=NOW - timedelta(minutes=2)) == "people.assign.in_arrears"
    assert refusal(give, house, "street", since=LATER, until=LATER) == "people.assign.ends_before"
    give(house, "street", since=NOW - timedelta(seconds=30))
    assert Holding.objects.get(person=house["candidate"]).since == NOW


def test_post_is_refused_when_held_already_in_that_time(house):
    give(house, "street", since=LATER)
    assert refusal(give, house, "street", since=LATER + timedelta(days=1)) == "people.assign.holds_already"


def test_nobody_gives_himself_a_post_when_he_tries(house):
    assert refusal(give, house, "street", person_id=house["first"].person) == "people.account.own"


def test_only_the_security_administrator_assigns_when_others_try(house):
    for role in sorted(set(rules.ROLES) - {"security_admin"}):
        person = make_person(role, house["org"])
        make_post(f"p-{role}", role, house["org"], person)
        with pytest.raises(Forbidden):
            give(house, "street", by=queries.actor_for(person.pk, LIVE))


def test_exercise_changes_no_rights_when_a_security_administrator_is_in_one(house):
    drill = World.objects.create(kind="exercise", name="演练")
    by = queries.actor_for(house["first"].person, drill.pk)
    assert refusal(give, house, "street", by=by) == "people.account.live_only"


def test_privileged_post_waits_for_a_second_administrator_when_asked_for(house):
    asked = give(house, "chief")
    assert isinstance(asked, Assignment)
    assert queries.actor_for(house["candidate"].pk, LIVE).grants == ()
    clock = Clock.objects.in_world(LIVE).get()
    assert (clock.kind, clock.state, clock.owner_person) == ("people.approve", "running", house["second"].person)
    assert refusal(give, house, "chief") == "people.approve.asked_already"
    kwargs = {"assignment_id": asked.pk, "now": NOW, "note": "同意"}
    assert refusal(actions.approve, by=house["first"], **kwargs) == "people.approve.same_person"
    holding = actions.approve(by=house["second"], **kwargs)
    clock.refresh_from_db()
    assert (clock.state, clock.closed_by, clock.proof["holding"]) == ("met", house["second"].person, holding.pk)
    assert queries.actor_for(house["candidate"].pk, LIVE).roles == {"commander"}
    assert refusal(actions.approve, by=house["second"], **kwargs) == "assignment.approve.wrong_state"


def test_candidate_does_not_approve_himself_when_he_is_an_administrator(house):
    extra = make_post("security-deputy", "security_admin", house["org"])
    asked = give(house, "chief", post_id=extra.pk, person_id=house["second"].person)
    assert (
        refusal(actions.approve, assignment_id=asked.pk, by=house["second"], now=NOW, note="好") == "people.account.own"
    )


def test_assignment_ends_its_clock_when_refused_or_withdrawn(house):
    asked = give(house, "chief")
    actions.refuse(assignment_id=asked.pk, by=house["second"], now=NOW, note="资历不符")
    again = give(house, "chief")
    code = refusal(actions.withdraw, assignment_id=again.pk, by=house["second"], now=NOW, note="x")
    assert code == "people.approve.not_yours"
    actions.withdraw(assignment_id=again.pk, by=house["first"], now=NOW, note="填错人")
    assert sorted(Clock.objects.in_world(LIVE).values_list("state", flat=True)) == ["cancelled", "met"]
    assert not Holding.objects.filter(post=house["chief"]).exists()


def test_separation_is_asked_again_when_approved_days_later(house):
    asked = give(house, "system")
    Holding.objects.create(post=house["audit"], person=house["candidate"], since=NOW)
    with pytest.raises(Refused) as refused:
        actions.approve(assignment_id=asked.pk, by=house["second"], now=NOW + timedelta(days=1), note="同意")
    assert refused.value.code == "people.assign.not_separate"
    asked.refresh_from_db()
    assert asked.status == "asked"


@pytest.mark.parametrize(("held", "wanted"), [("street", "system"), ("system", "audit"), ("audit", "street")])
def test_second_hand_is_refused_when_one_is_held(house, held, wanted):
    Holding.objects.create(post=house[held], person=house["candidate"], since=NOW)
    assert refusal(give, house, wanted) == "people.assign.not_separate"


def test_two_hands_may_follow_each_other_when_they_do_not_overlap(house):
    Holding.objects.create(post=house["system"], person=house["candidate"], since=NOW - timedelta(days=9), until=LATER)
    assert refusal(give, house, "audit") == "people.assign.not_separate"
    assert isinstance(give(house, "audit", since=LATER), Assignment)


@given(st.sets(st.sampled_from(sorted(rules.ROLES))))
def test_separation_holds_of_every_part_when_it_holds_of_the_whole(roles):
    """Monotone: taking a post away never makes a permitted set forbidden."""
    try:
        rules.check_separate(roles)
    except Refused:
        return
    assert len(roles & rules.ADMINS) <= 1
    for role in roles:
        rules.check_separate(roles - {role})


@given(*[st.integers(0, 9)] * 2, *[st.none() | st.integers(1, 9)] * 2)
def test_overlap_is_mutual_and_means_a_common_moment_when_compared(a, b, a_long, b_long):
    def at(hour):
        return NOW + timedelta(hours=hour)

    a_end, b_end = (None if n is None else at(start + n) for start, n in ((a, a_long), (b, b_long)))
    common = any(
        start <= at(t) and (end is None or at(t) < end) and other <= at(t) and (other_end is None or at(t) < other_end)
        for t in range(20)
        for start, end, other, other_end in [(at(a), a_end, at(b), b_end)]
    )
    assert rules.overlap(at(a), a_end, at(b), b_end) == rules.overlap(at(b), b_end, at(a), a_end) == common


# --- accounts -----------------------------------------------------------------------------------------------------


def test_account_is_opened_with_a_password_for_once_when_asked(house):
    account, password = actions.open_account(
        person_id=house["candidate"].pk, username="xin", by=house["first"], now=NOW, reason="入职"
    )
    assert (account.must_change, account.check_password(password), len(password)) == (True, True, 19)
    assert password not in AuditRow.objects.get().facts
    again = {"by": house["first"], "now": NOW, "reason": "入职"}
    assert (
        refusal(actions.open_account, person_id=house["candidate"].pk, username="x", **again) == "people.account.exists"
    )
    assert refusal(actions.open_account, person_id=house["old"].pk, username="XIN", **again) == "people.account.taken"
    assert refusal(actions.open_account, person_id=house["old"].pk, username=" ", **again) == "people.account.bad_name"


@pytest.mark.parametrize(
    "verb", ["deactivate", "unlock", "reset_password", "reset_factor", "stop_sessions", "reactivate"]
)
def test_own_account_is_nobodys_to_administer_when_tried(house, verb):
    own = make_account("an", house["org"].people.get(pk=house["first"].person), failures=3)
    call = getattr(actions, verb)
    assert refusal(call, account_id=own.pk, by=house["first"], now=NOW, reason="x") == "people.account.own"
    with pytest.raises(FengsuiError) as refused:
        call(account_id=own.pk, by=house["second"], now=NOW, reason="  ")
    assert refused.value.code == "people.account.needs_reason"


def test_account_does_not_exist_when_asked_about_by_others(house):
    account = make_account("xin", house["candidate"])
    by = queries.actor_for(house["old"].pk, LIVE)
    with pytest.raises(NotFound):
        actions.unlock(account_id=account.pk, by=by, now=NOW, reason="x")
    assert queries.accounts_visible_to(by).count() == 0


def test_account_opens_again_when_unlocked_or_reactivated(house):
    account = make_account("xin", house["candidate"], failures=5, locked_until=LATER)
    actions.unlock(account_id=account.pk, by=house["first"], now=NOW, reason="本人来电")
    actions.deactivate(account_id=account.pk, by=house["first"], now=NOW, reason="休假")
    actions.reactivate(account_id=account.pk, by=house["first"], now=NOW, reason="回来")
    account.refresh_from_db()
    assert (account.failures, account.locked_until, account.is_active) == (0, None, True)
    names = list(StoredEvent.objects.order_by("pk").values_list("name", flat=True))
    assert names == ["people.AccountUnlocked", "people.AccountDeactivated", "people.AccountReactivated"]
    assert Account.objects.count() == 1
    assert Post.objects.count() == 5


def test_duty_post_keeps_its_last_holder_when_nobody_follows(house):
    duty = make_post("duty", "duty_officer", house["org"], house["candidate"])
    holding = Holding.objects.get(post=duty)
    call = {"holding_id": holding.pk, "by": house["first"], "now": LATER, "reason": "调离"}
    assert refusal(actions.leave_post, **call) == "people.assign.last_on_duty"
    Holding.objects.create(post=duty, person=house["old"], since=NOW)
    actions.leave_post(**call)
    assert [each.person for each in Holding.objects.at(LATER).filter(post=duty)] == [house["old"]]


def test_first_accounts_are_the_security_administrators_and_only_once_when_opened(house):
    made = actions.open_first(now=NOW)
    assert [(row.username, row.must_change, row.check_password(text)) for row, text in made] == [
        ("secadmin1", True, True), ("secadmin2", True, True),
    ]  # fmt: skip
    actions.open_first(now=NOW)  # the paper was lost before anybody logged in
    Account.objects.filter(username="secadmin1").update(last_login=NOW)
    assert refusal(actions.open_first, now=NOW) == "people.account.not_first"


def test_role_of_a_held_post_stays_when_somebody_changes_it_past_the_page(house):
    """A register or a script that turned a held post into an administrator's would need no second person."""
    with pytest.raises(IntegrityError, match=r"people\.post\.held"), transaction.atomic():
        Post.objects.filter(code="street").update(role="security_admin")
    Post.objects.filter(code="street").update(title="街道值守（改名）", role="street_officer")
    Post.objects.filter(code="chief").update(role="liaison")
    assert Post.objects.get(code="chief").role == "liaison"  # nobody holds it
