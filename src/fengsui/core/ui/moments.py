"""Fields of days and moments: one text, `2026-11-28 03:15`, read by one parser (kernel.moments) whatever the browser.

A browser's own `datetime-local` shows 11/28/2026, 03:15 AM where the browser speaks English; here everybody sees the
same 24-hour text and may type it in any usual way. `frontend/src/forms/moment.ts` adds the button that opens the
browser's calendar.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as mark

from fengsui.core.wording import words
from fengsui.kernel.errors import Invalid
from fengsui.kernel.moments import MIDNIGHT, Unclear, day_of, moment_of

FORMS = {"day": "%Y-%m-%d", "minute": "%Y-%m-%d %H:%M", "second": "%Y-%m-%d %H:%M:%S"}
SAMPLES = {"day": "2026-11-28", "minute": "2026-11-28 03:15", "second": "2026-11-28 03:15:00"}
LONGEST = 40
PATTERN = r"[\d０-９\s:：.．\/／年月日号時时點点分秒半整TZtz+,，\-－]*"
"""What a browser lets through: every sign that some way of writing has. What it means is the parser's to say."""

words(
    core__moment__unreadable=(
        mark("“%(label)s”看不懂：%(said)s"),
        mark("写成 %(sample)s，24 小时制；也可不写分隔号，只写数字"),
    ),
    core__moment__no_time=(mark("“%(label)s”没有时刻：%(said)s"), mark("写上几时几分，如 %(sample)s")),
    core__moment__impossible=(mark("“%(label)s”没有这个日期或时刻：%(said)s"), mark("对照日历改正，写成 %(sample)s")),
    core__moment__ambiguous=(
        mark("“%(label)s”分不清年、月、日：%(said)s"),
        mark("年写在最前，四位，如 %(sample)s"),
    ),
)


def written(value: Any, unit: str = "minute") -> str:
    """A moment in local time, or a day, as a field holds it; text that was typed stays as it was."""
    if isinstance(value, datetime):
        return (timezone.localtime(value) if timezone.is_aware(value) else value).strftime(FORMS[unit])
    return value.strftime(FORMS["day"]) if isinstance(value, date) else str(value or "")


def moment(text: str, *, alone: time | None = None) -> datetime:
    """An aware moment from what was typed, in the district's time. Raises Unclear."""
    found = moment_of(text, timezone.localdate(), alone=alone)
    return found if timezone.is_aware(found) else timezone.make_aware(found)


def _asked[T](asked: Mapping[str, Any], name: str, label: str, sample: str, read: Callable[[str], T]) -> T | None:
    text = str(asked.get(name) or "").strip()
    if not text:
        return None
    try:
        return read(text)
    except Unclear as unclear:
        code = f"core.moment.{unclear.why}"
        raise Invalid(code, field=name, label=label, said=text[:LONGEST], sample=sample) from None


def asked_moment(asked: Mapping[str, Any], name: str, label: str, *, alone: time | None = MIDNIGHT) -> datetime | None:
    """The moment in a filter or a form without a class; None where it is empty.

    `label` is what the page calls the field, for the error. Raises Invalid("core.moment.…", field=name).
    """
    return _asked(asked, name, label, SAMPLES["minute"], lambda text: moment(text, alone=alone))


def asked_day(asked: Mapping[str, Any], name: str, label: str) -> date | None:
    """The day in a filter; None where it is empty. Raises Invalid("core.moment.…", field=name)."""
    return _asked(asked, name, label, SAMPLES["day"], lambda text: day_of(text, timezone.localdate()))


class MomentInput(forms.TextInput):
    """The shared field as a widget; `unit`: `day`, `minute` or `second`."""

    template_name = "django/forms/widgets/moment.html"

    def __init__(self, unit: str = "minute", attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        self.unit = unit

    def format_value(self, value: Any) -> str | None:
        return written(value, self.unit) or None

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["widget"]["unit"] = self.unit
        return context


def _refusal(unclear: Unclear, sample: str) -> ValidationError:
    said = {
        "unreadable": _("看不懂“%(said)s”。写成 %(sample)s，24 小时制"),
        "no_time": _("“%(said)s”没有时刻。写上几时几分，如 %(sample)s"),
        "impossible": _("没有“%(said)s”这个日期或时刻。对照日历改正，写成 %(sample)s"),
        "ambiguous": _("“%(said)s”分不清年、月、日。年写在最前，四位，如 %(sample)s"),
    }[unclear.why]
    return ValidationError(said % {"said": unclear.text.strip()[:LONGEST], "sample": sample}, code=unclear.why)


class MomentField(forms.Field):
    """A moment typed in the district's time; gives an aware datetime, None where it is empty."""

    widget = MomentInput

    def to_python(self, value: Any) -> datetime | None:
        if value in self.empty_values or isinstance(value, datetime):
            return value or None
        try:
            return moment(str(value))
        except Unclear as unclear:
            raise _refusal(unclear, SAMPLES["minute"]) from None


class DayField(forms.Field):
    """A day; gives a date, None where it is empty."""

    def __init__(self, **over: Any) -> None:
        super().__init__(**{"widget": MomentInput("day"), **over})

    def to_python(self, value: Any) -> date | None:
        if value in self.empty_values or isinstance(value, date):
            return value or None
        try:
            return day_of(str(value), timezone.localdate())
        except Unclear as unclear:
            raise _refusal(unclear, SAMPLES["day"]) from None
