"""Every hazard that a sensor is judged by: readings of a station become a warning that two people can give out.

A folder added to catalog/hazards is walked through here as it is: crossing, draft in both languages, confirmation,
bulletin in valid CAP 1.2, all-clear. Only its own words speak of metres, roads or water.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from fengsui.apps.alerts import actions, cap
from fengsui.apps.alerts.models import Warning
from fengsui.apps.people import queries as people
from fengsui.apps.people.models import Holding
from fengsui.apps.sensing import actions as sensing
from fengsui.apps.sensing import book
from fengsui.catalog.hazards import Hazard, hazards
from fengsui.catalog.sensors import kind
from fengsui.config.district.load import load as store
from fengsui.config.ops.home import REPO
from fengsui.core.models import StoredEvent
from fengsui.core.record import handlers_of, rebuild
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Actor
from fengsui.kernel.district import Station, load
from fengsui.kernel.levels import Level

JUDGED = [pytest.param(entry, id=entry.code) for entry in hazards().values() if entry.sensors]


def lines_of(entry: Hazard) -> dict[str, float]:
    """Its own ladder; where every station must bring one, four steps within what its sensor can plausibly say."""
    if entry.ladder:
        return {}
    sensor = kind(entry.sensors[0])
    step = sensor.max_rate_per_min * 2
    return {
        level: max(sensor.plausible[0], 0.0) + step * n
        for n, level in enumerate(("blue", "yellow", "orange", "red"), 1)
    }


def station_of(entry: Hazard, now: datetime) -> Station:
    """A station of the smallest district, at no point of it, with everything around it loaded."""
    mini = load("mini", REPO / "tests/districts")
    made = Station(
        code="G1", name="新测点", sensor=entry.sensors[0], area="999901001", ladder=lines_of(entry), period_s=60,
        owner="road", device="g1", lon=10.02, lat=50.05,
    )  # fmt: skip
    store(mini.model_copy(update={"stations": (*mini.stations, made)}), now=now - timedelta(days=1))
    return made


def feed(station: Station, values: list[float], now: datetime) -> None:
    """One reading a minute up to `now`, and everything that follows from them."""
    known = book.read()
    place = next(n for n, each in enumerate(known.streams) if each.station_code == station.code)
    at = np.array([round((now - timedelta(minutes=n)).timestamp() * 1e6) for n in range(len(values))][::-1], np.int64)
    index, given = np.full(len(values), place, np.intp), np.zeros(len(values), np.int16)
    sensing.store_readings(known, index, at, np.array(values, float), at, given)
    for row in StoredEvent.objects.filter(name="sensing.ThresholdCrossed").order_by("id"):
        for handler in handlers_of(row.name).values():
            handler(rebuild(row), Actor(world=LIVE, system="contract", correlation=row.correlation))


@pytest.mark.django_db
@pytest.mark.parametrize("entry", JUDGED)
def test_readings_become_a_warning_in_the_words_of_the_hazard(entry: Hazard) -> None:
    now = datetime.now(UTC).replace(microsecond=0)  # here: what is older than a few minutes is history and warns nobody
    station = station_of(entry, now)
    sensor = kind(station.sensor)
    orange = entry.ladder.get(Level.ORANGE) or station.ladder["orange"]
    pace = sensor.max_rate_per_min / 2
    climb = [orange - pace * n for n in range(20, 0, -1)] + [orange + pace / 10 + pace * n / 100 for n in range(6)]
    feed(station, [max(each, sensor.plausible[0]) for each in climb], now)

    row = Warning.objects.in_world(LIVE).get()
    assert (row.hazard, Level(row.level), row.place.code) == (entry.code, Level.ORANGE, "G1")
    for text, unit in ((row.description, entry.figures.unit.zh), (row.description_en, entry.figures.unit.en)):
        assert re.search(rf"\d\s?{re.escape(unit)}", text), text
        assert "{" not in text

    held = {code: Holding.objects.filter(post__code=code)[0].person_id for code in ("duty-only", "leader-only")}
    duty, leader = (people.actor_for(person, LIVE) for person in held.values())
    actions.confirm(warning_id=row.pk, by=duty, now=now)
    bulletin = actions.issue(warning_id=row.pk, by=leader, now=now)
    cap.check(bytes(bulletin.sent_xml))
    assert f">{entry.event_code}<" in bytes(bulletin.sent_xml).decode()
    assert entry.around.fill(place="新测点").zh in bulletin.sent_text["zh"]["area"]
    clear = actions.lift(warning_id=row.pk, reason="现场核实已解除", by=leader, now=now + timedelta(minutes=5))
    cap.check(bytes(clear.sent_xml))
    said = clear.sent_text["zh"]["description"] + clear.sent_text["zh"]["instruction"]
    assert entry.all_clear.fill(place="新测点").zh in said
