"""Lessons as people see and steer them: the list, learning anew, withdrawal where the trend would have missed less."""

from __future__ import annotations

import threading
from datetime import timedelta
from uuid import uuid4

import numpy as np
import pytest
from django.db import connection
from django.db.transaction import atomic
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from fengsui.apps.forecasts import actions as forecasts
from fengsui.apps.forecasts import learning, rules
from fengsui.apps.forecasts import queries as runs
from fengsui.apps.forecasts.lessons import actions, board, judging, views
from fengsui.apps.forecasts.models import ForecastDay, ForecastLesson, ForecastRun, LessonAsk, PlayedLesson, RainLesson
from fengsui.apps.forecasts.scores import actions as scores
from fengsui.apps.forecasts.tests.test_scores import go_on, told
from fengsui.apps.sensing.tests.make import make_stream, moment
from fengsui.apps.sensing.tests.test_pages import feed, log_in
from fengsui.core.models import StoredEvent, World
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import Forbidden, NotFound, Refused
from fengsui.kernel.ports.forecaster import AtLead, Lesson, SeriesForecast

pytestmark = pytest.mark.django_db
HELD = {"lead_s": 1800.0, "stays": 0.05, "trend": 0.04, "best": 0.03, "members": ["trend", "own"], "missed": {}}
SYSTEM = Actor(world=LIVE, system="test")
LOST = "forecasts.LessonWithdrawn"


class Pupil:
    """A learner that is quick: it learns the same of any gauge, or nothing, and says that it stays."""

    method = "levels"

    def __init__(self, is_able=True):
        self.is_able = is_able

    def learn(self, lived, wanted):
        if not self.is_able:
            return None
        return Lesson(b"new", 60, (AtLead(1800.0, 0.05, 0.04, 0.03, ("trend", "own")),))

    def knows(self, head):
        return True

    def steps(self, state):
        return 10

    def forecast(self, state, lived, lines):
        at, value = np.array([lived.until + 1_800_000_000]), np.array([0.07])
        return SeriesForecast(lived.until, at, value, value - 0.01, value + 0.01, 0.9, None, None, "levels")


@pytest.fixture
def pupil(monkeypatch):
    made = Pupil()
    monkeypatch.setattr(learning, "learner_here", lambda: made)
    return made


def lesson(stream, model=ForecastLesson, **over):
    now = timezone.now()
    facts = {"method": "levels", "made_at": now, "since": now, "step_s": 300, "horizon_s": 3600, "flood": 0.05,
             "flood_h": 6.5, "floods": 3, "leads": [HELD], "state": b"old"} | over  # fmt: skip
    return model.objects.create(world_id=stream.world_id, datastream=stream, **facts)


def scored(stream, ours, trend, n=150, days=2, until=None, ago=0, **over):
    """Sums of `days` days that end the day before `until`: `n` forecasts each, missing so many metres on average."""
    until = (until or timezone.localdate()) - timedelta(days=ago)
    for back in range(1, days + 1):
        facts = {"method": "levels", "lead_s": 1800, "n": n, "abs_error": n * ours, "abs_trend": n * trend,
                 "abs_stays": n * 0.1, "promised": n * 0.9, "covered": round(n * 0.5)} | over  # fmt: skip
        ForecastDay.objects.create(
            world_id=stream.world_id, datastream=stream, day=until - timedelta(days=back), **facts
        )


def judged(stream):
    with atomic():
        return judging.judge(stream, timezone.now())


def page(client, **asked):
    answer = client.get("/forecasts/lessons/", asked)
    assert answer.status_code == 200
    return answer.content.decode()


# --- the list --------------------------------------------------------------------------------------------------------


def gauges_of_all_states():
    learned, lost, young, new = (make_stream(f"ST0{n}") for n in range(1, 5))
    lesson(learned)
    lesson(lost, withdrawn_at=timezone.now(), loss={"n": 300, "days": 2, "ours": 0.05, "trend": 0.04})
    lesson(young, method="", leads=[], floods=1, flood_h=0.5)
    return learned, lost, young, new


def test_each_gauge_is_in_one_state_and_states_filter(client):
    gauges_of_all_states()
    make_stream("G1", "combustible_gas", unit="%LEL", ladder={"blue": 10})
    make_stream("NO", ladder={})
    found = {each.station.code: each.state_now for each in board.gauges(LIVE)}
    assert found == {"ST01": "learned", "ST02": "withdrawn", "ST03": "nothing", "ST04": "trend"}
    log_in(client)
    shown = page(client)
    assert all(f"ST0{n}站" in shown for n in range(1, 5))
    assert "平均 5.0，趋势 4.0" in shown
    assert "3 场、6.5 小时涨水" in shown
    only = page(client, state="withdrawn")
    assert ("ST02站" in only, "ST01站" in only) == (True, False)
    assert "换一个状态或测站" in page(client, find="none")
    assert ("ST03站" in page(client, find="st03"), "ST01站" in page(client, find="st03")) == (True, False)


