"""Whether the follower follows, as a proof of life: its silence becomes a clock of the system administrator."""

from __future__ import annotations

import os
from functools import cache

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
    found = status(Cluster(Home.here()))
    if found.followed and found.follower:
        proofs.prove(LINK, "standby", at=timezone.now(), how=f"落后 {found.follower.behind} 字节")
    else:
        proofs.fail(LINK, "standby", at=timezone.now(), why="没有备机在跟随")
