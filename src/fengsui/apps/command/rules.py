"""Response, task, order: their machines, clocks and refusals. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from fengsui.kernel.clock import ClockKind
from fengsui.kernel.errors import Invalid, Refused
from fengsui.kernel.levels import Level
from fengsui.kernel.machine import Machine
from fengsui.kernel.terms import Term, Terms

LAW = "突发事件应对法 (2024)"
IMPASSABLE_M = 0.25
"""From this depth a road is taken as closed for routes: 25 cm, traffic police practice of Shenyang 2015-07 [V]."""
ARRIVE_MARGIN = 1.2
"""A route's time plus a fifth is the limit of the arrival clock [U]."""

RESPONSE_STATES = Terms(
    "response_states",
    Term("proposed", "待批准", "proposed"),
    Term("active", "响应中", "active", f"{LAW} Art. 71, 72", "V"),
    Term("ended", "已终止", "ended", f"{LAW} Art. 86", "V"),
    Term("declined", "未批准", "declined"),
)
RESPONSE = Machine(
    "response",
    initial="proposed",
    states=RESPONSE_STATES,
    final=frozenset({"ended", "declined"}),
    moves={
        "proposed": {"activate": "active", "decline": "declined"},
        "active": {"change": "active", "end": "ended"},
    },
)
TASK_STATES = Terms(
    "task_states",
    Term("waiting", "待接收", "waiting"),
    Term("accepted", "已接收", "accepted"),
    Term("doing", "执行中", "in progress"),
    Term("blocked", "受阻", "blocked"),
    Term("declined", "拒接", "declined"),
    Term("done", "完成", "done"),
    Term("waived", "免除", "waived"),
)
TASK = Machine(
    "task",
    initial="waiting",
    states=TASK_STATES,
    final=frozenset({"done", "waived"}),
    moves={
        "waiting": {"accept": "accepted", "decline": "declined", "waive": "waived"},
        "accepted": {"start": "doing", "finish": "done", "block": "blocked", "waive": "waived"},
        "doing": {"report": "doing", "finish": "done", "block": "blocked", "waive": "waived"},
        "blocked": {"start": "doing", "waive": "waived"},
        "declined": {"assign": "waiting", "waive": "waived"},
    },
)
STAGES = Terms(
    "movement_stages",
    Term("issued", "已下令", "issued"),
    Term("accepted", "接令", "accepted"),
    Term("departed", "出发", "departed"),
    Term("arrived", "到场", "arrived"),
    Term("working", "作业", "working"),
    Term("leaving", "撤收", "packing up"),
    Term("returned", "归建", "returned to base"),
    Term("declined", "拒接", "declined"),
    Term("recalled", "召回", "recalled"),
)
MOVEMENT = Machine(
    "movement",
    initial="issued",
    states=STAGES,
    final=frozenset({"returned", "declined", "recalled"}),
    moves={
        "issued": {"accept": "accepted", "decline": "declined", "recall": "recalled"},
        "accepted": {"depart": "departed", "recall": "recalled"},
        "departed": {"arrive": "arrived", "recall": "recalled"},
        "arrived": {"work": "working", "leave": "leaving"},
        "working": {"leave": "leaving"},
        "leaving": {"return": "returned"},
    },
)
ON_SITE = ("arrived", "working", "leaving")
CLOSURE_KINDS = Terms(
    "closure_kinds",
    Term("flooded", "积水阻断", "flooded", "沈阳 2015-07 交警做法", "V"),
    Term("closed", "封控", "closed by hand"),
)
EVIDENCE = Terms(
    "evidence_kinds",
    Term("text", "文字", "text"),
    Term("photo", "照片", "photo"),
    Term("count", "数量", "count"),
    Term("flow", "流量", "flow"),
    Term("document", "文书", "document"),
)

ACTIVATE = ClockKind(
    "command.activate",
    Term("command.activate", "批准启动响应", "approve the start of a response"),
    default="不自动启动；继续催办",
    proof="响应启动记录",
)
ACCEPT = ClockKind("command.accept", Term("command.accept", "接令", "accept"), default="改派须由人决定", proof="接令")
DEPART = ClockKind("command.depart", Term("command.depart", "集结出发", "depart"), default="记为超时", proof="出发记录")
ARRIVE = ClockKind("command.arrive", Term("command.arrive", "到场", "arrive"), default="记为超时", proof="到场记录")
DO = ClockKind("command.task", Term("command.task", "办完任务", "finish the task"), default="记为超时", proof="佐证")
PROGRESS = ClockKind(
    "command.progress", Term("command.progress", "回报进展", "report progress"), default="电话询问", proof="回报"
)
RETURN = ClockKind(
    "command.return",
    Term("command.return", "撤收归建", "return to base"),
    default="电话询问",
    proof="归建或召回记录",
)
ANSWER = ClockKind(
    "command.answer",
    Term("command.answer", "答复受阻或拒接", "answer a blocked or declined task"),
    default="继续催办",
    proof="改派、免除或恢复执行",
)
REOPEN = ClockKind(
    "command.reopen",
    Term("command.reopen", "恢复通行", "reopen the road"),
    default="保持封闭并公告",
    proof="放行记录",
)


