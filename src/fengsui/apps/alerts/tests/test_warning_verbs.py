"""Warnings through their verbs on PostgreSQL: row, audit, event, clocks; and on refusal nothing at all."""

from __future__ import annotations

import threading

import pytest
from django.db import IntegrityError, connection, connections
from django.db.transaction import atomic

from fengsui.apps.alerts import actions
from fengsui.apps.alerts.models import Bulletin, Call, Delivery, Warning
from fengsui.apps.alerts.tests import make
from fengsui.apps.alerts.tests.make import NOW, SYSTEM, later, make_warning, signal
from fengsui.core.models import AuditRow, Clock, StoredEvent
from fengsui.core.worlds import LIVE, sign
from fengsui.kernel.errors import FengsuiError, Forbidden, Invalid, Refused
from fengsui.kernel.levels import Level


def said() -> list[str]:
    return list(StoredEvent.objects.order_by("id").values_list("name", flat=True))


def open_clocks() -> list[str]:
    rows = Clock.objects.in_world(LIVE).filter(state="running")
    return sorted({row.kind.removeprefix("alerts.") for row in rows})


def everything() -> tuple[int, ...]:
    tables = (Warning, Bulletin, Delivery, Call, Clock)
    counts = [table.objects.in_world(LIVE).count() for table in tables]
    return (*counts, StoredEvent.objects.count(), AuditRow.objects.count())


def test_signal_when_first_drafts_with_evidence_and_clock(town):
    row = signal(town, Level.ORANGE)
    assert (row.status, row.level, row.trigger, row.correlation) == ("draft", 3, "observed", SYSTEM.correlation)
    assert row.description == "07月28日02时46分，南两洞桥实测积水深度27厘米，达到橙色预警线（25厘米）。"
    assert "27 cm" in row.description_en
    assert row.evidence[0]["station"] == "ST01"
    assert said() == ["alerts.WarningDrafted", "core.ClockStarted"]
    assert open_clocks() == ["confirm"]
    clock = Clock.objects.in_world(LIVE).get()
    assert (clock.owner_post, clock.correlation) == (town.posts["bureau-duty"].pk, SYSTEM.correlation)


def test_signal_when_none_and_nothing_open_changes_nothing(town):
    assert signal(town, Level.NONE) is None
    assert everything() == (0,) * 7


def test_signal_when_higher_raises_the_draft(town):
    signal(town, Level.BLUE, value=0.11)
    row = signal(town, Level.RED, at=later(minutes=5), value=0.41)
    assert (row.level, row.status, row.version, len(row.evidence)) == (4, "draft", 2, 2)
    assert said()[-1] == "alerts.WarningRaised"
    assert Warning.objects.in_world(LIVE).count() == 1


def test_signal_when_older_is_only_evidence(town):
    signal(town, Level.ORANGE)
    row = signal(town, Level.BLUE, at=later(minutes=-5), value=0.12)
    assert (row.level, row.level_suggested, len(row.evidence)) == (3, 3, 2)


def test_signal_when_confirmed_and_rising_must_be_confirmed_again(town):
    row = make_warning(town, Level.YELLOW, "confirmed")
    row = signal(town, Level.ORANGE, at=later(minutes=2))
    assert row.status == "draft"
    assert open_clocks() == ["confirm"]


def test_signal_when_issued_and_rising_drafts_an_update(town, outlets):
    row = make_warning(town, Level.ORANGE, "issued")
    row = signal(town, Level.RED, at=later(minutes=2), value=0.42)
    assert (row.status, row.level, row.level_in_force) == ("revising", 4, 3)
    actions.confirm(warning_id=row.pk, by=town.by("赵明远"), now=later(minutes=3))
    update = actions.issue(warning_id=row.pk, by=town.by("孙丽"), now=later(minutes=4))
    first = Bulletin.objects.in_world(LIVE).get(sequence=1)
    assert (update.kind, update.msg_type, update.level, update.level_before) == ("update", "Update", 4, 3)
    assert update.references == f"{first.sender},{first.identifier},2026-07-28T02:46:40+08:00"


def test_signal_when_issued_and_calm_suggests_but_never_lifts(town, outlets):
    row = make_warning(town, Level.ORANGE, "issued")
    row = signal(town, Level.NONE, at=later(minutes=20), value=0.02)
    assert (row.status, row.level_suggested) == ("issued", 0)
    assert "lift" in open_clocks()
    signal(town, Level.ORANGE, at=later(minutes=25))
    assert "lift" not in open_clocks()


