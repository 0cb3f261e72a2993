"""What the duty desk shows, from the queries of the apps below."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q
from django.utils.translation import gettext as _

from fengsui.apps.alerts import queries as alerts
from fengsui.apps.alerts.models import Call, Warning
from fengsui.apps.alerts.rules import STATUSES
from fengsui.apps.command import queries as command
from fengsui.apps.command.models import Response, Task
from fengsui.apps.desk import clocks
from fengsui.apps.incidents import queries as incidents
from fengsui.apps.incidents.models import Incident, Report
from fengsui.apps.incidents.rules import STAGES
from fengsui.apps.people import queries as people
from fengsui.apps.people.models import Handover
from fengsui.apps.places import queries as places
from fengsui.apps.places.queries import place_word
from fengsui.apps.sensing import boards as sensing_boards
from fengsui.apps.sensing import queries as sensing
from fengsui.apps.sensing.models import CurrentValue
from fengsui.catalog.sensors import Display, display
from fengsui.core import policy, proofs, queues
from fengsui.core.models import Clock
from fengsui.core.ui.present import LOST_PERIODS, level
from fengsui.kernel.actor import Actor
from fengsui.kernel.clock import MACHINE
from fengsui.kernel.levels import LEVELS, Level
from fengsui.science.series.quality import SUSPECT

SHOWN = 8
STREAMS = 4
"""A station has some streams; so many rows are read for each place that is shown."""
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
    said: Display
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


def _ladder_next(row: CurrentValue) -> tuple[str, float | None]:
    """Code and value of the next line above the present level."""
    ladder = row.datastream.ladder or {}
    for code in ("blue", "yellow", "orange", "red"):
        line = ladder.get(code)
        if line is not None and Level.of(code) > row.level:
            return code, float(line)
    return "", None


def board(by: Actor, now: datetime, limit: int) -> list[Spot]:
    """At most `limit` places that are not normal, the worst first: their worst stream and its last trusted value."""
    rows = sensing.not_normal(by.world, now, limit * STREAMS)
    statuses = _warning_words(by, [row.datastream.station.place_id for row in rows])
    spots: dict[str, Spot] = {}
    for row in rows:
        stream = row.datastream
        station = stream.station
        if station.code in spots or len(spots) == limit:
            continue
        period = sensing_boards.wall_period_s(stream)
        lost = row.good_at is None or (now - row.good_at).total_seconds() > LOST_PERIODS * period
        code, line = _ladder_next(row)
        said = display(stream.kind, stream.unit)
        value = said.text(row.good_value) or "—"
        word = ""
        if line is not None:
            word = f"{level(code).word} {said.text(line)}" + ("" if said.unit == "cm" else f" {said.unit}")
        shown = Level(row.level).code if row.level else ("lost" if lost else "watch")
        spots[station.code] = Spot(
            code=station.code,
            station=str(station.pk),
            name=place_word(station.place) if station.place else station.name,
            level=shown,
            value=value,
            unit=said.unit,
            said=said,
            at=row.good_at,
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
    return list(spots.values())


def with_curves(spots: list[Spot], now: datetime) -> list[Spot]:
    """The last readings of each shown place, one query for all; trend is the change over what is drawn."""
    if not spots:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT d.id, extract(epoch FROM o.at), o.value FROM unnest(%s::bigint[]) AS d(id) CROSS JOIN LATERAL "
            f"({sensing.TRUSTED.format(where='datastream_id = d.id')}) o ORDER BY d.id, o.at",
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
    change = last_v - first_v
    figure = spot.said.text(abs(change))
    sign = "" if not float(figure) else "+" if change > 0 else "−"
    return _("%(change)s /%(minutes)d 分") % {"change": f"{sign}{figure}", "minutes": minutes}


def _warning_words(by: Actor, at: Iterable[UUID | None]) -> dict[UUID, str]:
    """What stands about a place's warning: 草稿, 生效…"""
    seen = alerts.visible_to(by).filter(place_id__in={each for each in at if each}).values("pk")
    rows = alerts.queue(by.world).filter(pk__in=seen).values_list("place_id", "status")
    return {place: clocks.word(STATUSES[status]) if status in STATUSES else status for place, status in rows}


