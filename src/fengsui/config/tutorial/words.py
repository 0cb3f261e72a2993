"""Words as the page shows them: the interface's own Chinese, or its English out of the same catalogue."""

from __future__ import annotations

from django.utils import translation

from fengsui.kernel.terms import Term

LANGUAGES = ("zh", "en")
_CODES = {"zh": "zh-hans", "en": "en"}


def shown(language: str, text: str | Term, **values: object) -> str:
    """`text` is Chinese as in the templates, or a term; `values` fill its places, terms in the reader's language."""
    if isinstance(text, Term):
        return text.en if language == "en" else text.zh
    with translation.override(_CODES[language]):
        found = translation.gettext(text)
    if not values:
        return " ".join(found.replace("%%", "%").split())
    said = {key: shown(language, each) if isinstance(each, Term) else each for key, each in values.items()}
    return " ".join((found % said).split())
