"""A machine is its table: no other move exists."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengsui.kernel.clock import MACHINE as CLOCK
from fengsui.kernel.errors import Refused
from fengsui.kernel.machine import Machine
from fengsui.kernel.terms import Term, Terms

STATES = ("draft", "open", "done")


@pytest.fixture
def door(monkeypatch):
    monkeypatch.setattr(Terms, "registered", {})
    monkeypatch.setattr(Machine, "registered", {})
    return make()


def make(**over):
    facts = {
        "initial": "draft",
        "moves": {"draft": {"open": "open", "drop": "done"}, "open": {"finish": "done"}},
        "final": frozenset({"done"}),
        "states": Terms(f"s{len(Terms.registered)}", *(Term(code, code, code) for code in STATES)),
        **over,
    }
    return Machine("door", **facts)


def test_machine_moves_when_the_table_says_so(door):
    assert door.next("draft", "open") == "open"
    assert door.next("open", "finish") == "done"
    assert (door.verbs("draft"), door.verbs("done")) == (["open", "drop"], [])
    assert door.open_states == ["draft", "open"]
    assert (door.can("draft", "open"), door.can("open", "open")) == (True, False)


@pytest.mark.parametrize(("state", "verb"), [("done", "open"), ("open", "open"), ("draft", "finish"), ("??", "open")])
def test_machine_refuses_when_the_table_is_silent(door, state, verb):
    with pytest.raises(Refused) as refused:
        door.next(state, verb)
    assert (refused.value.code, refused.value.status) == (f"door.{verb}.wrong_state", 409)


@given(verbs=st.lists(st.sampled_from(["pause", "resume", "close", "default", "cancel", "nonsense"]), max_size=12))
def test_machine_never_leaves_its_states_when_pressed_at_random(verbs):
    state = CLOCK.initial
    for verb in verbs:
        if CLOCK.can(state, verb):
            state = CLOCK.next(state, verb)
        else:
            with pytest.raises(Refused):
                CLOCK.next(state, verb)
        assert state in CLOCK.states
        assert (state in CLOCK.final) == (CLOCK.verbs(state) == [])


def test_machine_refuses_to_exist_when_a_state_has_no_term(door):
    with pytest.raises(ValueError, match=r"states without a term: \['lost'\]"):
        make(moves={"draft": {"open": "lost"}, "open": {"finish": "done"}})


def test_machine_refuses_to_exist_when_a_state_is_a_dead_end(door):
    with pytest.raises(ValueError, match=r"neither final nor left by any verb: \['open'\]"):
        make(moves={"draft": {"open": "open"}})


def test_diagram_equals_the_table_when_drawn(door):
    assert door.mermaid().splitlines() == [
        "stateDiagram-v2",
        "    [*] --> draft",
        "    draft: draft",
        "    open: open",
        "    done: done",
        "    draft --> open: open",
        "    draft --> done: drop",
        "    open --> done: finish",
        "    done --> [*]",
    ]
