"""Rules of warnings, deliveries and calls. Pure: no clock, no database."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from fengsui.kernel.clock import ClockKind
from fengsui.kernel.errors import Invalid, Refused
from fengsui.kernel.levels import Level
from fengsui.kernel.machine import Machine
from fengsui.kernel.terms import Term, Terms

LAW = "突发事件应对法 (2024)"
STATUSES = Terms(
    "warning_statuses",
    Term("draft", "草稿", "draft"),
    Term("confirmed", "已核定", "confirmed"),
    Term("issued", "生效", "in force", f"{LAW} Art. 64", "V"),
    Term("revising", "生效，拟调整", "in force, change drafted", f"{LAW} Art. 70", "V"),
    Term("revised", "生效，调整已核定", "in force, change confirmed", f"{LAW} Art. 70", "V"),
    Term("lifted", "已解除", "lifted", f"{LAW} Art. 70", "V"),
    Term("rejected", "不发布", "not issued"),
    Term("cancelled", "误发撤销", "cancelled as sent in error"),
)
MACHINE = Machine(
    "warning",
    initial="draft",
    states=STATUSES,
    final=frozenset({"lifted", "rejected", "cancelled"}),
    moves={
        "draft": {"confirm": "confirmed", "revise": "draft", "reject": "rejected"},
        "confirmed": {"issue": "issued", "send_back": "draft", "revise": "draft", "reject": "rejected"},
        "issued": {"revise": "revising", "keep": "issued", "lift": "lifted", "cancel": "cancelled"},
        "revising": {
            "confirm": "revised",
            "revise": "revising",
            "keep": "issued",
            "lift": "lifted",
            "cancel": "cancelled",
        },
        "revised": {
            "issue": "issued",
            "send_back": "revising",
            "revise": "revising",
            "lift": "lifted",
            "cancel": "cancelled",
        },
    },
)
IN_FORCE = frozenset({"issued", "revising", "revised"})
UNDECIDED = frozenset({"draft", "confirmed", "revising", "revised"})

DELIVERY_STATES = Terms(
    "delivery_states",
    Term("pending", "待发", "pending"),
    Term("sent", "已交付，未见回执", "handed over, no receipt yet"),
    Term("acknowledged", "有回执", "acknowledged"),
    Term("failed", "失败，将重试", "failed, will retry"),
    Term("dead", "死信", "dead letter"),
    Term("blocked", "出口拦下", "stopped at the gate"),
    Term("waived", "改用其他渠道", "another outlet used"),
)
DELIVERY = Machine(
    "delivery",
    initial="pending",
    states=DELIVERY_STATES,
    final=frozenset({"acknowledged", "blocked", "waived"}),
    moves={
        "pending": {"send": "sent", "acknowledge": "acknowledged", "fail": "failed", "die": "dead", "block": "blocked"},
        "failed": {"send": "sent", "acknowledge": "acknowledged", "fail": "failed", "die": "dead", "block": "blocked"},
        "sent": {"acknowledge": "acknowledged"},
        "dead": {"retry": "pending", "waive": "waived", "acknowledge": "acknowledged"},
    },
)

TRIED = frozenset({"pending", "failed"})
"""States in which a delivery is tried when it is due."""
OWED = TRIED | {"dead"}
"""States that owe something on every channel."""

CALL_STATES = Terms(
    "call_states",
    Term("waiting", "未轮到", "not yet"),
    Term("called", "已叫，待应答", "called"),
    Term("passed", "未应答，已叫下一人", "no answer, next name called"),
    Term("answered", "已应答", "answered"),
    Term("spared", "不必再叫", "no longer needed"),
)
CALL = Machine(
    "call",
    initial="waiting",
    states=CALL_STATES,
    final=frozenset({"answered", "spared"}),
    moves={
        "waiting": {"call": "called", "spare": "spared"},
        "called": {"answer": "answered", "pass_on": "passed", "spare": "spared"},
        "passed": {"answer": "answered", "spare": "spared"},
    },
)
LINES = Terms(
    "call_lines",
    Term("territory", "属地", "territory", "区十四五应急体系规划（双包）", "V"),
    Term("traffic", "交警", "traffic police"),
    Term("drainage", "排水", "drainage"),
)
KINDS = Terms(
    "bulletin_kinds",
    Term("alert", "发布", "issued", "CAP 1.2 msgType Alert", "V"),
    Term("update", "调整", "updated", "CAP 1.2 msgType Update", "V"),
    Term("all_clear", "解除", "lifted", "CAP 1.2 responseType AllClear", "V"),
    Term("cancel", "撤销", "withdrawn", "CAP 1.2 msgType Cancel", "V"),
)
MSG_TYPE = {"alert": "Alert", "update": "Update", "all_clear": "Update", "cancel": "Cancel"}

ClockKind(
    "alerts.confirm",
    Term("confirm", "核定预警", "confirm the warning"),
    default="不自动对外发布；继续催办",
    proof="核定",
)
ClockKind(
    "alerts.issue", Term("issue", "签发预警", "issue the warning"), default="不自动对外发布；继续催办", proof="公告"
)
ClockKind(
    "alerts.acknowledge", Term("acknowledge", "应答", "answer the call"), default="叫应下一名责任人", proof="应答"
)
ClockKind(
    "alerts.deliver",
    Term("deliver", "各渠道送达", "deliver by every outlet"),
    default="死信由值班员改用其他渠道",
    proof="回执",
)
ClockKind(
    "alerts.recall",
    Term("recall", "误发撤销到达", "withdrawal of a false warning by every outlet"),
    default="死信由值班员改用其他渠道",
    proof="最后一张回执",
)
ClockKind("alerts.reassess", Term("reassess", "再研判", "reassess"), default="维持原级别并记录", proof="研判结论")
ClockKind("alerts.lift", Term("lift", "解除预警", "lift the warning"), default="不自动解除；继续催办", proof="解除公告")

SECOND_PERSON_FROM = Level.ORANGE
VALID_FOR = timedelta(hours=6)
"""How long a bulletin is valid unless it is renewed or lifted: local choice [U]."""
CLEAR_FOR = timedelta(hours=1)
CIRCLE_KM = 0.3
"""Radius around a waterlogging point in the CAP area: local choice [U]."""
FORECAST_WITHIN_S = 1800
"""A forecast drafts a warning where even the late end of its interval reaches the line so soon: local choice [U]."""
MAX_ATTEMPTS = 6
BACK_OFF_S = (2, 4, 8, 16, 32)
RECALL_BACK_OFF_S = (1, 1, 2, 3, 5)
"""A withdrawal is owed within its clock; who was told something false must not wait for a long pause to end."""
AT_ONCE = 50
"""Deliveries of one outlet that one job sends and one transaction writes down. Chosen; bench/fanout measures with it,
other sizes were not tried."""
FIRST = 100
"""Priority of a withdrawal among the deliveries that wait; a red bulletin has 40, a test of the outlets 0."""


def suggested(signals: Mapping[str, Mapping[str, Any]]) -> Level:
    """The worst level that any stream or forecast of the place stands at; NONE without signals."""
    return max((Level.of(each["level"]) for each in signals.values()), default=Level.NONE)


def newer(signals: Mapping[str, Mapping[str, Any]], key: str, at: datetime) -> bool:
    """Whether a signal of that time says something new: jobs may run out of order."""
    known = signals.get(key)
    return known is None or datetime.fromisoformat(known["at"]) <= at


def is_soon(latest_in_s: float | None) -> bool:
    """Whether a line is reached soon enough to draft even by the late end of the interval (None: not within it)."""
    return latest_in_s is not None and latest_in_s <= FORECAST_WITHIN_S


def after_signal(status: str, level: Level, now_suggested: Level) -> str:
    """What new evidence does to an open warning: raise | follow | ease | calm | nothing.

    raise: the proposed level goes up (a warning in force gets an update drafted). follow: a draft sinks with the
    water. ease: one in force could be lowered. calm: nothing is crossed any more. People decide the last two.
    """
    if now_suggested > level:
        return "raise"
    if now_suggested == level:
        return "nothing"
    if now_suggested is Level.NONE:
        return "calm"
    return "follow" if status == "draft" else "ease"


def check_reason(reason: str, verb: str) -> str:
    """The reason, stripped. Raises Invalid("alerts.<verb>.needs_reason")."""
    if not reason.strip():
        raise Invalid(f"alerts.{verb}.needs_reason", field="reason")
    return reason.strip()


def check_issue(level: Level, confirmed_by: UUID | None, by: UUID | None) -> None:
    """From orange up nobody issues what he confirmed.

    Raises Refused("alerts.issue.by_person") for a part of the system, Refused("alerts.issue.second_person").
    """
    if by is None:
        raise Refused("alerts.issue.by_person")
    if confirmed_by is None:
        raise Refused("alerts.issue.not_confirmed")
    if level >= SECOND_PERSON_FROM and by == confirmed_by:
        raise Refused("alerts.issue.second_person", level=level.zh)


def check_by_person(person: UUID | None, verb: str) -> None:
    """Raises Refused("alerts.<verb>.by_person"): the system drafts and suggests, people decide."""
    if person is None:
        raise Refused(f"alerts.{verb}.by_person")


def check_version(current: int, read: int | None) -> None:
    """Nobody confirms a draft that rose while they read the one before. Raises Refused("alerts.confirm.changed")."""
    if read is not None and read != current:
        raise Refused("alerts.confirm.changed", read=read, current=current)


def check_typed(level: Level, typed: str, verb: str) -> None:
    """A dangerous act repeats its level in words. Raises Invalid("alerts.<verb>.typed", field="typed")."""
    if typed.strip().lower() not in {level.zh, level.zh.removesuffix("色"), level.code}:
        raise Invalid(f"alerts.{verb}.typed", field="typed", level=level.zh)


def check_level(level: Level, now: Level, verb: str = "revise") -> None:
    if level is Level.NONE:
        raise Invalid(f"alerts.{verb}.level_none", field="level")
    if level == now:
        raise Refused(f"alerts.{verb}.same_level", level=level.zh)


def identifier(issuer: str, sent_at: datetime, serial: int) -> str:
    """ZZZZZZDDDUUUXX_YYYYMMDDhhmmss_N; `sent_at` in Beijing time, serial 0-9 within one second."""
    if len(issuer) != 14 or not issuer.isdigit() or not 0 <= serial <= 9:
        raise ValueError("issuer is 14 digits, serial 0-9")
    return f"{issuer}_{sent_at:%Y%m%d%H%M%S}_{serial}"


def gate(
    *, kind: str, status: str, is_latest: bool, expires_at: datetime, now: datetime, to_person: bool = False
) -> None:
    """The domain's part of the last gate: is this bulletin still the word of the house?

    Raises Refused("alerts.gate.superseded" | "alerts.gate.withdrawn" | "alerts.gate.expired").
    """
    if not is_latest:
        raise Refused("alerts.gate.superseded")
    wanted = {"alert": IN_FORCE, "update": IN_FORCE, "all_clear": {"lifted"}, "cancel": {"cancelled"}}[kind]
    if status not in wanted:
        raise Refused("alerts.gate.withdrawn", status=status)
    if now >= expires_at:
        raise Refused("alerts.gate.expired")


def back_off(attempts: int, kind: str = "alert") -> timedelta:
    """Wait after so many failed attempts (>= 1) of a bulletin of that kind."""
    waits = RECALL_BACK_OFF_S if kind == "cancel" else BACK_OFF_S
    return timedelta(seconds=waits[min(attempts, len(waits)) - 1])


def deliver_clock(kind: str) -> str:
    """The kind of the clock by which a bulletin of that kind has to be out everywhere."""
    return "alerts.recall" if kind == "cancel" else "alerts.deliver"


def priority(kind: str, level: Level) -> int:
    """Which of the deliveries that wait goes first: withdrawals, then the worse level."""
    return FIRST if kind == "cancel" else 10 * int(level)


def may_hear(kind: str, call_state: str) -> bool:
    """Whether a mail to a called person still makes sense: a call as long as it is open, a withdrawal always."""
    return kind == "cancel" or call_state in ("called", "passed")


def is_due(next_try_at: datetime | None, now: datetime) -> bool:
    """Whether a delivery may be tried now. No wait is longer than the longest back-off: a time beyond that was written
    by a clock that has been set back since, and to keep to it would hold up a warning for as long as that was wrong.
    """
    wait = (next_try_at - now).total_seconds() if next_try_at else 0.0
    return not 1.0 < wait <= BACK_OFF_S[-1] + 1.0


def is_done(state: str, needs_receipt: bool) -> bool:
    """Whether a delivery owes nothing more."""
    return state in DELIVERY.final or (state == "sent" and not needs_receipt)
