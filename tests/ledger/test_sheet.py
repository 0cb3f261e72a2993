"""A register worked in like a sheet: cells, many rows, pasting, taking back; and the model it must equal."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fengsui.apps.people.models import Person
from fengsui.apps.places.models import Place, Shelter
from fengsui.apps.resources.models import Team
from fengsui.core.audit_check import faults
from fengsui.core.ledger import bulk, editing, pasting, steps, taking
from fengsui.core.ledger.editing import Conflict, Faulty
from fengsui.core.ledger.register import register
from fengsui.core.models import StoredEvent
from fengsui.kernel.errors import Forbidden, Invalid, NotFound, Refused
from tests.ledger.make import actor, take, upload
from tests.ledger.test_properties import restored

SLOW = settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture
def teams(by):
    return list(Team.objects.order_by("code")[:4])


def cell(row, code, text, by, was=None, name="teams"):
    into = register(name)
    held = editing.read(into, str(row.pk), by)
    before = editing.typed(into.by_code[code], held.values[code]) if was is None else was
    work = {"register": into, "row_id": str(row.pk), "code": code, "text": text, "was": before}
    return steps.recorded(into, by, "cell", lambda who: editing.set_cell(by=who, **work))


def many(by, *, kind="set", rows=(), query="", column="", text="", reason="", name="teams"):
    asked = {"rows": [str(row.pk) for row in rows], "query": query, "column": column, "text": text, "reason": reason}
    return bulk.ask(register=register(name), by=by, kind=kind, **asked)


def press(step, by):
    done = bulk.press(step_id=step.pk, by=by, now=timezone.now())
    done.refresh_from_db()
    return done


def undo(step, by):
    done = steps.undo(step_id=step.pk, by=by, now=timezone.now())
    done.refresh_from_db()
    return done


def people_of(rows):
    return list(Team.objects.filter(pk__in=[row.pk for row in rows]).order_by("code").values_list("people", flat=True))


def test_two_editors_of_one_cell_are_told_and_neither_is_overwritten(by, teams):
    team = teams[0]
    was, mine, hers = (str(team.people + more) for more in (0, 1, 2))
    cell(team, "people", hers, by, was)
    with pytest.raises(Conflict) as told:
        cell(team, "people", mine, actor("duty"), was)
    assert (told.value.was, told.value.theirs, told.value.mine) == ({"people": was}, {"people": hers}, {"people": mine})
    assert people_of([team]) == [int(hers)]
    cell(team, "people", mine, actor("duty"), hers)
    assert people_of([team]) == [int(mine)]


def test_cell_is_judged_like_a_form_and_its_neighbours_stay_when_changed(by, teams):
    team = teams[0]
    before = Team.objects.filter(pk=team.pk).values().get()
    with pytest.raises(Faulty) as bad:
        cell(team, "people", "三十", by)
    assert [fault.code for fault in bad.value.faults] == ["core.ledger.not_number"]
    for code in ("code", "nonsense"):
        with pytest.raises(Invalid):
            cell(team, code, "X", by, "")
    with pytest.raises(Forbidden):
        cell(team, "people", "9", actor("auditor"))
    step = cell(team, "people", "77", by)
    assert step.sample == [[str(team.pk), team.name, {"people": before["people"]}, {"people": 77}]]
    assert Team.objects.filter(pk=team.pk).values().get() == {**before, "people": 77}
    assert cell(team, "people", "77", by) is None


def test_steps_are_taken_back_and_brought_again_in_any_row_that_stands(by, teams):
    first, second = teams[:2]
    was = people_of(teams)
    one, two = cell(first, "people", "61", by), cell(second, "people", "62", by)
    into = register("teams")
    assert steps.last(into, by).pk == two.pk
    assert steps.last(into, actor("duty")) is None
    with pytest.raises(NotFound):
        undo(one, actor("duty"))
    assert undo(two, by).state == "undone"
    assert (people_of(teams), steps.last(into, by).pk) == ([61, *was[1:]], one.pk)
    back = steps.newest(into, by)
    assert back.kind == "undo"
    undo(back, by)
    assert (people_of(teams)[:2], steps.last(into, by).pk) == ([61, 62], two.pk)
    cell(second, "people", "63", actor("duty"), "62")
    done = undo(two, by)
    assert (done.left, people_of(teams)[1]) == (1, 63)
    with pytest.raises(Refused, match="nothing_to_undo"):
        undo(two, by)


def test_telephone_number_comes_back_though_no_record_holds_it_when_taken_back(by):
    person = Person.objects.exclude(phone="").order_by("name")[0]
    was = person.phone
    into = register("people")
    shown = editing.typed(into.by_code["phone"], editing.seen(into, {"phone": was})["phone"])
    step = cell(person, "phone", "13900001234", by, shown, name="people")
    assert "13900001234" not in str(list(StoredEvent.objects.values_list("payload", flat=True)))
    assert "13900001234" not in str(step.sample)
    undo(step, by)
    person.refresh_from_db()
    assert person.phone == was


def test_preview_of_many_rows_says_what_would_change_and_why_not(by, teams):
    teams[0].people = 55
    teams[0].save(update_fields=["people"])
    events = StoredEvent.objects.count()
    step = many(by, rows=teams, column="people", text="55")
    assert (step.state, step.found) == ("checked", {"change": 3, "same": 1, "wrong": 0})
    assert StoredEvent.objects.count() == events
    done = press(step, by)
    assert (done.state, done.done, people_of(teams)) == ("done", 3, [55] * 4)
    assert StoredEvent.objects.filter(correlation=step.pk).count() == 3
    assert undo(done, by).left == 0
    assert people_of(teams) == [55, *[team.people for team in teams[1:]]]
    assert list(faults()) == []
    with pytest.raises(Faulty):
        many(by, rows=teams, column="people", text="许多")
    with pytest.raises(Invalid):
        many(by, rows=teams, column="code", text="X")
    with pytest.raises(Refused, match="nothing_chosen"):
        many(by, query="f.level=nowhere", column="people", text="1")
    with pytest.raises(Forbidden):
        many(actor("auditor"), rows=teams, column="people", text="1")


def test_all_rows_of_a_filter_are_meant_when_none_is_chosen(by):
    count = Team.objects.filter(level="street").count()
    step = many(by, query="f.level=street", column="assembly_min", text="7")
    assert step.total == count
    press(step, by)
    assert set(Team.objects.filter(level="street").values_list("assembly_min", flat=True)) == {7}
    assert 7 not in Team.objects.exclude(level="street").values_list("assembly_min", flat=True)


def test_rows_that_would_leave_ones_area_are_named_before_anything_is_written(district):
    street = actor("street")
    rows = list(register("shelters").rows(street)[:3])
    step = many(street, rows=rows, column="area", text="昆明湖街道", name="shelters")
    assert (step.found["change"], step.found["wrong"]) == (0, len(rows))
    assert {fault[3] for fault in step.faults} == {"core.ledger.outside"}
    with pytest.raises(Refused, match="nothing_chosen"):
        press(step, street)


def test_preview_is_made_anew_when_the_register_moved(by, teams):
    step = many(by, rows=teams, column="people", text="88")
    cell(teams[0], "people", "3", actor("duty"))
    again = press(step, by)
    assert (again.state, again.found["moved"], 88 in people_of(teams)) == ("checked", True, False)
    assert press(again, by).done == 4


def test_many_rows_go_out_of_use_with_a_reason_and_come_back_in_one_step(by, teams):
    with pytest.raises(Refused, match="needs_reason"):
        many(by, kind="retire", rows=teams)
    step = many(by, kind="retire", rows=teams, reason="撤编")
    free = step.found["change"]
    assert free + step.found["wrong"] == 4
    assert all(fault[3] == "core.ledger.still_used" for fault in step.faults)
    done = press(step, by)
    in_use = register("teams").retire.in_use(Team.objects.filter(pk__in=[team.pk for team in teams]))
    assert (done.done, done.left, in_use.count()) == (free, 4 - free, 4 - free)
    undo(done, by)
    assert in_use.count() == 4


def test_killed_bulk_goes_on_where_it_was(by, teams, monkeypatch):
    monkeypatch.setattr(bulk, "CHUNK", 2)
    step = many(by, rows=teams, column="people", text="91")
    real, calls = bulk.writing.write, []

    def killed(*args, **over):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*args, **over)

    monkeypatch.setattr(bulk.writing, "write", killed)
    with pytest.raises(KeyboardInterrupt):
        press(step, by)
    monkeypatch.setattr(bulk.writing, "write", real)
    step.refresh_from_db()
    assert (step.state, step.done, sorted(people_of(teams)).count(91)) == ("doing", 2, 2)
    bulk.run(step, by)
    step.refresh_from_db()
    assert (step.state, step.done, people_of(teams)) == ("done", 4, [91] * 4)
    undo(step, by)
    assert people_of(teams) == [team.people for team in teams]


def sheet(by, text, ids=(), at="", name="teams", cols=("name", "people", "assembly_min")):
    into = register(name)
    return pasting.sheet_of(into, by, text, [into.by_code[code] for code in cols], [str(each) for each in ids], at)


def test_pasted_cells_are_known_by_heading_by_place_and_by_order(by, teams):
    with_heading = f"编号\t人数\n{teams[0].code}\t31\n{teams[1].code}\t32\n"
    at_a_cell = "33\t5\n34\t6"
    in_the_box = f"{teams[0].code}\t{teams[0].name}\t35\t8"
    for text, ids, at, how, want in (
        (with_heading, (), "", pasting.HEADING, [31, 32]),
        (at_a_cell, [team.pk for team in teams[:2]], "people", pasting.PLACE, [33, 34]),
        ("37", [teams[0].pk], "people", pasting.PLACE, [37]),
        (in_the_box, (), "", pasting.ORDER, [35]),
    ):
        keyed = ("name", "people", "code") if text == "37" else ("name", "people", "assembly_min")
        body, known = sheet(by, text, ids, at, cols=keyed)
        assert known == how
        row = upload("teams", body, by, "粘贴.csv")
        assert (row.state, row.faults) == ("checked", []), row.found
        take(row, by)
        assert people_of(teams[: len(want)]) == want
        undo(steps.find(row.pk, by), by)
        assert people_of(teams[: len(want)]) == [team.people for team in teams[: len(want)]]


def test_pasted_rows_that_hang_over_or_are_wrong_are_told_row_by_row(by, teams):
    body, _how = sheet(by, "1\t2\n许多\t3\n4\t5", [team.pk for team in teams[:2]], "people")
    row = upload("teams", body, by, "粘贴.csv")
    assert {(number, code) for number, _column, code, _facts in row.faults} == {
        (3, "core.ledger.not_number"),
        (4, "core.ledger.required"),
    }
    for empty in ("", "\n\t\n"):
        with pytest.raises(Invalid, match="paste_empty"):
            sheet(by, empty)


def test_quoted_cells_of_the_clipboard_keep_their_breaks(by):
    assert pasting.rows_of('甲\t"一\n二"\r\n乙\t"他说""好"""\r\n') == [["甲", "一\n二"], ["乙", '他说"好"']]


ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("cell"), st.integers(0, 3), st.sampled_from(["people", "assembly_min"]), st.integers(1, 60)),
        st.tuples(st.just("bulk"), st.integers(1, 4), st.sampled_from(["people", "assembly_min"]), st.integers(1, 60)),
        st.tuples(st.just("undo"), st.just(0), st.just(""), st.just(0)),
        st.tuples(st.just("redo"), st.just(0), st.just(""), st.just(0)),
    ),
    min_size=1,
    max_size=9,
)


