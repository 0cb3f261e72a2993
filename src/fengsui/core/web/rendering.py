"""What a page does hundreds of times: saying a word in its language, and fetching the components.

Measured on the pages of `bench/desk.py`: Jinja's own way of both cost a third of the time of a page's template.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import Any

from django.utils import translation
from jinja2 import Environment, Template, nodes
from jinja2.environment import TemplateModule
from jinja2.meta import find_undeclared_variables
from jinja2.utils import missing
from markupsafe import Markup

KEPT = 8192
"""Texts in one language that a process keeps at hand; the interface has about half as many."""


@lru_cache(KEPT)
def _said(language: str | None, text: str) -> Markup:
    del language  # a key of the cache: what gettext answers depends on it
    return Markup(translation.gettext(text))  # noqa: S704  # lint: mark-safe: the interface's own words, as Jinja's i18n does


@lru_cache(KEPT)
def _whole(language: str | None, text: str) -> Markup:
    """One without anything to put in; `%%` in it is a percent sign, as everywhere in Jinja's newstyle gettext."""
    return _said(language, text) % {}


def said(text: str, /, **variables: Any) -> Markup:
    """`_()` of templates, as `jinja2.ext.i18n` with `newstyle` has it: what is put in is escaped."""
    text, language = str(text), translation.get_language()
    return _said(language, text) % variables if variables else _whole(language, text)


class Reused(Template):
    """A template whose macros are made once a request, not once for each part of the page that imports them.

    `{% from "ui/components.html" import … with context %}` makes all its macros anew, a millisecond each time, and a
    page has ten to twenty parts. The macros see nothing of the context but what the file itself names: as long as
    those values are the same ones, so are the macros.
    """

    @cached_property
    def _reads(self) -> tuple[str, ...] | None:
        """Names that it takes from the context; None where it also includes or imports, which may read anything."""
        environment: Environment = self.environment
        if self.name is None or environment.loader is None:
            return None
        source, _file, _fresh = environment.loader.get_source(environment, self.name)
        tree = environment.parse(source, self.name)
        if next(tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)), None) is not None:
            return None
        return tuple(sorted(find_undeclared_variables(tree) - environment.globals.keys()))

    def make_module(
        self, vars: dict[str, Any] | None = None, shared: bool = False, locals: Mapping[str, Any] | None = None
    ) -> TemplateModule:
        given = vars or {}
        request = given.get("request")
        if not shared or request is None or self._reads is None:
            return super().make_module(vars, shared, locals)
        at_hand = locals or {}
        read = [at_hand[name] if name in at_hand and at_hand[name] is not missing else given.get(name, missing)
                for name in self._reads]  # fmt: skip
        kept: list[tuple[str | None, list[Any], TemplateModule]] = request.__dict__.setdefault("_macros", [])
        for name, before, module in kept:
            if name == self.name and all(one is other for one, other in zip(before, read, strict=True)):
                return module
        made = super().make_module(vars, shared, locals)
        kept.append((self.name, read, made))
        return made
