"""What the pages of alerts show, as plain rows. Reading only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from fengsui.apps.alerts import queries, reasons, rules
from fengsui.apps.alerts.models import Bulletin, Call, Delivery, Warning
from fengsui.apps.alerts.page import either, level_word, said, word
from fengsui.apps.forecasts.rules import METHODS
from fengsui.apps.people import queries as people
from fengsui.catalog.channels import channel
from fengsui.catalog.hazards import hazard
from fengsui.catalog.sensors import display
from fengsui.core import policy
from fengsui.core.clock_words import default_word
from fengsui.core.models import Clock
from fengsui.kernel.actor import Actor
from fengsui.kernel.clock import ClockKind
from fengsui.kernel.levels import Level

ABOUT = "alerts.warning"
GROUPS = (
    ("decide", ("draft", "revising")),
    ("issue", ("confirmed", "revised")),
    ("force", ("issued",)),
)


@dataclass(slots=True)
class Row:
    """One warning in a list."""

    warning: Warning
    level: int
    name: str
    hazard: str
    status: str
    clock: Clock | None
    note: str = ""


@dataclass(slots=True)
class Group:
    code: str
    title: str
    rows: list[Row] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Evidence:
    """mark: measured, forecast, report. url: the station it comes from."""

    mark: str
    source: str
    url: str
    value: str
    at: datetime
    verdict: str
    note: str
    level: str


@dataclass(frozen=True, slots=True)
class Verb:
    """One press. danger: unfolds in place; word: what has to be typed; reason: label of the field, '' = none."""

    code: str
    text: str
    url: str
    kbd: str = ""
    do: bool = False
    danger: bool = False
    word: str = ""
    title: str = ""
    told: str = ""
    reason: str = ""
    levels: tuple[tuple[int, str], ...] = ()
    shut: str = ""


def name_of(row: Warning) -> str:
    return either(row.place.name, row.place.name_en)


def _clock_words(clock: Clock | None) -> Clock | None:
    """The chip wants the verb in words."""
    if clock is not None:
        kind = ClockKind.registered.get(clock.kind)
        clock.verb = said(kind.verb) if kind else clock.label  # type: ignore[attr-defined]  # shown beside the row, not stored
        clock.default = default_word(kind)  # type: ignore[attr-defined]  # shown beside the row, not stored
    return clock


def rows(found: Sequence[Warning], world: UUID) -> list[Row]:
    """Rows with the clock that is due first: two queries however many."""
    clocks = queries.open_clocks(ABOUT, [each.pk for each in found], world)
    listed = []
    for each in found:
        own = clocks.get(str(each.pk), [])
        entry = hazard(each.hazard)
        shown = each.level_in_force if each.status in ("issued", "lifted", "cancelled") else each.level
        note = ""
        if each.status in rules.IN_FORCE and each.level_suggested < each.level_in_force:
            calm = each.level_suggested == 0
            note = _("已回落，待解除") if calm else _("可降为%(level)s") % {"level": level_word(each.level_suggested)}
        elif each.status in ("revising", "revised"):
            note = _("生效中为%(level)s") % {"level": level_word(each.level_in_force)}
        listed.append(
            Row(
                each, shown, name_of(each), said(entry.term), word(rules.STATUSES, each.status),
                _clock_words(own[0] if own else None), note,
            )
        )  # fmt: skip
    return listed


def groups(by: Actor) -> list[Group]:
    """Open warnings as the bench sorts them: to decide, to issue, to lift, in force."""
    found = list(
        queries.visible_to(by).filter(pk__in=queries.queue(by.world).values("pk")).order_by("-level", "drafted_at")
    )
    titles = {"decide": _("待决定"), "issue": _("待签发"), "lift": _("待解除"), "force": _("生效中")}
    made = {code: Group(code, title) for code, title in titles.items()}
    for row in rows(found, by.world):
        code = next(code for code, statuses in GROUPS if row.warning.status in statuses)
        if code == "force" and row.warning.level_suggested == 0:
            code = "lift"
        made[code].rows.append(row)
    return list(made.values())


def _station_url(facts: Mapping[str, Any]) -> str:
    try:
        return reverse("sensing:station-show", args=[facts["station"]]) if facts.get("station") else ""
    except NoReverseMatch:
        return ""


def evidence(row: Warning, names: Mapping[UUID, str]) -> list[Evidence]:
    """The newest first."""
    listed = []
    for each in reversed(row.evidence):
        at, kind, level = datetime.fromisoformat(each["at"]), each["kind"], each.get("level", "none")
        said = display(each.get("sensor", ""), each.get("unit", ""))
        value = said.whole(each.get("value"))
        if kind == "observed":
            line = each.get("line")
            verdict = _("达到%(level)s") % {"level": level_word(Level.of(level))} if level != "none" else _("退到线下")
            note = _("线 %(line)s") % {"line": said.whole(line)} if line is not None else ""
            if each.get("rate_per_hour"):
                rise = _("每小时 %(rate)s") % {"rate": said.whole(each["rate_per_hour"])}
                note = f"{note}　{rise}" if note else rise
        elif kind == "forecast":
            verdict = (
                _("预计到%(level)s") % {"level": level_word(Level.of(level))} if level != "none" else _("不再预计到线")
            )
            lead = round((each.get("lead_s") or 0) / 60)
            note = (
                _("约 %(lead)s 分后到 %(line)s") % {"lead": lead, "line": said.whole(each.get("line"))} if lead else ""
            )
            if each.get("chance") is not None:
                chance = _("到线概率 %(share)s") % {"share": f"{each['chance']:.0%}"}
                note = f"{note}　{chance}" if note else chance
            if each.get("method"):
                note = f"{note}　{word(METHODS, each['method'])}" if note else word(METHODS, each["method"])
            if each.get("error") is not None:
                missed = _("近期平均误差 %(error)s") % {"error": f"{said.error(each['error'])} {said.unit}"}
                note = f"{note}　{missed}" if note else missed
        else:
            who = names.get(UUID(each["person"]), "") if each.get("person") else ""
            verdict, note, value = _("人报") if kind == "report" else _("改稿"), each.get("text", ""), who
        source = each.get("name") or (_("人工") if kind in ("report", "note") else "")
        listed.append(Evidence(kind, source, _station_url(each), value, at, verdict, note, level))
    return listed


def series_url(row: Warning) -> str:
    """Address of the station's chart data (measured and forecast) of the newest reading; '' where there is none."""
    found = next((each for each in reversed(row.evidence) if each.get("station")), None)
    if found is None:
        return ""
    return f"/stations/{found['station']}/chart.json?kind={found.get('sensor', '')}&hours=6"


