"""Floods and scenarios in words, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from fengsui.apps.forecasts import rules

GATES = [("open", gettext_lazy("开")), ("shut", gettext_lazy("关（河水高、拍门闭）"))]


def english() -> bool:
    return (get_language() or "").startswith("en")


def name_of(of: dict[str, Any]) -> str:
    return str(of["name_en"] if of.get("name_en") and english() else of["name"])


def minutes(seconds: float | None) -> str:
    """0:35 after the rain began."""
    if seconds is None:
        return ""
    whole = round(seconds / 60)
    return f"{whole // 60}:{whole % 60:02d}"


def said(row: Any) -> str:
    """Of a run or a scenario."""
    return storm(row.asked)


def storm(asked: Mapping[str, Any]) -> str:
    return rules.storm_words(asked["rain"])[1 if english() else 0]


def at_words(asked: dict[str, Any]) -> str:
    """Where a scenario stands, beside its rain."""
    gates = dict(GATES)[asked.get("gates", "open")]
    parts = [_("泵站 %(n)d %%") % {"n": round(float(asked["pumps"]) * 100)}]
    if asked.get("sewers_a"):
        parts.append(_("闸门%(state)s") % {"state": gates})
    if asked.get("standing_m"):
        parts.append(_("起始积水 %(n)g m") % {"n": asked["standing_m"]})
    return (", " if english() else "，").join(parts)


def outside_words(names: Iterable[str]) -> list[str]:
    """Of the axes of a library beyond which is asked."""
    words = {"rain": _("降雨"), "pumps": _("固定泵站"), "gates": _("排放口闸门"), "standing_m": _("起始积水")}
    return [words[name] for name in names]
