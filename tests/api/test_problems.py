"""Refusals in the user's words, pages that stand still, versions, and feeds for who already has them."""

from __future__ import annotations

from datetime import timedelta

import orjson
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from lxml import etree

from fengsui.apps.alerts import actions
from fengsui.apps.alerts.models import Bulletin, Warning
from fengsui.apps.incidents.models import Incident
from fengsui.apps.sensing.models import CurrentValue, Datastream, Observation
from fengsui.core.worlds import LIVE
from tests.api.programs import Program, program
from tests.contracts.story import REASON
from tests.contracts.test_queries import FEW, MANY, again, fill


def problem(answer, status: int) -> dict:
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json"), answer.content
    found = answer.json()
    assert found["status"] == status
    assert {"type", "title", "detail", "code", "instance"} <= set(found)
    assert found["instance"] == f"urn:uuid:{answer.headers['X-Correlation-Id']}"
    return found


def test_field_is_named_in_the_reader_s_words_when_it_cannot_be_used(told):
    caller, where = program("duty", "*"), "/warnings"
    sent = {"place": "not-a-key", "hazard": "x" * 41, "level": "pink", "extra": 1}
    found = problem(caller.post(where, sent), 422)
    said = {each["field"]: each for each in found["errors"]}
    assert set(said) == {"place", "hazard", "level", "reason", "extra"}
    assert (said["place"]["name"], said["reason"]["what"]) == ("点位", "缺少这一项")
    assert "40" in said["hazard"]["what"]
    english = problem(caller.post(where, sent, **{"Accept-Language": "en"}), 422)
    assert {each["field"]: each["what"] for each in english["errors"]}["reason"] == "is missing"


@pytest.mark.parametrize("body", [b"{", b'{"reason": "\\ud800"}', b'{"reason": "\\u0000"}', b"\xff\xfe", b'{"a": NaN}'])
def test_body_that_nothing_can_hold_is_unreadable(told, body):
    caller = program("duty", "*")
    problem(caller.send("POST", f"/warnings/{told.warning.pk}/keep", body), 400)


def test_whatever_never_reaches_an_operation_is_a_problem_too(told):
    caller = program("duty", "*")
    assert problem(caller.get("/no-such-thing"), 404)["code"] == "core.api.no_such"
    wrong = caller.send("DELETE", "/warnings")
    assert problem(wrong, 405)["code"] == "core.api.method"
    assert "GET" in wrong.headers["Allow"]
    problem(caller.get("/warnings?q=%00"), 400)
    problem(caller.get("/warnings/not-a-key"), 404)
    huge = orjson.dumps({"reason": "x" * 2_600_000})
    assert problem(caller.send("POST", f"/warnings/{told.warning.pk}/keep", huge), 413)["code"] == "core.api.too_large"


def test_rule_says_what_and_why_when_it_refuses(told):
    found = problem(program("leader", "*").post(f"/warnings/{told.warning.pk}/issue", {"typed": "orange"}), 409)
    assert found["code"].startswith("warning.issue") or found["code"].startswith("alerts.")
    found = problem(
        program("leader", "*").post(f"/warnings/{told.warning.pk}/cancel", {"typed": "red", "reason": "x"}), 422
    )
    assert found["errors"] == [{"field": "typed", "name": "输入级别", "what": found["title"]}]


def test_chain_goes_on_when_a_call_names_its_number(told):
    number = "5b0f6b1e-8f6e-4b6c-9a52-0c3b8f0f0a11"
    answer = program("duty", "*").get("/warnings", **{"X-Correlation-Id": number})
    assert answer.headers["X-Correlation-Id"] == number


