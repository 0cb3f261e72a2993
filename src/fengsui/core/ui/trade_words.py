"""`/terms/`: the trade's words explained, as a page and as the list that the browser shows on hover (`terms.ts`)."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import get_language, gettext, override
from django.utils.translation import gettext_noop as mark
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from fengsui.catalog.trade import TRADE
from fengsui.core.web.conditional import etag_of

OURS = mark("本平台的约定")
"""The source of words that no law gives; a law is named as it is called, in every language."""


def told(english: bool) -> list[dict[str, str]]:
    """Every word in one language: code, word, other (the same in the other language), means, source, basis."""
    with override("en" if english else "zh-hans"):
        return [
            {
                "code": code,
                "word": term.en if english else term.zh,
                "other": term.zh if english else term.en,
                "means": term.means_en if english else term.means,
                "source": gettext(term.source) if term.source else "",
                "basis": term.basis,
            }
            for code, term in TRADE.items()
        ]


def _english() -> bool:
    return (get_language() or "").startswith("en")


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """The words, found by any part of word, other word or explanation."""
    wanted = request.GET.get("q", "").strip()[:80]
    rows: list[dict[str, Any]] = [dict(each) for each in told(_english())]
    if wanted:
        rows = [
            each for each in rows if wanted.lower() in " ".join((each["word"], each["other"], each["means"])).lower()
        ]
    return render(request, "ui/terms.html", {"rows": rows, "q": wanted, "of": len(TRADE), "illustrative": False})


@require_GET
@cache_control(private=True, max_age=3600)
def listed(request: HttpRequest, language: str) -> HttpResponse:
    """JSON of all words; the language is part of the address, so that a browser may keep it."""
    if language not in ("zh", "en"):
        raise Http404
    words = told(language == "en")
    response = JsonResponse({"words": words})
    response.headers["ETag"] = etag_of(words)
    return response
