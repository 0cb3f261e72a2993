"""Text that is made to hurt, put into every text there is: it comes out as text alone, in pages, files and feeds."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, models, transaction
from django.test import Client
from lxml import etree, html
from openpyxl import load_workbook

from fengsui.apps.people.models import Account
from fengsui.apps.reviews.jobs import render
from fengsui.apps.reviews.models import Paper
from fengsui.core.worlds import LIVE
from tests.contracts.story import REASON, Story, client_of
from tests.contracts.test_queries import PAGES
from tests.contracts.test_urls_by_role import FORMS, address, ask, patterns
from tests.security.test_doors import last_event, who_may

MINUTES = float(os.environ.get("FENGSUI_SECURITY_MINUTES") or 0)
TAG = "xss-probe"
MARKUP = f'\'"><{TAG} onxss="1"></{TAG}><script>xss()</script>'
HOSTILE = {
    "markup": MARKUP,
    "attribute": "\" onxss='1' autofocus x='",
    "address": "javascript:xss()",
    "template": "{{91193*73477}}{% raw %}${91193*73477}#{91193*73477}<%=91193*73477%>",
    "direction": "\u202egnp.exe\u200b\ufeff\u2066\u0007",
    "formula": '=HYPERLINK("https://evil.example","x")',
    "plus": "+cmd|' /C calc'!A0",
    "minus": "-2+3+cmd|' /C calc'!A0",
    "at": "@SUM(1+1)*cmd|' /C calc'!A0",
    "entity": "]]></text><xss-probe/>&lt;xss-probe&gt;&xxe;",
}
FREE = {
    "name", "name_en", "title", "title_en", "label", "reason", "note", "text", "summary", "description",
    "description_en",    "instruction", "instruction_en", "address", "informant", "matter", "measures", "approval_note",
    "remedy", "answer",
    "headline", "headline_en", "sender_name", "place_name", "team_name", "leader_name", "to_name", "issued_by_name",
    "receiver", "receipt", "file_name", "trigger", "detour", "detour_en", "source", "type_name", "contact", "audience",
    "agent", "staff_no", "lessons", "assessment", "incident_title", "org_name", "reopen_note", "item", "detail",
    "words",    "failure", "how", "method",
}  # fmt: skip
"""Columns that hold what somebody typed, or was copied from it. Keys, states and codes are the platform's own words."""
FORMULA = re.compile(r"^[=+\-@\t\r]")
NUMBER = re.compile(r"^[+-]?\d[\d.,:%° ]*$|^-$")


def poison(text: str) -> int:
    """Write it into every free text of every row there is; returns how many columns took it."""
    done = 0
    for model in apps.get_models():
        if not model.__module__.startswith("fengsui") or model._meta.app_label == "procrastinate":
            continue
        for field in model._meta.concrete_fields:
            if field.name in FREE and isinstance(field, models.CharField | models.TextField) and not field.choices:
                most = field.max_length or 2_000
                try:
                    with transaction.atomic():
                        done += bool(model._base_manager.update(**{field.name: text[:most]}))
                except DatabaseError:
                    continue  # the record refuses changes; a unique name keeps its own
    return done


def told_by(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def wrong_in_page(body: bytes) -> list[str]:
    page = html.fromstring(body) if body.strip() else None
    if page is None:
        return []
    broken = []
    for each in page.iter():
        if not isinstance(each.tag, str):
            continue
        if each.tag == TAG:
            broken.append("an element came out")
        if each.tag == "script" and not each.get("src") and each.get("type") not in {"application/json", "text/plain"}:
            broken.append("a script stands in the page")
        for name, value in each.attrib.items():
            if name.startswith("on"):
                broken.append(f"an attribute {name} came out on <{each.tag}>")
            if name == "style":
                broken.append(f"a style stands in <{each.tag}>")
            if name in {"href", "src", "action", "formaction", "data", "xlink:href"} and re.match(
                r"\s*(javascript|vbscript|data:text)", value, re.I
            ):
                broken.append(f"{name}={value[:40]} on <{each.tag}>")
    return broken


WORKED_OUT = str(91193 * 73477)
"""What a template would make of it: ten digits, which no token or file name holds by chance."""


def would_run(cell: Any) -> bool:
    """Whether a spreadsheet takes it for a formula; a negative number is a number."""
    return isinstance(cell, str) and bool(FORMULA.match(cell)) and not NUMBER.match(cell)


def wrong_in(kind: str, body: bytes) -> list[str]:
    """What came out as more than text, by the kind of answer."""
    if WORKED_OUT in body.decode("utf-8", "replace") and kind.startswith("text/html"):
        return ["a template was worked out"]
    if kind.startswith("text/html"):
        return wrong_in_page(body)
    if kind.startswith(
        ("application/json", "application/geo+json", "application/problem+json", "application/manifest")
    ):
        json.loads(body)
        return []
    if "xml" in kind.partition(";")[0] and "openxml" not in kind:
        root = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))
        return ["an element came out"] if [each for each in root.iter() if TAG in str(each.tag)] else []
    if kind.startswith("text/csv"):
        cells = [cell for row in csv.reader(io.StringIO(body.decode("utf-8-sig"))) for cell in row]
        return [
            f"a cell begins as a formula: {cell[:30]}"
            for cell in cells
            if FORMULA.match(cell) and not NUMBER.match(cell)
        ]
    if "spreadsheetml" in kind:
        book = load_workbook(io.BytesIO(body))
        cells = [cell for page in book for row in page.iter_rows() for cell in row]
        return [
            f"a cell is a formula: {str(cell.value)[:30]}"
            for cell in cells
            if cell.data_type == "f" or would_run(cell.value)
        ]
    return []


