"""Asking the index: what matches, by how well, and of that only what the asker's own lists show.

The index proposes, the app's `visible_to` decides: a candidate that the list page of its kind would not show this
person is dropped before anything of it is read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models.expressions import RawSQL
from django.utils.translation import get_language
from psycopg.errors import QueryCanceled

from fengsui.core.find import spelling
from fengsui.core.find.registry import Findable, findables
from fengsui.core.models import FindRow
from fengsui.kernel.actor import Actor

ENOUGH = 4000
"""So many candidates are weighed; a question that more answer to is too broad, and says so."""
FIRST = 200
"""So many of a kind are asked for first; all its candidates only where too few of these may be seen."""
LIKE_WORDS = 8
"""So many words of the dictionary are taken for what a slip meant; fewer where the first ones have rows enough."""
PATIENCE_MS = 1000
"""A guess takes no longer: without it the answer is that nothing is written so."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing found, in the page's language."""

    kind: str
    key: str
    title: str
    detail: str
    url: str
    points: int
    is_open: bool


@dataclass(frozen=True, slots=True)
class Group:
    """What was found of one kind, best first; `more` of it can be seen too."""

    code: str
    name: Any
    hits: list[Hit]
    more: int


@dataclass(frozen=True, slots=True)
class Found:
    groups: list[Group]
    is_broad: bool = False
    """More answered than were weighed."""
    is_guess: bool = False
    """Nothing answered as written: these are written like it."""


def search(by: Actor, question: str, *, limit: int = 8, kinds: Iterable[str] | None = None) -> Found:
    """What this person may see of what is called so, in his world: at most `limit` of each kind, the best kind first.

    `kinds`: only these. A fixed number of queries for the index and one for each kind that has candidates.
    """
    asked = spelling.terms(question)
    known = findables()
    mine = {code: known[code] for code in (known if kinds is None else kinds) if code in known and known[code].view(by)}
    if not asked or not mine:
        return Found([])
    rows = _candidates(asked, list(mine), by)
    found = _seen(rows[:ENOUGH], mine, by, limit)
    written_like = "" if found else spelling.fuzzy(question)
    if not written_like:
        return Found(found, is_broad=len(rows) > ENOUGH)
    guessed = _seen(_like(written_like, list(mine), by), mine, by, limit)
    return Found(guessed, is_guess=bool(guessed))


Row = tuple[int, str, str, int]
"""Number in the index, kind, key, points."""


def _points(asked: Sequence[spelling.Term]) -> tuple[str, list[str]]:
    """SQL of the mean of each term's best match, and its parameters; the same as `spelling.score`."""
    sums, values = [], []
    for term in asked:
        cases = []
        for pattern, worth in (
            (term.whole, spelling.WHOLE),
            (term.plain, spelling.PLAIN),
            (term.sound, spelling.SOUND),
        ):
            if not pattern:
                continue
            forms = (
                spelling.like(pattern, whole=True), spelling.like(pattern, begins=True), spelling.like(pattern)
            )  # fmt: skip
            for form, points in zip(forms, worth, strict=True):
                cases.append(f"WHEN words LIKE %s THEN {points}")
                values.append(form)
        sums.append(f"CASE {' '.join(cases)} ELSE 0 END")
    return f"({' + '.join(sums)}) / {len(asked)}", values


def matches(asked: Sequence[spelling.Term]) -> tuple[str, list[str]]:
    """SQL over the index that every term answers to, and its parameters."""
    parts, values = [], []
    for term in asked:
        patterns = [each for each in (term.whole, term.plain, term.sound) if each]
        parts.append("(" + " OR ".join("words LIKE %s" for _each in patterns) + ")")
        values += [spelling.like(each) for each in patterns]
    return " AND ".join(parts), values


def _candidates(asked: Sequence[spelling.Term], kinds: list[str], by: Actor) -> list[Row]:
    """Everything that answers, the best first; one more than ENOUGH where there is too much."""
    points, weighed = _points(asked)
    condition, sought = matches(asked)
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH m AS MATERIALIZED (SELECT id, kind, key, title, is_open, words FROM core_findrow "
            f"WHERE {condition} AND kind = ANY(%s) AND (world_id IS NULL OR world_id = %s) LIMIT {ENOUGH + 1}) "
            f"SELECT id, kind, key, {points} AS points FROM m ORDER BY points DESC, is_open DESC, length(title), id",
            [*sought, kinds, by.world, *weighed],
        )
        return cursor.fetchall()


