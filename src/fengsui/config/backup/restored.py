"""A platform that wakes up in an earlier moment: its sessions end, and the clocks that are late are told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count
from django.db.transaction import atomic
from django.utils.translation import gettext as _

from fengsui.apps.people.actions.own import end_all
from fengsui.apps.people.models import Account, Session
from fengsui.core.models import Clock
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Actor
from fengsui.kernel.clock import MACHINE

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Late:
    """A clock that came due while the platform was away; the engine fires it at the next start."""

    label: str
    kind: str
    by: timedelta


@atomic
def end_sessions() -> int:
    """Who was logged in then logs in again: a session that was ended since must not live once more."""
    by = Actor(world=LIVE, system="config.restore")
    ended = 0
    for account in Account.objects.annotate(open=Count("sessions")).filter(open__gt=0).order_by("pk"):
        ended += end_all(account, by, "restored")
    nameless, _each = Session.objects.all().delete()
    return ended + nameless


def behind() -> bool:
    """Whether the data are of an older version than this code: its models cannot read them then."""
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def tell_older() -> int:
    """What can be done without the models: nobody's login lives on. Clocks and record are for the code of that time."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM people_session")
        print(_("结束了 %(n)d 个会话") % {"n": cursor.rowcount})
    print(_("数据比程序旧：用当时的版本启动；用现在的版本启动则先升级（./fengsui upgrade）"))
    return 0


def late(now: datetime) -> list[Late]:
    """Open clocks with a firing that is due, the longest due first."""
    rows = Clock.objects.all_worlds("a restore serves every world").filter(
        state__in=MACHINE.open_states, next_fire_at__lte=now
    )
    return [
        Late(each.label, each.kind, now - each.next_fire_at)
        for each in rows.order_by("next_fire_at", "pk")
        if each.next_fire_at is not None
    ]


def tell(now: datetime) -> None:
    print(_("结束了 %(n)d 个会话") % {"n": end_sessions()})
    owed = late(now)
    print(_("%(n)d 项时限在停机期间到时，启动后立即处理") % {"n": len(owed)})
    for each in owed[:SHOWN]:
        minutes = int(each.by.total_seconds() // 60)
        print(_("  %(label)s：晚 %(minutes)d 分钟") % {"label": each.label, "minutes": minutes})
