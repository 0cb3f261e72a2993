"""What holds for every declared list of what is under way, whatever its address asks."""

from __future__ import annotations

import csv
import html
import io
import re
from urllib.parse import quote

import pytest
from django.http import QueryDict
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from fengsui.apps.incidents.models import Incident
from fengsui.core.ledger import facets, listing
from fengsui.core.ledger.views import listed as pages
from fengsui.core.ledger.wanted import Wanted
from fengsui.core.ledger.worklist import Worklist, worklists
from fengsui.core.models import LedgerView
from fengsui.core.worlds import LIVE
from tests.contracts.story import Story, client_of

CODES = sorted(worklists())
WORDS = [
    "",
    "any",
    "open",
    "mine",
    "1",
    "0",
    "-1",
    "red",
    "closed",
    "running",
    "2026-01-01",
    "7d",
    "=1",
    "~",
    "內",
    "'",
    "N1",
]


def rows(listed: Worklist, story: Story, address: str, login: str = "duty") -> list[object]:
    by = story.by(login)
    wanted = Wanted.of(listed, QueryDict(address))
    return list(listing.ordered(listed, listing.rows_of(listed, by, wanted), wanted).values_list("pk", flat=True))


def csv_of(client: Client, code: str, address: str) -> list[list[str]]:
    answer = client.get(f"/registers/{code}/list.csv?{address}")
    assert answer.status_code == 200
    return list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))


def test_the_four_lists_are_declared() -> None:
    assert {"incidents", "clocks", "tasks", "warnings"} <= set(CODES)


@pytest.mark.parametrize("code", CODES)
def test_page_and_files_hold_the_same_rows_in_the_same_order(story: Story, code: str) -> None:
    listed, client = worklists()[code], client_of("duty")
    column = next(each.code for each in listed.columns if each.code in listed.turning and each.code != listed.title)
    every = "&".join(f"f.{each.code}=any" for each in listed.filters)
    for address in (every, f"{every}&sort=-{column}", f"{every}&cols={listed.title},{column}", f"{every}&q=N1"):
        expected = len(rows(listed, story, address))
        page = client.get(f"{listed.home}?{address}").content.decode()
        shown = re.findall(r"<tr data-row.*?</tr>", page.split('id="rows"')[1], re.S)
        assert len(shown) == expected, address
        head, *lines, note = csv_of(client, code, address)
        assert len(lines) == expected, address
        assert str(listed.name) in note[0]
        at = head.index(str(listed.by_code[listed.title].label))
        for line, row in zip(lines, shown, strict=True):
            assert line[at].removeprefix("'") in html.unescape(re.sub("<[^>]+>", "", row)), address
        body = client.get(f"/registers/{code}/list.xlsx?{address}").content
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(body)).get_sheet_by_index(0).to_python()
        assert [len(sheet), sheet[0]] == [expected + 2, head]
        assert [str(line[at]) for line in sheet[1:-1]] == [line[at] for line in lines]
    paper = client.get(f"/registers/{code}/paper?{every}").content.decode()
    assert paper.count("<tr><td") == len(rows(listed, story, every))


@pytest.mark.parametrize("code", CODES)
def test_a_value_of_a_filter_lets_through_as_many_rows_as_stand_beside_it(story: Story, code: str) -> None:
    listed, by = worklists()[code], story.by("duty")
    every = "&".join(f"f.{each.code}=any" for each in listed.filters)
    found = facets.facets(listed, by, Wanted.of(listed, QueryDict(every)))
    assert found
    for facet in found:
        for value in facet.values:
            assert len(rows(listed, story, value.query)) == value.count or value.on, (facet.code, value)


@pytest.mark.parametrize("code", CODES)
def test_what_an_address_says_that_the_list_does_not_know_is_passed_over(story: Story, code: str) -> None:
    listed, client = worklists()[code], client_of("duty")
    nonsense = "f.zzz=1&sort=zzz,-yyy&cols=zzz&page=999&view=zzz&f.state=zzz&within=1,1;2&part=rows"
    assert rows(listed, story, nonsense) == rows(listed, story, "")
    assert client.get(f"{listed.home}?{nonsense}").status_code == 200


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("login", ["duty", "street", "team"])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_address_shows_more_than_the_scope(story: Story, code: str, login: str, data: st.DataObject) -> None:
    listed, by = worklists()[code], story.by(login)
    names = [f"f.{each}" for each in (*listed.by_code, *listed.by_filter)]
    names += [
        "q",
        "sort",
        "cols",
        "view",
        "page",
        "changed",
        "retired",
        "within",
        "state",
        "late",
        "org",
        "area",
        "kind",
    ]
    known = [*listed.by_code, *(f"-{each}" for each in listed.by_code), *WORDS]
    value = st.sampled_from(known) | st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=12)
    pairs = data.draw(st.lists(st.tuples(st.sampled_from(names), value), max_size=6))
    address = "&".join(f"{name}={quote(text)}" for name, text in pairs)
    scope = set(listed.visible_to(by).values_list("pk", flat=True))
    found = rows(listed, story, address, login)
    assert set(found) <= scope
    assert len(set(found)) == len(found)
    again = Wanted.of(listed, QueryDict(address)).query()
    assert rows(listed, story, again + "&changed=1", login) == found


