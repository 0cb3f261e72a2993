"""`/help/`: the guides, read by everybody, logged in or not: they hold nothing about the district or its people."""

from __future__ import annotations

import mimetypes
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.http.response import FileResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_GET

from fengsui.core.help import site as guides
from fengsui.core.help.search import search

CODES = {"zh": "zh-hans", "en": "en"}


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    return redirect("help:page-show", where=guides.page_for("", translation.get_language() or ""))


@require_GET
def for_page(request: HttpRequest, name: str) -> HttpResponse:
    """What explains a page of the product, by its URL name: where "帮助" in every head leads."""
    return redirect("help:page-show", where=guides.page_for(name, translation.get_language() or ""))


@require_GET
def show(request: HttpRequest, where: str) -> HttpResponseBase:
    """A page, or a picture of one."""
    built = guides.site()
    if built is None:
        return _missing(request)
    if where in built["files"] and where != "help.json":
        return _file(where)
    if where not in built["pages"]:
        if f"{where}/" in built["pages"]:
            return redirect("help:page-show", where=f"{where}/")
        raise Http404
    page = built["pages"][where]
    language = page["language"] if page["twin"] else guides.LANGUAGES.get(translation.get_language() or "", "zh")
    context = {
        "page": page,
        "body": mark_safe(page["html"]),  # noqa: S308  # lint: mark-safe: our own pages, built from docs/
        "where": where,
        "only_english": language == "zh" and page["language"] == "en",
    }
    return _render(request, "help/page.html", built, language, context)


@require_GET
def find(request: HttpRequest) -> HttpResponse:
    built = guides.site()
    if built is None:
        return _missing(request)
    query = request.GET.get("q", "").strip()[:80]
    asked = request.GET.get("language", "")
    language = asked if asked in CODES else guides.LANGUAGES.get(translation.get_language() or "", "zh")
    return _render(
        request, "help/search.html", built, language, {"q": query, "found": search(built, query, language), "where": ""}
    )


def _render(
    request: HttpRequest, template: str, built: dict[str, Any], language: str, context: dict[str, Any]
) -> HttpResponse:
    """In the page's language, whatever the reader's. No world: a guide is no record."""
    with translation.override(CODES[language]):
        shell = {
            "language": CODES[language],
            "code": language,
            "menu": built["menus"][language],
            "world": None,
            "path": request.path,
        }
        return render(request, template, shell | context)


def _missing(request: HttpRequest) -> HttpResponse:
    return render(request, "help/missing.html", {"world": None}, status=404)


def _file(where: str) -> HttpResponseBase:
    path = Path(settings.FENGSUI_HELP) / where
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    response = FileResponse(path.open("rb"), content_type=kind)
    response.headers["Cache-Control"] = "max-age=3600"
    return response
