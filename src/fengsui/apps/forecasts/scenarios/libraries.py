"""Verbs of a library: asked, computed by a job scenario by scenario, paused and carried on, retired."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.db.transaction import atomic

from fengsui.apps.forecasts import events, floods
from fengsui.apps.forecasts.scenarios import axes as rules
from fengsui.apps.forecasts.scenarios import kept
from fengsui.apps.forecasts.scenarios.models import Scenario, ScenarioLibrary
from fengsui.apps.places.models import Place
from fengsui.core import live, policy
from fengsui.core.record import announce
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import NotFound, Refused
from fengsui.kernel.ports.floods import Answer
from fengsui.kernel.ports.floods import Refused as NoAnswer

TOPIC = "forecasts.scenarios"
MOST_PLACES = 60
"""Of one scenario, the deepest first: what a page shows of it."""


def topic_of(library_id: UUID) -> str:
    return f"forecasts.scenarios:{library_id}"


def visible_to(by: Actor) -> QuerySet[ScenarioLibrary]:
    """As floods: whoever may see one may see many."""
    rows: QuerySet[ScenarioLibrary] = ScenarioLibrary.objects.in_world(by.world).defer("reduced")
    return rows if policy.can(by, "forecasts.see_floods") else rows.none()


def counted(rows: QuerySet[ScenarioLibrary]) -> QuerySet[Any]:
    """With how many of its scenarios are computed, and how many failed."""
    return rows.annotate(
        done=Count("scenarios", filter=Q(scenarios__status="done")),
        failed=Count("scenarios", filter=Q(scenarios__status="failed")),
    ).order_by("-asked_at")  # a sum takes the rows' own order away


def get(library_id: UUID, by: Actor) -> Any:
    found = counted(visible_to(by)).select_related("place").filter(pk=library_id).first()
    if found is None:
        raise NotFound("forecasts.scenarios.not_found")
    return found


@atomic
def ask(
    *, base: Mapping[str, Any], axes: Mapping[str, Sequence[Any]], place: Place | None, by: Actor, now: datetime
) -> ScenarioLibrary:
    """Raises Invalid by the field, OutOfRange by the model's input; Refused while too many wait or are computed."""
    policy.require(by, "forecasts.ask_flood")
    rules.sound(base, axes)
    asked = rules.questions(base, axes)
    for each in asked:
        floods.sound(each)
    under_way = ScenarioLibrary.objects.in_world(by.world).filter(status__in=("waiting", "running")).count()
    if under_way >= rules.MOST_WAITING:
        raise Refused("forecasts.scenarios.too_many", most=rules.MOST_WAITING)
    where = place.name if place else f"{base['lon']:.4f}, {base['lat']:.4f}"
    row: ScenarioLibrary = ScenarioLibrary.objects.create(
        world_id=by.world, title=where[:120], place=place, base=dict(base), axes={k: list(v) for k, v in axes.items()},
        ground=rules.ground(asked[0]), asked_by=by.person, asked_at=now, total=len(asked), correlation=by.correlation,
    )  # fmt: skip
    Scenario.objects.bulk_create(
        Scenario(library=row, n=n, asked=each, point=rules.point(each)) for n, each in enumerate(asked)
    )
    announce(
        events.ScenariosAsked(row.pk, row.title, row.total), about=row, by=by, after={"axes": row.axes},
        topics=_topics(row),
    )  # fmt: skip
    return row


@atomic
def begin(*, library_id: UUID) -> ScenarioLibrary | None:
    """The job has it. None where nobody wants it any more; a repeated job carries on."""
    row = _locked(library_id)
    if row.status not in ("waiting", "running"):
        return None
    row.status, row.reason = rules.LIBRARY.next(row.status, "begin"), ""
    row.save(update_fields=["status", "reason"])
    live.touch(_topics(row), row.world_id)
    return row


def waiting(library: ScenarioLibrary) -> list[tuple[int, dict[str, Any]]]:
    return list(library.scenarios.filter(status="waiting").values_list("n", "asked"))


def is_wanted(*, library_id: UUID, world: UUID) -> bool:
    return ScenarioLibrary.objects.in_world(world).filter(pk=library_id, status="running").exists()


