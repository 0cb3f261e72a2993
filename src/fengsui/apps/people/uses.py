"""What still needs an organisation, a post or a person."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Model
from django.utils import timezone
from django.utils.translation import gettext as _

from fengsui.apps.people.models import Account, Assignment, Holding, Organisation, Person, Post
from fengsui.core.ledger.uses import uses


@uses("people.organisation")
def of_organisation(row: Model) -> Iterable[str]:
    below = Organisation.objects.filter(parent_id=row.pk, retired_at__isnull=True).order_by("code")
    posts = Post.objects.filter(org_id=row.pk, retired_at__isnull=True).order_by("code")
    persons = Person.objects.filter(org_id=row.pk, retired_at__isnull=True).order_by("name")
    return [
        *(_("下级单位 %(name)s") % {"name": name} for name in below.values_list("name", flat=True)),
        *(_("岗位 %(name)s") % {"name": title} for title in posts.values_list("title", flat=True)),
        *(_("人员 %(name)s") % {"name": name} for name in persons.values_list("name", flat=True)),
    ]


@uses("people.post")
def of_post(row: Model) -> Iterable[str]:
    held = Holding.objects.not_over(timezone.now()).filter(post_id=row.pk)
    asked = Assignment.objects.filter(post_id=row.pk, status="asked")
    return [
        *(_("%(name)s 在任") % {"name": name} for name in held.values_list("person__name", flat=True)),
        *(_("%(name)s 的任职待批准") % {"name": name} for name in asked.values_list("person__name", flat=True)),
    ]


@uses("people.person")
def of_person(row: Model) -> Iterable[str]:
    held = Holding.objects.not_over(timezone.now()).filter(person_id=row.pk)
    accounts = Account.objects.filter(person_id=row.pk, is_active=True)
    return [
        *(_("任岗位 %(name)s") % {"name": title} for title in held.values_list("post__title", flat=True)),
        *(_("账号 %(name)s 还能登录") % {"name": name} for name in accounts.values_list("username", flat=True)),
    ]
