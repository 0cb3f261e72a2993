"""The shell of every page: navigation with open counts, whose post it is, the district's name. Evaluated when used."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from fengsui.apps.alerts import queries as alerts
from fengsui.apps.command import queries as command
from fengsui.apps.desk import clocks
from fengsui.apps.desk.rules import works_by_phone
from fengsui.apps.drills import queries as drills
from fengsui.apps.incidents import queries as incidents
from fengsui.apps.people.models import Post
from fengsui.core import policy
from fengsui.core.models import Clock
from fengsui.core.ports import PortAbsent, port
from fengsui.kernel.actor import Actor
from fengsui.kernel.clock import MACHINE

MENU = (
    "desk",
    "warnings",
    "incidents",
    "tasks",
    "map",
    "registers",
    "clocks",
    "drills",
    "proofs",
    "people",
    "jobs",
    "audit",
)
GUARDED = {"proofs": "core.proofs", "people": "people.see_accounts", "jobs": "core.jobs", "audit": "core.audit"}
PREFIXES = {
    "desk": ("/desk/",),
    "warnings": ("/warnings/", "/bulletins/", "/calls/"),
    "incidents": ("/incidents/", "/reviews/"),
    "tasks": ("/tasks/", "/orders/"),
    "map": ("/map/", "/stations/"),
    "registers": ("/registers/",),
    "clocks": ("/clocks/",),
    "drills": ("/drills/",),
    "proofs": ("/proofs/",),
    "people": ("/people/",),
    "jobs": ("/jobs/",),
    "audit": ("/audit/", "/chain/"),
}


def _url(name: str, fallback: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return fallback


def items(by: Actor, path: str) -> list[dict[str, Any]]:
    """What the navigation shows this person: five counting queries, none of them per row."""
    counts = {
        "desk": Clock.objects.in_world(by.world).filter(clocks.mine(by), state__in=MACHINE.open_states).count(),
        "warnings": alerts.visible_to(by).filter(status__in=["draft", "confirmed", "revising", "revised"]).count(),
        "incidents": incidents.open_incidents(by).count(),
        "drills": drills.invited(by),
        "tasks": command.my_tasks(by).exclude(status__in=["done", "waived"]).count(),
    }
    labels = {
        "desk": (_("值守"), "/"),
        "warnings": (_("预警"), "/warnings/"),
        "incidents": (_("事件"), _url("incidents:incident-list", "/incidents/")),
        "tasks": (_("任务"), _url("command:task-list", "/tasks/")),
        "map": (_("地图"), reverse("desk:map-show")),
        "registers": (_("台账"), reverse("ledger:register-list")),
        "clocks": (_("时限"), reverse("desk:clock-list")),
        "drills": (pgettext("nav", "演练"), reverse("drills:exercise-list")),
        "proofs": (_("存活"), reverse("desk:proof-list")),
        "people": (_("人员"), reverse("people:organisation-list")),
        "jobs": (_("后台作业"), reverse("desk:job-list")),
        "audit": (_("审计"), reverse("desk:audit-search")),
    }
    shown = [code for code in MENU if code not in GUARDED or policy.can(by, GUARDED[code])]
    here = _active(path)
    return [{"url": labels[c][1], "label": labels[c][0], "count": counts.get(c, 0), "active": c == here} for c in shown]


def _active(path: str) -> str:
    if path == "/":
        return "desk"
    return next((code for code, starts in PREFIXES.items() if path.startswith(starts)), "")


def tabs(by: Actor, path: str) -> list[dict[str, Any]]:
    """The four tabs of a phone page."""
    tasks = command.my_tasks(by).exclude(status__in=["done", "waived"]).count()
    listed = [
        (_("我的事"), "/", 0),
        (_("任务"), _url("command:task-list", "/tasks/"), tasks),
        (_("报情"), _url("incidents:incident-new", "/incidents/new"), 0),
        (_("地图"), reverse("desk:map-show"), 0),
    ]
    here = next((url for _label, url, _n in listed if url != "/" and path.startswith(url)), path)
    return [{"url": url, "label": label, "count": n, "active": url == here} for label, url, n in listed]


def _post(by: Actor) -> str:
    return (
        Post.objects.filter(pk__in=by.posts).order_by("call_order", "code").values_list("title", flat=True).first()
        or ""
    )


def _links(by: Actor) -> list[tuple[str, str]]:
    """What everybody has in his own menu."""
    own = [(reverse("people:me"), _("我的账号"))]
    if policy.can(by, "people.hand_over"):
        own.append((reverse("desk:handover-list"), _("交接班")))
    if policy.can(by, "people.see"):
        own.append((reverse("people:organisation-list"), _("组织与人员")))
    if being_made(by):
        own.append((reverse("desk:own-show"), _("建区")))
    return own


def being_made(by: Actor) -> bool:
    """Whether this person may go on making the installation's district; files are asked for administrators alone."""
    try:
        return policy.can(by, "desk.own_district") and bool(port("own_district").open)
    except PortAbsent:
        return False


def district_name() -> str:
    try:
        return str(port("district").name)
    except PortAbsent:
        return ""


def context(request: HttpRequest) -> dict[str, Any]:
    """Template context of every page (settings.TEMPLATES). Nothing is asked of the database until a page uses it."""
    by: Actor | None = getattr(request, "actor", None)
    shell: dict[str, Any] = {"district_name": district_name(), "nav_url": reverse("desk:nav-part")}
    if by is None:
        return shell
    path = request.path if request.resolver_match is None or not request.headers.get("HX-Request") else ""
    return shell | {
        "nav": SimpleLazyObject(lambda: items(by, path)),
        "phone_tabs": SimpleLazyObject(lambda: tabs(by, path)),
        "me_post": SimpleLazyObject(lambda: _post(by)),
        "menu_links": SimpleLazyObject(lambda: _links(by)),
        "by_phone": works_by_phone(by.roles),
        "find_url": reverse("desk:find-show"),
        "live_burning_url": reverse("drills:live-part"),
        "leave_url": reverse("drills:exercise-leave"),
    }
