from itertools import combinations
from random import Random

import pytest

from fengsui.science.decide.dispatch import Candidate, Need, advise, fits


def team(code, travel_s, pump=0.0, people=20, skills=("drainage",), **over):
    return Candidate(
        id=code,
        name=code,
        skills=frozenset(skills),
        pump_m3h=pump,
        people=people,
        assembly_s=over.pop("assembly_s", 600),
        travel_s=travel_s,
        **over,
    )


NEED = Need(skill="drainage", pump_m3h=1200, people=24)


def test_one_team_is_chosen_when_it_alone_fills_the_need():
    advice = advise(NEED, [team("far", 900, 1800, 96), team("near", 300, 1800, 96)])
    assert advice.choice.ids == ("near",)
    assert advice.choice.last_s == 900
    assert [each.candidate.id for each in advice.ranked] == ["near", "far"]
    assert [reason.code for reason in advice.ranked[0].reasons] == ["skill", "pump", "first"]
    assert [(r.code, dict(r.facts)) for r in advice.ranked[1].reasons][-1] == ("slower", {"more_s": 600})


def test_two_teams_are_chosen_when_none_brings_enough():
    pumps = [team("a", 100, 800), team("b", 200, 600), team("c", 150, 100), team("d", 3000, 2000)]
    advice = advise(NEED, pumps)
    assert advice.choice.ids == ("a", "b")
    assert (advice.choice.short_pump_m3h, advice.choice.short_people, advice.choice.exact) == (0, 0, True)
    assert advice.alternatives[0].ids == ("c", "d")  # d brings enough water but only 20 of 24 people


@pytest.mark.parametrize(
    ("over", "code"),
    [
        ({"busy": "令-20260728-001"}, "busy"),
        ({"readiness": "resting"}, "resting"),
        ({"skills": ("power",)}, "skill"),
        ({"pump": 0}, "pump"),
        ({"travel_s": None}, "unreachable"),
    ],
)
def test_reason_against_is_given_when_a_team_cannot_go(over, code):
    this = team("x", over.pop("travel_s", 60), over.pop("pump", 2000), **over)
    assert not fits(NEED, this)
    ranked = advise(NEED, [this]).ranked[0]
    assert ranked.order == 0
    assert code in [reason.code for reason in ranked.reasons if reason.against]


def test_detour_and_estimate_are_said_when_closures_lengthen_the_way():
    this = team("x", 960, 2000, 40, free_s=600, estimated=True)
    said = {reason.code: dict(reason.facts) for reason in advise(NEED, [this]).ranked[0].reasons}
    assert said["detour"] == {"more_s": 360}
    assert "estimated" in said


def test_what_stays_uncovered_is_said_when_all_together_bring_too_little():
    advice = advise(NEED, [team("a", 100, 300, 10), team("b", 200, 400, 10)])
    assert advice.choice.ids == ("a", "b")
    assert (advice.choice.short_pump_m3h, advice.choice.short_people) == (500, 4)


def test_earlier_team_is_not_first_when_it_brings_too_little():
    advice = advise(NEED, [team("weak", 60, 800, 96), team("strong", 300, 1800, 96)])
    assert advice.choice.ids == ("strong",)
    assert advice.ranked[1].reasons[-1].code == "too_little"


def test_nobody_is_chosen_when_nobody_fits():
    assert advise(NEED, []).choice.ids == ()


def test_greedy_goes_on_when_more_than_four_teams_are_needed():
    advice = advise(NEED, [team(f"{n:02d}", n * 60, 100, 10) for n in range(20)])
    assert len(advice.choice.ids) == 12
    assert advice.choice.short_pump_m3h == 0


def test_choice_is_the_best_of_all_sets_when_tried_by_brute_force():
    rng = Random(7)
    for _ in range(60):
        pool = [
            team(f"t{n}", rng.randrange(60, 2000, 7), rng.choice([100, 200, 400, 800]), rng.randrange(5, 40))
            for n in range(6)
        ]
        need = Need("drainage", rng.choice([300, 800, 1200]), rng.randrange(1, 60))
        advice = advise(need, pool)
        best = min(
            (
                max(each.arrive_s for each in group)
                for size in range(1, 5)
                for group in combinations(pool, size)
                if sum(each.pump_m3h for each in group) >= need.pump_m3h
                and sum(each.people for each in group) >= need.people
            ),
            default=None,
        )
        if best is not None:
            assert advice.choice.last_s == best


def test_need_is_refused_when_negative():
    with pytest.raises(ValueError, match="negative"):
        Need(pump_m3h=-1)
