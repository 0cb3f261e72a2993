"""The one NinjaAPI: strict JSON in, JSON out, every refusal a problem; each app's router is found by its name."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import orjson
from django.apps import apps
from django.core.exceptions import ValidationError as NotAValue
from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema
from ninja.parser import Parser
from ninja.renderers import BaseRenderer

from fengsui.core.api import problems
from fengsui.core.api.describing import completed
from fengsui.kernel.errors import FengsuiError, Invalid, NotFound

VERSION = "1.0.0"


class _Json(Parser):
    """What PostgreSQL cannot hold is refused here: lone surrogates, NaN (orjson), and the zero character."""

    def parse_body(self, request: HttpRequest) -> Any:
        found = orjson.loads(request.body or b"null")
        if b"\\u0000" in request.body and _has_zero(found):
            raise ValueError("a zero character")
        return found


def _has_zero(found: Any) -> bool:
    if isinstance(found, str):
        return "\0" in found
    if isinstance(found, dict):
        return any(_has_zero(key) or _has_zero(each) for key, each in found.items())
    return isinstance(found, list) and any(_has_zero(each) for each in found)


class _Rendered(BaseRenderer):
    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:
        return orjson.dumps(data, default=str)


class Api(NinjaAPI):
    def get_openapi_schema(self, *, path_prefix: str | None = None, path_params: Any = None) -> OpenAPISchema:
        return completed(super().get_openapi_schema(path_prefix=path_prefix, path_params=path_params))


def _refused(request: HttpRequest, error: Any) -> HttpResponse:
    """`error`: a FengsuiError; ninja types its handlers for the class too."""
    return problems.problem(request, error)


def _http(request: HttpRequest, error: Any) -> HttpResponse:
    return problems.problem(request, Invalid("core.api.unreadable"), status=error.status_code)


def _unusable(request: HttpRequest, error: Any) -> HttpResponse:
    """A value that fits the description and still is none for its column (a filter's, mostly)."""
    return problems.problem(request, Invalid("core.api.fields"))


def _absent(request: HttpRequest, error: Any) -> HttpResponse:
    return problems.problem(request, NotFound("core.api.no_such"))


@cache
def api() -> Api:
    """The API with the router of every app that has one; made when its addresses are first asked for."""
    made = Api(
        title="烽燧 Fengsui",
        version=VERSION,
        description="What the pages of Fengsui can do, for programs. See docs/howto/use-the-api.md.",
        docs_url=None,
        urls_namespace="api",
        parser=_Json(),
        renderer=_Rendered(),
    )
    made.add_exception_handler(FengsuiError, _refused)
    made.add_exception_handler(ValidationError, problems.of_validation)
    made.add_exception_handler(HttpError, _http)
    made.add_exception_handler(Http404, _absent)
    made.add_exception_handler(NotAValue, _unusable)
    made.add_exception_handler(DataError, _unusable)
    for app in ["fengsui.core.ledger", *(each.name for each in apps.get_app_configs())]:
        if app.startswith("fengsui.") and app != "fengsui.config" and find_spec(f"{app}.api"):
            router = getattr(import_module(f"{app}.api"), "router", None)
            if router is not None:
                made.add_router("", router)
    return made
