"""Words of the interface in either language: what the guides may print in bold, because it stands on a page."""

from __future__ import annotations

import re
from functools import cache

from babel.messages.pofile import read_po

from fengsui.config.ops.docs import import_pure_parts
from fengsui.config.ops.home import REPO
from fengsui.kernel.clock import ClockKind
from fengsui.kernel.terms import Terms

PLACE = re.compile(r"%\((\w+)\)[-+0-9.]*[a-zA-Z]|\{\w*\}|<[^>]+>|%%")
HAN = re.compile(r"[\u4e00-\u9fff]")
ENOUGH = 7
SAID = re.compile(r'\bsay\("([^"]+)", "([^"]+)"\)')
"""A word that the browser's own code says, Chinese first."""
BOLD = re.compile(r"\*\*(.+?)\*\*")


def _pattern(message: str) -> re.Pattern[str]:
    """A message as it may stand on a page: anything in its places, the dots of an unfolding button or not."""
    parts = [re.escape(part) for part in PLACE.split(_bare(message))[:: 1 + PLACE.groups]]
    return re.compile("(.+?)".join(parts).replace("…", "…?"))


@cache
def catalogue() -> list[tuple[str, str]]:
    """(Chinese, English) of every message of the interface, here or in the browser, and every declared term."""
    pairs = []
    with open(REPO / "locale/en/LC_MESSAGES/django.po", "rb") as source:
        for message in read_po(source):
            ids = message.id if isinstance(message.id, (list, tuple)) else [message.id]
            said = message.string if isinstance(message.string, (list, tuple)) else [message.string]
            pairs += [(zh, en) for zh, en in zip([ids[0]] * len(said), said, strict=True) if zh and en]
    import_pure_parts()
    for terms in Terms.registered.values():
        pairs += [(term.zh, term.en) for term in terms.values()]
    pairs += [(kind.verb.zh, kind.verb.en) for kind in ClockKind.registered.values()]
    for script in (REPO / "frontend/src").rglob("*.ts"):
        pairs += SAID.findall(script.read_text("utf-8"))
    return pairs


@cache
def _known(language: str) -> tuple[set[str], list[tuple[int, re.Pattern[str]]]]:
    """Messages without places, with the beginnings of those with places; patterns with their weight."""
    words = {pair[language == "en"] for pair in catalogue()}
    fixed = {_bare(PLACE.split(each)[0]) for each in words}
    patterns = [(_weight(each), _pattern(each)) for each in words if PLACE.search(each) and _weight(each)]
    return fixed - {""}, patterns


def _weight(message: str) -> int:
    """Letters outside its places; a Chinese character says as much as two."""
    letters = re.sub(r"\W", "", PLACE.sub("", message))
    return len(letters) + len(HAN.findall(letters))


def _bare(text: str) -> str:
    return " ".join(text.split()).strip("…：:，, ").lower()


def stands_on_a_page(text: str, language: str) -> bool:
    """Whether these words are a message, the fixed beginning of one, or one with its places filled.

    Where a message is hardly more than its places (`去%(verb)s`), what fills them must itself be a message.
    """
    fixed, patterns = _known(language)
    bare = _bare(text)
    if bare in fixed:
        return True
    for weight, pattern in patterns:
        found = pattern.fullmatch(bare)
        if found and (weight > ENOUGH or all(_bare(part) in fixed or part.isdigit() for part in found.groups())):
            return True
    return False