def test_list_shows_errors_held_back_and_since_and_an_interval_that_lied(client):
    stream = make_stream()
    lesson(stream)
    scored(stream, 0.05, 0.04)
    shown = page(log_in(client))
    assert "<b>5.0</b>" in shown, "worse than the trend is bold"
    assert "50 %" in shown
    assert "偏窄" in shown
    assert "3.0" in shown
    assert "还没有评过" in page(client, lead="60")


def test_long_list_is_paged_by_as_many_questions_as_a_short_one(client):
    for n in range(3):
        lesson(make_stream(f"A{n:02}"))
    log_in(client)
    few = asked(client)
    for n in range(30):
        stream = make_stream(f"B{n:02}")
        lesson(stream)
        scored(stream, 0.03, 0.04, days=1)
    assert asked(client) == few
    assert page(client).count("data-row") == views.PAGE
    assert page(client, page="2").count("data-row") == 33 - views.PAGE


def asked(client):
    page(client)
    with CaptureQueriesContext(connection) as seen:
        page(client)
    return len(seen)


def test_newest_lesson_comes_first_when_sorted_so(client):
    for n, back in enumerate((3, 1, 2)):
        lesson(make_stream(f"A{n}"), made_at=timezone.now() - timedelta(days=back))
    make_stream("A3")
    got = board.wanted_of(board.gauges(LIVE), board.Wanted.of({"sort": "made"}))
    assert [each.station.code for each in got] == ["A1", "A2", "A0", "A3"]


def test_empty_list_says_what_is_learned(client):
    assert "没有可学的测站" in page(log_in(client))


def test_replay_is_listed_by_its_own_lesson_and_cannot_be_learned(client):
    stream = make_stream(speed=10)
    lesson(stream, PlayedLesson, source="x")
    scored(stream, 0.05, 0.04, replayed=150)
    shown = page(log_in(client, "system_admin"))
    assert ("回放 10 倍" in shown, "<b>5.0</b>" in shown, "重新学</button>" in shown.replace("\n", "")) == (
        True, True, False,
    )  # fmt: skip


def test_panel_and_scores_of_a_replay_tell_its_own_lesson(client):
    stream = make_stream(speed=10)
    feed(stream, [(6 * (16 - i), 0.01 + 0.004 * i) for i in range(16)])
    assert forecasts.run_waiting(timezone.now()) == 1
    lesson(stream, PlayedLesson, source="x")
    scored(stream, 0.05, 0.04, replayed=150)
    ForecastRun.objects.in_world(LIVE).update(method="levels")
    log_in(client, "commander")
    for where in ("/stations/ST01/forecast", "/forecasts/scores/ST01/?kind=water_depth"):
        shown = client.get(where).content.decode()
        assert "只用于回放" in shown
        assert "实际起报 300 次的误差" in shown
        assert "偏窄" in shown


@pytest.mark.parametrize("role", ["liaison", "community_officer", "security_admin", "public"])
def test_others_are_refused(client, role):
    log_in(client, role)
    make_stream()
    assert client.get("/forecasts/lessons/").status_code == 403
    assert client.post("/forecasts/lessons/ST01/learn").status_code == 403


def test_only_the_system_administrator_finds_the_button(client):
    make_stream()
    assert "重新学" not in page(log_in(client)).split("<tbody>")[1].split("</tbody>")[0]
    assert client.post("/forecasts/lessons/ST01/learn").status_code == 403
    client.logout()
    assert "/forecasts/lessons/ST01/learn" in page(log_in(client, "system_admin"))


# --- learning anew ---------------------------------------------------------------------------------------------------


def test_press_is_recorded_done_by_a_job_and_answered_on_the_page(client, pupil):
    stream = make_stream()
    feed(stream, [(600 - 60 * n, 0.06) for n in range(10)])
    log_in(client, "system_admin")
    answer = client.post("/forecasts/lessons/ST01/learn", {"kind": "water_depth", "state": "trend"})
    assert (answer.status_code, answer.url) == (302, "/forecasts/lessons/?state=trend&sort=code&lead=30")
    assert "排队等学" in page(client)
    (said,) = StoredEvent.objects.filter(name="forecasts.LessonAsked")
    assert said.payload["station_code"] == "ST01"
    assert said.person_id is not None
    assert client.post("/forecasts/lessons/ST01/learn").status_code == 409
    actions.answer(datastream=stream.pk, now=timezone.now())
    assert "重新学：学得" in page(client)
    (said,) = StoredEvent.objects.filter(name="forecasts.LessonLearned")
    assert (said.payload["answer"], said.correlation) == ("learned", LessonAsk.objects.in_world(LIVE).get().correlation)
    actions.answer(datastream=stream.pk, now=timezone.now())
    assert StoredEvent.objects.filter(name="forecasts.LessonLearned").count() == 1, "an answered ask is done once"
    assert client.post("/forecasts/lessons/ST01/learn").status_code == 302


