"""存活证明: every thing that people rely on has a last proof and a half-life; silence becomes a clock of its owner.

Apps declare sources in their `proofs.py` (found by name). A source says what it knows now, in few queries however
many things it has; nothing here is written when a sensor reports. One look a quarter of a minute, by the clock engine.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol
from uuid import UUID

import structlog
from django.apps import apps
from django.conf import settings
from django.db import connection, models
from django.db.transaction import atomic

from fengsui.core import clocks, events
from fengsui.core.models import Clock, LastProof
from fengsui.core.record import announce, subject_of
from fengsui.core.worlds import LIVE
from fengsui.kernel import proof
from fengsui.kernel.actor import Actor
from fengsui.kernel.clock import MACHINE
from fengsui.kernel.errors import FengsuiError
from fengsui.kernel.proof import ProofKind

MANY = 10
"""So many things of one owner fall silent in one look: a gateway is down, and one clock says so, not a thousand [U]."""
SYSTEM = "core.proofs"
TOPICS = ("core.proofs",)
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing as its source knows it. about: the row that its clock is about; half_life_s: this thing's own."""

    about: models.Model
    label: str
    label_en: str
    last_at: datetime | None
    how: str
    half_life_s: float
    owner_role: str
    owner_post: UUID | None = None
    owner_person: UUID | None = None
    owner: str = ""
    url: str = ""
    world: UUID = LIVE
    failed_at: datetime | None = None
    failure: str = ""

    @property
    def key(self) -> str:
        return subject_of(self.about)[1]

    @property
    def failing(self) -> bool:
        """The last thing that was heard of it is a test that went wrong."""
        return self.failed_at is not None and (self.last_at is None or self.failed_at > self.last_at)

    def state(self, now: datetime) -> str:
        return "silent" if self.failing else proof.state(self.last_at, self.half_life_s, now)

    def confidence(self, now: datetime) -> float:
        """0 for what was never proved or failed its last test."""
        if self.last_at is None or self.failing:
            return 0.0
        return proof.confidence((now - self.last_at).total_seconds(), self.half_life_s)


class Source(Protocol):
    """What one kind of things answers. Every method asks a number of queries that does not grow with the things."""

    kind: ProofKind

    def silent(self, now: datetime) -> Sequence[Subject]:
        """All that are silent now, of every world; what was never proved is not silent."""
        ...

    def known(self, keys: Sequence[str]) -> Mapping[str, Subject]:
        """Things by key; one that is out of use is missing."""
        ...

    def worst(self, world: UUID, now: datetime, limit: int) -> Sequence[Subject]:
        """For the page: the silent first, then the doubtful, the never proved, the oldest proofs."""
        ...

    def tally(self, world: UUID, now: datetime) -> Mapping[str, int]:
        """How many stand in each of proof.STATES."""
        ...


class Kept(ABC):
    """A source whose proofs lie in LastProof: few enough things to be read whole, watched in the live world."""

    kind: ProofKind

    @abstractmethod
    def _all(self, keys: Sequence[str] | None = None) -> list[Subject]:
        """Every thing in use, or those of these keys."""

    def silent(self, now: datetime) -> Sequence[Subject]:
        return [each for each in self._all() if each.state(now) == "silent"]

    def known(self, keys: Sequence[str]) -> Mapping[str, Subject]:
        return {each.key: each for each in self._all(keys)} if keys else {}

    def worst(self, world: UUID, now: datetime, limit: int) -> Sequence[Subject]:
        order = {"silent": 0, "doubtful": 1, "never": 2, "alive": 3}
        rows = self._all() if world == LIVE else []
        return sorted(rows, key=lambda each: (order[each.state(now)], each.confidence(now), each.key))[:limit]

    def tally(self, world: UUID, now: datetime) -> Mapping[str, int]:
        found = dict.fromkeys(proof.STATES, 0)
        for each in self._all() if world == LIVE else []:
            found[each.state(now)] += 1
        return found


_sources: dict[str, Source] = {}


def declare(source: Source) -> Source:
    if source.kind.code in _sources:
        raise ValueError(f"proofs of {source.kind.code} declared twice")
    _sources[source.kind.code] = source
    return source


