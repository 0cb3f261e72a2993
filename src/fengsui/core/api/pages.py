"""The operations as a page: rendered here from the same description, without scripts, so under the same CSP."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from fengsui.core.api import site
from fengsui.core.api.describing import METHODS
from fengsui.core.api.scopes import scopes

REF = "$ref"


@require_GET
def show(request: HttpRequest) -> HttpResponse:
    """Every operation by what it is about: method, address, scope, what it takes, what it answers."""
    schema = site.api().get_openapi_schema()
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, operations in schema["paths"].items():
        for method, it in operations.items():
            if method in METHODS:
                groups.setdefault(it["tags"][0], []).append(_operation(schema, method, path, it))
    said = [(code, _(label)) for code, label in scopes().items()]
    context = {
        "groups": sorted(groups.items()),
        "scopes": said,
        "version": schema["info"]["version"],
        "illustrative": False,
    }
    return render(request, "api/docs.html", context)


def _operation(schema: Any, method: str, path: str, it: Any) -> dict[str, Any]:
    body = it.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    given = [each for each in it["parameters"] if REF not in each]
    return {
        "id": it["operationId"],
        "method": method.upper(),
        "path": path,
        "summary": it["summary"],
        "text": it.get("description", ""),
        "scope": it["x-scope"],
        "page": it.get("x-page", ""),
        "takes": [
            {
                "name": each["name"],
                "word": each["schema"].get("title", ""),
                "where": each["in"],
                "needed": each.get("required", False),
                "kind": _kind(schema, each["schema"]),
                "note": each.get("description", ""),
            }
            for each in given
        ]
        + _fields(schema, body),
        "gives": _gives(it),
        "repeats": any(each.get(REF, "").endswith("IdempotencyKey") for each in it["parameters"]),
    }


def _resolved(schema: Any, node: Any) -> Any:
    while REF in node:
        found = schema
        for step in node[REF].removeprefix("#/").split("/"):
            found = found[step]
        node = found
    return node


def _fields(schema: Any, body: Any) -> list[dict[str, Any]]:
    whole = _resolved(schema, body)
    needed = set(whole.get("required", []))
    return [
        {
            "name": name,
            "word": each.get("title", ""),
            "where": "body",
            "needed": name in needed,
            "kind": _kind(schema, each),
            "note": each.get("description", ""),
        }
        for name, each in whole.get("properties", {}).items()
    ]


def _kind(schema: Any, node: Any) -> str:
    """`string`, `uuid`, `integer 1–200`, `blue | red`, …"""
    node = _resolved(schema, node)
    if "enum" in node:
        return " | ".join(str(each) for each in node["enum"] if each != "")
    if "const" in node:
        return str(node["const"])
    for many in ("anyOf", "oneOf"):
        if many in node:
            return " | ".join(_kind(schema, each) for each in node[many] if each.get("type") != "null")
    if node.get("type") == "array":
        return f"[{_kind(schema, node.get('items', {}))}]"
    low, high = node.get("minimum"), node.get("maximum")
    if low is not None or high is not None:
        return f"{node.get('type')} {'' if low is None else low}–{'' if high is None else high}"
    return str(node.get("format") or node.get("type") or "")


def _gives(it: Any) -> str:
    for code, answer in it["responses"].items():
        if code.startswith("2"):
            content = next(iter(answer.get("content", {}).items()), None)
            if content is None:
                return code
            shape = content[1].get("schema", {}).get(REF, "").rpartition("/")[2] or content[1].get("schema", {}).get(
                "title", ""
            )
            return f"{code} {shape or content[0]}"
    return ""
