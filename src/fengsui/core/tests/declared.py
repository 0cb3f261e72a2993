"""What the apps declare, for tests that want words for all of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec

from django.apps import apps


def events() -> Iterator[str]:
    """`app.Name` of every event in an app's events.py."""
    for app in apps.get_app_configs():
        if not app.name.startswith("fengsui.") or find_spec(f"{app.name}.events") is None:
            continue
        module = import_module(f"{app.name}.events")
        for name, each in vars(module).items():
            if isinstance(each, type) and dataclasses.is_dataclass(each) and each.__module__ == module.__name__:
                yield f"{app.label}.{name}"