@cache
def _discover() -> None:
    for app in apps.get_app_configs():
        if app.name.startswith("fengsui.") and find_spec(f"{app.name}.proofs"):
            import_module(f"{app.name}.proofs")


def sources() -> Mapping[str, Source]:
    _discover()
    return _sources


def half_life_s(kind: ProofKind) -> float:
    """The kind's half-life; FENGSUI_HALF_LIVES (`kind=seconds,…`) replaces it."""
    return float(settings.FENGSUI_HALF_LIVES.get(kind.code, kind.half_life_s))


def prove(kind: str, key: str, *, at: datetime, how: str, coarse_s: float = 0.0) -> None:
    """Something gave a sign of life. Idempotent; an older sign never replaces a newer one. Not announced: a heartbeat
    is no deed of anybody, the clock that it closes is. coarse_s: one so much newer is not worth a write, so that
    thousands of receipts of one outlet do not queue for its row."""
    with connection.cursor() as cursor:
        if coarse_s:
            cursor.execute(
                "SELECT 1 FROM core_lastproof WHERE kind = %s AND key = %s AND at > %s AND failed_at IS NULL",
                [kind, key, at - timedelta(seconds=coarse_s)],
            )
            if cursor.fetchone():
                return
        cursor.execute(
            "INSERT INTO core_lastproof (kind, key, at, how, failed_at, failure) VALUES (%s, %s, %s, %s, NULL, '') "
            "ON CONFLICT (kind, key) DO UPDATE SET at = excluded.at, how = excluded.how "
            "WHERE core_lastproof.at IS NULL OR core_lastproof.at < excluded.at",
            [kind, key, at, how[:200]],
        )


def fail(kind: str, key: str, *, at: datetime, why: str) -> None:
    """A test went wrong: what was proved before stays, and counts for nothing until the next proof."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO core_lastproof (kind, key, at, how, failed_at, failure) VALUES (%s, %s, NULL, '', %s, %s) "
            "ON CONFLICT (kind, key) DO UPDATE SET failed_at = excluded.failed_at, failure = excluded.failure "
            "WHERE core_lastproof.failed_at IS NULL OR core_lastproof.failed_at < excluded.failed_at",
            [kind, key, at, why[:300] or "?"],
        )


def last(kind: str, keys: Iterable[str]) -> dict[str, LastProof]:
    return {row.key: row for row in LastProof.objects.filter(kind=kind, key__in=list(keys))}


def facts(row: LastProof | None) -> dict[str, Any]:
    """The fields of a Subject that a LastProof holds; of none: never proved."""
    if row is None:
        return {"last_at": None, "how": ""}
    return {"last_at": row.at, "how": row.how, "failed_at": row.failed_at, "failure": row.failure}


def watch(now: datetime) -> tuple[int, int]:
    """One look at everything: clocks that started, clocks that ended. Two watchers at once do no harm: a clock on
    a thing is open once, and its end finds none. A source that fails stops no other."""
    started = ended = 0
    for source in sources().values():
        try:
            silent = {each.key: each for each in source.silent(now)}
            ended += _end(source, silent, now)
            started += _start(source, silent, now)
        except FengsuiError as error:
            log.error("proofs.watch", kind=source.kind.code, code=error.code)
    return started, ended


GROUP = "many"
"""Slot of the clock that stands for many things of one owner."""


def _owed(source: Source, *, groups: bool) -> list[Clock]:
    rows = Clock.objects.all_worlds("the watch serves every world").filter(
        kind=source.kind.clock, state__in=MACHINE.open_states
    )
    return list(rows.filter(slot=GROUP) if groups else rows.exclude(slot=GROUP))


def _start(source: Source, silent: Mapping[str, Subject], now: datetime) -> int:
    owed = {clock.about_id for clock in _owed(source, groups=False)}
    by_owner: dict[object, list[Subject]] = defaultdict(list)
    for key, each in silent.items():
        if key not in owed:
            by_owner[each.world, each.owner_person or each.owner_post or each.owner_role].append(each)
    started = 0
    for group in by_owner.values():
        if len(group) > MANY:
            started += _start_group(source, group, now)
        else:
            for each in group:
                _start_one(source.kind, each, now)
            started += len(group)
    return started


@atomic
def _start_one(kind: ProofKind, each: Subject, now: datetime) -> None:
    by = Actor(world=each.world, system=SYSTEM)
    clock = clocks.start(
        kind.clock,
        about=each.about,
        by=by,
        now=now,
        label=f"{each.label} {'自检未通过' if each.failing else '失联'}",
        owner_post=each.owner_post,
        owner_person=each.owner_person,
        owner_role=each.owner_role,
        url=each.url,
    )
    announce(
        events.WentSilent(kind.code, each.key, each.label, each.last_at, 1),
        about=each.about,
        by=by.in_chain(clock.correlation),
        topics=TOPICS,
    )


@atomic
def _start_group(source: Source, group: Sequence[Subject], now: datetime) -> int:
    """One clock for all, about the group's own row, so that it stays one while more fall silent."""
    first = group[0]
    owner = first.owner_person or first.owner_post or first.owner_role
    row, _ = LastProof.objects.get_or_create(kind=f"{source.kind.code}.{GROUP}", key=f"{first.world}:{owner}")
    if any(clock.about_id == str(row.pk) for clock in _owed(source, groups=True)):
        return 0
    by = Actor(world=first.world, system=SYSTEM)
    names = "、".join(each.label for each in group[:3])
    label = f"{first.owner}{len(group)} 处{source.kind.term.zh}同时失联：{names}等"
    clock = clocks.start(
        source.kind.clock,
        about=row,
        by=by,
        now=now,
        label=label,
        slot=GROUP,
        owner_post=first.owner_post,
        owner_person=first.owner_person,
        owner_role=first.owner_role,
        url="/proofs/",
    )
    oldest = min((each.last_at for each in group if each.last_at), default=None)
    announce(
        events.WentSilent(source.kind.code, GROUP, label, oldest, len(group)),
        about=row,
        by=by.in_chain(clock.correlation),
        topics=TOPICS,
    )
    return 1


