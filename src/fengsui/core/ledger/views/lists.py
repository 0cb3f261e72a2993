"""Which registers there are; one register as a list, a map, a file, JSON."""

from __future__ import annotations

from itertools import islice

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from fengsui.core import policy
from fengsui.core.ledger import bulk, cards, check, export, facets, listing, saved
from fengsui.core.ledger.register import seen_by
from fengsui.core.ledger.views.grid import bar, lines
from fengsui.core.ledger.views.listed import framed
from fengsui.core.ledger.views.shared import actor_of, download, opened, shell
from fengsui.core.ledger.wanted import Wanted
from fengsui.core.models import LedgerState
from fengsui.kernel.errors import NotFound

API_PAGE = 1000


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Every register this person may see, how many rows of it, and when it last changed: a query each, and one."""
    by = actor_of(request)
    states = {each.register: each for each in LedgerState.objects.filter(world_id=by.world)}
    listed = []
    for register in seen_by(by):
        rows = register.visible_to(by)
        count = (register.retire.in_use(rows) if register.retire else rows).count()
        may = policy.can(by, f"{register.verb}.import")
        listed.append({"register": register, "count": count, "state": states.get(register.code), "may_import": may})
    return render(
        request,
        "ledger/index.html",
        shell(by, None, *[f"ledger.{each.code}" for each in seen_by(by)], listed=listed),
    )


@require_GET
def show(request: HttpRequest, name: str) -> HttpResponse:
    register, by = opened(request, name)
    wanted = saved.opened(register, by, request.GET)
    columns = listing.shown_columns(register, wanted)
    page = listing.page_of(register, by, wanted)
    context = {
        **framed(register, by, wanted, columns, page), "rows": lines(register, page.object_list, columns),
        "illustrative": register.made_up(by).exists(), "bulk_columns": bulk.columns_of(register), **bar(register, by),
    }  # fmt: skip
    return render(request, "ledger/list.html", shell(by, register, **context))


@require_GET
def as_cards(request: HttpRequest, name: str) -> HttpResponse:
    """Cards to cut out, of the rows that were ticked or all that the list shows. Raises NotFound where it has none."""
    register, by = opened(request, name)
    if register.card is None:
        raise NotFound("core.ledger.no_cards", register=str(register.name))
    wanted, keys = saved.opened(register, by, request.GET, first=False), request.GET.getlist("rows")
    size = request.GET.get("size", "")
    size = size if size in cards.SHEETS else "a4"
    rows = cards.chosen(register, by, wanted, keys)
    made = cards.cards(register, rows, by, wanted)
    context = {
        "wanted": wanted, "sheets": cards.sheets(made, size), "size": size, "count": rows.count(), "shown": len(made),
        "picked": bool(keys), "at": timezone.now(), "query": wanted.query(), "address": cards.address(wanted, keys),
        "filters": [] if keys else list(facets.said(register, by, wanted)),
        "illustrative": any(card.illustrative for card in made),
    }  # fmt: skip
    return render(request, "ledger/cards.html", shell(by, register, **context))


@require_GET
def on_map(request: HttpRequest, name: str) -> HttpResponse:
    register, by = opened(request, name)
    wanted = Wanted.of(register, request.GET)
    address = f"{reverse('ledger:register-layer', args=[name])}?{wanted.query()}"
    layers = [{"id": "rows", "kind": "teams", "label": str(register.name), "url": address}]
    middle = check.centre() or (105.0, 35.0)
    count = listing.rows_of(register, by, wanted).count()
    context = {"wanted": wanted, "layers": layers, "centre": middle, "count": count, "limit": listing.ON_MAP}
    return render(request, "ledger/map.html", shell(by, register, **context))


@require_GET
def as_json(request: HttpRequest, name: str) -> JsonResponse:
    """The same rows, filters and rights as the list, with the schema of a row: what an API gives."""
    register, by = opened(request, name)
    wanted = Wanted.of(register, request.GET)
    columns = [register.by_code[code] for code in wanted.columns] or list(register.columns)
    page = listing.page_of(register, by, wanted)
    rows = list(islice(export.as_dicts(register, page.object_list, columns), API_PAGE))
    return JsonResponse(
        {
            "register": register.code,
            "schema": register.schema(),
            "total": page.paginator.count,
            "page": page.number,
            "pages": page.paginator.num_pages,
            "rows": rows,
        }
    )


@require_GET
def layer(request: HttpRequest, name: str) -> JsonResponse:
    register, by = opened(request, name)
    found = listing.features(
        register, by, Wanted.of(register, request.GET), lambda pk: reverse("ledger:row-show", args=[name, str(pk)])
    )
    return JsonResponse(found, content_type="application/geo+json")


@require_GET
def template(request: HttpRequest, name: str) -> HttpResponse:
    register, by = opened(request, name)
    policy.require(by, f"{register.verb}.import")
    return download(export.template(register), f"{name}-template.xlsx")
