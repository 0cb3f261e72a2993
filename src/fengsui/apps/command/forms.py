from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from fengsui.kernel.levels import LEVELS


class PositionForm(forms.Form):
    """Where the phone is, if its owner lets it say so."""

    lon = forms.FloatField(
        min_value=-180, max_value=180, required=False, widget=forms.HiddenInput(attrs={"data-geo": "lon"})
    )
    lat = forms.FloatField(
        min_value=-90, max_value=90, required=False, widget=forms.HiddenInput(attrs={"data-geo": "lat"})
    )
    accuracy = forms.FloatField(
        min_value=0, max_value=100_000, required=False, widget=forms.HiddenInput(attrs={"data-geo": "accuracy"})
    )

    @property
    def position(self) -> tuple[float, float] | None:
        lon, lat = self.cleaned_data.get("lon"), self.cleaned_data.get("lat")
        return (lon, lat) if lon is not None and lat is not None else None


class ProgressForm(PositionForm):
    """回报 and 完成: what was done, numbers the plan asks for, a photo."""

    text = forms.CharField(
        label=_("情况"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("一两句话：到哪一步、现场怎样、还缺什么"),
    )
    count = forms.IntegerField(label=_("数量"), min_value=0, required=False)
    flow = forms.FloatField(label=_("抽排流量 m³/h"), min_value=0, required=False)
    photo = forms.FileField(
        label=_("照片"),
        required=False,
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp", "capture": "environment"}),
    )

    def __init__(self, *args: Any, evidence: list[str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("count", "flow"):
            if evidence is not None and name not in evidence:
                del self.fields[name]

    @property
    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("count", "flow") if self.cleaned_data.get(name) is not None}

    @property
    def photo_bytes(self) -> bytes | None:
        file = self.cleaned_data.get("photo")
        return file.read() if file else None


class ResponseForm(forms.Form):
    """响应启动记录: matter, level, expected duration, measures (Art. 72)."""

    level = forms.ChoiceField(label=_("响应级别"), choices=[each for each in LEVELS.choices if each[0] != "none"])
    matter = forms.CharField(label=_("响应事项"), max_length=200)
    expected_hours = forms.FloatField(label=_("预计期限（小时）"), min_value=0.5, max_value=720)
    measures = forms.CharField(label=_("应急处置措施"), widget=forms.Textarea(attrs={"rows": 4}), max_length=4000)
    also = forms.MultipleChoiceField(label=_("一并纳入"), required=False, widget=forms.CheckboxSelectMultiple())
    approval_note = forms.CharField(
        label=_("口头批准"), required=False, max_length=200, help_text=_("批准人不在线时，写明谁、几点、怎样同意")
    )

    def __init__(self, *args: Any, others: list[tuple[str, str]] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if others:
            self.fields["also"].choices = others  # type: ignore[attr-defined]  # the stubs type a form's fields as their base class
        else:
            del self.fields["also"]