def test_signal_when_another_stream_is_still_high_keeps_the_suggestion(town, outlets):
    make_warning(town, Level.ORANGE, "issued")
    signal(town, Level.YELLOW, at=later(minutes=1), key="stream:8")
    row = signal(town, Level.NONE, at=later(minutes=20))
    assert row.level_suggested == 2
    assert "lift" not in open_clocks()


def test_confirm_when_on_duty_stamps_and_starts_the_clock_to_issue(town):
    row = make_warning(town, status="confirmed")
    assert (row.status, row.confirmed_by, row.confirmed_at) == ("confirmed", town.persons["赵明远"].pk, NOW)
    assert open_clocks() == ["issue"]
    closed = Clock.objects.in_world(LIVE).get(kind="alerts.confirm")
    assert (closed.state, closed.proof["verb"]) == ("met", "confirm")
    audit = AuditRow.objects.filter(verb="alerts.WarningConfirmed").get()
    assert audit.person_id == town.persons["赵明远"].pk


@pytest.mark.parametrize(
    ("who", "verb", "extra", "error"),
    [
        ("吴街道", "confirm", {}, Forbidden),
        ("王审计", "confirm", {}, Forbidden),
        ("吴街道", "reject", {"reason": "x"}, Forbidden),
        ("赵明远", "reject", {"reason": "  "}, Invalid),
        ("赵明远", "issue", {}, Forbidden),
        ("孙丽", "issue", {}, Refused),
        ("孙丽", "lift", {"reason": "x"}, Refused),
        ("赵明远", "cancel", {"reason": "x"}, Refused),
        ("赵明远", "keep", {"reason": "x"}, Refused),
        ("赵明远", "revise", {"reason": "x", "level": Level.ORANGE}, Refused),
        ("赵明远", "revise", {"reason": "", "level": Level.RED}, Invalid),
        ("赵明远", "send_back", {"reason": "x"}, Refused),
    ],
)
def test_verb_when_refused_leaves_nothing(town, who, verb, extra, error):
    row = make_warning(town)
    before = everything()
    with pytest.raises(error):
        getattr(actions, verb)(warning_id=row.pk, by=town.by(who), now=later(minutes=1), **extra)
    assert everything() == before
    assert Warning.objects.in_world(LIVE).get().status == "draft"


def test_issue_when_by_who_confirmed_an_orange_one_is_refused(town, outlets):
    row = signal(town, Level.ORANGE)
    actions.confirm(warning_id=row.pk, by=town.by("孙丽"), now=NOW)
    before = everything()
    with pytest.raises(Refused, match="second_person"):
        actions.issue(warning_id=row.pk, by=town.by("孙丽"), now=NOW)
    assert everything() == before
    assert actions.issue(warning_id=row.pk, by=town.by("李指挥"), now=NOW).level == 3


def test_issue_when_blue_may_be_by_who_confirmed(town, outlets):
    row = signal(town, Level.BLUE, value=0.11)
    actions.confirm(warning_id=row.pk, by=town.by("赵明远"), now=NOW)
    bulletin = actions.issue(warning_id=row.pk, by=town.by("赵明远"), now=NOW)
    assert bulletin.headline == "铁西区应急管理局发布内涝蓝色预警[Ⅳ级/一般]"


def test_issue_when_done_freezes_the_bulletin_with_deliveries_calls_and_clocks(town, outlets):
    row = make_warning(town, status="issued")
    bulletin = Bulletin.objects.in_world(LIVE).get()
    assert (row.status, row.level_in_force, row.issued_by) == ("issued", 3, town.persons["孙丽"].pk)
    assert bulletin.identifier == "21010600000100_20260728024640_0"
    assert bulletin.number == "预警〔2026〕0001 号"
    assert (bulletin.status, bulletin.msg_type, bulletin.references) == ("Actual", "Alert", "")
    deliveries = Delivery.objects.in_world(LIVE).filter(call=None)
    assert sorted(deliveries.values_list("outlet_id", flat=True)) == [
        "broadcast",
        "desk-screen",
        "media",
        "officers-mail",
        "public-feed",
    ]
    calls = list(Call.objects.in_world(LIVE).order_by("line", "turn").values_list("line", "name", "state"))
    assert calls == [
        ("territory", "周网格", "called"),
        ("territory", "吴街道", "waiting"),
        ("territory", "刘芳", "waiting"),
        ("traffic", "陈立", "called"),
    ]
    assert open_clocks() == ["acknowledge", "deliver", "reassess"]
    assert StoredEvent.objects.get(name="alerts.BulletinIssued").payload["area_code"] == "210106007"
    assert set(StoredEvent.objects.values_list("correlation", flat=True)) == {row.correlation}


