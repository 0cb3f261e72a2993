"""The shape of a district's files. Unknown keys are refused, so a slip of the pen is found at once.

Positions are WGS 84 degrees; depths, lengths in metres; flows in m3/h where the name says so; durations as named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, time
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from fengsui.kernel.clock import ClockRule, Rung, WorkCalendar
from fengsui.kernel.levels import Level
from fengsui.kernel.terms import Basis

Provenance = Literal["document", "derived", "illustrative"]
"""document: in the public document named in `source`. derived: computed from such. illustrative: for demonstration."""

Lon = Annotated[float, Field(ge=-180, le=180)]
Lat = Annotated[float, Field(ge=-90, le=90)]
Position = tuple[Lon, Lat]
LevelCode = Literal["blue", "yellow", "orange", "red"]


class Fact(BaseModel):
    """Base of everything. `provenance` and `source` come from the object or else from the head of its file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    provenance: Provenance = "illustrative"
    source: str = ""
    note: str = ""


class Placed(Fact):
    lon: Lon
    lat: Lat


class Jurisdiction(Fact):
    code: str
    name: str
    name_en: str


class Area(Placed):
    """District, street/town, development zone or community. `ring` is schematic 示意, closed, [] for communities."""

    code: str
    scheme: str
    name: str
    name_en: str = ""
    kind: Literal["district", "subdistrict", "development_zone", "community"]
    parent: str = ""
    jurisdiction: str
    communities: int = 0
    population: int = 0
    ring: tuple[Position, ...] = ()


class Organisation(Fact):
    code: str
    name: str
    name_en: str = ""
    kind: str
    parent: str = ""
    jurisdiction: str = ""
    area: str = ""


class Post(Fact):
    """A post of an organisation. `role` is one of the platform's roles; `area` is where it is exercised."""

    code: str
    title: str
    title_en: str = ""
    org: str
    role: str
    area: str = ""
    holders: int = Field(default=1, ge=0, le=50)


class Person(Fact):
    """An invented person. The name is from a list of common names, the phone from a block that cannot be dialled."""

    code: str
    name: str
    phone: str
    email: str


class ListedPerson(Fact):
    """A real person of people.yaml, and the posts held."""

    code: str
    name: str
    phone: str = ""
    email: str = ""
    posts: tuple[str, ...] = Field(min_length=1)


class Holding(Fact):
    post: str
    person: str


class Account(Fact):
    login: str
    post: str
    person: str
    title: str


class Chain(Fact):
    """叫应: posts to call for an area or a point, in this order."""

    subject: str
    posts: tuple[str, ...]


