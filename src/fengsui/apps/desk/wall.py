"""What the command hall sees: who owes what, where it burns, how it goes on. No telephone number ever."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from fengsui.apps.alerts.models import Call
from fengsui.apps.alerts.rules import IN_FORCE
from fengsui.apps.command import queries as command
from fengsui.apps.command.models import Task
from fengsui.apps.command.rules import TASK, TASK_STATES
from fengsui.apps.desk import clocks, queries, wall_map
from fengsui.apps.desk.wall_chart import Curve, curve
from fengsui.apps.forecasts import queries as forecasts
from fengsui.apps.forecasts import rules as forecast_rules
from fengsui.apps.places import queries as places
from fengsui.apps.places.queries import place_word
from fengsui.apps.sensing import boards, curves, rules, series
from fengsui.apps.sensing import queries as sensing
from fengsui.apps.sensing.models import Datastream
from fengsui.core.ports import PortAbsent, port
from fengsui.core.ui import present
from fengsui.core.ui.present import level
from fengsui.kernel.actor import Actor
from fengsui.kernel.levels import Level

SHOWN = 12
"""Rows of a list that are sent; the browser shows as many as fit and says how many more there are."""
ON_MAP = 40
HOURS = 2.0
OLD_S = 180
"""Nothing received for so long: the wall says that its data are old, whatever its connection [U]."""


@dataclass(frozen=True, slots=True)
class Look:
    """How one hall is drawn: layout wide (3840x1080) or single (1920x1080), and its factor in percent."""

    layout: str
    factor: int

    @property
    def map_size(self) -> tuple[int, int]:
        """Pixels of the map's panel at 100 %: what the other columns leave (frontend/src/css/wall.css)."""
        k = self.factor / 100
        if self.layout == "wide":
            return max(600, round(3840 / k) - 920 - 680 - 1120), max(400, round(1080 / k) - 158 - 70)
        return max(500, round(1920 * 0.6 / k)), max(300, round((1080 / k - 158) * 0.58) - 70)


def facts(by: Actor, now: datetime, look: Look) -> dict[str, Any]:
    """Everything of one look at the hall; the number of queries does not grow with the number of rows."""
    spots = queries.with_curves(queries.board(by, now, SHOWN), now)
    tally = sensing.tally(by.world, now)
    situation = queries.situation(by, now, tally)
    response = situation["response"]
    lead = next((spot for spot in spots if not spot.lost), spots[0] if spots else None)
    return {
        "look": look,
        "looked_at": now,
        "situation": situation,
        "roman": Level.of(response.level).roman if response else "",
        "bulletin_level": Level(situation["bulletin"].level).code if situation["bulletin"] else "",
        "clocks": _clocks(by, now),
        "tasks": _tasks(by),
        "people": _people(by),
        "lead": lead,
        "lead_curve": _curve(lead, now, look) if lead else None,
        "spots": [spot for spot in spots if spot is not lead],
        "more_spots": max(0, tally.not_normal - len(spots)),
        "normal": tally.stations - tally.not_normal,
        "tally": tally,
        "old_s": OLD_S,
        "drawing": _drawing(by, now, look),
        "word": clocks.word,
        "level_word": lambda code: level(code).word,
        "illustrative": True,
    }


def _clocks(by: Actor, now: datetime) -> dict[str, Any]:
    rows = clocks.open_rows(by).filter(state="running")
    listed = queries.relabelled(clocks.present(rows.order_by("due_at", "id")[:SHOWN]), by.world)
    return {"rows": listed, "all": rows.count(), "overdue": rows.filter(due_at__lt=now).count()}


def _tasks(by: Actor) -> dict[str, Any]:
    """Open tasks: refused and blocked ones first, then those nobody has taken, then those under way."""
    order = {"declined": 0, "blocked": 1, "waiting": 2, "accepted": 3, "doing": 4}
    rows = list(
        command.tasks_visible_to(by).filter(status__in=TASK.open_states)
        .select_related("owner_post", "owner_org", "incident__place").order_by("assigned_at", "code")[:400]
    )  # fmt: skip
    rows.sort(key=lambda row: order.get(row.status, 9))
    english = boards.english()
    listed = [
        {
            "title": row.title_en if english and row.title_en else row.title,
            "status": row.status,
            "word": clocks.word(TASK_STATES[row.status]),
            "who": _owner(row),
            "at": place_word(row.incident.place) if row.incident.place else row.incident.address,
        }
        for row in rows[:SHOWN]
    ]
    waiting = sum(row.status in ("waiting", "declined", "blocked") for row in rows)
    return {"rows": listed, "all": len(rows), "waiting": waiting}


