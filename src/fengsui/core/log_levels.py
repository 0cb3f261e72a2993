"""Log levels at run time: set once in the database, in force in every process of every machine within seconds.

Each process follows by one small query every FOLLOW_S; no signal to send, no process to find, no restart.
"""

from __future__ import annotations

import logging
import threading
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import DatabaseError, InterfaceError, close_old_connections
from django.db.transaction import atomic
from django.utils import timezone
from psycopg_pool import PoolTimeout

from fengsui.core import events
from fengsui.core.models import LogLevel
from fengsui.core.record import announce
from fengsui.core.worlds import LIVE, live_world
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import Invalid

FOLLOW_S = 5.0
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
LONGEST = timedelta(days=7)
ROOT = "root"
log = structlog.get_logger(__name__)


@atomic
def choose(name: str, level: str, *, until: datetime, now: datetime, by: Actor) -> None:
    """Log `name` and what is below it at `level` until then. Raises Invalid for a level or a time that cannot be."""
    if level not in LEVELS:
        raise Invalid("core.log.unknown_level", field="level", level=level)
    if not now < until <= now + LONGEST:
        raise Invalid("core.log.too_long", field="until", days=LONGEST.days)
    facts = {"level": level, "until": until, "set_at": now}
    LogLevel.objects.update_or_create(name=name, defaults=facts)
    announce(events.LogLevelChosen(name, level, until), about=live_world(), by=by)


@atomic
def give_back(name: str, *, by: Actor) -> bool:
    """Back to the level of the start; False where it was not changed."""
    gone, _each = LogLevel.objects.filter(name=name).delete()
    if gone:
        announce(events.LogLevelChosen(name, "", None), about=live_world(), by=by)
    return bool(gone)


def in_force(now: datetime) -> list[LogLevel]:
    return list(LogLevel.objects.filter(until__gt=now).order_by("name"))


def by_command(name: str) -> Actor:
    """Whoever may run commands on the machine; the terminal's user is told as the source."""
    world: UUID = LIVE
    return Actor(world=world, system="./fengsui log", source=name[:60])


class Follower:
    """What this process has changed of its loggers, and what they were before."""

    def __init__(self) -> None:
        self.before: dict[str, int] = {}

    def apply(self, wanted: dict[str, str]) -> None:
        """wanted: logger -> level; all others go back to what they were."""
        for name in set(self.before) - set(wanted):
            logging.getLogger(_logger(name)).setLevel(self.before.pop(name))
            log.warning("log.level", logger_name=name, now="as before")
        for name, level in wanted.items():
            logger = logging.getLogger(_logger(name))
            if logger.level != logging.getLevelName(level):
                self.before.setdefault(name, logger.level)
                logger.setLevel(level)
                log.warning("log.level", logger_name=name, now=level)

    def look(self, now: datetime) -> None:
        self.apply({row.name: row.level for row in in_force(now)})


def _logger(name: str) -> str | None:
    return None if name == ROOT else name


def follow() -> threading.Thread:
    """Start following in a thread of its own; ends with the process. While the database is away nothing changes."""

    def run() -> None:
        follower, pause = Follower(), threading.Event()
        while True:
            close_old_connections()
            try:
                follower.look(timezone.now())
            except (DatabaseError, InterfaceError, PoolTimeout):
                pass  # told by everything else; levels stay as they are
            finally:
                close_old_connections()
            pause.wait(FOLLOW_S)

    thread = threading.Thread(target=run, name="log levels", daemon=True)
    thread.start()
    return thread
