"""Which registers there are; one register as a list, a map, a file, JSON."""

from __future__ import annotations

from itertools import islice
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from fengsui.core import policy
from fengsui.core.ledger import bulk, cards, check, export, listing, saved
from fengsui.core.ledger.listing import Wanted
from fengsui.core.ledger.register import Register, seen_by
from fengsui.core.ledger.views.grid import bar, lines
from fengsui.core.ledger.views.shared import actor_of, download, opened, shell
from fengsui.core.models import LedgerState
from fengsui.kernel.errors import NotFound

API_PAGE = 1000
ON_PAPER = 3_000


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
    later = page.paginator.count > listing.FACETS_LATER or listing.is_large(register)
    context = {
        "wanted": wanted, "columns": columns, "page": page, "rows": lines(register, page.object_list, columns),
        "query": wanted.query(), "illustrative": register.made_up(by).exists(),
        "tabs": saved.tabs(register, by, wanted), "may_share": saved.may_share_with_all(by, register),
        "facets": [] if later else listing.facets(register, by, wanted),
        "later": later, "bulk_columns": bulk.columns_of(register),
        "rest": [column for column in register.columns if column not in columns], **bar(register, by),
    }  # fmt: skip
    return render(request, "ledger/list.html", shell(by, register, **context))


@require_GET
def facets(request: HttpRequest, name: str) -> HttpResponse:
    """The filters with their counts alone: a long register shows its rows first."""
    register, by = opened(request, name)
    wanted = saved.opened(register, by, request.GET)
    context = {
        "facets": listing.facets(register, by, wanted),
        "wanted": wanted,
        "later": False,
        "query": wanted.query(),
    }
    return render(request, "ledger/_facets_part.html", shell(by, register, **context))


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
        "filters": [] if keys else _filters(register, wanted),
        "illustrative": any(card.illustrative for card in made),
    }  # fmt: skip
    return render(request, "ledger/cards.html", shell(by, register, **context))


def _filters(register: Register, wanted: Wanted) -> list[tuple[str, list[str]]]:
    """What a list is filtered by, in words, for its paper."""
    return [
        (str(register.by_code[code].label), [listing.word_of(register, code, value) for value in values])
        for code, values in wanted.filters.items()
    ]


@require_GET
def paper(request: HttpRequest, name: str) -> HttpResponse:
    """The list for a printer: all its rows up to ON_PAPER, headings on every sheet, filters and time at the top."""
    register, by = opened(request, name)
    wanted = saved.opened(register, by, request.GET, first=False)
    columns = listing.shown_columns(register, wanted)
    rows = listing.rows_of(register, by, wanted)
    listed = list(listing.plain_rows(register, listing.ordered(register, rows, wanted)[:ON_PAPER], columns))
    orders = [(register.by_code[each.removeprefix("-")].label, each.startswith("-")) for each in wanted.orders]
    context = {
        "wanted": wanted, "columns": columns, "rows": listed, "count": rows.count(),
        "filters": _filters(register, wanted),
        "orders": orders, "at": timezone.now(), "large": request.GET.get("size") == "a3", "query": wanted.query(),
        "illustrative": register.made_up(by).exists(),
    }  # fmt: skip
    return render(request, "ledger/paper.html", shell(by, register, **context))


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


def _asked(request: HttpRequest, name: str) -> tuple[Any, Any, list[Any]]:
    register, by = opened(request, name)
    wanted = saved.opened(register, by, request.GET, first=False)
    rows = listing.ordered(register, listing.rows_of(register, by, wanted), wanted)
    columns = list(register.columns) if request.GET.get("whole") == "1" else listing.shown_columns(register, wanted)
    return register, rows, export.exported(register, columns)


@require_GET
def as_csv(request: HttpRequest, name: str) -> StreamingHttpResponse:
    register, rows, columns = _asked(request, name)
    lines = export.csv_lines(register, rows, columns, timezone.now())
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


@require_GET
def as_xlsx(request: HttpRequest, name: str) -> HttpResponse:
    register, rows, columns = _asked(request, name)
    return download(export.xlsx(register, rows, columns, timezone.now()), f"{name}.xlsx")


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
