"""Fill an empty database with the shipped district and a rising night: `python -m tests.e2e.scene`.

A process of its own: the tests themselves drive a browser and never touch the database.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import django

REPO = Path(__file__).parents[2]
PASSWORD = "browser-tests-2026"
PEAKS_M = (0.30, 0.18, 0.12, 0.06, 0.0, 0.44)


def main() -> None:
    django.setup()
    from django.utils import timezone

    from fengsui.config.district.load import load as store
    from fengsui.kernel.district import load

    now = timezone.now()
    store(load("tiexi", REPO / "districts"), now=now, demo_password=PASSWORD)
    _rise(now)
    _handle_all()
    _owe(now)


def _rise(now):
    """Depths that climb evenly for seventy minutes up to now, one series a point."""
    import numpy as np

    from fengsui.apps.sensing import actions, book, hot

    actions.make_partitions(now)
    streams = book.read()
    deep = [index for index, each in enumerate(streams.streams) if each.kind.code == "water_depth"]
    rows = [
        (int((now - timedelta(seconds=30 * (139 - k))).timestamp() * 1e6), index, round(peak * k / 139, 3))
        for index, peak in zip(deep, PEAKS_M, strict=False)
        for k in range(140)
    ]
    at, index, value = zip(*sorted(rows), strict=True)
    times = np.array(at, np.int64)
    given = np.zeros(len(rows), np.int16)
    hot.store_readings(streams, np.array(index, np.intp), times, np.array(value, float), times + 500_000, given)


def _handle_all():
    """The reactions a worker would run, until none is left."""
    from fengsui.core.jobs import handle_event
    from fengsui.core.models import StoredEvent
    from fengsui.core.record import handlers_of

    done = set()
    while True:
        pairs = [(row.pk, each) for row in StoredEvent.objects.order_by("id") for each in handlers_of(row.name)]
        todo = [pair for pair in pairs if pair not in done]
        if not todo:
            return
        for event_id, handler in todo:
            handle_event(event_id=event_id, handler=handler)
            done.add((event_id, handler))


def _owe(now):
    """One thing that is long overdue at another post, so that there is somebody to call."""
    from fengsui.apps.people.models import Person, Post
    from fengsui.core import clocks
    from fengsui.core.worlds import LIVE
    from fengsui.kernel.actor import Actor

    post = Post.objects.get(code="community-210106007901-officer")
    person = Person.objects.filter(holdings__post=post).first()
    clocks.start(
        "command.progress",
        about=person,
        by=Actor(world=LIVE, system="scene"),
        now=now - timedelta(hours=2),
        label="启工街道1号地道桥 回报水情",
        owner_post=post.pk,
    )


if __name__ == "__main__":
    main()
