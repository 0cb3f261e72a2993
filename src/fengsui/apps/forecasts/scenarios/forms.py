"""What a library is made of, and what it is asked, by the fields of a page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from fengsui.apps.forecasts import rules
from fengsui.apps.forecasts.flood_forms import BREACH, FloodForm
from fengsui.apps.forecasts.saying import GATES
from fengsui.apps.forecasts.scenarios import axes

PUMPS = [(0.0, _("停机")), (0.5, _("半数开机")), (1.0, _("全开"))]
ONE_VALUE = ("return_period_a", "mm_h", "pumps", "gates", "standing_m")
"""Fields of a single flood that a library varies instead."""


def _many(label: Any, choices: list[tuple[Any, Any]], initial: list[Any], coerce: Any = float, **more: Any) -> Any:
    return forms.TypedMultipleChoiceField(
        label=label, coerce=coerce, choices=choices, initial=initial, required=False,
        widget=forms.CheckboxSelectMultiple, **more,
    )  # fmt: skip


class LibraryForm(FloodForm):
    """As a flood, but with several values where a library varies."""

    years = _many(
        _("重现期（年）"), [(n, f"{n:g}") for n in axes.RAINS["design"]], [5.0, 20.0, 50.0, 100.0],
        help_text=_("设计暴雨用；至少三个，中间的才好内插"),
    )  # fmt: skip
    rates = _many(
        _("雨强（mm/h）"), [(n, f"{n:g}") for n in axes.RAINS["steady"]], [40.0, 80.0], help_text=_("均匀降雨用")
    )
    pumps_of = _many(_("固定泵站"), PUMPS, [0.0, 1.0])
    gates_of = _many(_("排放口闸门"), GATES, ["open"], str, help_text=_("要算“关”，先选一种示意管网"))
    standing_of = _many(
        _("起始积水（m）"), [(n, f"{n:g}") for n in axes.STANDING_M], [0.0], help_text=_("下雨前已知低洼处积的水")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in (*ONE_VALUE, *BREACH):
            del self.fields[name]

    def clean(self) -> dict[str, Any]:
        # The single values are none of this form's: what the parent asks of them is asked of the axes.
        data = forms.Form.clean(self) or self.cleaned_data
        if not data.get("place") and (data.get("lon") is None or data.get("lat") is None):
            self.add_error("place", _("没有地点：选一个点位，或填经度和纬度"))
        if (data.get("duration_min") or 0) % rules.STEP_MIN:
            self.add_error("duration_min", _("填 %(n)d 的倍数") % {"n": rules.STEP_MIN})
        if data.get("kind") == "design" and not data.get("formula_name"):
            self.add_error("formula_name", _("这种降雨要填这一项"))
        for name in (self.rain_field, "pumps_of", "gates_of", "standing_of"):
            if not data.get(name) and name not in self.errors:
                self.add_error(name, _("至少选一个"))
        if "shut" in (data.get("gates_of") or ()) and not data.get("sewers_a"):
            self.add_error("gates_of", _("不算管网就没有闸门可关：先选一种示意管网"))
        return data

    @property
    def rain_field(self) -> str:
        return "years" if self.data.get("kind", "design") == "design" else "rates"

    FIELDS = {"rain": "years", "pumps": "pumps_of", "gates": "gates_of", "standing_m": "standing_of"}
    """Of an axis, where a page shows what is wrong with it."""

    def base(self) -> dict[str, Any]:
        """What all scenarios have in common, as a flood run keeps it."""
        data = self.cleaned_data
        rain: dict[str, Any] = {"kind": data["kind"], "duration_min": data["duration_min"]}
        if data["kind"] == "design":
            rain |= {"formula_name": data["formula_name"], "peak": data.get("peak") or 0.4}
        at = (data["lon"], data["lat"]) if data.get("lon") is not None else tuple(data["place"].location.coords)
        return {
            "lon": round(at[0], 6), "lat": round(at[1], 6), "width_m": data["width_m"], "cell_m": data["cell_m"],
            "rain": rain, "drained_mm_h": data["drained_mm_h"], "sewers_a": data["sewers_a"] or 0.0,
        }  # fmt: skip

    def axes(self) -> dict[str, list[Any]]:
        data = self.cleaned_data
        return {
            "rain": data[self.rain_field], "pumps": data["pumps_of"], "gates": data["gates_of"],
            "standing_m": data["standing_of"],
        }  # fmt: skip


class NearForm(forms.Form):
    """A question to a library that is there: any value, also between its own."""

    rain = forms.FloatField(label=_("降雨"), min_value=1, max_value=300)
    pumps = forms.FloatField(label=_("固定泵站开机份额"), min_value=0, max_value=1)
    gates = forms.ChoiceField(label=_("排放口闸门"), choices=GATES)
    standing_m = forms.FloatField(label=_("起始积水（m）"), min_value=0, max_value=rules.DEEPEST_STANDING_M)
