"""The one next act: whose clock, on what ground, and the curve behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.timezone import localtime
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from fengsui.apps.alerts.models import Warning
from fengsui.apps.command import queries as command
from fengsui.apps.command.models import Task
from fengsui.apps.desk import clocks
from fengsui.apps.desk.rules import DECISIONS
from fengsui.apps.forecasts.models import ForecastRun
from fengsui.apps.incidents.models import Incident
from fengsui.apps.sensing.models import CurrentValue
from fengsui.catalog.sensors import Display, display, kinds
from fengsui.core.models import Clock
from fengsui.kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class NextAct:
    """The one next act: whose clock, on what ground, and the curve behind it."""

    clock: clocks.Row
    warning: Warning | None
    incident: Incident | None
    task: Task | None
    why: list[tuple[str, str]]
    series_url: str
    next_name: str


def next_act(by: Actor, rows: list[clocks.Row], now: datetime) -> NextAct | None:
    """My earliest decision; without one, the earliest thing I owe."""
    running = [row for row in rows if row.state == "running"]
    chosen = next((row for row in running if row.kind in DECISIONS), running[0] if running else None)
    if chosen is None:
        return None
    key = chosen.about_id
    warning = incident = task = None
    series_url = ""
    why: list[tuple[str, str]] = []
    if chosen.about_type == "alerts.warning":
        warning = Warning.objects.in_world(by.world).select_related("place__area").filter(pk=key).first()
        if warning:
            why, series_url = _why_warning(warning, now)
    elif chosen.about_type == "incidents.incident":
        incident = Incident.objects.in_world(by.world).select_related("place", "area").filter(pk=key).first()
        if incident:
            why = [(_("情况"), incident.summary[:160] or incident.title), (_("地点"), incident.address)]
    elif chosen.about_type == "command.task":
        task = command.my_tasks(by).filter(pk=key).first()
        if task:
            why = [(_("任务"), task.title), (_("事件"), f"{task.incident.number} {task.incident.title}")]
    return NextAct(chosen, warning, incident, task, why, series_url, _next_ladder(chosen))


def _next_ladder(row: clocks.Row) -> str:
    """Who hears next if nobody acts."""
    clock = Clock.objects.all_worlds("one clock, already shown to its owner").filter(pk=row.id).first()
    if clock is None or clock.rungs_fired >= len(clock.ladder):
        return ""
    return clocks.role_word(clock.ladder[clock.rungs_fired]["to_role"])


def _why_warning(warning: Warning, now: datetime) -> tuple[list[tuple[str, str]], str]:
    """已过, 预计, 影响 of a warning's clock, each from what is stored."""
    why: list[tuple[str, str]] = []
    english = (get_language() or "").startswith("en") and warning.description_en
    if warning.description:
        why.append((_("情况"), warning.description_en if english else warning.description))
    current = (
        CurrentValue.objects.filter(
            datastream__station__place_id=warning.place_id, datastream__world_id=warning.world_id
        )
        .select_related("datastream__station")
        .order_by("-level", "-watched", "datastream_id")
        .first()
    )
    if current is None:
        return why, ""
    said = display(current.datastream.kind, current.datastream.unit)
    if current.value is not None:
        value, unit = said.text(current.value), said.unit
        at = f"{localtime(current.at):%H:%M:%S}" if current.at else ""
        why.insert(0, (_("现在"), _("%(value)s %(unit)s，%(at)s 的数") % {"value": value, "unit": unit, "at": at}))
    run = (
        ForecastRun.objects.in_world(warning.world_id)
        .filter(datastream_id=current.datastream_id)
        .order_by("-issued_at")
        .first()
    )
    if run and run.points and run.issued_at + timedelta(seconds=run.horizon_s / run.speed) > now:
        why.append((_("预计"), _forecast_word(run, current.datastream.kind, said)))
    return why, f"/stations/{current.datastream.station.code}/chart.json"


NO_DEPTH = 0.1
"""A kind whose plausible values end this near to zero has none below it: its gauge only drifts."""


def _forecast_word(run: ForecastRun, kind: str, said: Display) -> str:
    """Where it goes within the horizon; depths end at dry ground, whatever the statistics say."""
    below_zero = kind not in kinds() or kinds()[kind].plausible[0] < -NO_DEPTH
    _ms, point, low, high = run.points[-1] if below_zero else (max(0.0, each) for each in run.points[-1])
    facts = {
        "minutes": max(1, round(run.horizon_s / 60)),
        "value": said.text(point),
        "unit": said.unit,
        "low": said.text(low),
        "high": said.text(high),
        "at": f"{localtime(run.issued_at):%H:%M:%S}",
    }
    if run.speed > 1:
        return _("现场再过 %(minutes)d 分 %(value)s %(unit)s（区间 %(low)s 至 %(high)s），%(at)s 起报") % facts
    return _("%(minutes)d 分后 %(value)s %(unit)s（区间 %(low)s 至 %(high)s），%(at)s 起报") % facts
