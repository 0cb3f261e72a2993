"""The newest events of some names, found along the index however many others happened since."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from fengsui.core.models import StoredEvent

OF_EACH = (
    "SELECT e.* FROM unnest(%s::text[]) AS n(name) CROSS JOIN LATERAL (SELECT * FROM core_storedevent "
    "WHERE name = n.name AND world_id = %s ORDER BY id DESC LIMIT %s) AS e ORDER BY e.id DESC LIMIT %s"
)


def newest(world: UUID, names: Collection[str], count: int) -> list[StoredEvent]:
    """The last `count` of a world, newest first. One query, some index entries for each name.

    Going back from the newest of all would read every event that is not asked for: the starts and ends of clocks and
    the forecasts of a quiet week are many more than what people did in it.
    """
    return list(StoredEvent.objects.raw(OF_EACH, [list(names), world, count, count]))
