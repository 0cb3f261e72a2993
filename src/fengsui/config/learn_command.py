"""`./fengsui learn [STATION]`: learn gauges now instead of at night, and say what each was taught; without a station
the rain as well, of all rain gauges together."""

from __future__ import annotations

import getpass
import time
from argparse import Namespace

from django.utils import timezone

from fengsui.apps.forecasts import learning, rain
from fengsui.apps.forecasts.lessons import actions
from fengsui.apps.forecasts.models import RainLesson
from fengsui.apps.sensing import boards
from fengsui.apps.sensing.models import Datastream
from fengsui.config.ops.console import Problem, word
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Actor


def main(options: Namespace) -> int:
    """One line a gauge, one a step of rain gauges. Raises Problem where no gauge is one to learn; 1 where one broke."""
    streams = learning.learnable().select_related("station").order_by("station__code", "kind")
    if options.station:
        streams = streams.filter(station__code=options.station)
    found, broken = list(streams), 0
    showers = {} if options.station else rain.learnable()
    if not found and not showers:
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
    for step_s, gauges in showers.items():
        began = time.monotonic()
        told = _rain_told(rain.learn(gauges, step_s, timezone.now()))
        print(f"{word('降雨', 'rain')} {step_s / 60:g} min  {told}  {time.monotonic() - began:.1f} s", flush=True)
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


def _rain_told(lesson: RainLesson) -> str:
    """What came of it: gauges, wet steps, and what is left of a shower at each lead on average."""
    past = word(f"{lesson.gauges} 站 {lesson.wet} 个湿时段", f"gauges: {lesson.gauges}, wet steps: {lesson.wet}")
    if not lesson.method:
        return word(f"学不成，不作临近预报（{past}）", f"taught nothing, no rain is forecast ({past})")
    left = ", ".join(f"{(k + 1) * lesson.step_s / 60:g} min {100 * each:.0f} %" for k, each in enumerate(lesson.kept))
    return word(f"学得，{past}；平均还剩 {left}", f"learned, {past}; left on average {left}")
