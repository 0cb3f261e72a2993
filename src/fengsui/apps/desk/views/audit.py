"""The record as auditors read it: search, one subject's chain with its proof, one correlation from first to last."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from fengsui.apps.desk import clocks, queries, telling, trail
from fengsui.apps.desk.page import shell
from fengsui.apps.people import queries as people
from fengsui.apps.people.edge import actor_of
from fengsui.apps.people.models import Person
from fengsui.core import policy
from fengsui.core.models import AuditCheckpoint, AuditHead, AuditRow, Clock, StoredEvent
from fengsui.core.record_text import digest, row_body
from fengsui.core.ui.moments import asked_moment
from fengsui.core.ui.paging import Counted
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import Invalid, NotFound

PAGE = 50
EXPORT_LIMIT = 100_000


@dataclass(frozen=True, slots=True)
class Wanted:
    person: str
    subject: str
    verb: str
    since: datetime | None
    until: datetime | None
    correlation: UUID | None

    @classmethod
    def of(cls, asked: QueryDict) -> Wanted:
        """Raises Invalid("desk.audit.bad_filter", field=…)."""
        chain = asked.get("correlation", "").strip()
        try:
            correlation = UUID(chain) if chain else None
        except ValueError:
            raise Invalid("desk.audit.bad_filter", field="correlation") from None
        return cls(
            asked.get("person", "").strip()[:60],
            asked.get("subject", "").strip()[:130],
            asked.get("verb", "").strip()[:80],
            asked_moment(asked, "since", _("自")),
            asked_moment(asked, "until", _("至")),
            correlation,
        )


def _rows(by: Actor, wanted: Wanted) -> QuerySet[AuditRow]:
    rows = AuditRow.objects.filter(world_id=by.world)
    if wanted.person:
        rows = rows.filter(person_id__in=Person.objects.filter(name__icontains=wanted.person).values("pk"))
    if wanted.subject:
        rows = rows.filter(subject__startswith=wanted.subject)
    if wanted.verb:
        rows = rows.filter(verb__icontains=wanted.verb)
    if wanted.since:
        rows = rows.filter(at__gte=wanted.since)
    if wanted.until:
        rows = rows.filter(at__lt=wanted.until)
    if wanted.correlation:
        rows = rows.filter(correlation=wanted.correlation)
    return rows.order_by("-id")


@dataclass(frozen=True, slots=True)
class Shown:
    """One audit row for a page. `intact` is None where the hash was not recomputed."""

    row: AuditRow
    who: str
    reason: str
    source: str
    changes: tuple[tuple[str, str, str], ...]
    intact: bool | None
    fault: str
    text: str
    about: str


def _shown(rows: Iterable[AuditRow]) -> list[Shown]:
    listed = list(rows)
    names = people.people_names({row.person_id for row in listed if row.person_id})
    return [_one(row, names, None, "") for row in listed]


def _one(row: AuditRow, names: dict[UUID, str], intact: bool | None, fault: str) -> Shown:
    facts = json.loads(row.facts)
    before, after = facts.get("before") or {}, facts.get("after") or {}
    keys = sorted(key for key in {*before, *after} if before.get(key) != after.get(key))

    def said_of(key: str, facts: dict[str, Any]) -> str:
        return _short(trail.value_word(row.subject, key, facts.get(key)))

    changes = tuple((trail.field_word(row.subject, key), said_of(key, before), said_of(key, after)) for key in keys)
    who = names.get(row.person_id, str(row.person_id)) if row.person_id else _("系统")
    said = telling.say(StoredEvent(name=row.verb, payload=facts.get("payload") or {}))
    return Shown(
        row,
        who,
        facts.get("reason", ""),
        facts.get("source", "") or row.system,
        changes,
        intact,
        fault,
        "" if said == row.verb else said,
        trail.kind_word(row.subject),
    )


def _short(text: str) -> str:
    return text if len(text) <= 120 else text[:119] + "…"


@require_GET
def search(request: HttpRequest) -> HttpResponse:
    by = actor_of(request)
    policy.require(by, "core.audit")
    wanted = Wanted.of(request.GET)
    asked = request.GET.get("page")
    page = Counted(_rows(by, wanted), PAGE, asked).get_page(asked)
    kept = request.GET.copy()
    kept.pop("page", None)
    context = {
        "page": page,
        "rows": _shown(page.object_list),
        "wanted": wanted,
        "asked": request.GET,
        "query": kept.urlencode(),
        "chains": AuditHead.objects.count(),
        "sealed": AuditCheckpoint.objects.order_by("-pk").first(),
    }
    return render(request, "desk/audit.html", shell(request, **context))


class _Echo:
    def write(self, text: str) -> str:
        return text


@require_GET
def export(request: HttpRequest) -> StreamingHttpResponse:
    by = actor_of(request)
    policy.require(by, "core.audit")
    rows = _rows(by, Wanted.of(request.GET))[:EXPORT_LIMIT]
    out = csv.writer(_Echo())

    def lines() -> Iterable[str]:
        yield "\ufeff"
        yield out.writerow(["at", "subject", "n", "verb", "person", "system", "correlation", "facts", "hash"])
        for row in rows.iterator(chunk_size=2000):
            yield out.writerow(
                [
                    row.at.isoformat(),
                    row.subject,
                    row.n,
                    row.verb,
                    row.person_id or "",
                    row.system,
                    row.correlation,
                    row.facts,
                    row.hash,
                ]
            )

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="audit.csv"'
    return response


def _proved(rows: list[AuditRow], names: dict[UUID, str]) -> list[Shown]:
    """Each row with its hash recomputed and its place in the chain checked."""
    found, n, prev = [], 0, ""
    for row in rows:
        body = row_body(
            row.n, row.subject, row.at, row.verb, row.person_id, row.system, row.world_id, row.correlation, row.facts
        )
        fault = ""
        if row.n != n + 1:
            fault = _("缺第 %(first)d 至 %(last)d 条") % {"first": n + 1, "last": row.n - 1}
        elif row.prev_hash != prev:
            fault = _("与前一条不相接")
        elif digest(row.algorithm, row.prev_hash, body) != row.hash:
            fault = _("内容与校验值不符")
        found.append(_one(row, names, not fault, fault))
        n, prev = row.n, row.hash
    return found


@require_GET
def subject(request: HttpRequest, subject: str) -> HttpResponse:
    by = actor_of(request)
    policy.require(by, "core.audit")
    rows = list(AuditRow.objects.filter(subject=subject, world_id=by.world).order_by("n")[:5000])
    head = AuditHead.objects.filter(pk=subject).first()
    if not rows:
        raise NotFound("desk.audit.no_subject")
    shown = _proved(rows, people.people_names({row.person_id for row in rows if row.person_id}))
    tail = bool(head) and head.n == rows[-1].n and head.hash == rows[-1].hash  # type: ignore[union-attr]  # bool(head) stands before
    context = {
        "subject": subject,
        "about": trail.kind_word(subject),
        "rows": shown,
        "whole": tail and all(row.intact for row in shown),
        "tail": tail,
        "head": head,
    }
    return render(request, "desk/subject.html", shell(request, **context))


@require_GET
def chain(request: HttpRequest, correlation: UUID) -> HttpResponse:
    """From the first reading to the last: events in words, and every clock with how long it took."""
    by = actor_of(request)
    policy.require(by, "desk.chain")
    events = list(StoredEvent.objects.filter(correlation=correlation, world_id=by.world).order_by("id")[:5000])
    if not events:
        raise NotFound("desk.chain.not_found")
    worded = events if request.GET.get("all") == "1" else [each for each in events if telling.has_words(each.name)]
    told = telling.told(worded)
    found = Clock.objects.in_world(by.world).filter(correlation=correlation).order_by("started_at", "id")
    rows = queries.relabelled(clocks.present(found), by.world)
    context = {
        "told": told,
        "count": len(events),
        "rows": rows,
        "correlation": correlation,
        "first": events[0].at,
        "last": events[-1].at,
        "may_audit": policy.can(by, "core.audit"),
    }
    return render(request, "desk/chain.html", shell(request, **context))
