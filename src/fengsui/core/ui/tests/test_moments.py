"""The shared field of days and moments: what it draws, what it gives, what it says."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from django import forms
from django.utils import timezone

from fengsui.core.ui.moments import DayField, MomentField, MomentInput, asked_day, asked_moment, written
from fengsui.core.wording import say
from fengsui.kernel.errors import Invalid


class Sample(forms.Form):
    known_at = MomentField(label="接报时间")
    on = DayField(label="日期", required=False)


def test_field_is_a_text_that_every_browser_shows_alike_when_drawn() -> None:
    at = timezone.make_aware(datetime(2026, 11, 28, 3, 15))
    drawn = str(Sample(initial={"known_at": at, "on": date(2026, 11, 28)}))
    assert 'type="text" name="known_at" value="2026-11-28 03:15"' in drawn
    assert 'type="text" name="on" value="2026-11-28"' in drawn
    assert "datetime-local" not in drawn
    assert 'type="date"' not in drawn
    assert 'id="id_known_at"' in drawn


def test_form_gives_the_districts_time_when_typed_without_signs() -> None:
    form = Sample({"known_at": "20261128 0315", "on": "2026年11月28日"})
    assert form.is_valid()
    assert form.cleaned_data == {
        "known_at": timezone.make_aware(datetime(2026, 11, 28, 3, 15)),
        "on": date(2026, 11, 28),
    }


def test_short_form_is_today_when_only_a_time_is_typed() -> None:
    form = Sample({"known_at": "0315"})
    assert form.is_valid()
    assert timezone.localtime(form.cleaned_data["known_at"]).date() == timezone.localdate()
    assert form.cleaned_data["on"] is None


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("gestern", "看不懂“gestern”。写成 2026-11-28 03:15，24 小时制"),
        ("2026-11-28", "“2026-11-28”没有时刻"),
        ("2026-02-30 03:15", "没有“2026-02-30 03:15”这个日期或时刻"),
        ("11/28/2026 03:15", "“11/28/2026 03:15”分不清年、月、日"),
    ],
)
def test_error_says_how_to_write_it_and_keeps_what_was_typed(typed: str, said: str) -> None:
    form = Sample({"known_at": typed})
    assert not form.is_valid()
    assert said in form.errors["known_at"][0]
    assert f'value="{typed}"' in str(form)


def test_filter_names_its_field_when_it_cannot_be_read() -> None:
    assert asked_moment({"since": ""}, "since", "自") is None
    assert asked_day({"on": "20261128"}, "on", "在哪一天") == date(2026, 11, 28)
    with pytest.raises(Invalid) as refused:
        asked_moment({"since": "nächste Woche"}, "since", "自")
    assert refused.value.field == "since"
    assert say(refused.value).what == "“自”看不懂：nächste Woche"


def test_seconds_are_kept_when_the_field_has_them() -> None:
    at = timezone.make_aware(datetime(2026, 11, 28, 3, 15, 7))
    assert written(at, "second") == "2026-11-28 03:15:07"
    assert 'placeholder="2026-11-28 03:15:00"' in MomentInput("second").render("from", at)
