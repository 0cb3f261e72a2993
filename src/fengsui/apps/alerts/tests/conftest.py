from __future__ import annotations

import pytest

from fengsui.apps.alerts.tests import make
from fengsui.catalog.channels import channels
from fengsui.catalog.channels.fake import Fake
from fengsui.core import ports


@pytest.fixture
def town(db) -> make.Town:
    return make.make_town()


@pytest.fixture
def outlets(monkeypatch) -> dict[str, Fake]:
    """In-memory outlets behind the port, by channel."""
    made: dict[str, Fake] = {}
    monkeypatch.setitem(ports._factories, "outlet", lambda code: made.setdefault(code, Fake(code)))
    for code in channels():
        made[code] = Fake(code)
    return made
