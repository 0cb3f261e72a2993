"""Objects of another organisation, addressed by guessing, by every method: refused, and not a word of them said."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.db import transaction
from django.test import Client

from fengsui.apps.people.models import Account
from fengsui.core.models import World
from tests.contracts.story import LOGINS, OTHER_STREET, Story, client_of
from tests.contracts.test_urls_by_role import DISTRICT, FORMS, MASTER, SHARED, TABLE, address, ask, patterns

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def secrets_of(story: Story) -> set[str]:
    """What only the row's own people know: numbers, titles, words, names, telephones, keys that were not asked for."""
    called = Account.objects.get(username="community").person
    warning, incident = story.warning, story.incident
    words = {incident.number, incident.title, story.bulletin.number, story.bulletin.headline, called.phone}
    words |= {task.title for task in story.tasks}
    return {each for each in words if len(each) > 3} | {str(warning.place.name)}


def objects(story: Story, world: bool) -> Iterator[tuple[str, str]]:
    """(name, address) of every URL that names a row; `world`: only rows that belong to one."""
    for name, pattern in patterns():
        own = {each for each in pattern.pattern.converters if each.endswith("_id")} - (MASTER if world else set())
        if own and name not in SHARED and (world or name not in DISTRICT):
            yield name, address(name, pattern, story)


def requested(client: Client, method: str, where: str, sent: dict[str, Any]) -> Any:
    if method in {"GET", "POST"}:
        return ask(client, method, where, sent)
    with transaction.atomic():
        answer = client.generic(method, where)
        transaction.set_rollback(True)
    return answer


def guessed(client: Client, story: Story, world: bool, who: str) -> list[str]:
    """What each address gave away to somebody who may not know the row."""
    broken, secret = [], secrets_of(story)
    for (name, where), method in itertools.product(objects(story, world), METHODS):
        answer = requested(client, method, where, FORMS.get(name, {}))
        body = b"" if answer.streaming else answer.content
        text = body.decode("utf-8", "replace")
        said = [each for each in secret if each in text]
        if answer.status_code not in {403, 404, 405} and not (method == "OPTIONS" and not body):
            broken.append(f"{who}: {method} {name} answered {answer.status_code}")
        if said:
            broken.append(f"{who}: {method} {name} said {said}")
    return broken


def test_officer_of_the_next_street_learns_nothing_when_guessing(story: Story):
    broken = guessed(client_of(OTHER_STREET), story, False, OTHER_STREET)
    assert not broken, "\n".join(broken)


def test_person_inside_an_exercise_learns_nothing_of_the_live_world_when_guessing(story: Story):
    """Even who sees the whole district."""
    drill = World.objects.create(kind="exercise", name="九月演练")
    broken = guessed(client_of("auditor", drill.pk), story, True, "auditor in an exercise")
    assert not broken, "\n".join(broken)


def test_table_of_roles_names_every_role_and_no_answer_of_a_server_error():
    """The table is what was looked at by eye: it has to stay whole."""
    lines = Path(TABLE).read_text().splitlines()
    assert len(lines) > 240
    for line in lines:
        assert "anonymous:" in line
        assert " 500" not in line, line
        assert set(each.rstrip("+") for part in line.split()[2:] for each in part.partition(":")[2].split(",")) <= (
            set(LOGINS) | {str(code) for code in range(200, 500)} | {"503"}
        ), line
