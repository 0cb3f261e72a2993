"""The replay of an incident: tracks of stations, warnings, teams, closures and the incident, from stored records only.

Bounded whatever the story holds: so many streams, so many points a stream (each bucket's first, last, lowest and
highest), so many steps. The same tracks are drawn by the browser and listed by the server.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.gis.db.models.functions import Distance
from django.contrib.gis.measure import D
from django.db import connection
from django.db.models import Q
from django.utils.translation import gettext as _
from lxml import etree

from fengsui.apps.alerts.models import Bulletin
from fengsui.apps.command.models import Closure, Movement, Order
from fengsui.apps.command.rules import CLOSURE_KINDS, MOVEMENT, ON_SITE, STAGES
from fengsui.apps.command.timeline import LEFT_OUT_BRIEFLY, SAID, TASK_TITLED
from fengsui.apps.incidents.models import Incident
from fengsui.apps.incidents.page import word
from fengsui.apps.incidents.rules import STATES
from fengsui.apps.incidents.rules import page as room
from fengsui.apps.reviews import telling
from fengsui.apps.reviews.tracks import State, Track, area_of
from fengsui.apps.sensing.models import Datastream, Observation
from fengsui.core.models import StoredEvent
from fengsui.kernel.levels import LEVELS, Level

STREAMS, BUCKETS, STEPS, ROWS = 24, 80, 500, 200
"""At most so many streams, buckets of time a stream, steps, and rows of each other kind."""
NEAR = D(km=2)
CROSSED = "sensing.ThresholdCrossed"
CAP = {"cap": "urn:oasis:names:tc:emergency:cap:1.2"}
STATUS_AFTER = {
    "incidents.IncidentOpened": "received",
    "incidents.IncidentVerified": "verified",
    "incidents.IncidentResponding": "responding",
    "incidents.IncidentResumed": "responding",
    "incidents.IncidentEnded": "ended",
    "incidents.IncidentConcluded": "reported",
    "incidents.IncidentClosed": "closed",
    "incidents.IncidentStopped": "closed",
    "incidents.IncidentMerged": "merged",
    "incidents.IncidentDismissed": "false_alarm",
}


@dataclass(frozen=True, slots=True)
class Step:
    """A moment to step to. at_s: seconds since the window's start."""

    at_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Replay:
    """cut: what was left out to keep it bounded, in words."""

    start: datetime
    end: datetime
    steps: list[Step]
    tracks: list[Track]
    cut: list[str]

    @property
    def span_s(self) -> float:
        return (self.end - self.start).total_seconds()

    def plain(self) -> dict[str, Any]:
        """As the browser gets it."""
        return {
            "start": self.start.isoformat(),
            "span": self.span_s,
            "steps": [[round(each.at_s, 3), each.text] for each in self.steps],
            "tracks": [_plain(each) for each in self.tracks],
        }


def _plain(track: Track) -> dict[str, Any]:
    return {
        "id": track.id,
        "kind": track.kind,
        "name": track.name,
        "geometry": track.geometry,
        "url": track.url,
        "mark": track.mark,
        "stale": track.stale_s,
        "states": [
            {
                "at": round(each.at_s, 3),
                "said": each.said,
                **({"level": each.level} if each.level != "none" else {}),
                **({"label": each.label} if each.label else {}),
                **({"gone": True} if each.gone else {}),
                **({"point": each.point} if each.point else {}),
                **({"style": each.style} if each.style else {}),
                **({"reported": True} if each.reported else {}),
            }
            for each in track.states
        ],
    }


def of_incident(incident: Incident, now: datetime) -> Replay:
    """Eleven questions, however long it was. Until it was filed or ended; until `now` while it goes on."""
    every = StoredEvent.objects.filter(correlation=incident.correlation, world_id=incident.world_id).order_by(
        "at", "id"
    )
    events = list(every.filter(name__in=[*STATUS_AFTER, "incidents.IncidentRaised", CROSSED]))
    first = every.values_list("at", flat=True).first()
    begun = [datetime.fromisoformat(each.payload["first_at"]) for each in events if "first_at" in each.payload]
    start = min([incident.known_at, *begun, *([first] if first else [])])
    end = max(incident.closed_at or incident.ended_at or now, start + timedelta(seconds=1))
    cut: list[str] = []
    found = _Window(incident, start, end, cut)
    tracks = [found.incident(events), *found.stations(events), *found.warnings(), *found.teams(), *found.closures()]
    names = [name for name in SAID if name not in LEFT_OUT_BRIEFLY]
    told = list(every.filter(name__in=names, at__lte=end)[: STEPS + 1])
    if len(told) > STEPS:
        cut.append(_("只列前 %(n)d 步") % {"n": STEPS})
    titles = {str(pk): title for pk, title in incident.tasks.values_list("pk", "title")}
    steps = [Step(found.s(each.at), _told(each, titles)) for each in told[:STEPS]]
    return Replay(start, end, steps, tracks, cut)


def _told(event: StoredEvent, titles: dict[str, str]) -> str:
    title = titles.get(str(event.payload.get("task_id", ""))) if event.name in TASK_TITLED else None
    return f"{title}　{telling.say(event)}" if title else telling.say(event)


