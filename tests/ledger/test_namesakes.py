"""Two persons of one name in one organisation; and a number that an undo brings back although no record holds it."""

from __future__ import annotations

import pytest

from fengsui.apps.people.models import Organisation, Person
from fengsui.core.ledger import editing
from fengsui.core.ledger.check import Fault
from fengsui.core.ledger.register import register
from fengsui.core.ledger.words import sentence
from fengsui.core.models import AuditRow, StoredEvent
from tests.ledger.make import actor, bring, upload, workbook

HEAD = ["姓名", "工作单位", "工号", "手机"]


@pytest.fixture
def by(district):
    return actor("secadmin")


def held():
    rows = Person.objects.filter(name="王同名").order_by("staff_no", "phone")
    return list(rows.values_list("staff_no", "phone"))


def test_namesakes_are_told_apart_by_their_number_and_stay_who_they_are(by):
    rows = [["王同名", "bureau-core", "0012", "13800000001"], ["王同名", "bureau-core", "0013", "13800000002"]]
    bring("people", workbook([HEAD, *rows]), by)
    assert held() == [("0012", "13800000001"), ("0013", "13800000002")]
    again = upload("people", workbook([HEAD, *rows]), by)
    assert (again.found["fresh"], again.found["changed"], again.found["same"]) == (0, 0, 2)
    bring("people", workbook([HEAD, ["王同名", "bureau-core", "0013", "13800000009"]]), by)
    assert held() == [("0012", "13800000001"), ("0013", "13800000009")]


def test_row_says_how_to_tell_namesakes_apart_when_the_sheet_does_not(by):
    rows = [["王同名", "bureau-core", "0012", ""], ["王同名", "bureau-core", "0013", ""]]
    bring("people", workbook([HEAD, *rows]), by)
    found = upload("people", workbook([["姓名", "单位", "手机"], ["王同名", "bureau-core", "13800000001"]]), by)
    assert [fault[2] for fault in found.faults] == ["core.ledger.which_one"]
    found = upload("people", workbook([HEAD, [*rows[0][:2], "", ""]]), by)
    ((_n, column, code, facts),) = found.faults
    assert code == "core.ledger.which_one"
    assert "加一列“工号”" in sentence(register("people"), Fault(column, code, facts))


def test_number_is_added_to_who_had_none_when_only_one_bears_the_name(by):
    bring("people", workbook([HEAD, ["王同名", "bureau-core", "", "13800000001"]]), by)
    bring("people", workbook([HEAD, ["王同名", "bureau-core", "0012", "138****0001"]]), by)
    assert held() == [("0012", "13800000001")]
    bring("people", workbook([["姓名", "单位", "手机"], ["王同名", "bureau-core", "13800000007"]]), by)
    assert held() == [("0012", "13800000007")]


def test_one_of_two_namesakes_is_changed_on_his_page(by):
    org = Organisation.objects.get(code="bureau-core")
    one, two = (Person.objects.create(name="王同名", org=org, phone=f"1380000000{n}") for n in (1, 2))
    people = register("people")
    row = editing.read(people, str(one.pk), by)
    opened = editing.sign(editing.seen(people, row.values))
    given = {"staff_no": "0012", "phone": "138****0001", "provenance": "公开文件"}
    editing.change(register=people, row_id=str(one.pk), given=given, opened=opened, by=by)
    one.refresh_from_db()
    two.refresh_from_db()
    assert (one.staff_no, one.phone, two.staff_no, two.phone) == ("0012", "13800000001", "", "13800000002")


def test_undo_of_an_import_brings_the_number_back_and_no_record_ever_held_it(by):
    bring("people", workbook([HEAD, ["王同名", "bureau-core", "0012", "13812345678"]]), by)
    bring("people", workbook([HEAD, ["王同名", "bureau-core", "0012", "13987654321"]]), by)
    person = Person.objects.get(name="王同名")
    editing.undo(register=register("people"), row_id=str(person.pk), by=by)
    assert held() == [("0012", "13812345678")]
    written = " ".join([str(each.payload) for each in StoredEvent.objects.all()])
    written += " ".join(AuditRow.objects.values_list("facts", flat=True))
    for number in ("13812345678", "13987654321"):
        assert number not in written
