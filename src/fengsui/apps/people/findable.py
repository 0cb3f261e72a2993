"""Persons by name and by the posts they hold; posts by title and by who holds them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from fengsui.apps.people import queries
from fengsui.apps.people.models import Holding, Person, Post
from fengsui.core import policy
from fengsui.core.find import Findable, Said, add
from fengsui.kernel.actor import Actor


def _view(by: Actor) -> bool:
    return policy.can(by, "people.see")


def _persons(rows: QuerySet[Any]) -> Iterable[Said]:
    posts: dict[Any, list[str]] = defaultdict(list)
    held = Holding.objects.now().filter(person__in=rows.values("pk")).order_by("post__call_order", "post__code")
    for person, title in held.values_list("person_id", "post__title"):
        posts[person].append(title)
    for key, name, number, org in rows.values_list("pk", "name", "staff_no", "org__name"):
        detail = "　".join([org, *posts[key][:2]])
        url = reverse("people:person-show", args=[key])
        yield Said(str(key), name, code=number, more=tuple(posts[key]), detail=detail, detail_en=detail, url=url)


def _posts(rows: QuerySet[Any]) -> Iterable[Said]:
    names: dict[Any, list[str]] = defaultdict(list)
    held = Holding.objects.now().filter(post__in=rows.values("pk")).order_by("since", "id")
    for post, name in held.values_list("post_id", "person__name"):
        names[post].append(name)
    for key, title, code, org in rows.values_list("pk", "title", "code", "org__name"):
        detail = "　".join([org, "、".join(names[key][:3])])
        url = reverse("people:post-show", args=[key])
        yield Said(str(key), title, code=code, detail=detail, detail_en=detail, url=url)


add(
    Findable(
        "person",
        _("人员"),
        Person,
        queries.persons_visible_to,
        _view,
        _persons,
        lambda rows: rows.filter(retired_at__isnull=True),
        weight=6,
    )
)
add(
    Findable(
        "post",
        _("岗位"),
        Post,
        queries.posts_visible_to,
        _view,
        _posts,
        lambda rows: rows.filter(retired_at__isnull=True),
        weight=4,
    )
)
