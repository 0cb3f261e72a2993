"""Which teams to send to one place: the set that fills the need first, and why the others were not first. Pure.

The best set of at most EXACT_TEAMS teams: all subsets of the nearest EXACT_OVER are tried. A set with a farther team
arrives later than any of these, so a filled need is the optimum. Where four teams cannot fill it: greedy, and said so.
Reasons are codes with facts; words are the caller's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from math import comb, inf

EXACT_OVER = 14
EXACT_TEAMS = 4
DETOUR_S = 60.0
"""A way round is worth a word from one minute on [U]."""


@dataclass(frozen=True, slots=True)
class Need:
    """What the place asks for. pump_m3h in cubic metres per hour; skill '' = any."""

    skill: str = ""
    pump_m3h: float = 0.0
    people: int = 0

    def __post_init__(self) -> None:
        if self.pump_m3h < 0 or self.people < 0:
            raise ValueError("a need cannot be negative")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A team. travel_s: road time with closures, None = no way there. free_s: the same without closures.

    busy: what it is committed to, '' = free. estimated: straight line instead of roads.
    """

    id: str
    name: str
    skills: frozenset[str]
    pump_m3h: float
    people: int
    assembly_s: float
    travel_s: float | None
    free_s: float | None = None
    readiness: str = "ready"
    busy: str = ""
    estimated: bool = False

    @property
    def arrive_s(self) -> float:
        """Seconds from the order to the arrival."""
        return inf if self.travel_s is None else self.assembly_s + self.travel_s


