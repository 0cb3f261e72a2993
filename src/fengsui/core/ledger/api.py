"""Every declared register for programs: one router, derived from the declarations; rows as JSON Schema describes them.

List, filter and order as on the page, by the same address words; changes by the same way in, with its faults per field.
"""

from __future__ import annotations

from typing import Annotated, Any

from django.db.models import F
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext_noop as _
from ninja import Path, Query, Router
from pydantic import Field

from fengsui.core import policy
from fengsui.core.api.bearer import by_of
from fengsui.core.api.matching import check_match, tagged
from fengsui.core.api.operation import reads, writes
from fengsui.core.api.paging import Cursor, Found, Limit, page_of
from fengsui.core.api.problems import PreconditionFailed, problem
from fengsui.core.api.scopes import scope
from fengsui.core.api.shapes import Body, Nothing, Out, Page, Reason
from fengsui.core.ledger import editing, export, listing
from fengsui.core.ledger.columns import Column, Position
from fengsui.core.ledger.fields import typed
from fengsui.core.ledger.register import Register, register, seen_by
from fengsui.core.ledger.wanted import Wanted
from fengsui.core.ledger.words import sentence
from fengsui.core.web.conditional import etag_of
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import Invalid

router = Router()
READ = scope("registers:read", _("看台账、导出台账"))
WRITE = scope("registers:write", _("新增、改动、停用台账的行"))

Name = Annotated[str, Path(title=_("台账"), max_length=40)]
RowId = Annotated[str, Path(title=_("行"), max_length=64)]
Sort = Annotated[
    str, Query(title=_("排序"), max_length=60, description="A column, `-` before it turns the order round")
]
Only = Annotated[
    list[str],
    Query(title=_("筛选"), max_length=50, description="`column=value`, several times; `column=~` for empty"),
]
Retired = Annotated[bool, Query(title=_("已停用的"))]
Cell = str | int | float | bool | list[Any] | None


class RegisterOut(Out):
    code: str
    name: str
    about: str
    columns: list[str]
    may_edit: bool


class RowOut(Out):
    id: str
    values: dict[str, Any]


class Row(Body):
    values: Annotated[
        dict[Annotated[str, Field(max_length=60)], Cell],
        Field(title=_("各列的值"), max_length=200, description="By column, as the register's JSON Schema says"),
    ]


def _opened(request: HttpRequest, name: str) -> tuple[Register, Actor]:
    by, found = by_of(request), register(name)
    policy.require(by, f"{found.verb}.view")
    return found, by


@reads(router, "/registers", scope=READ, summary=_("台账目录"), response=Page[RegisterOut], page="ledger:register-list")
def registers(request: HttpRequest) -> Page[RegisterOut]:
    """The registers that the holder's post may open."""
    by = by_of(request)
    items = [
        RegisterOut(
            code=each.code,
            name=str(each.name),
            about=str(each.about),
            columns=list(each.by_code),
            may_edit=policy.can(by, f"{each.verb}.edit"),
        )
        for each in seen_by(by)
    ]
    return Page[RegisterOut](items=items)


@reads(router, "/registers/{name}/schema", scope=READ, summary=_("台账一行的 JSON Schema"), response=dict[str, Any])
def schema(request: HttpRequest, name: Name) -> dict[str, Any]:
    found, _by = _opened(request, name)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found.schema()}


def _wanted(found: Register, q: str, sort: str, only: list[str], retired: bool) -> Wanted:
    """The list's question. What cannot be read is said, unlike in a bookmark. Raises Invalid."""
    filters: dict[str, tuple[str, ...]] = {}
    for each in only:
        code, equals, value = each.partition("=")
        if not equals or code not in found.by_code:
            raise Invalid("core.ledger.no_column", field="only", column=code)
        filters[code] = (*filters.get(code, ()), value)
    if sort and sort.removeprefix("-") not in found.by_code:
        raise Invalid("core.ledger.no_column", field="sort", column=sort)
    return Wanted(q=q.strip(), order=sort, retired=retired, filters=filters)


