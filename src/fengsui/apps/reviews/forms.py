from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class FinishForm(forms.Form):
    assessment = forms.CharField(
        label=_("评估"), widget=forms.Textarea(attrs={"rows": 5}), max_length=8000, help_text=_("哪里快、哪里慢、为何")
    )
    lessons = forms.CharField(
        label=_("改进"),
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=8000,
        help_text=_("要改什么、谁改；没有就写“无”"),
    )
