"""Pages of the desk: whose clocks are shown to whom, what a press does, what leaves as a file."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.gis.geos import Point
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from fengsui.apps.desk import clocks, queries, telling
from fengsui.apps.desk.lists import CLOCKS
from fengsui.apps.desk.tests.make import actor_of, client_of, make_clock, make_officer, make_org
from fengsui.apps.sensing.models import CurrentValue, Datastream, Station
from fengsui.core import failed_jobs, proofs
from fengsui.core.find import keeping
from fengsui.core.ledger import listing
from fengsui.core.ledger.wanted import Wanted
from fengsui.core.models import AuditRow, Clock, ClockRuleRow, StoredEvent
from fengsui.core.tests.make import sql, unguarded
from fengsui.core.worlds import LIVE

pytestmark = pytest.mark.django_db


@pytest.fixture
def house():
    """A duty officer, a street officer of street A, another of street B, an auditor."""
    top = make_org("top", "government")
    bureau = make_org("bureau", "bureau", top)
    return {
        "duty": make_officer("duty", "duty_officer", bureau),
        "leader": make_officer("leader", "duty_leader", bureau),
        "a": make_officer("street-a", "street_officer", make_org("a", "subdistrict", top)),
        "b": make_officer("street-b", "street_officer", make_org("b", "subdistrict", top)),
        "auditor": make_officer("auditor", "auditor", bureau),
        "admin": make_officer("sysadmin", "system_admin", bureau),
    }


def shown(account, address: str = "/clocks/?view=all") -> str:
    answer = client_of(account).get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_inbox_shows_the_whole_district_when_the_role_is_of_the_district(house) -> None:
    make_clock(house["a"], label="甲街道的事")
    assert "甲街道的事" in shown(house["duty"])
    assert "甲街道的事" not in shown(house["duty"], "/clocks/?view=mine")


def test_inbox_hides_the_neighbour_when_the_role_is_of_one_street(house) -> None:
    make_clock(house["a"], label="甲街道的事")
    assert "甲街道的事" in shown(house["a"])
    assert "甲街道的事" not in shown(house["b"])


def test_clock_is_not_found_when_it_belongs_to_a_neighbour(house) -> None:
    clock = make_clock(house["a"])
    assert client_of(house["b"]).get(f"/clocks/{clock.pk}/").status_code == 404
    assert client_of(house["a"]).get(f"/clocks/{clock.pk}/").status_code == 200


def test_owner_is_the_person_alone_when_post_and_person_are_named(house) -> None:
    clock = make_clock(house["a"], owner_person=house["b"].person_id)
    mine = Clock.objects.in_world(clock.world_id)
    assert list(mine.filter(clocks.mine(actor_of(house["b"])))) == [clock]
    assert list(mine.filter(clocks.mine(actor_of(house["a"])))) == []


def test_filters_narrow_the_list_when_given(house) -> None:
    make_clock(house["a"], label="迟了的", ago_s=700)
    make_clock(house["b"], label="没迟的")
    late = shown(house["duty"], "/clocks/?view=all&late=1")
    assert "迟了的" in late
    assert "没迟的" not in late
    found = shown(house["duty"], "/clocks/?view=all&q=street-b某")
    assert "没迟的" in found
    assert "迟了的" not in found
    assert "没有符合的时限" in shown(house["duty"], "/clocks/?view=all&kind=nothing.known")


def test_list_answers_when_the_address_is_nonsense(house) -> None:
    for asked in ("?view=x&state=y&order=z&page=999", "?page=-1", "?q=" + "长" * 300):
        assert client_of(house["duty"]).get(f"/clocks/{asked}").status_code == 200


def test_zero_byte_is_refused_when_it_comes_in_an_address(house) -> None:
    for address in ("/clocks/?q=%00", "/find/?q=a%00b", "/incidents/?q=%00"):
        assert client_of(house["duty"]).get(address).status_code == 400


def test_pause_stops_the_clock_with_its_reason_when_a_duty_officer_presses(house) -> None:
    clock = make_clock(house["a"])
    answer = client_of(house["duty"]).post(f"/clocks/{clock.pk}/pause", {"reason": "等气象台"}, follow=True)
    assert "等气象台" in answer.content.decode()
    clock = Clock.objects.all_worlds("test").get(pk=clock.pk)
    assert (clock.state, clock.next_fire_at) == ("paused", None)
    row = AuditRow.objects.filter(subject=f"core.clock:{clock.pk}").order_by("-n").first()
    assert (row.verb, row.person_id, row.correlation) == (
        "core.ClockPaused",
        house["duty"].person_id,
        clock.correlation,
    )
    client_of(house["leader"]).post(f"/clocks/{clock.pk}/resume")
    assert Clock.objects.all_worlds("test").get(pk=clock.pk).state == "running"


def test_nothing_happens_when_the_reason_is_missing_or_the_role_may_not(house) -> None:
    clock = make_clock(house["a"])
    before = StoredEvent.objects.count()
    answer = client_of(house["duty"]).post(f"/clocks/{clock.pk}/pause", {"reason": " "}, follow=True)
    assert "暂停要写理由" in answer.content.decode()
    assert client_of(house["a"]).post(f"/clocks/{clock.pk}/pause", {"reason": "x"}).status_code == 403
    assert Clock.objects.all_worlds("test").get(pk=clock.pk).state == "running"
    assert StoredEvent.objects.count() == before


def test_second_press_is_told_the_state_when_two_people_pause(house) -> None:
    clock = make_clock(house["a"])
    client_of(house["duty"]).post(f"/clocks/{clock.pk}/pause", {"reason": "等"})
    answer = client_of(house["leader"]).post(f"/clocks/{clock.pk}/pause", {"reason": "也等"}, follow=True)
    assert "不能暂停" in answer.content.decode()
    assert StoredEvent.objects.filter(name="core.ClockPaused").count() == 1


def test_export_equals_the_list_and_runs_no_formula_when_opened(house) -> None:
    make_clock(house["a"], label="=HYPERLINK(1)")
    answer = client_of(house["duty"]).get("/clocks/list.csv?view=all")
    lines = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert lines[0][:3] == ["时限", "应办", "事由"]
    assert lines[1][2] == "'=HYPERLINK(1)"
    assert "示意数据" in lines[2][0]
    assert len(lines) == 3


def test_overdue_names_whom_to_call_and_no_number_when_others_are_late(house) -> None:
    make_clock(house["a"], ago_s=900)
    text = shown(house["duty"], "/desk/parts/overdue")
    assert "拨打street-a某" in text
    assert "11100001234" not in text


def test_next_act_is_the_earliest_of_mine_when_none_is_a_decision(house) -> None:
    make_clock(house["duty"], slot="1", label="后到")
    make_clock(house["duty"], slot="2", label="先到", ago_s=300)
    text = shown(house["duty"], "/desk/parts/act")
    assert "先到" in text
    assert "后到" not in text


def test_first_screen_is_the_phone_page_when_the_role_works_in_the_field(house) -> None:
    make_clock(house["a"], label="去看水")
    assert "去看水" in shown(house["a"], "/")
    assert 'class="phone wide"' in shown(house["a"], "/")
    assert 'class="phone"' not in shown(house["duty"], "/")


def test_audit_is_for_auditors_when_asked(house) -> None:
    for name, status in (("auditor", 200), ("duty", 403), ("admin", 403), ("a", 403)):
        for address in ("/audit/", "/audit/list.csv"):
            assert client_of(house[name]).get(address).status_code == status, (name, address)


def test_audit_finds_rows_when_filtered(house) -> None:
    clock = make_clock(house["a"], label="甲的事")
    find = client_of(house["auditor"]).get
    assert "时限 #1" in find(f"/audit/?subject=core.clock:{clock.pk}").content.decode()
    assert "没有符合的记录" in find("/audit/?verb=NothingEver").content.decode()
    assert "没有符合的记录" in find("/audit/?since=2099-01-01T00:00").content.decode()
    for bad in ("since=yesterday", "correlation=12", "until=2026-02-31"):
        assert find(f"/audit/?{bad}").status_code == 422, bad


def test_chain_of_a_subject_says_which_row_when_one_was_changed(house) -> None:
    clock = make_clock(house["a"])
    client_of(house["duty"]).post(f"/clocks/{clock.pk}/pause", {"reason": "等"})
    address = reverse("desk:audit-subject", args=[f"core.clock:{clock.pk}"])
    assert "2 条首尾相接" in client_of(house["auditor"]).get(address).content.decode()
    with unguarded("core_auditrow"):
        sql("UPDATE core_auditrow SET verb = 'core.Nothing' WHERE subject = %s AND n = 1", f"core.clock:{clock.pk}")
    text = client_of(house["auditor"]).get(address).content.decode()
    assert "这条链不完整" in text
    assert text.count("内容与校验值不符") == 1


def test_chain_page_tells_the_whole_when_asked_by_who_may(house) -> None:
    clock = make_clock(house["a"])
    assert client_of(house["duty"]).get(f"/chain/{clock.correlation}/").status_code == 200
    assert client_of(house["a"]).get(f"/chain/{clock.correlation}/").status_code == 403
    assert client_of(house["duty"]).get(f"/chain/{uuid4()}/").status_code == 404


def test_event_keeps_its_name_when_its_content_is_of_another_shape() -> None:
    assert telling.say(StoredEvent(name="alerts.WarningDrafted", payload={})) == "alerts.WarningDrafted"
    assert telling.say(StoredEvent(name="nobody.Knows", payload={})) == "nobody.Knows"


def test_pages_cost_the_same_queries_when_there_are_ten_times_the_clocks(house) -> None:
    def cost(address: str) -> int:
        client = client_of(house["duty"])
        client.get(address)
        with CaptureQueriesContext(connection) as seen:
            assert client.get(address).status_code == 200
        return len(seen)

    addresses = ("/", "/clocks/?view=all", "/desk/parts/mine", "/desk/parts/overdue")
    for n in range(3):
        make_clock(house["a"], slot=f"a{n}", ago_s=700)
        make_clock(house["duty"], slot=f"d{n}")
    few = {address: cost(address) for address in addresses}
    for n in range(3, 30):
        make_clock(house["a"], slot=f"a{n}", ago_s=700)
        make_clock(house["duty"], slot=f"d{n}")
    assert {address: cost(address) for address in addresses} == few


def test_search_keeps_inside_the_scope_when_a_street_looks_for_people(house) -> None:
    keeping.rebuild()  # the house was built without being announced
    assert "street-b某" in shown(house["duty"], "/find/?q=street-b")
    assert "street-b某" not in shown(house["a"], "/find/?q=street-b")
    assert "11100001234" not in shown(house["duty"], "/find/?q=street-b")


def test_failed_jobs_are_listed_and_settled_by_the_system_administrator_alone(house) -> None:
    ClockRuleRow.objects.create(kind="core.failed_job", limit_s=900, ladder=[])
    sql(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, attempts, priority) VALUES "
        "('events', 'core.handle_event', '{\"handler\": \"fengsui.apps.alerts.handlers.follow\"}', 'failed', 8, 0)"
    )
    [(job,)] = sql("SELECT max(id) FROM procrastinate_jobs")
    failed_jobs.watch(timezone.now())
    clock = Clock.objects.all_worlds("one").get()
    assert client_of(house["duty"]).get("/jobs/").status_code == 403
    page = shown(house["admin"], "/jobs/")
    assert "alerts.handlers.follow" in page
    assert "8 次" in page
    refused = client_of(house["admin"]).post(f"/jobs/{clock.pk}/write-off", {"reason": ""}, follow=True)
    assert "作废要写理由" in refused.content.decode()
    done = client_of(house["admin"]).post(f"/jobs/{clock.pk}/retry", follow=True).content.decode()
    assert f"作业 {job} 已交去重做" in done
    assert "没有未成的作业" in done


def test_burning_counts_all_and_shows_the_worst_when_stations_are_many(house) -> None:
    """Counted and chosen by the database: of 40 stations 12 are not normal, one of them red."""
    now = timezone.now()
    for n in range(40):
        station = Station.objects.create(
            world_id=LIVE, code=f"D{n:02d}", name=f"站{n:02d}", location=Point(123.3, 41.8), provenance="illustrative"
        )
        stream = Datastream.objects.create(
            world_id=LIVE, station=station, kind="water_depth", topic=f"d/{n}", unit="m", period_s=60,
            ladder={"blue": 0.1, "yellow": 0.2, "orange": 0.3, "red": 0.5},
        )  # fmt: skip
        level = 4 if n == 17 else 1 if n < 5 else 0
        at = now - timedelta(seconds=3600 if 30 <= n < 36 else 10)
        CurrentValue.objects.create(
            datastream=stream, at=at, value=9.9, flags=1, received_at=at, good_at=at, good_value=0.12, level=level
        )
    spots = queries.board(actor_of(house["duty"]), now, 4)
    assert [spot.code for spot in spots] == ["D17", "D00", "D01", "D02"]
    assert (spots[0].level, spots[0].value) == ("red", "12")  # the last trusted value, not the refused one
    page = shown(house["duty"], "/")
    assert "其余 28 处正常" in page
    assert "另有 4 处" in page
    assert "6 路断数" in page


def test_proofs_are_shown_with_their_clocks_and_the_desk_names_silent_parts_by_itself(house) -> None:
    now = timezone.now()
    proofs.prove("core.link", "clocks", at=now - timedelta(minutes=5), how="时限引擎循环")
    proofs.prove("core.link", "worker", at=now, how="作业办结")
    ClockRuleRow.objects.create(kind="core.link_silent", limit_s=600, ladder=[])
    assert "系统部件 1 处断" in shown(house["duty"], "/")
    proofs.watch(now)
    page = shown(house["admin"], "/proofs/?kind=core.link")
    assert "时限引擎循环" in page
    assert "失联 1" in page
    clock = Clock.objects.all_worlds("one").get(kind="core.link_silent")
    assert f"/clocks/{clock.pk}/" in page
    assert client_of(house["a"]).get("/proofs/").status_code == 403


def test_self_test_is_asked_for_once_and_by_who_may(house) -> None:
    assert client_of(house["a"]).post("/proofs/self-test").status_code == 403
    for _ in range(2):
        told = client_of(house["admin"]).post("/proofs/self-test", follow=True).content.decode()
        assert "不发任何消息" in told
    assert sql("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'alerts.self_test'") == [(1,)]


def test_desk_when_drawn_asks_once_for_what_several_panels_show(house):
    client = client_of(house["duty"])
    client.get("/")
    with CaptureQueriesContext(connection) as seen:
        assert client.get("/").status_code == 200
    asked = [each["sql"] for each in seen.captured_queries]
    repeated = {sql for sql in asked if asked.count(sql) > 1}
    assert not {sql for sql in repeated if "core_clock" in sql or "sensing_currentvalue" in sql}, repeated


def test_clocks_when_ordered_backwards_can_use_the_index(house):
    by = actor_of(house["duty"])

    def order(sort):
        wanted = Wanted.of(CLOCKS, QueryDict(f"sort={sort}"))
        return str(listing.ordered(CLOCKS, CLOCKS.rows(by), wanted).query).partition("ORDER BY")[2]

    assert '"due_at" DESC' in order("-due_at")
    assert "NULLS" not in order("-due_at")
    assert '"closed_at" DESC NULLS LAST' in order("-closed_at")


@pytest.mark.parametrize(
    ("asked", "narrowed"),
    [
        ("f.scope=org&f.org=a", {"scope": ("org",), "org": ("a",), "state": ("open",)}),
        ("f.scope=any&f.state=any", {}),
        ("f.scope=nonsense&f.late=1", {"scope": ("mine",), "late": ("1",), "state": ("open",)}),
    ],
)
def test_filters_when_a_view_is_only_named_ask_the_database_nothing(house, asked, narrowed):
    by = actor_of(house["a"])
    with CaptureQueriesContext(connection) as seen:
        assert Wanted.of(CLOCKS, QueryDict(asked)).narrowed(CLOCKS, by) == narrowed
    assert not seen.captured_queries
