"""Panels of first pages about what is done: tasks, orders, closures, warnings, stock, findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max
from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from fengsui.apps.alerts import queries as alerts
from fengsui.apps.command import queries as command
from fengsui.apps.command.models import UNDER_WAY, Closure, Deployment
from fengsui.apps.command.rules import TASK_STATES
from fengsui.apps.desk import clocks
from fengsui.apps.desk import queries as desk
from fengsui.apps.incidents import queries as reported
from fengsui.apps.incidents.rules import STATES
from fengsui.apps.places import queries as places
from fengsui.apps.places.queries import place_word
from fengsui.apps.plans.models import PlanVersion
from fengsui.apps.resources import queries as resources
from fengsui.apps.resources.models import StockItem
from fengsui.apps.resources.rules import READINESS
from fengsui.apps.reviews import findings as reviews
from fengsui.apps.reviews.rules import FINDING_STATES
from fengsui.core.models import StoredEvent
from fengsui.kernel.actor import Actor
from fengsui.kernel.levels import Level

SHOWN = 8


@dataclass(frozen=True, slots=True)
class Line:
    """What, where it leads, what there is to know; a clock or a level before it; `weight` where it is owed."""

    text: str
    url: str = ""
    detail: str = ""
    state: str = ""
    weight: bool = False
    clock: clocks.Row | None = None
    level: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """A titled list; `topics` say when it is fetched again."""

    title: str
    lines: list[Line]
    nothing: str
    hint: str = ""
    note: str = ""
    count: str = ""
    more: str = ""
    more_url: str = ""
    topics: str = "desk core.clocks"


def english(zh: str, en: str) -> str:
    return en if en and (get_language() or "").startswith("en") else zh


def counted(lines: Sequence[Any], total: int | None = None) -> str:
    return _("%(n)d 项") % {"n": len(lines) if total is None else total}


def tasks(by: Actor, now: datetime) -> Panel:
    """Tasks that the actor's posts owe and that are not done."""
    rows = command.my_tasks(by).exclude(status__in=["done", "waived"]).order_by("assigned_at", "code")
    listed = list(rows[: SHOWN * 2])
    lines = [
        Line(
            english(row.title, row.title_en),
            reverse("command:task-show", args=[row.pk]),
            f"{row.incident.number}　{row.incident.title}",
            clocks.word(TASK_STATES[row.status]),
        )
        for row in listed
    ]
    return Panel(
        _("本部门的任务"), lines, _("没有下给本部门的任务"), _("启动响应后，按预案分到本部门的会列在这里。"),
        count=counted(lines), more=_("全部"), more_url=reverse("command:task-list"), topics="command",
    )  # fmt: skip


def closures(by: Actor, now: datetime) -> Panel:
    """Roads closed now."""
    rows = Closure.objects.in_world(by.world).filter(until__isnull=True).select_related("place", "incident")
    lines = [
        Line(
            english(row.name, place_word(row.place) if row.place else ""),
            f"/incidents/{row.incident_id}/",
            row.reason,
            _("%(at)s 起") % {"at": f"{localtime(row.since):%H:%M}"},
        )
        for row in rows.order_by("-since")[:SHOWN]
    ]
    return Panel(_("正在封控"), lines, _("没有封控的道路"), count=counted(lines), topics="command")


def incidents(by: Actor, now: datetime) -> Panel:
    """Open incidents inside the actor's scope, the worst first."""
    rows = sorted(reported.open_incidents(by)[:50], key=lambda row: (-int(row.level_now), row.known_at))
    lines = [
        Line(
            row.title,
            f"/incidents/{row.pk}/",
            f"{row.number}　{row.address}",
            clocks.word(STATES[row.status]),
            level=row.level if row.level != "none" else "",
        )
        for row in rows[:SHOWN]
    ]
    return Panel(
        _("正在发生"), lines, _("没有未结的事件"), _("范围内有接报或预警转入，会列在这里。"),
        count=_("%(n)d 起") % {"n": len(rows)}, more=_("全部"), more_url=reverse("incidents:incident-list"),
        topics="incidents",
    )  # fmt: skip


