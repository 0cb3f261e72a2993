"""The timer's part: is a backup due, does the archive keep up. Both are proofs of life of the installation."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from functools import cache

import psycopg
from django.utils import timezone

from fengsui.config.backup.store import Store, hours, keep
from fengsui.config.backup.take import take
from fengsui.config.ops.cluster import Cluster, archive_fault
from fengsui.config.ops.console import Problem
from fengsui.config.ops.home import Home
from fengsui.config.ops.stack import private
from fengsui.core import proofs

LINK = "core.link"
LIMIT = 1.5
"""So many intervals without a backup are too many [U]."""


def limit() -> timedelta:
    """Age of the newest backup that is somebody's to answer for; 0: none are made here."""
    return timedelta(hours=hours(demo=os.environ.get("FENGSUI_DEMO") == "1") * LIMIT)


@cache
def active() -> bool:
    """Whether this process works on a private cluster that is backed up. Asked by pages: found out once."""
    url = os.environ.get("FENGSUI_DATABASE_URL", "")
    return bool(limit()) and "@/" in url and url == Cluster(Home.here()).url


def look() -> None:
    """One look: prove or fail both parts, make a backup where one is due. Fails the proof, not the job."""
    if not active():
        return
    home = Home.here()
    cluster = private(home, demo=os.environ.get("FENGSUI_DEMO") == "1")
    if fault := archive_fault(cluster.url):
        proofs.fail(LINK, "archive", at=timezone.now(), why=fault)
    else:
        proofs.prove(LINK, "archive", at=timezone.now(), how="归档跟上")
    try:
        store = Store.of(home)
        if due(store, timezone.now(), _timeline(cluster.url)):
            take(cluster, store, calm=True)
            store.tidy(keep())
        newest = store.backups()[-1]
        proofs.prove(LINK, "backup", at=newest.finished_at, how=newest.name)
    except (Problem, OSError) as error:
        proofs.fail(LINK, "backup", at=timezone.now(), why=str(error))


def due(store: Store, now: datetime, timeline: int) -> bool:
    """The newest one is too old, or of the branch that a restore has left."""
    known = store.backups()
    return not known or known[-1].timeline != timeline or now - known[-1].finished_at >= limit() / LIMIT


def _timeline(url: str) -> int:
    with psycopg.connect(url, connect_timeout=5) as asked:
        row = asked.execute("SELECT timeline_id FROM pg_control_checkpoint()").fetchone()
    assert row is not None
    return int(row[0])
