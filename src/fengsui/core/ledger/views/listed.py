"""What every list has, be it a register or a list of what is under way: its frame, facets, files, paper, kept views."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Page
from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from fengsui.core.ledger import deeds, export, listing, saved
from fengsui.core.ledger import facets as counting
from fengsui.core.ledger.columns import Column
from fengsui.core.ledger.listed import Listed
from fengsui.core.ledger.views.shared import download, opened_list, shell
from fengsui.core.ledger.wanted import Wanted
from fengsui.core.ledger.worklist import Worklist
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Actor

ON_PAPER = 3_000


def framed(listed: Listed, by: Actor, wanted: Wanted, columns: Sequence[Column], page: Page[Any]) -> dict[str, Any]:
    """What stands around the rows of any list: views, facets, orders, columns."""
    large = counting.is_large(listed)
    later = large or page.paginator.count > counting.FACETS_LATER
    return {
        "listed": listed, "wanted": wanted, "columns": columns, "page": page, "query": wanted.query(),
        "given": saved.given(listed, by, wanted), "tabs": saved.tabs(listed, by, wanted),
        "may_share": listed.may_share(by), "later": later, "large": large,
        "facets": [] if later else counting.facets(listed, by, wanted),
        "rest": [column for column in listed.columns if column not in columns],
    }  # fmt: skip


def shown(request: HttpRequest, listed: Worklist, by: Actor) -> dict[str, Any]:
    """The context of a list's page, or of its rows alone where `part_of(request)` asks for them."""
    wanted = saved.opened(listed, by, request.GET)
    columns = listing.shown_columns(listed, wanted)
    page = listing.page_of(listed, by, wanted)
    rows = listed.lines(page, columns)
    offered = deeds.offered(listed, by)
    if not part_of(request):
        return {**framed(listed, by, wanted, columns, page), "lines": rows, "deeds": offered}
    return {
        "listed": listed, "wanted": wanted, "columns": columns, "page": page, "query": wanted.query(), "lines": rows,
        "deeds": offered,
    }  # fmt: skip


def part_of(request: HttpRequest) -> bool:
    """Whether an open page asks for its rows again, after news."""
    return bool(request.headers.get("HX-Request") and request.GET.get("part"))


@require_GET
def facets(request: HttpRequest, name: str) -> HttpResponse:
    """The filters with their counts alone: a long list shows its rows first."""
    listed, by = opened_list(request, name)
    wanted = saved.opened(listed, by, request.GET)
    context = {
        "listed": listed,
        "facets": counting.facets(listed, by, wanted),
        "later": False,
        "large": counting.is_large(listed),
        "query": wanted.query(),
    }
    return render(request, "ledger/_facets_part.html", shell(by, listed, **context))


@require_GET
def paper(request: HttpRequest, name: str) -> HttpResponse:
    """The list for a printer: all its rows up to ON_PAPER, headings on every sheet, filters and time at the top."""
    listed, by = opened_list(request, name)
    wanted = saved.opened(listed, by, request.GET, first=False)
    columns = listing.shown_columns(listed, wanted)
    rows = listing.rows_of(listed, by, wanted)
    found = list(listing.plain_rows(listed, listing.ordered(listed, rows, wanted)[:ON_PAPER], columns))
    orders = [(listed.by_code[each.removeprefix("-")].label, each.startswith("-")) for each in wanted.orders]
    context = {
        "listed": listed, "wanted": wanted, "columns": columns, "rows": found, "count": rows.count(),
        "filters": list(counting.said(listed, by, wanted)), "orders": orders, "at": timezone.now(),
        "large": request.GET.get("size") == "a3", "query": wanted.query(),
        "illustrative": export.holds_invented(listed, rows),
    }  # fmt: skip
    return render(request, "ledger/paper.html", shell(by, listed, **context))


def _asked(request: HttpRequest, name: str) -> tuple[Any, Any, list[Any], bool]:
    listed, by = opened_list(request, name)
    wanted = saved.opened(listed, by, request.GET, first=False)
    rows = listing.ordered(listed, listing.rows_of(listed, by, wanted), wanted)
    columns = list(listed.columns) if request.GET.get("whole") == "1" else listing.shown_columns(listed, wanted)
    return listed, rows, export.exported(listed, columns), by.world != LIVE


@require_GET
def as_csv(request: HttpRequest, name: str) -> StreamingHttpResponse:
    listed, rows, columns, drill = _asked(request, name)
    lines = export.csv_lines(listed, rows, columns, timezone.now(), drill=drill)
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


@require_GET
def as_xlsx(request: HttpRequest, name: str) -> HttpResponse:
    listed, rows, columns, drill = _asked(request, name)
    return download(export.xlsx(listed, rows, columns, timezone.now(), drill=drill), f"{name}.xlsx")


@require_POST
def keep_view(request: HttpRequest, name: str) -> HttpResponse:
    listed, by = opened_list(request, name)
    wanted = Wanted.of(listed, QueryDict(request.POST.get("query", "")[:4000]))
    shared = request.POST.get("shared", "")
    view = saved.keep(
        register=listed, name=request.POST.get("name", ""), wanted=wanted, by=by, now=timezone.now(),
        shared=shared if shared in {"org", "all"} else "",
    )  # fmt: skip
    if request.POST.get("opens") == "1":
        saved.choose(register=listed, view_id=view.pk, by=by)
    messages.success(request, _("视图“%(name)s”已存") % {"name": view.name})
    return redirect(f"{listed.home}?view={view.pk}")


@require_POST
def drop_view(request: HttpRequest, name: str, view_id: UUID) -> HttpResponse:
    listed, by = opened_list(request, name)
    saved.drop(register=listed, view_id=view_id, by=by)
    messages.success(request, _("视图已删；行都还在"))
    return redirect(f"{listed.home}?{listed.everything}")


@require_POST
def choose_view(request: HttpRequest, name: str) -> HttpResponse:
    """The view that this list opens with from now on; none: the whole list."""
    listed, by = opened_list(request, name)
    try:
        view_id = UUID(request.POST.get("view", ""))
    except ValueError:
        view_id = None
    saved.choose(register=listed, view_id=view_id, by=by)
    messages.success(request, _("以后打开这个列表先看它") if view_id else _("以后打开这个列表先看全部"))
    return redirect(f"{listed.home}?{f'view={view_id}' if view_id else listed.everything}")