def bulletins(by: Actor, now: datetime) -> Panel:
    """Bulletins in force for the areas of the actor's posts."""
    rows = alerts.in_force(by.world, now).filter(pk__in=alerts.bulletins_visible_to(by).values("pk"))
    return _bulletins(list(rows[:SHOWN]), _("对本地生效的预警"))


def public_bulletins(by: Actor, now: datetime) -> Panel:
    """What everybody may know."""
    return _bulletins(list(alerts.in_force(by.world, now)[:SHOWN]), _("生效的预警"), linked=False)


def _bulletins(rows: Sequence[Any], title: str, *, linked: bool = True) -> Panel:
    lines = [
        Line(
            english(row.headline, row.headline_en),
            f"/bulletins/{row.pk}/" if linked else "",
            _("%(at)s 发，%(until)s 失效")
            % {"at": f"{localtime(row.sent_at):%m-%d %H:%M}", "until": f"{localtime(row.expires_at):%m-%d %H:%M}"},
            level=Level(row.level).code,
        )
        for row in rows
    ]
    return Panel(title, lines, _("现在没有生效的预警"), count=counted(lines), topics="alerts")


def spots(by: Actor, now: datetime) -> Panel:
    """Places over a line, the worst first; the levels of the district are everybody's on duty."""
    found = [row for row in desk.board(by, now, SHOWN) if row.level not in ("lost", "watch")]
    lines = [
        Line(
            row.name,
            row.url,
            _("%(at)s 的数") % {"at": f"{localtime(row.at):%H:%M}"} if row.at else "",
            f"{row.value} {row.unit}",
            level=row.level,
        )
        for row in found
    ]
    return Panel(_("过线的点"), lines, _("没有过线的点"), count=counted(lines), topics="sensing")


def shelters(by: Actor, now: datetime) -> Panel:
    """Shelters of the actor's areas, the largest first."""
    rows = places.shelters_visible_to(by).filter(place__retired_at__isnull=True).select_related("place__area")
    lines = [
        Line(
            english(row.place.name, row.place.name_en),
            reverse("ledger:row-show", args=["shelters", str(row.pk)]),
            place_word(row.place.area),
            _("可容 %(n)d 人") % {"n": row.capacity},
        )
        for row in rows.order_by("-capacity", "place__code")[:SHOWN]
    ]
    return Panel(
        _("本地的避难场所"), lines, _("范围内没有登记避难场所"), _("在台账里登记后会列在这里。"),
        count=_("%(n)d 处") % {"n": rows.count()}, more=_("台账"),
        more_url=reverse("ledger:register-show", args=["shelters"]), topics="places",
    )  # fmt: skip


def team(by: Actor, now: datetime) -> Panel:
    """The team that the actor leads, and its orders under way."""
    lines = [
        Line(
            row.name,
            reverse("ledger:row-show", args=["teams", str(row.pk)]),
            _("%(n)d 人，%(minutes)d 分集结") % {"n": row.people, "minutes": row.assembly_min},
            clocks.word(READINESS[row.readiness]),
            weight=row.readiness != "ready",
        )
        for row in resources.teams().filter(leader_post__in=by.posts)
    ]
    under_way = Deployment.objects.in_world(by.world).filter(order__leader_post__in=by.posts, stage__in=UNDER_WAY)
    for row in under_way.select_related("order__task")[:SHOWN]:
        about = row.order.task
        url = reverse("command:order-show", args=[row.order_id])
        lines.append(Line(english(about.title, about.title_en), url, _("出动令"), weight=True))
    return Panel(
        _("本队"), lines, _("你没有带队"), _("队伍台账里写明队长岗位后，会列在这里。"), topics="command resources"
    )


