"""What people type for a day or a moment is read one way, or refused."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengsui.kernel.moments import MIDNIGHT, Unclear, day_of, moment_of

TODAY = date(2026, 11, 28)
THREE = datetime(2026, 11, 28, 3, 15)
MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2100, 12, 31)).map(lambda at: at.replace(microsecond=0))
WAYS = (
    "{0:%Y-%m-%d %H:%M:%S}", "{0:%Y-%m-%dT%H:%M:%S}", "{0:%Y/%m/%d %H:%M:%S}", "{0:%Y.%m.%d %H:%M:%S}",
    "{0:%Y%m%d %H%M%S}", "{0:%Y%m%d%H%M%S}", "{0:%Y年%m月%d日 %H时%M分%S秒}", "{0:%Y年%m月%d日%H时%M分%S秒}",
    "{0.year}-{0.month}-{0.day} {0.hour}:{0:%M:%S}",
    "{0.year}年{0.month}月{0.day}日 {0.hour}点{0.minute}分{0.second}秒",
)  # fmt: skip


@given(MOMENTS, st.sampled_from(WAYS))
def test_every_moment_comes_back_when_written_in_any_of_the_ways(at: datetime, way: str) -> None:
    assert moment_of(way.format(at), TODAY) == at
    assert moment_of(way.format(at)) == at  # the year is written: today says nothing


@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)))
def test_every_day_comes_back_when_written_in_any_of_the_ways(day: date) -> None:
    ways = ("{0:%Y-%m-%d}", "{0:%Y%m%d}", "{0.year}/{0.month}/{0.day}", "{0.year}年{0.month}月{0.day}日")
    assert {day_of(way.format(day)) for way in ways} == {day}


@given(st.dates(date(1901, 1, 1), date(2099, 12, 31)), st.integers(-180, 180))
def test_a_day_without_its_year_is_the_nearest_when_it_lies_within_half_a_year(today: date, off: int) -> None:
    day = today + timedelta(days=off)
    assert day_of(f"{day:%m-%d}", today) == day


@given(st.text(max_size=30))
def test_anything_else_is_refused_and_never_breaks(text: str) -> None:
    for read in (lambda: moment_of(text, TODAY, alone=MIDNIGHT), lambda: day_of(text, TODAY)):
        try:
            year = read().year
        except Unclear as refused:
            year = 2000 if refused.text == text else 0
        assert 1900 <= year <= 2101


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-28 03:15", "2026-11-28T03:15", "20261128 0315", "202611280315", "2026/11/28 3:15", "2026.11.28 3:15",
        "2026年11月28日 3时15分", "2026年11月28日3时15分", "2026 年 11 月 28 日 3 点 15 分",
        "２０２６－１１－２８　０３：１５",
        "0315", "3:15", "3时15分", "11-28 03:15", "11月28日3时15", "2026-11-28  3:15 ", "2026-11-28,03:15",
    ],
)  # fmt: skip
def test_quarter_past_three_is_understood_when_typed_as_offices_do(text: str) -> None:
    assert moment_of(text, TODAY) == THREE


def test_other_ways_of_saying_a_time_are_understood_when_they_mean_one_thing() -> None:
    assert moment_of("3点半", TODAY).time() == time(3, 30)
    assert moment_of("15点整", TODAY).time() == time(15)
    assert moment_of("15时", TODAY).time() == time(15)
    assert moment_of("24:00", TODAY) == datetime(2026, 11, 29)
    assert moment_of("2026-12-31 24:00", TODAY) == datetime(2027, 1, 1)
    assert moment_of("2026", TODAY).time() == time(20, 26)
    assert moment_of("2026-11-28", TODAY, alone=MIDNIGHT) == datetime(2026, 11, 28)
    assert day_of("02-29", date(2027, 3, 1)) == date(2028, 2, 29)


def test_an_offset_is_kept_when_it_was_written_and_its_plus_was_lost_in_an_address() -> None:
    east = THREE.replace(tzinfo=timezone(timedelta(hours=8)))
    for text in ("2026-11-28T03:15:00+08:00", "2026-11-28T03:15:00 08:00", "2026-11-27T19:15Z"):
        assert moment_of(text) == east


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "unreadable"), ("gestern", "unreadable"), ("3:15 pm", "unreadable"), ("315", "unreadable"),
        ("2026-11-280315", "unreadable"), ("2026-11-28 03:15:", "unreadable"), ("20261128 315", "unreadable"),
        ("2026-11-28 25:00", "impossible"), ("2026-11-28 24:01", "impossible"), ("2026-02-30 03:15", "impossible"),
        ("2026-13-01 03:15", "impossible"), ("9026-11-28 03:15", "impossible"), ("0026-11-28 03:15", "impossible"),
        ("03/04/2026 03:15", "ambiguous"), ("11/28 03:15", "ambiguous"), ("28.11.2026", "ambiguous"),
        ("03-04-26", "ambiguous"), ("2026-11-28", "no_time"), ("11-28", "no_time"),
    ],
)  # fmt: skip
def test_absurd_and_ambiguous_text_is_refused_with_its_reason(text: str, why: str) -> None:
    with pytest.raises(Unclear) as refused:
        moment_of(text, TODAY)
    assert refused.value.why == why


@pytest.mark.parametrize("text", ["0315", "11-28 03:15", "11月28日", "11-28"])
def test_a_short_form_is_refused_when_nobody_says_what_today_is(text: str) -> None:
    with pytest.raises(Unclear):
        moment_of(text, alone=MIDNIGHT)
