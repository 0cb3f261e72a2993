"""Map layers that apps declare in their `layers.py`, so that every page and every tile knows them by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec

from django.apps import apps

from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import NotFound

_layers: dict[str, Layer] = {}
Scope = Callable[[Actor], tuple[str, ...] | None]


def anybody(by: Actor) -> bool:
    """Everybody who is logged in."""
    return bool(by.person)


def everywhere(by: Actor) -> None:
    """No limit by area."""


@dataclass(frozen=True, slots=True)
class TileLayer:
    """`sql` selects `ST_AsMVTGeom(<3857 column>, tile.box, 4096, 64) AS geom` and its few attributes
    FROM a table, tile.

    It filters by `<3857 column> && tile.box` and, for operational rows, `world_id = %(world)s`. At most `limit` rows
    are drawn in one tile; `fresh_s` is how long a browser may keep it.
    """

    name: str
    sql: str
    min_zoom: int = 8
    max_zoom: int = 18
    limit: int = 20_000
    fresh_s: int = 5
    may: Callable[[Actor], bool] = anybody


@dataclass(frozen=True, slots=True)
class PointLayer:
    """A layer of `core.MapPoint`: any number of points, counted in cells where they are many.

    `scope(by)` gives the codes of the areas a person may see, None for all. `detail` is SQL of more attributes of a
    single point `p` (`, … AS label`), `joins` what they are read from. `url` holds `%s` for the code or the key.
    """

    name: str
    in_world: bool = False
    scope: Scope = everywhere
    detail: str = ""
    joins: str = ""
    url: str = ""
    url_by: str = "code"
    min_zoom: int = 5
    max_zoom: int = 18
    fresh_s: int = 5
    may: Callable[[Actor], bool] = anybody


Layer = TileLayer | PointLayer


def add[L: (TileLayer, PointLayer)](layer: L) -> L:
    """Declare a layer; raises ValueError where the name is taken or the SQL forgets its box."""
    if layer.name in _layers:
        raise ValueError(f"map layer {layer.name!r} defined twice")
    if isinstance(layer, TileLayer) and "tile.box" not in layer.sql:
        raise ValueError(f"map layer {layer.name!r} does not look inside the tile's box")
    _layers[layer.name] = layer
    return layer


@cache
def _discover() -> None:
    for app in apps.get_app_configs():
        if app.name.startswith("fengsui.") and find_spec(f"{app.name}.layers"):
            import_module(f"{app.name}.layers")


def layers() -> dict[str, Layer]:
    _discover()
    return _layers


def layer(name: str, by: Actor) -> Layer:
    """Raises NotFound("core.maps.no_layer"), also for who may not know of it."""
    found = layers().get(name)
    if found is None or not found.may(by):
        raise NotFound("core.maps.no_layer", layer=name)
    return found


def point_layer(name: str, by: Actor) -> PointLayer:
    """Raises NotFound("core.maps.no_layer")."""
    found = layer(name, by)
    if not isinstance(found, PointLayer):
        raise NotFound("core.maps.no_layer", layer=name)
    return found
