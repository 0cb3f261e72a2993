from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from fengsui.apps.drills import queries, rules, scenario
from fengsui.apps.people.rules import ROLES


class PlanForm(forms.Form):
    name = forms.CharField(label=_("名称"), max_length=rules.NAME, help_text=_("会写在演练的每一页、每条消息上"))
    series = forms.ChoiceField(label=_("情景序列"), help_text=_("实测过程，放到演练自己的测站上"))
    speed = forms.FloatField(label=_("倍速"), initial=600, min_value=rules.SPEED[0], max_value=rules.SPEED[1])
    from_h = forms.FloatField(label=_("从第几小时"), initial=0, min_value=0)
    to_h = forms.FloatField(label=_("到第几小时"), required=False, help_text=_("空着：放到底"))
    roles = forms.MultipleChoiceField(
        label=_("参演角色"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("担任这些角色的岗位全部参演"),
    )
    posts = forms.MultipleChoiceField(
        label=_("另加参演岗位"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("演练进行时，在岗的人可以进入；不在名单上的人，叫应和邮件都不会发给他"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["series"].choices = [(each, each) for each in scenario.names()]  # type: ignore[attr-defined]  # the stubs type a form's fields as their base class
        english = (get_language() or "").startswith("en")
        self._posts = list(queries.posts_to_choose())
        held = Counter(post.role for post in self._posts)
        named = [(code, term) for code, term in ROLES.items() if held[code]]
        self.fields["roles"].choices = [  # type: ignore[attr-defined]  # the stubs type a form's fields as their base class
            (code, f"{term.en if english else term.zh} ({held[code]})") for code, term in named
        ]
        self.fields["posts"].choices = [  # type: ignore[attr-defined]  # the stubs type a form's fields as their base class
            (str(post.pk), f"{post.org.name} {post.title}") for post in self._posts
        ]

    def chosen(self) -> tuple[UUID, ...]:
        """Posts of the chosen roles and those chosen one by one."""
        roles, single = set(self.cleaned_data["roles"]), set(self.cleaned_data["posts"])
        return tuple(post.pk for post in self._posts if post.role in roles or str(post.pk) in single)
