"""What the duty desk shows, from the queries of the apps below."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from fengsui.apps.alerts import queries as alerts
from fengsui.apps.alerts.models import Call, Warning
from fengsui.apps.alerts.rules import STATUSES
from fengsui.apps.command import queries as command
from fengsui.apps.command.models import Response, Task
from fengsui.apps.desk import clocks
from fengsui.apps.incidents import queries as incidents
from fengsui.apps.incidents.models import Incident
from fengsui.apps.people import queries as people
from fengsui.apps.places import queries as places
from fengsui.apps.sensing import queries as sensing
from fengsui.apps.sensing.models import CurrentValue
from fengsui.core.models import Clock
from fengsui.core.ui.present import level
from fengsui.kernel.actor import Actor
from fengsui.kernel.clock import MACHINE
from fengsui.kernel.levels import LEVELS, Level
from fengsui.science.series.quality import SUSPECT

LOST_PERIODS = 3.0
SHOWN = 8
SPARK_POINTS = 60


@dataclass(frozen=True, slots=True)
class Spot:
    """One place in 正在发生: its worst stream now."""

    code: str
    station: str
    name: str
    level: str
    value: str
    unit: str
    at: datetime | None
    period_s: float
    speed: float
    next_word: str
    next_code: str
    next_value: float | None
    note: str
    trend: str
    datastream: int
    lost: bool
    url: str
    points: list[tuple[float, float | None]] = field(default_factory=list)


def shown_value(value: float, unit: str) -> tuple[str, str]:
    """Depth in centimetres, everything else as stored."""
    return (f"{value * 100:.0f}", "cm") if unit == "m" else (f"{value:g}", unit)


def _ladder_next(row: CurrentValue) -> tuple[str, float | None]:
    """Code and value of the next line above the present level."""
    ladder = row.datastream.ladder or {}
    for code in ("blue", "yellow", "orange", "red"):
        line = ladder.get(code)
        if line is not None and Level.of(code) > row.level:
            return code, float(line)
    return "", None


def board(by: Actor, now: datetime) -> tuple[list[Spot], int, int]:
    """Places that are not normal (worst first), how many others are normal, how many streams are silent."""
    rows = list(sensing.stations_board(by.world))
    statuses = _warning_words(by)
    spots: dict[str, Spot] = {}
    normal: set[str] = set()
    silent = 0
    for row in rows:
        stream = row.datastream
        station = stream.station
        period = stream.period_s / stream.speed
        lost = row.at is None or (now - row.at).total_seconds() > LOST_PERIODS * period
        silent += lost
        if row.level == 0 and not row.watched and not lost:
            normal.add(station.code)
            continue
        if station.code in spots:
            continue
        code, line = _ladder_next(row)
        value, unit = shown_value(row.value, stream.unit) if row.value is not None else ("—", stream.unit)
        word = ""
        if line is not None:
            figure, measure = shown_value(line, stream.unit)
            word = f"{level(code).word} {figure}" if measure == "cm" else f"{level(code).word} {figure} {measure}"
        shown = Level(row.level).code if row.level else ("lost" if lost else "watch")
        spots[station.code] = Spot(
            code=station.code,
            station=str(station.pk),
            name=clocks.place_word(station.place) if station.place else station.name,
            level=shown,
            value=value,
            unit=unit,
            at=row.at,
            period_s=period,
            speed=stream.speed,
            next_word=word,
            next_code=code,
            next_value=line,
            note=statuses.get(station.place_id, "") if station.place_id else "",
            trend="",
            datastream=stream.pk,
            lost=lost,
            url=f"/stations/{station.code}/",
        )
    return list(spots.values()), len(normal - set(spots)), silent


def with_curves(spots: list[Spot], now: datetime) -> list[Spot]:
    """The last readings of each shown place, one query for all; trend is the change over what is drawn."""
    if not spots:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT d.id, extract(epoch FROM o.at), o.value FROM unnest(%s::bigint[]) AS d(id) CROSS JOIN LATERAL "
            "(SELECT at, value FROM sensing_observation WHERE datastream_id = d.id AND (flags & %s) = 0 "
            "ORDER BY at DESC LIMIT %s) o ORDER BY d.id, o.at",
            [[spot.datastream for spot in spots], SUSPECT, SPARK_POINTS],
        )
        found: dict[int, list[tuple[float, float | None]]] = defaultdict(list)
        for stream, at, value in cursor.fetchall():
            found[stream].append((float(at), float(value)))
    return [replace(spot, points=found[spot.datastream], trend=_trend(spot, found[spot.datastream])) for spot in spots]


def _trend(spot: Spot, points: list[tuple[float, float | None]]) -> str:
    """+9 /10 分: the change over about ten minutes of the water's own clock."""
    if len(points) < 2:
        return ""
    last_t, last_v = points[-1]
    want = last_t - 600 / spot.speed
    first_t, first_v = min(points[:-1], key=lambda each: abs(each[0] - want))
    minutes = round((last_t - first_t) * spot.speed / 60)
    if minutes < 1 or last_v is None or first_v is None:
        return ""
    change = (last_v - first_v) * (100 if spot.unit == "cm" else 1)
    digits = 0 if spot.unit == "cm" else 1
    sign = "+" if change > 0 else "−" if change < 0 else ""
    return _("%(change)s /%(minutes)d 分") % {"change": f"{sign}{abs(change):.{digits}f}", "minutes": minutes}


