"""Episodes: each line once however many forecasts spoke of it; a known table of 1884 for the ratios."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengsui.science.verify.episodes import Call, Counts, Episode, episodes, follow

HOUR = 60


def said(text, reached=()):
    """`.` not told, `!` told, one forecast a minute; `reached`: minutes at which the line was reached."""
    calls = []
    for at, each in enumerate(text):
        came = next((r for r in reached if at < r <= at + HOUR), None)
        calls.append(Call(at, each == "!", came))
    return calls


@pytest.mark.parametrize(
    ("text", "reached", "expected"),
    [
        ("....", (), []),
        ("..!!!", (64,), [("hit", 62)]),
        ("..!!!", (70,), [("false_alarm", None)]),
        ("..!!!", (30,), [("hit", 28)]),
        (".....", (30,), [("miss", None)]),
        ("!!!..", (), [("false_alarm", None)]),
        ("!!.!!", (30,), [("hit", 27)]),
        ("!!!..", (30,), [("miss", None)]),
        ("!!.!!", (), [("false_alarm", None), ("false_alarm", None)]),
    ],
)
def test_one_line_is_one_episode(text, reached, expected):
    assert [(each.kind, each.lead) for each in episodes(said(text, reached), HOUR)] == expected


def test_told_too_early_without_a_break_is_a_hit_and_no_false_alarm():
    found = episodes(said("!" * 40, (90,)), HOUR)
    assert [(each.kind, each.lead) for each in found] == [("hit", 90)]


def test_a_telling_after_a_long_silence_is_another_episode():
    found = episodes([Call(0, True, None), Call(200, True, None)], HOUR)
    assert [each.told_since for each in found] == [0, 200]


def test_the_same_line_reached_twice_is_two_episodes():
    calls = [Call(0, True, 20), Call(10, True, 20), Call(40, True, 60), Call(50, False, 60)]
    assert [(each.kind, each.lead) for each in episodes(calls, HOUR)] == [("hit", 20), ("miss", None)]


CALLS = st.lists(st.tuples(st.integers(1, 30), st.booleans()), max_size=60)


def stream(steps, reached):
    at, calls = 0, []
    for step, told in steps:
        at += step
        calls.append(Call(at, told, next((r for r in sorted(reached) if at < r <= at + HOUR), None)))
    return calls


@given(CALLS, st.sets(st.integers(1, 1500), max_size=6), st.integers(0, 60))
def test_fold_goes_on_where_it_stopped(steps, reached, cut):
    calls = stream(steps, reached)
    first = episodes(calls[:cut], HOUR)
    found = list(first)
    for call in calls[cut:]:
        newest, is_new = follow(found[-1] if found else None, call, HOUR)
        if newest is not None:
            found[len(found) if is_new else len(found) - 1 :] = [newest]
    assert found == episodes(calls, HOUR)


@given(CALLS, st.sets(st.integers(1, 1500), max_size=6))
def test_each_line_reached_within_some_horizon_is_hit_or_missed_once(steps, reached):
    calls = stream(steps, reached)
    found = episodes(calls, HOUR)
    came = [each.reached for each in found if each.reached is not None]
    assert came == sorted({call.reached for call in calls if call.reached is not None})
    assert all(each.lead is None or each.lead > 0 for each in found)
    assert len([each for each in found if each.kind == "false_alarm"]) <= sum(call.told for call in calls)


def test_finleys_tornadoes():
    """Finley 1884 as retold by Murphy 1996 (28 hits, 23 misses, 72 false alarms): 0.549, 0.720, 0.228 [G]."""
    found = Counts(28, 23, 0) + Counts(0, 0, 72)
    assert (found.detected, found.false_share, found.threat) == (
        pytest.approx(0.549, abs=5e-4), pytest.approx(0.720, abs=5e-4), pytest.approx(0.228, abs=5e-4),
    )  # fmt: skip


def test_leads_add_up_and_the_shortest_stays():
    found = Counts(1, 0, 0, 600.0, 600.0) + Counts(1, 1, 0, 1800.0, 1800.0) + Counts()
    assert (found.mean_lead_s, found.least_lead_s) == (1200.0, 600.0)
    assert (Counts().detected, Counts().false_share, Counts().threat, Counts().mean_lead_s) == (None,) * 4


def test_nothing_is_told_before_anything_was_said():
    assert follow(None, Call(0, False, None), HOUR) == (None, False)
    assert Episode().kind == "false_alarm"
