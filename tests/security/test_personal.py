"""Names, telephones and places of people stay inside pages: not in logs, addresses or pushes, over a whole story."""

from __future__ import annotations

import re
from urllib.parse import unquote

import structlog
from django.db import transaction
from lxml import html

from fengsui.apps.command import actions as command
from fengsui.apps.people.models import Person
from fengsui.core import live
from fengsui.core.worlds import LIVE
from tests.api.programs import program
from tests.contracts.story import Story, client_of
from tests.contracts.test_queries import PAGES
from tests.contracts.test_urls_by_role import FORMS, address, ask, patterns
from tests.security.conftest import Overheard, overhearing
from tests.security.test_doors import who_may

PLACE = (123.345678, 41.812345)
"""Where a team's leader stands in this test: no other place is written so."""
TYPED = "Geheim-13800001234"
"""A wrong password."""


def press(story: Story) -> None:
    may = who_may()
    for name, pattern in patterns():
        if name in may:
            ask(client_of(may[name]), "POST", address(name, pattern, story), FORMS.get(name))
    duty = client_of("duty")
    duty.post("/login/", {"username": "duty", "password": TYPED})
    phone = Person.objects.exclude(phone="").first()
    duty.get("/find/", {"q": "x"})
    assert phone is not None
    caller = program("duty", "*")
    for where in ("/incidents", "/warnings", "/tasks", "/stations", "/incidents/not-there"):
        caller.get(where)


def look(story: Story) -> set[str]:
    """Every address that stands in a page, and those asked for."""
    seen = set()
    for login, pages in PAGES.items():
        client = client_of(login)
        own = [address(name, pattern, story) for name, pattern in patterns()] if login == "duty" else []
        for where in [*pages, *own]:
            with transaction.atomic():
                answer = client.get(where)
                body = b"" if answer.streaming else answer.content
                transaction.set_rollback(True)
            seen |= {where, answer.headers.get("Location", "")}
            if answer.headers.get("Content-Type", "").startswith("text/html") and body.strip():
                for each in html.fromstring(body).iter():
                    seen |= {value for name, value in each.attrib.items() if name in NAMES}
    return seen


NAMES = {"href", "src", "action", "hx-get", "hx-post", "data-url", "data-src", "data-href"}


def test_nothing_personal_is_written_outside_of_pages(story: Story, overheard: Overheard, settings):
    settings.DEMO = True
    heard = Overheard([*overheard.lines], [*overheard.pushed])
    with overhearing(heard):
        command.report_progress(
            task_id=story.ids["task_id"], by=story.by("team"), now=story.now, text="在位", position=PLACE
        )
        press(story)
        seen = look(story)
    people = list(Person.objects.exclude(phone="").values_list("name", "phone", "email"))
    assert min(len(people), len(heard.lines)) > 50
    assert len(heard.pushed) > 20
    assert len(seen) > 300
    secret = {each for name, phone, mail in people for each in (phone, mail) if each} | {TYPED}
    secret |= {name for name, _phone, _mail in people if len(name) > 1}
    places = {f"{PLACE[0]:.4f}"[:-1], f"{PLACE[1]:.4f}"[:-1]}
    for where, texts in (("log", heard.lines), ("push", heard.pushed), ("address", [unquote(each) for each in seen])):
        whole = "\n".join(texts)
        found = [each for each in secret | places if each in whole]
        shown = [re.findall(f".{{0,80}}{re.escape(each)}.{{0,40}}", whole)[:1] for each in found[:5]]
        assert not found, f"{where}: {len(found)} personal data, e.g. {shown}"


def test_listener_hears_what_is_written(overheard: Overheard):
    """It could not fail if it heard nothing."""
    heard = Overheard()
    with overhearing(heard):
        structlog.get_logger("fengsui.core.web").info("somebody", name="张三")
        live.touch({"somebody"}, LIVE)
    assert "张三" in "".join(heard.lines)
    assert "somebody" in "".join(heard.pushed)
