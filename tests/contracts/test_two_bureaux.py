"""Two bureaux over one district: each sees everything and decides in its own jurisdiction; the commander in both."""

from __future__ import annotations

import pytest
import yaml

from fengsui.apps.alerts import actions as alerts
from fengsui.apps.alerts import queries as alert_queries
from fengsui.apps.command.models import Response
from fengsui.apps.incidents import queries as incident_queries
from fengsui.config.ops.home import REPO
from fengsui.core import policy
from fengsui.core.models import StoredEvent
from fengsui.core.worlds import LIVE
from fengsui.kernel.errors import Forbidden
from tests.contracts.story import REASON, Story, tell

DUTY = {
    "alerts": ("confirm", "reject", "revise", "send_back", "keep", "cancel"),
    "incidents": ("verify", "dismiss", "merge", "grade", "draft_report", "send_report", "end", "resume"),
    "command": ("propose", "dispatch", "end", "waive", "assign", "close_road"),
}
LEAD = {"alerts": ("issue", "lift"), "incidents": ("sign_report", "close"), "command": ("activate",)}


@pytest.fixture
def told(db, settings) -> Story:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return tell()


def test_other_bureau_sees_and_does_not_decide_when_every_verb_is_asked(told):
    """The story lies in the core; `duty-zone` and `leader-zone` belong to the other bureau."""
    rows = {"alerts": told.warning, "incidents": told.incident, "command": told.incident}
    response = Response.objects.in_world(LIVE).get(pk=told.ids["response_id"])
    wrong = []
    for verbs, own, other in ((DUTY, "duty", "duty-zone"), (LEAD, "leader", "leader-zone")):
        for app, names in verbs.items():
            for name in names:
                row = response if name == "activate" else rows[app]
                got = [policy.can(told.by(who), f"{app}.{name}", row) for who in (own, other, "commander")]
                if got != [True, False, True]:
                    wrong.append(f"{app}.{name}: own, other, commander {got}")
    assert not wrong, "\n".join(wrong)
    for who in ("duty-zone", "leader-zone"):
        by = told.by(who)
        assert alert_queries.visible_to(by).filter(pk=told.warning.pk).exists()
        assert incident_queries.visible_to(by).filter(pk=told.incident.pk).exists()
        assert policy.can(by, "incidents.note", told.incident)


def test_press_of_the_other_bureau_leaves_no_trace_when_refused(told):
    before = StoredEvent.objects.count()
    with pytest.raises(Forbidden):
        alerts.cancel(warning_id=told.warning.pk, by=told.by("leader-zone"), now=told.now, reason=REASON)
    assert StoredEvent.objects.count() == before


def test_every_jurisdiction_has_a_bureau_when_the_district_is_read():
    """Without one nobody but the commander could decide there."""
    orgs = yaml.safe_load((REPO / "districts/tiexi/organisations.yaml").read_text())["organisations"]
    head = yaml.safe_load((REPO / "districts/tiexi/district.yaml").read_text())
    bureaux = {each["jurisdiction"] for each in orgs if each["kind"] == "bureau"}
    assert {each["code"] for each in head["jurisdictions"]} <= bureaux