def level_word(number: int) -> str:
    return clocks.word(LEVELS[Level(number).code])


def relabelled(rows: list[clocks.Row], world: UUID) -> list[clocks.Row]:
    """A clock keeps the label of its start; a warning may have risen since: say what it is about now."""
    keys = [row.about_id for row in rows if row.about_type == "alerts.warning"]
    if not keys:
        return rows
    found = {str(row.pk): row for row in Warning.objects.in_world(world).filter(pk__in=keys).select_related("place")}
    said = {key: f"{place_word(row.place)}　{level_word(row.level)}" for key, row in found.items()}
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


QUEUED = 9_999
"""The desk counts the jobs that wait up to here, and says "more" from there on."""


def parts_silent(by: Actor, now: datetime) -> int:
    """Parts of the system that are silent, asked by the page itself: the engine that should tell may be the one."""
    links = proofs.sources().get("core.link")
    return links.tally(by.world, now)["silent"] if links else 0


def situation(by: Actor, now: datetime, tally: sensing.Tally) -> dict[str, Any]:
    """The one line above everything: response, worst warning, sensors (as `tally` counted them), calls, who leads."""
    responses = Response.objects.in_world(by.world).filter(status="active").select_related("incident")
    calls = Call.objects.in_world(by.world).filter(bulletin__warning__status__in=["issued", "revising", "revised"])
    # Counted where they lie: a mass sending has a hundred thousand of them, and every open page asks.
    called = calls.aggregate(
        answered=Count("pk", filter=Q(state="answered")),
        unanswered=Count("pk", filter=Q(state__in=["called", "passed"])),
    )
    leader = people.by_role("duty_leader")
    return {
        "response": max(responses, key=lambda each: Level.of(each.level), default=None),
        "bulletin": alerts.in_force(by.world, now).first(),
        "parts_silent": parts_silent(by, now),
        "queued": queued if (queued := queues.waiting(QUEUED + 1)) >= queues.DEEP else 0,
        "queued_most": QUEUED,
        "sensors": tally.streams,
        "silent": tally.silent,
        **called,
        "leader": leader[0] if leader else None,
        "newest": tally.newest,
    }


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something nobody can do but this person or a peer, for which no clock of theirs runs."""

    verb: str
    label: str
    url: str


def waiting(by: Actor) -> list[Waiting]:
    """A shift that waits to be taken, reports for a second person's signature, incidents to be closed: oldest first."""
    found = []
    if policy.can(by, "people.hand_over"):
        offered = Handover.objects.in_world(by.world).filter(status="offered", post__in=by.posts)
        for_me = offered.exclude(outgoing=by.person).filter(Q(incoming=None) | Q(incoming=by.person))
        for shift in for_me.select_related("post", "outgoing").order_by("offered_at")[:5]:
            found.append(Waiting(_("接班"), f"{shift.post.title}　{shift.outgoing.name}", f"/handover/{shift.pk}/"))
    if by.has_role("duty_leader", "commander"):
        reports = Report.objects.in_world(by.world).filter(status="review", incident__in=incidents.visible_to(by))
        rows = reports.exclude(drafted_by=by.person).select_related("incident").order_by("drafted_at")[:20]
        for row in rows:
            verb = _("审核签发%(stage)s") % {"stage": clocks.word(STAGES[row.stage])}
            found.append(Waiting(verb, row.title, f"/incidents/reports/{row.pk}/"))
        done = incidents.visible_to(by).filter(status="reported").order_by("known_at")[:20]
        found += [Waiting(_("归档事件"), row.title, f"/incidents/{row.pk}/close") for row in done]
    return found


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
