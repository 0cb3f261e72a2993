"""Put one district's reviewed files into the database; loading again changes only what the files changed.

Keys are derived from district and code, so that a second load, or a second machine, makes the same rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID, uuid5

from django.contrib.gis.geos import LineString, Point
from django.db import models
from django.db.transaction import atomic

from fengsui.apps.alerts import actions as alerts
from fengsui.apps.people.models import Account, Holding, Organisation, Person, Post
from fengsui.apps.places.models import Area, Place, Shelter, WaterloggingPoint
from fengsui.apps.plans.models import PlanVersion
from fengsui.apps.resources.models import Depot, StockItem, Team
from fengsui.apps.resources.rules import pump_capacity_m3h
from fengsui.apps.sensing import actions as sensing
from fengsui.catalog.channels import channels
from fengsui.catalog.hazards import hazards
from fengsui.catalog.sensors import kinds
from fengsui.core.find import keeping
from fengsui.core.models import ClockRuleRow
from fengsui.core.record_text import canonical
from fengsui.kernel.district import District, DistrictError

NAMESPACE = UUID("5d0f4f1e-8f0a-5a86-9a51-0f6f2f3f4a11")
Row = TypeVar("Row", bound=models.Model)


@dataclass
class Loaded:
    """How many rows of each kind the district has now, and the passwords made for demonstration accounts."""

    counts: dict[str, int] = field(default_factory=dict)


def key(district: District, kind: str, code: str) -> UUID:
    return uuid5(NAMESPACE, f"{district.code}:{kind}:{code}")


def _upsert(model: type[Row], rows: Iterable[Row], unique: Sequence[str], counts: dict[str, int]) -> None:
    """Insert or update by `unique`; every other stored column follows the files."""
    listed = list(rows)
    names = [
        each.name
        for each in model._meta.concrete_fields
        if each.name not in unique
        and not each.primary_key
        and not each.generated
        and each.name != "retired_at"  # the files do not know what went out of use since
    ]
    model._base_manager.bulk_create(
        listed, update_conflicts=True, unique_fields=list(unique), update_fields=names, batch_size=1000
    )
    counts[model._meta.verbose_name_raw or model.__name__] = len(listed)


@atomic
def load(district: District, *, now: datetime, demo_password: str = "") -> Loaded:
    """Everything of one district, in the order of the ladder. Accounts are made only where a password is given.

    Raises DistrictError where a file names a sensor, channel or hazard that no folder of the catalogue describes.
    """
    _known(district)
    done = Loaded()
    _areas(district, done.counts)
    _people(district, now, demo_password, done.counts)
    _places(district, done.counts)
    _resources(district, done.counts)
    _plans(district, done.counts)
    _clocks(district, done.counts)
    sensing.load_stations(district, lambda kind, code: key(district, kind, code), done.counts)
    alerts.load_outlets(district, done.counts)
    keeping.rebuild()  # nothing of this was announced row by row
    return done


def _known(district: District) -> None:
    for file, named, known in (
        ("facilities.yaml", {f"stations.{each.code}.sensor": each.sensor for each in district.stations}, kinds()),
        ("outlets.yaml", {f"outlets.{each.code}.kind": each.kind for each in district.outlets}, channels()),
        ("plans", {f"{each.code}.hazard": each.hazard for each in district.plans}, hazards()),
    ):
        for where, code in named.items():
            if code not in known:
                fix = f"no such kind {code!r}; use one of {sorted(known)}"
                raise DistrictError("district.load.unknown_kind", file=f"{district.slug}/{file}", key=where, fix=fix)


def _areas(district: District, counts: dict[str, int]) -> None:
    rows = [
        Area(
            code=each.code,
            scheme=each.scheme,
            name=each.name,
            name_en=each.name_en,
            kind=each.kind,
            jurisdiction=each.jurisdiction,
            parent_id=each.parent or None,
            population=each.population or None,
            centre=Point(each.lon, each.lat),
            call_order=list(district.chain(each.code)),
            provenance=each.provenance,
            note=each.note,
        )
        for each in district.areas
    ]
    if district.code not in {row.code for row in rows}:
        rows.append(
            Area(
                code=district.code,
                scheme="GB/T 2260",
                name=district.name,
                name_en=district.name_en,
                kind="district",
                population=district.population,
                centre=Point(*district.centre),
                provenance=district.provenance,
            )
        )
    rows.sort(key=lambda row: len(row.code))
    for row in rows:
        if len(row.code) == 9 and not row.parent_id:
            row.parent_id = district.code
    _upsert(Area, rows, ["code"], counts)


def _people(district: District, now: datetime, demo_password: str, counts: dict[str, int]) -> None:
    orgs = {each.code: each for each in district.organisations}
    heads = {team.org: team.people for team in district.teams}

    def path(code: str) -> str:
        parent = orgs[code].parent
        return f"{path(parent)}/{code}" if parent in orgs else code

    rows = [
        Organisation(
            id=key(district, "org", each.code),
            code=each.code,
            name=each.name,
            kind=each.kind,
            parent_id=key(district, "org", each.parent) if each.parent in orgs else None,
            jurisdiction=each.jurisdiction,
            area_code=each.area,
            path=path(each.code),
            headcount=heads.get(each.code),
            provenance=each.provenance,
            source=each.source,
        )
        for each in sorted(district.organisations, key=lambda each: path(each.code).count("/"))
    ]
    _upsert(Organisation, rows, ["code"], counts)
    _upsert(
        Post,
        [
            Post(
                id=key(district, "post", each.code),
                code=each.code,
                title=each.title,
                org_id=key(district, "org", each.org),
                role=each.role,
                area_code=each.area,
                call_order=index % 30000 + 1,
            )
            for index, each in enumerate(district.posts)
        ],
        ["code"],
        counts,
    )
    post_org = {each.code: each.org for each in district.posts}
    home = {holding.person: post_org[holding.post] for holding in reversed(district.holdings)}
    _upsert(
        Person,
        [
            Person(
                id=key(district, "person", each.code),
                name=each.name,
                phone=each.phone,
                email=each.email,
                org_id=key(district, "org", home[each.code]),
                provenance=each.provenance,
            )
            for each in district.people
            if each.code in home
        ],
        ["id"],
        counts,
    )
    Holding.objects.bulk_create(
        [
            Holding(post_id=key(district, "post", each.post), person_id=key(district, "person", each.person), since=now)
            for each in district.holdings
        ],
        ignore_conflicts=True,
        batch_size=1000,
    )
    _end_invented(district, now)
    if demo_password:
        for each in district.accounts:
            ids = {"id": key(district, "account", each.login), "person_id": key(district, "person", each.person)}
            account, fresh = Account.objects.get_or_create(username=each.login, defaults=ids)
            if fresh or not account.check_password(demo_password):
                account.set_password(demo_password)
                account.save(update_fields=["password"])
        counts["账号"] = len(district.accounts)


def _end_invented(district: District, now: datetime) -> None:
    """Where real people are listed, invented ones leave their posts, but for those with an account, to log in by."""
    listed = {(key(district, "post", each.post), key(district, "person", each.person)) for each in district.holdings}
    if all(person.provenance == "illustrative" for person in district.people):
        return
    rows = Holding.objects.filter(until__isnull=True, person__provenance="illustrative", person__account__isnull=True)
    gone = [row.pk for row in rows.only("pk", "post_id", "person_id") if (row.post_id, row.person_id) not in listed]
    Holding.objects.filter(pk__in=gone).update(until=now)


def _place(district: District, kind: str, each: Any, name: str, jurisdiction: str) -> Place:
    return Place(
        id=key(district, "place", each.code),
        code=each.code,
        kind=kind,
        name=name,
        name_en=getattr(each, "name_en", ""),
        area_id=each.area,
        jurisdiction=jurisdiction,
        location=Point(each.lon, each.lat),
        call_order=list(district.chain(each.code)),
        provenance=each.provenance,
        source=each.source,
    )


def _places(district: District, counts: dict[str, int]) -> None:
    of_area = {each.code: each.jurisdiction for each in district.areas}
    rows = [_place(district, "waterlogging_point", each, each.name, each.jurisdiction) for each in district.points]
    rows += [_place(district, "shelter", each, each.name, each.jurisdiction) for each in district.shelters]
    rows += [_place(district, "checkpoint", each, each.name, of_area[each.area]) for each in district.checkpoints]
    rows += [_place(district, "depot", each, each.name, each.jurisdiction) for each in district.depots]
    # A station that stands at none of these, in an area that answers for it, is a place of its own.
    rows += [
        _place(district, "monitoring_site", each, each.name, of_area[each.area])
        for each in district.stations
        if each.area and not each.point
    ]
    _upsert(Place, rows, ["code"], counts)
    basis = {level: note.model_dump() for level, note in district.ladder_basis.items()}
    _upsert(
        WaterloggingPoint,
        [
            WaterloggingPoint(
                place_id=key(district, "place", each.code),
                form=each.kind,
                ladder_m=each.ladder_m,
                ladder_basis=basis,
                hold_s=each.hold_s,
                hysteresis_m=each.hysteresis_m,
                step_down_s=each.step_down_s,
                catchment_ha=each.catchment_ha,
                installed_pump_m3h=each.installed_pump_m3h,
                clearance_m=each.clearance_m,
                closure=LineString(*[tuple(position) for position in each.closure.line]),
                barriers=[barrier.model_dump() for barrier in each.closure.barriers],
                detour=each.closure.detour,
                detour_en=each.closure.detour_en,
                policy=each.policy.model_dump(mode="json"),
                posts=dict(each.posts),
            )
            for each in district.points
        ],
        ["place"],
        counts,
    )
    _upsert(
        Shelter,
        [
            Shelter(
                place_id=key(district, "place", each.code),
                grade=each.kind_name,
                area_m2=each.area_m2,
                m2_per_person=each.m2_per_person,
                open_days=each.open_days,
                capacity=each.capacity,
            )
            for each in district.shelters
        ],
        ["place"],
        counts,
    )


def _resources(district: District, counts: dict[str, int]) -> None:
    leaders = {each.org: each.code for each in district.posts if each.role == "team_leader"}
    rows = []
    for each in district.teams:
        equipment = [piece.model_dump() for piece in each.equipment]
        org = f"team-{each.code}" if f"team-{each.code}" in leaders else each.org
        rows.append(
            Team(
                id=key(district, "team", each.code),
                code=each.code,
                org_id=key(district, "org", org),
                leader_post_id=key(district, "post", leaders[org]),
                name=each.name,
                kind=each.type,
                level=each.level,
                jurisdiction=each.jurisdiction,
                area_code=each.area,
                base=Point(each.lon, each.lat),
                people=each.people,
                assembly_min=each.assembly_min,
                skills=list(each.skills),
                equipment=equipment,
                pump_m3h=pump_capacity_m3h(equipment),
                provenance=each.provenance,
            )
        )
    _upsert(Team, rows, ["code"], counts)
    depots = [
        Depot(
            place_id=key(district, "place", each.code),
            keeper_post_id=key(district, "post", each.keeper),
            floor_m2=each.floor_m2,
        )
        for each in district.depots
    ]
    _upsert(Depot, depots, ["place"], counts)
    stock = [
        StockItem(
            depot_id=key(district, "place", each.code),
            item=item.item,
            name=item.name,
            unit=item.unit,
            count=item.count,
            category=item.category,
        )
        for each in district.depots
        for item in each.stock
    ]
    _upsert(StockItem, stock, ["depot", "item"], counts)


def _plans(district: District, counts: dict[str, int]) -> None:
    """A changed text is a new version; activations keep the row they ran on."""
    for each in district.plans:
        body = each.model_dump(mode="json")
        text = canonical(body)
        sealed = hashlib.sha256(text.encode()).hexdigest()
        if PlanVersion.objects.filter(code=each.code, sha256=sealed, in_force=True).exists():
            continue
        PlanVersion.objects.filter(code=each.code, in_force=True).update(in_force=False)
        PlanVersion.objects.update_or_create(
            code=each.code,
            sha256=sealed,
            defaults={
                "version": each.version,
                "name": each.name,
                "name_en": each.name_en,
                "hazard": each.hazard,
                "body": body,
                "in_force": True,
                "provenance": each.provenance,
                "source": each.source,
            },
        )
    counts["应急预案"] = len(district.plans)


def _clocks(district: District, counts: dict[str, int]) -> None:
    rows = [
        ClockRuleRow(
            kind=rule.kind,
            limit_s=rule.limit_s,
            calendar=rule.calendar,
            ladder=[{"after_s": rung.after_s, "to_role": rung.to_role, "say": rung.say} for rung in rule.ladder],
            default_after_s=rule.default_after_s,
            source=rule.source,
            basis=rule.basis,
            note=rule.note,
        )
        for rule in district.clock_rules.values()
    ]
    _upsert(ClockRuleRow, rows, ["kind"], counts)
