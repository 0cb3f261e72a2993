"""When a forecast is made, and how far it looks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from fengsui.kernel.machine import Machine
from fengsui.kernel.terms import Term, Terms

HORIZON_S = 3600.0  # [G] as far as a trend over minutes may be believed at all
STEP_S = 300.0
DEBOUNCE_S = 60.0  # one run a minute of the water's clock and stream
LEAST_WALL_S = 2.0  # and never more often than this, however fast a replay runs
HISTORY = 120


METHODS = Terms(
    "forecast_methods",
    Term("trend", "趋势外推", "trend"),
    Term("levels", "从过去涨水学得", "learned from past floods"),
    Term("rain", "衰减外推", "decaying persistence"),
)
LESSON_STATES = Terms(
    "forecast_lessons",
    Term("learned", "学得", "learned"),
    Term("trend", "趋势外推", "trend"),
    Term("nothing", "学不成", "taught nothing"),
    Term("withdrawn", "因实际不如趋势而停用", "withdrawn: it lost to the trend"),
)
LESSON_ANSWERS = Terms(
    "forecast_lesson_answers",
    Term("learned", "学得", "learned"),
    Term("nothing", "学不成", "taught nothing"),
    Term("failed", "出错", "failed"),
)
LESSONS = "forecasts.lessons"
"""The topic by which pages hear of lessons."""
LEAST_JUDGED, LEAST_JUDGED_DAYS = 200, 2
"""So many scored forecasts, on so many days, before a lesson is withdrawn for missing more than the trend [U]: a minute
apart they are hardly independent, and one flood alone proves little."""
JUDGED_OVER = timedelta(days=400)
"""What a lesson is judged by reaches back as far as its past does [U]."""
ASK_AGAIN = timedelta(hours=1)
"""An ask that nobody answered for so long (its job was lost) may be repeated."""
MEMBERS = Terms(
    "forecast_members",
    Term("stays", "不变", "it stays"),
    Term("trend", "阻尼趋势", "damped trend"),
    Term("kalman", "卡尔曼", "Kalman filter"),
    Term("own", "本站回归", "regression on the gauge"),
    Term("wide", "加旁站和雨的回归", "regression with neighbours and rain"),
    Term("boosted", "提升树", "boosted trees"),
)
"""Who may take part in a learned forecast, by the codes of `AtLead.members`."""
LEADS_S = (900.0, 1800.0, 3600.0, 7200.0, 10_800.0, 21_600.0)
PAST = timedelta(days=400)
LEARN_EVERY = timedelta(days=7)
LEARN_FOR_S = 1200.0
LEAST_BESIDE = 0.5
"""A neighbour that was silent for more than half of the past is left out [U]."""
RAIN_WITHIN_KM, RAIN_COUNT = 10.0, 2
SAME_COUNT = 3
"""How far is looked for rain, and how many neighbours are taken along [U]."""
RAIN_PAUSE_S = 1800.0
"""So long after its last wet step it may go on raining, and a forecast is made [U]."""
RAIN_RECENT = 96
"""Steps from which the recent error is told."""
RAIN_GAUGES = 60
"""So many at most are learned from together."""


def sign_of(ladder: Mapping[str, Any]) -> float:
    """-1 where low water is the danger: everything is turned then, so that danger is always up."""
    return -1.0 if ladder.get("falling") else 1.0


def flood_line(ladder: Mapping[str, Any]) -> float | None:
    """The level from which water is a flood to learn from: the lowest line there is."""
    return next((float(ladder[code]) for code in ("watch", "blue") if ladder.get(code) is not None), None)


def learned_step_s(period_s: float) -> float | None:
    """The grid on which a gauge is learned; None where it is read too seldom."""
    return next((each for each in (300.0, 600.0, 900.0, 1800.0, 3600.0) if each >= period_s), None)


def rain_step_s(period_s: float) -> float | None:
    """The steps in which a rain gauge is forecast; None where it is read too seldom to say anything of an hour."""
    return next((each for each in (300.0, 600.0, 900.0) if each >= period_s), None)


def learned_leads_s(far_s: float, step_s: float) -> tuple[float, ...]:
    return tuple(each for each in LEADS_S if step_s <= each <= far_s and each % step_s == 0)


def is_due(last_issued_at: datetime | None, newest_at: datetime, speed: float) -> bool:
    """Whether enough has been read since the last run."""
    if last_issued_at is None:
        return True
    return newest_at - last_issued_at >= timedelta(seconds=max(DEBOUNCE_S / speed, LEAST_WALL_S))


def is_current(issued_at: datetime, horizon_s: float, speed: float, now: datetime) -> bool:
    """Whether a run still looks ahead: half its horizon at most has passed, and no more than half an hour however far
    it looks; what is older only says how it was."""
    return now - issued_at <= timedelta(seconds=max(min(horizon_s, HORIZON_S) / 2 / speed, 4 * LEAST_WALL_S))


# --- floods ----------------------------------------------------------------------------------------------------------

FLOOD_STATES = Terms(
    "flood_states",
    Term("waiting", "排队", "waiting"),
    Term("running", "正在推演", "running"),
    Term("done", "已有结果", "done"),
    Term("failed", "没有算成", "failed"),
    Term("stopped", "已停止", "stopped"),
)
FLOOD = Machine(
    "flood",
    initial="waiting",
    states=FLOOD_STATES,
    final=frozenset({"done", "failed", "stopped"}),
    moves={
        "waiting": {"begin": "running", "stop": "stopped", "fail": "failed"},
        "running": {"begin": "running", "finish": "done", "fail": "failed", "stop": "stopped"},
    },
)
SCHEMES = Terms(
    "flood_schemes",
    Term("A", "方案 A，局地惯性", "scheme A, local inertial", source="de Almeida & Bates 2013"),
    Term("B", "方案 B，Godunov 格式", "scheme B, Godunov's", source="Audusse et al. 2004"),
)
WIDTHS_M = (1000, 1500, 2000, 3000)
CELLS_M = (5, 10)
SEWERS_A = (1.0, 2.0, 3.0, 5.0)
"""Years for which a made-up network may be laid."""
PUMPS = (0.0, 0.5, 1.0)
"""Share of the fixed pumps that run, from which a person chooses."""
GATES = ("open", "shut")
"""Of the sewers' outfalls."""
DEEPEST_STANDING_M = 1.5
"""Water that may stand in the hollows before the rain: deeper, and the bowls that are assumed run over [U]."""
FLOOD_AFTER_S = 3600.0
"""It goes on so long after the rain: water still runs to where it stays."""
FLOOD_DAYS = 400
"""Results are kept so long [local, U]; that it was asked and what came of it stays on record."""
MOST_WAITING = 5
"""So many of a world may wait or run: each takes the processors for a minute."""
PICTURE_S = 300.0
STEP_MIN = 5.0


