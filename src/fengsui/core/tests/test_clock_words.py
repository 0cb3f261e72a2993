from django.utils import translation

from fengsui.core.clock_words import DEFAULTS, default_word
from fengsui.kernel.clock import ClockKind


def test_every_default_of_a_clock_is_said_in_english_too():
    kinds = [kind for kind in ClockKind.registered.values() if kind.default and "test" not in kind.code]
    assert {kind.default for kind in kinds} <= set(DEFAULTS)
    with translation.override("en"):
        assert [kind.code for kind in kinds if default_word(kind) == kind.default] == []
