"""The description: valid OpenAPI 3.1, whole, and in the reader's language."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from openapi_spec_validator import OpenAPIV31SpecValidator

from fengsui.core.api.describing import METHODS
from fengsui.core.api.scopes import scopes
from tests.contracts.story import client_of

CJK = re.compile("[\u4e00-\u9fff]")


def schema(language: str = "en") -> dict:
    answer = Client().get("/api/v1/openapi.json", headers={"Accept-Language": language})
    assert answer.status_code == 200
    return answer.json()


def operations(found: dict) -> list[tuple[str, str, dict]]:
    return [(path, m, each) for path, it in found["paths"].items() for m, each in it.items() if m in METHODS]


@pytest.mark.django_db
def test_description_is_valid_when_served():
    found = schema()
    assert found["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(found).validate()


@pytest.mark.django_db
def test_every_operation_says_scope_refusals_and_repeats():
    found, known = operations(schema()), scopes()
    assert len(found) > 40
    names = [each["operationId"] for _path, _m, each in found]
    assert len(set(names)) == len(names)
    for path, method, each in found:
        assert each["x-scope"] in known, path
        assert each["security"] == [{"token": [each["x-scope"]]}]
        assert {"401", "403", "429"} <= set(each["responses"]), path
        repeats = any(p.get("$ref", "").endswith("IdempotencyKey") for p in each["parameters"])
        assert repeats is (method != "get"), path


@pytest.mark.django_db
def test_words_are_english_when_english_is_asked_for():
    for _path, _method, each in operations(schema("en")):
        assert not CJK.search(each["summary"]), each["summary"]
    assert any(CJK.search(each["summary"]) for _p, _m, each in operations(schema("zh-hans")))


@pytest.mark.django_db
def test_page_lists_every_operation_without_scripts(told):
    answer = client_of("duty").get("/api/")
    text = answer.content.decode()
    assert answer.status_code == 200
    for path, _method, each in operations(schema("zh-hans")):
        assert f'id="{each["operationId"]}"' in text, path
    assert "style=" not in text.partition("<main")[2].partition("</main")[0]
