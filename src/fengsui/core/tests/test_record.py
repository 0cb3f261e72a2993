"""The record: one transaction or nothing; the database itself refuses changes."""

import importlib
import json
import threading
from dataclasses import asdict, dataclass
from uuid import uuid4

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from fengsui.core import record
from fengsui.core.audit_check import faults
from fengsui.core.live import CHANNEL
from fengsui.core.models import AuditHead, AuditRow, StoredEvent, World
from fengsui.core.record import NotInTransaction, announce, rebuild
from fengsui.core.record_many import Told, announce_many
from fengsui.core.tests.make import Happened, happened, make_person, make_world, reacting, sql
from fengsui.core.worlds import LIVE
from fengsui.kernel.errors import FengsuiError

GUARDED = ["core_storedevent", "core_auditrow", "core_auditcheckpoint", "core_clockfiring"]


def live():
    return World.objects.get(pk=LIVE)


def react(event, by):
    """A handler that these tests register and never run."""


def counts():
    return [model.objects.count() for model in (StoredEvent, AuditRow, AuditHead, ProcrastinateJob)]


def undone(expected=None):
    """Announce, look, and roll back."""
    with transaction.atomic():
        announce(happened(), about=live(), by=make_person(), topics=("never",))
        assert expected is None or counts() == expected()
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_announce_writes_event_audit_and_job_when_called():
    by, event, about = make_person(reason="复核"), happened(posts=(uuid4(),)), live()
    with reacting(react) as handler:
        number = announce(event, about=about, by=by, before={"state": "draft"}, after={"state": "open"})
    stored = StoredEvent.objects.get(pk=number)
    assert (stored.name, stored.about_type, stored.about_id) == ("core.Happened", "core.world", str(LIVE))
    assert (stored.person_id, stored.world_id, stored.correlation) == (by.person, LIVE, by.correlation)
    row = AuditRow.objects.get(event=stored)
    assert (row.subject, row.n, row.verb, row.prev_hash) == (f"core.world:{LIVE}", 1, "core.Happened", "")
    assert (row.person_id, row.correlation, row.at) == (by.person, by.correlation, stored.at)
    facts = json.loads(row.facts)
    assert facts["before"] == {"state": "draft"}
    assert facts["after"] == {"state": "open"}
    assert facts["payload"] == stored.payload
    assert (facts["source"], facts["reason"], facts["posts"]) == ("10.1.2.3", "复核", [str(*by.posts)])
    job = ProcrastinateJob.objects.latest("id")  # jobs of committing tests stay: the flush does not know their table
    assert (job.task_name, job.args) == ("core.handle_event", {"event_id": number, "handler": handler})


@pytest.mark.django_db
def test_chain_is_linked_when_one_subject_is_announced_again():
    by, about = make_person(), live()
    for _ in range(3):
        announce(happened(), about=about, by=by)
    rows = list(AuditRow.objects.order_by("n"))
    assert [row.n for row in rows] == [1, 2, 3]
    assert [row.prev_hash for row in rows] == ["", rows[0].hash, rows[1].hash]
    head = AuditHead.objects.get()
    assert (head.n, head.hash) == (3, rows[2].hash)
    assert len({row.hash for row in rows}) == 3


@pytest.mark.django_db
def test_stored_rows_are_the_same_when_the_database_hashed_and_when_we_did():
    by, at = make_person(reason='复核 "二"\n'), timezone.now()
    payload = record.plain(happened(word="水深\t\\"))
    facts = record.canonical({"payload": payload, "before": {}, "after": {"x": "\x7f"}})
    found = []
    for write in (record._write, lambda *all_: record._write_in_two(*all_, "")):
        with transaction.atomic():
            for _ in range(3):
                stored = payload if write is record._write else json.dumps(payload, ensure_ascii=False)
                write("core.Happened", stored, facts, "core.world", str(LIVE), at, by)
            rows = AuditRow.objects.order_by("n").values_list("n", "facts", "algorithm", "prev_hash", "hash", "verb")
            events = StoredEvent.objects.order_by("pk").values_list("name", "payload", "about_id", "at", "system")
            found.append((list(rows), list(events), list(AuditHead.objects.values_list())))
            assert list(faults()) == []
            transaction.set_rollback(True)
    assert found[0] == found[1]
    assert [row[0] for row in found[0][0]] == [1, 2, 3]


@pytest.mark.django_db
def test_chain_is_whole_when_it_is_hashed_by_sm3_and_goes_on_by_sha256(settings):
    by = make_person()
    for algorithm in ("sm3", "sm3", "sha256", "sm3"):
        settings.FENGSUI_HASH = algorithm
        announce(happened(), about=live(), by=by)
    assert list(AuditRow.objects.order_by("n").values_list("algorithm", flat=True)) == ["sm3", "sm3", "sha256", "sm3"]
    assert list(faults()) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("algorithm", ["sha256", "sm3"])
def test_chain_never_forks_when_many_write_to_new_and_old_subjects_at_once(algorithm, settings):
    """Four writers, one of two transactions rolled back: those that waited for it begin the chain themselves."""
    settings.FENGSUI_HASH = algorithm
    by, gate, about = make_person(), threading.Barrier(4), [World(pk=uuid4()) for _ in range(12)]

    def write():
        try:
            for n, each in enumerate(about):
                gate.wait()
                for undo in (True, False):
                    with transaction.atomic():
                        announce(happened(), about=each, by=by)
                        transaction.set_rollback(undo and n % 2 == 0)
        finally:
            connection.close()

    writers = [threading.Thread(target=write) for _ in range(4)]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    assert sorted(AuditHead.objects.values_list("n", flat=True)) == [4] * 6 + [8] * 6
    assert AuditRow.objects.count() == 72
    assert list(faults()) == []