def reach(row: Warning) -> list[dict[str, Any]]:
    """Outlets that the proposed level would use."""
    listed = []
    for each in queries.outlets_for(row.place.area_id, Level(max(row.level, row.level_in_force))):
        entry = channel(each.channel)
        listed.append(
            {
                "name": either(each.name, each.name_en),
                "channel": said(entry.term),
                "audience": each.audience,
                "receipt": said(entry.receipt),
                "public": entry.public,
            }
        )
    return listed


def people_to_call(row: Warning) -> list[dict[str, Any]]:
    """Who would be called, line by line."""
    return [
        {"line": word(rules.LINES, line), "turn": turn, "name": each.name, "title": each.title, "org": each.org_name}
        for line, chain in queries.call_lines(row.place).items()
        for turn, each in enumerate(chain, 1)
    ]


def steps(row: Warning, names: Mapping[UUID, str], sent: int, answered: str) -> list[dict[str, Any]]:
    """The two-person chain: who confirmed, who issues, what went out, who answered."""
    level = Level(row.level)
    waits_issue = row.status in ("confirmed", "revised")
    confirmed = names.get(row.confirmed_by, "") if row.confirmed_by else ""
    out = row.status in rules.IN_FORCE or row.status in ("lifted", "cancelled")
    second = level >= rules.SECOND_PERSON_FROM
    return [
        {"title": _("核定"), "who": confirmed or _("值班员"), "done": bool(confirmed),
         "now": row.status in ("draft", "revising")},
        {"title": _("签发"), "who": (names.get(row.issued_by, "") if row.issued_by and not waits_issue else "")
         or (_("第二人：带班领导或指挥长") if second else _("值班员或带班领导")),
         "done": out and not waits_issue, "now": waits_issue},
        {"title": _("发出"), "who": _("%(n)d 个渠道") % {"n": sent}, "done": out},
        {"title": _("应答"), "who": answered, "done": False},
    ]  # fmt: skip


