"""Forms of the warning bench: parse and say what is wrong; rules are elsewhere."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from fengsui.catalog.hazards import hazards
from fengsui.kernel.levels import LEVELS, Level

LEVEL_CHOICES = [(str(int(Level.of(code))), LEVELS.zh(code)) for code in reversed(list(LEVELS)) if code != "none"]


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("理由"), max_length=500, required=False, strip=True)
    typed = forms.CharField(required=False, max_length=20)


class ReviseForm(ReasonForm):
    level = forms.ChoiceField(label=_("级别"), choices=[("", ""), *LEVEL_CHOICES], required=False)
    description = forms.CharField(required=False, max_length=2000)
    description_en = forms.CharField(required=False, max_length=2000)
    instruction = forms.CharField(required=False, max_length=2000)
    instruction_en = forms.CharField(required=False, max_length=2000)


class DraftForm(forms.Form):
    place = forms.UUIDField(label=_("点位"), widget=forms.Select)
    hazard = forms.ChoiceField(label=_("灾种"))
    level = forms.ChoiceField(label=_("级别"), choices=LEVEL_CHOICES)
    reason = forms.CharField(
        label=_("依据"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("谁、何时、看到什么"),
    )

    def __init__(
        self,
        *args: object,
        places: list[tuple[str, str]],
        kinds: dict[str, str],
        levels: dict[str, str],
        **kwargs: object,
    ) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # handed on as they came
        self.fields["place"].widget.choices = places
        self.fields["hazard"].choices = [(code, kinds[code]) for code in hazards()]  # type: ignore[attr-defined]  # the stubs type a form's fields as their base class
        self.fields["level"].choices = [(value, levels[value]) for value, _zh in LEVEL_CHOICES]  # type: ignore[attr-defined]  # the stubs type a form's fields as their base class


class NoteForm(forms.Form):
    note = forms.CharField(label=_("备注"), max_length=300, required=False, strip=True)
