"""Points in cells: what a tile counts is what stands in the table, whoever asks, whatever changed."""

import random
from uuid import uuid4

import pytest
from django.db import connection
from django.db.models import F, Sum

from fengsui.core.maps import points, registry, tiles
from fengsui.core.maps.registry import PointLayer
from fengsui.core.models import EVERY_WORLD, MapCell, MapPoint
from fengsui.core.tests.make import make_person
from fengsui.core.tests.mvt import points_of
from fengsui.core.worlds import LIVE

pytestmark = pytest.mark.django_db
HERE = (10, 862, 380)
"""The tile of zoom 10 that holds 123.35 E 41.80 N."""


@pytest.fixture
def layer(monkeypatch):
    monkeypatch.setattr(registry, "_layers", dict(registry.layers()))

    def make(**over):
        return registry.add(PointLayer(**{"name": f"t{uuid4().hex[:6]}", "url": "/things/%s/", **over}))

    return make


def put(layer, lon, lat, rank=0, area="210106007", ref=None, world=None, code="A"):
    ref = ref or uuid4()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT core_map_put(%s, %s, %s, %s, %s, %s, '', %s, "
            "ST_Transform(ST_SetSRID(ST_Point(%s, %s), 4326), 3857))",
            [layer.name, ref, world, area, code, f"{code}号", rank, lon, lat],
        )
    return ref


def drop(layer, ref):
    with connection.cursor() as cursor:
        cursor.execute("SELECT core_map_drop(%s, %s)", [layer.name, ref])


def drawn(layer, tile=HERE, by=None):
    """(clusters as (n, rank), single points as (code, rank)) of a tile."""
    found = points_of(tiles.mvt(layer, *tile, by or make_person()))
    many = sorted((each["n"], each["rank"]) for each in found.get(layer.name, []))
    return many, sorted((each["code"], each["rank"]) for each in found.get(points.single(layer), []))


def test_cluster_shows_the_worst_and_the_count_when_points_are_near(layer):
    own = layer()
    for rank in (0, 5, 1):
        put(own, 123.35, 41.80, rank)
    put(own, 123.20, 41.79, 2, code="B")
    assert drawn(own) == ([(3, 5)], [("B", 2)])


def test_single_point_has_its_place_and_page_when_alone_in_its_cell(layer):
    own = layer()
    put(own, 123.35, 41.80, code="Q7")
    (one,) = points_of(tiles.mvt(own, *HERE, make_person()))[points.single(own)]
    assert (one["name"], one["url"], one["xy"]) == ("Q7号", "/things/Q7/", (3532, 3648))


def test_every_point_stands_by_itself_when_looked_at_from_near(layer):
    own = layer()
    for code in "AB":
        put(own, 123.35, 41.80, code=code)
    put(own, 123.35, 41.80, world=LIVE, code="C")
    drop(own, put(own, 123.35, 41.80, code="D"))
    assert drawn(own, (16, 55223, 24376)) == ([], [("A", 0), ("B", 0)])


def test_cluster_follows_when_a_point_moves_changes_or_goes(layer):
    own = layer()
    first, second = put(own, 123.35, 41.80, 6), put(own, 123.35, 41.80, 3)
    assert drawn(own) == ([(2, 6)], [])
    put(own, 123.35, 41.80, 1, ref=first)
    assert drawn(own) == ([(2, 3)], [])
    put(own, 10.0, 10.0, 1, ref=first)
    assert drawn(own) == ([], [("A", 3)])
    drop(own, second)
    assert drawn(own) == ([], [])
    assert not MapPoint.objects.filter(ref=second).exists()
    put(own, 123.35, 41.80, 4, ref=second)
    assert drawn(own) == ([], [("A", 4)])


def test_point_of_another_world_is_not_counted_when_the_layer_lives_in_worlds(layer):
    own, drill = layer(in_world=True), uuid4()
    put(own, 123.35, 41.80, 6, world=LIVE, code="L")
    put(own, 123.35, 41.80, 3, world=drill, code="D")
    assert drawn(own) == ([], [("L", 6)])
    assert drawn(own, by=make_person(world=drill)) == ([], [("D", 3)])
    assert drawn(own, (16, 55223, 24376), make_person(world=drill)) == ([], [("D", 3)])


def test_point_of_another_street_is_not_counted_when_the_person_has_one(layer):
    """A community's officer sees his community and what belongs to its street as a whole, not the one beside it."""
    own = layer(scope=lambda by: ("210106007001",))
    for area, code in (
        ("210106007001", "own"),
        ("210106007", "street"),
        ("210106007002", "beside"),
        ("210106021", "far"),
    ):
        put(own, 123.35, 41.80, 6 if code == "far" else 1, area=area, code=code)
    assert drawn(own) == ([(2, 1)], [])
    assert drawn(own, (16, 55223, 24376)) == ([], [("own", 1), ("street", 1)])
    assert sorted(points.found(own, make_person()).values_list("code", flat=True)) == ["own", "street"]
    nobody = layer(scope=lambda by: ())
    put(nobody, 123.35, 41.80)
    assert drawn(nobody) == ([], [])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_cells_are_the_table_when_anything_was_done_in_any_order(layer, seed):
    """Put, move, rank, area, drop and count, by chance; then every zoom counts what the table holds."""
    own, draw, refs = layer(), random.Random(seed), [uuid4() for _ in range(40)]
    for _ in range(300):
        ref, deed = draw.choice(refs), draw.random()
        if deed < 0.7:
            lon, lat = 123.3 + draw.randrange(12) / 40, 41.7 + draw.randrange(12) / 40
            put(own, lon, lat, draw.randrange(7), area=draw.choice(["210106007", "210106021"]), ref=ref)
        elif deed < 0.9:
            drop(own, ref)
        else:
            points.fold(draw.choice([1, 7, 1000]))
    while points.fold():
        pass
    kept = MapPoint.objects.filter(layer=own.name)
    assert not kept.filter(dirty=True).exists()
    cells = MapCell.objects.filter(layer=own.name, world=EVERY_WORLD)
    assert not cells.filter(n__lte=0).exists()
    for z in range(5, 16):
        sums = cells.filter(z=z).aggregate(
            n=Sum("n"), ids=Sum("sum_id"), **{f"r{r}": Sum(f"r{r}") for r in range(1, 7)}
        )
        assert sums["n"] == kept.count()
        assert sums["ids"] == kept.aggregate(s=Sum("id"))["s"]
        assert [sums[f"r{r}"] for r in range(1, 7)] == [kept.filter(rank=r).count() for r in range(1, 7)]
    assert (
        not cells.annotate(known=F("r1") + F("r2") + F("r3") + F("r4") + F("r5") + F("r6"))
        .filter(n__lt=F("known"))
        .exists()
    )


def test_nothing_is_counted_when_nothing_changed(layer):
    own, ref = layer(), uuid4()
    put(own, 123.35, 41.80, 3, ref=ref)
    assert points.fold() == 1
    put(own, 123.35, 41.80, 3, ref=ref)
    assert points.fold() == 0
