"""Which series of a foreign file is played, how it is laid over the district's stations, and the words that say so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import accumulate, pairwise
from statistics import median

from pydantic import BaseModel, ConfigDict, Field

from fengsui.kernel import units
from fengsui.kernel.replay.layout import Series, Table
from fengsui.kernel.replay.models import ReplayError, Words

Chosen = tuple[dict[str, "Line"], dict[str, Series], tuple[Words, ...]]
"""Lines by station, the series they refer to, and what was chosen."""
READINGS = 24
"""A window holds at least so many, or neither a rise nor its end can be seen."""
_KINDS = (("水位", "level"), ("流量", "flow"), ("潮位", "tide"), ("其他量", "other quantity"))
_WHY_NOT: Mapping[str, str] = {
    "blank": "空白",
    "missing code": "缺测代码",
    "event that contradicts itself": "自相矛盾的事件",
}


class Line(BaseModel):
    """out = max(floor, (value - zero) * scale), `lag_s` later. `zero` in the series' unit, out in `unit`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    series: str
    zero: float
    scale: float
    unit: str
    floor: float | None = None
    lag_s: float = 0
    decimals: int = 3

    def of(self, value: float | str) -> float | str:
        if isinstance(value, str):
            return value
        out = (value - self.zero) * self.scale
        return round(out if self.floor is None else max(self.floor, out), self.decimals)