@dataclass(frozen=True, slots=True)
class Reason:
    """Codes: skill, pump (what it brings or lacks), resting, busy, unreachable, slower, too_little, not_needed, detour,
    first, part, estimated. `against` says whether it speaks against the team."""

    code: str
    against: bool
    facts: tuple[tuple[str, float | str], ...] = ()


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate with its place in the order (1 = first; 0 = cannot be sent) and the reasons for it."""

    candidate: Candidate
    order: int
    chosen: bool
    reasons: tuple[Reason, ...]

    @property
    def can_go(self) -> bool:
        return self.order > 0


@dataclass(frozen=True, slots=True)
class Choice:
    """The advised set. last_s: arrival of its last team; short: what stays uncovered; exact: all sets were tried."""

    ids: tuple[str, ...]
    last_s: float
    short_pump_m3h: float
    short_people: int
    exact: bool


@dataclass(frozen=True, slots=True)
class Advice:
    need: Need
    choice: Choice
    ranked: tuple[Ranked, ...]
    alternatives: tuple[Choice, ...] = field(default=())


def fits(need: Need, candidate: Candidate) -> bool:
    """Could it be sent at all: ready, free, skilled, a way there, and bringing something of what is needed."""
    if candidate.readiness != "ready" or candidate.busy or candidate.travel_s is None:
        return False
    if need.skill and need.skill not in candidate.skills:
        return False
    return not (need.pump_m3h > 0 and candidate.pump_m3h <= 0)


def advise(need: Need, candidates: Sequence[Candidate]) -> Advice:
    """Rank all candidates and choose a set. Deterministic: ties go to the smaller id."""
    able = sorted((each for each in candidates if fits(need, each)), key=lambda each: (each.arrive_s, each.id))
    choice, exact_pool = _choose(need, able)
    order = {each.id: number for number, each in enumerate(_order(able, choice), start=1)}
    first = min((each.arrive_s for each in able), default=inf)
    ranked = [
        Ranked(each, order.get(each.id, 0), each.id in choice.ids, _reasons(need, each, choice, first))
        for each in candidates
    ]
    ranked.sort(key=lambda each: (each.order == 0, each.order or each.candidate.arrive_s, each.candidate.id))
    return Advice(need, choice, tuple(ranked), _alternatives(need, exact_pool, choice))


def _order(able: Sequence[Candidate], choice: Choice) -> list[Candidate]:
    """The chosen ones first, by arrival; then the rest by arrival."""
    return sorted(able, key=lambda each: (each.id not in choice.ids, each.arrive_s, each.id))


def _short(need: Need, team: Sequence[Candidate]) -> tuple[float, int]:
    return (
        max(0.0, need.pump_m3h - sum(each.pump_m3h for each in team)),
        max(0, need.people - sum(each.people for each in team)),
    )


def _as_choice(need: Need, team: Sequence[Candidate], exact: bool) -> Choice:
    pump, people = _short(need, team)
    last = max((each.arrive_s for each in team), default=inf)
    return Choice(tuple(each.id for each in team), last, pump, people, exact)


def _choose(need: Need, able: Sequence[Candidate]) -> tuple[Choice, list[Candidate]]:
    """Fewest missing things, then earliest last arrival, then fewest teams, then earliest sum of arrivals."""
    if not able:
        return Choice((), inf, need.pump_m3h, need.people, True), []
    pool = list(able[:EXACT_OVER])
    best: tuple[tuple[float, ...], tuple[Candidate, ...]] | None = None
    for size in range(1, min(EXACT_TEAMS, len(pool)) + 1):
        for team in combinations(pool, size):
            key = _cost(need, team)
            if best is None or key < best[0]:
                best = (key, team)
    assert best is not None
    pump, people = _short(need, best[1])
    if pump == 0 and people == 0:
        return _as_choice(need, best[1], True), pool
    greedy = _greedy(need, able)
    return (
        _as_choice(need, greedy, False) if _cost(need, greedy) < best[0] else _as_choice(need, best[1], False)
    ), pool


def _cost(need: Need, team: Sequence[Candidate]) -> tuple[float, ...]:
    pump, people = _short(need, team)
    share = pump / need.pump_m3h if need.pump_m3h else 0.0
    share += people / need.people if need.people else 0.0
    return (
        round(share, 9),
        max(each.arrive_s for each in team),
        len(team),
        sum(each.arrive_s for each in team),
    )


def _greedy(need: Need, able: Sequence[Candidate]) -> list[Candidate]:
    """Nearest first until the need is filled; then drop what is not needed, farthest first."""
    team: list[Candidate] = []
    for each in able:
        team.append(each)
        if _short(need, team) == (0.0, 0):
            break
    for each in reversed(list(team)):
        rest = [other for other in team if other is not each]
        if rest and _short(need, rest) == _short(need, team):
            team = rest
    return team


def _alternatives(need: Need, pool: Sequence[Candidate], choice: Choice, count: int = 2) -> tuple[Choice, ...]:
    """The best sets that leave out one chosen team each: what to do if it does not answer."""
    found: list[Choice] = []
    for missing in choice.ids:
        rest = [each for each in pool if each.id != missing]
        if not rest or comb(len(rest), min(EXACT_TEAMS, len(rest))) > 5000:
            continue
        other, _pool = _choose(need, rest)
        if other.ids and other.ids not in [each.ids for each in found]:
            found.append(other)
    return tuple(sorted(found, key=lambda each: (each.short_pump_m3h, each.short_people, each.last_s))[:count])


def _reasons(need: Need, each: Candidate, choice: Choice, first: float) -> tuple[Reason, ...]:
    reasons: list[Reason] = []
    if each.readiness != "ready":
        reasons.append(Reason("resting", True, (("state", each.readiness),)))
    if each.busy:
        reasons.append(Reason("busy", True, (("what", each.busy),)))
    if need.skill:
        reasons.append(Reason("skill", need.skill not in each.skills, (("skill", need.skill),)))
    if need.pump_m3h:
        facts = (("has", each.pump_m3h), ("need", need.pump_m3h))
        reasons.append(Reason("pump", each.pump_m3h <= 0, facts))
    if each.travel_s is None:
        reasons.append(Reason("unreachable", True))
        return tuple(reasons)
    if each.id in choice.ids:
        alone = len(choice.ids) == 1
        times = (("arrive_s", each.arrive_s), ("assembly_s", each.assembly_s), ("travel_s", each.travel_s))
        reasons.append(Reason("first" if alone or each.arrive_s == first else "part", False, times))
    elif each.arrive_s > choice.last_s:
        reasons.append(Reason("slower", True, (("more_s", each.arrive_s - choice.last_s),)))
    elif each.pump_m3h < need.pump_m3h or each.people < need.people:
        brings = (("has", each.pump_m3h), ("need", need.pump_m3h), ("people", each.people), ("wanted", need.people))
        reasons.append(Reason("too_little", True, brings))
    elif not any(reason.against for reason in reasons):
        reasons.append(Reason("not_needed", True, (("has", each.pump_m3h), ("arrive_s", each.arrive_s))))
    if each.free_s is not None and each.travel_s - each.free_s >= DETOUR_S:
        reasons.append(Reason("detour", True, (("more_s", each.travel_s - each.free_s),)))
    if each.estimated:
        reasons.append(Reason("estimated", True))
    return tuple(reasons)