def looked_at(story: Story, client: Client, more: list[str]) -> tuple[list[str], dict[str, int]]:
    """Every address of the story, and pages with their filters: (what is wrong, answers by kind)."""
    broken, kinds = [], {}
    places = [(name, address(name, pattern, story)) for name, pattern in patterns()]
    for name, where in [*places, *((each, each) for each in more)]:
        with transaction.atomic():
            answer = client.get(where)
            body = told_by(answer)
            transaction.set_rollback(True)
        kind = answer.headers.get("Content-Type", "")
        if answer.status_code >= 500 and answer.status_code != 503:
            broken.append(f"{name}: {answer.status_code} {answer.exc_info and answer.exc_info[1]!r}")
        elif answer.status_code == 200:
            short = kind.partition(";")[0]
            kinds[short] = kinds.get(short, 0) + 1
            broken += [f"{name}: {each}" for each in wrong_in(kind, body)]
    return broken, kinds


@pytest.mark.parametrize("which", ["both", *(HOSTILE if MINUTES else ())])
def test_poisoned_rows_come_out_as_text_everywhere(story: Story, which):
    """Markup behind the beginning of a formula; the other texts by `./fengsui test --security --minutes N`."""
    assert poison({"both": f"={MARKUP}", **HOSTILE}[which]) > 60
    broken, kinds = looked_at(story, client_of("duty"), PAGES["duty"])
    assert not broken, "\n".join(broken[:40])
    assert kinds["text/html"] > 80
    assert {"text/csv", "application/geo+json", "application/json", "application/cap+xml"} <= set(kinds), kinds
    assert any("spreadsheetml" in each for each in kinds)


@pytest.mark.skipif(not MINUTES, reason="long: ./fengsui test --security --minutes N")
def test_what_is_typed_into_every_form_comes_out_as_text(story: Story):
    """Real presses, one text after the other, by whoever may; then the pages on which it stands."""
    may, done = who_may(), {}
    for which, text in HOSTILE.items():
        for name, pattern in patterns():
            if name not in may:
                continue
            sent = {key: text if value == REASON else value for key, value in FORMS.get(name, {}).items()}
            if text not in sent.values() or name in {"drills:exercise-end"}:
                continue
            with transaction.atomic():
                before = last_event()
                answer = client_of(may[name]).post(address(name, pattern, story), sent)
                assert answer.status_code < 500, (name, which)
                if last_event() != before:
                    done.setdefault(name, which)
                else:
                    transaction.set_rollback(True)
    assert len(done) > 12, done
    broken, kinds = looked_at(story, client_of("duty"), PAGES["duty"])
    assert not broken, "\n".join(broken[:40])
    assert kinds["text/html"] > 80


@pytest.mark.parametrize(
    "text",
    ["a\0b", "x" * 10_000, "\ud800", "\u202e" * 400, "🜂" * 3_000],
    ids=["zero", "long", "surrogate", "direction", "wide"],
)
def test_text_that_nothing_can_hold_is_refused_in_words(story: Story, text):
    """Never a page of an error of ours, whatever the field."""
    may, broken, presses = who_may(), [], 0
    clients = {login: client_of(login) for login in set(may.values())}
    for name, pattern in patterns():
        if name not in may or not FORMS.get(name):
            continue
        sent = {key: text if value == REASON else value for key, value in FORMS[name].items()}
        if text in sent.values():
            presses += 1
            try:
                answer = ask(clients[may[name]], "POST", address(name, pattern, story), sent)
            except UnicodeEncodeError:
                continue  # the test client cannot even send it
            if answer.status_code >= 500:
                broken.append(f"{name}: {answer.status_code} {answer.exc_info and answer.exc_info[1]!r}")
    assert not broken, "\n".join(broken)
    assert presses > 15


def test_agent_of_a_browser_comes_out_as_text(story: Story):
    """What a browser says of itself stands on the page of one's sessions."""
    client = Client(raise_request_exception=False)
    client.force_login(Account.objects.get(username="duty"))
    session = client.session
    session["agent"] = MARKUP
    session.save()
    answer = client.get("/me/")
    assert (answer.status_code, wrong_in_page(answer.content)) == (200, [])
    assert TAG in answer.content.decode()


@pytest.mark.parametrize("which", ["markup", "entity"])
def test_papers_fetch_nothing_and_are_made_when_the_text_is_made_to_hurt(story: Story, which):
    """The report of a review, made by the job that makes it: no error, no file or address read."""
    poison(HOSTILE[which])
    asked = Paper.objects.create(world_id=LIVE, incident=story.incident, status="waiting", requested_at=story.now)
    render(str(asked.pk))
    paper = Paper.objects.in_world(LIVE).get(pk=asked.pk)
    assert paper.status == "ready", paper.reason
    assert bytes(paper.pdf)[:5] == b"%PDF-"
    assert b"/JavaScript" not in bytes(paper.pdf)
