from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from fengsui.apps.drills import queries, rules, scenario


class PlanForm(forms.Form):
    name = forms.CharField(label=_("名称"), max_length=rules.NAME, help_text=_("会写在演练的每一页、每条消息上"))
    series = forms.ChoiceField(label=_("情景序列"), help_text=_("实测过程，放到演练自己的测站上"))
    speed = forms.FloatField(label=_("倍速"), initial=600, min_value=rules.SPEED[0], max_value=rules.SPEED[1])
    from_h = forms.FloatField(label=_("从第几小时"), initial=0, min_value=0)
    to_h = forms.FloatField(label=_("到第几小时"), required=False, help_text=_("空着：放到底"))
    posts = forms.MultipleChoiceField(
        label=_("参演岗位"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("演练进行时，在岗的人可以进入；不在名单上的人，叫应和邮件都不会发给他"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["series"].choices = [(each, each) for each in scenario.names()]  # type: ignore[attr-defined]
        listed = [(str(post.pk), f"{post.org.name} {post.title}") for post in queries.posts_to_choose()]
        self.fields["posts"].choices = listed  # type: ignore[attr-defined]
