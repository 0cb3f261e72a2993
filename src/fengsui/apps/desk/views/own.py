"""建区: the guided page while an installation's district is new: files are tried, looked at, taken, loaded by a job."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import cos, log2, radians
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from fengsui.apps.desk import actions, jobs
from fengsui.apps.desk.page import shell
from fengsui.apps.people.edge import actor_of
from fengsui.apps.people.models import Account, Post
from fengsui.core import proofs, wording
from fengsui.core.ports import port
from fengsui.core.worlds import LIVE
from fengsui.kernel import geo
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import FengsuiError, NotFound
from fengsui.kernel.ports.own_district import FILES, OwnDistrict, SheetOf, Tried

NEEDED_ROLES = ("system_admin", "security_admin", "duty_officer", "duty_leader", "commander")
SHOWN_WRONG, SHOWN_SPOTS = 200, 300
MOST_UPLOAD_MB = 10
SHEET_NAME = "district-{}.xlsx"


@dataclass(frozen=True, slots=True)
class Step:
    """One step for the page: `done`, and in words what is there and what is missing."""

    code: str
    title: str
    says: str
    done: bool
    there: str
    missing: str
    sheets: tuple[SheetOf, ...] = ()


def word(pair: tuple[str, str]) -> str:
    return pair[1] if (get_language() or "").startswith("en") else pair[0]


def _listed(parts: Iterable[str]) -> str:
    return word(("、", ", ")).join(parts)


def _titles() -> dict[str, tuple[str, str]]:
    return {
        "boundary": (_("边界"), _("GeoJSON，或一行一个界点的表；WGS 84，写明 GCJ-02 的会换算")),
        "people": (_("单位与岗位"), _("单位、岗位必填，人员可后补；没有人员表时岗位上是示意人员")),
        "places": (_("地方与力量"), _("街道、队伍必填；物资库、避难场所可后补")),
        "roads": (_("路网"), _("OpenStreetMap 的 .osm.pbf，裁到本区；没有就用生成的示意路网")),
        "stations": (_("积水点与测站"), _("两张表互相引用，一起上传；发布渠道可后补")),
        "accounts": (_("开账号"), _("每个要登录的人一个账号，由安全管理员开")),
        "test": (_("首次自检"), _("问每个渠道和联系人通不通，不发任何消息")),
    }


def steps_of(here: OwnDistrict) -> list[Step]:
    found = []
    for code, (title, says) in _titles().items():
        if code in FILES:
            sheets = tuple(here.sheets(code))
            lacking = [word(each.words) for each in sheets if each.needed and not each.rows]
            there = _listed(f"{word(each.words)} {each.rows}" for each in sheets if each.rows)
            if code in ("boundary", "roads"):
                there = next((each.file for each in sheets if each.rows), "")
            missing = _("还缺 %(what)s") % {"what": _listed(lacking)} if lacking else ""
            found.append(Step(code, title, says, not lacking, there, missing, sheets))
        else:
            found.append(Step(code, title, says, *(_accounts() if code == "accounts" else _tested())))
    return found


def _accounts() -> tuple[bool, str, str]:
    """Which roles that nothing works without have somebody who can log in; how many posts nobody holds."""
    held = Account.objects.filter(is_active=True, person__holdings__until__isnull=True)
    by_role = dict(
        held.filter(person__holdings__post__role__in=NEEDED_ROLES)
        .values_list("person__holdings__post__role")
        .annotate(n=Count("pk", distinct=True))
    )
    lacking = [role for role in NEEDED_ROLES if not by_role.get(role)]
    open_posts = Count("holdings", filter=Q(holdings__until__isnull=True))
    vacant = Post.objects.annotate(n=open_posts).filter(n=0, retired_at__isnull=True).count()
    invented = held.filter(person__provenance="illustrative").distinct().count()
    there = _("账号 %(n)d 个，其中示意人员的 %(m)d 个；空缺岗位 %(v)d 个") % {
        "n": Account.objects.filter(is_active=True).count(),
        "m": invented,
        "v": vacant,
    }
    from fengsui.apps.people.rules import ROLES

    names = _listed(word((ROLES[role].zh, ROLES[role].en)) for role in lacking)
    return not lacking, there, _("这些角色还没有能登录的人：%(names)s") % {"names": names} if lacking else ""


def _tested() -> tuple[bool, str, str]:
    from django.utils import timezone

    now, proven, known = timezone.now(), 0, 0
    for source in proofs.sources().values():
        tally = source.tally(LIVE, now)
        known += sum(tally.values())
        proven += tally.get("alive", 0)
    there = _("%(n)d 个对象里 %(m)d 个有证明") % {"n": known, "m": proven}
    return proven > 0, there, "" if proven else _("还没有任何证明")


def _context(request: HttpRequest, by: Actor, code: str = "") -> dict[str, Any]:
    here = actions.own(by)
    steps = steps_of(here)
    if code and code not in {each.code for each in steps}:
        raise NotFound("district.setup.no_step")
    first = next((each.code for each in steps if not each.done), "")
    chosen = code or first or steps[-1].code
    progress = here.progress()
    return {
        "steps": steps,
        "step": next(each for each in steps if each.code == chosen),
        "next": first,
        "all_done": not first,
        "folder": here.folder,
        "progress": progress,
        "lines": [word(each) for each in progress.lines],
        "busy": progress.state in ("waiting", "running"),
        "word": word,
        "most_mb": MOST_UPLOAD_MB,
    }


@require_GET
def show(request: HttpRequest, step: str = "") -> HttpResponse:
    by = actor_of(request)
    context = _context(request, by, step)
    here, code = actions.own(by), context["step"].code
    tried = here.tried(code) if code in FILES else None
    context |= {"waiting": here.waiting() if code == "roads" else [], **_shown(tried, code)}
    return render(request, "desk/own.html", shell(request, **context))


def _framed(ring: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], float]:
    """Centre and zoom of a map 250 px high on which the whole ring is seen."""
    if not ring:
        return (0.0, 0.0), 1.0
    west, south, east, north = geo.bounds(ring)
    spread = max((north - south) / cos(radians((north + south) / 2)), (east - west) / 2, 1e-4)
    return ((west + east) / 2, (south + north) / 2), round(log2(250 * 360 / (512 * spread)), 2)


def _shown(tried: Tried | None, code: str, said: wording.Said | None = None) -> dict[str, Any]:
    if tried is None:
        return {"tried": None, "said": said}
    ring = tried.outline
    middle, zoom = _framed(ring)
    layers = [
        {"id": "outline", "kind": "routes", "label": _("边界"), "url": reverse("desk:own-preview", args=[code])},
        {
            "id": "spots",
            "kind": "teams",
            "label": _("点位"),
            "url": reverse("desk:own-preview", args=[code]) + "?spots=1",
        },
    ]
    return {
        "tried": tried,
        "said": said,
        "wrong": tried.wrong[:SHOWN_WRONG],
        "spots": tried.spots[:SHOWN_SPOTS],
        "middle": middle,
        "zoom": zoom,
        "layers": layers if ring else [],
    }


@require_GET
def progress(request: HttpRequest) -> HttpResponse:
    by = actor_of(request)
    return render(request, "desk/_own_progress_part.html", shell(request, **_context(request, by)))


@require_GET
def preview(request: HttpRequest, step: str) -> JsonResponse:
    """What was given, on the map: the boundary, or the positions in the sheets."""
    here = actions.own(actor_of(request))
    tried = here.tried(step) if step in FILES else None
    if tried is None:
        raise NotFound("district.setup.nothing_tried")
    if request.GET.get("spots"):
        features: list[dict[str, Any]] = [
            {
                "type": "Feature",
                "geometry": {"type": "Point", "coordinates": [lon, lat]},
                "properties": {"mark": "•", "label": name, "said": name, "reported": True},
            }
            for name, lon, lat in tried.spots
        ]
    else:
        ring = [list(each) for each in tried.outline]
        line = {"type": "LineString", "coordinates": [*ring, ring[0]] if ring else []}
        features = [{"type": "Feature", "geometry": line, "properties": {"style": "ahead", "label": _("边界")}}]
    return JsonResponse({"type": "FeatureCollection", "features": features}, content_type="application/geo+json")


@require_GET
def template(request: HttpRequest, form: str) -> HttpResponse:
    body = actions.own(actor_of(request)).template(form)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    name = SHEET_NAME.format(form)
    return HttpResponse(body, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


@require_POST
def give(request: HttpRequest, step: str) -> HttpResponse:
    by = actor_of(request)
    actions.own(by)
    files = [(each.name or "", each.read()) for each in request.FILES.getlist("files")]
    try:
        named, invent = request.POST.get("named", ""), request.POST.get("invent") == "1"
        actions.give(step, files, named, invent=invent, by=by)
    except FengsuiError as refused:
        if refused.status in (403, 404):
            raise
        context = _context(request, by, step)
        here = actions.own(by)
        waiting = here.waiting() if step == "roads" else []
        shown = _shown(here.tried(step), step, wording.say(refused))
        return render(request, "desk/own.html", shell(request, **context, waiting=waiting, **shown), status=422)
    return redirect("desk:own-step", step)


@require_POST
def take(request: HttpRequest, step: str) -> HttpResponse:
    by = actor_of(request)
    try:
        mark, overwrite = request.POST.get("mark", ""), request.POST.get("overwrite") == "1"
        count = actions.take(step, mark, overwrite=overwrite, by=by)
    except FengsuiError as refused:
        if refused.status in (403, 404):
            raise
        said = wording.say(refused)
        messages.error(request, said.line)
        return redirect("desk:own-step", step)
    jobs.load_district.defer(step=step, correlation=str(by.correlation))
    messages.success(request, _("写了 %(n)d 个文件，正在装入；可以离开，回来再看") % {"n": count})
    return redirect("desk:own-show")


@require_POST
def drop(request: HttpRequest, step: str) -> HttpResponse:
    actions.own(actor_of(request)).drop(step)
    return redirect("desk:own-step", step)


@require_POST
def finish(request: HttpRequest) -> HttpResponse:
    by = actor_of(request)
    try:
        actions.finish(by)
    except FengsuiError as refused:
        if refused.status in (403, 404):
            raise
        said = wording.say(refused)
        messages.error(request, said.line)
        return redirect("desk:own-show")
    messages.success(request, _("建区完成：%(name)s 已可使用") % {"name": port("district").name})
    return HttpResponseRedirect(reverse("desk:home-show"))
