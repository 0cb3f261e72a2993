"""Tiles: inside their box, their world and a limit; a tag; quiet answers where there is nothing.

Login is asked for URL by URL in tests/contracts.
"""

from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.test import RequestFactory
from django.urls import reverse

from fengsui.core import ports
from fengsui.core.maps import registry, tiles, views
from fengsui.core.maps.registry import TileLayer
from fengsui.core.tests.make import make_person
from fengsui.kernel.errors import NotFound

POINTS = """
SELECT ST_AsMVTGeom(p.g, tile.box, 4096, 64) AS geom, p.code FROM tile, (VALUES
  ('near', %(world)s::uuid, ST_Transform(ST_SetSRID(ST_Point(123.35, 41.80), 4326), 3857)),
  ('next', %(world)s::uuid, ST_Transform(ST_SetSRID(ST_Point(123.36, 41.80), 4326), 3857)),
  ('far', %(world)s::uuid, ST_Transform(ST_SetSRID(ST_Point(10.0, 10.0), 4326), 3857))) p(code, w, g)
WHERE p.g && tile.box
"""
HERE = (10, 862, 380)
"""The tile of zoom 10 that holds 123.35 E 41.80 N."""


@pytest.fixture
def layer(monkeypatch):
    monkeypatch.setattr(registry, "_layers", dict(registry.layers()))

    def make(**over):
        return registry.add(TileLayer(**{"name": f"t{uuid4().hex[:6]}", "sql": POINTS, **over}))

    return make


@pytest.fixture
def basemap(monkeypatch):
    """An engine that has one tile."""
    engine = SimpleNamespace(tile=lambda z, x, y: b"\x1a\x04test" if (z, x, y) == HERE else None)
    monkeypatch.setitem(ports._factories, "basemap", lambda: engine)


def get(name, z, x, y, **headers):
    request = RequestFactory().get("/", headers=headers)
    request.actor = make_person()
    return views.tile(request, name, z, x, y)


def test_address_names_the_tile_when_reversed():
    assert reverse("maps:tile-show", args=["base", 14, 13797, 6126]) == "/tiles/base/14/13797/6126.mvt"


def test_base_tile_is_served_when_the_engine_has_it(basemap):
    response = get("base", *HERE)
    assert (response.status_code, response.content) == (200, b"\x1a\x04test")
    assert response.headers["Content-Type"] == "application/vnd.mapbox-vector-tile"
    assert response.headers["Cache-Control"] == "private, max-age=86400"


def test_tile_is_not_sent_again_when_its_tag_is_known(basemap):
    tag = get("base", *HERE).headers["ETag"]
    again = get("base", *HERE, if_none_match=tag)
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    assert get("base", *HERE, if_none_match='"other"').status_code == 200


def test_answer_is_empty_when_tile_or_engine_is_absent(basemap, monkeypatch):
    assert (get("base", 14, 0, 0).status_code, get("base", 14, 0, 0).content) == (204, b"")
    monkeypatch.delitem(ports._factories, "basemap")
    assert get("base", *HERE).status_code == 204


def test_too_large_tile_is_not_sent_when_it_would_stall_the_page(basemap, monkeypatch):
    monkeypatch.setattr(views, "LIMIT_BYTES", 5)
    assert get("base", *HERE).status_code == 204


@pytest.mark.parametrize("where", [(0, 1, 0), (3, 8, 0), (3, 0, 8), (23, 0, 0), (200, 1, 1)])
def test_nothing_is_found_when_the_tile_lies_outside_the_world(where):
    with pytest.raises(NotFound):
        get("base", *where)


@pytest.mark.django_db
def test_layer_holds_only_what_its_box_holds_when_drawn(layer):
    body = get(layer().name, *HERE).content
    assert (b"near" in body, b"next" in body, b"far" in body) == (True, True, False)
    assert get(layer().name, 10, 0, 0).status_code == 204


@pytest.mark.django_db
def test_layer_stops_when_its_limit_or_zoom_is_reached(layer):
    assert b"next" not in get(layer(limit=1).name, *HERE).content
    assert get(layer(min_zoom=11).name, *HERE).status_code == 204


@pytest.mark.django_db
def test_layer_is_not_found_when_unknown_or_not_for_this_actor(layer):
    for name in ("unheard-of", layer(may=lambda by: False).name):
        with pytest.raises(NotFound):
            get(name, *HERE)


def test_layer_refuses_to_exist_when_named_twice_or_without_its_box(layer):
    name = layer().name
    with pytest.raises(ValueError, match="defined twice"):
        layer(name=name)
    with pytest.raises(ValueError, match=r"tile's box"):
        layer(sql="SELECT geom FROM everything")


@pytest.mark.django_db
def test_shipped_layers_answer_when_every_zoom_is_asked():
    by, found = make_person(), registry.layers()
    assert found
    for each in found.values():
        for z in range(0, 19, 3):
            assert isinstance(tiles.mvt(each, z, int(2**z * 0.8426), int(2**z * 0.3721), by), bytes)


def test_only_reading_is_allowed_when_asked():
    assert views.tile(RequestFactory().post("/"), "base", 0, 0, 0).status_code == 405
