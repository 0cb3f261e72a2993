"""积水推演: asked by a person, computed by a job, frozen with its answer; stopped, or told why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.db.transaction import atomic

from fengsui.apps.forecasts import asking, breaches, events, rules
from fengsui.apps.forecasts.models import FloodFrame, FloodRun
from fengsui.apps.places.models import Place
from fengsui.core import live, policy
from fengsui.core.record import announce
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import Invalid, NotFound, Refused
from fengsui.kernel.ports.floods import Answer

TOPIC = "forecasts.floods"
LIGHT = ("deepest", "grid")
"""Columns that lists and pages do not fetch."""


def page(flood_id: UUID) -> str:
    return f"/floods/{flood_id}/"


def title_of(place: Place | None, asked: Mapping[str, Any]) -> str:
    where = place.name if place else f"{asked['lon']:.4f}, {asked['lat']:.4f}"
    return f"{where} {rules.storm_words(asked['rain'])[0]}"[:120]


def topic_of(flood_id: UUID) -> str:
    return f"forecasts.flood:{flood_id}"


# --- reading -------------------------------------------------------------------------------------------------------


def visible_to(by: Actor) -> QuerySet[FloodRun]:
    """Of this world, whoever may see any: where water goes is no secret inside the district."""
    rows: QuerySet[FloodRun] = FloodRun.objects.in_world(by.world)
    return rows if policy.can(by, "forecasts.see_floods") else rows.none()


def get(flood_id: UUID, by: Actor) -> FloodRun:
    found = visible_to(by).defer(*LIGHT).select_related("place").filter(pk=flood_id).first()
    if found is None:
        raise NotFound("forecasts.flood.not_found")
    return found


def column(flood_id: UUID, name: str, by: Actor) -> bytes:
    """`deepest` or `grid` alone. Raises NotFound where there is none, or none any more."""
    found = visible_to(by).filter(pk=flood_id).values_list(name, flat=True).first()
    if not found:
        raise NotFound("forecasts.flood.not_found")
    return bytes(found)


def frame(flood_id: UUID, n: int, by: Actor) -> bytes:
    """One picture, by one question: a page that plays asks for forty of them."""
    found = FloodFrame.objects.filter(flood__in=visible_to(by).filter(pk=flood_id), n=n).values_list(
        "picture", flat=True
    )
    picture = found.first()
    if picture is None:
        raise NotFound("forecasts.flood.not_found")
    return bytes(picture)


@dataclass(frozen=True, slots=True)
class Trial:
    """What an incident's page shows of one: which streets would be cut. The answer's other half stays where it is."""

    id: UUID
    asked_at: datetime
    cuts: list[dict[str, Any]]
    illustrative: bool


def newest_of(incident: UUID, world: UUID) -> Trial | None:
    """The newest answer that was asked for an incident."""
    rows = FloodRun.objects.in_world(world).filter(incident=incident, status="done").order_by("-asked_at")
    found = rows.values_list("pk", "asked_at", "answer__cuts", "answer__illustrative").first()
    return Trial(*found) if found else None


# --- verbs ---------------------------------------------------------------------------------------------------------


@atomic
def ask(
    *, title: str, asked: Mapping[str, Any], place: Place | None, incident: UUID | None, by: Actor, now: datetime
) -> FloodRun:
    """Raises Invalid by the field, OutOfRange by the model's input; Refused while too many of this world wait."""
    policy.require(by, "forecasts.ask_flood")
    sound(asked)
    if FloodRun.objects.in_world(by.world).filter(status__in=("waiting", "running")).count() >= rules.MOST_WAITING:
        raise Refused("forecasts.flood.too_many", most=rules.MOST_WAITING)
    row: FloodRun = FloodRun.objects.create(
        world_id=by.world, title=title, place=place, incident=incident, asked=dict(asked), asked_by=by.person,
        asked_at=now, correlation=by.correlation,
    )  # fmt: skip
    announce(events.FloodAsked(row.pk, row.title, incident), about=row, by=by, after=row.asked, topics=_topics(row))
    return row


def sound(asked: Mapping[str, Any]) -> None:
    """Raises Invalid by the field, OutOfRange by the model's input."""
    if asked["width_m"] not in rules.WIDTHS_M:
        raise Invalid("forecasts.flood.width", field="width_m")
    if asked["cell_m"] not in rules.CELLS_M:
        raise Invalid("forecasts.flood.cell", field="cell_m")
    if not 0 <= float(asked["drained_mm_h"]) <= 200:
        raise Invalid("forecasts.flood.drained", field="drained_mm_h")
    if float(asked.get("sewers_a", 0)) not in (0, *rules.SEWERS_A):
        raise Invalid("forecasts.flood.sewers", field="sewers_a")
    if asked.get("sewers_a") and not asking.formulas():
        raise Invalid("forecasts.flood.no_formula", field="sewers_a")
    if not 0 <= float(asked["pumps"]) <= 1:
        raise Invalid("forecasts.flood.pumps", field="pumps")
    if asked.get("gates", "open") not in rules.GATES:
        raise Invalid("forecasts.flood.gates", field="gates")
    if asked.get("gates") == "shut" and not asked.get("sewers_a"):
        raise Invalid("forecasts.flood.no_gates", field="gates")
    if not 0 <= float(asked.get("standing_m", 0)) <= rules.DEEPEST_STANDING_M:
        raise Invalid("forecasts.flood.standing", field="standing_m", most=rules.DEEPEST_STANDING_M)
    asking.rain_of(asked["rain"])
    breaches.sound(asked)


