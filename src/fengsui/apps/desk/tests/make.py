"""A bureau with a duty post, a street with an officer, an auditor; clocks owed by them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from fengsui.apps.people.models import Account, Holding, Organisation, Person, Post
from fengsui.apps.people.queries import actor_for
from fengsui.core import clocks
from fengsui.core.models import Clock, ClockRuleRow
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Actor
from fengsui.kernel.clock import ClockKind
from fengsui.kernel.terms import Term

KIND = "desk.test_act"
if KIND not in ClockKind.registered:
    ClockKind(KIND, Term(KIND, "办这件事", "do this"), default="继续催办", proof="凭据")


def make_org(code: str, kind: str = "bureau", parent: Organisation | None = None) -> Organisation:
    path = f"{parent.path}/{code}" if parent else code
    return Organisation.objects.create(code=code, name=f"{code}局", kind=kind, parent=parent, path=path)


def make_officer(code: str, role: str, org: Organisation) -> Account:
    """A person in a post of that role, with an account named like the post."""
    post = Post.objects.create(code=code, title=f"{code}岗", org=org, role=role)
    person = Person.objects.create(name=f"{code}某", org=org, phone="11100001234")
    Holding.objects.create(post=post, person=person, since=timezone.now() - timedelta(days=1))
    account = Account(username=code, person=person)
    account.set_unusable_password()
    account.save()
    return account


def client_of(account: Account) -> Client:
    client = Client()
    client.force_login(account)
    return client


def actor_of(account: Account) -> Actor:
    return actor_for(account.person_id, LIVE)


def post_of(account: Account) -> Post:
    return Post.objects.get(code=account.username)


def make_clock(owner: Account, **over: Any) -> Clock:
    """A clock of ten minutes owed by the owner's post; `ago_s` moves its start back."""
    ClockRuleRow.objects.get_or_create(
        kind=KIND,
        defaults={"limit_s": 600, "ladder": [{"after_s": 0, "to_role": "duty_leader", "say": ""}], "basis": "U"},
    )
    ago_s = over.pop("ago_s", 0)
    facts: dict[str, Any] = {
        "about": owner.person,
        "by": Actor(world=LIVE, system="test"),
        "now": timezone.now() - timedelta(seconds=ago_s),
        "label": "测试事由",
        "owner_post": post_of(owner).pk,
        **over,
    }
    return clocks.start(KIND, **facts)
