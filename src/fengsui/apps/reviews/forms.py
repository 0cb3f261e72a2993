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


class FindingForm(forms.Form):
    """A finding as it is typed; what is wrong with it is judged by the rules."""

    text = forms.CharField(label=_("问题"), max_length=500, required=False, help_text=_("哪里不行，一句话"))
    remedy = forms.CharField(label=_("整改"), max_length=500, required=False, help_text=_("要改成什么样"))
    owner_post = forms.UUIDField(label=_("责任岗位"), required=False)
    days = forms.IntegerField(label=_("期限（天）"), required=False)
