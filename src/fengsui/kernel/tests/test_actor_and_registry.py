"""Who acts, and how catalogue folders are found."""

import sys
from uuid import uuid4

import pytest

from fengsui.kernel import registry
from fengsui.kernel.actor import Actor, Grant
from fengsui.kernel.errors import FengsuiError, Forbidden, Invalid, NotFound, Refused


def test_actor_is_either_person_or_system_when_made():
    for wrong in ({}, {"person": uuid4(), "system": "engine"}):
        with pytest.raises(ValueError, match="either a person or a part"):
            Actor(world=uuid4(), **wrong)


def test_actor_tells_roles_posts_and_organisations_when_asked():
    post, other, org = uuid4(), uuid4(), uuid4()
    by = Actor(world=uuid4(), person=uuid4(), grants=(Grant("liaison", post, org), Grant("auditor", other, org)))
    assert by.roles == {"liaison", "auditor"}
    assert (by.posts, by.orgs) == ({post, other}, {org})
    assert by.has_role("x", "auditor")
    assert not by.has_role("commander")


def test_actor_keeps_everything_else_when_it_joins_a_chain_or_gives_a_reason():
    by, chain = Actor(world=uuid4(), system="engine", source="10.0.0.1"), uuid4()
    joined = by.in_chain(chain).because("复核")
    assert (joined.correlation, joined.reason) == (chain, "复核")
    assert (joined.world, joined.system, joined.source) == (by.world, "engine", "10.0.0.1")
    assert by.reason == ""


def test_every_actor_starts_a_chain_of_its_own_when_none_is_given():
    assert Actor(world=uuid4(), system="a").correlation != Actor(world=uuid4(), system="a").correlation


@pytest.mark.parametrize(
    ("kind", "status"), [(FengsuiError, 400), (NotFound, 404), (Forbidden, 403), (Refused, 409), (Invalid, 422)]
)
def test_error_carries_code_facts_and_status_when_raised(kind, status):
    error = kind("app.verb.reason", who="张某")
    assert (error.status, error.code, error.facts["who"]) == (status, "app.verb.reason", "张某")
    assert "who='张某'" in str(error)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A catalogue package on disk: returns a function that adds one folder."""
    root = tmp_path / "shelf"
    root.mkdir()
    (root / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)

    def add(folder, code):
        (root / folder).mkdir()
        (root / folder / "__init__.py").write_text(f"class E:\n    code = {code!r}\nENTRY = E()\n")

    yield add
    registry.entries.cache_clear()
    for name in [each for each in sys.modules if each == "shelf" or each.startswith("shelf.")]:
        del sys.modules[name]


def test_entries_are_found_by_folder_when_sorted(package):
    package("flood", "flood")
    package("fire", "fire")
    package("tests", "ignored")
    assert list(registry.entries("shelf")) == ["fire", "flood"]


def test_entries_refuse_when_folder_and_code_differ(package):
    package("flood", "rain")
    with pytest.raises(ValueError, match=r"ENTRY\.code is 'rain', the folder is 'flood'"):
        registry.entries("shelf")


@pytest.mark.parametrize("shelf", ["hazards", "sensors", "channels"])
def test_shipped_catalogue_is_not_empty_when_read(shelf):
    found = registry.entries(f"fengsui.catalog.{shelf}")
    assert found
    assert all(isinstance(entry, registry.Entry) for entry in found.values())
