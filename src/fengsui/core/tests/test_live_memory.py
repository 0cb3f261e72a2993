"""What changed between the drawing of a page and its listening is told to it; what cannot be known is fetched whole."""

from __future__ import annotations

from fengsui.core import live_memory
from fengsui.core.live_memory import MARGIN_S, Memory

MINE = frozenset({"desk", "incidents"})


def heard() -> Memory:
    memory = Memory()
    memory.listening(0)
    memory.hear(100, "live", ["desk", "other"])
    memory.hear(200, "drill", ["incidents"])
    memory.hear(300, "live", ["incidents"])
    return memory


def test_topics_since_a_time_are_mine_of_my_world():
    memory = heard()
    assert memory.since(90, "live", MINE) == {"desk", "incidents"}
    assert memory.since(250, "live", MINE) == {"incidents"}
    assert memory.since(300 + MARGIN_S + 1, "live", MINE) == set()
    assert memory.since(90, "drill", MINE) == {"incidents"}


def test_rows_read_shortly_before_the_drawing_are_covered():
    assert heard().since(300 + MARGIN_S - 1, "live", MINE) == {"incidents"}


def test_topics_with_a_key_are_told_when_some_of_their_kind_changed():
    memory = heard()
    memory.hear(400, "live", ["sensing"], ["sensing.datastream"])
    mine = frozenset({"sensing.datastream:7", "sensing.silent"})
    assert memory.since(390, "live", mine) == {"sensing.datastream:7"}
    assert memory.since(400 + MARGIN_S + 1, "live", mine) == set()


def test_everything_is_fetched_when_the_process_was_deaf_then():
    memory = heard()
    assert memory.since(MARGIN_S, "live", MINE) is None
    memory.deaf()
    assert memory.since(400, "live", MINE) is None
    memory.listening(500)
    assert memory.since(505, "live", MINE) is None
    assert memory.since(500 + MARGIN_S + 1, "live", MINE) == set()


def test_everything_is_fetched_when_too_much_happened(monkeypatch):
    memory = Memory()
    memory.listening(0)
    for n in range(live_memory.KEPT + 5):
        memory.hear(100 + n, "live", ["desk"])
    assert memory.since(100 + MARGIN_S, "live", MINE) is None
    assert memory.since(105 + MARGIN_S, "live", MINE) == {"desk"}
