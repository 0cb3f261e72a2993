"""Each press of the pages is an operation of the API, or stands below with the reason why it is none."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.urls import URLPattern

from fengsui.apps.command.rules import MOVEMENT
from fengsui.core.api import site
from fengsui.core.api.describing import METHODS
from tests.contracts.test_urls_by_role import patterns

TABLE = Path(__file__).parents[1] / "contracts" / "urls_by_role.txt"
BY_TABLE = {
    "command:order-act": tuple({verb for row in MOVEMENT.moves.values() for verb in row}),
    "desk:handover-act": ("take", "keep"),
}
"""URLs whose verbs are read from a table, not compared one by one."""

LOGIN = "about a browser's login; programs have tokens"
PERSON = "a person administers accounts and posts at a page, with a second administrator and a reason"
DIRECTED = "an exercise is planned, entered and ended by persons who see its frame; programs then act inside it"
SHEET = "a sheet is looked at before it is taken over; programs write rows one by one, each with its own answer"
OWN = "a new district is made once, by a person who looks at each step; `./fengsui district` does it without a page"
VIEW = "how a person likes to look at a register; a program says its question each time"
WITHOUT = {
    "healthz": "a health check that takes any method",
    "metrics": "Prometheus has its own token",
    "people:login": LOGIN,
    "people:login-code": LOGIN,
    "people:login-demo": LOGIN,
    "people:logout": LOGIN,
    "people:language": LOGIN,
    "people:password": LOGIN,
    "people:factor": LOGIN,
    "people:session-end": LOGIN,
    "people:token-list": "a token that makes tokens would outlive its own end",
    "people:token-revoke": "made and revoked by a person at a page",
    "people:token-end": PERSON,
    "people:screen-list": "a screen is granted by a person at a page, who types its code at the screen",
    "people:screen-open": LOGIN,
    "people:screen-revoke": PERSON,
    "people:account-act": PERSON,
    "people:account-open": PERSON,
    "people:assignment-act": PERSON,
    "people:holding-leave": PERSON,
    "people:post-assign": PERSON,
    "people:person-reveal": "a whole telephone number is shown to a person with a reason, never to a program",
    "drills:exercise-new": DIRECTED,
    "drills:exercise-start": DIRECTED,
    "drills:exercise-join": DIRECTED,
    "drills:exercise-leave": DIRECTED,
    "drills:exercise-end": DIRECTED,
    "drills:exercise-drop": DIRECTED,
    "drills:exercise-look": "looking back at an exercise that is over is a session's: a program reads the live world",
    "desk:handover-offer": "who hands over looks at what is open on the page and says what matters in his own words",
    "desk:proof-test": "the self-test looks at every channel; it runs by itself each night, by day a person starts it",
    "desk:own-give": OWN,
    "desk:own-take": OWN,
    "desk:own-drop": OWN,
    "desk:own-finish": OWN,
    "desk:map-choose": "which layers a person likes to see is his own and changes nothing that others see",
    "desk:map-print": "a sheet for whoever stands before the screen; a program draws its own map from the layers",
    "ledger:import-new": SHEET,
    "ledger:import-take": SHEET,
    "ledger:import-withdraw": SHEET,
    "ledger:import-paste": SHEET,
    "ledger:bulk-ask": SHEET,
    "ledger:step-do": SHEET,
    "ledger:step-withdraw": SHEET,
    "ledger:step-undo": "a person takes back what he sees on the button; a program undoes the row that it names",
    "ledger:deed-do": "many rows that a person ticked, each by the operation that a program has for one of them",
    "ledger:cell-save": "one cell of what a person sees; a program changes the row, with If-Match",
    "ledger:view-keep": VIEW,
    "ledger:view-choose": VIEW,
    "ledger:view-drop": VIEW,
    "sensing:reading-receive": "the devices' own door",
}


def compared(pattern: URLPattern) -> Iterator[str]:
    """The words that a view compares its `verb` with."""
    source = textwrap.dedent(inspect.getsource(inspect.unwrap(pattern.callback)))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare) and isinstance(node.left, ast.Name) and node.left.id == "verb":
            for each in ast.walk(node.comparators[0]):
                if isinstance(each, ast.Constant) and isinstance(each.value, str):
                    yield each.value


def presses() -> set[str]:
    """Every press: the URL's name, with its verb where one URL takes several."""
    known = dict(patterns())
    named = [line.split()[1] for line in TABLE.read_text().splitlines() if line.startswith("POST ")]
    found: set[str] = set()
    for name in named:
        several = BY_TABLE.get(name) or (
            tuple(compared(known[name])) if "verb" in known[name].pattern.converters else ()
        )
        if name in WITHOUT or not several:
            found.add(name)
        else:
            found |= {f"{name} {verb}" for verb in several}
    return found


def operations() -> dict[str, list[str]]:
    """Press -> operations that are it."""
    site.api()
    found: dict[str, list[str]] = {}
    for path, methods in site.api().get_openapi_schema()["paths"].items():
        for method, each in methods.items():
            if method in METHODS and "x-page" in each:
                found.setdefault(each["x-page"], []).append(f"{method.upper()} {path}")
    return found


@pytest.mark.django_db
def test_each_press_of_a_page_is_an_operation_or_has_a_reason():
    known, missing = operations(), []
    for press in sorted(presses()):
        name = press.partition(" ")[0]
        if press not in known and f"{name} *" not in known and name not in WITHOUT:
            missing.append(press)
    assert not missing, "give these an operation in their app's api.py (page=…), or a reason in WITHOUT:\n" + "\n".join(
        missing
    )


@pytest.mark.django_db
def test_no_reason_is_stale_and_no_operation_names_a_page_that_is_not_there():
    names, known = {name for name, _pattern in patterns()}, operations()
    posted = {press.partition(" ")[0] for press in presses()}
    assert sorted(set(WITHOUT) - posted) == []
    assert sorted(each for each in known if each.partition(" ")[0] not in names) == []
    assert sorted(name for name in WITHOUT if name in known) == []
