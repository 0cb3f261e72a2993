"""Engines behind ports: config provides factories, apps ask by name. An absent engine is an answer, not a crash."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fengsui.kernel.errors import FengsuiError

_factories: dict[str, Callable[..., Any]] = {}


class PortAbsent(FengsuiError):
    """Nothing is wired to this port; pages say so and go on without it."""

    status = 503


def provide(name: str, factory: Callable[..., Any]) -> None:
    _factories[name] = factory


def port(name: str, *args: Any) -> Any:
    """The engine behind a port. Raises PortAbsent("core.port.absent", port=...)."""
    factory = _factories.get(name)
    if factory is None:
        raise PortAbsent("core.port.absent", port=name)
    return factory(*args)