class Target(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    peak: float
    unit: str


class Fit(BaseModel):
    """How a file that knows nothing of the district is laid over its stations."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    hours: float = Field(gt=0)
    before_peak_h: float = Field(ge=0)
    low: float = Field(alias="from", ge=0, lt=1)
    stations: dict[str, Target]
    rain: dict[str, str] = {}


def only_rain(table: Table) -> bool:
    """Nothing that floods a street, but rain."""
    return _strongest(table) is None and _rain(table) is not None


def fitted(table: Table, fit: Fit, wanted: str, hours: float | None) -> Chosen:
    """Lines that put the window's quantile `from` at 0 and its highest value at each station's `peak`."""
    chosen = table.series.get(wanted) if wanted else _strongest(table)
    if chosen is None:
        fix = f"no series {wanted!r}" if wanted else "no series of a level, a flow or rain"
        fix += f"; the file has {sorted(table.series)[:12]}"
        raise ReplayError("replay.file.no_series", file=str(table.path), key="series", fix=fix)
    length = (fit.hours if hours is None else hours) * 3600
    before = fit.before_peak_h * 3600
    if hours is None and (least := READINGS * distance(sorted(at for at, _ in chosen.numbers))) > length:
        length, before = least, before / length * least  # sparse readings make no story in a few hours
    top_at, _ = max(chosen.numbers, key=lambda sample: sample[1])
    first = top_at - min(before, length / 2 or float("inf")) if length else float("-inf")
    last = first + length if length else float("inf")
    cut = _cut(chosen, first, last)
    values = sorted(value for _, value in cut.numbers)
    high, end = values[-1], cut.numbers[-1][1]
    # the water must be gone at the end of the window, so that a story can end; a record that stops near its top cannot
    low = min(max(values[int(fit.low * (len(values) - 1))], end), values[0] + 0.8 * (high - values[0]))
    if high <= low:
        fix = f"{chosen.name} does not rise in the window ({len(values)} values, all {high:g})"
        raise ReplayError("replay.file.flat", file=str(table.path), key=chosen.name, fix=fix)
    lines = {
        station: Line(
            series=chosen.name, zero=low, scale=target.peak / (high - low), unit=target.unit, floor=0, decimals=4
        )
        for station, target in fit.stations.items()
    }
    window = {chosen.name: cut}
    rain = _rain(table)
    wet = _cut(rain, first, last) if rain else None
    fell = bool(wet and wet.samples and wet.numbers)
    if wet and fell:
        window[wet.name] = wet
        lines |= _gauges(wet, fit)
    told = (*_told(table, chosen, bool(wanted), top_at, high, length), _told_rain(wet if fell else None))
    return lines, window, told


def beside_own(table: Table, fit: Fit, own: Table, stations: Mapping[str, Line], hours: float | None) -> Chosen:
    """The file's rain in its wettest hours on the rain gauges, the district's own water on the streets."""
    rain = _rain(table)
    assert rain is not None
    length = (fit.hours if hours is None else hours) * 3600 or float("inf")
    first = _wettest(rain, length)
    cut = _cut(rain, first, first + length)
    wet = Series(rain.name, rain.unit, tuple((at - first, value) for at, value in cut.samples), rain=True)
    lines = {code: line for code, line in stations.items() if code not in fit.rain}
    total = sum(value for _, value in cut.numbers)
    when, hours_shown = _when(first), length / 3600
    told = (
        (
            f"文件只有雨量：取 {rain.name} 雨最大的 {hours_shown:g} 小时（{when} 起，共 {total:g} {rain.unit}）"
            "原样给雨量站；雨量换算不出路面水深，积水点放本区自带的实测过程",
            f"The file holds rain alone: {rain.name} in its wettest {hours_shown:g} hours (from {when}, {total:g} "
            f"{rain.unit} in all) goes to the rain gauges unchanged. No depth on a street follows from rain, so the "
            "points play the district's own measured flood",
        ),
    )
    return {**lines, **_gauges(wet, fit)}, {**own.series, wet.name: wet}, told


def as_measured(count: int) -> Words:
    return (
        f"文件写的就是本区的 {count} 个测站，原样回放",
        f"The file names {count} of this district's own stations: played as they are",
    )


def left_out(table: Table) -> tuple[Words, ...]:
    """What the file holds and nobody will see."""
    if not table.left_out:
        return ()
    zh = "、".join(f"{_WHY_NOT.get(why, why)} {count}" for why, count in table.left_out.items())
    en = ", ".join(f"{count} x {why}" for why, count in table.left_out.items())
    return ((f"整个文件中没有数值而不放的：{zh}", f"Not played, as the file gives no figure: {en}"),)


def _told(table: Table, chosen: Series, wanted: bool, top_at: float, high: float, length: float) -> tuple[Words, ...]:
    rank, others = _rank(chosen), len(table.series) - 1
    zh, en = _KINDS[rank]
    if wanted:
        why, because = "由您指定", "as you asked"
    elif rank == 0:
        why, because = f"{zh}中涨幅最大", f"the {en} that rises most"
    else:
        why, because = f"文件没有更合用的水位，{zh}中涨幅最大", f"the {en} that rises most, as there is no better level"
    window = f"其峰值 {high:g} {chosen.unit}（{_when(top_at)}）前后" + (
        f" {length / 3600:g} 小时" if length else "全程"
    )
    span = f"{length / 3600:g} hours" if length else "all"
    made = "；由事件的起、峰、落连直线而成" if chosen.derived else ""
    made_en = "; straight lines between start, peak and end of events" if chosen.derived else ""
    return (
        (
            f"取 {chosen.name}（{why}；另有 {others} 个序列未用），{window}，换成各积水点的水深（示意）{made}",
            f"Taken: {chosen.name} ({because}; {others} other series unused), {span} around its peak of {high:g} "
            f"{chosen.unit} at {_when(top_at)}, laid over the points as depth (illustrative){made_en}",
        ),
    )


def _told_rain(wet: Series | None) -> Words:
    if wet is None:
        return "这段时间文件没有雨量，雨量站不放", "The file has no rain in these hours: the rain gauges stay silent"
    return f"雨量取 {wet.name}，原样给雨量站", f"Rain from {wet.name}, unchanged, to the rain gauges"


def _when(at: float) -> str:
    """A moment of the file; files that count seconds or hours from a start have no calendar."""
    return f"{at / 3600:g} h" if abs(at) < 1e8 else f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"


def _gauges(wet: Series, fit: Fit) -> dict[str, Line]:
    return {
        station: Line(series=wet.name, zero=0, scale=units.factor(wet.unit, unit), unit=unit, decimals=2)
        for station, unit in fit.rain.items()
    }


def _rain(table: Table) -> Series | None:
    """The wettest series of rain; evaporation is none."""
    wet = [each for each in table.series.values() if each.is_rain and not each.name.lower().startswith("pet")]
    return max(wet, key=lambda each: sum(value for _, value in each.numbers), default=None)


def _wettest(rain: Series, length: float) -> float:
    """When the window of this length with the most rain begins."""
    numbers = sorted(rain.numbers)
    sums = [0.0, *accumulate(value for _, value in numbers)]
    best, start, end = (-1.0, 0), 0, 0
    for start in range(len(numbers)):
        while end < len(numbers) and numbers[end][0] - numbers[start][0] <= length:
            end += 1
        best = max(best, (sums[end] - sums[start], -start))
    return numbers[-best[1]][0]


def _rank(series: Series) -> int:
    """Position in _KINDS."""
    if not units.known(series.unit):
        return 3
    if series.is_tide:
        return 2
    return {"length": 0, "flow": 1}.get(units.quantity(series.unit), 3)


def _strongest(table: Table) -> Series | None:
    """A level, then a flow, then a tide; among equals the one that rises most above its median.

    A rise counts as far as three readings in a row show it: a spike moves no level, so it makes no story.
    """

    def order(series: Series) -> tuple[int, float]:
        values = [value for _, value in series.numbers]
        rise = max(min(row) for row in zip(values, values[1:], values[2:], strict=False)) - median(values)
        rank = _rank(series)
        return rank, -(rise * units.factor(series.unit, "m") if rank in (0, 2) and units.known(series.unit) else rise)

    usable = [series for series in table.series.values() if len(series.numbers) >= 3 and not series.is_rain]
    return min((each for each in usable if _rank(each) < 3), key=order, default=None)


def _cut(series: Series, first: float, last: float) -> Series:
    samples = tuple(each for each in series.samples if first <= each[0] <= last)
    return Series(series.name, series.unit, samples, series.derived, rain=series.rain)


def distance(times: Sequence[float]) -> float:
    """Median distance of moments in order."""
    gaps = [later - earlier for earlier, later in pairwise(times) if later > earlier]
    return median(gaps) if gaps else 0.0
