"""The first page of each role: its own words and panels, and nothing on it that its reader may not open."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.utils import timezone

from fengsui.apps.desk import domains, firsts
from fengsui.apps.people.models import Account
from fengsui.apps.people.rules import ROLES
from fengsui.apps.resources.models import StockItem
from fengsui.kernel import district as files
from tests.contracts.story import LOGINS, client_of, quick_passwords, tell


@pytest.fixture(scope="module")
def told(django_db_setup, django_db_blocker):
    with quick_passwords(), django_db_blocker.unblock(), transaction.atomic():
        yield tell()
        transaction.set_rollback(True)


@pytest.fixture
def story(told, db):
    return told


def page(role: str, path: str = "/") -> str:
    answer = client_of(LOGINS[role]).get(path)
    assert answer.status_code == 200, (role, path)
    return answer.content.decode()


def test_every_role_has_a_first_page():
    assert set(firsts.FIRSTS) == set(ROLES)


def test_the_shipped_district_has_a_demonstration_account_for_every_role_that_logs_in():
    shipped = files.load(settings.FENGSUI_DISTRICT, settings.FENGSUI_DISTRICTS)
    posts = {each.code: each.role for each in shipped.posts}
    assert {posts[each.post] for each in shipped.accounts} == set(ROLES) - {"public"}


@pytest.mark.parametrize("role", [role for role in LOGINS if role != "public"])
def test_one_click_leads_from_the_login_of_a_demonstration_to_the_own_first_page(story, settings, role):
    login = LOGINS[role]
    client = Client()
    settings.DEMO = True
    door = client.get("/login/").content.decode()
    assert f'name="username" value="{login}"' in door
    assert client.post("/login/demo", {"username": login}).headers["Location"] == "/"
    shown = client.get("/").content.decode()
    for name in firsts.FIRSTS[role].panels:
        assert f'id="first-{name}"' in shown, (role, name)
    assert ('id="burning"' in shown) == (role in domains.ON_DUTY)


def test_there_is_no_such_door_outside_a_demonstration(story, settings):
    settings.DEMO = False
    client = Client()
    door = client.get("/login/").content.decode()
    for login in LOGINS.values():
        assert f'value="{login}"' not in door
        assert client.post("/login/demo", {"username": login}).status_code == 404


@pytest.mark.parametrize("role", LOGINS)
def test_whatever_a_first_page_and_the_map_lead_to_opens(story, role):
    """Navigation, tabs, shortcuts, panels, the map of the product: no link that says 403."""
    client = client_of(LOGINS[role])
    links = set(re.findall(r'href="(/[^"#]*)"', page(role) + page(role, "/product/")))
    links = {each.replace("&amp;", "&") for each in links if not each.startswith(("/static/", "/help/"))}
    # the guides have their own tests (tests/help): every page that is named there exists
    assert len(links) > 3
    wrong = {each: client.get(each).status_code for each in sorted(links)}
    assert {each: code for each, code in wrong.items() if code != 200} == {}


@pytest.mark.parametrize("role", LOGINS)
def test_each_panel_is_a_fragment_of_its_own_reader_only(story, role):
    client = client_of(LOGINS[role])
    for name in firsts.FIRSTS[role].panels:
        answer = client.get(f"/desk/parts/{name}")
        assert answer.status_code == 200
        assert f'id="first-{name}"' in answer.content.decode()
    for name in {"sessions", "stock", "rights"} - set(firsts.FIRSTS[role].panels):
        assert client.get(f"/desk/parts/{name}").status_code == 404


def test_a_keeper_sees_what_is_short_first_against_tasks_and_plans(story):
    item = StockItem.objects.filter(depot__keeper_post__in=story.by("depot").posts, item="sandbag").get()
    assert "缺 " not in page("depot_keeper")
    StockItem.objects.filter(pk=item.pk).update(count=500)
    shown = page("depot_keeper", "/desk/parts/stock")
    assert "缺 1500" in shown
    assert "预案一次要 2000" in shown
    assert shown.index(item.name) == min(shown.index(each.name) for each in item.depot.stock.all())


def test_a_safety_officer_sees_what_his_enterprise_owes_and_no_other(story):
    from fengsui.core import clocks
    from fengsui.core.worlds import LIVE
    from fengsui.kernel.actor import Actor

    own, other = (Account.objects.get(username=name).person for name in ("safety", "street"))
    for person, label in ((own, "本企业的回报"), (other, "别家的回报")):
        post = person.holdings.get().post
        clocks.start(
            "command.progress", about=person, by=Actor(world=LIVE, system="test"), now=timezone.now(), label=label,
            owner_post=post.pk,
        )  # fmt: skip
    shown = page("safety_officer", "/desk/parts/owed")
    assert "本企业的回报" in shown
    assert "别家的回报" not in shown


def test_a_security_administrator_sees_what_waits_for_him_and_who_is_locked(story):
    Account.objects.filter(username="team2").update(locked_until=timezone.now() + timedelta(minutes=9))
    assert "team2" in page("security_admin", "/desk/parts/accounts")
    page("duty_officer")  # somebody uses the platform
    assert ">duty" in page("security_admin", "/desk/parts/sessions")
    assert "等你批" in page("security_admin", "/desk/parts/asked") or "要另一名安全管理员批" in page(
        "security_admin", "/desk/parts/asked"
    )


def test_an_auditor_sees_a_chain_that_was_not_sealed_and_loops_that_stay_open(story):
    from fengsui.core.audit_check import make_checkpoint
    from fengsui.core.models import Clock

    assert "还没有封存过" in page("auditor", "/desk/parts/chain")
    make_checkpoint(timezone.now() - timedelta(days=2))
    assert "过了一天没有封存" in page("auditor", "/desk/parts/chain")
    Clock.objects.all_worlds("one of the story's").filter(pk=story.ids["clock_id"]).update(
        due_at=timezone.now() - timedelta(hours=3)
    )
    assert str(story.ids["clock_id"]) in page("auditor", "/desk/parts/late")


def test_a_domain_without_a_page_that_somebody_may_open_is_not_shown(story):
    whole = page("duty_officer", "/product/")
    for term in domains.DOMAINS.values():
        assert term.zh in whole
    narrow = page("public", "/product/")
    assert "指挥救援" in narrow
    assert "监督管理" not in narrow
    assert "决策支持" not in narrow


def test_every_register_stands_under_a_domain(story):
    from fengsui.core.ledger.register import registers

    shown = page("duty_officer", "/product/")
    for code in registers():
        assert f'href="/registers/{code}/"' in shown