def stock(by: Actor, now: datetime) -> Panel:
    """What the actor's depots hold against what open tasks want and what a plan in force would want at once."""
    rows = list(
        StockItem.objects.filter(depot__keeper_post__in=by.posts)
        .select_related("depot__place")
        .order_by("category", "item", "pk")
    )
    wanted: Counter[str] = Counter()
    for each in command.my_tasks(by).exclude(status__in=["done", "waived"]).values_list("resources", flat=True):
        wanted.update(each.get("stock") or {})
    planned: Counter[str] = Counter()
    for body in PlanVersion.objects.filter(in_force=True).values_list("body", flat=True):
        for task in body.get("tasks") or []:
            planned |= Counter((task.get("resources") or {}).get("stock") or {})
    keys = [str(row.pk) for row in rows]
    touched = dict(
        StoredEvent.objects.filter(about_type="resources.stockitem", about_id__in=keys)
        .values_list("about_id")
        .annotate(at=Max("at"))
    )
    lines = [_stock_line(row, wanted[row.item], planned[row.item], touched.get(str(row.pk))) for row in rows]
    lines.sort(key=lambda line: not line.weight)
    short = sum(line.weight for line in lines)
    return Panel(
        _("本库物资"), lines, _("你保管的库里没有登记物资"), _("在“储备物资”台账里逐项登记，或导入一张表。"),
        note=_("缺口按要出库的任务和现行预案一次要用的量算"),
        count=_("%(n)d 种，%(short)d 种不够") % {"n": len(lines), "short": short},
        more=_("台账"), more_url=reverse("ledger:register-show", args=["stock"]), topics="ledger.stock command",
    )  # fmt: skip


def _stock_line(row: StockItem, wanted: int, planned: int, at: datetime | None) -> Line:
    """`wanted` by open tasks, `planned` by one response of a plan in force; `at`: when last changed by hand."""
    short = max(wanted, planned) - row.count
    parts = [row.depot.place.name]
    if wanted:
        parts.append(_("任务要 %(n)d") % {"n": wanted})
    if planned:
        parts.append(_("预案一次要 %(n)d") % {"n": planned})
    parts.append(_("%(at)s 改过") % {"at": f"{localtime(at):%Y-%m-%d}"} if at else _("载入后没有核对过"))
    held = {"n": row.count, "unit": row.unit, "short": short}
    return Line(
        row.name,
        reverse("ledger:row-show", args=["stock", str(row.pk)]),
        "　".join(parts),
        (_("%(n)d %(unit)s，缺 %(short)d") if short > 0 else _("%(n)d %(unit)s")) % held,
        weight=row.count == 0 or short > 0,
    )


def owed(by: Actor, now: datetime) -> Panel:
    """What the posts and persons of the actor's organisation owe: his own and his colleagues'."""
    rows = clocks.open_rows(by).order_by("due_at", "id")
    lines = [
        Line(f"{row.verb}　{row.label}", row.page, row.owner_text, clock=row) for row in clocks.present(rows[:SHOWN])
    ]
    return Panel(
        _("本单位欠着的"), lines, _("本单位没有欠着的事"), _("要应答、回报、整改、复核的，到时之前都列在这里。"),
        count=counted(lines, rows.count()), more=_("全部"), more_url=reverse("desk:clock-list"), topics="core.clocks",
    )  # fmt: skip


def findings(by: Actor, now: datetime) -> Panel:
    """What is to be put right inside the actor's scope, what is due first."""
    rows = reviews.visible_to(by).filter(status__in=["open", "answered"]).order_by("due_at", "n")
    lines = [
        Line(
            row.text,
            reverse("reviews:finding-show", args=[row.pk]),
            f"{row.owner_post.title}　{localtime(row.due_at):%Y-%m-%d}",
            clocks.word(FINDING_STATES[row.status]),
            weight=row.due_at < now,
        )
        for row in rows[:SHOWN]
    ]
    return Panel(
        _("要整改的"), lines, _("没有未整改的问题"), _("复盘查出、由你的岗位负责的问题会列在这里。"),
        count=counted(lines, rows.count()), more=_("全部"), more_url=reverse("reviews:finding-list"), topics="reviews",
    )  # fmt: skip
