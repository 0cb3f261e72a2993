"""What the page of the system says of this installation."""

from __future__ import annotations

import asyncio
import os
import platform
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from fengsui.apps.sensing import upkeep
from fengsui.config.ops import doctor_machine, doctor_rows, release, rights
from fengsui.config.ops.cluster import plain_url
from fengsui.config.ops.environment import VARIABLES
from fengsui.core import log_levels, queues, retention
from fengsui.core.live_route import STREAMS
from fengsui.core.metrics import LIVE_STREAMS, WEB_RUNNING, WEB_WAITING
from fengsui.core.system import Line, Part, tell
from fengsui.core.web.room import CLASSES
from fengsui.engines.devices import depth
from fengsui.kernel import lanes
from fengsui.kernel.ports.devices import StreamClosed
from fengsui.kernel.terms import Terms

release_of_this_process = cache(release.current)
"""Asked once: the code of a process does not change while it runs, the folder's may."""


def _ask(query: str) -> Sequence[Sequence[Any]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def _english() -> bool:
    return (get_language() or "").startswith("en")


def _words(codes: Sequence[str], terms: Terms) -> str:
    """What is waited in, in the reader's language, as a row begins."""
    if not _english():
        return "、".join(terms.zh(code) for code in codes)
    text = ", ".join(terms.term(code).en for code in codes)
    return text[:1].upper() + text[1:]


@tell
def version(now: datetime) -> Part:
    [(server, postgis, started, size)] = _ask(
        "SELECT current_setting('server_version'), (SELECT extversion FROM pg_extension WHERE extname = 'postgis'), "
        "pg_postmaster_start_time(), pg_database_size(current_database())"
    )
    since = timezone.localtime(started).strftime("%Y-%m-%d %H:%M")
    return Part(
        "version",
        _("版本"),
        "",
        [
            Line(_("程序"), release_of_this_process() or "—", _("提交号；网页进程启动时的")),
            Line("Python", platform.python_version()),
            Line("PostgreSQL", server, _("自 %(since)s 起运行") % {"since": since}),
            Line("PostGIS", postgis or "—"),
            Line(_("数据库大小"), f"{size / 1e6:.0f} MB"),
        ],
    )


@tell
def schema(now: datetime) -> Part:
    last = _ask("SELECT app, name, applied FROM django_migrations ORDER BY applied DESC, id DESC LIMIT 1")
    [(count,)] = _ask("SELECT count(*) FROM django_migrations")
    wrong = [each.fact for each in doctor_rows.schema(_ask)]
    lines = [
        Line(
            f"{app}.{name}",
            timezone.localtime(at).strftime("%Y-%m-%d %H:%M"),
            _("最近一次，共 %(n)d 次") % {"n": count},
        )
        for app, name, at in last
    ]
    fits = Line(_("与程序"), _("不一致") if wrong else _("一致"), "; ".join(wrong), bad=bool(wrong))
    return Part("schema", _("库表版本"), "", [fits, *lines])


@tell
def times(now: datetime) -> Part:
    """Of the machine that answers: the others' are looked after by their own doctor."""
    [(skew_s,)] = _ask("SELECT extract(epoch FROM clock_timestamp())::float8")
    state = doctor_machine.synchronised()
    words = {True: _("已对时"), False: _("没有对时"), None: _("不知道")}
    note = _("内核所说；没有对时请设 timedatectl set-ntp true 或装 chrony")
    return Part(
        "time",
        _("时间"),
        _("每分钟与数据库、消息服务器比对一次，差 5 秒以上成为时限。"),
        [
            Line(_("本机时钟"), words[state], note, bad=state is False),
            Line(_("数据库时钟与本机之差"), _("%(s)+.2f 秒") % {"s": skew_s - timezone.now().timestamp()}),
        ],
    )


@tell
def waiting(now: datetime) -> Part:
    """Every queue, how deep it is, and what bounds it, with the codes that logs and /metrics call it by. Those of the
    web are this process's."""
    lines = [
        Line(
            _words(lane.queues, lanes.JOBS),
            _("等待 %(n)d，在办 %(d)d") % {"n": lane.waiting, "d": lane.doing},
            _("每个作业进程同时办 %(n)d 件；级别高的先办，不拒收") % {"n": lane.most} + f" · {' '.join(lane.queues)}",
            bad=lane.waiting >= queues.DEEP,
        )
        for lane in queues.lanes()
    ]
    if os.environ.get("FENGSUI_DEVICES", "nats") == "nats":
        try:
            count, size = asyncio.run(depth.waiting(django_settings.FENGSUI_NATS_URL))
            shown = _("等待 %(n)d，%(mb).1f MB") % {"n": count, "mb": size / 1e6}
        except StreamClosed:
            shown = _("不知道")
        note = _("以消息服务器的 max_file_store 为限，满了就不再应答设备；读数由设备重发")
        lines.append(Line(_("读数（消息服务器）"), shown, note))
    web = {name: [0, 0] for name in CLASSES}
    for n, gauge in enumerate((WEB_WAITING, WEB_RUNNING)):
        for sample in next(iter(gauge.collect())).samples:
            web[sample.labels["class"]][n] = int(sample.value)
    lines += [
        Line(
            _words([name], lanes.WEB),
            _("等待 %(n)d，在办 %(d)d") % {"n": web[name][0], "d": web[name][1]},
            _("在办至多 %(d)d，等待至多 %(n)d，再多即答 503，%(s)d 秒后再来")
            % {"d": kind.most, "n": kind.waits, "s": kind.again_s}
            + f" · web {name}",
        )
        for name, kind in CLASSES.items()
    ]
    streams = int(next(iter(LIVE_STREAMS.collect())).samples[0].value)
    note = _("每个进程至多 %(n)d") % {"n": STREAMS} + " · web live"
    lines.append(Line(_words(["live"], lanes.WEB), f"{streams}", note))
    return Part(
        "queues", _("排队"), _("先办要紧的：按下的事和登录最先，然后是预警、其他页面、自动刷新、统计和公众。"), lines
    )


@tell
def roles(now: datetime) -> Part:
    rows = {
        role: sessions
        for role, sessions in _ask(
            "SELECT r.rolname, count(a.pid) FROM pg_roles r LEFT JOIN pg_stat_activity a ON a.usename = r.rolname "
            "AND a.datname = current_database() WHERE r.rolname LIKE 'fengsui\\_%' GROUP BY 1"
        )
    }
    [(me, owns)] = _ask(
        "SELECT current_user::text, pg_has_role(c.relowner, 'MEMBER') FROM pg_class c WHERE c.oid = "
        "'core_auditrow'::regclass"
    )
    parts = {role: ", ".join(part for part in rights.ROLES if rights.ROLES[part] == role) for role in rights.NAMES}
    lines = [
        Line(
            role,
            _("%(n)d 个连接") % {"n": rows[role]} if role in rows else _("没有建立"),
            parts[role],
            bad=role not in rows,
        )
        for role in rights.NAMES
    ]
    note = _("网页以库表所有者连接，审计只由触发器保护；见 ./fengsui roles") if owns else _("不是所有者，不能改删审计")
    return Part("roles", _("数据库角色"), "", [Line(_("本页所用"), me, note, bad=bool(owns)), *lines])


@tell
def kept(now: datetime) -> Part:
    lines = []
    for rule in retention.rules().values():
        days = rule.days()
        value = _("一直保留") if days is None else _("办结即删") if days == 0 else _("%(n)g 天") % {"n": round(days, 1)}
        note = f"{_(rule.note)} · {rule.job}" if rule.job else _(rule.note)
        lines.append(Line(_(rule.what), value, note, rule.basis))
    return Part("retention", _("保留期"), _("由定时作业执行；备份按 FENGSUI_BACKUP_KEEP 另计。"), lines)


@tell
def months(now: datetime) -> Part:
    ready = upkeep.over(now)
    lines = [
        Line(each.name, f"{each.size / 1e6:.1f} MB", _("约 %(n)d 行") % {"n": each.rows}, bad=each.name in ready)
        for each in upkeep.months()
    ]
    return Part("months", _("读数分区"), _("按月一张；上月到三个月后的每日自动建好，到保留期整月删除。"), lines)


@tell
def levels(now: datetime) -> Part:
    lines = [
        Line(row.name, row.level, _("到 %(at)s") % {"at": timezone.localtime(row.until).strftime("%m-%d %H:%M")})
        for row in log_levels.in_force(now)
    ]
    note = _("用 ./fengsui log 名称 级别 改，几秒内对所有进程生效，到时自动恢复。")
    return Part("levels", _("日志级别"), note, lines)


@tell
def settings(now: datetime) -> Part:
    """As this process was started; what is secret is only told to be set."""
    english, lines = _english(), []
    for each in VARIABLES:
        value = os.environ.get(each.name, "")
        shown = (
            (_("已设，机密") if each.secret else plain_url(value))
            if value
            else _("默认 %(v)s") % {"v": each.default or "—"}
        )
        lines.append(Line(each.name, shown, each.en if english else each.zh))
    return Part("settings", _("设置"), _("网页进程启动时的环境变量；改后要重启。"), lines)
