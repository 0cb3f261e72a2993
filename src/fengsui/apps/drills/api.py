"""Exercises for programs: which there are, and the key that X-Fengsui-World takes. They are directed on the pages."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext_noop as _
from ninja import Router

from fengsui.apps.drills import queries
from fengsui.core.api.bearer import by_of
from fengsui.core.api.operation import reads
from fengsui.core.api.paging import Cursor, Limit, page_of
from fengsui.core.api.scopes import scope
from fengsui.core.api.shapes import Moment, Out, Page

router = Router()
READ = scope("exercises:read", _("看演练"))


class ExerciseOut(Out):
    id: UUID
    name: str
    status: str
    world: UUID | None
    planned_at: Moment


@reads(router, "/exercises", scope=READ, summary=_("演练列表"), response=Page[ExerciseOut], page="drills:exercise-list")
def exercises(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Page[ExerciseOut]:
    """`world` of a running one goes into X-Fengsui-World once its holder has entered it."""
    order = ("-planned_at", "id")
    found, after = page_of(queries.visible_to(by_of(request)).order_by(*order), order, cursor=cursor, limit=limit)
    items = [
        ExerciseOut(id=row.pk, name=row.name, status=row.status, world=row.inside_id, planned_at=row.planned_at)
        for row in found
    ]
    return Page[ExerciseOut](items=items, next_cursor=after)
