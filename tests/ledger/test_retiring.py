"""Out of use: with a reason, never deleted, refused while it is needed; then nobody chooses, calls or draws it."""

from __future__ import annotations

import json

import pytest
from django.conf import settings
from django.utils import timezone

from fengsui.apps.command.models import Response
from fengsui.apps.incidents.models import Incident
from fengsui.apps.people import actions as people
from fengsui.apps.people.models import Account, Holding, Organisation, Person, Post
from fengsui.apps.places import queries as places
from fengsui.apps.places.models import Place
from fengsui.apps.plans.models import PlanVersion
from fengsui.apps.resources.models import Team
from fengsui.apps.sensing.models import Datastream, Station
from fengsui.config.district.load import load
from fengsui.core.ledger import editing
from fengsui.core.ledger.register import register
from fengsui.core.models import Clock, MapPoint
from fengsui.core.worlds import LIVE
from fengsui.kernel.clock import MACHINE
from fengsui.kernel.district.load import load as read_files
from fengsui.kernel.errors import Forbidden, Refused
from tests.contracts.story import client_of
from tests.ledger.make import actor, upload, workbook


def retire(code, row, login="secadmin"):
    editing.retire(register=register(code), row_id=str(row.pk), by=actor(login).because("不再设"), now=timezone.now())
    row.refresh_from_db()


def refused(code, row, login="secadmin"):
    with pytest.raises(Refused) as found:
        retire(code, row, login)
    assert found.value.code == "core.ledger.still_used", found.value.code
    return found.value.facts["what"]


@pytest.fixture
def unit(district):
    """An organisation with one post and one person that nothing else needs."""
    org = Organisation.objects.create(code="u1", name="测试科", kind="department", path="u1", provenance="document")
    post = Post.objects.create(code="u1-post", title="测试岗", org=org, role="liaison")
    person = Person.objects.create(name="试一", org=org)
    return org, post, person


def test_what_an_organisation_still_holds_is_named_when_it_is_retired(unit):
    org, post, person = unit
    what = refused("organisations", org)
    assert "测试岗" in what
    assert "试一" in what
    holding = Holding.objects.create(post=post, person=person, since=timezone.now())
    assert "试一 在任" in refused("posts", post)
    assert "测试岗" in refused("people", person)
    holding.until = timezone.now()
    holding.save()
    account = Account.objects.create(username="shiyi", person=person)
    assert "shiyi" in refused("people", person)
    account.is_active = False
    account.save()
    retire("posts", post)
    retire("people", person)
    retire("organisations", org)
    assert org.retired_at
    assert Holding.objects.get(pk=holding.pk).post.title == "测试岗"


def test_an_open_clock_of_a_post_is_named_when_it_is_retired(unit):
    _org, post, _person = unit
    clock = Clock.objects.create(
        world_id=LIVE, kind="people.approve", about_type="x.y", about_id="1", label="批准任职：测试",
        owner_post=post.pk,
        correlation=post.pk, started_at=timezone.now(), due_at=timezone.now(), limit_s=60,
    )  # fmt: skip
    assert "批准任职：测试" in refused("posts", post)
    clock.state = sorted(MACHINE.final)[0]
    clock.closed_at = timezone.now()
    clock.save()
    retire("posts", post)


def test_retired_post_is_not_given_called_or_chosen_and_keeps_its_name(unit):
    _org, post, person = unit
    place = Place.objects.filter(kind="shelter").order_by("code")[0]
    place.call_order = [post.code]
    place.save(update_fields=["call_order"])
    retire("posts", post)
    with pytest.raises(Refused, match=r"people\.assign\.retired"):
        people.assign(post_id=post.pk, person_id=person.pk, by=actor("secadmin"), now=timezone.now(), reason="试")
    assert places.call_chain_for(place) == []
    assert post.title in client_of("leader").get(f"/registers/shelters/rows/{place.pk}/").content.decode()
    admin = client_of("secadmin")
    assert post.title not in admin.get("/registers/posts/?q=u1-post").content.decode().split("<tbody>")[-1]
    assert post.title in admin.get("/registers/posts/?q=u1-post&retired=1").content.decode()


