"""What imports alone do not show: keys, events, templates, clocks, machines, verbs and words follow the ladder too."""

from __future__ import annotations

import ast
import dataclasses
import re
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import models

from fengsui.apps.people.rules import ROLES
from fengsui.core import policy, record, wording
from fengsui.core.models import InWorld, UnscopedError, World
from fengsui.kernel.clock import ClockKind
from fengsui.kernel.district import clock_kinds, load
from fengsui.kernel.machine import Machine
from fengsui.kernel.terms import Terms

REPO = Path(__file__).parents[2]
APPS = REPO / "src/fengsui/apps"
VERB = re.compile(r"""(?:require|can)\(\s*[\w.()]+,\s*"([a-z_]+\.[a-z_]+)\"""")
URL = re.compile(r"""\burl\(\s*['"]([a-z_]+):""")
CODE = re.compile(r"""(?:Refused|Invalid)\(\s*"([a-z_]+(?:\.[a-z_]+)+)\"""")


def ladder() -> dict[str, int]:
    """App -> rung, low to high, as pyproject.toml says; core stands below all."""
    contracts = tomllib.loads((REPO / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    rungs = next(each for each in contracts if each["containers"] == ["fengsui.apps"])["layers"]
    found = {"core": -1}
    for height, rung in enumerate(reversed(rungs)):
        for name in rung.split("|"):
            found[name.strip(" ()")] = height
    return found


RUNG = ladder()
OURS = [each.label for each in apps.get_app_configs() if each.name.startswith("fengsui.apps.")]


def ours() -> list[type[models.Model]]:
    return [model for model in apps.get_models() if model._meta.app_label in OURS]


def below(upper: str, lower: str) -> bool:
    return upper == lower or RUNG[lower] < RUNG[upper]


def sources(*suffixes: str) -> list[Path]:
    return [
        path
        for path in (REPO / "src/fengsui").rglob("*")
        if path.suffix in suffixes and "tests" not in path.parts and "migrations" not in path.parts
    ]


def test_every_app_stands_on_the_ladder_when_installed():
    assert set(OURS) <= set(RUNG)


def test_keys_point_down_when_they_leave_their_app():
    wrong = [
        f"{model._meta.label}.{field.name} -> {field.related_model._meta.label}"
        for model in ours()
        for field in model._meta.get_fields()
        if field.is_relation
        and field.concrete
        and field.related_model._meta.app_label in RUNG
        and not below(model._meta.app_label, field.related_model._meta.app_label)
    ]
    assert wrong == []


def home(handler: Any) -> str:
    return str(handler.__module__.split(".")[2])


def test_handlers_hear_only_their_own_or_lower_apps_when_registered():
    wrong = [
        f"{key} hears {name}"
        for name, handlers in record._handlers.items()
        for key, handler in handlers.items()
        if "apps" in handler.__module__ and not below(home(handler), name.split(".")[0])
    ]
    assert wrong == []


def test_templates_link_only_to_their_own_or_lower_apps_when_they_name_a_url():
    wrong = []
    for app in OURS:
        for path in (APPS / app).rglob("*.html"):
            for name in URL.findall(path.read_text()):
                if name in RUNG and not below(app, name):
                    wrong.append(f"{path.relative_to(APPS)} -> {name}")
    assert wrong == []


@pytest.mark.parametrize("field_type", ["UUID", "datetime", "str", "int", "float", "bool", "tuple"])
def test_event_field_comes_back_when_its_type_is_known(field_type):
    """The types that `record.rebuild` restores; the next test keeps handled events to them."""
    known = {"UUID": "0" * 32, "datetime": "2026-07-28T18:31:00+00:00", "tuple": []}
    value = record._typed(field_type, known.get(field_type, 1))
    assert type(value).__name__ == field_type or field_type in ("str", "float", "bool")


def test_fields_of_handled_events_survive_storage_when_rebuilt():
    """A handler would get text where it expects a number: only types that JSON keeps or `rebuild` restores."""
    kept = re.compile(
        r"^(UUID|datetime|str|int|float|bool|None|tuple\[(UUID|str|int|float|dict\[str, Any\])(, \.\.\.)?\]|"
        r"dict\[str, .*\])$"
    )
    wrong = []
    for name, handlers in record._handlers.items():
        if not handlers:
            continue
        for field in dataclasses.fields(record._event_types[name]):
            text = field.type if isinstance(field.type, str) else getattr(field.type, "__name__", str(field.type))
            if not all(kept.match(part.strip()) for part in text.split("|")):
                wrong.append(f"{name}.{field.name}: {text}")
    assert wrong == []


def test_events_are_frozen_when_declared():
    wrong = []
    for app in OURS:
        for name, kind in (
            vars(__import__(f"fengsui.apps.{app}.events", fromlist=["x"])).items()
            if (APPS / app / "events.py").exists()
            else ()
        ):
            if isinstance(kind, type) and dataclasses.is_dataclass(kind) and not kind.__dataclass_params__.frozen:  # type: ignore[attr-defined]  # a test looks inside
                wrong.append(f"{app}.{name}")
    assert wrong == []


def test_apps_use_no_signals_and_override_no_saving():
    wrong = []
    for path in [each for each in sources(".py") if APPS in each.parents]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and "signals" in (node.module or ""):
                wrong.append(f"{path.relative_to(APPS)}:{node.lineno} imports signals")
            if isinstance(node, ast.FunctionDef) and any("receiver" in ast.unparse(d) for d in node.decorator_list):
                wrong.append(f"{path.relative_to(APPS)}:{node.lineno} receives signals")
    for model in ours():
        for verb in ("save", "delete", "full_clean"):
            if getattr(model, verb).__module__.startswith("fengsui."):
                wrong.append(f"{model._meta.label}.{verb}")
    assert wrong == []


NO_KIND_YET = {
    "incidents.casualty_supplement": "follows the accident register",
    "resources.readiness": "proof of life of teams and depots is not built",
    "relief.first_aid": "the app `relief` is not built",
}
"""Rules of the district whose clocks nobody starts yet; a line that is no longer true fails."""


def test_kinds_and_rules_of_clocks_match_when_compared():
    """A kind without a rule could not start; a rule without a kind promises what nobody keeps."""
    rules = clock_kinds("tiexi", REPO / "districts")
    kinds = {kind for kind in ClockKind.registered if ".test_" not in kind}
    assert sorted(kinds - rules) == []
    assert sorted(rules - kinds) == sorted(NO_KIND_YET)


def test_ladders_call_known_roles_when_read():
    clocks = load("tiexi", REPO / "districts").clocks
    called = {rung.to for each in clocks for rung in each.escalate} | {each.owner for each in clocks}
    assert called - set(ROLES) - {"next_in_chain"} == set()


@pytest.mark.parametrize("name", sorted(Machine.registered))
def test_machine_is_whole_when_walked(name):
    """Every state has words in both languages and a way in; every open state has a way to an end."""
    machine = Machine.registered[name]
    for state, term in machine.states.items():
        assert "" not in (term.zh, term.en), state
    reached, frontier = {machine.initial}, [machine.initial]
    while frontier:
        fresh = set(machine.moves.get(frontier.pop(), {}).values()) - reached
        reached |= fresh
        frontier += fresh
    assert reached == set(machine.states)
    ending = set(machine.final)
    for _ in machine.states:
        ending |= {state for state, row in machine.moves.items() if ending & set(row.values())}
    assert ending == set(machine.states)


def test_terms_speak_both_languages_when_listed():
    empty = [
        f"{name}.{code}" for name, terms in Terms.registered.items() for code, t in terms.items() if not (t.zh and t.en)
    ]
    assert empty == []


def test_verbs_are_ruled_when_code_or_pages_ask_for_them():
    asked = {verb: path.name for path in sources(".py", ".html") for verb in VERB.findall(path.read_text())}
    assert len(asked) > 20
    assert {verb: path for verb, path in asked.items() if verb not in policy.verbs()} == {}


UNSAID = {"plans.level.unknown": "a broken plan file: the loader tells it to the administrator, no page shows it"}
"""Refusals that no page shows."""


def test_errors_have_words_when_raised():
    """What, why and what to do: a coded refusal without its own sentence tells a person in a crisis nothing.

    NotFound and Forbidden may fall back to their kind's sentence, which says all there is to say.
    """
    import_module("fengsui.core.api.problems")  # has sentences of its own, and nothing else here may have asked for it
    raised = {code for path in sources(".py") if APPS in path.parents for code in CODE.findall(path.read_text())}
    assert len(raised) > 20
    silent = sorted(raised - set(wording._words) - set(UNSAID))
    assert not silent, "\n".join(silent)


@pytest.mark.django_db
def test_operational_tables_refuse_when_no_world_was_said():
    tables = [model for model in ours() if issubclass(model, InWorld)]
    assert len(tables) > 10
    for model in tables:
        with pytest.raises(UnscopedError):
            model.objects.count()
        with pytest.raises(UnscopedError):
            list(model.objects.all()[:1])


MASTER = {"people", "places", "resources", "plans", "enterprises"}
"""Master data are the same in every world; every other app's rows belong to one."""
WORLDLESS = {
    "alerts.Issuer": "who signs for a jurisdiction is the same in an exercise; the CAP status says Exercise",
    "alerts.Outlet": "the ways out exist once; the gate asks for the world at each of them",
    "alerts.MassAttempt": "a line of a batch, whose delivery has a world; a batch has two thousand",
    "alerts.MassEarly": "a receipt whose message is not known yet; an exercise sends none",
    "alerts.MassReceipt": "what became of lines of a batch, whose delivery has a world",
    "alerts.Recipient": "who registered a number wants real warnings; no exercise passes the public door to him",
    "desk.MapChoice": "which layers a person likes to see is the person's, in an exercise as well",
}
"""Tables of operational apps that hold no world, and why; a line that is no longer true fails."""


def test_rows_belong_to_a_world_when_they_are_operational():
    """Directly, or by the parent they cannot be without."""
    wrong = []
    for model in ours():
        if model._meta.app_label in MASTER or issubclass(model, InWorld):
            continue
        parents = [f.related_model for f in model._meta.concrete_fields if f.is_relation and not f.null]
        if not any(issubclass(each, InWorld | World) for each in parents):
            wrong.append(model._meta.label)
    assert sorted(wrong) == sorted(WORLDLESS), "\n".join(wrong)
