"""Jinja2 as Django's template engine: strict, translated, with our words as globals."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.template.backends.utils import csrf_input
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.functional import SimpleLazyObject
from django.utils.html import format_html
from jinja2 import Environment, StrictUndefined

from fengsui.core import policy
from fengsui.core.web import rendering
from fengsui.core.web.state import person_key


def url(name: str, *args: Any, **kwargs: Any) -> str:
    return reverse(name, args=args or None, kwargs=kwargs or None)


def local(when: datetime | None, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    """A moment in the district's time; empty where there is none."""
    return timezone.localtime(when).strftime(form) if when else ""


def worded(text: str) -> str:
    """A stored sentence in the reader's language where it is one of ours. Escaped like any text, which `_()` is not."""
    return translation.gettext(text) if text else ""


def environment(**options: Any) -> Environment:
    """Called by Django's Jinja2 backend."""
    options["undefined"] = StrictUndefined
    # autoescape comes in `options`: Django's backend switches it on unless told otherwise.
    extensions = ["jinja2.ext.i18n", "jinja2.ext.do"]
    env = Environment(extensions=extensions, trim_blocks=True, lstrip_blocks=True, **options)  # noqa: S701 - autoescape is among the options
    env.template_class = rendering.Reused
    env.globals.update(url=url, static=static, now=timezone.now, can=policy.can, demo=settings.DEMO)
    env.filters.update(local=local, worded=worded)
    env.install_gettext_callables(  # type: ignore[attr-defined]  # added by the i18n extension
        translation.gettext,
        translation.ngettext,
        newstyle=True,
        pgettext=translation.pgettext,
        npgettext=translation.npgettext,
    )
    env.globals.update(_=rendering.said, gettext=rendering.said)
    from fengsui.core.ui import present

    present.install(env)
    return env


def _form_marks(request: HttpRequest) -> str:
    """Hidden fields of each form: the token, and the world whose page it stands on (people.edge compares it)."""
    by = getattr(request, "actor", None)
    token = csrf_input(request)
    return token if by is None else format_html('{}<input type="hidden" name="_world" value="{}">', token, by.world)


def shared(request: HttpRequest) -> dict[str, Any]:
    """What every page may use; the shell's own context (nav, counts) comes from `desk`'s fragments."""
    return {
        "csrf_input": SimpleLazyObject(lambda: _form_marks(request)),
        "actor": getattr(request, "actor", None),
        "person_key": person_key(getattr(request, "actor", None)),
        "me": getattr(request, "me", None),
        "world": getattr(request, "world", None),
        "language": translation.get_language() or "zh-hans",
        "languages": settings.LANGUAGES,
        "theme": request.COOKIES.get("theme", "light"),
        "district_name": getattr(request, "district_name", ""),
        "help_url": reverse(
            "help:for-page", args=[request.resolver_match.view_name if request.resolver_match else "-"]
        ),
    }
