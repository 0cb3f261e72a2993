"""verify-audit names the row, whatever an intruder with the database's password did."""

import json
import threading
from dataclasses import asdict

import pytest
from django.db import connections
from django.db.transaction import atomic
from django.utils import timezone
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fengsui.core import audit_check, record
from fengsui.core.audit_check import faults, make_checkpoint
from fengsui.core.models import AuditCheckpoint, AuditRow, World
from fengsui.core.record import announce
from fengsui.core.record_text import digest, row_text
from fengsui.core.tests.make import happened, make_person, make_world, sql, unguarded
from fengsui.core.worlds import LIVE

pytestmark = pytest.mark.django_db
SUBJECT = f"core.world:{LIVE}"


@pytest.fixture
def chain():
    """Five rows about the live world, two about an exercise; returns the exercise's subject."""
    by, live = make_person(), World.objects.get(pk=LIVE)
    other = make_world()
    for _ in range(2):
        announce(happened(), about=other, by=by)
    for _ in range(5):
        announce(happened(), about=live, by=by)
    return f"core.world:{other.pk}"


def named():
    return [(fault.kind, fault.subject, fault.n) for fault in faults()]


def test_record_is_whole_when_nobody_touched_it(chain, capsys):
    make_checkpoint(timezone.now())
    assert named() == []
    assert audit_check.main([]) == 0
    assert "7 条审计记录，2 条链，0 处不符" in capsys.readouterr().out


@pytest.mark.parametrize(
    "change",
    [
        "verb = 'core.Other'",
        "person_id = NULL",
        "system = 'clock engine'",
        "at = at + interval '1 second'",
        "correlation = '00000000-0000-4000-8000-00000000000f'",
        "facts = replace(facts, '0.27', '0.07')",
        "facts = 'no facts at all'",
        "hash = repeat('0', 64)",
        "prev_hash = repeat('0', 64)",
        "algorithm = 'sha512'",
        "world_id = (SELECT id FROM core_world WHERE kind = 'exercise')",
    ],
)
def test_changed_row_is_named_when_any_column_was_touched(chain, change):
    with unguarded("core_auditrow"):
        assert sql(f"UPDATE core_auditrow SET {change} WHERE subject = %s AND n = 3", SUBJECT) == 1
    assert ("changed", SUBJECT, 3) in named()


def test_row_is_named_when_it_was_put_onto_another_event(chain):
    with unguarded("core_auditrow"):
        sql(
            "UPDATE core_auditrow SET event_id = (SELECT event_id FROM core_auditrow WHERE subject = %s AND n = 2) "
            "WHERE subject = %s AND n = 3",
            *(SUBJECT, SUBJECT),
        )
    assert {(kind, subject) for kind, subject, _ in named()} == {("event", SUBJECT)}


@pytest.mark.parametrize("facts", ["no facts at all", "[]", '{"payload":1}', '{"payload":{}}'])
def test_row_is_named_when_its_facts_were_forged_together_with_its_hash(chain, facts):
    """And nothing ends the check before the others are looked at."""
    with unguarded("core_auditrow"):
        sql("UPDATE core_auditrow SET facts = %s WHERE subject = %s AND n = 5", facts, SUBJECT)
        [row] = [each for each in audit_check._rows([SUBJECT]) if each[0] == 5]
        forged = audit_check._hashed("sha256", row[10], row)
        sql("UPDATE core_auditrow SET hash = %s WHERE subject = %s AND n = 5", forged, SUBJECT)
    sql("UPDATE core_audithead SET hash = %s WHERE subject = %s", forged, SUBJECT)
    sql("UPDATE core_audithead SET n = 3 WHERE subject = %s", chain)
    assert sorted(named()) == [("event", SUBJECT, 5), ("removed", chain, 3)]


@pytest.mark.parametrize("side", ["before", "after"])
def test_changed_event_is_named_when_what_it_says_now_stands_elsewhere_in_the_facts(side):
    stored = record.plain(asdict(happened(depth_m=0.07)))
    announce(happened(), about=World.objects.get(pk=LIVE), by=make_person(), **{side: {"payload": stored}})
    assert named() == []
    with unguarded("core_storedevent"):
        sql("UPDATE core_storedevent SET payload = %s", json.dumps(stored))
    assert named() == [("event", SUBJECT, 1)]


