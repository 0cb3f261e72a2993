"""Keeping the index: one place, called by the record for everything that is announced; and the whole of it anew.

A row of the index is written in the transaction that announces its subject, so that what was just opened is found at
once, and what was rolled back never. Many rows (a sheet of thousands) are written by jobs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import batched
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet

from fengsui.core.find import spelling
from fengsui.core.find.registry import Findable, Said, findables, of_label
from fengsui.core.models import FindRow, FindWord, InWorld, World
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Actor

AT_ONCE = 50
"""So many subjects of one announcement are written at once; more are a job's."""
BATCH = 2000
WRITTEN = ("title", "title_en", "detail", "detail_en", "url", "is_open", "words", "world_id")
COLUMNS = ("kind", "key", *WRITTEN)


def touched(label: str, keys: Sequence[str], world: UUID) -> None:
    """Rows of one table were announced: their places in the index follow, now or by jobs of the same transaction."""
    kinds = of_label(label)
    if not kinds:
        return
    if len(keys) <= AT_ONCE:
        refresh(kinds, keys, world)
        return
    from fengsui.core.find.jobs import refresh_rows

    for some in batched(keys, BATCH):
        refresh_rows.defer(label=label, keys=list(some), world=str(world))


def refresh(kinds: Iterable[Findable], keys: Sequence[str], world: UUID) -> None:
    """Write these rows of these kinds anew; those that are out of use or gone leave the index."""
    for kind in kinds:
        rows = _rows(kind, world).filter(pk__in=keys)
        said = list(kind.say(rows))
        _write(kind, said, _world_of(kind, world))
        gone = sorted(set(keys) - {each.key for each in said})
        if gone:
            FindRow.objects.filter(kind=kind.code, key__in=gone).delete()


def rebuild() -> dict[str, int]:
    """The whole index from the apps' rows, kind by kind, each in one transaction; how many rows each kind has."""
    known = findables()
    counted, used = {}, set[str]()
    last = FindWord.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    for kind in known.values():
        with transaction.atomic():
            counted[kind.code] = _rebuild(kind, used)
    FindRow.objects.exclude(kind__in=known).delete()
    _forget(used, last)
    tidy()
    with connection.cursor() as cursor:
        cursor.execute("SELECT core_count_find()")
    return counted


def _forget(used: set[str], last: int) -> None:
    """Words that no row holds leave the dictionary, and those that stand in it twice; none that came meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM core_findword f WHERE id <= %s AND (NOT EXISTS (SELECT FROM unnest(%s::text[]) u "
            "WHERE u = f.word) OR EXISTS (SELECT FROM core_findword o WHERE o.word = f.word AND o.id > f.id))",
            [last, list(used)],
        )


def tidy() -> None:
    """Many new rows wait in the index's pending list, which every question would read whole: sort them in."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT core_tidy_find()")


def _rebuild(kind: Findable, used: set[str]) -> int:
    worlds = list(World.objects.values_list("pk", flat=True)) if issubclass(kind.model, InWorld) else [LIVE]
    keys: set[str] = set()
    for world in worlds:
        for said in batched(kind.say(_rows(kind, world)), BATCH):
            used |= _write(kind, said, _world_of(kind, world))
            keys.update(each.key for each in said)
    held = FindRow.objects.filter(kind=kind.code).values_list("key", flat=True)
    for gone in batched(set(held) - keys, BATCH):
        FindRow.objects.filter(kind=kind.code, key__in=gone).delete()
    return len(keys)


def _rows(kind: Findable, world: UUID) -> QuerySet[Any]:
    return kind.current(kind.visible_to(Actor(world=world, system="find"))).order_by()


def _world_of(kind: Findable, world: UUID) -> UUID | None:
    return world if issubclass(kind.model, InWorld) else None


def _write(kind: Findable, said: Sequence[Said], world: UUID | None) -> set[str]:
    """Two statements; a row that says the same as before is left alone. The dictionary's words of these rows."""
    if not said:
        return set()
    rows = [
        [
            *(kind.code, each.key, each.title[:200], each.title_en[:200], each.detail[:240], each.detail_en[:240]),
            *(each.url, each.is_open, spelling.written(each.title, each.title_en, each.code, each.more), world),
        ]
        for each in {one.key: one for one in said}.values()
    ]
    kinds = ("text", "text", "text", "text", "text", "text", "text", "bool", "text", "uuid")
    arrays = ", ".join(f"%s::{each}[]" for each in kinds)
    sets = ", ".join(f"{each} = excluded.{each}" for each in WRITTEN)
    was = ", ".join(f"f.{each}" for each in WRITTEN)
    becomes = ", ".join(f"excluded.{each}" for each in WRITTEN)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO core_findrow AS f ({', '.join(COLUMNS)}) SELECT * FROM unnest({arrays}) "
            f"ON CONFLICT (kind, key) DO UPDATE SET {sets} WHERE ({was}) IS DISTINCT FROM ({becomes})",
            [list(column) for column in zip(*rows, strict=True)],
        )
        words = set[str]()
        for each in said:
            words |= spelling.runs(spelling.sections(each.title, each.title_en, each.code, each.more))
        # No unique key: two transactions that name something alike must not wait for each other. Twice does no harm.
        cursor.execute(
            "INSERT INTO core_findword (word) SELECT word FROM unnest(%s::text[]) AS word "
            "WHERE NOT EXISTS (SELECT FROM core_findword f WHERE f.word = word.word)",
            [sorted(words)],
        )
    return words
