"""A follower that went silent is somebody's to answer for; where there is no pair, nobody is asked."""

from __future__ import annotations

import pytest

from fengsui.config import proofs as links
from fengsui.config.standby import watch
from fengsui.config.standby.pair import FOLLOWS, LEADS, Follower, Pair, Status
from fengsui.core.models import LastProof
from tests.ops.test_backup import new_home

FOLLOWED = Status(Follower("streaming", "sync", 128), None, "")
LEFT = Status(None, None, "")


@pytest.fixture
def leading(tmp_path, monkeypatch):
    """This process works on the leading database of a pair."""
    home = new_home(tmp_path / "var")
    monkeypatch.setenv("FENGSUI_VAR", str(home.var))
    monkeypatch.setenv("FENGSUI_DATABASE_URL", watch.Cluster(home).url)
    watch.active.cache_clear()
    Pair("a", "b", LEADS).write(home)
    yield home
    watch.active.cache_clear()


@pytest.mark.django_db
def test_silent_follower_fails_its_proof(leading, monkeypatch):
    assert "standby" in links.parts()
    monkeypatch.setattr(watch, "status", lambda cluster: FOLLOWED)
    watch.look()
    row = LastProof.objects.get(kind="core.link", key="standby")
    assert (row.at is not None, row.failed_at) == (True, None)
    monkeypatch.setattr(watch, "status", lambda cluster: LEFT)
    watch.look()
    row.refresh_from_db()
    assert row.failed_at


def test_follower_itself_and_a_single_machine_are_not_asked(leading):
    Pair("a", "b", FOLLOWS).write(leading)
    assert not watch.active()
    watch.active.cache_clear()
    (leading.var / "standby/pair.json").unlink()
    assert not watch.active()
    assert "standby" not in links.parts()