def tell(*, library: ScenarioLibrary, n: int, told: Answer | NoAnswer, names: Mapping[str, Place]) -> bool:
    """Keep what came of one scenario, by itself: what is computed is computed, whatever becomes of the rest. False
    where nobody wants more of it."""
    if isinstance(told, Answer):
        depth, shape = kept.depth_of(told.grid)
        facts = {
            "status": "done", "reason": "", "depth": depth, "picture": told.deepest,
            "answer": _answer(told, shape, names),
        }  # fmt: skip
    else:
        facts = {"status": "failed", "reason": str(told.facts.get("why", told))[:300]}
    Scenario.objects.filter(library=library, n=n, status="waiting").update(**facts)
    live.touch([topic_of(library.pk)], library.world_id)
    return is_wanted(library_id=library.pk, world=library.world_id)


def _answer(told: Answer, shape: tuple[int, int], names: Mapping[str, Place]) -> dict[str, Any]:
    places = sorted(
        (each for each in told.told if each.key in names and each.deepest_m >= 0.05), key=lambda each: -each.deepest_m
    )
    return {
        "box": told.box, "shape": shape, "flooded_m2": told.flooded_m2, "water": told.water,
        "illustrative": told.illustrative, "inputs": told.facts["inputs"], "took_s": told.facts["took_s"],
        "remarks": told.remarks,
        "places": [
            {
                "id": each.key, "code": names[each.key].code, "name": names[each.key].name,
                "name_en": names[each.key].name_en, "deepest_m": round(each.deepest_m, 3),
                "arrival_s": list(each.arrival_s),
            }
            for each in places[:MOST_PLACES]
        ],
        "cuts": [
            {"name": each.name, "from_s": each.from_s, "deepest_m": round(each.deepest_m, 2)} for each in told.cuts
        ],
    }  # fmt: skip


@atomic
def finish(*, library_id: UUID, by: Actor, now: datetime) -> None:
    """None waits any more. What lies between scenarios is learned now, with its error. One that was paused: nothing."""
    row = _locked(library_id)
    if row.status != "running":
        return
    done = list(row.scenarios.filter(status="done").values_list("point", "depth"))
    failed = row.scenarios.filter(status="failed").count()
    if done:
        row.reduced, row.error = kept.learn([at for at, _ in done], [bytes(depth) for _, depth in done if depth])
    row.status, row.ended_at = rules.LIBRARY.next(row.status, "finish"), now
    row.save(update_fields=["status", "ended_at", "reduced", "error"])
    announce(events.ScenariosDone(row.pk, row.title, len(done), failed), about=row, by=by, topics=_topics(row))


@atomic
def pause(*, library_id: UUID, by: Actor, reason: str = "") -> None:
    """By a person, or by the job where nobody computes. Raises Refused where nothing is under way."""
    if by.person is not None:
        policy.require(by, "forecasts.ask_flood")
        get(library_id, by)
    row = _locked(library_id)
    row.status, row.reason = rules.LIBRARY.next(row.status, "pause"), reason[:300]
    row.save(update_fields=["status", "reason"])
    announce(events.ScenariosPaused(row.pk, row.title, row.reason), about=row, by=by, topics=_topics(row))


@atomic
def resume(*, library_id: UUID, by: Actor) -> None:
    """What is not computed, and what failed, is computed; the rest stays. Raises Refused where nothing is left."""
    policy.require(by, "forecasts.ask_flood")
    found = get(library_id, by)
    row = _locked(library_id)
    status = rules.LIBRARY.next(row.status, "resume")
    if found.done == row.total:
        raise Refused("forecasts.scenarios.complete")
    row.status, row.reason = status, ""
    row.save(update_fields=["status", "reason"])
    Scenario.objects.filter(library=row, status="failed").update(status="waiting", reason="")
    announce(events.ScenariosResumed(row.pk, row.title), about=row, by=by, topics=_topics(row))


@atomic
def retire(*, library_id: UUID, by: Actor) -> None:
    """It is asked no more: its pictures and depths go, what was computed for what stays on record."""
    policy.require(by, "forecasts.ask_flood")
    get(library_id, by)
    row = _locked(library_id)
    row.status, row.reduced = rules.LIBRARY.next(row.status, "retire"), None
    row.save(update_fields=["status", "reduced"])
    Scenario.objects.filter(library=row).update(depth=None, picture=None)
    announce(events.ScenariosRetired(row.pk, row.title), about=row, by=by, topics=_topics(row))


def _locked(library_id: UUID) -> ScenarioLibrary:
    row: ScenarioLibrary = (
        ScenarioLibrary.objects.all_worlds("its key is of one world; the caller has looked")
        .defer("reduced")
        .select_for_update()
        .get(pk=library_id)
    )
    return row


def _topics(row: ScenarioLibrary) -> tuple[str, ...]:
    return TOPIC, topic_of(row.pk)
