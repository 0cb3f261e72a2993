"""`/tiles/<layer>/<z>/<x>/<y>.mvt`, for logged-in people; 204 where nothing is drawn."""

from __future__ import annotations

import hashlib

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from fengsui.core.maps import registry, tiles
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import NotFound

MVT = "application/vnd.mapbox-vector-tile"
BASE_FRESH_S = 86_400
LIMIT_BYTES = 2_000_000


@require_safe
def tile(request: HttpRequest, name: str, z: int, x: int, y: int) -> HttpResponse:
    by: Actor = request.actor  # type: ignore[attr-defined]  # set on the request by our middleware
    if not tiles.is_tile(z, x, y):
        raise NotFound("core.maps.no_tile")
    if name == "base":
        return _answer(request, tiles.base(z, x, y) or b"", BASE_FRESH_S)
    layer = registry.layer(name, by)
    return _answer(request, tiles.mvt(layer, z, x, y, by), layer.fresh_s)


@require_safe
def raster(request: HttpRequest, name: str, z: int, x: int, y: int) -> HttpResponse:
    """A tile of the raster base map from its provider, whose key stays here. 404 where none is set or it has none."""
    if not tiles.is_tile(z, x, y):
        raise NotFound("core.maps.no_tile")
    found = tiles.raster(name, z, x, y)
    if found is None:
        raise NotFound("core.maps.no_tile")
    response = HttpResponse(found[0], content_type=found[1])
    response.headers["Cache-Control"] = f"private, max-age={BASE_FRESH_S}"
    return response


def _answer(request: HttpRequest, body: bytes, fresh_s: int) -> HttpResponse:
    if len(body) > LIMIT_BYTES:
        # A browser would stall on it; nearer zooms split the same content.
        body = b""
    tag = f'"{hashlib.sha1(body, usedforsecurity=False).hexdigest()}"'
    if request.headers.get("If-None-Match") == tag:
        response = HttpResponse(status=304)
    elif not body:
        response = HttpResponse(status=204)
    else:
        response = HttpResponse(body, content_type=MVT)
        if body[:2] == b"\x1f\x8b":
            response.headers["Content-Encoding"] = "gzip"
    response.headers["ETag"] = tag
    response.headers["Cache-Control"] = f"private, max-age={fresh_s}"
    patch_vary_headers(response, ["Cookie"])
    return response
