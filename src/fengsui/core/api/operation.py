"""How an operation is declared: `reads(router, …)` and `writes(router, …)` above a function of an app's `api.py`.

Order of a call: whose token, is this minute's share left, does the token's scope hold it; then, for a change, the
idempotency key; then what was sent is checked against the description, and the app's action asks its own policy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, wraps
from typing import Any

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject
from ninja import Router
from ninja.decorators import decorate_view
from ninja.operation import Operation
from pydantic import BaseModel

from fengsui.core.api import idempotency, problems
from fengsui.core.api.bearer import Bearer, bearer_of
from fengsui.core.models import World
from fengsui.core.worlds import LIVE
from fengsui.kernel.errors import FengsuiError, NotFound

log = structlog.get_logger(__name__)
Run = Callable[..., HttpResponse]
Declared = Callable[[Callable[..., Any]], Callable[..., Any]]


def reads(
    router: Router, path: str, *, scope: str, summary: str, response: Any = None, page: str = "", **more: Any
) -> Declared:
    """GET. `page`: the page's URL name whose reading this is."""
    return _declared(router, "GET", path, scope, summary, response, page, {}, more)


def writes(
    router: Router,
    path: str,
    *,
    scope: str,
    summary: str,
    response: Any = None,
    page: str = "",
    method: str = "POST",
    status: int = 200,
    **more: Any,
) -> Declared:
    """A change. `page`: which press of the pages it is, `url-name` or `url-name verb` where one URL takes several."""
    answers = {status: response}
    return _declared(router, method, path, scope, summary, answers, page, {"x-idempotency": True}, more)


def _declared(
    router: Router,
    method: str,
    path: str,
    scope: str,
    summary: str,
    response: Any,
    page: str,
    extra: Mapping[str, Any],
    more: Mapping[str, Any],
) -> Declared:
    def declare(function: Callable[..., Any]) -> Callable[..., Any]:
        *_root, app, part = function.__module__.split(".")
        noun = app if part in ("api", "programs") else part
        described = {"x-scope": scope, **({"x-page": page} if page else {}), **extra, **more.get("openapi_extra", {})}
        add = router.api_operation(
            [method],
            path,
            response=response,
            summary=summary,
            operation_id=f"{noun}_{function.__name__}",
            url_name=f"{noun}-{function.__name__}",
            openapi_extra=described,
        )
        return add(decorate_view(guard(scope, changes=bool(extra)))(function))

    return declare


def guard(scope: str, *, changes: bool) -> Callable[[Run], Run]:
    """Around an operation: who asks, how often, for what it was given."""

    def decorate(run: Run) -> Run:
        words = cache(lambda: words_of(getattr(run, "__self__", None)))

        @wraps(run)
        def handle(request: HttpRequest, **given: Any) -> HttpResponse:
            request.field_words = words()  # type: ignore[attr-defined]  # set on the request by our middleware
            try:
                bearer = _enter(request, scope)
                if not changes:
                    answer = run(request, **given)
                else:
                    answer = idempotency.once(request, bearer, lambda: run(request, **given))
            except FengsuiError as refused:
                log.info("api.refused", code=refused.code, status=refused.status)
                answer = problems.problem(request, refused)
            return _marked(request, answer)

        return handle

    return decorate


def _enter(request: HttpRequest, scope: str) -> Bearer:
    if "\0" in request.path:
        raise NotFound("core.api.no_such")
    bearer = bearer_of(request)
    request.bearer = bearer  # type: ignore[attr-defined]  # set on the request by our middleware
    bearer.check_rate()
    bearer.check_scope(scope)
    if int(request.META.get("CONTENT_LENGTH") or 0) > (settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0):
        raise problems.TooLarge("core.api.too_large")
    request.actor = bearer.by  # type: ignore[attr-defined]  # set on the request by our middleware
    request.world = SimpleLazyObject(lambda: World.objects.get(pk=bearer.by.world))  # type: ignore[attr-defined]  # set on the request by our middleware
    return bearer


def _marked(request: HttpRequest, answer: HttpResponse) -> HttpResponse:
    """How much of the minute is left, and whether this was said inside an exercise."""
    bearer: Bearer | None = getattr(request, "bearer", None)
    if bearer is not None:
        answer.headers["RateLimit-Limit"] = str(bearer.most)
        answer.headers["RateLimit-Remaining"] = str(max(0, bearer.most - bearer.used))
        answer.headers["RateLimit-Reset"] = str(bearer.resets_in_s)
        if bearer.by.world != LIVE:
            answer.headers["X-Fengsui-World"] = "exercise"
    return answer


def words_of(operation: Operation | None) -> dict[str, str]:
    """Key -> what the description calls it, of every field an operation takes."""
    found: dict[str, str] = {}
    for model in operation.models if operation is not None else ():
        _collect(model, found)
    return found


def _collect(model: type[BaseModel], found: dict[str, str]) -> None:
    for name, field in model.model_fields.items():
        if field.title:
            found[name] = field.title
        for inner in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                _collect(inner, found)
