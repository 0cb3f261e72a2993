"""Places come onto the map and leave it with their rows, whatever statement wrote them."""

import pytest
from django.contrib.gis.geos import Point
from django.db import connection
from django.utils import timezone

from fengsui.apps.places.models import Area, Place
from fengsui.core.maps import points
from fengsui.core.models import EVERY_WORLD, MapPoint

pytestmark = pytest.mark.django_db


@pytest.fixture
def area():
    return Area.objects.create(code="990001001", scheme="t", name="甲街道", kind="subdistrict", provenance="public")


def places(area, codes, **over):
    facts = {"kind": "shelter", "area": area, "location": Point(123.3, 41.8), "provenance": "public", **over}
    return [Place(code=code, name=f"{code}号", **facts) for code in codes]


def shown(kind="shelter"):
    found = MapPoint.objects.filter(layer=kind, gone=False, code__startswith="T").order_by("code")
    return [(each.code, each.name, each.area) for each in found]


def test_all_are_shown_when_one_statement_writes_many(area):
    made = Place.objects.bulk_create([*places(area, ["T1", "T2"]), *places(area, ["T3"], kind="checkpoint")])
    assert shown() == [("T1", "T1号", area.code), ("T2", "T2号", area.code)]
    point = MapPoint.objects.get(layer="checkpoint", code="T3")
    assert (point.ref, point.world, point.rank, point.dirty) == (made[2].pk, EVERY_WORLD, 0, True)
    assert point.geom.equals_exact(Place.objects.get(code="T3").location_3857)


def test_one_out_of_use_is_not_shown_when_written_so(area):
    Place.objects.bulk_create(places(area, ["T1"], retired_at=timezone.now()))
    assert shown() == []


def test_nothing_is_counted_again_when_a_change_does_not_show(area):
    (place,) = Place.objects.bulk_create(places(area, ["T1"]))
    while points.fold():
        pass
    Place.objects.filter(pk=place.pk).update(source="另一处")
    assert not MapPoint.objects.filter(dirty=True).exists()
    Place.objects.filter(pk=place.pk).update(location=Point(123.4, 41.8))
    assert MapPoint.objects.filter(dirty=True).count() == 1


def test_map_follows_when_a_row_changes_its_kind_goes_and_comes_back(area):
    (place,) = Place.objects.bulk_create(places(area, ["T1"]))
    Place.objects.filter(pk=place.pk).update(kind="checkpoint", name="新名")
    assert (shown(), shown("checkpoint")) == ([], [("T1", "新名", area.code)])
    Place.objects.filter(pk=place.pk).update(retired_at=timezone.now())
    assert shown("checkpoint") == []
    Place.objects.filter(pk=place.pk).update(retired_at=None)
    assert shown("checkpoint") == [("T1", "新名", area.code)]
    Place.objects.filter(pk=place.pk).delete()
    assert shown("checkpoint") == []


def test_point_that_was_gone_comes_back_when_its_row_is_written_again(area):
    (place,) = Place.objects.bulk_create(places(area, ["T1"]))
    while points.fold():
        pass
    with connection.cursor() as cursor:
        cursor.execute("SELECT core_map_drop('shelter', %s)", [place.pk])
        assert shown() == []
        cursor.execute("UPDATE places_place SET name_en = 'Ground' WHERE id = %s", [place.pk])
    point = MapPoint.objects.get(ref=place.pk)
    assert (point.gone, point.dirty, point.name_en) == (False, True, "Ground")