class _Window:
    """One incident between two moments; each method asks for one kind of track."""

    def __init__(self, incident: Incident, start: datetime, end: datetime, cut: list[str]) -> None:
        self.of, self.start, self.end, self.cut = incident, start, end, cut
        self.world = incident.world_id

    def s(self, at: datetime) -> float:
        return (at - self.start).total_seconds()

    def _most(self, rows: Sequence[Any], kind: str) -> Sequence[Any]:
        if len(rows) > ROWS:
            self.cut.append(_("%(kind)s只画前 %(n)d 个") % {"kind": kind, "n": ROWS})
        return rows[:ROWS]

    def incident(self, events: Sequence[StoredEvent]) -> Track:
        level, states = "none", []
        mine = [each for each in events if each.payload.get("incident_id") == str(self.of.pk)]
        status = ""
        for event in mine:
            level = str(event.payload.get("level_to") or event.payload.get("level") or level)
            level = level if level in LEVELS else "none"
            status = STATUS_AFTER.get(event.name, status)
            if event.name in STATUS_AFTER or event.name == "incidents.IncidentRaised":
                said = f"{word(STATES, status)}　{word(LEVELS, level)}" if status else telling.say(event)
                states.append(State(self.s(event.at), said, level, word(STATES, status)))
        if not states:
            states = [State(self.s(self.of.opened_at), word(STATES, "received"), "none", word(STATES, "received"))]
        mark = _("事")
        return Track(str(self.of.pk), "incidents", self.of.title, _point(self.of.point), states, room(self.of.pk), mark)

    def stations(self, events: Sequence[StoredEvent]) -> list[Track]:
        own = {
            int(each.payload["datastream"]) for each in events if each.name == CROSSED and "datastream" in each.payload
        }
        rows = Datastream.objects.in_world(self.world).select_related("station")
        near = rows.filter(station__location__dwithin=(self.of.point, _degrees())).exclude(ladder={})
        nearest = near.annotate(far=Distance("station__location", self.of.point)).order_by("far", "pk")[: STREAMS + 1]
        streams = {each.pk: each for each in rows.filter(pk__in=own).order_by("pk")[:STREAMS]}
        for each in nearest:
            if len(streams) >= STREAMS and each.pk not in streams:
                self.cut.append(_("只画 %(n)d 个测站") % {"n": STREAMS})
                break
            streams.setdefault(each.pk, each)
        values = thinned(list(streams), self.start, self.end)
        moved: dict[int, list[StoredEvent]] = {}
        crossed = StoredEvent.objects.filter(
            name=CROSSED, world_id=self.world, at__gte=self.start - timedelta(hours=1), at__lte=self.end
        )
        for event in crossed.filter(payload__datastream__in=list(streams)).order_by("at", "id")[:2000]:
            moved.setdefault(int(event.payload["datastream"]), []).append(event)
        return [self._station(each, values.get(pk, []), moved.get(pk, [])) for pk, each in sorted(streams.items())]

    def _station(self, stream: Datastream, values: list[tuple[datetime, float]], moved: list[StoredEvent]) -> Track:
        steps = [(self.s(each.at), each.payload["level_to"]) for each in moved]
        before = moved[0].payload["level_from"] if moved else "none"
        states = []
        for at, value in values:
            level = next((to for after, to in reversed(steps) if after <= self.s(at)), before)
            label = _shown(value, stream.unit)
            states.append(State(self.s(at), f"{label}　{word(LEVELS, level)}", level, label))
        for event in moved:
            level, label = event.payload["level_to"], _shown(event.payload["value"], stream.unit)
            states.append(State(self.s(event.at), f"{label}　{word(LEVELS, level)}", level, label))
        states.sort(key=lambda each: each.at_s)
        stale = max(3 * stream.period_s / stream.speed, 2 * (self.end - self.start).total_seconds() / BUCKETS)
        place = stream.station
        page = telling.page_of(StoredEvent(name=CROSSED, payload={"station_code": place.code}))
        return Track(f"s{stream.pk}", "stations", place.name, _point(place.location), states, page, "", stale)

    def warnings(self) -> list[Track]:
        """The area stands in the bulletin as it was sent; it holds until the next one of its warning, or its expiry."""
        rows = Bulletin.objects.in_world(self.world).filter(correlation=self.of.correlation, sent_at__lte=self.end)
        found: dict[UUID, tuple[Track, list[State]]] = {}
        for each in self._most(list(rows.order_by("sent_at", "sequence")[: ROWS + 1]), _("预警")):
            over = each.kind in ("all_clear", "cancel")
            level = Level(each.level).code
            state = State(self.s(each.sent_at), each.headline, level, word(LEVELS, level), gone=over)
            expiry = State(self.s(each.expires_at), _("已过有效期"), gone=True)
            if each.warning_id in found:
                states = found[each.warning_id][1]
                states[:] = [kept for kept in states if kept.at_s <= state.at_s]
            elif (area := _area(bytes(each.sent_xml))) is not None:
                states = []
                page = telling.page_of(StoredEvent(name="alerts.BulletinIssued", payload={"bulletin_id": str(each.pk)}))
                found[each.warning_id] = (
                    Track(str(each.warning_id), "areas", each.place_name, area, states, page),
                    states,
                )
            else:
                continue
            states += [state] if over else [state, expiry]
        return [track for track, _states in found.values()]

    def teams(self) -> list[Track]:
        """Where each team said it was. On the way nothing is known of it but its road: it stays where it last was."""
        orders = list(Order.objects.in_world(self.world).filter(incident=self.of, issued_at__lte=self.end)[: ROWS + 1])
        orders = list(self._most(orders, _("队伍")))
        moves: dict[UUID, list[Movement]] = {}
        for move in Movement.objects.in_world(self.world).filter(order__in=orders).order_by("at", "pk"):
            moves.setdefault(move.order_id, []).append(move)
        found = []
        for order in orders:
            at, known = order.from_point, False
            states = [self._team(order.issued_at, "issued", at, known)]
            roads = [State(self.s(order.issued_at), order.team_name, label=order.team_name, style="ahead")]
            for move in moves.get(order.pk, []):
                if move.position or move.stage in ON_SITE:
                    at, known = move.position or order.to_point, True
                states.append(self._team(move.at, move.stage, at, known))
                gone, style = move.stage in MOVEMENT.final, "done" if move.stage in ON_SITE else "ahead"
                roads.append(State(self.s(move.at), order.team_name, label=order.team_name, style=style, gone=gone))
            page, key = f"/orders/{order.pk}/", str(order.pk)
            found.append(
                Track(key, "teams", order.team_name, _point(order.from_point), states, page, order.team_name[:1])
            )
            if order.route is not None:
                line = {"type": "LineString", "coordinates": [list(pair) for pair in order.route.coords]}
                found.append(Track(f"r{key}", "routes", order.team_name, line, roads, page))
        return found

    def _team(self, at: datetime, stage: str, point: Any, known: bool) -> State:
        said, gone = word(STAGES, stage), stage in MOVEMENT.final
        return State(self.s(at), said, label=said, gone=gone, point=(point.x, point.y), reported=known)

    def closures(self) -> list[Track]:
        """Those of the incident, and those of its place meanwhile: water closes a road before anybody reports it."""
        here = Q(incident=self.of)
        if self.of.place_id:
            here |= Q(place_id=self.of.place_id, incident=None)
        rows = Closure.objects.in_world(self.world).filter(here, since__lte=self.end)
        rows = rows.exclude(until__lt=self.start)
        found = []
        for each in self._most(list(rows.order_by("since")[: ROWS + 1]), _("封控")):
            states = [State(self.s(each.since), f"{word(CLOSURE_KINDS, each.kind)}：{each.reason}")]
            if each.until:
                states.append(State(self.s(each.until), _("放行"), gone=True))
            line = {"type": "LineString", "coordinates": [list(pair) for pair in each.line.coords]}
            found.append(Track(str(each.pk), "closures", each.name, line, states, room(self.of.pk)))
        return found