def verbs(row: Warning, by: Actor, channels: int, names: int, world: str) -> list[Verb]:
    """The buttons of a state, from the machine; what this person may not press is not shown."""
    here = reverse("alerts:warning-show", args=[row.pk])
    allowed = [verb for verb in rules.MACHINE.verbs(row.status) if policy.can(by, f"alerts.{verb}", row)]
    level, shown = Level(row.level), level_word(row.level)
    told = _("%(world)s；%(n)d 个渠道；叫应先叫 %(m)d 人，不应转下一人；发出后不能收回，只能更新、解除或撤销") % {
        "world": world, "n": channels, "m": names,
    }  # fmt: skip
    levels = tuple((int(each), level_word(each)) for each in reversed(Level) if each not in (Level.NONE, level))
    made: list[Verb] = []
    for verb in allowed:
        url = f"{here}{verb.replace('_', '-')}"
        if verb == "confirm":
            made.insert(0, Verb(verb, _("核定，送签发"), url, kbd="Enter", do=True))
        elif verb == "issue":
            same = level >= rules.SECOND_PERSON_FROM and row.confirmed_by == by.person
            shut = _("你核定的须由第二人签发") if same else ""
            title = _("签发%(level)s预警：%(place)s") % {"level": shown, "place": name_of(row)}
            made.insert(0, Verb(verb, _("签发…"), url, kbd="Enter", do=True, danger=not same, word=shown,
                                title=title, told=told, shut=shut))  # fmt: skip
        elif verb == "revise":
            made.append(Verb(verb, _("改级…"), url, kbd="G", danger=True, title=_("改级，改后须重新核定"),
                             told=_("新级别带来它自己的措施文字"), reason=_("改级理由"), levels=levels))  # fmt: skip
        elif verb == "reject":
            made.append(Verb(verb, _("不发布，写理由…"), url, kbd="X", danger=True, title=_("不发布"),
                             told=_("草稿了结，不对外；再过线会另起一稿"), reason=_("不发布的理由")))  # fmt: skip
        elif verb == "send_back":
            made.append(Verb(verb, _("退回…"), url, kbd="B", danger=True, title=_("退回核定人"),
                             told=_("退回后须重新核定"), reason=_("要改什么")))  # fmt: skip
        elif verb == "keep":
            made.append(Verb(verb, _("维持原级…"), url, kbd="K", danger=True, title=_("再研判：维持原级"),
                             told=_("记下结论，下一次研判重新计时"), reason=_("研判结论")))  # fmt: skip
        elif verb == "lift":
            do = row.level_suggested == 0
            made.insert(0 if do else len(made), Verb(
                verb, _("解除…"), url, kbd="L", do=do, danger=True,
                title=_("解除%(level)s预警") % {"level": level_word(row.level_in_force)},
                told=told, reason=_("依据：谁、何时看过现场")))  # fmt: skip
        elif verb == "cancel":
            made.append(Verb(
                verb, _("误发撤销…"), url, danger=True, word=level_word(row.level_in_force),
                title=_("撤销误发的%(level)s预警") % {"level": level_word(row.level_in_force)},
                told=told, reason=_("误发原因（会随撤销公告发出）")))  # fmt: skip
    return made


def mass_row(row: Delivery) -> dict[str, Any] | None:
    """How far the sending to many is, in all and by provider; None for what goes to one address, or has no list yet."""
    facts = queries.mass_counts(row) if channel(row.outlet.channel).many else None
    if not facts or not facts["total"]:
        return None
    rows = [
        {"name": name or _("发送中断"), **{outcome: n.get(outcome, 0) for outcome in ("sent", "uncertain", "refused")}}
        for name, n in sorted(facts["providers"].items())
    ]
    words = queries.failed_words(row) if facts["failed"] else []
    unknown = facts["asked"] - facts["delivered"] - facts["failed"]
    return {**facts, "rows": rows, "words": words, "unknown": unknown, "settled": facts["total"] - facts["waiting"]}


def delivery_rows(found: Sequence[Delivery]) -> list[dict[str, Any]]:
    return [
        {
            "row": each,
            "mass": mass_row(each),
            "name": either(each.outlet.name, each.outlet.name_en),
            "to": each.call.name if each.call else each.outlet.audience,
            "channel": said(channel(each.outlet.channel).term),
            "state": word(rules.DELIVERY_STATES, each.state),
            "proves": said(channel(each.outlet.channel).receipt) if each.state == "acknowledged" else "",
            "why": reasons.said(each.reason),
            "attempts": [
                (row, word(rules.DELIVERY_STATES, row.outcome), reasons.said(row.reason)) for row in each.attempts.all()
            ],
        }
        for each in found
    ]


def call_rows(found: Sequence[Call], clocks: Mapping[str, Clock]) -> list[dict[str, Any]]:
    return [
        {
            "row": each,
            "line": word(rules.LINES, each.line),
            "state": word(rules.CALL_STATES, each.state),
            "clock": _clock_words(clocks.get(str(each.person_id))),
            "open": each.state in ("called", "passed"),
            "next": next((o for o in found if o.line == each.line and o.state == "waiting"), None),
        }
        for each in found
    ]


def answered(found: Sequence[Call]) -> str:
    """How far the lines are: 应答 1／3 线."""
    lines = {each.line for each in found}
    done = {each.line for each in found if each.state == "answered"}
    return _("%(done)d／%(all)d 线已应答") % {"done": len(done), "all": len(lines)} if lines else _("发出后叫应")


def bulletin_rows(found: Sequence[Bulletin]) -> list[dict[str, Any]]:
    return [
        {
            "row": each,
            "kind": word(rules.KINDS, each.kind),
            "headline": either(each.headline, each.headline_en),
            "url": reverse("alerts:bulletin-show", args=[each.pk]),
        }
        for each in found
    ]


def names_in(row: Warning) -> dict[UUID, str]:
    """Names of everybody the warning mentions, in one query."""
    keys = {row.drafted_by, row.confirmed_by, row.issued_by, row.ended_by}
    keys |= {UUID(each["person"]) for each in row.evidence if each.get("person")}
    return people.people_names(key for key in keys if key)


def on_bulletin(bulletin: Bulletin, calls: Sequence[Call]) -> dict[str, Clock]:
    """Open call clocks by person."""
    found = queries.open_clocks("alerts.bulletin", [bulletin.pk], bulletin.world_id).get(str(bulletin.pk), [])
    return {each.slot: each for each in found if each.kind == "alerts.acknowledge"}
