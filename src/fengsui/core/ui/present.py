"""How times owed, ages and levels are said. Pure: the moment is a parameter; only the language is ambient.

The same words are said in the browser (`frontend/src/words.ts`); both are tested on `frontend/src/words.cases.json`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from jinja2 import Environment

from fengsui.core.ui import assets, moments, paper
from fengsui.kernel.levels import LEVELS, Level

TEN_MINUTES = 600
NEAR_DECISION_S = 900
"""Decisions and statutory reports draw near under a quarter of an hour (our choice, [U])."""
NEAR_TASK_SHARE = 0.2
"""Tasks draw near in their last fifth ([U])."""
LATE_PERIODS = 1.5
"""A reading is late after one and a half periods: one period alone would flicker by transport time ([U])."""
LOST_PERIODS = 3.0


class ClockLike(Protocol):
    """What a chip needs of a clock: the row of `core.models.Clock` or anything with its names."""

    kind: str
    state: str
    started_at: datetime
    due_at: datetime
    limit_s: float


@dataclass(frozen=True, slots=True)
class Chip:
    """A clock as it is drawn. `state`: running, near, overdue, paused, met, defaulted, cancelled. `used` in percent."""

    state: str
    text: str
    used: int
    near_s: int
    due: str


@dataclass(frozen=True, slots=True)
class Age:
    """Freshness of a value. `state`: fresh, late, lost, forecast, manual, never."""

    state: str
    text: str


@dataclass(frozen=True, slots=True)
class LevelView:
    """A level as it is drawn: `code` names the shape (red…, watch, none, lost)."""

    code: str
    word: str
    long: str
    rank: str


def span(seconds: float) -> str:
    """A duration in words: 52 秒, 6 分, 1 小时 5 分, 2 天 3 小时. Never looks like a time of day; rounds down."""
    s = max(0, int(seconds))
    if s < 60:
        return _("%(n)d 秒") % {"n": s}
    if s < 3600:
        return _("%(n)d 分") % {"n": s // 60}
    if s < 86400:
        hours, minutes = divmod(s // 60, 60)
        return _("%(h)d 小时 %(m)d 分") % {"h": hours, "m": minutes} if minutes else _("%(h)d 小时") % {"h": hours}
    days, hours = divmod(s // 3600, 24)
    return _("%(d)d 天 %(h)d 小时") % {"d": days, "h": hours} if hours else _("%(d)d 天") % {"d": days}


def remaining(seconds: float) -> str:
    """余 13 分; under ten minutes 7分54秒, in the last one 54 秒; 超 4 分 past the due time."""
    s = int(seconds // 1)
    if s < 0:
        return _("超 %(span)s") % {"span": span(-s)}
    if s < 60:
        return span(s)
    if s < TEN_MINUTES:
        return _("%(m)d分%(s)02d秒") % {"m": s // 60, "s": s % 60}
    return _("余 %(span)s") % {"span": span(s)}


def big_parts(seconds: float) -> list[tuple[str, str]]:
    """The large clock of a decision as (number, unit) pairs; empty where words are shown instead (overdue, hours)."""
    s = int(seconds // 1)
    if s < 0 or s >= 6000:
        return []
    if s < 60:
        return [(str(s), _("秒"))]
    if s < TEN_MINUTES:
        return [(str(s // 60), _("分")), (f"{s % 60:02d}", _("秒"))]
    return [(str(s // 60), _("分"))]


def near_s(kind: str, limit_s: float) -> int:
    """From how many seconds before the due time a clock of this kind is drawn as near."""
    if kind.startswith(("alerts.", "incidents.", "command.activate")):
        return NEAR_DECISION_S
    return int(limit_s * NEAR_TASK_SHARE)


def chip(clock: ClockLike, now: datetime) -> Chip:
    """The chip of a clock at `now` (aware)."""
    near = near_s(getattr(clock, "kind", ""), clock.limit_s)
    due = _hm(clock.due_at, now)
    if clock.state == "paused":
        return Chip("paused", _("‖ %(why)s") % {"why": getattr(clock, "reason", "") or _("暂停")}, 0, near, due)
    if clock.state in ("met", "defaulted", "cancelled"):
        ended = getattr(clock, "closed_at", None) or now
        if clock.state == "met":
            used_s = (ended - clock.started_at).total_seconds()
            return Chip("met", _("✓ 用 %(span)s") % {"span": span(used_s)}, 0, near, due)
        return Chip(clock.state, _("按默认处理") if clock.state == "defaulted" else _("取消"), 0, near, due)
    left = (clock.due_at - now).total_seconds()
    used = min(100, max(0, round(100 * (1 - left / clock.limit_s)))) if clock.limit_s else 100
    state = "overdue" if left < 0 else "near" if left <= near else "running"
    return Chip(state, remaining(left), used, near, due)


def age(
    at: datetime | None, now: datetime, period_s: float = 60.0, *, manual: bool = False, forecast: bool = False
) -> Age:
    """How old a value is. `period_s`: the expected seconds between two readings, divided by a replay's speed."""
    if at is None:
        return Age("never", _("从未"))
    if forecast:
        return Age("forecast", _("%(hm)s 起报") % {"hm": _hm(at, now)})
    if manual:
        return Age("manual", _("人报 %(hm)s") % {"hm": _hm(at, now)})
    old = (now - at).total_seconds()
    if old > LOST_PERIODS * period_s:
        return Age("lost", _("断 %(span)s") % {"span": span(old)})
    if old > LATE_PERIODS * period_s:
        return Age("late", _("%(span)s前 迟") % {"span": span(old)})
    return Age("fresh", _("%(span)s前") % {"span": span(old)})