def test_bulletin_when_changed_is_refused_by_the_database(town, outlets):
    make_warning(town, status="issued")
    for sql in ("UPDATE alerts_bulletin SET headline = 'x'", "DELETE FROM alerts_bulletin"):
        with pytest.raises(IntegrityError, match="append-only"), atomic(), connection.cursor() as cursor:
            cursor.execute(sql)


def test_identifier_when_several_in_one_second_and_the_eleventh(town, outlets):
    from fengsui.apps.alerts.actions.issuing import _identifier

    row = make_warning(town, status="issued")
    first = Bulletin.objects.in_world(LIVE).get()
    for n in range(1, 10):
        copy = Bulletin.objects.in_world(LIVE).get(pk=first.pk)
        copy.pk, copy.sequence, copy.number = None, n + 1, str(n)
        copy._state.adding = True
        copy.id = __import__("uuid").uuid4()
        copy.identifier = f"21010600000100_20260728024640_{n}"
        copy.save(force_insert=True)
    assert row.status == "issued"
    assert _identifier("21010600000100", NOW)[0] == "21010600000100_20260728024641_0"


def test_revise_when_level_changed_needs_a_new_confirmation(town):
    row = make_warning(town, status="confirmed")
    row = actions.revise(warning_id=row.pk, reason="现场更深", level=Level.RED, by=town.by("钱值班"), now=NOW)
    assert (row.status, row.level, row.version, row.confirmed_by) == ("draft", 4, 2, None)
    assert row.description == "07月28日02时46分，南两洞桥实测积水深度27厘米，经研判发布红色预警。"
    assert row.evidence[-1]["text"] == "现场更深"
    assert open_clocks() == ["confirm"]
    assert "现场更深" in AuditRow.objects.get(verb="alerts.WarningRevised").facts


def test_revise_when_only_words_keep_the_level(town):
    row = make_warning(town)
    row = actions.revise(
        warning_id=row.pk,
        reason="加绕行",
        texts={"instruction": "请绕行云峰街。", "status": "issued"},
        by=town.by("赵明远"),
        now=NOW,
    )
    assert (row.level, row.instruction, row.status, row.version) == (3, "请绕行云峰街。", "draft", 2)


def test_send_back_when_confirmed_returns_to_draft(town):
    row = make_warning(town, status="confirmed")
    row = actions.send_back(warning_id=row.pk, reason="范围写错", by=town.by("孙丽"), now=NOW)
    assert (row.status, row.confirmed_by) == ("draft", None)
    assert open_clocks() == ["confirm"]


def test_reject_when_false_alarm_closes_all_and_a_new_crossing_drafts_anew(town):
    row = make_warning(town)
    actions.reject(warning_id=row.pk, reason="溅水", by=town.by("赵明远"), now=NOW)
    assert open_clocks() == []
    again = signal(town, Level.RED, at=later(minutes=1))
    assert again.pk != row.pk


def test_keep_when_reassessed_starts_the_next_one(town, outlets):
    row = make_warning(town, status="issued")
    signal(town, Level.RED, at=later(minutes=1))
    row = actions.keep(warning_id=row.pk, reason="浪涌", by=town.by("赵明远"), now=later(minutes=2))
    assert (row.status, row.level, row.level_in_force) == ("issued", 3, 3)
    assert "confirm" not in open_clocks()
    assert "reassess" in open_clocks()


