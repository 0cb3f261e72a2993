"""One ASGI root: the live route is served natively, everything else by Django's WSGI handler in threads."""

from __future__ import annotations

import os
import sys

from fengsui.core.web.orphan import die_with_master

die_with_master()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fengsui.config.settings")

from a2wsgi import WSGIMiddleware
from django.conf import settings

from fengsui.config.wsgi import application as django_app
from fengsui.core import log_levels
from fengsui.core.live_route import Live
from fengsui.core.web.room import SLOTS
from fengsui.core.web.root import Root
from fengsui.core.web.settled import settle

log_levels.follow()
settle()
# The loop that takes connections and refuses needs its turn between threads that draw pages: 5 ms each are too long.
sys.setswitchinterval(0.001)
app = Root(
    live=Live(settings.DATABASES["default"]),
    rest=WSGIMiddleware(django_app, workers=SLOTS),  # type: ignore[arg-type] # PEP 3333 in other words
    body_limit=settings.FENGSUI_BODY_LIMIT,
    proxies=settings.FENGSUI_PROXIES,
)