@settings(deadline=None)  # what a machine has to do besides is no fault
@given(n=st.integers(1, 2**63 - 1), texts=st.lists(st.text(), min_size=8, max_size=8), prev=st.text("0123456789abcdef"))
@example(n=1, texts=['\x7f\x1f\b\f\n\r\t"\\/', "\u2028\u2029", "水\U0001f30a", "", "", "", "", ""], prev="")
@pytest.mark.parametrize("algorithm", ["sha256", "sm3"])
def test_text_is_hashed_as_it_was_written_when_it_holds_any_character(algorithm, n, texts, prev):
    said = audit_check._hashed(algorithm, prev, (n, *texts, "beyond the text"))
    assert said == digest(algorithm, prev, row_text(n, *texts))


def test_record_is_whole_when_its_rows_lie_in_another_order_than_their_numbers(chain, monkeypatch):
    """As after a copy from elsewhere: doubt is no fault."""
    monkeypatch.setattr(audit_check, "ALL", f"{audit_check.ALL} DESC")
    assert audit_check._doubtful() == ({SUBJECT, chain}, False)
    assert named() == []


def test_changed_event_is_named_when_its_audit_row_was_left(chain):
    with unguarded("core_storedevent"):
        sql(
            "UPDATE core_storedevent SET payload = jsonb_set(payload, '{depth_m}', '0.07') "
            "WHERE id = (SELECT event_id FROM core_auditrow WHERE subject = %s AND n = 2)",
            SUBJECT,
        )
    assert named() == [("event", SUBJECT, 2)]


@pytest.mark.parametrize(("was", "now"), [("1", "true"), ("1", "1.0"), ("12345678901234567890123", "1e22")])
def test_changed_event_is_named_when_only_the_sort_of_a_value_is_another(was, now):
    by = make_person()
    announce(happened(depth_m=json.loads(was)), about=World.objects.get(pk=LIVE), by=by)
    assert named() == []
    with unguarded("core_storedevent"):
        sql("UPDATE core_storedevent SET payload = jsonb_set(payload, '{depth_m}', %s)", now)
    assert named() == [("event", SUBJECT, 1)]


@pytest.mark.parametrize(
    "change",
    [
        "name = 'core.Other'",
        "at = at + interval '1 second'",
        "person_id = NULL",
        "system = 'clock engine'",
        "correlation = '00000000-0000-4000-8000-00000000000f'",
        "about_type = 'core.clock'",
        "about_id = '00000000-0000-4000-8000-00000000000f'",
    ],
)
def test_changed_event_is_named_when_any_of_its_columns_was_touched(chain, change):
    with unguarded("core_storedevent"):
        sql(
            f"UPDATE core_storedevent SET {change} "
            "WHERE id = (SELECT event_id FROM core_auditrow WHERE subject = %s AND n = 2)",
            SUBJECT,
        )
    assert named() == [("event", SUBJECT, 2)]


def test_event_is_named_when_it_was_put_into_another_world(chain):
    with unguarded("core_storedevent"):
        sql(
            "UPDATE core_storedevent SET world_id = (SELECT id FROM core_world WHERE kind = 'exercise') "
            "WHERE id = (SELECT event_id FROM core_auditrow WHERE subject = %s AND n = 2)",
            SUBJECT,
        )
    assert named() == [("event", SUBJECT, 2)]


def test_removed_row_is_named_when_it_was_in_the_middle(chain):
    with unguarded("core_auditrow"):
        sql("DELETE FROM core_auditrow WHERE subject = %s AND n = 3", SUBJECT)
    assert ("removed", SUBJECT, 3) in named()


def test_removed_row_is_named_when_the_rows_behind_it_were_renumbered(chain):
    with unguarded("core_auditrow"):
        sql("DELETE FROM core_auditrow WHERE subject = %s AND n = 3", SUBJECT)
        for n in (4, 5):
            sql("UPDATE core_auditrow SET n = n - 1 WHERE subject = %s AND n = %s", SUBJECT, n)
    assert {("inserted", SUBJECT, 3), ("removed", SUBJECT, 5)} <= set(named())


def test_removed_row_is_named_when_it_was_the_last(chain):
    with unguarded("core_auditrow"):
        sql("DELETE FROM core_auditrow WHERE subject = %s AND n = 5", SUBJECT)
    assert ("removed", SUBJECT, 5) in named()


def test_removed_row_is_named_when_its_head_was_set_back_too(chain):
    """The head is not guarded: the event that lost its audit row, and the checkpoint, still tell."""
    make_checkpoint(timezone.now())
    with unguarded("core_auditrow"):
        sql("DELETE FROM core_auditrow WHERE subject = %s AND n = 5", SUBJECT)
    sql(
        "UPDATE core_audithead SET n = 4, hash = (SELECT hash FROM core_auditrow WHERE subject = %s AND n = 4) "
        "WHERE subject = %s",
        *(SUBJECT, SUBJECT),
    )
    found = list(faults())
    assert [(each.kind, each.subject) for each in found[:1]] == [("event", SUBJECT)]
    assert found[-1].kind == "checkpoint"
    assert "封存 7 条，现有 6 条" in found[-1].detail