def hollows_of(form: str, catchment_ha: float | None) -> tuple[tuple[float, float], ...]:
    """(radius, depth) in metres of the bowls at a waterlogging point, illustrative until the terrain is surveyed: the
    ground that drains to it, and in it the underpass or the low stretch of road."""
    wide = math.sqrt((catchment_ha or 4.0) * 1e4 / math.pi)
    return (wide, 0.5), ((45.0, 1.2) if form == "underpass" else (50.0, 0.35))


LIVE_BACK_MIN = (60, 120, 180)
"""So many minutes of measured rain a trial may begin with."""
LIVE_AHEAD = ("none", "median", "high")
"""What is added of the next hour: nothing, the forecast's median, or its 95 %."""


def storm_words(rain: Mapping[str, Any]) -> tuple[str, str]:
    """What fell, in both languages; a return period never without its formula."""
    if rain["kind"] == "live":
        zh = f"实况雨 {rain['back_min']:g} 分钟 {rain['fell_mm']:g} mm（{'、'.join(rain['gauges'])}）"
        en = f"measured rain of {rain['back_min']:g} min, {rain['fell_mm']:g} mm ({', '.join(rain['gauges'])})"
        if rain["ahead"] == "none":
            return zh, en
        zh_which, en_which = ("中位", "median") if rain["ahead"] == "median" else ("95 %", "95 %")
        hour = f"{rain['comes_mm']:g} mm"
        return f"{zh}，加临近预报{zh_which} 60 分钟 {hour}", f"{en}, then the forecast's {en_which} of 60 min, {hour}"
    if rain["kind"] == "steady":
        return (
            f"均匀 {rain['mm_h']:g} mm/h，{rain['duration_min']:g} 分钟",
            f"steady {rain['mm_h']:g} mm/h for {rain['duration_min']:g} min",
        )
    return (
        f"{rain['return_period_a']:g} 年一遇，{rain['duration_min']:g} 分钟，公式{rain['formula_name']}（未经核实）",
        f"{rain['return_period_a']:g} years, {rain['duration_min']:g} min, formula {rain['formula_name']} (unverified)",
    )