@dataclass(frozen=True, slots=True)
class TaskFacts:
    """What closing and starting need to know of a task. key: code and place, as the plan's `after` names them."""

    id: UUID
    code: str
    incident: UUID
    status: str
    title: str


def order_number(on: date, serial: int) -> str:
    """令-20260728-007 (a convention of ours)."""
    return f"令-{on:%Y%m%d}-{serial:03d}"


def check_start_record(matter: str, expected_hours: float, measures: str) -> None:
    """A start record states matter, level, expected duration, measures (Art. 72 [V]). Raises Invalid."""
    if not matter.strip():
        raise Invalid("command.response.no_matter", field="matter")
    if expected_hours <= 0:
        raise Invalid("command.response.no_duration", field="expected_hours")
    if not measures.strip():
        raise Invalid("command.response.no_measures", field="measures")


def check_level(level: Level) -> None:
    if level is Level.NONE:
        raise Invalid("command.response.no_level", field="level")


def check_change(now: Level, to: Level) -> None:
    check_level(to)
    if now == to:
        raise Refused("command.response.same_level", level=f"{to.roman}级")


def approvers(plan: Mapping[str, object], level: Level) -> list[str]:
    """Post codes that may approve this level: its own approver first, then those of the higher levels."""
    codes: list[str] = []
    for each in plan["levels"]:  # type: ignore[attr-defined]  # the body's shape was checked when the plan was loaded
        if Level.of(each["level"]) >= level and each["approver"] not in codes:
            codes.append(each["approver"])
    return codes


def unmet(after: Sequence[str], this: TaskFacts, others: Iterable[TaskFacts]) -> list[str]:
    """Titles of predecessors without a result; one at the same incident, or an incident-wide one, counts."""
    return [
        each.title
        for each in others
        if each.code in after
        and each.id != this.id
        and each.incident == this.incident
        and each.status not in TASK.final
    ]


def check_start(titles: Sequence[str]) -> None:
    """Raises Refused("command.start.before") naming what has to come first."""
    if titles:
        raise Refused("command.start.before", titles="、".join(titles))


def check_proof(evidence: Sequence[str], given: Mapping[str, object]) -> None:
    """Every kind of evidence that the plan asks for is there. Raises Invalid("command.finish.no_proof")."""
    lacking = [each for each in evidence if not given.get(each)]
    if lacking:
        words = "、".join(EVIDENCE.zh(each) for each in lacking)
        raise Invalid("command.finish.no_proof", field=lacking[0], lacking=words, fields=lacking)


def unfinished(tasks: Iterable[TaskFacts]) -> list[str]:
    """Titles of the tasks that still keep an incident open."""
    return [each.title for each in tasks if each.status not in TASK.final]


def dropped(existing: Iterable[TaskFacts], wanted: Iterable[tuple[str, UUID]]) -> list[UUID]:
    """Tasks that a lower level no longer asks for and nobody has taken up yet."""
    keep = set(wanted)
    return [each.id for each in existing if each.status == "waiting" and (each.code, each.incident) not in keep]


TASK_CLOCKS_OF_STAGE: Mapping[str, tuple[str, ...]] = {
    "first_phone": ("incidents.first_report_phone",),
    "first_written": ("incidents.first_report_written", "incidents.first_report_phone"),
}
"""Which tasks of the plan (by their clock) a sent report of a stage has done: who reads it needs no call."""


def cuts_road(sensor: str, level: Level, value: float) -> bool:
    """Whether nobody gets through any more: from 25 cm of water, or from the orange line of the point."""
    return sensor == "water_depth" and (value >= IMPASSABLE_M or level >= Level.ORANGE)


def level_of(code: str) -> Level:
    """A stream's level; `watch` lies below the four colours."""
    return Level.NONE if code == "watch" else Level.of(code)