def ago(at: datetime | None, now: datetime) -> str:
    """A plain age without judgement: 6 天前; 从未 where nothing was ever heard."""
    return _("%(span)s前") % {"span": span((now - at).total_seconds())} if at else _("从未")


def level(value: Level | int | str | None) -> LevelView:
    """A level for drawing. Accepts a Level, its number, its code, or watch, none, lost; None means lost."""
    if value is None:
        value = "lost"
    code = value if isinstance(value, str) else Level(value).code
    english = (get_language() or "").startswith("en")
    if code in LEVELS and code != "none":
        term, found = LEVELS[code], Level.of(code)
        word = term.en.capitalize() if english else term.zh[0]
        long = term.en.capitalize() if english else term.zh
        return LevelView(code, word, long, _("%(roman)s级") % {"roman": found.roman})
    word = {"watch": _("关注"), "none": _("正常"), "lost": _("断")}.get(code, code)
    return LevelView(code if code in ("watch", "none", "lost") else "none", word, word, "")


def thousands(value: float, digits: int = 0) -> str:
    """Groups of three by a narrow space from five figures on (GB/T 15835); 8640 stays, 58 400 parts."""
    text = f"{value:,.{digits}f}"
    return text.replace(",", "\u202f") if abs(value) >= 10000 else text.replace(",", "")


def signed(value: float, digits: int = 0) -> str:
    """+9, −3, 0 with a true minus sign."""
    text = f"{abs(value):.{digits}f}"
    return text if float(text) == 0 else f"{'+' if value > 0 else '−'}{text}"


def masked(phone: str) -> str:
    """138****4898: the middle of a phone number never reaches a page unasked."""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 8 else "****" if phone else ""


def _hm(at: datetime, now: datetime) -> str:
    """02:55, with the date where it is not today."""
    here, today = timezone.localtime(at), timezone.localtime(now).date()
    return here.strftime("%H:%M" if here.date() == today else "%m-%d %H:%M")


def spark(
    points: list[tuple[float, float | None]], width: int = 92, height: int = 34, top: float | None = None
) -> dict[str, Any]:
    """A small curve: `points` are (seconds, value) in order of time; None values break the line.

    Returns the SVG paths, the last point and the height of the line `top` (the next threshold), in pixels.
    """
    seen = [(t, v) for t, v in points if v is not None]
    if not seen:
        return {"path": "", "end": None, "rung": None, "width": width, "height": height}
    low, high = min(v for _t, v in seen), max(v for _t, v in seen)
    high = max(high, top) if top is not None else high
    start, wide, tall = points[0][0], (points[-1][0] - points[0][0]) or 1.0, (high - low) or 1.0

    def at(t: float, v: float) -> tuple[float, float]:
        return round(1 + (t - start) / wide * (width - 4), 1), round(height - 3 - (v - low) / tall * (height - 8), 1)

    path, pen_down = [], False
    for t, v in points:
        if v is None:
            pen_down = False
            continue
        x, y = at(t, v)
        path.append(f"{'L' if pen_down else 'M'}{x} {y}")
        pen_down = True
    rung = at(start, top)[1] if top is not None else None
    return {"path": "".join(path), "end": at(*seen[-1]), "rung": rung, "width": width, "height": height}


def install(env: Environment) -> None:
    """Give templates these words: functions take the moment of rendering."""
    env.globals.update(
        chip_of=lambda clock: chip(clock, timezone.now()),
        big_of=lambda clock: big_parts((clock.due_at - timezone.now()).total_seconds()),
        age_of=lambda at, period_s=60.0, manual=False, forecast=False: age(
            at, timezone.now(), period_s, manual=manual, forecast=forecast
        ),
        level_of=level,
        spark_of=spark,
        assets=assets.tags,
        assets_ready=assets.ready,
        qr=paper.qr,
        gbt9704=paper.gbt9704,
        moment_pattern=moments.PATTERN,
        moment_sample=moments.SAMPLES.__getitem__,
        same_time=lambda at: _hm(at, timezone.now()) if at else "",
    )
    env.filters.update(
        span=span,
        ago=lambda at: ago(at, timezone.now()),
        thousands=thousands,
        signed=signed,
        masked=masked,
        hm=lambda at: _hm(at, timezone.now()) if at else "",
        hms=lambda at: timezone.localtime(at).strftime("%H:%M:%S") if at else "",
        iso=lambda at: at.isoformat() if at else "",
    )
