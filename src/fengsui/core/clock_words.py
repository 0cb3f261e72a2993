"""What happens if nobody acts, in the language of the page: the kinds of clocks are pure code and say it in Chinese."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as mark

from fengsui.kernel.clock import ClockKind

DEFAULTS = (
    mark("不自动任职；继续催办"),
    mark("不自动发布"),
    mark("不自动启动；继续催办"),
    mark("不自动对外发布；继续催办"),
    mark("不自动结束；继续催办"),
    mark("不自动解除；继续催办"),
    mark("不自动重做；继续催办"),
    mark("保持封闭并公告"),
    mark("原班继续负责"),
    mark("叫应下一名责任人"),
    mark("叫应时先叫下一人"),
    mark("按属实处理"),
    mark("改派须由人决定"),
    mark("死信由值班员改用其他渠道"),
    mark("测点按不可信处理，改派人工巡查"),
    mark("渠道按不可用处理，发布时提示"),
    mark("电话询问"),
    mark("页面提示该部件不可用"),
    mark("继续催办"),
    mark("维持原级别并记录"),
    mark("记为漏报"),
    mark("记为超时"),
    mark("记为迟报"),
)
"""Every default of a registered kind; a test finds the one that is missing here."""


def default_word(kind: ClockKind | None) -> str:
    """`不自动对外发布；继续催办` as the reader reads it; empty where the kind is unknown or has none."""
    return _(kind.default) if kind is not None and kind.default else ""
