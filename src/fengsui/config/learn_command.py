"""`./fengsui learn [STATION]`: learn gauges now instead of at night, and say what each was taught."""

from __future__ import annotations

import getpass
import time
from argparse import Namespace

from django.utils import timezone

from fengsui.apps.forecasts import learning
from fengsui.apps.forecasts.lessons import actions
from fengsui.apps.sensing import boards
from fengsui.apps.sensing.models import Datastream
from fengsui.config.ops.console import Problem, word
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Actor


def main(options: Namespace) -> int:
    """One line a gauge. Raises Problem where no gauge is one to learn; 1 where one broke."""
    streams = learning.learnable().select_related("station").order_by("station__code", "kind")
    if options.station:
        streams = streams.filter(station__code=options.station)
    found, broken = list(streams), 0
    if not found:
        raise Problem(
            "没有可学的测站：要是水深或河道水位，有分级阈值，在用，不在回放中",
            "No gauge to learn: it has to read depth or stage, have lines, be in use and play no replay",
        )
    by = Actor(world=LIVE, system="./fengsui learn", source=getpass.getuser()[:60])
    for n, stream in enumerate(found, 1):
        began = time.monotonic()
        answer = actions.learn(stream, by=by, now=timezone.now())
        broken += answer == "failed"
        told = f"{stream.station.code} {stream.kind}  {_told(stream, answer)}"
        print(f"{n}/{len(found)}  {told}  {time.monotonic() - began:.1f} s", flush=True)
    return 1 if broken else 0


def _told(stream: Datastream, answer: str) -> str:
    """What came of it: floods, and errors of the best member beside the trend on those held back, by lead."""
    lesson = None if answer == "failed" else learning.lesson_of(stream, 1.0)
    if lesson is None:
        return word("出错，见日志", "failed, see the log")
    past = word(f"{lesson.floods} 场 {lesson.flood_h:g} 小时涨水", f"{lesson.floods} floods, {lesson.flood_h:g} h")
    if not lesson.method:
        return word(f"学不成，用趋势外推（{past}）", f"taught nothing, the trend speaks ({past})")
    shown = boards.display_of(stream)
    errors = ", ".join(
        f"{each['lead_s'] / 60:g} min {shown.error(each['best'])} ({shown.error(each['trend'])})"
        for each in lesson.leads
    )
    return word(
        f"学得，{past}；误差（趋势）{errors} {shown.unit}", f"learned, {past}; error (trend's) {errors} {shown.unit}"
    )
