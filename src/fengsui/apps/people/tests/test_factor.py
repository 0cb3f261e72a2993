"""The second factor: enrolled by its owner, asked after the password, used once, counted like a password."""

import json
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher, make_password
from django.db import connection
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from fengsui.apps.people import actions, queries, secret
from fengsui.apps.people.actions import entering
from fengsui.apps.people.models import Account
from fengsui.apps.people.tests.make import NOW, PASSWORD, make_account, make_org, make_person, make_post
from fengsui.core.models import AuditRow, StoredEvent
from fengsui.core.worlds import LIVE
from fengsui.kernel.errors import Forbidden, Refused


@pytest.fixture(autouse=True)
def _cheap(monkeypatch):
    monkeypatch.setattr(Argon2PasswordHasher, "memory_cost", 64)
    monkeypatch.setattr(Argon2PasswordHasher, "time_cost", 1)
    monkeypatch.setattr(entering, "_NOBODY", make_password("equal time for unknown accounts"))


@pytest.fixture
def leader(db):
    org = make_org("bureau", "bureau")
    person = make_person("带班某", org)
    make_post("leader", "duty_leader", org, person)
    return make_account("leader", person, password_at=timezone.now())


def by(account):
    return queries.actor_for(account.person_id, LIVE)


def code_of(plain, at):
    return pyotp.TOTP(plain).at(at)


@pytest.fixture
def enrolled(leader):
    _account, plain = actions.prepare_factor(by=by(leader))
    codes = actions.confirm_factor(code=code_of(plain, NOW), by=by(leader), now=NOW)
    leader.refresh_from_db()
    return leader, plain, codes


def attempt(account, code, now):
    try:
        return actions.second_factor(account_id=account.pk, code=code, source="10.1.2.3", now=now)
    except Refused as refused:
        return refused.code


# RFC 6238 appendix B, SHA-1, the last six digits; secret "12345678901234567890"
VECTORS = [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (2000000000, "279037")]


@pytest.mark.parametrize(("second", "code"), VECTORS)
def test_code_is_that_of_the_standard_when_compared(second, code):
    plain = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert secret.step_of(plain, code, datetime.fromtimestamp(second, UTC), 0) == second // 30


@given(st.binary(max_size=12).map(lambda raw: raw.decode("latin1")))
def test_anything_else_is_no_code_when_typed(text):
    plain = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    here = int(NOW.timestamp()) // 30
    right = {pyotp.TOTP(plain).generate_otp(here + step) for step in (-1, 0, 1)}
    if "".join(text.split()) not in right:
        assert secret.step_of(plain, text, NOW, 0) is None


@given(st.integers(-6, 6), st.integers(-6, 6))
def test_step_is_never_taken_twice_nor_backwards_when_replayed(offset, used):
    """`used` is the last step that was taken: the same or an earlier one is refused, however right its code."""
    plain, here = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", int(NOW.timestamp()) // 30
    got = secret.step_of(plain, pyotp.TOTP(plain).generate_otp(here + offset), NOW, here + used)
    assert got == (here + offset if abs(offset) <= 1 and offset > used else None)


def test_secret_rests_encrypted_when_stored(leader, settings):
    _account, plain = actions.prepare_factor(by=by(leader))
    leader.refresh_from_db()
    assert plain not in leader.factor_secret
    assert secret.unseal(leader.factor_secret) == plain
    settings.SECRET_KEY = "another"
    assert secret.unseal(leader.factor_secret) is None


def test_factor_counts_from_its_confirmation_on_when_enrolled(leader):
    _account, plain = actions.prepare_factor(by=by(leader))
    with pytest.raises(Refused) as refused:
        actions.confirm_factor(code="000000", by=by(leader), now=NOW)
    assert refused.value.code == "people.factor.wrong_first"
    assert Account.objects.get().factor_at is None
    codes = actions.confirm_factor(code=code_of(plain, NOW), by=by(leader), now=NOW)
    assert (len(codes), len(set(codes))) == (10, 10)
    with connection.cursor() as cursor:
        cursor.execute("SELECT digest FROM people_recoverycode")
        assert not {row[0] for row in cursor.fetchall()} & {*codes, *(each.replace("-", "") for each in codes)}
    assert StoredEvent.objects.get().name == "people.FactorEnrolled"
    assert plain not in AuditRow.objects.get().facts


def test_password_alone_does_not_log_in_when_a_factor_is_enrolled(enrolled, client):
    _account, plain, _codes = enrolled
    response = client.post("/login/", {"username": "leader", "password": PASSWORD, "next": "/clocks/"})
    assert response.headers["Location"] == "/login/code"
    assert client.get("/").status_code == 302
    assert not StoredEvent.objects.filter(name="people.LoggedIn").exists()
    before = client.cookies["sessionid"].value
    response = client.post("/login/code", {"code": code_of(plain, timezone.now())})
    assert (response.status_code, response.headers["Location"]) == (302, "/clocks/")
    assert client.cookies["sessionid"].value != before
    assert StoredEvent.objects.filter(name="people.LoggedIn").count() == 1
    assert client.get("/me/").status_code == 200