def _warning_words(by: Actor) -> dict[UUID, str]:
    """What stands about a place's warning: 草稿, 生效…"""
    rows = alerts.queue(by.world).values_list("place_id", "status", "issued_at")
    return {place: clocks.word(STATUSES[status]) if status in STATUSES else status for place, status, _at in rows}


def level_word(number: int) -> str:
    return clocks.word(LEVELS[Level(number).code])


def relabelled(rows: list[clocks.Row], world: UUID) -> list[clocks.Row]:
    """A clock keeps the label of its start; a warning may have risen since: say what it is about now."""
    keys = [row.about_id for row in rows if row.about_type == "alerts.warning"]
    if not keys:
        return rows
    found = {str(row.pk): row for row in Warning.objects.in_world(world).filter(pk__in=keys).select_related("place")}
    said = {key: f"{clocks.place_word(row.place)}　{level_word(row.level)}" for key, row in found.items()}
    return [
        replace(row, label=said[row.about_id]) if row.about_type == "alerts.warning" and row.about_id in said else row
        for row in rows
    ]


def my_open(by: Actor, limit: int = 40) -> list[clocks.Row]:
    rows = Clock.objects.in_world(by.world).filter(clocks.mine(by), state__in=MACHINE.open_states)
    return relabelled(clocks.present(rows.order_by("-state", "due_at", "id")[:limit]), by.world)


def overdue(by: Actor, now: datetime, limit: int = 6) -> tuple[list[clocks.Row], int]:
    """Overdue ones of others in scope, the longest first; how many there are."""
    rows = clocks.open_rows(by).filter(state="running", due_at__lt=now).exclude(clocks.mine(by))
    return relabelled(clocks.present(rows.order_by("due_at", "id")[:limit]), by.world), rows.count()


def next_hour(by: Actor, now: datetime, limit: int = 5) -> list[clocks.Row]:
    """What others owe in the next hour, so that nothing arrives unseen."""
    rows = clocks.open_rows(by).filter(state="running", due_at__gte=now, due_at__lt=now + timedelta(hours=1))
    listed = rows.exclude(clocks.mine(by)).order_by("due_at", "id")[:limit]
    return relabelled(clocks.present(listed), by.world)


def closed_today(by: Actor, now: datetime) -> int:
    """How many clocks this person closed within twelve hours (one shift)."""
    rows = Clock.objects.in_world(by.world).filter(closed_by=by.person, closed_at__gte=now - timedelta(hours=12))
    return int(rows.count())


def burning(by: Actor) -> list[Incident]:
    """Open incidents the actor may see, the worst first."""
    order = {"special": 0, "major": 1, "larger": 2, "general": 3}
    rows = list(incidents.open_incidents(by).exclude(status="reported")[:50])
    return sorted(rows, key=lambda row: (-int(row.level_now), order.get(row.grade, 9), row.known_at))


def situation(by: Actor, now: datetime) -> dict[str, Any]:
    """The one line above everything: response, worst warning, sensors, calls, who leads."""
    responses = Response.objects.in_world(by.world).filter(status="active").select_related("incident")
    counts = CurrentValue.objects.filter(datastream__world_id=by.world, datastream__is_active=True)
    calls = Call.objects.in_world(by.world).filter(bulletin__warning__status__in=["issued", "revising", "revised"])
    answered = unanswered = 0
    for state in calls.values_list("state", flat=True):
        if state == "answered":
            answered += 1
        elif state in ("called", "passed"):
            unanswered += 1
    leader = people.by_role("duty_leader")
    silent = total = 0
    for at, period, speed in counts.values_list("at", "datastream__period_s", "datastream__speed"):
        total += 1
        silent += at is None or (now - at).total_seconds() > LOST_PERIODS * period / speed
    return {
        "response": max(responses, key=lambda each: Level.of(each.level), default=None),
        "bulletin": alerts.in_force(by.world, now).first(),
        "sensors": total,
        "silent": silent,
        "answered": answered,
        "unanswered": unanswered,
        "leader": leader[0] if leader else None,
        "newest": sensing.newest_time(by.world),
    }


def my_calls(by: Actor) -> list[Call]:
    """Calls that wait for this person's answer."""
    rows = Call.objects.in_world(by.world).filter(person_id=by.person, state__in=["called", "passed"])
    return list(rows.select_related("bulletin").order_by("called_at", "id")[:20])


def my_tasks(by: Actor) -> list[Task]:
    return list(command.my_tasks(by).exclude(status__in=["done", "waived"]).order_by("assigned_at", "code")[:40])


def centre_of(by: Actor) -> tuple[float, float]:
    """Where the map opens: the middle of the watched points."""
    points = [(place.location.x, place.location.y) for place in places.points()]
    if not points:
        return 123.35, 41.80
    return sum(x for x, _y in points) / len(points), sum(y for _x, y in points) / len(points)
