"""What every page of this app and those above needs of the shell, and how a refused press is answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import update_wrapper
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language

from fengsui.apps.people.edge import actor_of
from fengsui.core import live, wording
from fengsui.kernel.errors import Invalid, Refused
from fengsui.kernel.terms import Term

View = Callable[..., HttpResponse | None]


def word(terms: Mapping[str, Term], code: str) -> str:
    """A term in the language of the page."""
    found = terms.get(code)
    if found is None:
        return code
    return found.en if (get_language() or "").startswith("en") else found.zh


def shell(request: HttpRequest, *topics: str, **context: Any) -> dict[str, Any]:
    """The page's own context with a ticket to listen to its topics."""
    by = actor_of(request)
    return {
        "live_ticket": live.ticket(by.world, ["desk", "core.clocks", *topics], by.person),
        "by": by,
        "w": word,
        "nav_url": "/desk/nav",
        "find_url": "/find/",
        **context,
    }


def back(request: HttpRequest, fallback: str) -> HttpResponseRedirect:
    """To where the press came from, if that is ours."""
    wanted = request.POST.get("next", "")
    ours = wanted and url_has_allowed_host_and_scheme(wanted, {request.get_host()})
    return HttpResponseRedirect(wanted if ours else fallback)


def pressed(fallback: Callable[..., str]) -> Callable[[View], Callable[..., HttpResponse]]:
    """A POST of one button: done, or refused with its sentence on the page it came from. 403 and 404 stay pages."""

    def wrap(view: View) -> Callable[..., HttpResponse]:
        def handle(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            try:
                answer = view(request, *args, **kwargs)
            except (Refused, Invalid) as refused:
                said = wording.say(refused)
                messages.error(request, said.line)
                led_back = back(request, fallback(*args, **kwargs))
                led_back.refused = said  # type: ignore[attr-defined]  # read by core.web.once: nothing was done
                return led_back
            return answer or back(request, fallback(*args, **kwargs))

        return update_wrapper(handle, view)

    return wrap