@SLOW
@given(acts=ACTS)
def test_any_sequence_of_changes_and_takings_back_equals_the_model(by, acts):
    """The model is a plain table, a stack of what was done, and a stack of what was taken back since."""
    into, columns = register("teams"), ("people", "assembly_min")
    rows = list(Team.objects.order_by("code")[:4])

    def held():
        keys = [row.pk for row in rows]
        return [list(each) for each in Team.objects.filter(pk__in=keys).order_by("code").values_list(*columns)]

    def work():
        model, done, undone = held(), [], []
        for kind, where, code, value in acts:
            if kind in {"cell", "bulk"}:
                at, meant = columns.index(code), [where] if kind == "cell" else list(range(where))
                was = {n: model[n][at] for n in meant if model[n][at] != value}
                if kind == "cell":
                    cell(rows[where], code, str(value), by)
                else:
                    step = many(by, rows=[rows[n] for n in meant], column=code, text=str(value))
                    assert step.found["change"] == len(was)
                    if was:
                        press(step, by)
                for n in was:
                    model[n][at] = value
                if was:
                    done.append((at, was, value))
                    undone.clear()
            elif kind == "undo":
                step = steps.last(into, by)
                assert (step is None) == (not done)
                if step:
                    undo(step, by)
                    at, was, put = done.pop()
                    undone.append((at, was, put))
                    for n, before in was.items():
                        model[n][at] = before
            else:
                newest = steps.newest(into, by)
                back = newest if newest and newest.kind == "undo" else None
                assert (back is None) == (not undone)
                if back:
                    undo(back, by)
                    at, was, put = undone.pop()
                    done.append((at, was, put))
                    for n in was:
                        model[n][at] = put
            assert held() == model

    restored(work)


