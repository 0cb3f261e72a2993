"""What every page of alerts needs of the shell, and how a refused press is answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language

from fengsui.apps.people.edge import actor_of
from fengsui.core import live, wording
from fengsui.kernel.errors import Invalid, Refused
from fengsui.kernel.levels import LEVELS, Level
from fengsui.kernel.terms import Term

View = Callable[..., HttpResponse]
Press = Callable[..., HttpResponse | None]


def in_english() -> bool:
    return (get_language() or "").startswith("en")


def word(terms: Mapping[str, Term], code: str) -> str:
    """A term in the language of the page; the code itself where data hold an unknown one."""
    found = terms.get(code)
    return code if found is None else said(found)


def said(term: Term) -> str:
    return term.en if in_english() else term.zh


def level_word(level: Level | int) -> str:
    return said(LEVELS[Level(level).code])


def either(zh: str, en: str) -> str:
    """Data that carry both languages; Chinese where there is no English."""
    return en if in_english() and en else zh


def shell(request: HttpRequest, *topics: str, **context: Any) -> dict[str, Any]:
    """The page's own context with a ticket to listen to its topics."""
    by = actor_of(request)
    return {
        "live_ticket": live.ticket(by.world, ["desk", "core.clocks", *topics], by.person),
        "by": by,
        "w": word,
        "either": either,
        "home": seen_at(request),
        **context,
    }


def seen_at(request: HttpRequest) -> str:
    """The page that a person looks at: a fragment fetched anew stands on the page that fetched it."""
    return urlsplit(request.headers.get("HX-Current-URL", "")).path or request.path


def back(request: HttpRequest, fallback: str) -> HttpResponseRedirect:
    """To where the press came from, if that is ours."""
    wanted = request.POST.get("next", "")
    ours = wanted and url_has_allowed_host_and_scheme(wanted, {request.get_host()})
    return HttpResponseRedirect(wanted if ours else fallback)


def pressed(fallback: Callable[..., str]) -> Callable[[Press], View]:
    """A POST of one button: done, or refused with its sentence on the page it came from. 403 and 404 stay pages."""

    def wrap(view: Press) -> View:
        @wraps(view)
        def handle(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            try:
                answer = view(request, *args, **kwargs)
            except (Refused, Invalid) as refused:
                sentence = wording.say(refused)
                messages.error(request, sentence.line)
                led_back = back(request, fallback(*args, **kwargs))
                led_back.refused = sentence  # type: ignore[attr-defined]  # read by core.web.once: nothing was done
                return led_back
            return answer or back(request, fallback(*args, **kwargs))

        return handle

    return wrap
