"""The edge of a request: who acts, in which world. Everything below gets this as `by`."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from fengsui.apps.people import queries, screens, session_world, tokens
from fengsui.apps.people.models import Screen
from fengsui.core.api.bearer import is_api, recognised_by
from fengsui.core.models import World
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Actor

Respond = Callable[[HttpRequest], HttpResponse]
recognised_by(tokens.holder)
OPEN = (
    "/login/",
    "/healthz",
    "/metrics",
    "/static/",
    "/feeds/",
    "/public/",
    "/help/",
    "/language/",
    "/api/v1/readings",
    "/sw.js",
    "/manifest/",
    screens.OPENING,
)
"""Paths that nobody logs in for; every other one needs an account. Tested URL by URL."""
BEFORE_ALL_ELSE = ("/me/password", "/me/second-factor", "/logout/", *OPEN)
"""What remains open to somebody who owes a new password or a second factor."""


def actor_middleware(get_response: Respond) -> Respond:
    def handle(request: HttpRequest) -> HttpResponse:
        if is_api(request.path):
            return _for_program(request, get_response)
        user = request.user
        if user.is_authenticated:
            world = session_world.world_of(request)
            request.world = SimpleLazyObject(lambda: World.objects.get(pk=world))  # type: ignore[attr-defined]  # set on the request by our middleware
            request.me = SimpleLazyObject(lambda: user.person)  # type: ignore[attr-defined]  # set on the request by our middleware
            by = request.actor = queries.actor_for(  # type: ignore[attr-defined]  # set on the request by our middleware
                user.person_id,
                world,
                source=request.META.get("REMOTE_ADDR", ""),
                correlation=request.correlation,  # type: ignore[attr-defined]  # set on the request by our middleware
            )
            if not user.is_active or _lost_a_post(request, by):
                request.session.flush()
                return _to_login(request)
            if owed := _owed_first(request, by):
                return _to(request, owed)
            # A page that fetches itself is no sign that somebody sits before it.
            if request.method != "GET" or not request.headers.get("HX-Request"):
                request.session.seen(timezone.now())  # type: ignore[attr-defined]  # set on the request by our middleware
            if refused := session_world.of_another_page(request, world):
                return refused
            answer = session_world.marked(get_response(request), request, session_world.world_after(request))
            answer.headers.setdefault("Cache-Control", "private, no-cache")
            return answer
        if screen := screens.recognised(request):
            return _for_screen(request, screen, get_response)
        if not request.path.startswith(OPEN):
            return _to_login(request)
        return get_response(request)

    return handle


def _for_program(request: HttpRequest, get_response: Respond) -> HttpResponse:
    """Programs come with a token; a browser's login counts for nothing there."""
    answer, bearer = get_response(request), getattr(request, "bearer", None)
    return answer if bearer is None or bearer.by.world == LIVE else session_world.said_inside(answer, request)


def _for_screen(request: HttpRequest, screen: Screen, get_response: Respond) -> HttpResponse:
    """A large screen has no session: it opens the wall of its world, whoever stands before it."""
    request.screen = screen  # type: ignore[attr-defined]  # set on the request by our middleware
    request.world = SimpleLazyObject(lambda: World.objects.get(pk=screen.world_id))  # type: ignore[attr-defined]  # set on the request by our middleware
    request.actor = screens.actor_of(screen, request)  # type: ignore[attr-defined]  # set on the request by our middleware
    return session_world.marked(get_response(request), request, screen.world_id)


def _to_login(request: HttpRequest) -> HttpResponse:
    if request.headers.get("HX-Request"):
        return HttpResponse(status=401, headers={"HX-Redirect": settings.LOGIN_URL})
    return redirect_to_login(_wanted(request))


def _to(request: HttpRequest, name: str) -> HttpResponse:
    where = redirect(name)
    if request.headers.get("HX-Request"):
        return HttpResponse(status=403, headers={"HX-Redirect": where.headers["Location"]})
    return where


def _lost_a_post(request: HttpRequest, by: Actor) -> bool:
    """Whether a post held at the login is gone, by a press or because its time ran out."""
    held = request.session.get("posts")
    return held is not None and not set(held) <= {str(post) for post in by.posts}


def _owed_first(request: HttpRequest, by: Actor) -> str:
    """The page that comes before everything else: a new password, or a second factor for a privileged post."""
    if request.path.startswith(BEFORE_ALL_ELSE):
        return ""
    if request.session.get("change"):
        return "people:password"
    privileged = by.roles & settings.FENGSUI_SECOND_FACTOR_ROLES
    if privileged and request.session.get("factor") == "none" and not settings.DEMO:
        if request.method == "GET" and not request.headers.get("HX-Request"):
            messages.warning(request, _("你的岗位要用第二因素登录：先在这里启用"))
        return "people:factor"
    return ""


def _wanted(request: HttpRequest) -> str:
    """Where to go after the login: the page; of a form that was sent too late, the page that it stood on."""
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    parts = urlsplit(request.META.get("HTTP_REFERER", ""))
    return urlunsplit(("", "", parts.path, parts.query, "")) if parts.netloc == request.get_host() else "/"


def actor_of(request: HttpRequest) -> Actor:
    """The actor of a logged-in request."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set on the request by our middleware
    return actor
