"""Verbs of the guided page of a new district. Files are the port's; who, when and how much is the record's."""

from __future__ import annotations

from collections.abc import Sequence
from time import time
from typing import Any

from django.db.transaction import atomic

from fengsui.apps.desk import events
from fengsui.apps.places.models import Area
from fengsui.core import policy
from fengsui.core.ports import PortAbsent, port
from fengsui.core.record import announce
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import NotFound, Refused
from fengsui.kernel.ports.own_district import OwnDistrict, Progress, Tried

VERB = "desk.own_district"


def own(by: Actor) -> OwnDistrict:
    """The port, for who may. Raises Forbidden; NotFound where no district is being made, or in an exercise."""
    policy.require(by, VERB)
    try:
        found: OwnDistrict = port("own_district")
    except PortAbsent:
        raise NotFound("district.setup.closed") from None
    if not found.open or by.world != LIVE:
        raise NotFound("district.setup.closed")
    return found


def _district() -> Area:
    return Area.objects.get(kind="district")


@atomic
def give(step: str, files: Sequence[tuple[str, bytes]], named: str, *, invent: bool, by: Actor) -> Tried:
    tried = own(by).give(step, files, named, invent=invent)
    announce(events.DistrictTried(step, len(tried.files), len(tried.wrong)), about=_district(), by=by)
    return tried


def take(step: str, mark: str, *, overwrite: bool, by: Actor) -> int:
    """Writes the files, then the record: after a kill in between the files can be taken again."""
    here = own(by)
    running(here)
    count = here.take(step, mark, overwrite=overwrite)
    with atomic():
        announce(events.DistrictTaken(step, count), about=_district(), by=by)
        here.note(Progress("waiting", step, (), time()))
    return count


def running(here: OwnDistrict) -> None:
    """Raises Refused while a step is being loaded."""
    if here.progress().state in ("waiting", "running"):
        raise Refused("district.setup.running")


@atomic
def finish(by: Actor) -> None:
    here = own(by)
    running(here)
    here.finish()
    announce(events.DistrictFinished("finish"), about=_district(), by=by)


def load(step: str, by: Actor) -> None:
    """By the job: may be run again after a kill. The lines are shown while it runs."""
    here: OwnDistrict = port("own_district")
    lines: list[tuple[str, str]] = []

    def tell(zh: str, en: str) -> None:
        lines.append((zh, en))
        here.note(Progress("running", step, tuple(lines), time()))

    here.note(Progress("running", step, (), time()))
    try:
        counts: dict[str, Any] = here.load(step, tell)
        with atomic():
            announce(events.DistrictLoaded(step, sum(counts.values())), about=_district(), by=by)
    except Exception as broken:
        here.note(Progress("failed", step, (*lines, (str(broken)[:300], str(broken)[:300])), time()))
        raise
    here.note(Progress("done", step, tuple(lines), time()))
