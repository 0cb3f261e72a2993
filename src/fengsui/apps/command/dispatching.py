"""Who should go: teams, their commitments and ways, put into `science.decide.dispatch`, and its reasons in words."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as mark

from fengsui.apps.command import queries, ways
from fengsui.apps.command.models import UNDER_WAY, Task
from fengsui.apps.incidents.page import word
from fengsui.apps.resources import queries as resources
from fengsui.apps.resources.models import Team
from fengsui.apps.resources.rules import READINESS, SKILLS
from fengsui.kernel.actor import Actor
from fengsui.science.decide.dispatch import Advice, Candidate, Choice, Need, Ranked, Reason, advise

SAID: dict[tuple[str, bool], str] = {
    ("skill", True): mark("无%(skill)s技能"),
    ("skill", False): mark("能%(skill)s"),
    ("pump", True): mark("无泵"),
    ("pump", False): mark("泵 %(has)s m³/h，需 %(need)s"),
    ("resting", True): mark("%(state)s"),
    ("busy", True): mark("已派：%(what)s"),
    ("unreachable", True): mark("封控后无路可到"),
    ("first", False): mark("最先到：集结 %(assembly_s)s 分加行程 %(travel_s)s 分，共 %(arrive_s)s 分"),
    ("part", False): mark("补足所需：%(arrive_s)s 分到"),
    ("slower", True): mark("比首选晚 %(more_s)s 分"),
    ("too_little", True): mark("先到但单独不够：泵 %(has)s m³/h、%(people)s 人"),
    ("not_needed", True): mark("首选已够；%(arrive_s)s 分可到，可作备选"),
    ("detour", True): mark("绕行多 %(more_s)s 分"),
    ("estimated", True): mark("路网不可用，直线估算"),
}


@dataclass(frozen=True, slots=True)
class Option:
    """One team as the panel shows it. position: (lon, lat)."""

    team: Team
    ranked: Ranked
    reasons: tuple[tuple[str, bool], ...]
    travel_s: float | None
    metres: float | None
    position: tuple[float, float]

    @property
    def against(self) -> list[str]:
        return [text for text, against in self.reasons if against]

    @property
    def speaks_for(self) -> list[str]:
        return [text for text, against in self.reasons if not against]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What the panel shows. `options`: all teams, the advised first; `estimated`: no road engine answered."""

    task: Task
    need: Need
    advice: Advice
    options: tuple[Option, ...]
    to: tuple[float, float]
    estimated: bool
    avoided: tuple[str, ...]
    sent: int

    def option(self, team_id: UUID) -> Option | None:
        return next((each for each in self.options if each.team.pk == team_id), None)

    @property
    def enough(self) -> bool:
        """What was sent already fills the need; more goes only if somebody picks it."""
        return self.sent > 0 and self.need.pump_m3h == 0 and self.need.people == 0

    @property
    def first(self) -> list[Option]:
        return [] if self.enough else [each for each in self.options if each.ranked.chosen]

    def named(self, choice: Choice) -> list[str]:
        names = {str(each.team.pk): each.team.name for each in self.options}
        return [names[each] for each in choice.ids]


def say(reason: Reason) -> str:
    """A reason in words; seconds become minutes, rounded up."""
    facts: dict[str, str] = {}
    for name, value in reason.facts:
        if name.endswith("_s") and isinstance(value, int | float):
            facts[name] = str(max(1, ceil(value / 60)))
        elif name == "skill":
            facts[name] = word(SKILLS, str(value))
        elif name == "state":
            facts[name] = word(READINESS, str(value))
        else:
            facts[name] = f"{value:g}" if isinstance(value, int | float) else str(value)
    return _(SAID[(reason.code, reason.against)]) % facts


def need_of(task: Task) -> Need:
    """What the task asks for, less what is already on its way to it."""
    wanted = task.resources or {}
    sent = [order.team for order in task.orders.select_related("team").filter(deployment__stage__in=UNDER_WAY)]
    pump = float(wanted.get("pump_m3h") or 0) - sum(team.pump_m3h for team in sent)
    people = int(wanted.get("people") or 0) - sum(team.people for team in sent)
    return Need(task.skill, max(0.0, pump), max(0, people))


def suggest_dispatch(*, task_id: UUID, by: Actor) -> Suggestion:
    """Rank every team with the skill, and nearest others, for one task."""
    task = queries.get_task(task_id, by)
    target = (task.incident.point.x, task.incident.point.y)
    teams = list(resources.teams(task.skill)) if task.skill else list(resources.teams())
    busy = queries.committed(by.world)
    bases = [(team.base.x, team.base.y) for team in teams]
    found = ways.times(bases, target, by.world, ways.vehicle_for(task.skill)) if teams else []
    candidates = [
        Candidate(
            id=str(team.pk),
            name=team.name,
            skills=frozenset(team.skills),
            pump_m3h=team.pump_m3h,
            people=team.people,
            assembly_s=team.assembly_min * 60.0,
            travel_s=time.seconds,
            free_s=time.free_s,
            readiness=team.readiness,
            busy=f"{busy[team.pk].order.number} {busy[team.pk].order.to_name}" if team.pk in busy else "",
            estimated=time.estimated,
        )
        for team, time in zip(teams, found, strict=True)
    ]
    need = need_of(task)
    advice = advise(need, candidates)
    by_id = {str(team.pk): (team, time) for team, time in zip(teams, found, strict=True)}
    options = []
    for each in advice.ranked:
        team, time = by_id[each.candidate.id]
        reasons = tuple((say(reason), reason.against) for reason in each.reasons)
        options.append(Option(team, each, reasons, time.seconds, time.metres, (team.base.x, team.base.y)))
    sent = task.orders.filter(deployment__stage__in=UNDER_WAY).count()
    avoided = tuple(closure.name for closure in queries.closures_now(by.world))
    return Suggestion(task, need, advice, tuple(options), target, any(time.estimated for time in found), avoided, sent)