@pytest.mark.parametrize(
    ("code", "before", "now"),
    [
        ("clocks", "view=all", "f.scope=any"),
        ("clocks", "view=org&late=1", "f.scope=org&f.late=1"),
        ("clocks", "view=all&state=any&order=-due", "f.scope=any&f.state=any&sort=-due_at"),
        ("clocks", "view=all&state=paused", "f.scope=any&f.state=paused"),
        ("incidents", "state=all", "f.state=any"),
        ("incidents", "state=closed&level=red", "f.state=closed&f.level=red"),
        ("incidents", "", "f.state=open"),
        ("warnings", "status=issued&level=3", "f.state=issued&f.level=3"),
        ("warnings", "since=2026-01-01", "f.since=2026-01-01"),
    ],
)
def test_an_address_of_before_leads_to_the_same_rows(story: Story, code: str, before: str, now: str) -> None:
    listed = worklists()[code]
    assert rows(listed, story, before) == rows(listed, story, now)
    assert Wanted.of(listed, QueryDict(before)).query() == Wanted.of(listed, QueryDict(now)).query() or not before


def test_a_view_is_kept_shared_and_opened_first(story: Story) -> None:
    duty, leader = client_of("duty"), client_of("leader")
    kept = duty.post("/registers/incidents/views", {"name": "红色的", "query": "f.level=red&f.state=any", "opens": "1"})
    assert kept["Location"].startswith("/incidents/?view=")
    page = duty.get("/incidents/").content.decode()
    assert "=HYPERLINK(1)" in page
    assert len(re.findall("<tr data-row", page)) == 1
    assert "红色的" not in leader.get("/incidents/").content.decode()
    sent = {"name": "全队的", "query": "f.state=any", "shared": "all"}
    assert duty.post("/registers/incidents/views", sent).status_code == 403
    assert leader.post("/registers/incidents/views", sent).status_code == 302
    assert "全队的" in client_of("street").get("/incidents/").content.decode()
    assert len(re.findall("<tr data-row", duty.get("/incidents/?f.state=open").content.decode())) > 1
    assert LedgerView.objects.filter(register="incidents").count() == 2


def test_nothing_in_a_file_runs_and_no_number_of_a_caller_leaves(story: Story) -> None:
    client = client_of("duty")
    text = "\n".join(",".join(line) for line in csv_of(client, "incidents", "f.state=any&whole=1"))
    assert "'=HYPERLINK(1)" in text
    assert "13800001234" not in text
    labels = [line[2] for line in csv_of(client, "clocks", "f.scope=any") if len(line) > 2]
    assert "'+cmd" in labels
    assert "informant" not in worklists()["incidents"].by_code


def test_files_and_paper_say_illustrative_only_where_rows_are(story: Story) -> None:
    """A real district's sheet that calls itself made up is worth nothing to whoever gets it."""
    client, said = client_of("duty"), "示意数据"
    for real in (False, True):
        if real:
            Incident.objects.in_world(LIVE).update(provenance="document")
        for code in ("incidents", "tasks"):
            told = csv_of(client, code, "f.state=any")[-1][0]
            paper = client.get(f"/registers/{code}/paper?f.state=any").content.decode()
            assert (said in told, f"含{said}" in paper) == (not real, not real), code


def test_filters_of_a_long_list_are_counted_after_its_rows_are_there(story: Story, monkeypatch) -> None:
    monkeypatch.setattr(pages.counting, "is_large", lambda listed: True)
    client = client_of("duty")
    page = client.get("/clocks/?f.scope=any").content.decode()
    assert 'hx-get="/registers/clocks/facets?' in page
    assert "f.kind=" not in page
    counted = client.get("/registers/clocks/facets?f.scope=any", headers={"HX-Request": "true"}).content.decode()
    assert re.search(r'href="/clocks/\?[^"]*f\.kind=', counted)
