"""What the page of a station says of its course: whether it is doubted, its marks, and by what rule it is checked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from fengsui.apps.sensing.boards import display_of, english, kind_of, word
from fengsui.apps.sensing.doubts import ASKED, DOUBTS
from fengsui.apps.sensing.models import Course, CourseMark, Datastream
from fengsui.apps.sensing.rules import SILENT_PERIODS
from fengsui.science.series import marks
from fengsui.science.series.marks import MARKS

LISTED = 8
DRAWN = marks.SPIKE | marks.SHIFT | marks.DRIFT
"""On a curve: what may be the sensor's own. That a flood's readings are away from the past, the curve says itself."""
MOST_DRAWN = 60
_RUNS = """
SELECT (extract(epoch FROM m.at) * 1000)::bigint, o.value, m.marks & %s
FROM (SELECT at, marks, lag(at) OVER w AS before, lag(marks & %s) OVER w AS said FROM sensing_coursemark
      WHERE datastream_id = %s AND at >= %s AND at < %s AND marks & %s <> 0 WINDOW w AS (ORDER BY at)) m
JOIN LATERAL (SELECT value FROM sensing_observation WHERE datastream_id = %s AND at = m.at
              ORDER BY flags LIMIT 1) o ON true
WHERE m.before IS NULL OR m.said <> m.marks & %s OR m.at - m.before > %s * interval '1 second'
ORDER BY 1 DESC LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Mark:
    at: datetime
    words: str
    far: str


@dataclass(frozen=True, slots=True)
class Shown:
    """doubt: in words, or ''; since: the reading it began with. ended_at: when the last one ended by itself.

    near: (code, name) of the stations it is held against. rule: lines in words.
    note: of their basis, '' in Chinese: the catalogue words it in English only.
    """

    doubt: str
    since: datetime | None
    ended_at: datetime | None
    upto: datetime | None
    marks: list[Mark]
    near: list[tuple[str, str]]
    rule: list[str]
    basis: str
    note: str


def course_of(stream: Datastream) -> Shown | None:
    """None for a kind whose course says nothing; three queries."""
    kind = kind_of(stream)
    if kind is None or kind.checks is None:
        return None
    row = Course.objects.defer("kept").filter(pk=stream.pk).first() or Course(datastream=stream)
    rows = CourseMark.objects.filter(datastream_id=stream.pk).order_by("-at")[:LISTED]
    near = Datastream.objects.in_world(stream.world_id).filter(pk__in=row.near).select_related("station")
    shown, checks = display_of(stream), kind.checks
    rule = [_("离散度不小于 %(floor)s") % {"floor": shown.whole(checks.floor)}]
    if checks.near_km:
        rule.append(
            _("与 %(km)g km 内同类站比对，%(n)d 个周期内的读数才算") % {"km": checks.near_km, "n": SILENT_PERIODS}
        )
        if len(row.near) < ASKED:
            rule.append(_("邻站不足两个：只作标记，不判存疑"))
    elif checks.settles_s:
        rule.append(_("没有可比的邻站；水平改变 %(h)d 小时不复原即存疑") % {"h": checks.settles_s / 3600})
    return Shown(
        doubt=doubt_words(row),
        since=min((at for at in (row.drift_at, row.shift_at) if at), default=None) if row.doubted_at else None,
        ended_at=row.settled_at,
        upto=row.upto,
        marks=[Mark(each.at, mark_words(each.marks), f"{each.far:+.1f}") for each in rows],
        near=[(each.station.code, each.station.name) for each in near],
        rule=rule,
        basis=checks.basis_note[:1],
        note=checks.basis_note[3:] if english() else "",
    )


def doubt_words(row: Course) -> str:
    """What is doubted of the sensor, '' where nothing is."""
    if row.doubted_at is None:
        return ""
    return word(DOUBTS["drift" if row.drift_at else "shift"])


def mark_words(bits: int) -> str:
    joined = ", " if english() else "、"
    return joined.join(word(MARKS[code]) for code in marks.names(bits & marks.REMARKS))


def drawn(stream: Datastream, low: datetime, high: datetime, period_s: float) -> list[tuple[int, float, str]]:
    """(milliseconds, value in the shown unit, words) of the first mark of each run, the newest 60, by time."""
    shown = display_of(stream)
    wanted: list[Any] = [
        DRAWN,
        DRAWN,
        stream.pk,
        low,
        high,
        DRAWN,
        stream.pk,
        DRAWN,
        SILENT_PERIODS * period_s,
        MOST_DRAWN,
    ]
    with connection.cursor() as cursor:
        cursor.execute(_RUNS, wanted)
        rows = cursor.fetchall()[::-1]
    return [(at, shown.number(value), mark_words(bits)) for at, value, bits in rows]