def test_what_teaches_nothing_and_what_breaks_are_answered_too(pupil, monkeypatch):
    stream = make_stream()
    feed(stream, [(600 - 60 * n, 0.06) for n in range(10)])
    pupil.is_able = False
    assert actions.learn(stream, by=SYSTEM, now=timezone.now()) == "nothing"
    actions.ask(datastream=stream.pk, by=SYSTEM, now=timezone.now())
    monkeypatch.setattr(learning, "learn", lambda *_: 1 / 0)
    actions.answer(datastream=stream.pk, now=timezone.now())
    row = LessonAsk.objects.in_world(LIVE).get()
    assert (row.answer, row.ended_at is None) == ("failed", False)
    told = StoredEvent.objects.filter(name="forecasts.LessonLearned").order_by("pk")
    assert [each.payload["answer"] for each in told] == ["nothing", "failed"]


def test_an_ask_whose_job_was_lost_may_be_repeated_after_an_hour():
    stream, now = make_stream(), timezone.now()
    actions.ask(datastream=stream.pk, by=SYSTEM, now=now)
    with pytest.raises(Refused, match=r"forecasts\.lesson\.asked"):
        actions.ask(datastream=stream.pk, by=SYSTEM, now=now + timedelta(minutes=59))
    actions.ask(datastream=stream.pk, by=SYSTEM, now=now + rules.ASK_AGAIN)
    assert LessonAsk.objects.in_world(LIVE).count() == 1


def test_what_is_none_to_learn_is_refused():
    for code, over in (("A", {"speed": 10}), ("B", {"ladder": {}}), ("C", {"is_active": False})):
        with pytest.raises(Refused, match=r"forecasts\.lesson\.not_learned"):
            actions.ask(datastream=make_stream(code, **over).pk, by=SYSTEM, now=timezone.now())
    world = World.objects.create(kind="exercise", name="演练")
    with pytest.raises(NotFound):
        actions.ask(datastream=make_stream("D", world_id=world.id).pk, by=SYSTEM, now=timezone.now())


def test_a_verb_asks_the_policy():
    with pytest.raises(Forbidden):
        actions.ask(datastream=make_stream().pk, by=Actor(world=LIVE, person=uuid4()), now=timezone.now())


# --- withdrawal ------------------------------------------------------------------------------------------------------


def test_a_lesson_that_loses_is_withdrawn_once_and_the_trend_speaks(pupil):
    stream = make_stream()
    lesson(stream)
    feed(stream, [(600 - 60 * n, 0.06) for n in range(10)])
    assert learning.forecast(stream, timezone.now(), [0.1]) is not None
    scored(stream, 0.05, 0.04)
    assert [judged(stream), judged(stream)] == [True, False]
    row = ForecastLesson.objects.in_world(LIVE).get()
    assert row.loss == {"n": 300, "days": 2, "ours": pytest.approx(0.05), "trend": pytest.approx(0.04)}
    (said,) = StoredEvent.objects.filter(name=LOST)
    assert (said.payload["forecasts"], said.payload["unit"], said.payload["station_code"]) == (300, "m", "ST01")
    assert learning.forecast(stream, timezone.now(), [0.1]) is None


@pytest.mark.parametrize(
    ("ours", "over"),
    [
        (0.04, {}),
        (0.03, {}),
        (0.05, {"n": 99}),
        (0.05, {"n": 400, "days": 1}),
        (0.05, {"method": "trend"}),
        (0.05, {"replayed": 1}),
        (0.05, {"ago": 401}),
    ],
    ids=["equal", "better", "too few", "one day", "not by the lesson", "of a replay", "long ago"],
)
def test_no_other_is_withdrawn(ours, over):
    stream = make_stream()
    lesson(stream)
    scored(stream, ours, 0.04, **over)
    assert not judged(stream)
    assert not StoredEvent.objects.filter(name=LOST).exists()
    scored(stream, 0.5, 0.04, ago=9)
    assert judged(stream), "the same gauge is withdrawn where there is enough against it"


def test_all_leads_count_together():
    """Better by a little soon and worse by much later is worse."""
    stream = make_stream()
    lesson(stream)
    scored(stream, 0.01, 0.02, lead_s=900)
    scored(stream, 0.09, 0.05, lead_s=3600)
    assert judged(stream)
    assert ForecastLesson.objects.in_world(LIVE).get().loss["n"] == 300, "a forecast is one, whatever its leads"


def test_learning_anew_reinstates_and_earlier_scores_count_no_more(pupil):
    stream = make_stream()
    lesson(stream)
    feed(stream, [(600 - 60 * n, 0.06) for n in range(10)])
    scored(stream, 0.05, 0.04)
    assert judged(stream)
    assert actions.learn(stream, by=SYSTEM, now=timezone.now()) == "learned"
    row = ForecastLesson.objects.in_world(LIVE).get()
    assert (row.withdrawn_at, row.loss, bytes(row.state)) == (None, {}, b"new")
    assert learning.forecast(stream, timezone.now(), [0.1]) is not None
    assert not judged(stream)
    scored(stream, 0.05, 0.04, ago=-3)
    assert judged(stream), "what comes after is judged again"


def test_the_night_says_that_a_withdrawal_ends_and_says_nothing_else(pupil):
    lost, other = make_stream("ST01"), make_stream("ST02")
    for stream in (lost, other):
        feed(stream, [(600 - 60 * n, 0.01) for n in range(10)])
    week = timezone.now() - timedelta(days=8)
    lesson(lost, made_at=week, withdrawn_at=week, loss={"n": 1, "days": 1, "ours": 1, "trend": 1})
    lesson(other, made_at=week)
    assert learning.learn_due(timezone.now()) == 2
    (said,) = StoredEvent.objects.filter(name="forecasts.LessonLearned")
    assert (said.payload["station_code"], said.payload["answer"]) == ("ST01", "learned")
    assert ForecastLesson.objects.in_world(LIVE).filter(withdrawn_at=None).count() == 2


def test_station_panel_and_scores_say_that_it_was_withdrawn(client):
    stream = make_stream()
    feed(stream, [(60 * (16 - i), 0.01 + 0.004 * i) for i in range(16)])
    forecasts.run_waiting(timezone.now())
    lesson(stream)
    scored(stream, 0.05, 0.04)
    assert judged(stream)
    log_in(client, "commander")
    for where in ("/stations/ST01/forecast", "/forecasts/scores/ST01/?kind=water_depth"):
        shown = client.get(where).content.decode()
        assert "停用，用趋势外推" in shown
        assert "2 天 300 次实际的平均绝对误差 5.0 cm，趋势 4.0 cm" in shown


def test_panel_without_a_forecast_says_that_the_lesson_was_withdrawn(client):
    lesson(make_stream(), withdrawn_at=timezone.now(), loss={"n": 300, "days": 2, "ours": 0.05, "trend": 0.04})
    shown = log_in(client, "commander").get("/stations/ST01/forecast").content.decode()
    assert ("没有预报" in shown, "停用，用趋势外推" in shown) == (True, True)


def losing():
    """A stream whose newest forecast, by its lesson, waits to be scored, with enough against the lesson already."""
    stream, run = told()
    lesson(stream)
    ForecastRun.objects.in_world(LIVE).update(method="levels")
    go_on(0.002)
    scored(stream, 0.5, 0.04, until=timezone.localdate(moment(0)))
    return stream, run


def test_scoring_withdraws_what_its_sums_speak_against():
    stream, _ = losing()
    assert scores.score_waiting(moment(5200)) == 1
    row = ForecastLesson.objects.in_world(LIVE).get()
    assert (row.withdrawn_at, row.loss["n"], row.loss["days"]) == (moment(5200), 301, 3)
    assert runs.latest(stream.pk).scored_at is not None


@pytest.mark.django_db(transaction=True)
def test_two_who_score_at_once_withdraw_once():
    stream, run = losing()
    gate, counted = threading.Barrier(2), []

    def score():
        gate.wait()
        try:
            counted.append(scores.score(datastream=stream.pk, runs=[run.pk], now=moment(5200)))
        finally:
            connection.close()

    threads = [threading.Thread(target=score) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(counted) == [0, 1]
    assert StoredEvent.objects.filter(name=LOST).count() == 1
    assert ForecastLesson.objects.in_world(LIVE).get().loss["n"] == 301


def test_rain_is_listed_below_by_what_it_was_learned_from(client):
    log_in(client)
    assert "还没有学过降雨" in page(client)
    now = timezone.now()
    RainLesson.objects.create(
        world_id=LIVE, step_s=300, is_played=False, made_at=now, method="showers", since=now - timedelta(days=90),
        gauges=12, wet=987, kept=[0.8, 0.5, 0.25], state=b"",
    )  # fmt: skip
    RainLesson.objects.create(world_id=LIVE, step_s=900, is_played=True, made_at=now, method="", state=b"")
    shown = page(client).split('id="rain-lessons"')[1]
    for words in ("987", "5 分后 80 %，1 小时后 25 %", "从一段示意的过去学得，只用于回放", "学不成"):
        assert words in shown, words
    assert shown.index("987") < shown.index("只用于回放"), "what is measured comes first"
