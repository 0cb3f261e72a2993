"""A plan as a program: which level its conditions give, and which tasks a level expands to. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from fengsui.kernel.errors import Invalid
from fengsui.kernel.levels import Level


@dataclass(frozen=True, slots=True)
class PointState:
    """A place that the response is about, with what its own policy (一点一策) says."""

    id: UUID
    code: str
    name: str
    area_code: str
    jurisdiction: str
    level: Level
    posts: Mapping[str, str] = field(default_factory=dict)
    policy: Mapping[str, Any] = field(default_factory=dict)
    area_org: str = ""
    bureau: str = ""


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """A task that a level asks for. Exactly one of owner_post, owner_org or skill says who owes it.

    `instead`: organisation and role that owe it where nobody holds that: the office of the area, then the bureau.
    """

    code: str
    group: str
    title: str
    title_en: str
    role: str
    deadline_s: int
    owner_post: str = ""
    owner_org: str = ""
    skill: str = ""
    instead: tuple[tuple[str, str], ...] = ()
    point: UUID | None = None
    clock: str = ""
    evidence: tuple[str, ...] = ()
    resources: Mapping[str, Any] = field(default_factory=dict)
    after: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Tells the same task at two points apart."""
        return f"{self.code}:{self.point or ''}"


def level_body(plan: Mapping[str, Any], level: Level) -> Mapping[str, Any]:
    """Raises Invalid("plans.level.unknown")."""
    for each in plan["levels"]:
        if each["level"] == level.code:
            body: Mapping[str, Any] = each
            return body
    raise Invalid("plans.level.unknown", field="level", level=level.zh)


def suggested_level(
    plan: Mapping[str, Any], points: Sequence[PointState], rain_mm: Mapping[int, float] | None = None
) -> Level:
    """The highest level one of whose start conditions holds; NONE where none does.

    rain_mm: measured sum by window in hours.
    """
    rain = rain_mm or {}
    best = Level.NONE
    for each in plan["levels"]:
        level = Level.of(each["level"])
        if level > best and any(_holds(condition, points, rain) for condition in each["start"]):
            best = level
    return best


def _holds(condition: Mapping[str, Any], points: Sequence[PointState], rain: Mapping[int, float]) -> bool:
    if condition.get("warning"):
        line = Level.of(condition["warning"])
        return sum(point.level >= line for point in points) >= int(condition["points"])
    return rain.get(int(condition["window_h"]), 0.0) >= float(condition["rain_mm"])


def expand(plan: Mapping[str, Any], level: Level, points: Sequence[PointState]) -> list[TaskSpec]:
    """The tasks of one level over these points, in the plan's order; `only_at` drops points below their line."""
    wanted = set(level_body(plan, level)["tasks"])
    specs: list[TaskSpec] = []
    for template in plan["tasks"]:
        if template["code"] not in wanted:
            continue
        if template["per"] == "incident":
            specs.append(_spec(template, points[0], None))
            continue
        line = Level.of(template.get("only_at") or "none")
        specs += [_spec(template, point, point.id) for point in points if point.level >= line]
    return specs


def _spec(template: Mapping[str, Any], point: PointState, about: UUID | None) -> TaskSpec:
    owner = template["owner"]
    where = owner["where"]
    resources = {
        name: point.policy.get(name) if amount == "from_point" else amount
        for name, amount in (template.get("resources") or {}).items()
    }
    return TaskSpec(
        code=template["code"],
        group=template["group"],
        title=f"{point.name}：{template['title']}" if about else template["title"],
        title_en=template["title_en"],
        role=owner["role"],
        deadline_s=int(template["deadline_offset_min"]) * 60,
        owner_post=point.posts.get(owner.get("post", ""), "") if where == "event_point" else "",
        owner_org={
            "org": owner.get("org") or "",
            "event_area": point.area_org,
            "jurisdiction": point.bureau,
        }.get(where, ""),
        skill=owner.get("skill") or "" if where == "dispatch" else "",
        instead=() if where == "dispatch" else ((point.area_org, "street_officer"), (point.bureau, "duty_officer")),
        point=about,
        clock=template.get("clock") or "",
        evidence=tuple(template.get("evidence") or ()),
        resources=resources,
        after=tuple(template.get("after") or ()),
    )