@pytest.mark.django_db
def test_inner_parts_are_plain_when_an_event_holds_some():
    @dataclass
    class Outer:
        inner: Happened
        several: tuple[Happened, ...]

    event = happened()
    assert record.plain(Outer(event, (event,))) == {"inner": record.plain(event), "several": [record.plain(event)]}
    assert record.plain(event) == record.plain(asdict(event))


@pytest.mark.django_db
def test_event_comes_back_in_its_types_when_rebuilt():
    event = happened(posts=(uuid4(), uuid4()))
    number = announce(event, about=live(), by=make_person())
    assert rebuild(StoredEvent.objects.get(pk=number)) == event


@pytest.mark.django_db
def test_nothing_remains_when_the_transaction_rolls_back():
    before = counts()
    with reacting(react):
        undone(lambda: [each + 1 for each in before])
    assert counts() == before


@pytest.mark.django_db(transaction=True)
def test_announce_refuses_when_outside_a_transaction():
    before = counts()
    with pytest.raises(NotInTransaction) as refused:
        announce(happened(), about=live(), by=make_person())
    assert refused.value.code == "core.announce.not_in_transaction"
    assert counts() == before


@pytest.mark.django_db
def test_announce_refuses_when_the_row_lives_in_another_world():
    from fengsui.core.tests.make import make_clock, make_rule

    make_rule()
    clock = make_clock(make_person())
    before = counts()
    with pytest.raises(FengsuiError) as refused:
        announce(happened(), about=clock, by=make_person(world=make_world().pk))
    assert refused.value.code == "core.announce.other_world"
    assert counts() == before


@pytest.mark.django_db(transaction=True)
def test_listeners_hear_topics_when_committed_and_nothing_when_rolled_back():
    facts = connection.settings_dict
    where = {"host": facts["HOST"], "port": facts["PORT"] or None, "dbname": facts["NAME"], "user": facts["USER"]}
    with psycopg.connect(**where, password=facts["PASSWORD"] or None, autocommit=True) as ear:
        ear.execute(f"LISTEN {CHANNEL}")
        undone()
        with transaction.atomic():
            announce(happened(), about=live(), by=make_person(), topics=("hall",))
            assert list(ear.notifies(timeout=0.2)) == []
        heard = [json.loads(notice.payload) for notice in ear.notifies(timeout=30, stop_after=1)]
    assert heard == [{"w": str(LIVE), "t": ["core", f"core.world:{LIVE}", "desk", "hall"]}]


@pytest.mark.django_db
def test_many_are_kept_each_in_its_chain_where_one_batch_is_of_several():
    one, other, keys = make_person(), make_person(), [str(uuid4()) for _ in range(3)]
    told = [
        Told(happened(), "core.world", key, {}, {}, by=who) for key, who in zip(keys, (None, other, one), strict=True)
    ]
    with transaction.atomic():
        assert announce_many(told, by=one, topics=tuple(f"alerts.bulletin:{uuid4()}" for _ in range(200))) == 3
    rows = {row.subject: row for row in AuditRow.objects.filter(subject__in=[f"core.world:{key}" for key in keys])}
    for key, who in zip(keys, (one, other, one), strict=True):
        row = rows[f"core.world:{key}"]
        event = StoredEvent.objects.get(pk=row.event_id)
        assert (row.correlation, row.person_id) == (event.correlation, event.person_id) == (who.correlation, who.person)
    assert list(faults()) == []


@pytest.mark.django_db
@pytest.mark.parametrize("table", GUARDED)
def test_tables_refuse_when_rows_are_changed_removed_or_truncated(table):
    """Made again by the migration itself inside this transaction: the suite's flush needs the truncate guard away."""
    sql("DROP FUNCTION core_refuse_change() CASCADE")
    sql(importlib.import_module("fengsui.core.migrations.0002_append_only_and_live_world").triggers())
    sql("SET CONSTRAINTS ALL IMMEDIATE")  # the deferred keys of rows made below would keep TRUNCATE waiting
    make_one_row_everywhere()
    column = {"core_storedevent": "name", "core_auditrow": "verb"}.get(table, "id")
    for change in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            sql(change)
    assert sql(f"SELECT count(*) FROM {table}") == [(1,)]


def make_one_row_everywhere():
    from fengsui.core.audit_check import make_checkpoint
    from fengsui.core.models import Clock, ClockFiring
    from fengsui.core.tests.make import NOW

    by = make_person()
    announce(happened(), about=live(), by=by)
    make_checkpoint(NOW)
    clock = Clock.objects.create(
        world_id=LIVE, kind="k", about_type="a", about_id="b", label="x", owner_role="duty_officer",
        correlation=uuid4(), started_at=NOW, due_at=NOW, limit_s=1,
    )  # fmt: skip
    ClockFiring.objects.create(clock=clock, rung=0, at=NOW)


@pytest.mark.django_db
def test_guards_exist_when_the_migrations_have_run():
    """The row guards; those against TRUNCATE are taken away for the suite by the root conftest."""
    found = sql("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE '%_append_only' AND tgenabled = 'O'")
    assert {each for (each,) in found} >= set(GUARDED)


def test_name_says_the_app_when_an_event_is_named():
    assert record.event_name(Happened) == "core.Happened"
    assert record.event_name(happened()) == "core.Happened"


def test_canonical_text_is_one_when_keys_come_in_any_order():
    assert record.canonical({"b": 1, "a": "水"}) == record.canonical({"a": "水", "b": 1}) == '{"a":"水","b":1}'
