"""三员分立 over every verb there is: none of the three can do what another does, nor act in an emergency."""

from __future__ import annotations

from typing import Any

import pytest

from fengsui.apps.alerts.models import Call, Delivery
from fengsui.apps.command.models import Deployment, Response
from fengsui.apps.people.models import Account, Holding, Person
from fengsui.apps.people.rules import ADMINS, HANDS, check_separate
from fengsui.core import policy
from fengsui.core.worlds import LIVE
from tests.contracts.story import LOGINS, Story, tell

VERBS: dict[str, set[str]] = {
    # rights: the security administrator's alone
    "people.account": {"security_admin"},
    "people.approve": {"security_admin"},
    "people.screen_revoke": {"security_admin"},
    "people.assign": {"security_admin"},
    # the machinery: the system administrator's alone
    "alerts.recipients": {"system_admin"},
    "alerts.retry": {"system_admin"},
    "alerts.self_test": {"system_admin"},
    "alerts.waive": {"system_admin"},
    "core.jobs": {"system_admin"},
    "core.system": {"system_admin"},
    "desk.own_district": {"system_admin"},
    "sensing.change_ladder": {"system_admin"},
    "sensing.credentials": {"system_admin"},
    "forecasts.learn": {"system_admin"},
    # the record: only those who change nothing
    "core.audit": {"audit_admin", "auditor"},
    "desk.chain": {"audit_admin", "auditor"},
    # reading
    "alerts.see": {"system_admin", "audit_admin", "auditor"},
    "command.view": {"audit_admin", "auditor"},
    "core.proofs": {"system_admin", "audit_admin", "auditor"},
    "drills.compare": {"auditor"},
    "drills.view": {"system_admin", "security_admin", "audit_admin", "auditor"},  # those that their post takes part in
    "desk.wall": {"system_admin", "audit_admin", "auditor"},
    "forecasts.score": {"audit_admin", "auditor"},
    "forecasts.see_lessons": {"system_admin", "audit_admin", "auditor"},
    "forecasts.see_floods": {"audit_admin", "auditor"},
    "incidents.view": {"audit_admin", "auditor"},
    "people.screen_see": {"system_admin", "security_admin", "audit_admin", "auditor"},
    "people.see": {"system_admin", "security_admin", "audit_admin", "auditor"},
    "people.see_accounts": {"security_admin", "audit_admin", "auditor"},
    "reviews.view": {"audit_admin", "auditor"},
    "reviews.measure": {"audit_admin", "auditor"},
    "reviews.see_findings": {"audit_admin", "auditor"},
    "drills.look": {"audit_admin", "auditor"},
    "sensing.see_rejected": {"system_admin", "audit_admin", "auditor"},
    # a screen says that it showed a public bulletin
    "alerts.seen": {"system_admin", "security_admin", "audit_admin", "auditor"},
    # one's own way into an exercise and out of it; inside, the same verbs as here
    "drills.join": {"system_admin", "security_admin", "audit_admin", "auditor"},
    "drills.leave": {"system_admin", "security_admin", "audit_admin", "auditor"},
}
"""Verb -> who of the three (and the auditor) may. A verb that is not here is none of theirs."""
REGISTERS: dict[str, set[str]] = {
    "alerts.outlets": {"system_admin"},
    "people.organisations": {"security_admin"},
    "people.people": {"security_admin"},
    "people.posts": {"security_admin"},
    "sensing.stations": {"system_admin"},
}
"""Register -> who of them edits and imports it; all of them may look. Others are kept by those who act."""
LISTS: dict[str, set[str]] = {
    "command.tasks": {"audit_admin", "auditor"},
    "incidents.incidents": {"audit_admin", "auditor"},
}
"""List of what is under way -> who of them looks, where not all do; nobody edits one."""
CHANGES = {verb for verb in VERBS if verb.split(".")[1] in {
    "account", "approve", "assign", "retry", "self_test", "waive", "jobs", "change_ladder", "credentials", "learn",
}}  # fmt: skip


@pytest.fixture
def told(db, settings) -> Story:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return tell()


def rows(story: Story) -> dict[str, Any]:
    """What each verb is asked about, where its rule looks at a row."""
    task = next(each for each in story.tasks if each.pk == story.ids["task_id"])
    deployment = Deployment.objects.in_world(LIVE).get(order_id=story.ids["order_id"])
    return {
        "alerts": story.warning,
        "alerts.acknowledge": Call.objects.in_world(LIVE).get(pk=story.ids["call_id"]),
        "alerts.seen": Delivery.objects.in_world(LIVE).get(pk=story.ids["delivery_id"]),
        "command": story.incident,
        "command.activate": Response.objects.in_world(LIVE).get(pk=story.ids["response_id"]),
        "command.task": task,
        "command.move": deployment,
        "command.recall": deployment,
        "incidents": story.incident,
        "people.reveal": Person.objects.get(pk=story.ids["person_id"]),
        "people.account": Account.objects.get(pk=story.ids["account_id"]),
    }


def wanted(verb: str) -> set[str]:
    register, _, act = verb.rpartition(".")
    if register.count("."):
        return LISTS.get(register, set(HANDS)) if act == "view" else REGISTERS.get(register, set())
    return VERBS.get(verb, set())


def test_verbs_are_theirs_as_the_table_says_when_every_one_is_asked(told):
    about, wrong = rows(told), []
    for verb in policy.verbs():
        if ".test_" in verb:
            continue
        row = about.get(verb, about.get(verb.split(".")[0]))
        got = {role for role in HANDS if policy.can(told.by(LOGINS[role]), verb, row)}
        if got != wanted(verb):
            wrong.append(f"{verb}: {sorted(got)}, expected {sorted(wanted(verb))}")
    assert not wrong, "\n".join(wrong)


def test_table_names_only_verbs_there_are_when_compared():
    assert set(VERBS) - set(policy.verbs()) == set()


@pytest.mark.parametrize("verb", sorted(CHANGES))
def test_what_changes_something_belongs_to_one_hand_when_compared(verb):
    assert len({HANDS[role] for role in VERBS[verb]}) == 1
    assert not VERBS[verb] & {"audit_admin", "auditor"}


def test_record_is_read_by_nobody_who_changes_something_when_compared():
    changing = {role for verb in CHANGES for role in VERBS[verb]}
    assert not changing & (VERBS["core.audit"] | VERBS["desk.chain"])


def test_shipped_district_gives_nobody_two_hands_when_loaded(told):
    held: dict[Any, set[str]] = {}
    for row in Holding.objects.now().select_related("post"):
        held.setdefault(row.person_id, set()).add(row.post.role)
    assert sum(bool(roles & ADMINS) for roles in held.values()) == 4  # two of them for security: one approves the other
    for roles in held.values():
        check_separate(roles)
