"""The whole story: every event once and in order, its clocks, its figures, whatever is filtered or paged."""

import io
from datetime import timedelta
from itertools import pairwise

import openpyxl
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fengsui.apps.incidents.tests.make import NOW
from fengsui.apps.reviews import chain, measure, rules, spent, telling
from fengsui.apps.reviews.tests.test_reviews import ended, enter
from fengsui.apps.sensing.models import Datastream, Observation, Station
from fengsui.catalog.indicators import Fact, indicators, result
from fengsui.core.events import ClockPaused
from fengsui.core.models import Clock, ClockPause, StoredEvent, World
from fengsui.core.record import announce
from fengsui.core.tests.declared import events
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Actor

__all__ = ["ended"]

pytestmark = pytest.mark.django_db
NO_STORY = {"alerts.RecipientsTaken"}
"""Of the register of numbers as a whole: about no warning and no incident."""
NAMES = [
    "sensing.ThresholdCrossed",
    "alerts.WarningDrafted",
    "alerts.BulletinIssued",
    "alerts.DeliverySent",
    "alerts.PersonCalled",
    "incidents.Noted",
    "incidents.ReportSent",
    "command.ResponseEnded",
    "command.TaskStarted",
    "command.OrderMoved",
    "command.RoadClosed",
    "core.ClockStarted",
    "reviews.ReviewOpened",
    "nowhere.Heard",
]


def happen(incident, name, seconds=0, world=LIVE, correlation=None, person=None, **payload):
    return StoredEvent.objects.create(
        name=name, payload=payload, world_id=world, about_type="x.y", about_id="1", person_id=person,
        correlation=correlation or incident.correlation, at=NOW + timedelta(seconds=seconds),
    )  # fmt: skip


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from(NAMES), st.integers(-500, 500), st.booleans()), max_size=30), st.integers(1, 7)
)
def test_story_holds_every_event_once_and_in_order_when_paged_and_split(ended, told, size):
    with transaction.atomic():
        _tell_and_check(ended, told, size)
        transaction.set_rollback(True)


def _tell_and_check(ended, told, size):
    before = StoredEvent.objects.filter(correlation=ended.correlation).count()
    made = []
    for name, seconds, mine in told:
        person = ended.opened_by if mine else None
        made.append(happen(ended, name, seconds, person=person))
    drill = World.objects.create(kind="exercise", name="别的")
    happen(ended, "incidents.Noted", world=drill.pk, text="另一世界")
    happen(ended, "incidents.Noted", correlation=drill.pk, text="另一链")
    every = list(chain.events_of(ended))
    paged = [row for start in range(0, len(every), size) for row in chain.events_of(ended)[start : start + size]]
    assert [row.pk for row in paged] == [row.pk for row in every]
    assert len(every) == before + len(made)
    assert all((a.at, a.pk) < (b.at, b.pk) for a, b in pairwise(every))
    found = chain.choices(ended)
    assert found.total == len(every)
    split = [row.pk for code, n in found.groups for row in _counted(chain.events_of(ended, group=code), n)]
    assert sorted(split) == sorted(row.pk for row in every)
    by_org = [row.pk for key, _name, n in found.orgs for row in _counted(chain.events_of(ended, org=key), n)]
    assert sorted(by_org) == sorted(row.pk for row in every if row.person_id is None or row.person_id in _known())
    rows = chain.present(every, ended, "/room/")
    assert [row.number for row in rows] == [row.pk for row in every]
    assert all(row.text for row in rows)


def _counted(rows, n):
    listed = list(rows)
    assert len(listed) == n
    return listed


def _known():
    from fengsui.apps.people.models import Person

    return set(Person.objects.values_list("pk", flat=True))


def test_every_event_below_has_words_and_a_group_when_it_can_stand_in_a_story():
    for name in set(events()) - NO_STORY:
        if name.split(".")[0] in ("alerts", "incidents", "command", "forecasts", "reviews") or name.startswith(
            "core.Clock"
        ):
            assert name in telling.SAID or name in telling.REST, name
            assert rules.group_of(name) != "other", name