class Barrier(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    lon: Lon
    lat: Lat


class Closure(BaseModel):
    """Where the road is cut when the orange line is reached. `line` is the closed stretch."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    line: tuple[Position, ...] = Field(min_length=2)
    barriers: tuple[Barrier, ...] = Field(min_length=1)
    manned_by: str
    detour: str
    detour_en: str


class Policy(BaseModel):
    """一点一策 in figures: what the point needs when it fills."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    pump_m3h: int = Field(ge=0)
    people: int = Field(ge=0)
    measures: tuple[str, ...]
    barriers: int = 0
    signs: int = 0


class RiseAlarm(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    rise_m: float = Field(gt=0)
    within_s: int = Field(gt=0)
    basis: Basis


class Point(Placed):
    """A waterlogging point with its ladder (metres) and its policy."""

    code: str
    name: str
    name_en: str
    kind: Literal["underpass", "culvert", "road"]
    area: str
    jurisdiction: str
    bearing_deg: float
    clearance_m: float | None = None
    catchment_ha: float
    installed_pump_m3h: int
    closure: Closure
    policy: Policy
    posts: dict[str, str]
    station: str
    rain_gauge: str = ""
    ladder_m: dict[str, float]
    ladder_note: str = ""
    hold_s: int
    hysteresis_m: float
    step_down_s: int
    rise_alarm: RiseAlarm
    all_clear_m: float

    @field_validator("ladder_m")
    @classmethod
    def _ladder(cls, value: dict[str, float]) -> dict[str, float]:
        if list(value) != ["watch", "blue", "yellow", "orange", "red"]:
            raise ValueError("give watch, blue, yellow, orange, red, in this order")
        lines = list(value.values())
        if lines != sorted(set(lines)) or lines[0] <= 0:
            raise ValueError("the lines must rise and be above zero")
        return value

    @property
    def watch_m(self) -> float:
        return self.ladder_m["watch"]

    @property
    def lines_m(self) -> dict[Level, float]:
        """The four colours without the line of attention."""
        return {Level.of(code): depth for code, depth in self.ladder_m.items() if code != "watch"}


class Station(Placed):
    """A measuring station; `device` is its login at the broker, `sensor` a folder of catalog/sensors.

    It stands at a waterlogging `point`, or in an `area` that answers for it: then warnings can be given for the station
    itself, by its own `ladder` (watch to red, in the unit of its kind) or the one that holds for its hazard anywhere.
    """

    code: str
    name: str
    sensor: str
    point: str = ""
    area: str = ""
    ladder: dict[Literal["watch", "blue", "yellow", "orange", "red"], float] = Field(default_factory=dict)
    datum_m: float = 0.0
    period_s: int = Field(gt=0)
    owner: str
    device: str


class Stock(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    item: str
    name: str
    unit: str
    count: int = Field(ge=0)
    category: str


class Depot(Placed):
    code: str
    name: str
    name_en: str
    jurisdiction: str
    area: str
    floor_m2: int
    keeper: str
    stock: tuple[Stock, ...]


class Shelter(Placed):
    code: str
    name: str
    name_en: str
    kind: str
    kind_name: str
    area: str
    jurisdiction: str
    area_m2: int
    m2_per_person: float
    capacity: int
    open_days: int


class Checkpoint(Placed):
    code: str
    name: str
    area: str


class Equipment(BaseModel):
    """`size` is m3/h for pumps, kW for generators, t for cranes and lorries, 0 where it means nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: str
    size: float = 0
    count: int = Field(ge=1)


class Team(Placed):
    code: str
    name: str
    type: str
    level: Literal["district", "street", "social"]
    org: str
    jurisdiction: str
    area: str
    people: int = Field(gt=0)
    assembly_min: int = Field(gt=0)
    skills: tuple[str, ...]
    equipment: tuple[Equipment, ...]

    @property
    def pump_m3h(self) -> float:
        """Pumping capacity of all mobile pumps of the team."""
        return sum(each.size * each.count for each in self.equipment if each.kind == "pump")


class Outlet(Fact):
    code: str
    kind: str  # a folder of catalog/channels
    name: str
    name_en: str
    audience: str
    areas: tuple[str, ...] = ()
    min_level: LevelCode
    topic: str = ""
    to: tuple[str, ...] = ()
    env: str = ""
    people: int = 0
    instead: str = ""  # another outlet that takes over what this one could not deliver


class Escalation(BaseModel):
    """At so many percent of the limit this role is told; `next_in_chain` calls the next name."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    at: int = Field(ge=0, le=1000)
    to: str


class ClockFact(Fact):
    """One kind of deadline. `law` may be empty where it is local practice."""

    kind: str = Field(pattern=r"^[a-z_]+\.[a-z_]+$")
    title: str
    title_en: str
    minutes: float = Field(gt=0)
    repeat: bool = False
    basis: Basis
    owner: str
    calendar: Literal["always", "working"]
    escalate: tuple[Escalation, ...]
    default: str
    default_after_min: float | None = None
    law: str

    @property
    def rule(self) -> ClockRule:
        limit = round(self.minutes * 60)
        ladder = tuple(Rung(round((step.at - 100) / 100 * limit), step.to) for step in self.escalate)
        after = None if self.default_after_min is None else round(self.default_after_min * 60)
        return ClockRule(
            kind=self.kind,
            limit_s=limit,
            calendar=self.calendar,
            ladder=ladder,
            default_after_s=after,
            source=self.law,
            basis=self.basis,
            note=self.note,
        )


class Condition(BaseModel):
    """One way to reach a level: warnings of at least this colour at so many places, or rain in a window."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    warning: LevelCode | None = None
    points: int = Field(default=0, ge=0)
    rain_mm: float | None = None
    window_h: float | None = None
    basis: Basis
    source: str = ""

    @model_validator(mode="after")
    def _one_kind(self) -> Condition:
        by_warning = self.warning is not None and self.points > 0
        by_rain = self.rain_mm is not None and self.window_h is not None
        if by_warning == by_rain:
            raise ValueError("give either warning with points, or rain_mm with window_h")
        return self


class BasisNote(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    basis: Basis
    note: str = ""


class PlanLevel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    level: LevelCode
    roman: str
    name: str
    approver: str
    approver_basis: BasisNote
    expected_hours: float = Field(gt=0)
    start: tuple[Condition, ...] = Field(min_length=1)
    tasks: tuple[str, ...] = Field(min_length=1)


class Owner(BaseModel):
    """Who does a task. where: org (`org`) | event_area | event_point (`post`: key of the point's posts) |
    jurisdiction | dispatch (a team with `skill`, chosen when it is sent)."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    role: str
    where: Literal["org", "event_area", "event_point", "jurisdiction", "dispatch"]
    org: str = ""
    post: str = ""
    skill: str = ""

    @model_validator(mode="after")
    def _complete(self) -> Owner:
        needs = {"org": "org", "event_point": "post", "dispatch": "skill"}.get(self.where)
        if needs and not getattr(self, needs):
            raise ValueError(f"where: {self.where} needs `{needs}`")
        return self


class PlanTask(Fact):
    """One task. per: once an incident or once each point; only_at: the point's colour from which it is needed."""

    code: str
    group: str
    title: str
    title_en: str
    per: Literal["incident", "point"]
    only_at: LevelCode | None = None
    owner: Owner
    deadline_offset_min: int = Field(gt=0)
    clock: str = ""
    evidence: tuple[Literal["photo", "text", "document", "count", "flow"], ...]
    resources: dict[str, int | str | dict[str, int]]
    after: tuple[str, ...]


class Group(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    code: str
    name: str
    lead: str
    members: tuple[str, ...]


class End(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    all_points_below: str
    hold_min: int
    basis: Basis


class Plan(Fact):
    code: str
    name: str
    name_en: str
    version: str
    hazard: str
    incident_type: str
    headquarters: str
    groups: tuple[Group, ...]
    levels: tuple[PlanLevel, ...]
    tasks: tuple[PlanTask, ...]
    end: tuple[End, ...]

    @model_validator(mode="after")
    def _consistent(self) -> Plan:
        codes = [task.code for task in self.tasks]
        if [level.level for level in self.levels] != ["blue", "yellow", "orange", "red"]:
            raise ValueError("levels: give blue, yellow, orange, red, in this order")
        if len(set(codes)) != len(codes):
            raise ValueError("tasks: a code is used twice")
        for level in self.levels:
            if missing := set(level.tasks) - set(codes):
                raise ValueError(f"levels.{level.level}.tasks: no such task {sorted(missing)}")
        for place, task in enumerate(self.tasks):
            if task.group not in {group.code for group in self.groups}:
                raise ValueError(f"tasks.{task.code}.group: no group {task.group!r}")
            if late := set(task.after) - set(codes[:place]):
                raise ValueError(f"tasks.{task.code}.after: {sorted(late)} must be listed before it")
        return self


class Calendar(Fact):
    basis: Basis
    working_days: tuple[int, ...]
    hours: dict[Literal["from", "to"], str]
    holidays: tuple[date, ...]
    workdays: tuple[date, ...]
    flood_season: dict[str, str]
    duty_shifts: tuple[dict[str, str], ...]

    def work(self, zone: str) -> WorkCalendar:
        return WorkCalendar(
            zone=zone,
            hours=((time.fromisoformat(self.hours["from"]), time.fromisoformat(self.hours["to"])),),
            days=frozenset(self.working_days),
            off=frozenset(self.holidays),
            on=frozenset(self.workdays),
        )


class District(BaseModel):
    """Everything about one district, checked and complete. Sequences keep the order of the files."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str
    slug: str
    name: str
    name_en: str
    full_name: str
    parent: dict[str, str]
    timezone: str
    seed: int
    provenance: Provenance
    source: str
    centre: Position
    area_km2: float
    population: int
    outline: tuple[Position, ...]
    outline_label: str
    jurisdictions: tuple[Jurisdiction, ...]
    roles: tuple[str, ...]
    areas: tuple[Area, ...]
    organisations: tuple[Organisation, ...]
    organisation_kinds: dict[str, str]
    posts: tuple[Post, ...]
    people: tuple[Person, ...]
    holdings: tuple[Holding, ...]
    accounts: tuple[Account, ...]
    chains: tuple[Chain, ...]
    points: tuple[Point, ...]
    ladder_basis: dict[str, BasisNote]
    stations: tuple[Station, ...]
    depots: tuple[Depot, ...]
    shelters: tuple[Shelter, ...]
    checkpoints: tuple[Checkpoint, ...]
    teams: tuple[Team, ...]
    outlets: tuple[Outlet, ...]
    clocks: tuple[ClockFact, ...]
    plans: tuple[Plan, ...]
    calendar: Calendar
    hydrology: dict[str, object]

    @property
    def clock_rules(self) -> Mapping[str, ClockRule]:
        return {clock.kind: clock.rule for clock in self.clocks}

    @property
    def work_calendar(self) -> WorkCalendar:
        return self.calendar.work(self.timezone)

    def chain(self, subject: str) -> tuple[str, ...]:
        """Posts to call for an area or point code, in order; () where there is none."""
        return next((chain.posts for chain in self.chains if chain.subject == subject), ())

    def areas_of(self, kind: str) -> Sequence[Area]:
        return [area for area in self.areas if area.kind == kind]
