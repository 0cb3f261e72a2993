"""指标: over a period or of one incident, each figure down to the records it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from fengsui.apps.incidents.models import Incident
from fengsui.apps.incidents.page import shell, word
from fengsui.apps.incidents.rules import page as room
from fengsui.apps.people.edge import actor_of
from fengsui.apps.reviews import measure, page, queries
from fengsui.apps.reviews.telling import page_of, say
from fengsui.catalog.hazards import hazards
from fengsui.catalog.indicators import Indicator, Item, indicators
from fengsui.core import policy
from fengsui.core.ledger import files
from fengsui.core.models import StoredEvent
from fengsui.core.ui.moments import asked_day
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import NotFound

PAGE = 50
DAYS = 90
LONGEST = timedelta(days=3660)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The period by whole days of the district's time, both included; one too long falls back to 90 days.

    Raises Invalid("core.moment.…", field=…).
    """

    since: datetime
    until: datetime
    hazard: str

    @classmethod
    def of(cls, asked: QueryDict) -> Wanted:
        today = timezone.localdate()
        first, last = asked_day(asked, "since", _("从")), asked_day(asked, "until", _("到"))
        last = last or today
        first = first or last - timedelta(days=DAYS)
        if first > last or last - first > LONGEST:
            first = last - timedelta(days=DAYS)
        hazard = asked.get("hazard", "")
        return cls(
            timezone.make_aware(datetime.combine(first, time.min)),
            timezone.make_aware(datetime.combine(last + timedelta(days=1), time.min)),
            hazard if hazard in hazards() else "",
        )

    @property
    def last(self) -> datetime:
        return self.until - timedelta(days=1)

    @property
    def query(self) -> str:
        found = QueryDict(mutable=True)
        found["since"] = f"{timezone.localtime(self.since):%Y-%m-%d}"
        found["until"] = f"{timezone.localtime(self.last):%Y-%m-%d}"
        if self.hazard:
            found["hazard"] = self.hazard
        return found.urlencode()


@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    by = actor_of(request)
    policy.require(by, "reviews.measure")
    wanted = Wanted.of(request.GET)
    context = shell(
        request,
        measured=measure.of_period(by.world, wanted.since, wanted.until, wanted.hazard),
        wanted=wanted,
        hazards=[(code, word({code: each.term}, code)) for code, each in hazards().items()],
        t=term,
    )
    return render(request, "reviews/indicators.html", context)


def term(found: Any) -> str:
    """A single term in the language of the page."""
    return word({found.code: found}, found.code)


@dataclass(frozen=True, slots=True)
class Shown:
    """One item with its records and the incident of its story."""

    item: Item
    incident: Incident | None
    records: list[tuple[StoredEvent, str, str]]


def _measured(request: HttpRequest, code: str) -> tuple[Indicator, measure.Figure, Incident | None, Wanted]:
    """One indicator, of the incident in the address or of the period. Raises NotFound, Forbidden."""
    by = actor_of(request)
    if code not in indicators():
        raise NotFound("indicator.unknown")
    entry, wanted = indicators()[code], Wanted.of(request.GET)
    if asked := request.GET.get("incident", ""):
        incident = _incident(asked, by)
        return entry, measure.of_incident(incident, [entry])[0], incident, wanted
    policy.require(by, "reviews.measure")
    return (
        entry,
        measure.of_period(by.world, wanted.since, wanted.until, wanted.hazard, [entry]).figures[0],
        None,
        wanted,
    )


def _incident(asked: str, by: Actor) -> Incident:
    policy.require(by, "reviews.view")
    try:
        return queries.incident_for(UUID(asked), by)
    except ValueError:
        raise NotFound("incidents.not_found") from None


@require_GET
def show(request: HttpRequest, indicator: str) -> HttpResponse:
    """The items of one figure, each with its records: as many as the figure says."""
    by = actor_of(request)
    entry, figure, incident, wanted = _measured(request, indicator)
    part = request.GET.get("part", "")
    items = [each for each in figure.result.items if _in_part(each, part)]
    listed = Paginator(items, PAGE).get_page(request.GET.get("page"))
    events = measure.events_of(by.world, {number for each in listed.object_list for number in each.records})
    stories = measure.incidents_of(by.world, {each.story for each in listed.object_list})
    kept = request.GET.copy()
    kept.pop("page", None)
    context = shell(
        request,
        entry=entry,
        figure=figure,
        incident=incident,
        wanted=wanted,
        part=part,
        page=listed,
        shown=[
            Shown(
                each,
                stories.get(each.story),
                [(events[n], say(events[n]), _page(events[n], stories.get(each.story))) for n in each.records],
            )
            for each in listed.object_list
        ],
        query=kept.urlencode(),
        kept=_without(request.GET, "part", "page"),
        left_out=sum(each.value is None for each in figure.result.items),
        may_audit=policy.can(by, "core.audit"),
        t=term,
    )
    return render(request, "reviews/indicator.html", context)


def _page(event: StoredEvent, incident: Incident | None) -> str:
    return page_of(event, room(incident.pk) if incident else "")


def _in_part(item: Item, part: str) -> bool:
    if part == "met":
        return item.value is not None and item.value > 0
    if part == "counted":
        return item.value is not None
    if part == "left_out":
        return item.value is None
    return True


def _without(asked: QueryDict, *names: str) -> str:
    kept = asked.copy()
    for name in names:
        kept.pop(name, None)
    return kept.urlencode()


@require_GET
def export(request: HttpRequest, indicator: str) -> HttpResponse:
    """One figure as a workbook: its definition, and every item with the numbers of its records."""
    by = actor_of(request)
    entry, figure, incident, wanted = _measured(request, indicator)
    stories = measure.incidents_of(by.world, {each.story for each in figure.result.items})
    unit = term(entry.unit)
    heads = [_("开始"), _("事件"), _("标题"), _("链号"), _("值"), _("单位"), _("不计的原因"), _("记录编号")]
    rows = []
    for each in figure.result.items:
        found = stories.get(each.story)
        why = term(entry.left_out[each.why]) if each.why else ""
        shown = "" if each.value is None else each.value
        numbers = " ".join(str(number) for number in each.records)
        rows.append(
            [
                each.at,
                found.number if found else "",
                found.title if found else "",
                each.story,
                shown,
                unit,
                why,
                numbers,
            ]
        )
    scope = f"{timezone.localtime(wanted.since):%Y-%m-%d} – {timezone.localtime(wanted.last):%Y-%m-%d}"
    about: list[list[Any]] = [
        [_("指标"), term(entry.term)],
        [_("值"), "" if figure.result.value is None else round(figure.result.value, 2)],
        [_("单位"), unit],
        [_("算法"), term(entry.formula)],
        [_("分子"), f"{term(entry.numerator)}：{figure.result.numerator}"],
        [_("分母"), f"{term(entry.denominator)}：{figure.result.denominator}"],
        [_("依据"), f"{entry.term.source}（{entry.term.basis}）{entry.term.note}"],
        [_("范围"), incident.number if incident else scope],
    ]  # fmt: skip
    pages: list[files.Page] = [(_("明细"), heads, rows), (_("定义"), [_("项"), _("内容")], about)]
    body = page.workbook(pages, request, timezone.now(), illustrative=True)
    return page.file(body, f"indicator-{entry.code}.xlsx")