def test_a_retired_row_is_refused_as_a_new_choice_and_kept_as_an_old_one(unit):
    org, post, person = unit
    post.delete()
    person.delete()
    retire("organisations", org)
    rows = [["代码", "岗位", "单位", "角色"], ["u2-post", "新岗", "u1", "部门联络员"]]
    found = upload("posts", workbook(rows), actor("secadmin"))
    assert [fault[2] for fault in found.faults] == ["core.ledger.retired_ref"]
    old = Post.objects.create(code="u3-post", title="旧岗", org=org, role="liaison")
    rows = [["代码", "岗位", "单位", "角色"], [old.code, "旧岗改名", "u1", "部门联络员"]]
    assert upload("posts", workbook(rows), actor("secadmin")).found["changed"] == 1
    assert "u1 测试科" not in client_of("secadmin").get("/registers/posts/new").content.decode()


def test_station_out_of_use_is_not_listened_to_until_it_is_back(district):
    station = Station.objects.in_world(LIVE).order_by("code")[0]
    streams = Datastream.objects.in_world(LIVE).filter(station=station)
    assert set(streams.values_list("is_active", flat=True)) == {True}
    retire("stations", station, "leader")
    assert set(streams.values_list("is_active", flat=True)) == {False}
    editing.restore(register=register("stations"), row_id=str(station.pk), by=actor("leader"), now=timezone.now())
    assert set(streams.values_list("is_active", flat=True)) == {True}


def on_map(layer):
    return set(MapPoint.objects.filter(layer=layer, gone=False).values_list("code", flat=True))


def test_retired_places_and_teams_leave_the_map_its_tiles_and_its_list(district):
    place = Place.objects.filter(kind="shelter").order_by("code")[0]
    team = Team.objects.order_by("code")[0]
    client = client_of("leader")
    assert place.code in on_map("shelter")
    assert team.code in on_map("team")
    assert place.name in client.get("/map/list").content.decode()
    row = register("shelters").model.objects.get(pk=place.pk)
    editing.retire(register=register("shelters"), row_id=str(row.pk), by=actor().because("拆了"), now=timezone.now())
    retire("teams", team, "leader")
    assert place.code not in on_map("shelter")
    assert team.code not in on_map("team")
    listed = client.get("/map/list").content.decode()
    assert place.name not in listed
    assert team.name not in listed


def open_incident(number, place):
    now = timezone.now()
    return Incident.objects.create(
        world_id=LIVE, place=place, area=place.area, number=number, title="试", type_code="11B01", type_name="试",
        source="phone", address="试", point=place.location, known_at=now, opened_at=now, correlation=LIVE,
    )  # fmt: skip


def test_an_open_incident_is_named_when_its_place_is_retired(district):
    place = Place.objects.filter(kind="shelter").order_by("code")[0]
    open_incident("试-1", place)
    row = register("shelters").model.objects.get(pk=place.pk)
    assert "试-1" in refused("shelters", row, "leader")


def test_plan_is_retired_only_by_who_commands_and_not_while_a_response_runs_on_it(district):
    plan = PlanVersion.objects.filter(in_force=True).order_by("code")[0]
    with pytest.raises(Forbidden):
        retire("plans", plan, "duty")
    place = Place.objects.filter(kind="shelter").order_by("code")[0]
    incident = open_incident("试-2", place)
    response = Response.objects.create(
        world_id=LIVE, incident=incident, plan=plan, level="blue", status="active", matter="试", expected_hours=1,
        measures="试", proposed_at=timezone.now(),
    )  # fmt: skip
    assert "试-2" in refused("plans", plan, "leader")
    response.status = "ended"
    response.save()
    retire("plans", plan, "leader")
    assert not plan.in_force
    PlanVersion.objects.create(
        code=plan.code, version="新", name=plan.name, hazard=plan.hazard, body={}, sha256="1", provenance="document"
    )
    with pytest.raises(Refused, match="another_in_use"):
        editing.restore(register=register("plans"), row_id=str(plan.pk), by=actor(), now=timezone.now())


def test_what_went_out_of_use_stays_so_when_the_district_is_loaded_again(district):
    team = Team.objects.order_by("code")[0]
    retire("teams", team, "leader")
    load(read_files(settings.FENGSUI_DISTRICT, settings.FENGSUI_DISTRICTS), now=timezone.now())
    team.refresh_from_db()
    assert team.retired_at


def test_reason_and_day_are_on_record_when_retired(unit):
    _org, _post, person = unit
    retire("people", person)
    history = editing.history(register("people"), str(person.pk))
    assert json.loads(history[0].facts)["reason"] == "不再设"
    assert history[0].at
