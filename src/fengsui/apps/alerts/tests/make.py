"""Builders: one small district of one street, two desks' worth of people, three outlets."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.gis.geos import LineString, Point

from fengsui.apps.alerts import actions, rules
from fengsui.apps.alerts.models import Issuer, Outlet, Warning
from fengsui.apps.people import queries as people
from fengsui.apps.people.models import Account, Holding, Organisation, Person, Post
from fengsui.apps.places.models import Area, Place, WaterloggingPoint
from fengsui.core.models import ClockRuleRow, World
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Actor
from fengsui.kernel.clock import ClockKind
from fengsui.kernel.levels import Level

NOW = datetime(2026, 7, 27, 18, 46, 40, tzinfo=UTC)
SYSTEM = Actor(world=LIVE, system="alerts.handlers")


def later(**over: float) -> datetime:
    return NOW + timedelta(**over)


@dataclass
class Town:
    place: Place
    other: Place
    orgs: dict[str, Organisation] = field(default_factory=dict)
    posts: dict[str, Post] = field(default_factory=dict)
    persons: dict[str, Person] = field(default_factory=dict)

    def by(self, name: str, world: UUID = LIVE) -> Actor:
        return people.actor_for(self.persons[name].pk, world)


def _person(town: Town, name: str, role: str, org: str, post: str, order: int) -> None:
    code = f"{org}-{post}"
    if code not in town.posts:
        town.posts[code] = Post.objects.create(
            code=post, title=f"{post} 岗", org=town.orgs[org], role=role, call_order=order
        )
    town.persons[name] = Person.objects.create(
        name=name, phone="13800000000", email=f"p{order}{len(town.persons)}@example.invalid", org=town.orgs[org]
    )
    Holding.objects.create(post=town.posts[code], person=town.persons[name], since=NOW - timedelta(days=1))
    Account.objects.create(username=f"u{len(town.persons)}", person=town.persons[name], password="!")


def make_town() -> Town:
    area = Area.objects.create(
        code="210106007",
        scheme="GB/T 2260",
        name="启工街道",
        name_en="Qigong",
        kind="subdistrict",
        call_order=["street-210106007-lead"],
        provenance="illustrative",
    )
    places = [
        Place.objects.create(
            code=code,
            kind="waterlogging_point",
            name=name,
            name_en=name_en,
            area=area,
            jurisdiction="core",
            location=Point(123.342, 41.811),
            provenance="illustrative",
        )
        for code, name, name_en in (("WL01", "南两洞桥", "Nanliangdong bridge"), ("WL02", "兴顺街北段", "Xingshun"))
    ]
    town = Town(*places)
    for code, kind in (("bureau", "bureau"), ("street", "subdistrict"), ("police", "department")):
        town.orgs[code] = Organisation.objects.create(
            code=code,
            name={"bureau": "铁西区应急管理局", "street": "启工街道", "police": "交警大队"}[code],
            kind=kind,
            jurisdiction="core",
            path=code,
        )
    for row in (
        ("赵明远", "duty_officer", "bureau", "duty", 1),
        ("钱值班", "duty_officer", "bureau", "duty", 1),
        ("孙丽", "duty_leader", "bureau", "leader", 2),
        ("李指挥", "commander", "bureau", "commander", 3),
        ("周网格", "community_officer", "street", "community-officer", 1),
        ("吴街道", "street_officer", "street", "street-duty", 2),
        ("刘芳", "street_officer", "street", "street-210106007-lead", 3),
        ("陈立", "liaison", "police", "police-traffic", 1),
        ("王审计", "auditor", "bureau", "auditor", 9),
    ):
        _person(town, *row)
    for place in places:
        WaterloggingPoint.objects.create(
            place=place,
            form="underpass",
            ladder_m={"blue": 0.1, "yellow": 0.15, "orange": 0.25, "red": 0.4},
            closure=LineString((123.342, 41.81), (123.342, 41.812)),
            posts={"community": "community-officer", "street": "street-duty", "traffic": "police-traffic"},
        )
    Issuer.objects.create(
        jurisdiction="core", code="21010600000100", name="铁西区应急管理局", name_en="Tiexi Emergency Bureau"
    )
    for code, channel, level, address in (
        ("desk-screen", "screen", 1, {}),
        ("public-feed", "feed", 1, {}),
        ("officers-mail", "email", 1, {"to": ["duty@example.invalid"]}),
        ("media", "webhook", 2, {"env": "FENGSUI_WEBHOOK_URL"}),
        ("broadcast", "mqtt", 2, {"topic": "broadcast/core"}),
        ("elsewhere", "mqtt", 1, {"topic": "broadcast/zone"}),
    ):
        Outlet.objects.create(
            code=code,
            channel=channel,
            name=code,
            min_level=level,
            address=address,
            areas=["210106001"] if code == "elsewhere" else [],
        )
    make_clock_rules()
    return town


def make_clock_rules() -> None:
    ladders = {
        "alerts.acknowledge": [{"after_s": 0, "to_role": "next_in_chain", "say": ""}],
        "alerts.confirm": [{"after_s": 0, "to_role": "duty_leader", "say": ""}],
    }
    for kind in ClockKind.registered:
        if kind.startswith("alerts."):
            ClockRuleRow.objects.get_or_create(kind=kind, defaults={"limit_s": 300, "ladder": ladders.get(kind, [])})


def make_exercise() -> World:
    return World.objects.create(kind="exercise", name="汛前演练")


def reading(value: float, line: float | None = None, at: datetime = NOW, **over: Any) -> dict[str, Any]:
    facts = {
        "kind": "observed",
        "at": at.isoformat(),
        "datastream": 7,
        "station": "ST01",
        "name": "一号站",
        "sensor": "water_depth",
        "unit": "m",
        "value": value,
        "line": line,
        "level": "orange",
        "rate_per_hour": None,
        "first_at": at.isoformat(),
    }
    return facts | over


def signal(
    town: Town, level: Level, *, at: datetime = NOW, value: float = 0.27, by: Actor = SYSTEM, key: str = "stream:7"
) -> Warning | None:
    line = {Level.BLUE: 0.1, Level.YELLOW: 0.15, Level.ORANGE: 0.25, Level.RED: 0.4}.get(level)
    return actions.take_signal(
        place_id=town.place.pk,
        hazard="waterlogging",
        key=key,
        level=level,
        at=at,
        evidence=reading(value, line, at),
        speed=1.0,
        by=by,
        now=at,
    )


def make_warning(town: Town, level: Level = Level.ORANGE, status: str = "draft", world: UUID = LIVE) -> Warning:
    """A warning brought to a status by its own verbs."""
    row = signal(town, level, by=Actor(world=world, system="alerts.handlers"))
    assert row is not None
    if status in ("confirmed", "issued"):
        row = actions.confirm(warning_id=row.pk, by=town.by("赵明远", world), now=NOW)
    if status == "issued":
        actions.issue(warning_id=row.pk, by=town.by("孙丽", world), now=NOW)
    fresh = Warning.objects.in_world(world).get(pk=row.pk)
    assert fresh.status in rules.STATUSES
    return fresh
