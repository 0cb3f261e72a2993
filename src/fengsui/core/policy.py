"""Policy per verb: each app registers who may do what on which row. An unknown verb is nobody's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import Forbidden

Rule = Callable[[Actor, Any], bool]
_rules: dict[str, Rule] = {}


def rule(*verbs: str) -> Callable[[Rule], Rule]:
    """`@rule("alerts.confirm")` above `def may_confirm(by, warning) -> bool`."""

    def register(decide: Rule) -> Rule:
        for verb in verbs:
            if verb in _rules:
                raise ValueError(f"policy for {verb} defined twice")
            _rules[verb] = decide
        return decide

    return register


def can(by: Actor, verb: str, row: Any = None) -> bool:
    """May this actor do it? Parts of the system may do what people decided they do; worlds never mix."""
    decide = _rules.get(verb)
    if decide is None:
        return False
    if row is not None and getattr(row, "world_id", by.world) != by.world:
        return False
    return bool(by.system) or decide(by, row)


def require(by: Actor, verb: str, row: Any = None) -> None:
    """Raises Forbidden("core.policy.forbidden", verb=...)."""
    if not can(by, verb, row):
        raise Forbidden("core.policy.forbidden", verb=verb)


def verbs() -> list[str]:
    return sorted(_rules)


def roles(*allowed: str) -> Rule:
    """The commonest rule: any of these roles."""

    def decide(by: Actor, row: Any) -> bool:
        return by.has_role(*allowed)

    return decide
