"""What happened at the places of some streams: lines crossed, warnings issued and ended, incidents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from fengsui.apps.alerts import queries as alerts
from fengsui.apps.desk import clocks
from fengsui.apps.incidents import queries as incidents
from fengsui.apps.places.queries import place_word
from fengsui.apps.sensing import boards
from fengsui.apps.sensing.models import Datastream
from fengsui.core.models import StoredEvent
from fengsui.kernel.actor import Actor
from fengsui.kernel.levels import LEVELS, Level

MOST = 200
"""Of each kind; the newest."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One moment. kind: crossing, warning, lifted, incident. level: code of the shape that is drawn, or ""."""

    at: datetime
    kind: str
    level: str
    text: str
    url: str


def marks(streams: Sequence[Datastream], by: Actor, low: datetime, high: datetime) -> list[Mark]:
    """What the actor may know of, by time. Three queries, however many streams."""
    if not streams:
        return []
    places = {each.station.place_id for each in streams if each.station.place_id}
    found = [*_crossings(streams, by, low, high), *_warnings(by, places, low, high), *_incidents(by, places, low, high)]
    return sorted(found, key=lambda each: each.at)


def _crossings(streams: Sequence[Datastream], by: Actor, low: datetime, high: datetime) -> list[Mark]:
    of = {str(each.pk): each for each in streams}
    rows = StoredEvent.objects.filter(
        world_id=by.world, about_type="sensing.datastream", about_id__in=of, name="sensing.ThresholdCrossed",
        at__gte=low,
    ).order_by("-id")  # fmt: skip
    marks = []
    for row in rows[: 2 * MOST]:
        at = datetime.fromisoformat(row.payload["at"])
        if not low <= at < high:
            continue
        stream, level = of[row.about_id], str(row.payload["level_to"])
        shown = boards.display_of(stream)
        name = boards.place_name(stream.station) or stream.station.name
        if level == "none":
            text = _("%(name)s 回到正常 %(value)s")
        elif Level.of(level) > Level.of(str(row.payload["level_from"])):
            text = _("%(name)s 过%(level)s线 %(value)s")
        else:
            text = _("%(name)s 降到%(level)s %(value)s")
        said = {"name": name, "level": _level(level), "value": shown.whole(row.payload["value"])}
        marks.append(Mark(at, "crossing", level, text % said, f"/chain/{row.correlation}/"))
    return marks[:MOST]


def _level(code: str) -> str:
    return clocks.word(LEVELS[code])


def _warnings(by: Actor, places: set[UUID], low: datetime, high: datetime) -> list[Mark]:
    rows = alerts.visible_to(by).filter(place_id__in=places)
    rows = rows.filter(Q(issued_at__gte=low, issued_at__lt=high) | Q(ended_at__gte=low, ended_at__lt=high))
    found = []
    for row in rows.order_by("-drafted_at")[:MOST]:
        level = Level(row.level_in_force or row.level).code
        said = {"name": place_word(row.place), "level": _level(level)}
        if row.issued_at and low <= row.issued_at < high:
            found.append(
                Mark(row.issued_at, "warning", level, _("签发 %(name)s %(level)s预警") % said, f"/warnings/{row.pk}/")
            )
        if row.issued_at and row.ended_at and low <= row.ended_at < high:
            found.append(Mark(row.ended_at, "lifted", "", _("解除 %(name)s 预警") % said, f"/warnings/{row.pk}/"))
    return found


def _incidents(by: Actor, places: set[UUID], low: datetime, high: datetime) -> list[Mark]:
    rows = incidents.visible_to(by).filter(place_id__in=places, known_at__gte=low, known_at__lt=high)
    return [
        Mark(row.known_at, "incident", "", _("事件 %(title)s") % {"title": row.title}, f"/incidents/{row.pk}/")
        for row in rows.order_by("-known_at")[:MOST]
    ]
