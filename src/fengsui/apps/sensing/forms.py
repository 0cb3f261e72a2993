from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class FilterForm(forms.Form):
    """Filter of the list of stations; anything unknown is ignored."""

    q = forms.CharField(label=_("站名、站码、点位"), max_length=80, required=False)
    level = forms.ChoiceField(
        label=_("级别"),
        required=False,
        choices=[
            ("", _("全部")),
            ("any", _("关注及以上")),
            ("red", _("红色")),
            ("orange", _("橙色")),
            ("yellow", _("黄色")),
            ("blue", _("蓝色")),
            ("watch", _("关注")),
            ("none", _("正常")),
        ],
    )
    fresh = forms.ChoiceField(
        label=_("新旧"),
        required=False,
        choices=[("", _("全部")), ("fresh", _("在时")), ("late", _("迟")), ("lost", _("断数")), ("never", _("未收到"))],
    )
    course = forms.ChoiceField(label=_("走势"), required=False, choices=[("", _("全部")), ("doubted", _("存疑"))])
    sort = forms.ChoiceField(
        label=_("排序"),
        required=False,
        choices=[("", _("级别高的在前")), ("code", _("站码")), ("name", _("站名")), ("age", _("最久没有数的在前"))],
    )

    def wanted(self) -> dict[str, str]:
        """Clean values only; a wrong one counts as not given."""
        self.is_valid()
        data = self.cleaned_data
        return {
            "find": data.get("q", "").strip(),
            "level": data.get("level", ""),
            "fresh": data.get("fresh", ""),
            "course": data.get("course", ""),
            "sort": data.get("sort", "") or "level",
        }
