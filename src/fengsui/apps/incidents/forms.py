from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from fengsui.apps.incidents.rules import FIELDS, GRADES, SOURCES, TYPES
from fengsui.apps.places.models import Area, Place
from fengsui.catalog.hazards import hazards
from fengsui.core.ui.moments import MomentField
from fengsui.kernel.terms import Terms


def _words(terms: Terms, *without: str) -> Callable[[], list[tuple[str, str]]]:
    """Choices in the language of the page, asked for when the form is made."""

    def listed() -> list[tuple[str, str]]:
        english = (get_language() or "").startswith("en")
        return [(code, each.en if english else each.zh) for code, each in terms.items() if code not in without]

    return listed


def _named(row: Place | Area) -> str:
    return row.name_en if row.name_en and (get_language() or "").startswith("en") else row.name


def _count(label: Any) -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=0, max_value=100_000, initial=0, required=False)


class CountsForm(forms.Form):
    """Casualties and losses; empty means none reported."""

    trapped = _count(_("被困"))
    injured = _count(_("受伤"))
    missing = _count(_("失踪"))
    deaths = _count(_("死亡"))
    loss_yuan = forms.DecimalField(
        label=_("直接损失（元）"), min_value=0, max_digits=16, decimal_places=2, required=False
    )

    @property
    def counts(self) -> dict[str, Any]:
        return {
            name: self.cleaned_data.get(name) or 0 for name in ("trapped", "injured", "missing", "deaths", "loss_yuan")
        }


class IntakeForm(CountsForm):
    """接报. The place, or an address with its street."""

    source = forms.ChoiceField(label=_("信息来源"), choices=_words(SOURCES, "bulletin"))
    type_code = forms.ChoiceField(label=_("类型"), choices=_words(TYPES))
    place = forms.ModelChoiceField(
        label=_("点位"), queryset=Place.objects.none(), required=False, empty_label=_("不在已知点位")
    )
    address = forms.CharField(
        label=_("地点"), max_length=200, required=False, help_text=_("不在已知点位时写路名、门牌、标志物")
    )
    area = forms.ModelChoiceField(
        label=_("街道（镇）"), queryset=Area.objects.none(), required=False, empty_label=_("选街道")
    )
    known_at = MomentField(label=_("接报时间"), help_text=_("法定时限从这里起算，立案后不能改"))
    occurred_at = MomentField(label=_("事发时间"), required=False)
    summary = forms.CharField(label=_("发生了什么"), widget=forms.Textarea(attrs={"rows": 4}), max_length=2000)
    informant = forms.CharField(label=_("报告人"), max_length=60, required=False)
    informant_phone = forms.CharField(label=_("报告人电话"), max_length=20, required=False)
    sensitive = forms.BooleanField(label=_("敏感（时间、地点或人员），按重大事件报送"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("place", "area"):
            self.fields[name].label_from_instance = _named  # type: ignore[attr-defined]  # the stubs type a form's fields as their base class
        self.fields["place"].queryset = Place.objects.filter(kind="waterlogging_point").order_by("code")  # type: ignore[attr-defined]  # the stubs type a form's fields as their base class
        self.fields["area"].queryset = Area.objects.filter(kind="subdistrict").order_by("code")  # type: ignore[attr-defined]  # the stubs type a form's fields as their base class
        self.fields["known_at"].initial = timezone.localtime().replace(second=0, microsecond=0)
        self.order_fields(
            [
                "source",
                "type_code",
                "place",
                "address",
                "area",
                "known_at",
                "occurred_at",
                "summary",
                "trapped",
                "injured",
                "missing",
                "deaths",
                "loss_yuan",
                "informant",
                "informant_phone",
                "sensitive",
            ]
        )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not data.get("place") and not (data.get("address") and data.get("area")):
            self.add_error("address", _("没有地点：选一个点位，或写明地点并选街道"))
        return data

    def facts(self, now: datetime) -> dict[str, Any]:
        """Arguments of `actions.open_incident`."""
        data = self.cleaned_data
        hazard = next((each.code for each in hazards().values() if each.event_code == data["type_code"]), "")
        return {
            "source": data["source"],
            "type_code": data["type_code"],
            "hazard": hazard,
            "place": data["place"],
            "area": data["area"],
            "address": data["address"],
            "known_at": min(data["known_at"], now),
            "occurred_at": data["occurred_at"],
            "summary": data["summary"],
            "informant": data["informant"],
            "informant_phone": data["informant_phone"],
            "sensitive": data["sensitive"],
            "counts": self.counts,
        }


class GradeForm(CountsForm):
    grade = forms.ChoiceField(label=_("初判级别"), choices=_words(GRADES))
    sensitive = forms.BooleanField(label=_("敏感"), required=False)
    reason = forms.CharField(label=_("依据"), max_length=300)


class ReportForm(forms.Form):
    """Fields of one stage, prefilled with what the platform knows."""

    receiver = forms.CharField(label=_("主送"), max_length=120)

    def __init__(self, stage: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for code, label, required in FIELDS[stage]:
            long = code in (
                "said",
                "course",
                "measures",
                "changes",
                "summary",
                "disposal",
                "next",
                "lessons",
                "aftermath",
            )
            self.fields[code] = forms.CharField(
                label=_(label),
                required=False,
                max_length=4000,
                help_text="" if required else _("可不填"),
                widget=forms.Textarea(attrs={"rows": 3}) if long else forms.TextInput(),
            )
