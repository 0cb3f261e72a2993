"""An incident from 接报 to 归档, its reports (初报、续报、终报) and their statutory clocks. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from fengsui.catalog.hazards import hazards
from fengsui.kernel.clock import ClockKind
from fengsui.kernel.errors import Invalid, Refused
from fengsui.kernel.levels import Level
from fengsui.kernel.machine import Machine
from fengsui.kernel.terms import Term, Terms

LAW = "突发事件应对法 (2024)"
STATES = Terms(
    "incident_states",
    Term("received", "接报", "received"),
    Term("verified", "已核实", "verified"),
    Term("responding", "处置中", "responding"),
    Term("ended", "响应终止", "response ended", f"{LAW} Art. 86", "V"),
    Term("reported", "已终报", "final report sent"),
    Term("closed", "已归档", "closed"),
    Term("false_alarm", "误报", "false alarm"),
    Term("merged", "并案", "merged"),
)
MACHINE = Machine(
    "incident",
    initial="received",
    states=STATES,
    final=frozenset({"closed", "false_alarm", "merged"}),
    moves={
        "received": {"verify": "verified", "dismiss": "false_alarm", "merge": "merged", "stop": "closed"},
        "verified": {
            "respond": "responding",
            "end": "ended",
            "dismiss": "false_alarm",
            "merge": "merged",
            "stop": "closed",
        },
        "responding": {"end": "ended"},
        "ended": {"resume": "responding", "conclude": "reported", "stop": "closed"},
        "reported": {"close": "closed", "stop": "closed"},
    },
)
GRADES = Terms(
    "incident_grades",
    Term("general", "一般", "ordinary", f"{LAW} Art. 3", "V"),
    Term("larger", "较大", "larger", f"{LAW} Art. 3", "V"),
    Term("major", "重大", "major", f"{LAW} Art. 3", "V"),
    Term("extreme", "特别重大", "extremely serious", f"{LAW} Art. 3", "V"),
)
UPWARD = Terms(
    "reported_upward",
    Term("city", "市级", "the city", "State Council Decree 493 Art. 10", "V"),
    Term("province", "省级", "the province", "State Council Decree 493 Art. 10", "V"),
    Term("state_council", "国务院", "the State Council", "State Council Decree 493 Art. 10", "V"),
)
"""How far up a report goes."""
SOURCES = Terms(
    "incident_sources",
    Term("bulletin", "预警转入", "from a warning"),
    Term("phone", "电话", "phone"),
    Term("report_110", "110 转", "from 110"),
    Term("report_119", "119 转", "from 119"),
    Term("report_12345", "12345 转", "from 12345"),
    Term("street", "街道报", "from a street office"),
    Term("patrol", "巡查发现", "found on patrol"),
)
_SCHEME = "国家应急平台体系事件分类编码"
_COMMON = (
    Term("11A02", "内涝", "urban waterlogging", _SCHEME, "V"),
    Term("11A01", "洪水", "flood", _SCHEME, "V"),
    Term("11A04", "堤防重大险情", "levee in danger", _SCHEME, "V"),
    Term("11B03", "暴雨", "rainstorm", _SCHEME, "V"),
    Term("11B06", "大风", "gale", _SCHEME, "V"),
)
_OF_HAZARDS = [
    Term(each.event_code, each.term.zh, each.term.en, _SCHEME, each.term.basis)
    for each in hazards().values()
    if each.event_code not in {term.code for term in _COMMON}
]
TYPES = Terms("incident_types", *_COMMON, *_OF_HAZARDS)
"""The codes that this part of the platform works with and those of the hazards in the catalogue."""

STAGES = Terms(
    "report_stages",
    Term("first_phone", "电话初报", "first report by phone", f"{LAW} Art. 17, 61", "G", "30 分钟为通行做法"),
    Term("first_written", "书面初报", "first report in writing", f"{LAW} Art. 17, 61", "G", "60 分钟为通行做法"),
    Term("follow_up", "续报", "follow-up report", "", "G"),
    Term("final", "终报", "final report", "", "G"),
)
REPORT_STATES = Terms(
    "report_states",
    Term("draft", "拟稿", "draft"),
    Term("review", "待审核签发", "in review"),
    Term("signed", "已签发", "signed"),
    Term("sent", "已报送", "sent"),
    Term("received", "已确认接收", "receipt confirmed"),
    Term("withdrawn", "作废", "withdrawn"),
)
REPORT_MACHINE = Machine(
    "report",
    initial="draft",
    states=REPORT_STATES,
    final=frozenset({"received", "withdrawn"}),
    moves={
        "draft": {"edit": "draft", "submit": "review", "send_by_phone": "sent", "withdraw": "withdrawn"},
        "review": {"sign": "signed", "give_back": "draft", "withdraw": "withdrawn"},
        "signed": {"send": "sent", "give_back": "draft"},
        "sent": {"confirm": "received"},
    },
)
VERIFY = ClockKind(
    "incidents.verify",
    Term("incidents.verify", "核实接报", "verify the report"),
    default="按属实处理",
    proof="核实记录",
)
FIRST_PHONE = ClockKind(
    "incidents.first_report_phone",
    Term("incidents.first_report_phone", "电话初报", "report by phone"),
    default="记为迟报",
    proof="通话记录",
)
FIRST_WRITTEN = ClockKind(
    "incidents.first_report_written",
    Term("incidents.first_report_written", "书面初报", "report in writing"),
    default="记为迟报",
    proof="已签发的书面初报",
)
DISASTER = ClockKind(
    "incidents.disaster_report",
    Term("incidents.disaster_report", "自然灾害上报市级", "natural disaster report to the city"),
    default="记为迟报",
    proof="已签发的书面初报",
)
FOLLOW_UP = ClockKind(
    "incidents.follow_up",
    Term("incidents.follow_up", "续报", "follow-up report"),
    default="记为漏报",
    proof="已签发的续报",
)
FINAL = ClockKind(
    "incidents.final_report",
    Term("incidents.final_report", "终报", "final report"),
    default="记为迟报",
    proof="已签发的终报",
)
CLOCKS_OF_STAGE: Mapping[str, tuple[str, ...]] = {
    "first_phone": (FIRST_PHONE.code,),
    "first_written": (FIRST_WRITTEN.code, DISASTER.code, FIRST_PHONE.code),
    "follow_up": (FOLLOW_UP.code,),
    "final": (FINAL.code,),
}
"""Which clocks a sent report proves, its own first. A natural disaster's first written report is the one that the city
counts from, and who has it in writing needs no call any more."""

FIELDS: Mapping[str, tuple[tuple[str, str, bool], ...]] = {
    "first_phone": (("said", "报告内容", True), ("requests", "请求事项", False)),
    "first_written": (
        ("source", "信息来源", True),
        ("known_at", "接报时间", True),
        ("occurred_at", "事发时间", True),
        ("where", "地点", True),
        ("type", "类型", True),
        ("grade", "初判级别", True),
        ("casualties", "伤亡、失踪、被困", True),
        ("losses", "损失", False),
        ("course", "简要经过", True),
        ("measures", "已采取措施", True),
        ("leaders", "领导到位", False),
        ("on_site", "现场负责人及电话", False),
        ("requests", "请求事项", False),
    ),
    "follow_up": (
        ("changes", "变化", True),
        ("casualties", "伤亡、失踪、被困", True),
        ("trend", "趋势", False),
        ("measures", "措施", True),
        ("forces", "投入力量和物资", False),
        ("next", "下一步", True),
    ),
    "final": (
        ("summary", "事件概要", True),
        ("disposal", "处置情况", True),
        ("losses", "损失", True),
        ("aftermath", "善后", False),
        ("assessment", "评估", False),
        ("lessons", "经验教训", False),
    ),
}
"""(code, label, required) of each stage's form; content of 初报/续报/终报 by several municipal rules [V]."""

