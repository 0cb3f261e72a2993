"""Builders for a tiny district: one bureau, one street, one waterlogging point, the people who matter."""

from __future__ import annotations

from datetime import UTC, datetime

from django.contrib.gis.geos import LineString, Point

from fengsui.apps.incidents import actions
from fengsui.apps.people import queries as people
from fengsui.apps.people.models import Holding, Organisation, Person, Post
from fengsui.apps.places.models import Area, Place, WaterloggingPoint
from fengsui.core.models import ClockRuleRow
from fengsui.core.worlds import LIVE
from fengsui.kernel.levels import Level

NOW = datetime(2026, 7, 28, 18, 31, tzinfo=UTC)  # 29 July, 02:31 in Beijing
MINUTES = {
    "incidents.verify": 15,
    "incidents.first_report_phone": 30,
    "incidents.first_report_written": 60,
    "incidents.disaster_report": 120,
    "incidents.follow_up": 120,
    "incidents.final_report": 1440,
    "command.activate": 10,
    "command.accept": 5,
    "command.depart": 15,
    "command.arrive": 30,
    "command.task": 60,
    "command.progress": 30,
    "command.return": 120,
    "command.answer": 5,
    "command.reopen": 60,
    "reviews.after_action": 2550,
    "reviews.remedy": 14400,
    "reviews.accept": 4320,
}


def make_org(code, kind="department", parent=None, **over):
    path = f"{parent.path}/{code}" if parent else code
    return Organisation.objects.create(
        code=code, name=over.pop("name", code), kind=kind, parent=parent, path=path, **over
    )


def make_actor(code, role, org, area="210106", **over):
    """A post with a holder, and that holder as actor."""
    post = Post.objects.create(code=code, title=over.pop("title", code), org=org, role=role, area_code=area, **over)
    person = Person.objects.create(name=f"{code}某", org=org, phone="11100001234")
    Holding.objects.create(post=post, person=person, since=NOW)
    return people.actor_for(person.pk, LIVE)


def make_clock_rules():
    for kind, minutes in MINUTES.items():
        ClockRuleRow.objects.create(kind=kind, limit_s=minutes * 60, basis="U", source="测试")


def make_district():
    """Areas, two bureaux, one point WL01 at Qigong with its policy; returns the actors by name."""
    district = Area.objects.create(
        code="210106",
        scheme="GB/T 2260",
        name="铁西区",
        kind="district",
        provenance="document",
        centre=Point(123.35, 41.8),
    )
    street = Area.objects.create(
        code="210106007",
        scheme="GB/T 2260",
        name="启工街道",
        kind="subdistrict",
        jurisdiction="core",
        parent=district,
        provenance="document",
        centre=Point(123.34, 41.81),
    )
    other = Area.objects.create(
        code="210106015",
        scheme="GB/T 2260",
        name="兴华街道",
        kind="subdistrict",
        jurisdiction="core",
        parent=district,
        provenance="document",
        centre=Point(123.366, 41.802),
    )
    make_clock_rules()
    government = make_org("government", "government")
    bureau = make_org("bureau-core", "bureau", government, jurisdiction="core", name="铁西区应急管理局")
    office = make_org("street-210106007", "subdistrict", government, area_code="210106007")
    office2 = make_org("street-210106015", "subdistrict", government)
    police = make_org("traffic-police", "department", government)
    flood = make_org("hq-flood", "headquarters", government)
    actors = {
        "duty": make_actor("duty-core", "duty_officer", bureau),
        "duty2": make_actor("duty-core-2", "duty_officer", bureau),
        "leader": make_actor("leader-core", "duty_leader", bureau),
        "commander": make_actor("commander-flood", "commander", flood),
        "office": make_actor("office-flood", "commander", flood),
        "street": make_actor("street-210106007-duty", "street_officer", office, "210106007"),
        "street2": make_actor("street-210106015-duty", "street_officer", office2, "210106015"),
        "traffic": make_actor("police-core-traffic", "liaison", police),
        "auditor": make_actor("auditor", "auditor", bureau),
        "public": make_actor("somebody", "public", bureau),
    }
    make_point("WL01", "启工街道1号地道桥", street, (123.342, 41.811))
    make_point("WL02", "兴华街道1号下穿通道", other, (123.366, 41.802))
    return actors


def make_point(code, name, area, at):
    place = Place.objects.create(
        code=code,
        kind="waterlogging_point",
        name=name,
        area=area,
        jurisdiction="core",
        location=Point(*at),
        provenance="illustrative",
    )
    WaterloggingPoint.objects.create(
        place=place,
        form="underpass",
        ladder_m={"watch": 0.05, "blue": 0.1, "yellow": 0.15, "orange": 0.25, "red": 0.4},
        closure=LineString((at[0], at[1] - 0.0017), (at[0], at[1] + 0.0017)),
        policy={"pump_m3h": 1200, "people": 24, "barriers": 8, "signs": 4},
        posts={"traffic": "police-core-traffic", "street": "street-210106007-duty"},
    )
    return place


def make_incident(by, **over):
    """An incident at WL01, already verified unless said otherwise."""
    code = over.pop("code", "WL01")
    facts = {
        "by": by,
        "now": NOW,
        "source": "phone",
        "type_code": "11A02",
        "hazard": "waterlogging",
        "place": Place.objects.select_related("area").get(code=code),
        "level": Level.ORANGE,
        "verified": True,
        **over,
    }
    return actions.open_incident(**facts)
