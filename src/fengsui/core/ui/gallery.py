"""`/ui/gallery`: every component with generated data, in the three themes and in an exercise. Only where DEMO is on.

It is the place to look at a component before using it, and what the browser tests open.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from types import SimpleNamespace as Row
from typing import Any

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from fengsui.core import live
from fengsui.core.worlds import LIVE

PAGES = ("components", "desk", "phone", "station")


class SampleForm(forms.Form):
    level = forms.ChoiceField(label="级别", choices=[("blue", "蓝色"), ("orange", "橙色")])
    depth = forms.DecimalField(label="积水深度 cm", help_text="量到路缘石底", max_value=400)
    reason = forms.CharField(label="理由", widget=forms.Textarea(attrs={"rows": 2}))
    channels = forms.MultipleChoiceField(
        label="渠道", choices=[("sms", "短信"), ("led", "街路屏")], widget=forms.CheckboxSelectMultiple
    )


def clock(kind: str, limit_s: int, left_s: float, state: str = "running", **more: Any) -> Row:
    """A clock with `left_s` seconds left of `limit_s` at this moment."""
    now = timezone.now()
    due = now + timedelta(seconds=left_s)
    facts = {
        "kind": kind,
        "state": state,
        "limit_s": limit_s,
        "due_at": due,
        "started_at": due - timedelta(seconds=limit_s),
        "source": "突发事件应对法 (2024) 第六十一条",
        "basis": "G",
        "verb": "",
        "owner_text": "赵明远 值班员",
        "label": "",
    }
    return Row(**(facts | more))


def _clocks() -> dict[str, Row]:
    now = timezone.now()
    return {
        "running": clock("incidents.first_report_written", 3600, 43 * 60 + 20),
        "near": clock("alerts.confirm", 600, 474.5),
        "overdue": clock("alerts.acknowledge", 300, -265),
        "paused": clock("sensing.silence", 1800, 600, "paused", reason=_("等外部")),
        "met": clock("command.task", 900, 540, "met", closed_at=now),
        "defaulted": clock("alerts.deliver", 180, -60, "defaulted", closed_at=now),
        "first_report": clock("incidents.first_report_phone", 1800, 13 * 60 + 30),
        "accept": clock("command.task", 3600, 18 * 60 + 5),
        "late2": clock("command.arrive", 1800, -140),
        "late3": clock("command.progress", 1800, -52),
        "rescue": clock("command.task", 2400, 8 * 60),
    }


def _depths(now: datetime) -> list[tuple[datetime, float | None]]:
    """A generated rise to 27 cm over 60 minutes with a gap of six minutes."""
    rise = [
        (now - timedelta(seconds=30 * k), 32 / (1 + math.exp((k - 18) / 14)) + 2 + 0.25 * math.sin(k))
        for k in range(120)
    ]
    return [(t, round(v, 1)) for t, v in reversed(rise) if not 38 <= (now - t).total_seconds() / 60 < 44]


def _spark(rising: float, lost: bool = False) -> list[tuple[float, float | None]]:
    points = [(float(k), 2 + rising * math.exp((k - 80) / 22)) for k in range(90)]
    return [(t, v if not lost or t < 66 else None) for t, v in points]


def _context(page: str) -> dict[str, Any]:
    now = timezone.now()
    counts = [("值守", 5), ("预警", 2), ("事件", 1), ("地图", 0), ("时限", 9), ("登记册", 0), ("文书", 0)]
    active = "地图" if page == "station" else "值守"
    return {
        "c": _clocks(),
        "form": SampleForm({"level": "orange", "depth": "500", "reason": ""}),
        "nav": [{"url": "#", "label": name, "count": n, "active": name == active} for name, n in counts],
        "me_post": _("值班员 至 08:00"),
        "find_url": "/ui/gallery/desk",
        "live_ticket": live.ticket(LIVE, ["desk", "gallery"], None),
        "ages": {
            "fresh": now - timedelta(seconds=26),
            "late": now - timedelta(seconds=170),
            "lost": now - timedelta(minutes=22),
            "issued": now - timedelta(minutes=7),
        },
        "sparks": {"up": _spark(20), "slow": _spark(9), "flat": _spark(2), "lost": _spark(14, lost=True)},
        "ago": lambda minutes, seconds=0: now - timedelta(minutes=minutes, seconds=seconds),
        "map_layers": [
            {"id": "areas", "kind": "areas", "label": _("水面 估"), "url": "/ui/gallery/data/areas.json"},
            {"id": "routes", "kind": "routes", "label": _("路线"), "url": "/ui/gallery/data/routes.json"},
            {"id": "closures", "kind": "closures", "label": _("封控"), "url": "/ui/gallery/data/closures.json"},
            {"id": "shelters", "kind": "shelters", "label": _("避难场所"), "url": "/ui/gallery/data/shelters.json"},
            {"id": "teams", "kind": "teams", "label": _("力量"), "url": "/ui/gallery/data/teams.json"},
            {"id": "stations", "kind": "stations", "label": _("积水点"), "url": "/ui/gallery/data/stations.json"},
        ],
    }


@require_GET
def page(request: HttpRequest, name: str = "components") -> HttpResponse:
    """?world=drill shows the exercise; ?theme=dark|light|sun overrides the cookie."""
    if not settings.DEMO or name not in PAGES:
        raise Http404
    drill = request.GET.get("world") == "drill"
    # Context processors have the last word, so samples stand on the request as they do on real pages.
    sample: dict[str, Any] = {
        "me": Row(name="赵明远"),
        "district_name": "示例区应急管理局",
        "world": Row(pk=LIVE, kind="exercise" if drill else "live", name="2026 年汛期桌面推演" if drill else "实战"),
    }
    for key, value in sample.items():
        setattr(request, key, value)
    if request.GET.get("theme"):
        request.COOKIES["theme"] = request.GET["theme"]
    context = _context(name)
    return render(request, f"ui/gallery/{name}.html", context)


@require_GET
def part(request: HttpRequest) -> HttpResponse:
    """The fragment that the live tests refresh: shows when it was rendered."""
    if not settings.DEMO:
        raise Http404
    return render(request, "ui/gallery/_live_part.html", {})


@require_GET
def data(request: HttpRequest, name: str) -> JsonResponse:
    if not settings.DEMO or name not in _DATA:
        raise Http404
    return JsonResponse(_DATA[name](timezone.now()))


def _chart(now: datetime) -> dict[str, Any]:
    points: list[list[Any]] = [[t.isoformat(), v, ""] for t, v in _depths(now)]
    points.append([(now - timedelta(minutes=15)).isoformat(), 45, "跳变"])
    ahead = [(now + timedelta(minutes=m), 27 + 14 * (1 - math.exp(-m / 18))) for m in range(0, 31, 2)]
    return {
        "series": [{"name": "积水", "unit": "cm", "period_s": 30, "points": points}],
        "ladder": [
            {"level": "blue", "label": "布防", "value": 10},
            {"level": "yellow", "label": "疏导", "value": 15},
            {"level": "orange", "label": "封控", "value": 25},
            {"level": "red", "label": "撤人", "value": 40},
        ],
        "forecast": {
            "issued_at": (now - timedelta(minutes=7)).isoformat(),
            "confidence": "8 成",
            "points": [[t.isoformat(), round(v, 1)] for t, v in ahead],
            "low": [[t.isoformat(), round(27 + (v - 27) * 0.4, 1)] for t, v in ahead],
            "high": [[t.isoformat(), round(27 + (v - 27) * 1.6, 1)] for t, v in ahead],
        },
        "rain": {
            "name": "雨",
            "unit": "mm / 5 分",
            "points": [
                [(now - timedelta(minutes=5 * k)).isoformat(), round(9 * math.exp(-(((k - 5) / 3) ** 2)), 1)]
                for k in range(12)
            ],
        },
        "now": now.isoformat(),
        "speed": 10,
        "source": "示意数据",
    }


_LON, _LAT = 123.378, 41.797


def _point(x: float, y: float, **properties: Any) -> dict[str, Any]:
    where = [_LON + x / 1000, _LAT + y / 1000]
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": where}, "properties": properties}


def _line(*xy: tuple[float, float], **properties: Any) -> dict[str, Any]:
    where = [[_LON + x / 1000, _LAT + y / 1000] for x, y in xy]
    return {"type": "Feature", "geometry": {"type": "LineString", "coordinates": where}, "properties": properties}


def _features(*features: dict[str, Any]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features)}


def _pond(x: float, y: float, r: float, level: str) -> dict[str, Any]:
    ring = [
        [_LON + (x + r * (1 + 0.2 * math.sin(3 * a)) * math.cos(a)) / 1000, _LAT + (y + r * 0.7 * math.sin(a)) / 1000]
        for a in (k * math.tau / 40 for k in range(41))
    ]
    ring[-1] = ring[0]
    return {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]}, "properties": {"level": level}}


_DATA: dict[str, Any] = {
    "chart": _chart,
    "stations": lambda now: _features(
        _point(0, 0, level="orange", name="南两洞桥", label="27 cm ↑", url="#", said="下一线 红 40 cm"),
        _point(-14, 6, level="yellow", name="保工北街地道桥", label="18 cm ↑", url="#"),
        _point(-9, -4, level="blue", name="重工北街下穿桥", label="12 cm →", url="#"),
        _point(10, 7, level="lost", name="沈辽路卫工街低洼段", label="断 22 分", url="#"),
        _point(12, -5, level="red", name="示例 红", label="42 cm ↑", url="#"),
        _point(-3, 8, level="none", name="正常点", label="0 cm", url="#"),
    ),
    "areas": lambda now: _features(_pond(0, 0, 2.2, "orange"), _pond(-9, -4, 1.5, "blue"), _pond(12, -5, 1.8, "red")),
    "closures": lambda now: _features(_line((-3, 0.2), (4, -0.2), name="建设大路 封控", said="02:41 起，交警")),
    "teams": lambda now: _features(
        _point(-6, 0.3, mark="消", label="消防 1 车 7 人", reported=True, url="#"),
        _point(6, -1, mark="交", label="未报到场", reported=False, url="#"),
    ),
    "routes": lambda now: _features(
        _line((-15, 0.7), (-9, 0.4), style="done"),
        _line((-9, 0.4), (-6, 0.3), style="ahead"),
        _line((-7, 0.3), (-6.8, -6), (9, -6.6), style="detour", label="绕行 南十路 多 6 分"),
    ),
    "shelters": lambda now: _features(_point(4, 5, name="劳动公园", label="可容 10 400 人", url="#")),
}