def _end(source: Source, silent: Mapping[str, Subject], now: datetime) -> int:
    """What spoke again closes its clock by that proof; what went out of use is no longer owed."""
    spoke = [clock for clock in _owed(source, groups=False) if clock.about_id not in silent]
    known = source.known([clock.about_id for clock in spoke])
    for clock in spoke:
        _end_one(source.kind, clock, known.get(clock.about_id), now)
    ended = len(spoke)
    for clock in _owed(source, groups=True):
        left = sum(_same_owner(each, clock) for each in silent.values())
        if left <= MANY:  # the few that are left get clocks of their own
            _end_group(source.kind, clock, left, now)
            ended += 1
    return ended


def _same_owner(each: Subject, clock: Clock) -> bool:
    same = (each.owner_person, each.owner_post) == (clock.owner_person, clock.owner_post)
    return each.world == clock.world_id and same and each.owner_role == clock.owner_role


@atomic
def _end_one(kind: ProofKind, clock: Clock, each: Subject | None, now: datetime) -> None:
    by = Actor(world=clock.world_id, system=SYSTEM, correlation=clock.correlation)
    if each is None:
        _close(clock, by, now, cancel="已停用，不再要求证明")
        return
    _close(clock, by, now, proof={"at": each.last_at, "how": each.how})
    told = events.SpokeAgain(kind.code, each.key, each.label, each.last_at)
    announce(told, about=each.about, by=by, topics=TOPICS)


@atomic
def _end_group(kind: ProofKind, clock: Clock, left: int, now: datetime) -> None:
    by = Actor(world=clock.world_id, system=SYSTEM, correlation=clock.correlation)
    _close(clock, by, now, proof={"left": left, "how": "其余已恢复，所剩各自计时"})
    row = LastProof.objects.get(pk=clock.about_id)
    announce(events.SpokeAgain(kind.code, GROUP, clock.label, now), about=row, by=by, topics=TOPICS)


def _close(clock: Clock, by: Actor, now: datetime, *, proof: Mapping[str, Any] | None = None, cancel: str = "") -> None:
    about = apps.get_model(clock.about_type)(pk=clock.about_id)
    if cancel:
        clocks.cancel(clock.kind, about=about, by=by, now=now, reason=cancel)
    else:
        clocks.close(clock.kind, about=about, by=by, now=now, proof=proof or {})
