"""What the pages of registers share."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from fengsui.core import live, policy
from fengsui.core.ledger.listed import Listed
from fengsui.core.ledger.register import Register, register
from fengsui.core.ledger.worklist import listed
from fengsui.core.ledger.writing import topic
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Actor


def actor_of(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set on the request by our middleware
    return actor


def opened(request: HttpRequest, name: str) -> tuple[Register, Actor]:
    """The register and who asks. Raises NotFound, Forbidden."""
    by, found = actor_of(request), register(name)
    policy.require(by, f"{found.verb}.view")
    return found, by


def opened_list(request: HttpRequest, name: str) -> tuple[Listed, Actor]:
    """The register or list and who asks; the navigation marks the list's own entry. Raises NotFound, Forbidden."""
    by, found = actor_of(request), listed(name)
    policy.require(by, f"{found.verb}.view")
    request.nav_here = found.home  # type: ignore[attr-defined]  # read by the navigation of the page
    return found, by


def shell(by: Actor, register: Listed | None, *topics: str, **context: Any) -> dict[str, Any]:
    """A page's own context with what every page of a register needs."""
    told = [*topics, *([topic(register)] if register else [])]
    verb = register.verb if register and (by.world == LIVE or register.in_world) else ""
    return {
        "live_ticket": live.ticket(by.world, told, by.person),
        "by": by,
        "register": register,
        "may_edit": policy.can(by, f"{verb}.edit"),
        "may_retire": policy.can(by, f"{verb}.retire"),
        "may_import": policy.can(by, f"{verb}.import"),
        **context,
    }


def download(body: bytes, name: str) -> HttpResponse:
    """A workbook as a file."""
    response = HttpResponse(body, content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
