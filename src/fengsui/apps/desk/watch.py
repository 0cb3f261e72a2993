"""Panels of those who look after the platform: the audit chain, late loops, parts, jobs, accounts, sessions, rights."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Q
from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as mark

from fengsui.apps.desk import clocks, telling
from fengsui.apps.desk.panels import SHOWN, Line, Panel, counted
from fengsui.apps.people import queries as people
from fengsui.apps.people.models import Account, Assignment, Session
from fengsui.apps.sensing import queries as sensing
from fengsui.core import failed_jobs, proofs
from fengsui.core.models import AuditCheckpoint, AuditHead, AuditRow, StoredEvent
from fengsui.kernel.actor import Actor
from fengsui.kernel.proof import STATES

SEALED_WITHIN = timedelta(hours=25)
"""A day and the hour that a checkpoint may be late."""
DAY = timedelta(hours=24)
RIGHTS = {
    "people.LoginFailed": mark("登录没有成功"),
    "people.AccountLocked": mark("账号锁定"),
    "people.PhoneRevealed": mark("查看电话号码"),
    "people.PostTaken": mark("任职生效"),
    "people.PostLeft": mark("卸任"),
    "people.AssignmentAsked": mark("申请任职"),
    "people.AccountOpened": mark("账号开通"),
}


def _hm(at: datetime) -> str:
    return f"{localtime(at):%m-%d %H:%M}"


def chain(by: Actor, now: datetime) -> Panel:
    """State of the audit chain: subjects, entries since the last daily seal, and whether that seal came in time."""
    sealed = AuditCheckpoint.objects.order_by("-made_at").first()
    since = AuditRow.objects.filter(pk__gt=sealed.last_id if sealed else 0).aggregate(n=Count("pk"), at=Max("at"))
    lines = []
    if sealed is None:
        lines.append(Line(_("还没有封存过"), "", _("每天零点过后封存一次全部链条"), weight=since["n"] > 0))
    else:
        late = now - sealed.made_at > SEALED_WITHIN
        lines.append(
            Line(
                _("上次封存 %(at)s") % {"at": _hm(sealed.made_at)},
                "",
                _("封存了 %(n)d 条，校验值 %(hash)s…") % {"n": sealed.rows, "hash": sealed.hash[:12]},
                _("过了一天没有封存") if late else "",
                weight=late,
            )
        )
    last = _("最近一条 %(at)s") % {"at": _hm(since["at"])} if since["at"] else ""
    lines.append(Line(_("此后 %(n)d 条待封存") % {"n": since["n"]}, reverse("desk:audit-search"), last))
    lines.append(
        Line(
            _("%(n)d 个对象各有一条链") % {"n": AuditHead.objects.count()},
            reverse("desk:audit-search"),
            _("逐条重算全部校验值：./fengsui verify-audit"),
        )
    )
    return Panel(
        _("审计链"), lines, "", more=_("查审计"), more_url=reverse("desk:audit-search"), topics="core.audit",
    )  # fmt: skip


def recorded(by: Actor, now: datetime) -> Panel:
    """The newest entries of the record: what happened, by whom, when."""
    listed = list(AuditRow.objects.filter(world_id=by.world).order_by("-id")[: SHOWN + SHOWN // 2])
    names = people.people_names({row.person_id for row in listed if row.person_id})
    lines = [
        Line(
            telling.say(StoredEvent(name=row.verb, payload=json.loads(row.facts).get("payload") or {})),
            reverse("desk:audit-subject", args=[row.subject]),
            names.get(row.person_id, row.system) if row.person_id else _("系统"),
            _hm(row.at),
        )
        for row in listed
    ]
    return Panel(
        _("最近记下的"), lines, _("还没有记录"), more=_("查审计"), more_url=reverse("desk:audit-search"),
        topics="desk core.audit",
    )  # fmt: skip


def late(by: Actor, now: datetime) -> Panel:
    """Loops that did not close in time, the longest first: whose, and to whom they were escalated."""
    rows = clocks.open_rows(by).filter(state="running", due_at__lt=now).order_by("due_at", "id")
    lines = [
        Line(
            f"{row.verb}　{row.label}", reverse("desk:clock-show", args=[row.id]), row.owner_text, row.heard, clock=row
        )
        for row in clocks.present(rows[:SHOWN])
    ]
    return Panel(
        _("没有按时合上的环"), lines, _("没有超时的事"), _("超时未办的，最久的排在最前。"),
        count=counted(lines, rows.count()), more=_("全部"),
        more_url=reverse("desk:clock-list") + "?f.late=1&f.scope=any",
        topics="core.clocks",
    )  # fmt: skip


def parts(by: Actor, now: datetime) -> Panel:
    """How many subjects of each kind of proof are silent or doubtful."""
    lines = []
    for code, source in proofs.sources().items():
        tally = source.tally(by.world, now)
        silent = tally.get("silent", 0)
        said = "　".join(f"{clocks.word(STATES[state])} {n}" for state, n in tally.items() if n)
        url = reverse("desk:proof-list") + f"?kind={code}"
        state = _("%(n)d 个失联") % {"n": silent} if silent else ""
        lines.append(Line(clocks.word(source.kind.term), url, said or _("还没有对象"), state, weight=silent > 0))
    lines.sort(key=lambda line: not line.weight)
    return Panel(
        _("还在不在"), lines, _("还没有要证明的对象"), more=_("全部"), more_url=reverse("desk:proof-list"),
        topics="core.proofs",
    )  # fmt: skip


def jobs(by: Actor, now: datetime) -> Panel:
    """Jobs that gave up."""
    found = failed_jobs.open_ones(by.world)
    rows = {row.id: row for row in clocks.present([each.clock for each in found[:SHOWN]])}
    lines = [
        Line(
            telling.say(each.event) if each.event else each.task,
            reverse("desk:job-list"),
            _("作业 %(n)d，试过 %(tries)d 次") % {"n": each.id, "tries": each.attempts},
            clock=rows[each.clock.pk],
        )
        for each in found[:SHOWN]
    ]
    return Panel(
        _("未成的作业"), lines, _("作业都办成了"), _("试到最后一次仍不成的会列在这里，并开始计时。"),
        count=counted(lines, len(found)), more=_("全部"), more_url=reverse("desk:job-list"), topics="core.jobs",
    )  # fmt: skip


def silent(by: Actor, now: datetime) -> Panel:
    """Data streams: how many report, how many are silent, when the newest reading came."""
    tally = sensing.tally(by.world, now)
    newest = _("最新读数 %(at)s") % {"at": f"{localtime(tally.newest):%H:%M:%S}"} if tally.newest else _("还没有读数")
    lines = [
        Line(
            _("%(n)d 路数据流，%(silent)d 路断数") % {"n": tally.streams, "silent": tally.silent},
            reverse("sensing:station-list"),
            newest,
            weight=tally.silent > 0,
        )
    ]
    return Panel(
        _("数据在不在来"), lines, "", more=_("测站"), more_url=reverse("sensing:station-list"), topics="sensing",
    )  # fmt: skip


def asked(by: Actor, now: datetime) -> Panel:
    """Privileged posts that wait for a second administrator: those that this one may decide first."""
    rows = Assignment.objects.filter(status="asked").select_related("post", "person", "asked_by").order_by("asked_at")
    lines = [
        Line(
            f"{row.post.title}　{row.person.name}",
            reverse("people:post-show", args=[row.post_id]),
            _("%(who)s %(at)s 申请") % {"who": row.asked_by.name, "at": _hm(row.asked_at)},
            _("要另一名安全管理员批") if by.person in (row.asked_by_id, row.person_id) else _("等你批"),
            weight=by.person not in (row.asked_by_id, row.person_id),
        )
        for row in rows[:SHOWN]
    ]
    lines.sort(key=lambda line: not line.weight)
    return Panel(
        _("等批准的任职"), lines, _("没有等批准的任职"), _("特权岗位由一人申请、另一人批准，会列在这里。"),
        count=counted(lines, rows.count()), topics="people",
    )  # fmt: skip


def accounts(by: Actor, now: datetime) -> Panel:
    """Accounts that want a look: locked, privileged without a second factor, to change their password."""
    rows = people.accounts_visible_to(by).filter(is_active=True)
    open_ones = [
        (_("锁定中"), "locked", Q(locked_until__gt=now), True),
        (_("等改首次密码"), "active", Q(must_change=True), False),
        (_("没有第二因素"), "no_factor", Q(factor_at__isnull=True), False),
    ]
    counts = rows.aggregate(**{f"n{n}": Count("pk", filter=each[2]) for n, each in enumerate(open_ones)})
    base = reverse("people:account-list")
    lines = [
        Line(word, f"{base}?state={state}", "", _("%(n)d 个") % {"n": counts[f"n{n}"]}, owes and counts[f"n{n}"] > 0)
        for n, (word, state, _q, owes) in enumerate(open_ones)
    ]
    for row in rows.filter(locked_until__gt=now).order_by("-locked_until")[:SHOWN]:
        until = _("锁到 %(at)s") % {"at": f"{localtime(row.locked_until):%H:%M}"}
        url = reverse("people:account-show", args=[row.pk])
        lines.insert(0, Line(f"{row.username}　{row.person.name}", url, row.person.org.name, until, True))
    return Panel(_("账号"), lines, "", more=_("全部"), more_url=base, topics="people")


def sessions(by: Actor, now: datetime) -> Panel:
    """Who is logged in: those with an administrator's rights first."""
    rows = Session.objects.filter(expire_date__gt=now, account__isnull=False).select_related("account__person")
    lines = [
        Line(
            f"{row.account.username}　{row.account.person.name}",
            reverse("people:account-show", args=[row.account_id]),
            _("%(at)s 登录，%(seen)s 还在用") % {"at": _hm(row.began_at), "seen": f"{localtime(row.seen_at):%H:%M}"},
            _("管理员") if row.is_admin else "",
        )
        for row in rows.order_by("-is_admin", "-seen_at")[:SHOWN]
        if isinstance(row.account, Account)
    ]
    return Panel(
        _("正在使用的会话"), lines, _("没有人登录"), count=_("%(n)d 个") % {"n": rows.count()}, topics="people",
    )  # fmt: skip


def rights(by: Actor, now: datetime) -> Panel:
    """What happened to logins, rights and personal data within a day, the newest first."""
    rows = AuditRow.objects.filter(verb__in=list(RIGHTS), at__gt=now - DAY).order_by("-at", "-pk")
    listed: list[Any] = list(rows[: SHOWN * 2])
    names = people.people_names({row.person_id for row in listed if row.person_id})
    lines = [
        Line(
            _(RIGHTS[row.verb]),
            reverse("desk:audit-subject", args=[row.subject]),
            names.get(row.person_id, row.system),
            _hm(row.at),
        )
        for row in listed
    ]
    return Panel(
        _("一天内的登录与权限"), lines, _("一天内没有登录失败、改权限、查号码"), count=counted(lines, rows.count()),
        more=_("查审计"), more_url=reverse("desk:audit-search"), topics="people core.audit",
    )  # fmt: skip
