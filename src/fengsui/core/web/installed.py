"""The page as an app on a phone: manifest by language, service worker from the root, which pages it may keep."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.templatetags.static import static
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from fengsui.core.ui import assets
from fengsui.core.web.state import person_key

View = Callable[..., HttpResponse]
KEEP = "X-Fengsui-Keep"
"""Names whose page it is, in the browser's own stores; without it the service worker keeps no copy."""
COLOUR = "#12181B"
ICONS = (("192", "any"), ("512", "any"), ("512", "maskable"))


def kept_by_phone(view: View) -> View:
    """A page that its person may look at without network, marked with its age. Never one with a revealed number."""

    @wraps(view)
    def handle(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        answer = view(request, *args, **kwargs)
        if request.method == "GET" and answer.status_code == 200 and not request.headers.get("HX-Request"):
            answer.headers[KEEP] = person_key(getattr(request, "actor", None))
        return answer

    return handle


@require_GET
@cache_control(max_age=3600)
def manifest(request: HttpRequest, language: str) -> JsonResponse:
    """Web app manifest (W3C). Fetched without cookies, so its address carries the language."""
    if language not in dict(settings.LANGUAGES):
        raise Http404
    with translation.override(language):
        facts = {
            "id": "/",
            "name": _("烽燧 应急值守"),
            "short_name": _("烽燧"),
            "description": _("我的任务、叫应、报情；没有网络也能写，连上自动发"),
            "lang": "en" if language == "en" else "zh-CN",
            "start_url": "/",
            "scope": "/",
            "display": "standalone",
            "orientation": "any",
            "background_color": "#E7EAEB",
            "theme_color": COLOUR,
            "icons": [
                {
                    "src": static(f"icons/{'maskable' if purpose == 'maskable' else 'icon'}-{size}.png"),
                    "sizes": f"{size}x{size}",
                    "type": "image/png",
                    "purpose": purpose,
                }
                for size, purpose in ICONS
            ],
        }
    return JsonResponse(facts, content_type="application/manifest+json", json_dumps_params={"ensure_ascii": False})


@require_GET
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker with the list of files of the shell. From the root, so that its scope is every page."""
    path = assets.DIST / "sw.js"
    if not path.is_file():
        raise Http404
    code = path.read_text("utf-8")
    sheets, scripts = assets.files("app")
    shell = [static(f"dist/{each}") for each in (*sheets, *scripts)] + [static("icon.svg")]
    version = hashlib.sha256("\n".join([code, *shell]).encode()).hexdigest()[:16]
    words = {
        "title": _("没有网络，这一页没有看过"),
        "text": _("看过的页面和存下的报告都还在手机里。"),
        "pages": _("看过的页面"),
        "again": _("再试一次"),
        "lang": "en" if translation.get_language() == "en" else "zh-CN",
    }
    facts = json.dumps({"version": version, "assets": shell, "words": words}, ensure_ascii=False)
    answer = HttpResponse(f"self.FENGSUI={facts};\n{code}", content_type="text/javascript; charset=utf-8")
    answer.headers["Cache-Control"] = "no-cache"
    return answer
