from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from fengsui.apps.people.models import Post
from fengsui.apps.people.rules import TOKEN_DAYS


class LoginForm(forms.Form):
    username = forms.CharField(
        label=_("账号"), max_length=60, widget=forms.TextInput(attrs={"autocomplete": "username", "autofocus": True})
    )
    password = forms.CharField(
        label=_("密码"), max_length=200, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("六位数字，或一个恢复码"),
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "text", "autofocus": True}),
    )


class PasswordForm(forms.Form):
    old = forms.CharField(
        label=_("现在的密码"), max_length=200, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )
    new = forms.CharField(
        label=_("新密码"),
        max_length=200,
        help_text=_("至少 10 个字符，不能全是数字，不能是常见密码，不能像账号名，不能与最近 5 次相同"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label=_("再输一次新密码"), max_length=200, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )

    def clean_again(self) -> str:
        again: str = self.cleaned_data["again"]
        if again != self.cleaned_data.get("new"):
            raise forms.ValidationError(_("两次输入的新密码不一样"))
        return again


class RevealForm(forms.Form):
    reason = forms.CharField(label=_("理由"), max_length=200)


class TokenForm(forms.Form):
    """A token for a program: the post it acts in, and what it is for."""

    name = forms.CharField(label=_("名称"), max_length=60, help_text=_("用在哪里，如“泵站调度程序”；撤销时靠它辨认"))
    post = forms.ChoiceField(label=_("以哪个岗位办事"), help_text=_("离任后令牌即失效；程序能办的不会多于这个岗位"))
    days = forms.ChoiceField(label=_("有效期"), initial="90")
    scopes = forms.MultipleChoiceField(label=_("用途"), help_text=_("只选程序真正要用的"))
    code = forms.CharField(
        label=_("验证器的六位数字"),
        max_length=20,
        help_text=_("生成令牌要再验一次第二因素"),
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )

    def __init__(
        self, *args: Any, posts: Sequence[Post], purposes: Sequence[tuple[str, str]], factor: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["post"].choices = [(str(post.pk), f"{post.title}　{post.org.name}") for post in posts]  # type: ignore[attr-defined]  # the stubs type a form's fields as their base class
        self.fields["days"].choices = [(str(n), _days(n)) for n in TOKEN_DAYS]  # type: ignore[attr-defined]  # the stubs type a form's fields as their base class
        self.fields["scopes"].choices = list(purposes)  # type: ignore[attr-defined]  # the stubs type a form's fields as their base class
        if not factor:
            del self.fields["code"]

    @property
    def short(self) -> list[forms.BoundField]:
        """The fields of one line each; purposes are a list of their own."""
        return [self[name] for name in self.fields if name != "scopes"]


def _days(n: int) -> str:
    return ngettext("%(n)d 天", "%(n)d 天", n) % {"n": n}