def test_code_page_leads_to_the_door_when_no_password_was_given(client, db):
    assert client.get("/login/code").headers["Location"] == "/login/"
    assert client.post("/login/code", {"code": "123456"}).headers["Location"] == "/login/"


def test_code_is_refused_when_used_before(enrolled):
    account, plain, _codes = enrolled
    at = NOW + timedelta(minutes=2)
    assert attempt(account, code_of(plain, at), at) == account
    assert attempt(account, code_of(plain, at), at + timedelta(seconds=5)) == "people.factor.wrong"
    assert attempt(account, code_of(plain, at - timedelta(seconds=30)), at) == "people.factor.wrong"


def test_account_is_locked_when_five_codes_are_wrong(enrolled):
    account, plain, _codes = enrolled
    at = NOW + timedelta(minutes=2)
    assert [attempt(account, "abcdef", at) for _ in range(6)] == ["people.factor.wrong"] * 5 + ["people.login.locked"]
    assert attempt(account, code_of(plain, at), at) == "people.login.locked"
    names = list(StoredEvent.objects.order_by("pk").values_list("name", flat=True))
    assert names == ["people.FactorEnrolled", *["people.FactorFailed"] * 4, "people.AccountLocked"]


def test_right_password_does_not_forgive_wrong_codes_when_typed_between(enrolled):
    """Else whoever has the password tries codes for ever, four at a time."""
    account, _plain, _codes = enrolled
    for _ in range(4):
        attempt(account, "000000", NOW)
    actions.log_in(username="leader", password=PASSWORD, source="", now=NOW)
    account.refresh_from_db()
    assert account.failures == 4


def test_recovery_code_opens_once_when_used(enrolled):
    account, _plain, codes = enrolled
    assert attempt(account, codes[3].upper().replace("-", " "), NOW) == account
    assert attempt(account, codes[3], NOW) == "people.factor.wrong"
    assert account.recovery_codes.filter(used_at__isnull=True).count() == 9
    stored = StoredEvent.objects.get(name="people.RecoveryCodeUsed")
    assert (stored.payload["left"], codes[3] in json.dumps(stored.payload)) == (9, False)


def test_privileged_account_reaches_nothing_else_when_it_has_no_factor(leader, client, settings):
    settings.DEMO = False
    client.post("/login/", {"username": "leader", "password": PASSWORD})
    for where in ("/", "/clocks/", "/people/", "/me/"):
        assert client.get(where).headers["Location"] == "/me/second-factor"
    assert client.post("/people/accounts/open").headers["Location"] == "/me/second-factor"
    answer = client.get("/clocks/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (403, "/me/second-factor")
    page = client.get("/me/second-factor").content.decode()
    leader.refresh_from_db()
    plain = secret.unseal(leader.factor_secret)
    assert "<svg" in page
    assert plain[:4] in page
    wrong = client.post("/me/second-factor", {"code": "000000"})
    assert wrong.status_code == 422
    shown = client.post("/me/second-factor", {"code": code_of(plain, timezone.now())}).content.decode()
    assert shown.count('<code class="code">') == 10
    assert client.get("/me/").status_code == 200
    assert client.get("/me/second-factor").headers["Location"] == "/me/"


def test_demonstration_asks_no_code_when_entered_by_its_door(enrolled, client, settings):
    settings.DEMO = True
    assert client.post("/login/demo", {"username": "leader"}).headers["Location"] == "/"
    assert client.get("/me/").status_code == 200
    assert "第二因素" in client.get("/login/").content.decode()


def test_password_of_a_demonstration_needs_no_factor_when_none_is_enrolled(leader, client, settings):
    settings.DEMO = True
    client.post("/login/", {"username": "leader", "password": PASSWORD})
    assert client.get("/me/").status_code == 200


def test_factor_is_reset_by_the_security_administrator_only_when_lost(enrolled):
    account, _plain, _codes = enrolled
    org = account.person.org
    chief = make_person("安管", org)
    make_post("security", "security_admin", org, chief)
    chief_by = queries.actor_for(chief.pk, LIVE)
    with pytest.raises(Forbidden):
        _forbidden(account)
    with pytest.raises(Refused) as refused:
        actions.reset_factor(account_id=account.pk, by=chief_by, now=NOW, reason=" ")
    assert refused.value.code == "people.account.needs_reason"
    actions.reset_factor(account_id=account.pk, by=chief_by, now=NOW, reason="手机丢失")
    account.refresh_from_db()
    assert (account.factor_at, account.factor_secret, account.recovery_codes.count()) == (None, "", 0)
    assert '"reason":"手机丢失"' in AuditRow.objects.get(verb="people.FactorReset").facts


def _forbidden(account):
    org = account.person.org
    auditor = make_person("审计", org)
    make_post("audit", "audit_admin", org, auditor)
    actions.reset_factor(account_id=account.pk, by=queries.actor_for(auditor.pk, LIVE), now=NOW, reason="想试试")
