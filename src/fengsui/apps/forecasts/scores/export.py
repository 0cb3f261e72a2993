"""The scores as tables of a file. Errors stand in the unit that the page says; shares in percent, leads in minutes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from fengsui.apps.forecasts.scores.board import Board, Group, Line, Wanted
from fengsui.core.ledger import files
from fengsui.science.verify.errors import Errors


def streams(found: Board) -> files.Page:
    """One row a stream, method and lead."""
    heads = [
        _("站码"), _("测站"), _("类别"), _("单位"), _("方法"), _("预见期（分）"), _("次数"), _("没有实测"),
        _("其中回放"),
        _("平均绝对误差"), _("不变预报的"), _("阻尼趋势的"), _("胜过不变 %"), _("均方根误差"),
        _("不变预报的均方根误差"),
        _("区间应有 %"), _("区间实有 %"), _("区间平均宽"), _("分位损失"), _("涨水段次数"), _("涨水段平均绝对误差"),
        _("涨水段胜过不变 %"), _("涨水段区间实有 %"), _("数据性质"),
    ]  # fmt: skip
    rows = [_row(each, line) for each in found.streams for line in each.lines]
    return _("按站与预见期"), heads, rows


def _row(each: Group, line: Line) -> list[Any]:
    it, factor = line.errors, each.shown.factor
    return [
        each.code, each.name, each.word, each.shown.unit, each.method_word, line.lead_s // 60, it.n, it.missing,
        line.replayed,
        *(_scaled(it.mean(name), factor) for name in ("abs_error", "abs_stays", "abs_trend")),
        _percent(it.skill),
        _scaled(it.rmse, factor), _scaled(_rmse_stays(it), factor),
        _percent(it.mean("promised")), _percent(it.mean("covered")), _scaled(it.mean("width"), factor),
        _scaled(it.mean("pinball"), factor),
        it.rise_n, _scaled(it.mean("rise_abs_error"), factor), _percent(it.rise_skill),
        _percent(it.mean("rise_covered")), _("示意") if each.illustrative else _("实测"),
    ]  # fmt: skip


def _rmse_stays(it: Errors) -> float | None:
    return (it.sq_stays / it.n) ** 0.5 if it.n else None


def chances(found: Board) -> files.Page:
    """One row a lead and tenth of chance; the scores of the lead stand in each of its rows."""
    heads = [
        _("预见期（分）"), _("报的概率从 %"), _("到 %"), _("次数"), _("平均概率 %"), _("到线的比例 %"), _("本期总次数"),
        _("布赖尔分"), _("不变预报的布赖尔分"), _("可靠度项"), _("分辨项"), _("不确定项"),
    ]  # fmt: skip
    rows = [
        [
            lead_s // 60, point.k * 10, point.k * 10 + 10, point.n, _percent(point.told), _percent(point.came), it.n,
            round(it.brier, 4), round(it.never, 4), round(it.reliability, 4), round(it.resolution, 4),
            round(it.uncertainty, 4),
        ]
        for lead_s, it in found.chances
        for point in it.points
    ]  # fmt: skip
    return _("到线概率"), heads, rows


def crossings(found: Board) -> files.Page:
    """One row a stream and method."""
    heads = [
        _("站码"), _("测站"), _("类别"), _("方法"), _("命中"), _("漏报"), _("空报"), _("命中率 %"), _("空报率 %"),
        _("平均提前（分）"), _("最短提前（分）"),
    ]  # fmt: skip
    rows = [
        [
            each.code, each.name, each.word, each.method_word, each.counts.hits, each.counts.misses,
            each.counts.false_alarms, _percent(each.counts.detected), _percent(each.counts.false_share),
            _scaled(each.counts.mean_lead_s, 1 / 60, 1), _scaled(each.counts.least_lead_s, 1 / 60, 1),
        ]
        for each in found.streams
    ]  # fmt: skip
    return _("到线"), heads, rows


def notes(wanted: Wanted, found: Board, at: datetime, exercise: str) -> list[str]:
    """What a reader of the file has to know."""
    scope = _("起报日 %(first)s 到 %(last)s；只按采用的读数评；趋势外推的到线概率由区间推算 [U]，学过的测站自己报") % {
        "first": wanted.first.isoformat(),
        "last": wanted.last.isoformat(),
    }
    replayed = [_("含回放的预报 %(n)s 次，时长按水的时钟") % {"n": found.replayed}] if found.replayed else []
    return [scope, *replayed, *files.notes(at, exercise=exercise, illustrative=found.illustrative)]


def _percent(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 1)


def _scaled(value: float | None, factor: float, digits: int = 5) -> float | None:
    return None if value is None else round(value * factor, digits)