def _like(question: str, kinds: list[str], by: Actor) -> list[Row]:
    """What is written like it: slips of the finger and wrong characters. Nothing where that takes too long."""
    meant, others = spelling.slip(question)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('pg_trgm.word_similarity_threshold', %s, true), "
                "set_config('statement_timeout', %s, true)",
                [str(spelling.similar(meant or question)), str(PATIENCE_MS)],
            )
            found = _by_words(cursor, meant, others, kinds, by) if meant else _by_rows(cursor, question, kinds, by)
            cursor.execute("SELECT set_config('statement_timeout', '0', true)")
            return found
    except OperationalError as stopped:
        if isinstance(stopped.__cause__, QueryCanceled):
            return []
        raise


def _by_words(cursor: Any, meant: str, others: list[str], kinds: list[str], by: Actor) -> list[Row]:
    """Rows of the dictionary's words most like it, the likest word first; of one word, those that hold the rest too.

    The dictionary is a small part of the index, and the words it gives are looked up as they are written.
    """
    cursor.execute(
        "SELECT word, (20 * max(word_similarity(%s, word)))::int AS points FROM core_findword WHERE %s <%% word "
        f"GROUP BY word ORDER BY max(word_similarity(%s, word)) DESC, length(word), word LIMIT {LIKE_WORDS}",
        [meant] * 3,
    )
    rest = " + ".join(["0", *("(words LIKE %s)::int" for _each in others)])
    found: dict[int, Row] = {}
    for word, points in cursor.fetchall():
        cursor.execute(
            f"SELECT id, kind, key, {rest} AS held FROM core_findrow "
            "WHERE words LIKE %s AND kind = ANY(%s) AND (world_id IS NULL OR world_id = %s) "
            f"ORDER BY held DESC, is_open DESC, length(title), id LIMIT {FIRST}",
            [*map(spelling.like, others), spelling.like(word), kinds, by.world],
        )
        for row_id, kind, key, _held in cursor.fetchall():
            found.setdefault(row_id, (row_id, kind, key, points))
        if len(found) >= FIRST:
            break
    return list(found.values())


def _by_rows(cursor: Any, question: str, kinds: list[str], by: Actor) -> list[Row]:
    """Codes and other mixtures that hold no word: every row is compared."""
    cursor.execute(
        "SELECT id, kind, key, (20 * word_similarity(%s, words))::int AS points FROM core_findrow "
        "WHERE %s <%% words AND kind = ANY(%s) AND (world_id IS NULL OR world_id = %s) "
        f"ORDER BY points DESC, is_open DESC, length(title), id LIMIT {FIRST}",
        [question, question, kinds, by.world],
    )
    found: list[Row] = cursor.fetchall()
    return found


def _seen(rows: Sequence[Row], known: dict[str, Findable], by: Actor, limit: int) -> list[Group]:
    """The candidates that this person's own lists show, read, by kind."""
    of_kind: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        of_kind[row[1]].append(row)
    kept: dict[str, list[Row]] = {}
    for code, listed in of_kind.items():
        seen = _visible(known[code], [row[2] for row in listed[:FIRST]], by)
        if len(seen) < limit and len(listed) > FIRST:
            seen = _visible(known[code], [row[2] for row in listed], by)
        kept[code] = [row for row in listed if row[2] in seen]
    wanted = {row[0]: row[3] for listed in kept.values() for row in listed[:limit]}
    said = {row.pk: row for row in FindRow.objects.filter(pk__in=wanted)} if wanted else {}
    groups = [
        Group(
            code,
            known[code].name,
            [_hit(said[row[0]], row[3]) for row in listed[:limit] if row[0] in said],
            max(0, len(listed) - limit),
        )
        for code, listed in kept.items()
    ]
    groups = [group for group in groups if group.hits]
    return sorted(groups, key=lambda group: (-group.hits[0].points - known[group.code].weight, group.code))


def _visible(kind: Findable, keys: Sequence[str], by: Actor) -> set[str]:
    """Keys go as one array that the planner joins: a list in the statement it would compare with row by row."""
    column = kind.model._meta.pk.db_type(connection)
    asked = RawSQL(f"SELECT unnest(%s::{column}[])", [list(keys)])  # noqa: S611 - the column's own type, and a parameter
    rows = kind.current(kind.visible_to(by)).filter(pk__in=asked)
    return {str(key) for key in rows.order_by().values_list("pk", flat=True)}


def _hit(row: FindRow, points: int) -> Hit:
    english = (get_language() or "").startswith("en")
    title = row.title_en if english and row.title_en else row.title
    detail = row.detail_en if english and row.detail_en else row.detail
    return Hit(row.kind, row.key, title, detail, row.url, points, row.is_open)
