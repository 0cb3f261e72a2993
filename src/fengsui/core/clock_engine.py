"""The escalation engine: survives restarts, clock jumps and a second engine; fires each rung exactly once."""

from __future__ import annotations

import signal
import threading
import time
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import DatabaseError, InterfaceError, OperationalError, close_old_connections, connection
from django.db.models import Func, TextField, Value
from django.db.transaction import atomic
from django.utils import timezone

from fengsui.core import events, proofs
from fengsui.core.metrics import CLOCK_FAILED, CLOCK_FIRED, CLOCK_SWEEP
from fengsui.core.models import Clock, ClockFiring
from fengsui.core.record import announce
from fengsui.kernel.actor import Actor
from fengsui.kernel.clock import MACHINE, jumped, next_fire, rule_from

log = structlog.get_logger(__name__)
BATCH = 500
WATCH_EVERY_S = 15.0
START_GRACE_S = 60.0
LINK = "core.link"
SETTLE_S = 10.0
"""After the wall clock jumped the engine waits so long before firing, so that a corrected jump fires nothing."""


ASIDE = timedelta(seconds=10)
"""How long a clock that could not be fired waits for its next try: the others go before it."""
LOCK_WAIT_MS = 1_000
"""The longest wait for the chain of one subject, which somebody else may be holding: all other clocks wait with it, and
a stalled session may hold a dozen subjects."""
PATIENCE = Func(
    Value("lock_timeout"), Value(str(LOCK_WAIT_MS)), Value(True), function="set_config", output_field=TextField()
)

Aside = dict[UUID, datetime]
"""Clocks that could not be fired, with the time of their next try."""


def sweep(now: datetime, limit: int = BATCH, aside: Aside | None = None) -> int:
    """Fire what is due, one transaction a clock; SKIP LOCKED lets several engines share the work. Returns firings.

    A clock whose firing fails goes to `aside`, is told in the log and the metrics, and stops no other.
    """
    fired, aside = 0, {} if aside is None else aside
    while fired < limit and (clock_id := _fire_next(now, aside)):
        if clock_id not in aside:
            fired += 1
    return fired


def _fire_next(now: datetime, aside: Aside) -> UUID | None:
    """Fire the clock that is due longest. Returns its id, None where none is due; raises where the database is gone."""
    clock: Clock | None = None
    waiting = [each for each, again in aside.items() if again > now]
    try:
        with atomic():
            clock = (
                Clock.objects.all_worlds("the engine serves every world")
                .filter(state="running", next_fire_at__lte=now)
                .exclude(pk__in=waiting)
                .annotate(patience=PATIENCE)  # for this transaction, without a statement of its own
                .select_for_update(skip_locked=True)
                .order_by("next_fire_at")
                .first()
            )
            if clock is None:
                return None
            fire(clock, now)
    except Exception as error:
        # Whatever one clock does to its own firing must not keep the next name from being called: only a lost
        # database ends the sweep, since then nothing can be fired at all.
        if clock is None or (isinstance(error, OperationalError | InterfaceError) and not connection.is_usable()):
            raise
        log.exception("clock.failed", clock=str(clock.pk), kind=clock.kind, error=type(error).__name__)
        CLOCK_FAILED.labels(clock.kind).inc()
        aside[clock.pk] = now + ASIDE
    else:
        aside.pop(clock.pk, None)
    return clock.pk


def fire(clock: Clock, now: datetime) -> None:
    """One rung, or the default after the last one. The caller holds the row's lock."""
    rule = rule_from({"kind": clock.kind, "limit_s": clock.limit_s, "ladder": clock.ladder})
    by = Actor(world=clock.world_id, system="clock engine", correlation=clock.correlation)
    if clock.rungs_fired < len(rule.ladder):
        index, rung = clock.rungs_fired, rule.ladder[clock.rungs_fired]
        ClockFiring.objects.create(clock=clock, rung=index, at=now, to_role=rung.to_role)
        clock.rungs_fired += 1
        if rung.to_role not in clock.heard_roles:
            clock.heard_roles = [*clock.heard_roles, rung.to_role]
        clock.next_fire_at = next_fire(clock.due_at, rule.ladder, clock.rungs_fired, clock.default_after_s)
        clock.save(update_fields=["rungs_fired", "heard_roles", "next_fire_at"])
        told: object = events.ClockEscalated(
            clock.id, clock.kind, clock.slot, clock.about_type, clock.about_id, index, rung.to_role
        )
    else:
        ClockFiring.objects.create(clock=clock, rung=-1, at=now)
        clock.state, clock.closed_at, clock.next_fire_at = MACHINE.next(clock.state, "default"), now, None
        clock.save(update_fields=["state", "closed_at", "next_fire_at"])
        told = events.ClockDefaulted(clock.id, clock.kind, clock.slot, clock.about_type, clock.about_id)
    announce(told, about=clock, by=by, topics=("core.clocks",))
    CLOCK_FIRED.labels(clock.kind).inc()


class Engine:
    """The loop. Times are wall times; the monotonic clock tells whether the wall clock was moved."""

    def __init__(self, every_s: float = 1.0) -> None:
        self.every_s = every_s
        self.ending = threading.Event()
        self._settled_at = 0.0
        self._looked_at = -WATCH_EVERY_S
        self._began_at: float | None = None
        self._aside: Aside = {}
        self._wall, self._mono = timezone.now(), time.monotonic()

    def step(self, wall: datetime, mono: float) -> int:
        """One look at `wall`; nothing fires within SETTLE_S after a jump."""
        moved = jumped((wall - self._wall).total_seconds(), mono - self._mono)
        self._wall, self._mono = wall, mono
        if moved:
            log.warning("clock.jumped", seconds=round(moved, 1))
            self._settled_at = mono + SETTLE_S
        if mono < self._settled_at:
            return 0
        with CLOCK_SWEEP.time():
            return sweep(wall, aside=self._aside)

    def _look(self, wall: datetime, mono: float) -> None:
        """Proofs of life, four times a minute; not while the wall clock settles.

        After a stop every proof is old: the others get a moment to give theirs before any silence is somebody's.
        """
        self._began_at = mono if self._began_at is None else self._began_at
        if mono - self._looked_at < WATCH_EVERY_S or mono < self._settled_at:
            return
        self._looked_at = mono
        proofs.prove(LINK, "clocks", at=wall, how="时限引擎循环")
        if mono - self._began_at >= START_GRACE_S:
            proofs.watch(wall)

    def run(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.ending.set())
        log.info("clock_engine.up")
        while not self.ending.is_set():
            try:
                self.step(timezone.now(), time.monotonic())
                self._look(timezone.now(), time.monotonic())
            except (DatabaseError, InterfaceError) as error:
                log.warning("clock_engine.database", error=type(error).__name__)
            close_old_connections()
            self.ending.wait(self.every_s)
        log.info("clock_engine.down")
