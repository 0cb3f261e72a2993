"""The record's words: no event, changed field or state reaches an auditor as a program's name."""

import pytest
from django.utils.translation import override

from fengsui.apps.command.timeline import SAID
from fengsui.apps.desk import telling, trail
from fengsui.core.tests.declared import events


def test_every_event_has_words_when_it_reaches_the_record():
    worded = {*SAID, *telling.QUIET, *trail.NAMED}
    assert sorted(set(events()) - worded) == []
    assert sorted(trail.NAMED.keys() - set(events())) == [], "words of events that are no more"


@pytest.mark.parametrize(
    ("subject", "code", "value", "zh", "en"),
    [
        ("alerts.warning:1", "status", "confirmed", ("状态", "已核定"), ("status", "confirmed")),
        ("alerts.warning:1", "level", "orange", ("拟发级别", "橙色"), ("level", "orange")),
        ("command.task:1", "owner", "duty-core", ("责任岗位", "duty-core"), ("owner", "duty-core")),
        ("gone.model:1", "state", "met", ("state", "met"), ("state", "met")),
        ("people.screen:1", "name", None, ("屏名", ""), ("name", "")),
    ],
)
def test_change_is_said_in_the_readers_language_when_a_word_is_known(subject, code, value, zh, en):
    for language, expected in (("zh-hans", zh), ("en", en)):
        with override(language):
            assert (trail.field_word(subject, code), trail.value_word(subject, code, value)) == expected