def test_page_shows_objects_and_asks_as_often_when_the_story_is_long(ended, actors, client):
    page = f"/reviews/{ended.pk}/timeline"
    client = enter(client, actors, "duty")
    text = client.get(page).content.decode()
    for wanted in ("/orders/", "/clocks/", "开始复盘", "全部经过"):
        assert wanted in text
    with CaptureQueriesContext(connection) as few:
        client.get(page)
    for n in range(250):
        happen(ended, "incidents.Noted", n, person=actors["duty"].person, text=f"第{n}笔", incident_id=str(ended.pk))
    with CaptureQueriesContext(connection) as many:
        body = client.get(page).content.decode()
    assert len(many) == len(few)
    assert "第 1 页" in body
    assert "第249笔" in client.get(f"{page}?page=99").content.decode()
    assert "第249笔" not in client.get(f"{page}?group=clock&page=99").content.decode()
    assert "没有这样的经过" in client.get(f"{page}?group=road").content.decode()
    assert client.get(f"{page}?org=nonsense&group=nonsense").status_code == 200


def test_crossing_shows_the_readings_around_it_when_told(ended):
    station = Station.objects.create(
        world_id=LIVE, code="S1", name="站", location="POINT(123.35 41.8)", provenance="illustrative"
    )
    stream = Datastream.objects.create(world_id=LIVE, station=station, kind="water_depth", unit="m", topic="t/1")
    start = timezone.now().replace(microsecond=0)
    from fengsui.apps.sensing import actions as sensing

    sensing.make_partitions(start)
    for n in range(10):
        at = start + timedelta(minutes=n)
        Observation.objects.create(datastream=stream, at=at, value=n / 10, received_at=at, flags=int(n == 4))
    event = happen(
        ended, "sensing.ThresholdCrossed", datastream=stream.pk, at=(start + timedelta(minutes=5)).isoformat(),
        first_at=start.isoformat(), unit="m",
        station_code="S1", station_name="站", value=0.5, level_from="none", level_to="blue",
    )  # fmt: skip
    row = next(each for each in chain.present(list(chain.events_of(ended)), ended, "") if each.number == event.pk)
    assert [(it.value, it.flagged, it.is_it) for it in row.readings] == [
        (0.2, False, False), (0.3, False, False), (0.4, True, False),
        (0.5, False, True), (0.6, False, False), (0.7, False, False),
    ]  # fmt: skip
    assert row.page == "/stations/S1/"


def test_clock_counts_its_pauses_and_each_kind_its_sums_when_reviewed(ended, actors, client):
    clock = Clock.objects.in_world(LIVE).filter(correlation=ended.correlation, kind="command.accept").first()
    begun = clock.started_at
    ClockPause.objects.create(clock=clock, started_at=begun, ended_at=begun + timedelta(seconds=40), reason="等核实")
    rows = spent.clocks_of(ended, NOW + timedelta(hours=1))
    assert len(rows) == Clock.objects.in_world(LIVE).filter(correlation=ended.correlation).count()
    row = next(each for each in rows if each.clock.pk == clock.pk)
    assert (row.paused_s, row.reasons) == (40, ("等核实",))
    sums = {each.kind: each for each in spent.sums(rows)}
    assert sum(each.count for each in sums.values()) == len(rows)
    assert sums["command.accept"].paused_s == 40
    page = f"/reviews/{ended.pk}/clocks"
    client = enter(client, actors, "duty")
    assert f"/clocks/{clock.pk}/" in client.get(page).content.decode()
    with CaptureQueriesContext(connection) as few:
        client.get(page)
    for n in range(40):
        Clock.objects.create(
            world_id=LIVE, kind="command.task", slot=f"n{n}", about_type="x.y", about_id="1", label="多一只",
            owner_role="duty_officer",
            correlation=ended.correlation, started_at=NOW, due_at=NOW, limit_s=60,
        )  # fmt: skip
    with CaptureQueriesContext(connection) as many:
        client.get(page)
    assert len(many) == len(few)
    answer = client.get(f"{page}.xlsx")
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    first, second = book.worksheets
    assert first.max_row >= len(rows) + 40 + 1
    assert second.max_row == len({each.clock.kind for each in rows} | {"command.task"}) + 1
    assert clock.label in [cell.value for cell in first["B"]]


