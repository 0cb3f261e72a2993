"""What the lists of people share: words, one look for filters and pages, export with its mark."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from fengsui.apps.people import queries
from fengsui.core import wording
from fengsui.core.ledger.cells import safe
from fengsui.core.models import AuditRow
from fengsui.kernel.errors import FengsuiError, Invalid
from fengsui.kernel.terms import Term

PAGE = 50
EXPORT_LIMIT = 20_000
HISTORY = 50


def word(term: Term) -> str:
    return term.en if (get_language() or "").startswith("en") else term.zh


def paged(request: HttpRequest, rows: QuerySet[Any]) -> tuple[Page[Any], str]:
    """The page asked for, and the other parameters of the address."""
    kept = request.GET.copy()
    kept.pop("page", None)
    return Paginator(rows, PAGE).get_page(request.GET.get("page")), kept.urlencode()


def asked(request: HttpRequest, name: str, allowed: Iterable[str], default: str = "") -> str:
    """A filter's value; an unknown one falls back, so that an old bookmark still opens."""
    value = request.GET.get(name, "")
    return value if value in allowed else default


def table(name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> HttpResponse:
    """CSV that a spreadsheet opens; the first line says what the data are."""
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response.write("\ufeff")
    out = csv.writer(response)
    out.writerow([_("示意数据：人名、号码、设施位置为生成")])
    out.writerow(head)
    out.writerows([safe("" if cell is None else str(cell)) for cell in row] for row in rows)
    return response


def history(label: str, key: UUID) -> list[tuple[AuditRow, str]]:
    """The last rows of a subject's audit chain, with who did it. Only for those who may read the audit."""
    rows = list(AuditRow.objects.filter(subject=f"{label}:{key}").order_by("-n")[:HISTORY])
    names = queries.people_names({row.person_id for row in rows if row.person_id})
    return [(row, names.get(row.person_id, "") if row.person_id else row.system) for row in rows]


def key_of(request: HttpRequest, name: str) -> UUID:
    """The row chosen in a form. Raises Invalid("people.assign.who")."""
    try:
        return UUID(request.POST.get(name, ""))
    except ValueError:
        raise Invalid("people.assign.who") from None


def say_refused(request: HttpRequest, error: FengsuiError) -> None:
    """A refusal on the page where the press was; what may not be known stays an answer of its own."""
    if error.status in (403, 404):
        raise error
    said = wording.say(error)
    messages.error(request, said.line)
