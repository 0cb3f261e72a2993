"""What a person asks of a flood run, by the fields of a page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.gis.geos import Point
from django.utils.text import format_lazy
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from fengsui.apps.forecasts import asking, breaches, rules
from fengsui.apps.places.models import Place
from fengsui.core import wording
from fengsui.kernel.errors import Invalid


def _named(row: Place) -> str:
    return row.name_en if row.name_en and (get_language() or "").startswith("en") else row.name


BREACH = (
    "breach_line", "breach_side", "breach_crest_m", "breach_water", "breach_value", "breach_at", "breach_width_m",
    "breach_opens_min", "breach_erodes_min",
)  # fmt: skip
"""Fields of the drawn dike; without a line none of them counts."""


class FloodForm(forms.Form):
    """Where, what rain, what is drained. Empty position: the place's own."""

    place = forms.ModelChoiceField(
        label=_("点位"), queryset=Place.objects.none(), required=False, empty_label=_("不在已知点位，填经纬度")
    )
    lon = forms.FloatField(label=_("经度"), required=False, min_value=70, max_value=140)
    lat = forms.FloatField(label=_("纬度"), required=False, min_value=-60, max_value=60)
    width_m = forms.TypedChoiceField(
        label=_("范围（正方形边长）"), coerce=int, initial=1500, choices=[(n, f"{n} m") for n in rules.WIDTHS_M]
    )
    cell_m = forms.TypedChoiceField(
        label=_("网格"), coerce=int, initial=10, choices=[(n, f"{n} m") for n in rules.CELLS_M],
        help_text=_("5 m 看得清巷道，要算十几倍的时间"),
    )  # fmt: skip
    kind = forms.ChoiceField(
        label=_("降雨"), initial="design",
        choices=[
            ("design", _("设计暴雨（芝加哥雨型）")), ("steady", _("均匀降雨")), ("live", _("实况雨加临近预报")),
        ],
    )  # fmt: skip
    back_min = forms.TypedChoiceField(
        label=_("实况雨取最近"), coerce=int, required=False, initial=120,
        choices=[(n, format_lazy(_("{n} 分钟"), n=n)) for n in rules.LIVE_BACK_MIN],
        help_text=_("附近 10 km 内的雨量站，按距离倒数平方"),
    )  # fmt: skip
    ahead = forms.ChoiceField(
        label=_("此后一小时"),
        required=False,
        initial="median",
        choices=[("none", _("不再下")), ("median", _("临近预报的中位")), ("high", _("临近预报的 95 %"))],
    )
    formula_name = forms.ChoiceField(
        label=_("暴雨强度公式"), choices=[], required=False, help_text=_("两个版本流传，均未经核实")
    )
    return_period_a = forms.FloatField(label=_("重现期（年）"), required=False, initial=50, min_value=1, max_value=100)
    mm_h = forms.FloatField(label=_("雨强（mm/h）"), required=False, initial=50, min_value=1, max_value=300)
    duration_min = forms.FloatField(label=_("历时（分钟）"), required=False, initial=120, min_value=30, max_value=180)
    peak = forms.FloatField(
        label=_("雨峰位置"), initial=0.4, min_value=0.1, max_value=0.9, required=False,
        help_text=_("雨峰前的时间占历时的份额，国内常用 0.3 到 0.5"),
    )  # fmt: skip
    drained_mm_h = forms.FloatField(
        label=_("管网与土壤排走（mm/h）"), initial=20, min_value=0, max_value=200,
        help_text=_("各处相同，未经核实；0 是全堵"),
    )  # fmt: skip
    sewers_a = forms.TypedChoiceField(
        label=_("雨水管网"), coerce=float, initial=0.0, required=False,
        choices=[
            (0.0, _("不算管网，只按上面的速率排走")),
            *((n, format_lazy(_("示意管网，按 {years} 年一遇铺设"), years=f"{n:g}")) for n in rules.SEWERS_A),
        ],
        help_text=_("示意管网沿街道推算，不是测绘；选了它，上面的速率就只当土壤下渗"),
    )  # fmt: skip
    gates = forms.ChoiceField(
        label=_("排放口闸门"), required=False, initial="open",
        choices=[("open", _("开")), ("shut", _("关（河水高、拍门闭）"))],
        help_text=_("关了，进管网的水出不去；要选一种示意管网"),
    )  # fmt: skip
    pumps = forms.TypedChoiceField(
        label=_("固定泵站"), coerce=float, required=False, initial=1.0, empty_value="1.0",
        choices=[(0.0, _("停机")), (0.5, _("半数开机")), (1.0, _("全开"))],
    )  # fmt: skip
    standing_m = forms.FloatField(
        label=_("起始积水（m）"), required=False, initial=0, min_value=0, max_value=rules.DEEPEST_STANDING_M,
        help_text=_("下雨前已知低洼处积的水，从最低处算起；0 为没有"),
    )  # fmt: skip

    breach_line = forms.CharField(
        label=_("堤线"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("在图上画，或一行写一个“经度,纬度”；空着就没有溃口"),
    )  # fmt: skip
    breach_side = forms.ChoiceField(
        label=_("水在堤线的"), required=False, initial="left", choices=[("left", _("左侧")), ("right", _("右侧"))],
        help_text=_("沿画线的方向看；图上蓝边是水"),
    )  # fmt: skip
    breach_crest_m = forms.FloatField(
        label=_("堤顶高（m）"), required=False, initial=3, help_text=_("高出溃口处的地面")
    )
    breach_water = forms.ChoiceField(
        label=_("堤后的水"), required=False, initial="level",
        choices=[("level", _("水位（m，高出溃口处地面）")), ("inflow", _("来水（m³/s）"))],
    )  # fmt: skip
    breach_value = forms.FloatField(label=_("水位或来水"), required=False, initial=2)
    breach_at = forms.FloatField(
        label=_("溃口在线上的位置（%）"), required=False, initial=50, help_text=_("从第一个点量起；图上圆圈")
    )
    breach_width_m = forms.FloatField(label=_("溃口宽（m）"), required=False, initial=30)
    breach_opens_min = forms.FloatField(
        label=_("何时开始溃（分钟）"), required=False, initial=10, help_text=_("从降雨开始算起")
    )
    breach_erodes_min = forms.FloatField(label=_("多久冲开（分钟）"), required=False, initial=10)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        places = self.fields["place"]
        places.label_from_instance = _named  # type: ignore[attr-defined]  # the stubs type a form's fields as their base class
        places.queryset = Place.objects.filter(kind="waterlogging_point", retired_at=None).order_by("code")  # type: ignore[attr-defined]  # the stubs type a form's fields as their base class
        self._also_pumps()
        names = [(name, name) for name in asking.formulas()]
        self.fields["formula_name"].choices = names  # type: ignore[attr-defined]  # the stubs type a form's fields as their base class
        self.fields["formula_name"].initial = names[0][0] if names else ""

    def _also_pumps(self) -> None:
        """A share between those that are listed, where a library or a program had asked it: it is no other one now."""
        try:
            share = float(self.data.get("pumps") or self.initial.get("pumps") or 0)
        except (TypeError, ValueError):
            return  # the field says so itself
        if 0 < share < 1 and share not in rules.PUMPS:
            pumps: Any = self.fields["pumps"]
            pumps.choices = [*pumps.choices, (share, f"{share:.0%}")]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not data.get("place") and (data.get("lon") is None or data.get("lat") is None):
            self.add_error("place", _("没有地点：选一个点位，或填经度和纬度"))
        wanted = {"design": ("formula_name", "return_period_a", "duration_min"), "steady": ("mm_h", "duration_min")}
        for name in wanted.get(data.get("kind", ""), ()):
            if not data.get(name) and name not in self.errors:
                self.add_error(name, _("这种降雨要填这一项"))
        if data.get("gates") == "shut" and not data.get("sewers_a") and "gates" not in self.errors:
            self.add_error("gates", _("不算管网就没有闸门可关：先选一种示意管网"))
        if data.get("breach_line"):
            self._breached(data)
        if (data.get("duration_min") or 0) % rules.STEP_MIN:
            self.add_error("duration_min", _("填 %(n)d 的倍数") % {"n": rules.STEP_MIN})
        return data

    def _breached(self, data: dict[str, Any]) -> None:
        for name in BREACH[1:]:
            if data.get(name) in (None, "") and name not in self.errors:
                self.add_error(name, _("有堤线就要填这一项"))
        try:
            data["line"] = breaches.line_of(data["breach_line"])
        except Invalid as error:
            said = wording.say(error)
            self.add_error("breach_line", said.line)

    def plain(self) -> list[forms.BoundField]:
        return [each for each in self.visible_fields() if each.name not in BREACH]

    def breach(self) -> list[forms.BoundField]:
        return [self[name] for name in BREACH]

    def asked(self) -> dict[str, Any]:
        """As the run keeps it."""
        data = self.cleaned_data
        at = Point(data["lon"], data["lat"]) if data.get("lon") is not None else data["place"].location
        rain: dict[str, Any] = {"kind": data["kind"], "duration_min": data.get("duration_min")}
        if data["kind"] == "design":
            rain |= {
                "formula_name": data["formula_name"], "return_period_a": data["return_period_a"],
                "peak": data.get("peak") or 0.4,
            }  # fmt: skip
        elif data["kind"] == "live":
            rain = {"kind": "live", "back_min": int(data["back_min"] or 120), "ahead": data["ahead"] or "median"}
        else:
            rain["mm_h"] = data["mm_h"]
        return {
            "lon": round(at.x, 6), "lat": round(at.y, 6), "width_m": data["width_m"], "cell_m": data["cell_m"],
            "rain": rain, "drained_mm_h": data["drained_mm_h"], "sewers_a": data["sewers_a"] or 0.0,
            "pumps": float(data["pumps"]), "gates": data["gates"] or "open", "standing_m": data["standing_m"] or 0.0,
            **({"breach": self._asked_breach(data)} if data.get("line") else {}),
        }  # fmt: skip

    @staticmethod
    def _asked_breach(data: dict[str, Any]) -> dict[str, Any]:
        return {"line": [list(each) for each in data["line"]]} | {
            name.removeprefix("breach_"): data[name] for name in BREACH[1:]
        }


def initial_of(asked: dict[str, Any]) -> dict[str, Any]:
    """To ask the same again, with one thing changed."""
    rain, breach = dict(asked["rain"]), dict(asked.get("breach") or {})
    if rain["kind"] == "live":  # measured again then
        rain = {key: rain[key] for key in ("kind", "back_min", "ahead")}
    plain = {key: value for key, value in asked.items() if key not in ("rain", "breach")}
    drawn = {f"breach_{key}": value for key, value in breach.items() if key != "line"}
    if breach:
        drawn["breach_line"] = breaches.text_of(breach["line"])
    return {**plain, **rain, **drawn, "pumps": float(asked["pumps"])}
