"""Figures equal a recount by brute force over any stream of events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengsui.catalog.indicators import Fact, indicator, result

START = datetime(2026, 7, 28, 18, 0, tzinfo=UTC)
seconds = st.integers(0, 4000)


@st.composite
def called(draw: st.DrawFn) -> list[Fact]:
    """Calls to people of two bulletins; some answer, some are passed, some clocks close in time, late or never."""
    facts: list[Fact] = []

    def happened(name: str, after: int, **about: object) -> None:
        facts.append(Fact(len(facts) + 1, name, START + timedelta(seconds=after), f"s{about['bulletin_id']}", about))

    pairs = draw(st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 9)), unique=True, max_size=12))
    for bulletin, person in pairs:
        key = {"bulletin_id": bulletin, "person_id": f"p{person}", "call_id": f"{bulletin}{person}"}
        begun = draw(seconds)
        happened("alerts.PersonCalled", begun, **key)
        if draw(st.booleans()):
            happened("alerts.PersonAnswered", begun + draw(seconds), **key)
        if draw(st.booleans()):
            happened("alerts.PersonPassed", begun + draw(seconds), **key)
        if (late := draw(st.sampled_from([None, 0.0, 12.5]))) is not None:
            kind = draw(st.sampled_from(["alerts.acknowledge", "alerts.deliver"]))
            happened("core.ClockClosed", begun + draw(seconds), **key, kind=kind, slot=f"p{person}", about_id=bulletin,
                     late_s=late)  # fmt: skip
    return facts


@settings(max_examples=300, deadline=None)
@given(called())
def test_answers_in_time_equal_a_recount_when_people_do_anything(facts):
    met = over = 0
    for call in facts:
        if call.name != "alerts.PersonCalled":
            continue
        mine = [f for f in facts if f.facts["call_id"] == call.facts["call_id"] and f is not call]
        names = [f.name for f in mine]
        clock = next((f for f in mine if f.facts.get("kind") == "alerts.acknowledge"), None)
        answered, passed = "alerts.PersonAnswered" in names, "alerts.PersonPassed" in names
        if answered or passed or (clock is not None and clock.facts["late_s"] > 0):
            over += 1
            met += answered and not passed and clock is not None and clock.facts["late_s"] == 0
    got = result(indicator("answered_in_time"), facts)
    assert (got.numerator, got.denominator) == (met, over)
    assert got.value == (pytest.approx(100 * met / over) if over else None)


@st.composite
def warned(draw: st.DrawFn) -> list[Fact]:
    facts = []
    for number in range(draw(st.integers(0, 14))):
        name = draw(st.sampled_from(["sensing.ThresholdCrossed", "alerts.BulletinIssued"]))
        about = {"kind": draw(st.sampled_from(["alert", "update", "all_clear"]))}
        story = draw(st.sampled_from(["s1", "s2", "s3"]))
        facts.append(Fact(number, name, START + timedelta(seconds=draw(seconds)), story, about))
    return facts


@settings(max_examples=300, deadline=None)
@given(warned())
def test_time_to_the_warning_equals_a_recount_when_stories_mix(facts):
    spent = []
    for story in ("s1", "s2", "s3"):
        crossings = [f.at for f in facts if f.story == story and f.name == "sensing.ThresholdCrossed"]
        alerts = [f.at for f in facts if f.story == story and f.name == "alerts.BulletinIssued"
                  and f.facts["kind"] == "alert"]  # fmt: skip
        if crossings and alerts and min(alerts) >= min(crossings):
            spent.append((min(alerts) - min(crossings)).total_seconds())
    spent.sort()
    half = len(spent) // 2
    middle = None if not spent else spent[half] if len(spent) % 2 else (spent[half - 1] + spent[half]) / 2
    got = result(indicator("crossing_to_issue"), facts)
    assert (got.value, got.denominator) == (middle, len(spent))
