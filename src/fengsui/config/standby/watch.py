"""Whether the follower follows, as a proof of life: its silence becomes a clock of the system administrator."""

from __future__ import annotations

import os
from functools import cache

import psycopg
from django.utils import timezone

from fengsui.config.backup.timer import LINK
from fengsui.config.ops.cluster import Cluster
from fengsui.config.ops.home import Home
from fengsui.config.standby.pair import LEADS, Pair, status
from fengsui.core import proofs


@cache
def active() -> bool:
    """Whether this process works on the leading database of a pair. Asked by pages: found out once, at the start."""
    home = Home.here()
    pair = Pair.read(home)
    url = os.environ.get("FENGSUI_DATABASE_URL", "")
    return pair is not None and pair.role == LEADS and "@/" in url and url == Cluster(home).url


def look() -> None:
    """One look: prove or fail."""
    if not active():
        return
    try:
        follower = status(Cluster(Home.here()))["follower"]
    except psycopg.OperationalError as error:
        follower = None
        why = type(error).__name__
    else:
        why = "没有备机在跟随"
    if isinstance(follower, tuple) and follower[0] == "streaming":
        proofs.prove(LINK, "standby", at=timezone.now(), how=f"落后 {follower[2]} 字节")
    else:
        proofs.fail(LINK, "standby", at=timezone.now(), why=why)