_RANK = {code: number for number, code in enumerate(GRADES)}
_DECREE_493 = {"deaths": (3, 10, 30), "serious": (10, 50, 100), "loss_yuan": (10_000_000, 50_000_000, 100_000_000)}


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """What the rules of a report need to know."""

    stage: str
    status: str
    drafted_by: UUID | None
    fields: Mapping[str, str]


def page(incident_id: UUID) -> str:
    """Address of the incident's room; it belongs to `command`, which stands above."""
    return f"/incidents/{incident_id}/"


def number(area_code: str, on: date, serial: int, sign: str = "") -> str:
    """210106-20260728-003: district, day in Beijing, serial of the day (a convention of ours, not a standard).

    In an exercise its sign stands in the district's place: 演3f2a-20260728-003.
    """
    return f"{sign or area_code[:6]}-{on:%Y%m%d}-{serial:03d}"


def opens_by_itself(level: Level, threshold: Level) -> bool:
    """Whether a bulletin of this level opens an incident without a hand (orange and up unless configured)."""
    return Level.NONE < threshold <= level


def first_grade(deaths: int, missing: int, serious: int, loss_yuan: float) -> str:
    """初判: the highest grade reached on any one criterion; the missing count as deaths in reports.

    Thresholds of State Council Decree 493 Art. 3 [V] for accidents; for natural disasters a first orientation [G].
    """
    grade = 0
    for amount, steps in (
        (deaths + missing, _DECREE_493["deaths"]),
        (serious, _DECREE_493["serious"]),
        (loss_yuan, _DECREE_493["loss_yuan"]),
    ):
        grade = max(grade, sum(amount >= step for step in steps))
    return list(GRADES)[grade]