@pytest.mark.parametrize(
    ("values", "p50", "p90"), [([], 0, 0), ([5], 5, 5), ([1, 2, 3, 4], 2, 4), (range(1, 101), 50, 90)]
)
def test_percentile_is_a_value_that_occurred_when_asked(values, p50, p90):
    assert (rules.percentile(list(values), 50), rules.percentile(list(values), 90)) == (p50, p90)


def called(incident, n, *, answered, late=0.0, seconds=0):
    about = {"bulletin_id": "b", "person_id": f"p{n}", "call_id": f"c{n}"}
    happen(incident, "alerts.PersonCalled", seconds, line="street", turn=1, **about)
    if answered:
        happen(incident, "alerts.PersonAnswered", seconds + 60, on_behalf=False, took_s=60, **about)
        happen(incident, "core.ClockClosed", seconds + 60, kind="alerts.acknowledge", slot=f"p{n}", about_id="b",
               late_s=late,
               took_s=60, clock_id="00000000-0000-4000-8000-000000000009")  # fmt: skip


def test_figure_equals_its_records_on_page_and_file_when_clicked_through(ended, actors, client):
    for n in range(5):
        called(ended, n, answered=n < 4, late=30.0 if n == 0 else 0.0)
    figure = next(each for each in measure.of_incident(ended) if each.indicator.code == "answered_in_time")
    assert (figure.result.numerator, figure.result.denominator) == (3, 4)
    facts = [
        Fact(row.pk, row.name, row.at, str(row.correlation), row.payload)
        for row in StoredEvent.objects.filter(correlation=ended.correlation)
    ]
    assert result(indicators()["answered_in_time"], facts) == figure.result
    client = enter(client, actors, "duty")
    page = f"/reviews/indicators/answered_in_time/?incident={ended.pk}"
    for part, count in (("met", 3), ("counted", 4), ("left_out", 1), ("", 5)):
        body = client.get(f"{page}&part={part}").content.decode()
        assert body.count("<tr data-row>") == count, part
    for number in (number for item in figure.result.items for number in item.records):
        assert f"#{number}<" in client.get(page).content.decode()
    book = openpyxl.load_workbook(
        io.BytesIO(client.get(f"/reviews/indicators/answered_in_time.xlsx?incident={ended.pk}").content)
    )
    numbers = {
        int(n) for row in book.worksheets[0].iter_rows(min_row=2, values_only=True) for n in str(row[7] or "").split()
    }
    assert numbers == {number for item in figure.result.items for number in item.records}
    assert enter(client, actors, "street2").get(page).status_code == 404
    assert client.get("/reviews/indicators/").status_code == 403


def test_period_counts_what_began_in_it_and_asks_as_often_when_longer(ended, actors, client):
    called(ended, 1, answered=True)
    called(ended, 2, answered=True, seconds=-400 * 86400)
    client = enter(client, actors, "duty")
    day = timezone.localtime(NOW).date()
    page = f"/reviews/indicators/?since={day}&until={day}"
    with CaptureQueriesContext(connection) as few:
        body = client.get(page).content.decode()
    assert "叫应按时应答率" in body
    measured = measure.of_period(LIVE, NOW - timedelta(days=1), NOW + timedelta(days=1))
    assert next(each.result.denominator for each in measured.figures if each.indicator.code == "answered_in_time") == 1
    for n in range(30):
        called(ended, n + 10, answered=True)
    with CaptureQueriesContext(connection) as many:
        client.get(page)
    assert len(many) == len(few)
    assert client.get("/reviews/indicators/?since=2026-12-31&until=2026-01-01&hazard=y").status_code == 200
    refused = client.get("/reviews/indicators/?since=2026-13-45")
    assert refused.status_code == 422
    assert "“从”没有这个日期或时刻：2026-13-45" in refused.content.decode()
    assert client.get("/reviews/indicators/nothing/").status_code == 404


def test_pause_is_told_when_it_stands_in_the_story(ended):
    clock = Clock.objects.in_world(LIVE).filter(correlation=ended.correlation).first()
    with transaction.atomic():
        announce(ClockPaused(clock.pk, clock.kind, "等"), about=clock,
                 by=Actor(world=LIVE, system="t", correlation=ended.correlation))  # fmt: skip
    rows = chain.present(list(chain.events_of(ended, group="clock")), ended, "")
    assert any("暂停" in row.text and row.page == f"/clocks/{clock.pk}/" for row in rows)
