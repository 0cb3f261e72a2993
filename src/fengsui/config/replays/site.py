"""The stations of the sets in the database, and one gateway that may speak for them at the broker."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from django.contrib.gis.geos import Point
from django.db.transaction import atomic

from fengsui.apps.people.models import Organisation, Post
from fengsui.apps.places.models import Area, Place
from fengsui.apps.sensing.models import Datastream, Station
from fengsui.catalog.hazards import of_sensor
from fengsui.config.ops.broker import Device, device_credentials, read_devices
from fengsui.config.replays.plan import Plan
from fengsui.core.worlds import LIVE

GATEWAY = "replay-gateway"
AT = (123.35, 41.80)
"""All stand at one spot: where a foreign gauge is does not matter here, and nobody shall take it for a local one."""


@atomic
def build(plans: Sequence[Plan], until: datetime) -> dict[str, int]:
    """Place, station and stream of everything that will speak; id of the datastream by station code.

    Each set has a post of its own that answers for its silent stations.
    """
    area = Area.objects.filter(parent__isnull=False).order_by("code").first()
    assert area is not None
    places: list[Place] = []
    stations: list[Station] = []
    rows: list[Datastream] = []
    for plan in plans:
        declared = plan.set
        org = Organisation.objects.create(
            code=f"replay-{declared.code}", name=declared.name.zh, kind="department", path=f"replay-{declared.code}",
            provenance="illustrative",
        )  # fmt: skip
        Post.objects.create(code=org.code, title=f"{declared.name.zh}值守", org=org, role="liaison")
        for each in plan.streams:
            name = f"{declared.name.zh} {each.series}"[:120]
            place = None
            if each.ladder and of_sensor(each.kind.code) is not None:
                place = Place(
                    code=each.code,
                    kind="waterlogging_point",
                    name=name,
                    name_en=f"{declared.name.en} {each.series}"[:160],
                    area=area,
                    jurisdiction=area.jurisdiction,
                    location=Point(*AT),
                    provenance="illustrative",
                    source=declared.basis[:300],
                )
                places.append(place)
            station = Station(
                world_id=LIVE, code=each.code, name=name, place=place, location=Point(*AT), owner_post=org.code,
                provenance="illustrative", source=", ".join(declared.files)[:300],
            )  # fmt: skip
            stations.append(station)
            rows.append(
                Datastream(
                    world_id=LIVE, station=station, kind=each.kind.code, topic=each.topic, unit=each.kind.unit,
                    period_s=max(1, round(each.period_s)), speed=each.speed, replay_until=until,
                    ladder=dict(each.ladder), ladder_basis={"note": each.basis} if each.basis else {},
                    limits=dict(each.limits),
                )
            )  # fmt: skip
    Place.objects.bulk_create(places, batch_size=1000)
    Station.objects.bulk_create(stations, batch_size=1000)
    Datastream.objects.bulk_create(rows, batch_size=1000)
    return {row.station.code: row.id for row in rows}


def admit(var: Path, password: str, topics: Sequence[str]) -> None:
    """Let the gateway publish for these topics beside the devices that are known."""
    path = var / "broker" / "devices.json"
    others = [each for each in read_devices(path) if each.user != GATEWAY]
    device_credentials(path, [*others, Device(GATEWAY, password, publish=tuple(topics))])