def _owner(row: Task) -> str:
    if row.owner_post:
        return row.owner_post.title
    return row.owner_org.name if row.owner_org else ""


def _people(by: Actor) -> dict[str, Any]:
    """Who was called and has not answered, the longest first; names and posts, no numbers."""
    rows = Call.objects.in_world(by.world).filter(bulletin__warning__status__in=IN_FORCE)
    open_rows = rows.filter(state__in=["called", "passed"]).order_by("called_at", "id")
    return {
        "rows": list(open_rows.select_related("bulletin")[:SHOWN]),
        "open": open_rows.count(),
        "answered": rows.filter(state="answered").count(),
    }


def _curve(spot: queries.Spot, now: datetime, look: Look) -> Curve:
    stream = Datastream.objects.all_worlds("the board chose it in its world").get(pk=spot.datastream)
    low = now - timedelta(hours=HOURS / spot.speed)
    found = series.thinned(stream, low, now + timedelta(milliseconds=1), now, 600).piece
    points = [(at / 1000, v) for at, v, why in curves.pairs(found, spot.said) if v is not None and not why]
    run = forecasts.newest_of([stream.pk], now, now - timedelta(hours=2)).get(stream.pk)
    if run and not forecast_rules.is_current(run.issued_at, run.horizon_s, run.speed, now):
        run = None
    said = spot.said
    start = [(run.issued_at.timestamp(), said.number(run.value))] if run else []
    ahead = start + [(row[0] / 1000, said.number(row[1])) for row in run.points] if run else []
    band = [(row[0] / 1000, said.number(row[2]), said.number(row[3])) for row in run.points] if run else []
    ladder = [
        (code, said.number(float(line)), f"{level(code).word} {said.number(float(line)):g}")
        for code in ("watch", *rules.LEVEL_CODES) if (line := stream.ladder.get(code)) is not None
    ]  # fmt: skip
    gaps = [(a / 1e6, b / 1e6) for a, b in found.gaps.tolist()]
    width = 1048 if look.layout == "wide" else max(400, round(1920 * 0.4 / (look.factor / 100)) - 72)
    height = 400 if look.layout == "wide" else 240
    return curve(
        points, gaps, ladder, low.timestamp(), now.timestamp(), ahead, band, run.issued_at if run else None,
        width, height,
    )  # fmt: skip


def _drawing(by: Actor, now: datetime, look: Look) -> wall_map.Drawing:
    """Not normal stations, incidents without one, closures; inside the box of all points that are watched."""
    closures = list(command.closures_now(by.world)[:ON_MAP])
    closed_at = {each.place_id for each in closures if each.place_id}
    symbols: dict[str, wall_map.Symbol] = {}
    at_places = set()
    for row in sensing.not_normal(by.world, now, ON_MAP * queries.STREAMS):
        station = row.datastream.station
        if station.code in symbols or len(symbols) == ON_MAP:
            continue
        at_places.add(station.place_id)
        said = boards.display_of(row.datastream)
        fresh = present.age(row.good_at, now, boards.wall_period_s(row.datastream))
        lost = fresh.state in ("lost", "never")
        code = Level(row.level).code if row.level else ("lost" if lost else "watch")
        name = place_word(station.place) if station.place else station.name
        value = fresh.text if lost else said.whole(row.good_value)
        value += "  ⊖" if station.place_id in closed_at else ""
        symbols[station.code] = wall_map.Symbol(station.location.x, station.location.y, code, "", name, value)
    others = [
        wall_map.Symbol(row.point.x, row.point.y, "", "事", row.title, "")
        for row in queries.burning(by) if row.place_id not in at_places
    ]  # fmt: skip
    closed = []
    for shut in closures:
        if shut.place_id not in at_places:
            middle = shut.line.interpolate_normalized(0.5)
            closed.append(wall_map.Symbol(middle.x, middle.y, "", "⊖", shut.name, ""))
    listed = [*symbols.values(), *others[:ON_MAP], *closed]
    width, height = look.map_size
    points = [(place.location.x, place.location.y) for place in places.points()]
    box = wall_map.box_of(points + [(each.lon, each.lat) for each in listed], width, height)
    placed = wall_map.place(listed, box)
    roads, water, illustrative = _base(box)
    return wall_map.Drawing(box, roads, water, placed, sum(each.label is None for each in placed), illustrative)


def _base(box: wall_map.Box) -> tuple[list[tuple[int, str]], list[tuple[bool, str]], bool]:
    try:
        found = port("basemap").drawing(box.west, box.south, box.east, box.north, box.width)
    except PortAbsent:
        return [], [], True
    return found.roads, found.water, found.illustrative
