"""Which world a session is in, and what a page of another one may do: nothing.

A page belongs to the world in which it was opened. Its forms and its htmx requests name that world; where the session
has meanwhile changed worlds (in another window, or because the exercise ended), nothing is done and the page is fetched
anew: no press meant for an exercise may happen in the live world, nor the other way round.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import replace
from itertools import chain
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from fengsui.core import wording
from fengsui.core.worlds import LIVE, is_inside, is_over
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import Refused

SAME_IN_EVERY_WORLD = ("/language/", "/logout/", "/drills/leave")
"""Presses that do the same wherever their page was opened."""
MARK = "exercise-"
"""Before the name of each file that leaves an exercise by a browser."""
KEY, COOKIE, HOME = "world", "fengsui_world", "/"
LOOK = "looking"
"""Key of the ended exercise that a session looks back at: its pages are read, nothing in it is pressed."""
WRITTEN_AFTERWARDS = ("/reviews/",)
"""What is written about an exercise when it is over: its after-action review. Nothing of it leaves the house."""


def world_of(request: HttpRequest) -> UUID:
    """The session's world; the live one again where the exercise is over, or the person has left it elsewhere."""
    world = UUID(request.session.get(KEY, str(LIVE)))
    if world == LIVE:
        return world
    if is_over(world):
        if request.session.get(LOOK) == str(world):
            return world
    elif is_inside(world, request.user.person_id):  # type: ignore[union-attr]  # the login gate has let only accounts through
        return world
    request.session.pop(KEY)
    request.session.pop(LOOK, None)
    messages.warning(request, _("演练已结束，或您已离开它：现在是实战"))
    return LIVE


def world_after(request: HttpRequest) -> UUID:
    """The session's world when the request has been served: joining and leaving change it."""
    return UUID(request.session.get(KEY, str(LIVE)))


def is_looking(request: HttpRequest, world: UUID) -> bool:
    """Whether this session only looks back at an exercise that is over."""
    return world != LIVE and request.session.get(LOOK) == str(world)


def of_another_page(request: HttpRequest, world: UUID) -> HttpResponse | None:
    """The answer where a page was opened in another world, or presses in one that is only looked at; else None."""
    is_read = request.method in ("GET", "HEAD", "OPTIONS")
    said = request.headers.get("X-Fengsui-World") or ("" if is_read else request.POST.get("_world", ""))
    if request.path in SAME_IN_EVERY_WORLD:
        return None
    if said not in ("", str(world)):
        code = "core.world.other_page"
    elif not is_read and is_looking(request, world) and not request.path.startswith(WRITTEN_AFTERWARDS):
        code = "core.world.read_only"
    else:
        return None
    words = wording.say(Refused(code, here=str(request.world)))  # type: ignore[attr-defined]  # set on the request by our middleware
    if request.headers.get("HX-Request"):
        if not is_read:
            messages.error(request, words.line)
        # To the desk: the row of the page does not exist in this world.
        return HttpResponse(status=200 if is_read else 409, headers={"HX-Redirect": HOME})
    context = {"said": words, "status": 409, "number": str(request.correlation)[:8]}  # type: ignore[attr-defined]  # set on the request by our middleware
    return render(request, "ui/error.html", context, status=409)


def marked(response: HttpResponse, request: HttpRequest, world: UUID) -> HttpResponse:
    """Whatever is answered inside an exercise says so, and a file that is saved from it carries it in its name.

    The cookie is for the browser's own store: what it keeps by address and cookies (tiles) is of one world.
    """
    if request.COOKIES.get(COOKIE, "") != (kept := "" if world == LIVE else world.hex):
        if kept:
            response.set_cookie(COOKIE, kept, httponly=True, samesite="Lax", secure=request.is_secure())
        else:
            response.delete_cookie(COOKIE)
    return response if world == LIVE else said_inside(response, request)


def said_inside(response: HttpResponse, request: HttpRequest) -> HttpResponse:
    """The answer with the marks of an exercise: of a page, and of what a program asked for."""
    response.headers["X-Fengsui-World"] = "exercise"
    if response.headers.get("Content-Type", "").startswith("text/csv"):
        _first_line(response, f"演练：{request.world}，不对外\r\n".encode())  # type: ignore[attr-defined]  # set on the request by our middleware
    if named := response.headers.get("Content-Disposition"):
        response.headers["Content-Disposition"] = re.sub(r'(filename=")', rf"\1{MARK}", named)
    return response


def _first_line(response: HttpResponse, line: bytes) -> None:
    """A spreadsheet has no head and no frame: its first line says what it is, behind the mark of UTF-8."""
    start = codecs.BOM_UTF8 + line
    if isinstance(response, StreamingHttpResponse):
        body = iter(response.streaming_content)
        first = next(body, b"").removeprefix(codecs.BOM_UTF8)
        response.streaming_content = chain([start + first], body)
    else:
        response.content = start + response.content.removeprefix(codecs.BOM_UTF8)


def live_actor(by: Actor) -> Actor:
    """The same person acting in the live world: exercises themselves are planned, joined and ended there."""
    return replace(by, world=LIVE)