def thinned(streams: Sequence[int], start: datetime, end: datetime) -> dict[int, list[tuple[datetime, float]]]:
    """Trusted readings in the window by stream: of each bucket its first, last, lowest and highest, in order."""
    if not streams:
        return {}
    width = (end - start).total_seconds() / BUCKETS
    part = "OVER (PARTITION BY s, b ORDER BY"
    sql = (
        "WITH r AS (SELECT datastream_id AS s, at, value, "
        "least(%s, floor(extract(epoch FROM at - %s) / %s))::int AS b "
        f"FROM {Observation._meta.db_table} "
        "WHERE datastream_id = ANY(%s) AND at BETWEEN %s AND %s AND flags = 0), "
        f"k AS (SELECT s, at, value, row_number() {part} at, value) AS one, "
        f"row_number() {part} at DESC, value DESC) AS last, row_number() {part} value, at) AS low, "
        f"row_number() {part} value DESC, at) AS high FROM r) "
        "SELECT s, at, value FROM k WHERE 1 IN (one, last, low, high) ORDER BY s, at, value"
    )
    found: dict[int, list[tuple[datetime, float]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(sql, [BUCKETS - 1, start, width, list(streams), start, end])
        for stream, at, value in cursor.fetchall():
            found.setdefault(stream, []).append((at, value))
    return found


def _area(sent: bytes) -> dict[str, Any] | None:
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(sent, parser)
    except etree.XMLSyntaxError:
        return None
    circles, polygons = (root.xpath(f"//cap:area/cap:{name}/text()", namespaces=CAP) for name in ("circle", "polygon"))
    return area_of([str(each) for each in circles], [str(each) for each in polygons])


def _point(point: Any) -> dict[str, Any]:
    return {"type": "Point", "coordinates": [point.x, point.y]}


def _degrees() -> float:
    """NEAR in degrees of latitude, for the spatial index; a little wide to the east and west."""
    return float(NEAR.km) / 111.0


def _shown(value: float, unit: str) -> str:
    return f"{value * 100:.0f} cm" if unit == "m" else f"{value:g} {unit}"
