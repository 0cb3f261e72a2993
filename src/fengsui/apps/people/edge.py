"""The edge of a request: who acts, in which world. Everything below gets this as `by`."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from fengsui.apps.people import queries, session_world
from fengsui.core.models import World
from fengsui.kernel.actor import Actor

Respond = Callable[[HttpRequest], HttpResponse]
OPEN = ("/login/", "/healthz", "/metrics", "/static/", "/feeds/", "/public/", "/language/", "/api/v1/readings")
"""Paths that nobody logs in for; every other one needs an account. Tested URL by URL."""


def actor_middleware(get_response: Respond) -> Respond:
    def handle(request: HttpRequest) -> HttpResponse:
        user = request.user
        if user.is_authenticated:
            world = session_world.world_of(request)
            request.world = SimpleLazyObject(lambda: World.objects.get(pk=world))  # type: ignore[attr-defined]
            request.me = user.person  # type: ignore[attr-defined]
            request.actor = queries.actor_for(  # type: ignore[attr-defined]
                user.person_id,
                world,
                source=request.META.get("REMOTE_ADDR", ""),
                correlation=request.correlation,  # type: ignore[attr-defined]
            )
            if refused := session_world.of_another_page(request, world):
                return refused
            return session_world.marked(get_response(request), world)
        if not request.path.startswith(OPEN):
            if request.headers.get("HX-Request"):
                return HttpResponse(status=401, headers={"HX-Redirect": settings.LOGIN_URL})
            return redirect_to_login(_wanted(request))
        return get_response(request)

    return handle


def _wanted(request: HttpRequest) -> str:
    """Where to go after the login: the page; of a form that was sent too late, the page that it stood on."""
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    parts = urlsplit(request.META.get("HTTP_REFERER", ""))
    return urlunsplit(("", "", parts.path, parts.query, "")) if parts.netloc == request.get_host() else "/"


def actor_of(request: HttpRequest) -> Actor:
    """The actor of a logged-in request."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor
