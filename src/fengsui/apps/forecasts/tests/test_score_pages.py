"""The page of the scores on real rows: what it says, what it hides, how many questions it costs."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from openpyxl import load_workbook

from fengsui.apps.forecasts import actions as forecasts
from fengsui.apps.forecasts.models import ForecastChance, ForecastCrossing, ForecastDay, ForecastRun
from fengsui.apps.forecasts.scores import actions, board, drawing
from fengsui.apps.sensing.tests.make import make_stream
from fengsui.apps.sensing.tests.test_pages import feed, log_in
from fengsui.core.models import World
from fengsui.core.worlds import LIVE
from fengsui.science.verify.chance import classes_of, reliability

pytestmark = pytest.mark.django_db
HOUR = 60


@pytest.fixture
def duty(client):
    return log_in(client)


def scored(code="ST01", rate=0.002, **over):
    """A stream with one run that was issued 75 minutes ago and has been scored."""
    stream = make_stream(code, **over)
    feed(stream, [(60 * (75 + 15 - i), 0.01 + 0.004 * i) for i in range(16)])
    forecasts.run_waiting(timezone.now())
    feed(stream, [(60 * (75 - i), 0.07 + rate * i) for i in range(1, 75)])
    assert actions.score_waiting(timezone.now()) == 1
    return stream


def page(client, **asked):
    answer = client.get("/forecasts/scores/", asked)
    assert answer.status_code == 200
    return answer.content.decode()


def test_page_shows_our_error_beside_persistence_with_skill_coverage_and_lines(duty):
    stream = scored()
    shown = page(duty)
    row = ForecastDay.objects.in_world(LIVE).get(datastream=stream, lead_s=1800)
    ours, stays = 100 * row.abs_error, 100 * row.abs_stays
    assert f"{ours:.1f}" in shown
    assert f"{stays:.1f}" in shown
    assert stays == pytest.approx(6.0, abs=0.1)
    assert "应 90 %" in shown
    assert "样本少" in shown
    assert "cm　趋势外推" in shown, "the method by its word"
    assert "ST01站" in shown
    assert [each.name for each in board.board(LIVE, board.Wanted.of({})).streams] == ["ST01站"]


def test_lines_are_counted_once_with_their_lead(duty):
    scored()
    (group,) = board.board(LIVE, board.Wanted.of({})).kinds
    assert (group.counts.hits, group.counts.misses, group.counts.false_alarms) == (2, 0, 1)
    assert group.counts.least_lead_s == pytest.approx(900, abs=2)
    assert "15 分" in page(duty)


def test_diagram_can_be_read_by_keyboard_and_its_numbers_stand_in_a_table(duty):
    scored()
    shown = page(duty, lead="60")
    (chosen,) = [each for lead_s, each in board.board(LIVE, board.Wanted.of({})).chances if lead_s == 3600]
    assert shown.count('<g tabindex="0" role="img"') == len(chosen.points)
    for point in chosen.points:
        assert f"{point.k * 10}–{point.k * 10 + 10} %" in shown
    assert 'style="' not in shown


def test_empty_page_says_what_is_missing(duty):
    assert "读数到关注线才起报" in page(duty)
    stream = make_stream("ST01")
    feed(stream, [(60 * (16 - i), 0.01 + 0.004 * i) for i in range(16)])
    forecasts.run_waiting(timezone.now())
    assert "1 次在等" in page(duty)


def test_filters_narrow_by_kind_station_and_day(duty):
    scored("ST01")
    scored("ST02", kind="river_stage", topic="fs/ST02/river_stage")
    assert ("ST01站" in page(duty, kind="river_stage"), "ST02站" in page(duty, kind="river_stage")) == (True, True)
    assert "scores/ST01/?" not in page(duty, kind="river_stage")
    assert "scores/ST02/?" not in page(duty, station="ST01")
    assert "scores/ST01/?" in page(duty, station="ST01")
    last = (timezone.localdate() - timedelta(days=3)).isoformat()
    assert "读数到关注线才起报" in page(duty, since=last, until=last)
    assert "换一个类别或测站" in page(duty, station="NONE")
    assert duty.get("/forecasts/scores/?since=2026-13-45").status_code == 422


def test_runs_of_a_station_say_what_was_told_and_what_came(duty):
    stream = scored()
    answer = duty.get("/forecasts/scores/ST01/?kind=water_depth")
    shown = answer.content.decode()
    run = ForecastRun.objects.in_world(LIVE).get()
    row = run.scores.get(lead_s=1800)
    assert f"{100 * row.told:.0f} → {100 * row.came:.0f}" in shown
    assert ("命中" in shown, "空报" in shown) == (True, True)
    assert f"streams=ST01.{stream.kind}" in shown


def test_an_exercise_and_the_live_world_do_not_see_each_others_scores(duty):
    world = World.objects.create(kind="exercise", name="演练")
    scored("EX01", world_id=world.id, topic="x/EX01/water_depth")
    assert "EX01" not in page(duty)
    assert duty.get("/forecasts/scores/EX01/").status_code == 404
    assert [each.code for each in board.board(world.id, board.Wanted.of({})).streams] == ["EX01"]


@pytest.mark.parametrize("role", ["liaison", "community_officer", "system_admin", "public"])
def test_others_than_those_who_answer_for_the_district_are_refused(client, role):
    log_in(client, role)
    for where in ("/forecasts/scores/", "/forecasts/scores.csv", "/forecasts/scores.xlsx", "/forecasts/scores/ST01/"):
        assert client.get(where).status_code == 403


def test_station_panel_leads_to_its_scores_for_those_who_may(client):
    make_stream("ST01")
    log_in(client, "liaison")
    assert "forecasts/scores" not in client.get("/stations/ST01/forecast").content.decode()
    log_in(client, "commander")
    assert "/forecasts/scores/ST01/?kind=water_depth" in client.get("/stations/ST01/forecast").content.decode()


def test_files_hold_what_the_page_says(duty):
    scored()
    lines = list(csv.reader(io.StringIO(duty.get("/forecasts/scores.csv").content.decode()[1:])))
    head, rows = lines[0], [line for line in lines[1:] if line[0] == "ST01"]
    minutes = head.index("预见期（分）")
    assert [row[minutes] for row in rows] == ["15", "30", "60"]
    assert float(rows[1][head.index("不变预报的")]) == pytest.approx(6.0, abs=0.1)
    assert any("由区间推算" in line[0] for line in lines)
    book = load_workbook(io.BytesIO(duty.get("/forecasts/scores.xlsx").content))
    assert len(book.worksheets) == 3
    assert [row[0] for row in book.worksheets[0].iter_rows(min_row=2, max_row=4, values_only=True)] == ["ST01"] * 3
    assert book.worksheets[2].cell(2, 5).value == 2


def copies(model, stream, other):
    for row in model.objects.in_world(LIVE).filter(datastream=stream):
        row.pk, row.id, row.datastream = None, None, other
        row.id = type(row)().id
        row._state.adding = True
        row.save()


def test_ten_stations_and_ten_days_cost_as_many_questions_as_one(duty):
    stream = scored()
    few = asked(duty)
    for n in range(10):
        other = make_stream(f"ST1{n}")
        for model in (ForecastDay, ForecastChance, ForecastCrossing):
            copies(model, stream, other)
    assert len(board.board(LIVE, board.Wanted.of({})).streams) == 11
    assert asked(duty) == few


def asked(client):
    page(client)
    with CaptureQueriesContext(connection) as seen:
        page(client)
    with CaptureQueriesContext(connection) as of_board:
        board.board(LIVE, board.Wanted.of({}))
    assert len(of_board) == 4
    return len(seen)


def test_streams_of_one_kind_are_summed_and_other_units_are_not(duty):
    stream = scored()
    for n, kind, unit in ((1, "water_depth", "m"), (2, "odd", "m"), (3, "odd", "kPa"), (4, "odd", "kPa")):
        copies(ForecastDay, stream, make_stream(f"ST1{n}", kind=kind, unit=unit))
    found = board.board(LIVE, board.Wanted.of({})).kinds
    assert [(each.kind, each.shown.unit, each.at(900).errors.n) for each in found] == [
        ("odd", "m", 1), ("odd", "kPa", 2), ("water_depth", "cm", 2),
    ]  # fmt: skip


def test_dots_lie_on_the_diagonal_where_chances_are_right():
    found = reliability(classes_of([0.2] * 10 + [0.8] * 10, [1] * 2 + [0] * 8 + [1] * 8 + [0] * 2))
    low, high = drawing.dots(found)
    assert (low.x, low.y) == (drawing.x_of(0.2), drawing.y_of(0.2))
    assert (high.x, high.y) == (drawing.x_of(0.8), drawing.y_of(0.8))
    assert (low.is_off, high.is_off, low.r == high.r) == (False, False, True)