@reads(
    router,
    "/registers/{name}/rows",
    scope=READ,
    summary=_("台账的行"),
    response=Page[RowOut],
    page="ledger:register-show",
)
def rows(
    request: HttpRequest,
    name: Name,
    q: Found = "",
    sort: Sort = "",
    only: Only = [],  # noqa: B006 - ninja copies it
    retired: Retired = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[RowOut]:
    """In use unless `retired=true`; in the register's own order unless `sort` names a column."""
    found, by = _opened(request, name)
    wanted = _wanted(found, q, sort, only, retired)
    columns = list(found.columns)
    listed, order, nullable = _ordered(found, listing.rows_of(found, by, wanted), sort)
    paths = [key.lstrip("-") for key in order]
    keyed, after = page_of(
        listed.values_list(*paths), order, cursor=cursor, limit=limit, nullable=nullable, keys=lambda row: row
    )
    chosen = [row[-1] for row in keyed]
    shown = {
        str(pk): dict(zip([column.code for column in columns], values, strict=True))
        for pk, values, _words in listing.plain_rows(found, found.rows(by).filter(pk__in=chosen), columns)
    }
    items = [RowOut(id=str(pk), values=shown[str(pk)]) for pk in chosen if str(pk) in shown]
    return Page[RowOut](items=items, next_cursor=after)


def _ordered(found: Register, rows: Any, sort: str) -> tuple[Any, list[str], list[str]]:
    """The rows in an order that ends in the key; Chinese by pronunciation, as on the page."""
    own = found.by_code[found.order].path if found.order in found.by_code else found.order
    order, nullable = [own, "pk"], []
    column = found.by_code.get(sort.removeprefix("-"))
    if column is not None and not isinstance(column.kind, Position):
        rows = rows.annotate(sorted_by=listing.sort_key(found, column))
        order, nullable = [f"{'-' if sort.startswith('-') else ''}sorted_by", *order], ["sorted_by"]
    by: list[Any] = []
    for key in order:
        turn = F(key.lstrip("-"))
        by.append(turn.desc(nulls_last=True) if key.startswith("-") else turn.asc(nulls_last=True))
    return rows.order_by(*by), order, nullable


@reads(
    router,
    "/registers/{name}/list.csv",
    scope=READ,
    summary=_("导出台账（CSV）"),
    page="ledger:register-csv",
    openapi_extra={"responses": {200: {"description": "CSV", "content": {"text/csv": {"schema": {"type": "string"}}}}}},
)
def as_csv(
    request: HttpRequest,
    name: Name,
    q: Found = "",
    sort: Sort = "",
    only: Only = [],  # noqa: B006 - ninja copies it
    retired: Retired = False,
) -> StreamingHttpResponse:
    """All columns; personal numbers masked, as on the page. It can be imported again."""
    found, by = _opened(request, name)
    wanted = _wanted(found, q, sort, only, retired)
    listed = listing.ordered(found, listing.rows_of(found, by, wanted), wanted)
    lines = export.csv_lines(found, listed, export.exported(found, list(found.columns)), timezone.now())
    answer = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{found.code}.csv"'
    return answer


def _etag(found: Register, row: editing.Row) -> str:
    return etag_of(found.code, row.key, row.in_use, editing.sign_of(editing.seen(found, row.values)))


def _out(request: HttpRequest, response: HttpResponse, found: Register, row_id: str) -> RowOut:
    row = editing.read(found, row_id, by_of(request))
    tagged(response, _etag(found, row))
    return RowOut(id=str(row.key), values=editing.seen(found, row.values))


@reads(
    router,
    "/registers/{name}/rows/{row_id}",
    scope=READ,
    summary=_("台账的一行"),
    response=RowOut,
    page="ledger:row-show",
)
def row(request: HttpRequest, response: HttpResponse, name: Name, row_id: RowId) -> RowOut:
    """Its ETag is what a change must name in If-Match."""
    found, _by = _opened(request, name)
    return _out(request, response, found, row_id)


def _given(found: Register, body: Row, held: dict[str, Any] | None = None) -> dict[str, str]:
    """Values as a form would hold them: the same readers then judge them. Raises Invalid for an unknown column."""
    for code in body.values:
        if code not in found.by_code or not found.by_code[code].editable:
            raise Invalid("core.ledger.no_column", field=code, column=code)
    base = {c.code: typed(c, held[c.code]) for c in found.writable} if held is not None else {}
    return {**base, **{code: _cell(found.by_code[code], value) for code, value in body.values.items()}}


def _cell(column: Column, value: Any) -> str:
    if isinstance(value, list):
        return (
            ", ".join(str(each) for each in value) if isinstance(column.kind, Position) else "、".join(map(str, value))
        )
    if isinstance(value, bool):
        return str(column.kind.sheet(value)) if column.kind.name == "boolean" else str(value)
    return "" if value is None else str(value)


def _faulty(request: HttpRequest, found: Register, bad: editing.Faulty) -> HttpResponse:
    listed = [
        {
            "field": fault.column,
            "name": str(found.by_code[fault.column].label) if fault.column in found.by_code else fault.column,
            "what": sentence(found, fault),
        }
        for fault in bad.faults
    ]
    return problem(request, bad, errors=listed)


@writes(
    router,
    "/registers/{name}/rows",
    scope=WRITE,
    summary=_("新增一行"),
    response=RowOut,
    status=201,
    page="ledger:row-new",
)
def create(request: HttpRequest, response: HttpResponse, name: Name, body: Row) -> RowOut | HttpResponse:
    found, by = _opened(request, name)
    policy.require(by, f"{found.verb}.edit")
    try:
        key = editing.create(register=found, given=_given(found, body), by=by)
    except editing.Faulty as bad:
        return _faulty(request, found, bad)
    response.headers["Location"] = f"/api/v1/registers/{found.code}/rows/{key}"
    return _out(request, response, found, str(key))


@writes(
    router, "/registers/{name}/rows/{row_id}", scope=WRITE, method="PATCH", summary=_("改动一行"), response=RowOut,
    page="ledger:row-edit",
)  # fmt: skip
def change(request: HttpRequest, response: HttpResponse, name: Name, row_id: RowId, body: Row) -> RowOut | HttpResponse:
    """Columns left out stay as they are. If-Match is needed; who was overtaken gets 412 with what the row holds now."""
    found, by = _opened(request, name)
    policy.require(by, f"{found.verb}.edit")
    held = editing.read(found, row_id, by)
    shown = editing.seen(found, held.values)
    check_match(request, _etag(found, held), needed=True, now=shown)
    try:
        editing.change(
            register=found, row_id=row_id, given=_given(found, body, held.values), opened=editing.sign(shown), by=by
        )
    except editing.Faulty as bad:
        return _faulty(request, found, bad)
    except editing.Conflict as clash:
        raise PreconditionFailed("core.api.changed", now=clash.theirs) from clash
    return _out(request, response, found, row_id)


@writes(
    router, "/registers/{name}/rows/{row_id}/retire", scope=WRITE, summary=_("停用一行"), response=RowOut,
    page="ledger:row-retire",
)  # fmt: skip
def retire(request: HttpRequest, response: HttpResponse, name: Name, row_id: RowId, body: Reason) -> RowOut:
    """Out of use, with the reason on record; nothing is deleted."""
    found, by = _opened(request, name)
    editing.retire(register=found, row_id=row_id, by=by.because(body.reason), now=timezone.now())
    return _out(request, response, found, row_id)


@writes(
    router, "/registers/{name}/rows/{row_id}/restore", scope=WRITE, summary=_("恢复使用"), response=RowOut,
    page="ledger:row-restore",
)  # fmt: skip
def restore(request: HttpRequest, response: HttpResponse, name: Name, row_id: RowId, body: Nothing) -> RowOut:
    found, by = _opened(request, name)
    editing.restore(register=found, row_id=row_id, by=by, now=timezone.now())
    return _out(request, response, found, row_id)


@writes(
    router, "/registers/{name}/rows/{row_id}/undo", scope=WRITE, summary=_("撤销上一次改动"), response=RowOut,
    page="ledger:row-undo",
)  # fmt: skip
def undo(request: HttpRequest, response: HttpResponse, name: Name, row_id: RowId, body: Nothing) -> RowOut:
    found, by = _opened(request, name)
    editing.undo(register=found, row_id=row_id, by=by)
    return _out(request, response, found, row_id)
