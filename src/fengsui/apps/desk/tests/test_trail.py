"""The record's words: no event, changed field or state reaches an auditor as a program's name."""

import dataclasses
from importlib import import_module
from importlib.util import find_spec

import pytest
from django.apps import apps
from django.utils.translation import override

from fengsui.apps.command.timeline import SAID
from fengsui.apps.desk import telling, trail


def events():
    for app in apps.get_app_configs():
        if not app.name.startswith("fengsui.") or find_spec(f"{app.name}.events") is None:
            continue
        module = import_module(f"{app.name}.events")
        for name, each in vars(module).items():
            if isinstance(each, type) and dataclasses.is_dataclass(each) and each.__module__ == module.__name__:
                yield f"{app.label}.{name}"


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