def test_inserted_row_is_named_when_put_behind_the_last(chain):
    sql(
        "INSERT INTO core_auditrow (subject, n, event_id, at, verb, person_id, system, world_id, correlation, facts, "
        "algorithm, prev_hash, hash) SELECT subject, 6, event_id, at, verb, person_id, system, world_id, correlation, "
        "facts, algorithm, hash, repeat('a', 64) FROM core_auditrow WHERE subject = %s AND n = 5",
        SUBJECT,
    )
    assert {("changed", SUBJECT, 6), ("inserted", SUBJECT, 6)} <= set(named())


def test_inserted_chain_is_named_when_it_has_no_head(chain):
    sql(
        "INSERT INTO core_auditrow (subject, n, event_id, at, verb, person_id, system, world_id, correlation, facts, "
        "algorithm, prev_hash, hash) SELECT 'core.world:made-up', 1, event_id, at, verb, person_id, system, world_id, "
        "correlation, facts, algorithm, '', hash FROM core_auditrow WHERE subject = %s AND n = 1",
        SUBJECT,
    )
    assert {("changed", "core.world:made-up", 1), ("inserted", "core.world:made-up", 1)} <= set(named())


def test_removed_chain_is_named_when_only_its_rows_went(chain):
    with unguarded("core_auditrow"):
        sql("DELETE FROM core_auditrow WHERE subject = %s", chain)
    assert ("removed", chain, 1) in named()


def test_removed_chain_is_named_when_its_head_went_with_it_after_a_checkpoint(chain):
    make_checkpoint(timezone.now())
    with unguarded("core_auditrow"):
        sql("DELETE FROM core_auditrow WHERE subject = %s", chain)
    sql("DELETE FROM core_audithead WHERE subject = %s", chain)
    found = list(faults())
    assert {(each.kind, each.subject) for each in found[:-1]} == {("event", chain)}
    assert found[-1].kind == "checkpoint"
    assert "封存 7 条，现有 5 条" in found[-1].detail


def test_checkpoint_tells_when_rows_head_and_events_all_went(chain):
    """Nothing is left that could name the chain; that something is gone is still said."""
    make_checkpoint(timezone.now())
    with unguarded("core_auditrow"), unguarded("core_storedevent"):
        sql("DELETE FROM core_auditrow WHERE subject = %s", chain)
        sql("DELETE FROM core_storedevent WHERE about_type || ':' || about_id = %s", chain)
    sql("DELETE FROM core_audithead WHERE subject = %s", chain)
    [fault] = faults()
    assert fault.kind == "checkpoint"


def test_set_back_head_is_named_when_rows_were_left(chain):
    sql("UPDATE core_audithead SET hash = repeat('b', 64) WHERE subject = %s", SUBJECT)
    assert named() == [("head", SUBJECT, 5)]


def test_changed_checkpoint_is_named_when_it_was_touched(chain):
    point = make_checkpoint(timezone.now())
    make_checkpoint(timezone.now())
    with unguarded("core_auditcheckpoint"):
        sql("UPDATE core_auditcheckpoint SET rows = rows - 1 WHERE id = %s", point.pk)
    assert [kind for kind, _, n in named() if n == point.pk] == ["checkpoint"]


def test_checkpoint_holds_when_it_was_made_in_local_time(chain):
    assert make_checkpoint(timezone.localtime()) is not None
    assert named() == []


def test_no_checkpoint_is_made_when_nothing_is_on_record():
    assert make_checkpoint(timezone.now()) is None
    assert AuditCheckpoint.objects.count() == 0
    assert AuditRow.objects.count() == 0


def test_command_ends_with_one_when_something_is_wrong(chain, capsys):
    sql("UPDATE core_audithead SET hash = '' WHERE subject = %s", SUBJECT)
    assert audit_check.main([]) == 1
    assert f"✗ head       {SUBJECT} 第 5 条" in capsys.readouterr().out


@pytest.mark.django_db(transaction=True)
def test_record_is_whole_when_it_is_checked_while_others_write():
    """A fault that is none would accuse somebody: heads and chains are read as of one moment."""
    by, live, stop, wrong = make_person(), World.objects.get(pk=LIVE), threading.Event(), []

    def write() -> None:
        while not stop.is_set():
            with atomic():
                announce(happened(), about=live, by=by)
        connections.close_all()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(30):
            wrong += named()
    finally:
        stop.set()
        writer.join()
    assert AuditRow.objects.count() > 1  # how many depends on the machine
    assert wrong == []
