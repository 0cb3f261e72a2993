"""The base map in a real database: loaded once, never empty while it is exchanged, tiles with the right layers."""

import math

import psycopg
import pytest
from django.db import connection as django_connection

from fengsui.engines.basemap.load import load_basemap
from fengsui.engines.basemap.tiles import BaseMap
from fengsui.engines.roads.city import Anchor
from fengsui.engines.roads.osm_write import Drawing
from fengsui.engines.roads.synthetic import generate

BBOX = (123.30, 41.77, 123.38, 41.83)


@pytest.fixture
def database(django_db_setup, django_db_blocker):
    """A connection of its own to the test database; the schema is removed afterwards."""
    with django_db_blocker.unblock():
        settings = {**django_connection.get_connection_params()}
    settings = {key: settings[key] for key in ("dbname", "user", "password", "host", "port") if settings.get(key)}
    with psycopg.connect(**settings, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS basemap CASCADE")
        yield connection
        connection.execute("DROP SCHEMA IF EXISTS basemap CASCADE")


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    target = tmp_path_factory.mktemp("map") / "city.osm.pbf"
    generate(target, [Anchor("示意下穿", 123.34, 41.80, 0.0, "underpass")], bbox=BBOX, seed=2)
    return target


def _tile(database, z, lon, lat):
    n = 2**z
    x = int((lon + 180) / 360 * n)
    y = int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * n)
    return bytes(database.execute("SELECT basemap.tile(%s, %s, %s)", [z, x, y]).fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_roads_of_a_box_come_as_lines_of_positions_larger_ones_first(database, city):
    load_basemap(city, database)
    box = (123.335, 41.795, 123.345, 41.805)
    found = BaseMap().roads_within(box, 4, 30)
    assert 3 < len(found) <= 30
    for _name, line in found:
        assert len(line) >= 2
        assert all(123.2 < lon < 123.5 and 41.7 < lat < 41.9 for lon, lat in line)
    assert len(BaseMap().roads_within(box, 4, 2)) == 2
    assert len(BaseMap().roads_within(box, 1, 1000)) < len(BaseMap().roads_within(box, 5, 1000))


def test_a_file_is_loaded_once_when_it_is_given_twice(database, city):
    first = load_basemap(city, database)
    assert first.fresh
    assert first.rows["road"] > 60
    assert first.rows["water"] == 2
    assert first.rows["area"] > 500
    again = load_basemap(city, database)
    assert (again.key, again.rows, again.fresh) == (first.key, first.rows, False)
    assert database.execute("SELECT basemap.build_key()").fetchone()[0] == first.key
    illustrative, attribution, west, east = database.execute(
        "SELECT illustrative, attribution, west, east FROM basemap.build"
    ).fetchone()
    assert illustrative
    assert attribution.startswith("示意路网，非实测")
    assert west == pytest.approx(BBOX[0], abs=0.002)
    assert east == pytest.approx(BBOX[2], abs=0.002)


def test_tiles_have_their_layers_when_zoomed_in_and_out(database, city):
    load_basemap(city, database)
    near = _tile(database, 14, 123.34, 41.80)
    assert all(layer in near for layer in (b"road", b"area", b"building", b"tunnel"))
    far = _tile(database, 9, 123.34, 41.80)
    assert b"road" in far
    assert b"building" not in far
    assert b"residential" not in far.split(b"road", 1)[1]
    assert _tile(database, 14, 10.0, 50.0) == b""
    wet = database.execute(
        "SELECT ST_X(c), ST_Y(c) FROM (SELECT ST_Transform(ST_PointOnSurface(geom), 4326) AS c"
        " FROM basemap.water WHERE class = 'river' AND ST_Dimension(geom) = 2) t"
    ).fetchone()
    assert b"water" in _tile(database, 13, *wet)


def test_the_index_is_used_when_a_tile_is_asked_for(database, city):
    load_basemap(city, database)
    database.execute("SET enable_seqscan = off")
    plan = database.execute(
        "EXPLAIN SELECT id FROM basemap.road WHERE coarse && ST_TileEnvelope(11, 1725, 761)"
    ).fetchall()
    assert any("coarse_idx" in line for (line,) in plan)


def test_readers_see_the_old_map_when_a_new_one_is_being_loaded(database, city, tmp_path):
    load_basemap(city, database)
    before = database.execute("SELECT count(*) FROM basemap.road").fetchone()[0]
    drawing = Drawing()
    drawing.way([drawing.node(123.30, 41.80), drawing.node(123.31, 41.80)], {"highway": "primary", "name": "新路"})
    other = tmp_path / "other.osm.pbf"
    drawing.write(other)
    with psycopg.connect(database.info.dsn, autocommit=True) as loader:
        with loader.transaction():
            assert load_basemap(other, loader).rows == {"road": 1, "water": 0, "area": 0}
            raise psycopg.Rollback
        assert database.execute("SELECT count(*) FROM basemap.road").fetchone()[0] == before
        assert load_basemap(other, loader).fresh
    assert database.execute("SELECT name FROM basemap.road").fetchall() == [("新路",)]