def test_lift_when_over_sends_an_all_clear_with_the_chain(town, outlets):
    row = make_warning(town, status="issued")
    signal(town, Level.NONE, at=later(minutes=30), value=0.01)
    bulletin = actions.lift(warning_id=row.pk, reason="吴街道 03:20 看过", by=town.by("孙丽"), now=later(minutes=40))
    row = Warning.objects.in_world(LIVE).get()
    assert (row.status, bulletin.kind, bulletin.msg_type) == ("lifted", "all_clear", "Update")
    assert b"<responseType>AllClear</responseType>" in bytes(bulletin.sent_xml)
    assert b"<urgency>Past</urgency>" in bytes(bulletin.sent_xml)
    first = Bulletin.objects.in_world(LIVE).get(sequence=1)
    assert first.identifier in bulletin.references
    assert said().count("alerts.WarningLifted") == 1
    assert open_clocks() == ["deliver"]
    assert set(Call.objects.in_world(LIVE).values_list("state", flat=True)) == {"spared"}


def test_lift_when_orange_is_not_for_the_duty_officer_alone(town, outlets):
    row = make_warning(town, status="issued")
    with pytest.raises(Forbidden):
        actions.lift(warning_id=row.pk, reason="x", by=town.by("赵明远"), now=later(minutes=40))


def test_cancel_when_sent_in_error_says_why_in_the_note(town, outlets):
    row = make_warning(town, status="issued")
    bulletin = actions.cancel(warning_id=row.pk, reason="接线错误", by=town.by("赵明远"), now=later(minutes=3))
    assert (bulletin.msg_type, bulletin.kind) == ("Cancel", "cancel")
    assert "<note>接线错误</note>".encode() in bytes(bulletin.sent_xml)
    assert Warning.objects.in_world(LIVE).get().status == "cancelled"
    assert "reassess" not in open_clocks()


def test_draft_by_hand_when_the_place_has_one_is_refused(town):
    make_warning(town)
    with pytest.raises(Refused, match="already_open"):
        actions.draft_by_hand(
            place_id=town.place.pk,
            hazard="waterlogging",
            level=Level.BLUE,
            reason="电话",
            by=town.by("赵明远"),
            now=NOW,
        )
    row = actions.draft_by_hand(
        place_id=town.other.pk,
        hazard="waterlogging",
        level=Level.BLUE,
        reason="群众来电",
        by=town.by("赵明远"),
        now=NOW,
    )
    assert (row.trigger, row.drafted_by) == ("report", town.persons["赵明远"].pk)
    assert row.description == "兴顺街北段出现内涝险情。群众来电"


def test_exercise_when_issued_is_marked_and_separate(town, outlets):
    world = make.make_exercise()
    make_warning(town, status="issued", world=world.pk)
    bulletin = Bulletin.objects.in_world(world).get()
    assert (bulletin.status, bulletin.number) == ("Exercise", f"{sign(world.pk)}预警〔2026〕0001 号")
    assert bulletin.headline.startswith("【演练】")
    assert "演练消息" in bytes(bulletin.sent_xml).decode()
    assert Warning.objects.in_world(LIVE).count() == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("verb", ["confirm", "issue"])
def test_verb_when_two_people_press_at_once_happens_once(verb):
    town = make.make_town()
    row = make_warning(town, Level.ORANGE, "draft" if verb == "confirm" else "confirmed")
    pressers = ["赵明远", "钱值班"] if verb == "confirm" else ["孙丽", "李指挥"]
    actors = [town.by(name) for name in pressers]
    start, results = threading.Barrier(2), []

    def press(by) -> None:
        start.wait()
        try:
            getattr(actions, verb)(warning_id=row.pk, by=by, now=later(minutes=1))
            results.append("done")
        except FengsuiError as error:
            results.append(error.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=press, args=[by]) for by in actors]
    for each in threads:
        each.start()
    for each in threads:
        each.join(20)
    assert sorted(results) == ["done", f"warning.{verb}.wrong_state"]
    name = {"confirm": "alerts.WarningConfirmed", "issue": "alerts.BulletinIssued"}[verb]
    assert said().count(name) == 1
    assert Bulletin.objects.in_world(LIVE).count() == (verb == "issue")


@pytest.mark.django_db(transaction=True)
def test_signal_when_two_jobs_see_the_place_first_drafts_once():
    town = make.make_town()
    start, done = threading.Barrier(2), []

    def run(key: str) -> None:
        start.wait()
        try:
            done.append(signal(town, Level.YELLOW, key=key).pk)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[f"stream:{n}"]) for n in (1, 2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(20)
    assert len(done) == 2
    assert len(set(done)) == 1
