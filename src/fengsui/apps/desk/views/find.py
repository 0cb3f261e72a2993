"""Find anything: a page without scripts, the same as fragments for the command palette."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from fengsui.apps.desk import clocks, domains, offers, queries
from fengsui.apps.desk.page import shell
from fengsui.apps.people.edge import actor_of
from fengsui.apps.people.models import Person
from fengsui.core import policy
from fengsui.core.find import asking, spelling
from fengsui.core.ledger.register import seen_by
from fengsui.kernel.actor import Actor

LIMIT, IN_PALETTE = 20, 6


@dataclass(frozen=True, slots=True)
class Shown:
    """One line of an answer."""

    title: str
    detail: str
    url: str
    person: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of an answer."""

    code: str
    name: str
    rows: list[Shown]
    more: int = 0


def _answering(asked: list[spelling.Term], lines: Iterable[tuple[str, str, Shown]], limit: int) -> list[Shown]:
    """Those lines whose words answer, best first: (words, words in the other language, line)."""
    scored = [
        (spelling.score(asked, spelling.written(words, other)), n, shown)
        for n, (words, other, shown) in enumerate(lines)
    ]
    return [shown for points, _n, shown in sorted(scored, key=lambda each: (-each[0], each[1])) if points][:limit]


def _pages(by: Actor) -> list[tuple[str, str, Shown]]:
    """Pages and registers that he may open, by their words in both languages."""
    lines = [(line.label, line.about, line.url) for _page, line in domains.lines(by, counted=False)]
    lines += [(str(each.name), str(each.about), f"/registers/{each.code}/") for each in seen_by(by)]
    with override("en" if not (get_language() or "").startswith("en") else "zh-hans"):
        other = [line.label for _page, line in domains.lines(by, counted=False)]
        other += [str(each.name) for each in seen_by(by)]
    return [(label, there, Shown(label, about, url)) for (label, about, url), there in zip(lines, other, strict=True)]


def _acts(by: Actor) -> list[tuple[str, str, Shown]]:
    """What waits for him and what he may begin, by its words in both languages."""
    here = [*offers.waiting(by), *offers.starts(by), *offers.rows(by)]
    with override("en" if not (get_language() or "").startswith("en") else "zh-hans"):
        there = {each.url: each.label for each in [*offers.starts(by), *offers.rows(by)]}
    return [(each.label, there.get(each.url, ""), Shown(each.label, each.note, each.url)) for each in here]


def _clocks(by: Actor, asked: str, limit: int) -> list[Shown]:
    rows = clocks.open_rows(by).filter(label__icontains=asked).order_by("due_at", "id")[:limit]
    found = queries.relabelled(clocks.present(rows), by.world)
    return [Shown(f"{row.verb}　{row.label}", row.owner_text, row.page) for row in found]


def _phones(by: Actor, parts: list[Part]) -> list[Part]:
    """Persons with their masked numbers, where he may have one shown."""
    keys = [row.person for part in parts for row in part.rows if row.person]
    held = {str(row.pk): row for row in Person.objects.filter(pk__in=keys)} if keys else {}
    if not held or not policy.can(by, "people.reveal", next(iter(held.values()))):
        return parts
    return [
        Part(
            part.code,
            part.name,
            [Shown(row.title, row.detail, row.url, row.person, held[row.person].phone) for row in part.rows],
            part.more,
        )
        if part.code == "person"
        else part
        for part in parts
    ]


def answer(by: Actor, question: str, limit: int) -> tuple[list[Part], asking.Found]:
    """Everything that answers, by kind: what to do, pages, clocks, then things, the best kind first."""
    asked = spelling.terms(question)
    found = asking.search(by, question, limit=limit)
    parts = [
        Part("act", _("现在能办"), _answering(asked, _acts(by), limit)),
        Part("page", _("页面"), _answering(asked, _pages(by), limit)),
        *(
            Part(
                group.code,
                str(group.name),
                [Shown(hit.title, hit.detail, hit.url, hit.key if hit.kind == "person" else "") for hit in group.hits],
                group.more,
            )
            for group in found.groups
        ),
        Part("clock", _("时限"), _clocks(by, question, limit)),
    ]
    return [part for part in parts if part.rows], found


def _at_rest(by: Actor) -> list[Part]:
    """Before anything is typed: what waits, what can be begun, where to go."""
    parts = [
        Part("act", _("现在能办"), [line for _a, _b, line in _acts(by)][:IN_PALETTE]),
        Part("page", _("页面"), [line for _a, _b, line in _pages(by)][:IN_PALETTE]),
    ]
    return [part for part in parts if part.rows]


@require_GET
def show(request: HttpRequest) -> HttpResponse:
    """The page; with part=1 the options of the palette's list alone."""
    by, q = actor_of(request), request.GET.get("q", "").strip()[:80]
    palette = request.GET.get("part") == "1"
    context: dict[str, Any] = {"q": q, "parts": [], "found": None}
    if q:
        context["parts"], context["found"] = answer(by, q, IN_PALETTE if palette else LIMIT)
    elif palette:
        context["parts"] = _at_rest(by)
    if palette:
        return render(request, "desk/_found_part.html", context)
    context["parts"] = _phones(by, context["parts"])
    return render(request, "desk/find.html", shell(request, **context))
