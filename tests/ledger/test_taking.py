"""From an uploaded sheet to the register: preview, choice, merge, record."""

from __future__ import annotations

import json

import pytest

from fengsui.apps.places.models import Place, Shelter
from fengsui.core.audit_check import faults
from fengsui.core.ledger import taking
from fengsui.core.models import AuditRow, LedgerState, StoredEvent, World
from fengsui.kernel.errors import Forbidden, NotFound, Refused
from tests.ledger.make import actor, bring, take, upload, workbook

HEAD = ["编号", "名称", "街道", "经度", "纬度", "类别", "有效面积（m²）", "人均面积", "最长开放天", "可容纳人数"]


def shelter(code="SX1", **over):
    row = {
        "编号": code,
        "名称": "新建小学操场",
        "街道": "启工街道",
        "经度": 123.345,
        "纬度": 41.806,
        "类别": "紧急避难场所",
        "有效面积（m²）": 1200,
        "人均面积": 1.5,
        "最长开放天": 3,
        "可容纳人数": 800,
        **over,
    }
    return [row[each] for each in HEAD]


def test_register_is_untouched_until_taken_when_sheet_is_sound(by):
    row = upload("shelters", workbook([HEAD, shelter()]), by)
    assert (row.state, row.found["fresh"], row.found["changed"], row.found["wrong"]) == ("checked", 1, 0, 0)
    assert not Place.objects.filter(code="SX1").exists()
    assert take(row, by).state == "taken"
    made = Shelter.objects.select_related("place").get(place__code="SX1")
    assert (made.place.kind, made.place.area.name, made.capacity, made.place.provenance) == (
        "shelter",
        "启工街道",
        800,
        "document",
    )
    assert (round(made.place.location.x, 6), round(made.place.location.y, 6)) == (123.345, 41.806)
    assert round(made.place.location_3857.x) == 13730703
    assert row.body is None or taking.find(row.pk, by).body is None


def test_each_row_is_announced_with_what_changed_when_taken(by):
    before = Shelter.objects.select_related("place").order_by("place__code")[0]
    sheet = workbook([["编号", "名称", "可容纳人数"], [before.place.code, before.place.name, before.capacity + 7]])
    assert bring("shelters", sheet, by).done == 1
    event = StoredEvent.objects.filter(name="core.RowChanged").get()
    assert event.payload["before"] == {"capacity": before.capacity}
    assert event.payload["after"] == {"capacity": before.capacity + 7}
    audit = AuditRow.objects.get(event=event)
    assert audit.subject == f"places.shelter:{before.pk}"
    assert json.loads(audit.facts)["reason"] == "表.xlsx"
    assert LedgerState.objects.get(register="shelters").rows == 1
    assert StoredEvent.objects.filter(name="core.SheetTaken").count() == 1
    assert list(faults()) == []


def test_nothing_changes_and_nothing_is_announced_when_taken_again(by):
    sheet = workbook([HEAD, shelter()])
    bring("shelters", sheet, by)
    count = StoredEvent.objects.count()
    again = upload("shelters", sheet, by)
    assert (again.found["fresh"], again.found["changed"], again.found["same"]) == (0, 0, 1)
    with pytest.raises(Refused, match="nothing_chosen"):
        take(again, by)
    assert StoredEvent.objects.count() == count


def test_sound_rows_wait_for_a_choice_when_another_is_wrong(by):
    row = upload("shelters", workbook([HEAD, shelter(), shelter("SX2", 可容纳人数="三十")]), by)
    assert (row.found["fresh"], row.found["wrong"]) == (1, 1)
    assert row.faults == [[3, "capacity", "core.ledger.not_number", {"text": "三十"}]]
    with pytest.raises(Refused, match="wrong_rows"):
        take(row, by)
    assert not Place.objects.filter(code="SX1").exists()
    assert take(row, by, skip_wrong=True).state == "taken"
    assert Place.objects.filter(code__in=["SX1", "SX2"]).count() == 1