def reported_upward(grade: str, sensitive: bool) -> str:
    """A code of UPWARD (Decree 493 Art. 10 [V]); sensitive ones like major ones [V: local rules]."""
    if sensitive or _RANK[grade] >= _RANK["major"]:
        return "state_council"
    return "province" if grade == "larger" else "city"


def late_s(known_at: datetime, reported_at: datetime, limit_s: float) -> float:
    """Seconds over the limit, 0 where in time; both moments stay as they are."""
    return max(0.0, (reported_at - known_at).total_seconds() - limit_s)


def check_times(occurred_at: datetime | None, known_at: datetime, now: datetime) -> None:
    """Nothing is known before it happened nor in the future. Raises Invalid("incidents.open.time_order")."""
    if known_at > now:
        raise Invalid("incidents.open.known_in_future", field="known_at")
    if occurred_at is not None and occurred_at > known_at:
        raise Invalid("incidents.open.time_order", field="occurred_at")


def check_merge(this: UUID, into: UUID, into_status: str) -> None:
    if this == into:
        raise Invalid("incidents.merge.itself", field="into")
    if into_status in MACHINE.final:
        raise Refused("incidents.merge.target_closed", state=STATES.term(into_status))


def check_fields(stage: str, fields: Mapping[str, str]) -> None:
    """Raises Invalid("incidents.report.missing", field=…) for the first required field left empty."""
    for code, label, required in FIELDS[stage]:
        if required and not fields.get(code, "").strip():
            raise Invalid("incidents.report.missing", field=code, label=label)


def check_sign(report: ReportFacts, by: UUID | None) -> None:
    """Nobody signs what he drafted. Raises Refused("incidents.sign.own_draft")."""
    if by is not None and by == report.drafted_by:
        raise Refused("incidents.sign.own_draft")


def check_stage(stage: str, incident_status: str, sent: Sequence[str]) -> None:
    """Order of the chain: follow-ups after a first report, the final one after the response ended."""
    if incident_status in MACHINE.final:
        raise Refused("incidents.report.closed", state=STATES.term(incident_status))
    if stage == "follow_up" and not {"first_phone", "first_written"} & set(sent):
        raise Refused("incidents.report.no_first")
    if stage == "final" and incident_status not in ("ended", "reported"):
        raise Refused("incidents.report.not_ended", state=STATES.term(incident_status))


def report_title(title: str, stage: str, n: int) -> str:
    """×××（事件）续报一 … 处置情况终报."""
    if stage == "follow_up":
        return f"{title}（续报{chinese(n)}）"
    return f"{title}处置情况终报" if stage == "final" else f"{title}（初报）"


def chinese(n: int) -> str:
    """1 -> 一, 12 -> 十二, 21 -> 二十一; digits from 100."""
    digits = "零一二三四五六七八九"
    if not 0 < n < 100:
        return str(n)
    tens, ones = divmod(n, 10)
    return ("" if tens == 0 else "十" if tens == 1 else digits[tens] + "十") + (digits[ones] if ones else "")
