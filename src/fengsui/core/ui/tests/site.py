"""The gallery alone with the real live route: `granian --interface asgi fengsui.core.ui.tests.site:app`.

Needs FENGSUI_DATABASE_URL (only LISTEN is used) and FENGSUI_DEMO=1. No login: the gallery holds no data of anybody.
"""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fengsui.config.settings")
os.environ.setdefault("FENGSUI_DEMO", "1")

from a2wsgi import WSGIMiddleware
from django.conf import settings

settings.ROOT_URLCONF = "fengsui.core.urls"
# The shell's navigation belongs to an app above; the gallery stands alone.
for engine in settings.TEMPLATES:
    listed = engine["OPTIONS"].get("context_processors", [])
    engine["OPTIONS"]["context_processors"] = [each for each in listed if not each.startswith("fengsui.apps.")]
settings.MIDDLEWARE = [
    each
    for each in settings.MIDDLEWARE
    if "people" not in each and "sessions" not in each and "auth" not in each and "messages" not in each
]

from django.core.wsgi import get_wsgi_application  # noqa: E402 - the settings above come first

from fengsui.core.live_route import Live  # noqa: E402 - settings come first
from fengsui.core.web.root import Root  # noqa: E402 - settings come first

application = get_wsgi_application()

app = Root(live=Live(settings.DATABASES["default"]), rest=WSGIMiddleware(application, workers=4), body_limit=100_000)