@atomic
def begin(*, flood_id: UUID) -> FloodRun | None:
    """The job has it. None where nobody wants it any more; a repeated job begins anew."""
    row = _locked(flood_id)
    if row.status not in ("waiting", "running"):
        return None
    row.status, row.share = rules.FLOOD.next(row.status, "begin"), 0.0
    row.save(update_fields=["status", "share"])
    live.touch(_topics(row), row.world_id)
    return row


def advance(*, flood_id: UUID, share: float, world: UUID) -> bool:
    """How far it is; False where it was stopped meanwhile. No event: a share is no fact that anybody is held to."""
    rows = FloodRun.objects.in_world(world).filter(pk=flood_id, status="running")
    if not rows.update(share=share):
        return False
    live.touch([topic_of(flood_id)], world)
    return True


@atomic
def finish(*, flood_id: UUID, answer: Answer, by: Actor, now: datetime) -> None:
    """The answer with its pictures, at once or not at all. Of a run that was stopped it is thrown away."""
    row = _locked(flood_id)
    if row.status != "running":
        return
    names = {str(each.pk): each for each in Place.objects.filter(pk__in=[each.key for each in answer.told])}
    places = [
        {
            "id": each.key, "code": names[each.key].code, "kind": names[each.key].kind, "name": names[each.key].name,
            "name_en": names[each.key].name_en, "deepest_m": round(each.deepest_m, 3),
            "arrival_s": list(each.arrival_s), "depth_m": [round(depth, 3) for depth in each.depth_m],
        }
        for each in answer.told
        if each.key in names and each.deepest_m >= 0.05
    ]  # fmt: skip
    cuts = [
        {
            "name": each.name, "from_s": each.from_s, "until_s": each.until_s, "deepest_m": round(each.deepest_m, 2),
            "at": each.at, "line": each.line,
        }
        for each in answer.cuts
    ]  # fmt: skip
    row.status, row.share, row.ended_at = rules.FLOOD.next(row.status, "finish"), 1.0, now
    row.deepest, row.grid = answer.deepest, answer.grid
    row.answer = {
        "box": answer.box, "frames": [at for at, _picture in answer.frames], "cuts": cuts,
        "places": sorted(places, key=lambda each: -each["deepest_m"]), "water": answer.water,
        "flooded_m2": answer.flooded_m2, "remarks": answer.remarks, "facts": answer.facts,
        "illustrative": answer.illustrative, "looked_at": len(answer.told),
    }  # fmt: skip
    row.save(update_fields=["status", "share", "ended_at", "deepest", "grid", "answer"])
    FloodFrame.objects.filter(flood=row).delete()
    FloodFrame.objects.bulk_create(
        FloodFrame(flood=row, n=n, at_s=at, picture=picture) for n, (at, picture) in enumerate(answer.frames)
    )
    facts = answer.facts
    announce(
        events.FloodDone(row.pk, row.title, facts["inputs"], len(places), len(cuts), float(facts["took_s"])),
        about=row, by=by, topics=_topics(row),
    )  # fmt: skip


@atomic
def fail(*, flood_id: UUID, reason: str, by: Actor, now: datetime) -> None:
    row = _locked(flood_id)
    if row.status not in ("waiting", "running"):
        return
    row.status, row.reason, row.ended_at = rules.FLOOD.next(row.status, "fail"), reason[:300], now
    row.save(update_fields=["status", "reason", "ended_at"])
    announce(events.FloodFailed(row.pk, row.title, row.reason), about=row, by=by, topics=_topics(row))


@atomic
def stop(*, flood_id: UUID, by: Actor, now: datetime) -> None:
    """Raises Refused where it has ended already."""
    policy.require(by, "forecasts.ask_flood")
    get(flood_id, by)
    row = _locked(flood_id)
    row.status = rules.FLOOD.next(row.status, "stop")
    row.ended_at = now
    row.save(update_fields=["status", "ended_at"])
    announce(events.FloodStopped(row.pk, row.title), about=row, by=by, topics=_topics(row))


def forget(now: datetime) -> int:
    """Pictures and grids of old runs go; what was asked and what came of it stays. How many runs."""
    old = FloodRun.objects.all_worlds("upkeep serves every world").filter(
        ended_at__lt=now - timedelta(days=rules.FLOOD_DAYS), grid__isnull=False
    )
    keys = list(old.values_list("pk", flat=True)[:500])
    FloodFrame.objects.filter(flood_id__in=keys).delete()
    FloodRun.objects.all_worlds("upkeep serves every world").filter(pk__in=keys).update(deepest=None, grid=None)
    return len(keys)


def _locked(flood_id: UUID) -> FloodRun:
    row: FloodRun = (
        FloodRun.objects.all_worlds("its key is of one world; the caller has looked")
        .defer(*LIGHT)
        .select_for_update()
        .get(pk=flood_id)
    )
    return row


def _topics(row: FloodRun) -> tuple[str, ...]:
    return TOPIC, topic_of(row.pk)
