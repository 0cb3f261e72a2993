"""The API's door in the middleware: whatever goes wrong before or after an operation is a problem, never a page."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from fengsui.core.api import problems
from fengsui.core.api.bearer import is_api

Respond = Callable[[HttpRequest], HttpResponse]


def door(get_response: Respond) -> Respond:
    def handle(request: HttpRequest) -> HttpResponse:
        if not is_api(request.path):
            return get_response(request)
        answer = get_response(request)
        kind = answer.headers.get("Content-Type", "")
        if answer.status_code >= 400 and not kind.startswith(problems.KIND):
            answer = problems.of_status(request, answer)
        answer.headers.setdefault("Cache-Control", "private, no-cache")
        patch_vary_headers(answer, ("Authorization", "Accept-Language", "X-Fengsui-World"))
        return answer

    return handle