def test_mended_sheet_with_remarks_is_taken_when_brought_again(by):
    import io

    from openpyxl import load_workbook

    from fengsui.core.ledger import export
    from tests.ledger.make import workbook
    from tests.ledger.test_taking import HEAD, shelter

    row = upload(
        "shelters", workbook([["避难场所上报表"], HEAD, shelter("RM1"), shelter("RM2", 可容纳人数="许多")]), by
    )
    assert row.found["wrong"] == 1
    opened, found = taking.all_faults(row, by)
    told = export.remarked(opened, found, register("shelters"), bytes(taking.find(row.pk, by).body))
    book = load_workbook(io.BytesIO(told))
    page = book.active
    column = HEAD.index("可容纳人数") + 1
    assert page.cell(2, len(HEAD) + 1).value == "问题与改法"
    assert "不是数字" in page.cell(4, len(HEAD) + 1).value
    assert page.cell(4, column).fill.fgColor.rgb.endswith("F8D7DA")
    assert page.cell(4, column).comment.text
    assert page.cell(3, len(HEAD) + 1).value in (None, "")
    page.cell(4, column).value = 900
    out = io.BytesIO()
    book.save(out)
    again = upload("shelters", out.getvalue(), by)
    assert (again.state, again.found["fresh"], again.faults, again.found["ignored"]) == ("checked", 2, [], [])
    take(again, by)
    assert Place.objects.filter(code__startswith="RM").count() == 2
    assert Shelter.objects.get(place__code="RM2").capacity == 900


def test_steps_words_stand_on_the_button_of_the_list(district, teams):
    from tests.contracts.story import client_of

    client = client_of("leader")
    where = f"/registers/teams/rows/{teams[0].pk}/cell?cols=name,people"
    sent = {"column": "people", "value": "66", "was": str(teams[0].people)}
    answer = client.post(where, sent)
    assert answer.status_code == 200
    assert f"{teams[0].name} 人数 {teams[0].people} → 66" in answer.content.decode()
    assert client.post(where, sent).status_code == 409
    assert client.post(where, {**sent, "was": "66", "value": "x"}).status_code == 422
    page = client.get("/registers/teams/").content.decode()
    back = re.search(r'action="(/registers/steps/[^"]+/undo)"', page)[1]
    assert client.post(back, {"back": "sort=name"}).headers["Location"] == "/registers/teams/?sort=name"
    assert people_of(teams[:1]) == [teams[0].people]
