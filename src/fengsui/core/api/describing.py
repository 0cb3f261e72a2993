"""The description of the API (OpenAPI 3.1), completed: scopes, problems, headers, words in the language asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from fengsui.core.api.scopes import scopes
from fengsui.core.ledger.register import registers

CJK = re.compile(r"[\u4e00-\u9fff]")
METHODS = ("get", "post", "put", "patch", "delete")
_COMMON = {
    "401": "No token, or one that may not be used",
    "403": "The token's scope or its holder's post does not allow it",
    "404": "Not there, or not for this person to know of",
    "422": "What was sent cannot be used; `errors` names the fields",
    "429": "Too many calls in this minute; see Retry-After",
}
_CHANGING = {
    "400": "Not readable JSON",
    "409": "The state of things forbids it, or the same key is being worked on",
    "412": "If-Match names another version",
    "413": "Too large",
    "428": "If-Match is needed",
}
_PROBLEM = {
    "type": "object",
    "title": "Problem",
    "description": "Problem details, RFC 9457",
    "required": ["type", "title", "status", "code", "instance"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string", "description": "What happened, in the language asked for"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What to do about it"},
        "code": {"type": "string", "description": "For programs; does not change"},
        "instance": {"type": "string", "description": "The chain's number, as in X-Correlation-Id"},
        "facts": {"type": "object"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "name", "what"],
                "properties": {"field": {"type": "string"}, "name": {"type": "string"}, "what": {"type": "string"}},
            },
        },
    },
}
_PARAMETERS: dict[str, dict[str, Any]] = {
    "World": {
        "name": "X-Fengsui-World",
        "in": "header",
        "required": False,
        "description": "Key of an exercise that the holder has entered; left out: the live world",
        "schema": {"type": "string", "format": "uuid"},
    },
    "Correlation": {
        "name": "X-Correlation-Id",
        "in": "header",
        "required": False,
        "description": "Continues a chain of events; answered with the number used",
        "schema": {"type": "string", "format": "uuid"},
    },
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": "The same key with the same body within a day is done once and answered alike",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{8,64}$"},
    },
}


def completed(schema: Any) -> Any:
    """The schema with what ninja does not know of."""
    schema["jsonSchemaDialect"] = "https://json-schema.org/draft/2020-12/schema"
    parts = schema["components"]
    parts.setdefault("schemas", {})["Problem"] = _PROBLEM
    parts["schemas"] |= {f"Register_{code}": each.schema() for code, each in registers().items()}
    parts["parameters"] = _PARAMETERS
    parts["responses"] = {f"Problem{code}": _problem(text) for code, text in {**_COMMON, **_CHANGING}.items()}
    parts["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": _scope_list(scopes())},
    }
    for path in schema["paths"].values():
        for method, operation in path.items():
            if method in METHODS:
                _complete(operation)
    schema["paths"] = dict(sorted(schema["paths"].items()))
    _translate(schema, _)
    return schema


def _problem(text: str) -> dict[str, Any]:
    return {
        "description": text,
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def _scope_list(found: Mapping[str, str]) -> str:
    lines = [f"- `{code}` {_(label)}" for code, label in found.items()]
    return "\n".join(["A token made on /me/tokens. Scopes:", *lines])


def _complete(operation: dict[str, Any]) -> None:
    changes = operation.pop("x-idempotency", False)
    operation["security"] = [{"token": [operation["x-scope"]]}]
    operation["tags"] = [operation["x-scope"].partition(":")[0]]
    names = ["World", "Correlation", *(["IdempotencyKey"] if changes else [])]
    operation.setdefault("parameters", []).extend({"$ref": f"#/components/parameters/{name}"} for name in names)
    # Status codes are text in OpenAPI; ninja gives numbers.
    answers = {str(code): each for code, each in operation["responses"].items()}
    for code in {**_COMMON, **(_CHANGING if changes else {})}:
        answers.setdefault(code, {"$ref": f"#/components/responses/Problem{code}"})
    operation["responses"] = answers


def _translate(node: Any, say: Callable[[str], str]) -> None:
    """Chinese titles, summaries and descriptions in the language of the request."""
    if isinstance(node, dict):
        for key, each in node.items():
            if key in ("title", "summary", "description") and isinstance(each, str) and CJK.search(each):
                node[key] = say(each)
            else:
                _translate(each, say)
    elif isinstance(node, list):
        for each in node:
            _translate(each, say)
