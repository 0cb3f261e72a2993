"""Two streets under one government, with posts, holders and accounts."""

from __future__ import annotations

from datetime import UTC, datetime

from fengsui.apps.people import queries
from fengsui.apps.people.models import Account, Holding, Organisation, Person, Post
from fengsui.core.worlds import LIVE

NOW = datetime(2026, 7, 28, 18, 31, tzinfo=UTC)
PASSWORD = "烽火连三月-2026"


def make_org(code, kind="department", parent=None, **over):
    path = f"{parent.path}/{code}" if parent else code
    return Organisation.objects.create(code=code, name=over.pop("name", code), kind=kind, parent=parent, path=path)


def make_person(name, org, **over):
    return Person.objects.create(**{"name": name, "org": org, "phone": "13812340000", **over})


def make_post(code, role, org, *persons, **over):
    post = Post.objects.create(**{"code": code, "title": code, "org": org, "role": role, **over})
    for person in persons:
        Holding.objects.create(post=post, person=person, since=NOW)
    return post


def make_account(username, person, password=PASSWORD, **over):
    account = Account(username=username, person=person, **over)
    account.set_password(password)
    account.save()
    return account


def make_streets():
    """government > (bureau, street-a > community-a, street-b, street-ab): one person with one post in each."""
    found = {"government": make_org("government", "government")}
    for code, kind, parent, role in (
        ("bureau", "bureau", "government", "duty_officer"),
        ("street-a", "subdistrict", "government", "street_officer"),
        ("community-a", "community", "street-a", "community_officer"),
        ("street-b", "subdistrict", "government", "street_officer"),
        ("street-ab", "subdistrict", "government", "street_officer"),
    ):
        org = found[code] = make_org(code, kind, found[parent])
        make_post(f"{code}-duty", role, org, make_person(f"{code}某", org))
    return found


def actor(org_code, world=LIVE, **over):
    """The holder of the duty post of an organisation of `make_streets`."""
    return queries.actor_for(Person.objects.get(org__code=org_code).pk, world, **over)
