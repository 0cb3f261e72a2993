"""Stations of an exercise's own: doubles of live ones, with topics, current values and device logins of their own.

So a series can run into an exercise while the real gauges go on reporting: nothing is shared but where they stand.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db.transaction import atomic
from django.utils import timezone

from fengsui.apps.sensing import events, rules
from fengsui.apps.sensing.models import Datastream, Device, Station
from fengsui.core.models import World
from fengsui.core.policy import require
from fengsui.core.record import announce
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import Refused


@atomic
def open_stations(*, codes: Iterable[str], prefix: str, speed: float, period_s: float, by: Actor) -> int:
    """Doubles of these live stations in the actor's exercise; returns how many. Called again it changes nothing.

    prefix: root of their topics, as `fs/x3f2a91c0`. period_s: seconds between two readings on the series' own clock.
    A device login is made for each, without a password: `issue_credentials` gives one where real hardware plays along.
    Raises Refused("sensing.doubles.live") in the live world.
    """
    _only_in_an_exercise(by)
    require(by, "sensing.doubles")
    there = set(Station.objects.in_world(by.world).values_list("code", flat=True))
    wanted = Station.objects.in_world(LIVE).filter(code__in=set(codes) - there)
    made = 0
    for live in wanted.prefetch_related("datastreams", "devices").order_by("code"):
        double = Station.objects.create(
            world_id=by.world,
            code=live.code,
            name=live.name,
            place_id=live.place_id,
            location=live.location,
            owner_post=live.owner_post,
            datum_m=live.datum_m,
            provenance=live.provenance,
            source=f"演练；同实战站 {live.code}",
        )
        for stream in live.datastreams.all():
            Datastream.objects.create(
                world_id=by.world,
                station=double,
                kind=stream.kind,
                topic=rules.topic_of(prefix, live.code, stream.kind),
                unit=stream.unit,
                period_s=max(1, round(period_s)),
                speed=speed,
                ladder=stream.ladder,
                ladder_basis=stream.ladder_basis,
                limits=stream.limits,
            )
        for device in live.devices.all():
            Device.objects.create(user=f"{prefix.rpartition('/')[2]}-{device.user}"[:60], station=double)
        made += 1
    if made:
        world = World.objects.get(pk=by.world)
        announce(events.DoublesOpened(by.world, made, prefix), about=world, by=by, topics=("sensing",))
    return made


@atomic
def close_stations(*, by: Actor) -> int:
    """The exercise ended: no more readings are taken, no device of it logs in. Returns how many streams it had."""
    _only_in_an_exercise(by)
    require(by, "sensing.doubles")
    streams = Datastream.objects.in_world(by.world).filter(is_active=True)
    closed = streams.update(is_active=False, changed_at=timezone.now())
    Device.objects.filter(station__world_id=by.world).update(is_active=False)
    if closed:
        world = World.objects.get(pk=by.world)
        announce(events.DoublesClosed(by.world, closed), about=world, by=by, topics=("sensing",))
    return closed


def _only_in_an_exercise(by: Actor) -> None:
    if by.world == LIVE:
        raise Refused("sensing.doubles.live")