def test_pages_repeat_and_miss_nothing_when_rows_are_added_between(told):
    base = Incident.objects.in_world(LIVE).get(pk=told.incident.pk)
    known_at = base.known_at
    for n in range(11):
        again(base, number=f"P{n}", place=None, warning_id=None, known_at=known_at - timedelta(minutes=n // 2))
    caller = program("duty", "incidents:read")
    expected = [row.number for row in Incident.objects.in_world(LIVE).order_by("-known_at", "number", "id")]
    seen, cursor, added = [], "", 0
    while True:
        page = caller.get(f"/incidents?status=all&limit=3{f'&cursor={cursor}' if cursor else ''}").json()
        seen += [each["number"] for each in page["items"]]
        again(base, number=f"NEW{added}", place=None, warning_id=None, known_at=known_at + timedelta(minutes=5))
        added += 1
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert seen == expected


def test_cursor_is_refused_when_made_up_or_of_another_list(told):
    caller = program("duty", "*")
    for n in range(2):
        again(Incident.objects.in_world(LIVE).get(pk=told.incident.pk), number=f"C{n}", place=None, warning_id=None)
    cursor = caller.get("/incidents?limit=1").json()["next_cursor"]
    assert problem(caller.get(f"/clocks?cursor={cursor}"), 422)["code"] == "core.api.bad_cursor"
    assert problem(caller.get("/incidents?cursor=abc:def:ghi"), 422)["errors"][0]["field"] == "cursor"


def test_register_pages_go_through_every_row_in_every_order(told):
    caller = program("duty", "registers:read")
    for sort in ("", "name", "-datum_m", "place", "-provenance"):
        seen, cursor = [], ""
        while cursor is not None:
            page = caller.get(f"/registers/stations/rows?limit=2&sort={sort}{f'&cursor={cursor}' if cursor else ''}")
            assert page.status_code == 200, page.content
            seen += [each["id"] for each in page.json()["items"]]
            cursor = page.json()["next_cursor"]
        whole = [each["id"] for each in caller.get(f"/registers/stations/rows?limit=200&sort={sort}").json()["items"]]
        assert seen == whole
        assert len(set(seen)) == len(seen) > 4


def test_register_row_is_changed_only_by_who_saw_it_as_it_is(told):
    caller, where = program("duty", "*"), f"/registers/stations/rows/{told.ids['row_id']}"
    etag = caller.get(where).headers["ETag"]
    assert problem(caller.send("PATCH", where, {"values": {"name": "甲"}}), 428)["code"] == "core.api.needs_match"
    assert caller.send("PATCH", where, {"values": {"name": "甲"}}, If_Match=etag).status_code == 200
    late = problem(caller.send("PATCH", where, {"values": {"name": "乙"}}, If_Match=etag), 412)
    assert late["facts"]["now"]["name"] == "甲"
    fresh = caller.get(where).headers["ETag"]
    bad = problem(caller.send("PATCH", where, {"values": {"location": [999, 41]}}, If_Match=fresh), 422)
    assert bad["errors"][0]["field"] == "location"
    assert (
        problem(caller.send("PATCH", where, {"values": {"no_such": 1}}, If_Match=fresh), 422)["code"]
        == "core.ledger.no_column"
    )


def test_row_of_a_register_reads_back_as_it_was_written(told):
    caller = program("duty", "*")
    values = {"code": "ST-API", "name": "接口站", "location": [123.35, 41.8], "datum_m": 36.5, "provenance": "示意"}
    made = caller.post("/registers/stations/rows", {"values": values})
    assert made.status_code == 201, made.content
    read = caller.get(made.headers["Location"].removeprefix("/api/v1")).json()["values"]
    assert (read["name"], read["location"], read["datum_m"]) == ("接口站", [123.35, 41.8], 36.5)


def test_verb_is_refused_when_the_warning_moved_since_it_was_read(told):
    caller, where = program("duty", "*"), f"/warnings/{told.warning.pk}"
    etag = caller.get(where).headers["ETag"]
    moved = caller.post(f"{where}/revise", {"reason": REASON, "level": "red"}, If_Match=etag)
    assert moved.status_code == 200
    assert problem(caller.post(f"{where}/keep", {"reason": REASON}, If_Match=etag), 412)["code"] == "core.api.changed"
    assert caller.post(f"{where}/keep", {"reason": REASON}, If_Match=moved.headers["ETag"]).status_code == 200


def test_personal_data_are_masked_when_a_program_reads_them(told):
    caller = program("duty", "*")
    for path in ("/persons?limit=200", "/registers/people/rows?limit=200"):
        answer = caller.get(path)
        if answer.status_code == 200:
            phones = [each.get("phone") or each.get("values", {}).get("phone") for each in answer.json()["items"]]
            assert any(phones)
            assert all("*" in phone for phone in phones if phone), path


def test_readings_are_paged_through_when_many(told):
    stream = Datastream.objects.in_world(LIVE).order_by("pk")[0]
    start = timezone.now() - timedelta(hours=2)
    Observation.objects.bulk_create(
        Observation(datastream=stream, at=start + timedelta(seconds=n // 2), value=float(n), received_at=start)
        for n in range(45)
    )
    caller, seen, cursor = program("duty", "sensing:read"), [], ""
    since = start.isoformat().replace("+", "%2B")
    while cursor is not None:
        page = caller.get(
            f"/streams/{stream.pk}/observations?since={since}&limit=7{f'&cursor={cursor}' if cursor else ''}"
        )
        seen += [each["value"] for each in page.json()["items"]]
        cursor = page.json()["next_cursor"]
    assert seen == [float(n) for n in range(45)]
    far = (start - timedelta(days=40)).isoformat().replace("+", "%2B")
    problem(caller.get(f"/streams/{stream.pk}/observations?since={far}"), 422)


LISTS = (
    "/warnings", "/bulletins", "/incidents", "/tasks?mine=false", "/clocks?view=all", "/streams", "/places",
    "/registers/stations/rows", "/persons", "/posts", "/organisations", "/handovers", "/exercises", "/closures",
)  # fmt: skip


def test_lists_ask_as_often_when_rows_are_ten_times_as_many(told):
    caller = program("duty", "*")

    def asked(where: str) -> int:
        caller.get(f"{where}{'&' if '?' in where else '?'}limit=200")
        with CaptureQueriesContext(connection) as seen:
            assert caller.get(f"{where}{'&' if '?' in where else '?'}limit=200").status_code == 200
        return len(seen)

    fill(told, 0, FEW)
    few = {where: asked(where) for where in LISTS}
    fill(told, FEW, MANY)
    many = {where: asked(where) for where in LISTS}
    assert many == few


def conditional(ask, path: str) -> None:
    first = ask(path)
    assert first.status_code == 200
    etag = first.headers["ETag"]
    assert etag.startswith('"')
    with CaptureQueriesContext(connection) as whole:
        ask(path)
    with CaptureQueriesContext(connection) as short:
        seen = ask(path, **{"If-None-Match": etag})
    assert (seen.status_code, seen.content, seen.headers["ETag"]) == (304, b"", etag)
    assert len(short) < len(whole)
    if at := first.headers.get("Last-Modified"):
        assert ask(path, **{"If-Modified-Since": at}).status_code == 304
    assert ask(path, **{"If-None-Match": '"other"'}).status_code == 200


def public(path: str, **headers: str):
    return Client().get(path, headers=headers)


@pytest.mark.parametrize("path", ["/feeds/cap/", "/feeds/warnings.geojson"])
def test_public_feed_answers_304_to_who_has_it(told, path):
    conditional(public, path)
    assert "public" in public(path).headers["Cache-Control"]


@pytest.mark.parametrize(
    "path", ["/feeds/stations.geojson", "/feeds/places.geojson", "/feeds/places.geojson?kind=shelter"]
)
def test_feed_behind_a_token_answers_304_to_who_has_it(told, path):
    caller = program("duty", "*")
    CurrentValue.objects.update(received_at=timezone.now())
    conditional(caller.get, path)
    assert "private" in caller.get(path).headers["Cache-Control"]
    assert caller.get(path).json()["features"]


def test_warnings_feed_follows_what_is_in_force(told):
    before = public("/feeds/warnings.geojson")
    (feature,) = before.json()["features"]
    assert (feature["id"], feature["properties"]["level"]) == (told.bulletin.identifier, "orange")
    cap = public(f"/feeds/cap/{feature['id']}.xml")
    assert cap.content == bytes(Bulletin.objects.in_world(LIVE).get(pk=told.bulletin.pk).sent_xml)
    assert etree.fromstring(cap.content).findtext("{*}scope") == "Public"
    actions.lift(warning_id=told.warning.pk, reason="退了", by=told.by("leader"), now=timezone.now())
    after = public("/feeds/warnings.geojson", **{"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert after.json()["features"] == []


def test_drafts_and_exercises_are_in_no_public_feed(told):
    free = Warning.objects.in_world(LIVE).get(pk=told.warning.pk)
    Warning.objects.in_world(LIVE).filter(pk=free.pk).update(status="revising")
    text = public("/feeds/warnings.geojson").content + public("/feeds/cap/").content
    assert str(told.warning.pk).encode() not in text
    inside = Program()
    assert inside.client.get("/feeds/warnings.geojson", headers={"X-Fengsui-World": "x"}).status_code == 200
