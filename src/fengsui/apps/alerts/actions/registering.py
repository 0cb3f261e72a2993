"""登记号码: numbers by area from a .csv, read line by line, taken by COPY. No number is in what this tells."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from django.db import connection
from django.db.transaction import atomic
from django.utils import timezone

from fengsui.apps.alerts import mass_rules
from fengsui.apps.alerts.events import RecipientsTaken
from fengsui.apps.places.models import Area
from fengsui.core import policy
from fengsui.core.models import World
from fengsui.core.record import announce
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import Invalid

HEADS = {
    "number": {"number", "phone", "号码", "手机号", "手机号码", "电话"},
    "area": {"area", "area_code", "区划", "区划代码", "地区代码"},
}
SHOWN = 20
"""So many wrong lines are named; of the others it is said how many there are."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """A line that cannot be taken. reason: columns | number | area | twice."""

    line: int
    reason: str


@dataclass(slots=True)
class Taken:
    """read, wrong: lines. added, removed: numbers; in a try what would be."""

    read: int = 0
    added: int = 0
    removed: int = 0
    wrong: int = 0
    named: list[Wrong] = field(default_factory=list)


def take(
    lines: Iterable[str], *, by: Actor, replace: bool = False, skip_wrong: bool = False, dry: bool = False
) -> Taken:
    """Add the numbers of a file with columns number and area; where there is a wrong line and not `skip_wrong`, none.

    replace: who is not in the file is registered no more. dry: only tell. Raises Forbidden,
    Invalid("alerts.recipients.columns") for a file without these columns.
    """
    policy.require(by, "alerts.recipients")
    rows = csv.reader(lines)
    columns = _columns(next(rows, []))
    told, areas = Taken(), set(Area.objects.values_list("code", flat=True))
    with atomic(), connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.taken")
        cursor.execute("CREATE TEMPORARY TABLE taken (number varchar(15), area_code varchar(12)) ON COMMIT DROP")
        with cursor.copy("COPY taken (number, area_code) FROM STDIN") as copy:
            for row in _good(rows, columns, areas, told):
                copy.write_row(row)
        if told.wrong and not skip_wrong:
            return told
        if replace:
            where = "NOT EXISTS (SELECT 1 FROM taken t WHERE t.number = r.number AND t.area_code = r.area_code)"
            cursor.execute(
                f"SELECT count(*) FROM alerts_recipient r WHERE {where}" if dry
                else f"DELETE FROM alerts_recipient r WHERE {where}"
            )  # fmt: skip
            told.removed = cursor.fetchone()[0] if dry else cursor.rowcount
        if dry:
            cursor.execute(
                "SELECT count(*) FROM taken t WHERE NOT EXISTS (SELECT 1 FROM alerts_recipient r "
                "WHERE r.number = t.number AND r.area_code = t.area_code)"
            )
            told.added = cursor.fetchone()[0]
            return told
        cursor.execute(
            "INSERT INTO alerts_recipient (number, area_code, added_at) SELECT number, area_code, %s FROM taken "
            "ON CONFLICT (area_code, number) DO NOTHING", [timezone.now()],
        )  # fmt: skip
        told.added = cursor.rowcount
        _tell(told, by)
    return told


def forget(text: str, *, by: Actor) -> int:
    """A person wants no more messages: the number is registered for no area. Returns for how many it was.

    Raises Forbidden, Invalid("alerts.recipients.number").
    """
    policy.require(by, "alerts.recipients")
    number = mass_rules.number(text)
    if not number:
        raise Invalid("alerts.recipients.number", field="number")
    with atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM alerts_recipient WHERE number = %s", [number])
        removed = int(cursor.rowcount)
        if removed:
            _tell(Taken(removed=removed), by)
    return removed


def _columns(head: list[str]) -> tuple[int, int]:
    names = [each.strip().lstrip("\ufeff").lower() for each in head]
    found = [next((n for n, name in enumerate(names) if name in known), -1) for known in HEADS.values()]
    if -1 in found:
        raise Invalid("alerts.recipients.columns", field="file")
    return found[0], found[1]


def _good(
    rows: Iterator[list[str]], columns: tuple[int, int], areas: set[str], told: Taken
) -> Iterator[tuple[str, str]]:
    seen: set[tuple[str, str]] = set()
    for line, row in enumerate(rows, 2):
        if not any(cell.strip() for cell in row):
            continue
        told.read += 1
        reason, pair = "", ("", "")
        if len(row) <= max(columns):
            reason = "columns"
        else:
            pair = mass_rules.number(row[columns[0]]), row[columns[1]].strip()
            reason = "number" if not pair[0] else "area" if pair[1] not in areas else "twice" if pair in seen else ""
        if reason:
            told.wrong += 1
            if len(told.named) < SHOWN:
                told.named.append(Wrong(line, reason))
            continue
        seen.add(pair)
        yield pair


def _tell(told: Taken, by: Actor) -> None:
    announce(RecipientsTaken(told.added, told.removed, told.wrong), about=World.objects.get(pk=LIVE), by=by)