def test_only_new_rows_are_written_when_only_they_were_chosen(by):
    old = Shelter.objects.select_related("place").order_by("place__code")[0]
    sheet = workbook([HEAD, shelter(), shelter(old.place.code, 名称="改名")])
    row = bring("shelters", sheet, by, changed=False)
    assert row.done == 1
    old.place.refresh_from_db()
    assert old.place.name != "改名"


def test_preview_is_made_anew_when_the_register_changed_meanwhile(by):
    old = Shelter.objects.select_related("place").order_by("place__code")[0]
    row = upload("shelters", workbook([["编号", "可容纳人数"], [old.place.code, old.capacity + 1]]), by)
    Shelter.objects.filter(pk=old.pk).update(capacity=old.capacity + 5)
    row = take(row, by)
    assert (row.state, row.found.get("moved")) == ("checked", True)
    assert Shelter.objects.get(pk=old.pk).capacity == old.capacity + 5
    assert take(row, by).state == "taken"
    assert Shelter.objects.get(pk=old.pk).capacity == old.capacity + 1


def test_columns_that_a_sheet_lacks_stay_as_they_are(by):
    old = Shelter.objects.select_related("place").order_by("place__code")[0]
    bring("shelters", workbook([["编号", "名称"], [old.place.code, "新名"]]), by)
    new = Shelter.objects.select_related("place").get(pk=old.pk)
    assert (new.place.name, new.capacity, new.place.location.coords) == (
        "新名",
        old.capacity,
        old.place.location.coords,
    )


def test_rows_outside_ones_area_are_wrong_when_imported(district):
    street = actor("street")
    other = Shelter.objects.exclude(place__area_id__in=[g.area for g in street.grants]).select_related("place")[0]
    row = upload("shelters", workbook([["编号", "名称"], [other.place.code, "不该改"]]), street)
    assert [fault[2] for fault in row.faults] == ["core.ledger.elsewhere"]


def test_new_row_outside_ones_area_is_refused_when_taken(district):
    street = actor("street")
    row = upload("shelters", workbook([HEAD, shelter(街道="昆明湖街道", 经度=123.262, 纬度=41.764)]), street)
    assert take(row, street).found["code"] == "core.ledger.outside"
    assert not Place.objects.filter(code="SX1").exists()


def test_strangers_and_exercises_are_kept_out_when_importing(by):
    with pytest.raises(Forbidden):
        upload("shelters", workbook([HEAD, shelter()]), actor("auditor"))
    drill = World.objects.create(kind="exercise", name="演练")
    with pytest.raises(Refused, match="exercise"):
        upload("shelters", workbook([HEAD, shelter()]), actor("leader", drill.pk))
    row = upload("shelters", workbook([HEAD, shelter()]), by)
    with pytest.raises(NotFound):
        take(row, actor("duty"))


def test_large_sheet_is_written_in_chunks_and_goes_on_when_killed_between(by, monkeypatch):
    monkeypatch.setattr(taking, "CHUNK", 3)
    monkeypatch.setattr(taking, "AT_ONCE_BYTES", 0)
    monkeypatch.setattr(taking.jobs, "start", lambda task, row, who: None)
    row = upload("shelters", workbook([HEAD, *[shelter(f"SY{n}") for n in range(8)]]), by)
    taking.check(row, by)
    row = taking.take(import_id=row.pk, by=by, now=row.uploaded_at)
    assert row.state == "taking"
    real, calls = taking.writing.write, []

    def killed(*args, **over):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*args, **over)

    monkeypatch.setattr(taking.writing, "write", killed)
    with pytest.raises(KeyboardInterrupt):
        taking.run(row, by)
    monkeypatch.setattr(taking.writing, "write", real)
    row = taking.find(row.pk, by)
    written = Place.objects.filter(code__startswith="SY").count()
    assert (row.state, row.done) == ("taking", written)
    assert 0 < written < 8
    taking.run(row, by)
    assert Place.objects.filter(code__startswith="SY").count() == 8
    assert (taking.find(row.pk, by).state, taking.find(row.pk, by).done) == ("taken", 8)
    assert StoredEvent.objects.filter(name="core.RowChanged").count() == 8
