"""Organisations, posts and persons in the holder's scope, for programs. Telephone numbers are masked, as on pages."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext_noop as _
from ninja import Router

from fengsui.apps.people import queries
from fengsui.apps.people.rules import mask_phone
from fengsui.core import policy
from fengsui.core.api.bearer import by_of
from fengsui.core.api.operation import reads
from fengsui.core.api.paging import Cursor, Found, Limit, page_of
from fengsui.core.api.scopes import scope
from fengsui.core.api.shapes import Out, Page

router = Router()
READ = scope("people:read", _("看组织、岗位、人员（号码遮盖）"))


class OrganisationOut(Out):
    code: str
    name: str
    kind: str
    path: str
    jurisdiction: str
    area_code: str


class PostOut(Out):
    id: UUID
    code: str
    title: str
    role: str
    org: str
    holders: list[str]


class PersonOut(Out):
    id: UUID
    name: str
    org: str
    phone: str


@reads(
    router, "/organisations", scope=READ, summary=_("组织列表"), response=Page[OrganisationOut],
    page="people:organisation-list",
)  # fmt: skip
def organisations(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Page[OrganisationOut]:
    policy.require(by_of(request), "people.see")
    order = ("path", "code")
    found, after = page_of(queries.visible_to(by_of(request)).order_by(*order), order, cursor=cursor, limit=limit)
    return Page[OrganisationOut](items=[OrganisationOut.model_validate(row) for row in found], next_cursor=after)


@reads(router, "/posts", scope=READ, summary=_("岗位列表"), response=Page[PostOut], page="people:post-list")
def posts(request: HttpRequest, q: Found = "", cursor: Cursor = None, limit: Limit = 50) -> Page[PostOut]:
    """With who holds each now."""
    policy.require(by_of(request), "people.see")
    rows = queries.posts_visible_to(by_of(request)).filter(retired_at__isnull=True)
    if q.strip():
        rows = rows.filter(Q(title__icontains=q.strip()) | Q(code__icontains=q.strip()))
    found, after = page_of(rows.order_by("code", "id"), ("code", "id"), cursor=cursor, limit=limit)
    held = queries.holders(row.pk for row in found)
    items = [
        PostOut(
            id=row.pk, code=row.code, title=row.title, role=row.role, org=row.org.name,
            holders=[each.name for each in held.get(row.pk, [])],
        )
        for row in found
    ]  # fmt: skip
    return Page[PostOut](items=items, next_cursor=after)


@reads(router, "/persons", scope=READ, summary=_("人员列表"), response=Page[PersonOut], page="people:person-list")
def persons(request: HttpRequest, q: Found = "", cursor: Cursor = None, limit: Limit = 50) -> Page[PersonOut]:
    """A whole number is shown to a person with a reason, on the page, never to a program."""
    policy.require(by_of(request), "people.see")
    rows = queries.persons_visible_to(by_of(request)).filter(retired_at__isnull=True)
    if q.strip():
        rows = rows.filter(name__icontains=q.strip())
    found, after = page_of(rows.order_by("name", "id"), ("name", "id"), cursor=cursor, limit=limit)
    items = [
        PersonOut(id=row.pk, name=row.name, org=row.org.name, phone=mask_phone(row.phone) if row.phone else "")
        for row in found
    ]
    return Page[PersonOut](items=items, next_cursor=after)
