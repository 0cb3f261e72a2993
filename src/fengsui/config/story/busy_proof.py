"""What proves that nothing was drafted twice, promised twice or forgotten when everything came at once."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from fengsui.apps.alerts.models import Bulletin, Call
from fengsui.apps.command.models import UNDER_WAY, Deployment, Order, Task
from fengsui.config.ops.console import word
from fengsui.config.story import proof
from fengsui.config.story.table import NO_CLOCK, Step, listed
from fengsui.core import audit_check
from fengsui.core.models import Clock, StoredEvent
from fengsui.kernel.clock import MACHINE as CLOCKS

if TYPE_CHECKING:
    from fengsui.config.story.busy import BusyStory

WITHIN_S = 60.0


def steps(story: BusyStory) -> list[Step]:
    return [*_alarms(story), *_hands(story), *_teams(story), *_left(story)]


def _alarms(story: BusyStory) -> list[Step]:
    keys = [each.correlation for each in story.warnings()]
    events = StoredEvent.objects.filter(correlation__in=keys, at__gte=story.began)
    crossed = [row for row in events.filter(name="sensing.ThresholdCrossed") if row.payload["level_to"] == "orange"]
    first = {row.payload["place"]: row.at for row in sorted(crossed, key=lambda row: row.at, reverse=True)}
    apart = (max(first.values()) - min(first.values())).total_seconds() if first else 0.0
    places = Counter(each.place_id for each in story.warnings())
    drafted = events.filter(name="alerts.WarningDrafted").count()
    found = Counter(each.place_id for each in story.incidents())
    return [
        Step(
            word("同时越线", "Crossing at once"),
            word(f"{len(first)} 处在 {apart:.0f} 秒内", f"{len(first)} places within {apart:.0f} s"),
            NO_CLOCK,
            len(first) == story.places and apart <= WITHIN_S,
        ),
        Step(
            word("不重复起草", "Drafted once"),
            word(f"{drafted} 份稿，{len(places)} 处", f"{drafted} drafts, {len(places)} places"),
            NO_CLOCK,
            drafted == len(places) == story.places,
        ),
        Step(
            word("不重复立案", "One incident each"),
            word(f"{sum(found.values())} 起，{len(found)} 处", f"{sum(found.values())} at {len(found)} places"),
            NO_CLOCK,
            sum(found.values()) == len(found) == story.places,
        ),
    ]


def _hands(story: BusyStory) -> list[Step]:
    rows = story.warnings()
    officers = {each.confirmed_by for each in rows}
    bulletins = list(Bulletin.objects.in_world(story.world).filter(warning__in=rows))
    issued = Counter(each.warning_id for each in bulletins if each.kind == "alert")
    called = Call.objects.in_world(story.world).filter(bulletin__in=bulletins)
    calls = Counter(called.values_list("bulletin", "person_id"))
    late = len(story.desk.late)
    unique = len({each.identifier for each in bulletins}) == len(bulletins) and set(issued.values()) == {1}
    twice = [key for key, count in calls.items() if count > 1]
    facts = [
        word(f"{len(officers)} 人核定", f"confirmed by {len(officers)} persons"),
        word(f"晚一步而被告知 {late} 次", f"{late} came second and were told"),
    ]
    sent = word(f"公告 {len(bulletins)} 份，首发各一份", f"{len(bulletins)} bulletins, each warning first issued once")
    return [
        Step(word("三人并行", "Officers in parallel"), listed(facts), NO_CLOCK, len(officers) >= 2),
        Step(word("不重复发布", "Issued once"), sent, NO_CLOCK, unique),
        Step(
            word("不重复叫应", "Called once"),
            word(
                f"叫应 {sum(calls.values())} 人次，重复 {len(twice)}",
                f"{sum(calls.values())} calls, {len(twice)} twice",
            ),
            NO_CLOCK,
            bool(calls) and not twice,
        ),
    ]


def _teams(story: BusyStory) -> list[Step]:
    orders = list(Order.objects.in_world(story.world).filter(incident__in=story.incidents()))
    overlapping = []
    out = Deployment.objects.in_world(story.world).filter(order__in=orders).select_related("order")
    by_team: dict[Any, list[tuple[Any, Any]]] = {}
    for each in out:
        over = None if each.stage in UNDER_WAY else each.stage_at
        by_team.setdefault(each.team_id, []).append((each.order.issued_at, over))
    for team, spans in by_team.items():
        for (_, over), (begun, _) in pairwise(sorted(spans)):
            if over is None or begun < over:
                overlapping.append(team)
    incidents = len({each.incident_id for each in orders})
    promised = [
        word(f"派遣令 {len(orders)} 道，{incidents} 起事件", f"{len(orders)} orders for {incidents} incidents"),
        word(f"同时要同一队被拒 {len(story.raced)} 次", f"refused {len(story.raced)} times: already sent"),
        word(f"重复承诺 {len(overlapping)}", f"promised twice: {len(overlapping)}"),
    ]
    shift = story.handover
    handed = word("没有同岗的第二人，未交接", "nobody else holds the post")
    if shift is not None:
        handed = word(
            f"在办 {shift.facts['clock_count']} 项时交接",
            f"handed over with {shift.facts['clock_count']} open clocks",
        )
    taken = shift is None or (shift.status == "taken" and shift.facts["clock_count"] > 0)
    return [
        Step(
            word("共用队伍", "One team wanted twice"),
            listed(promised),
            NO_CLOCK,
            incidents >= 2 and not overlapping,
        ),
        Step(word("交接班", "Shift change"), handed, NO_CLOCK, taken),
    ]


def _left(story: BusyStory) -> list[Step]:
    keys = [each.correlation for each in story.warnings()]
    clocks = Clock.objects.in_world(story.world).filter(correlation__in=keys)
    running = clocks.filter(state__in=CLOCKS.open_states)
    tasks = Task.objects.in_world(story.world).filter(incident__in=story.incidents())
    unfinished = tasks.exclude(status__in=proof.ENDED).count()
    states = Counter(each.status for each in story.incidents())
    away = Deployment.objects.in_world(story.world).filter(order__task__in=tasks, stage__in=UNDER_WAY).count()
    facts = [
        word(f"时限 {clocks.count()} 项，未了 {running.count()}", f"{clocks.count()} clocks, {running.count()} open"),
        word(f"任务 {tasks.count()} 项，未结 {unfinished}", f"{tasks.count()} tasks, {unfinished} open"),
        word(f"在外队伍 {away}", f"teams still out: {away}"),
        word(f"归档 {states['closed']}", f"closed: {states['closed']}"),
    ]
    whole = not running.exists() and not unfinished and not away and states["closed"] == story.places
    faults = list(audit_check.faults())
    return [
        Step(word("无遗漏", "Nothing forgotten"), listed(facts), NO_CLOCK, whole),
        Step(
            word("审计链", "Audit"),
            word(f"{len(faults)} 处不符", f"{len(faults)} rows wrong"),
            NO_CLOCK,
            not faults,
        ),
    ]
