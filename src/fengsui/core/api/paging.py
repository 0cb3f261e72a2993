"""Pages by cursor: a page begins behind the last row of the one before, so rows that are added shift nothing.

A cursor holds the sort keys of that last row, signed: it cannot be made up, and one of another order is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from django.core import signing
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_noop as _
from ninja import Query

from fengsui.core.record import plain
from fengsui.kernel.errors import Invalid

SALT = "fengsui.api.cursor"
MOST = 200
Limit = Annotated[int, Query(title=_("每页行数"), ge=1, le=MOST)]
Cursor = Annotated[
    str | None, Query(title=_("接着哪一页"), max_length=2000, description="`next_cursor` of the page before")
]
Found = Annotated[str, Query(title=_("查找"), max_length=80)]


def asked(default: str, *, title: str) -> Any:
    """A query parameter whose annotation says more than its type: ninja loses the default of such a one."""
    return Query(default, title=title)  # type: ignore[type-arg] # ninja types its own class as generic


def page_of(
    rows: QuerySet[Any],
    order: Sequence[str],
    *,
    cursor: str | None,
    limit: int,
    nullable: Sequence[str] = (),
    keys: Callable[[Any], Sequence[Any]] | None = None,
) -> tuple[list[Any], str | None]:
    """At most `limit` rows in `order` (`-` turns one round; empty values last), and the cursor of the next page.

    The order must end in something unique. `keys` reads a row's sort values where they are not its attributes.
    Raises Invalid("core.api.bad_cursor").
    """
    if cursor:
        rows = rows.filter(_behind(order, _read(cursor, order), nullable))
    found = list(rows[: limit + 1])
    if len(found) <= limit:
        return found, None
    last = found[limit - 1]
    values = keys(last) if keys else [_value(last, name) for name in order]
    return found[:limit], signing.dumps([list(order), plain(values)], salt=SALT, compress=True)


def _value(row: Any, name: str) -> Any:
    for step in name.lstrip("-").split("__"):
        row = getattr(row, step)
    return row


def _read(cursor: str, order: Sequence[str]) -> list[Any]:
    try:
        said, values = signing.loads(cursor, salt=SALT)
    except (signing.BadSignature, ValueError, TypeError):
        raise Invalid("core.api.bad_cursor", field="cursor") from None
    if said != list(order):
        raise Invalid("core.api.bad_cursor", field="cursor")
    return list(values)


def _behind(order: Sequence[str], values: Sequence[Any], nullable: Sequence[str]) -> Q:
    """Rows that come after these values, key by key."""
    behind, same = Q(pk__in=[]), Q()
    for turned, value in zip(order, values, strict=True):
        name, down = turned.lstrip("-"), turned.startswith("-")
        if value is not None:
            later = Q(**{f"{name}__{'lt' if down else 'gt'}": value})
            if name in nullable:
                later |= Q(**{f"{name}__isnull": True})
            behind |= same & later
        same &= Q(**{f"{name}__isnull": True}) if value is None else Q(**{name: value})
    first, value = order[0], values[0]
    if value is not None and first.lstrip("-") not in nullable:
        # Said once more for the index: the database does not see it in the alternatives.
        behind &= Q(**{f"{first.lstrip('-')}__{'lte' if first.startswith('-') else 'gte'}": value})
    return behind
