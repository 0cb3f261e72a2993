"""The shell of every page: navigation with open counts, whose post it is, the district's name. Evaluated when used."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from fengsui.apps.command import queries as command
from fengsui.apps.desk import clocks, domains
from fengsui.apps.desk.rules import works_by_phone
from fengsui.apps.people.models import Post
from fengsui.core import policy
from fengsui.core.ports import PortAbsent, port
from fengsui.kernel.actor import Actor


def _url(name: str, fallback: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return fallback


def items(by: Actor, path: str) -> list[dict[str, Any]]:
    """What the navigation shows this person, by domain: one counting query for each page that counts."""
    here = domains.active(path)
    shown = [
        (page.domain, line)
        for page, line in domains.lines(by, path, only=lambda page: page.in_nav(by) or page.code == here)
    ]
    return [
        {
            "code": line.code,
            "url": line.url,
            "label": line.label,
            "count": line.count,
            "active": line.active,
            "domain": clocks.word(domains.DOMAINS[domain]) if domain and shown[n - 1][0] != domain else "",
        }
        for n, (domain, line) in enumerate(shown)
    ]


def tabs(by: Actor, path: str) -> list[dict[str, Any]]:
    """The tabs of a phone page: 报情 is the intake for who may open an incident, else the field's own."""
    tasks = command.my_tasks(by).exclude(status__in=["done", "waived"]).count()
    intake = policy.can(by, "incidents.open")
    told = _url("incidents:incident-new", "/incidents/new") if intake else reverse("desk:phone-report")
    find = reverse("desk:find-show")
    listed = [
        (_("我的事"), "/", tasks),
        (_("报情"), told, 0),
        (_("地图"), reverse("desk:map-show"), 0),
        (_("查找"), find, 0),
        (pgettext("nav", "我"), reverse("desk:phone-show"), 0),
    ]
    here = "/" if path == "/" or path.startswith(("/tasks/", "/calls/")) else path
    return [
        {"url": url, "label": label, "count": n, "active": url == here, "palette": url == find}
        for label, url, n in listed
    ]


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
    """In the language of the page; empty where no district is loaded."""
    try:
        district = port("district")
    except PortAbsent:
        return ""
    return str(district.name_en if (get_language() or "").startswith("en") and district.name_en else district.name)


def context(request: HttpRequest) -> dict[str, Any]:
    """Template context of every page (settings.TEMPLATES). Nothing is asked of the database until a page uses it."""
    by: Actor | None = getattr(request, "actor", None)
    shell: dict[str, Any] = {"district_name": district_name(), "nav_url": reverse("desk:nav-part")}
    if by is None:
        return shell
    here = getattr(request, "nav_here", request.path)
    path = here if request.resolver_match is None or not request.headers.get("HX-Request") else ""
    return shell | {
        "nav": SimpleLazyObject(lambda: items(by, path)),
        "phone_tabs": SimpleLazyObject(lambda: tabs(by, path)),
        "me_post": SimpleLazyObject(lambda: _post(by)),
        "menu_links": SimpleLazyObject(lambda: _links(by)),
        "alarm_url": reverse("desk:alarm-show"),
        "by_phone": works_by_phone(by.roles),
        "find_url": reverse("desk:find-show"),
        "nav_all": reverse("desk:product-show"),
        "nav_all_here": path == reverse("desk:product-show"),
        "live_burning_url": reverse("drills:live-part"),
        "leave_url": reverse("drills:exercise-leave"),
    }
