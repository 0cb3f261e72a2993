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
from fengsui.core.ledger import check, export, listing
from fengsui.core.ledger.listing import Wanted
from fengsui.core.ledger.register import seen_by
from fengsui.core.ledger.views.shared import actor_of, download, opened, shell
from fengsui.core.models import LedgerState

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
    wanted = Wanted.of(register, request.GET)
    columns = listing.shown_columns(register, wanted)
    page = listing.page_of(register, by, wanted)
    rows = list(listing.plain_rows(register, page.object_list, columns))
    invented = register.made_up(by).exists()
    context = {
        "wanted": wanted, "columns": columns, "page": page, "rows": rows, "query": wanted.query(),
        "facets": listing.facets(register, by, wanted), "illustrative": invented,
    }  # fmt: skip
    return render(request, "ledger/list.html", shell(by, register, **context))


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
    wanted = Wanted.of(register, request.GET)
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
