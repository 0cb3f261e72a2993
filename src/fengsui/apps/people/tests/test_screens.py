"""A large screen reads the wall and nothing else: granted by who sees it anyway, paired once, revoked at any time."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from tests.contracts.story import load_district
from tests.contracts.test_urls_by_role import patterns

from fengsui.apps.people import actions, screens
from fengsui.apps.people.edge import OPEN
from fengsui.apps.people.models import Screen
from fengsui.core.models import AuditRow, StoredEvent, World
from fengsui.core.worlds import LIVE
from fengsui.kernel.errors import Forbidden, Invalid, NotFound, Refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def district(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    load_district()


def actor(login: str, world=LIVE):
    from fengsui.apps.people import queries
    from fengsui.apps.people.models import Account

    return queries.actor_for(Account.objects.get(username=login).person_id, world)


def granted(**over):
    given = {
        "name": "大厅主屏",
        "layout": "wide",
        "factor": 100,
        "days": 30,
        "by": actor("leader"),
        "now": timezone.now(),
    }
    return actions.grant_screen(**{**given, **over})


def paired(**over) -> tuple[Screen, Client]:
    _row, code = granted(**over)
    client = Client(raise_request_exception=False)
    answer = client.post("/wall/open/", {"code": f" {code[:5].lower()} {code[5:]}"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/wall/")
    return Screen.objects.get(), client


def test_a_screen_opens_the_wall_without_a_login(district):
    row, client = paired()
    cookie = client.cookies[screens.COOKIE]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == ("/wall/", True, "Lax")
    assert cookie.value not in row.digest
    assert (client.get("/wall/").status_code, client.get("/wall/now").status_code) == (200, 200)
    assert "大厅主屏" in client.get("/wall/").content.decode()
    assert Screen.objects.get().seen_at is not None


def test_a_screen_opens_nothing_else_and_presses_nothing(district):
    _row, client = paired()
    client.cookies[screens.COOKIE]["path"] = "/"
    ids = {"screen_id": uuid4()}
    opened = []
    for name, pattern in patterns():
        if set(pattern.pattern.converters) <= set(ids) and name not in ("desk:wall-show", "desk:wall-part"):
            from django.urls import reverse

            where = reverse(name, kwargs={each: ids[each] for each in pattern.pattern.converters})
            if where.startswith(OPEN):  # what everybody opens without a login
                continue
            for answer in (client.get(where), client.post(where)):
                if answer.status_code != 302 or not answer.headers["Location"].startswith("/login/"):
                    opened.append(f"{name} {answer.status_code}")
    assert opened == []
    for where in screens.READS:
        assert client.post(where).headers["Location"].startswith("/login/")


def test_a_code_pairs_one_screen_once_and_not_for_long(district):
    now = timezone.now()
    row, code = granted()
    with pytest.raises(Refused, match=r"people\.screen\.wrong_code"):
        actions.open_screen(
            code=code, source="", correlation=uuid4(), now=now + screens.CODE_FOR + timedelta(seconds=1)
        )
    actions.open_screen(code=code, source="10.0.0.9", correlation=uuid4(), now=now)
    with pytest.raises(Refused):
        actions.open_screen(code=code, source="", correlation=uuid4(), now=now)
    with pytest.raises(Refused):
        actions.open_screen(code="", source="", correlation=uuid4(), now=now)
    kept = Screen.objects.get()
    assert (kept.code_digest, kept.source, code in str(vars(row))) == ("", "10.0.0.9", False)


def test_a_revoked_screen_is_refused_at_its_next_look(district):
    row, client = paired()
    actions.revoke_screen(screen_id=row.pk, by=actor("duty"), now=timezone.now())
    answer = client.get("/wall/now", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.content) == (401, b"")
    assert client.get("/wall/").headers["Location"].startswith("/login/")


def test_a_screen_ends_with_its_days_and_with_its_exercise(district):
    _row, client = paired()
    Screen.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert client.get("/wall/").status_code == 302
    Screen.objects.all().delete()
    drill = World.objects.create(kind="exercise", name="七月演练")
    _row, client = paired(by=actor("leader", drill.pk))
    assert "七月演练" in client.get("/wall/").content.decode()
    World.objects.filter(pk=drill.pk).update(ended_at=timezone.now())
    assert client.get("/wall/").status_code == 302


def test_each_step_is_in_the_record(district):
    row, _client = paired()
    actions.revoke_screen(screen_id=row.pk, by=actor("secadmin"), now=timezone.now())
    actions.revoke_screen(screen_id=row.pk, by=actor("duty"), now=timezone.now())
    rows = AuditRow.objects.filter(subject=f"people.screen:{row.pk}").order_by("n")
    assert list(rows.values_list("verb", flat=True)) == [
        "people.ScreenGranted", "people.ScreenOpened", "people.ScreenRevoked",
    ]  # fmt: skip
    assert rows[0].person_id == actor("leader").person
    assert rows[1].system == screens.SYSTEM


@pytest.mark.parametrize("login", ["duty", "secadmin", "sysadmin", "street", "auditor"])
def test_only_leaders_grant(district, login):
    with pytest.raises(Forbidden):
        granted(by=actor(login))
    assert StoredEvent.objects.filter(name="people.ScreenGranted").count() == 0


def test_wrong_settings_are_refused_by_name(district):
    for field, over in {"name": {"name": " "}, "factor": {"factor": 99}, "days": {"days": 0}}.items():
        with pytest.raises(Invalid) as wrong:
            granted(**over)
        assert wrong.value.field == field


def test_a_screen_of_another_world_is_not_found(district):
    row, _code = granted()
    drill = World.objects.create(kind="exercise", name="七月演练")
    with pytest.raises(NotFound):
        actions.revoke_screen(screen_id=row.pk, by=actor("leader", drill.pk), now=timezone.now())
