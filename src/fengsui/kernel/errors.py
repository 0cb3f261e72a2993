"""Errors carry a dotted code and facts; the words for people live in core.wording alone."""

from __future__ import annotations

from typing import Any

from fengsui.kernel.terms import Term


class FengsuiError(Exception):
    """Base. `code` is `app.verb.reason`; `facts` fill the sentence shown to the user, a `Term` in their language."""

    status = 400

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts

    def __str__(self) -> str:
        said = {key: value.code if isinstance(value, Term) else value for key, value in self.facts.items()}
        inside = ", ".join(f"{key}={value!r}" for key, value in said.items())
        return f"{self.code}({inside})"


class NotFound(FengsuiError):
    """The row does not exist or this actor may not know that it does."""

    status = 404


class Forbidden(FengsuiError):
    """The actor may see the row but not do this verb."""

    status = 403


class Refused(FengsuiError):
    """A rule says no: wrong state, same person twice, missing proof."""

    status = 409


class Invalid(FengsuiError):
    """Input that cannot be used. `field` names the form field to mend."""

    status = 422

    def __init__(self, code: str, *, field: str = "", **facts: Any) -> None:
        super().__init__(code, field=field, **facts)
        self.field = field
