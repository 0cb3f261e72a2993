"""What runs here: version, schema, settings, roles, how long what is kept, log levels, the readings' months."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from fengsui.apps.desk.page import shell
from fengsui.apps.people.edge import actor_of
from fengsui.core import policy, system


@require_GET
def show(request: HttpRequest) -> HttpResponse:
    policy.require(actor_of(request), "core.system")
    return render(request, "desk/system.html", shell(request, parts=system.parts(timezone.now())))
