"""Chinese is the source language; the English catalogue must be complete. Extraction and merging by Babel alone.

(Django's makemessages finds only plain `_('..')` in Jinja2 and silently loses the rest.)
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po, write_po

from fengsui.config.ops.home import REPO

SOURCE = REPO / "src/fengsui"
ENGLISH = REPO / "locale/en/LC_MESSAGES/django.po"
METHODS = [
    ("**/tests/**.py", "ignore"),
    ("**/migrations/**.py", "ignore"),
    ("**.py", "python"),
    ("**/jinja2/**.html", "jinja2"),
    ("**/jinja2/**.txt", "jinja2"),
    ("**/jinja2/**.xml", "jinja2"),
]
JINJA = {"trim_blocks": "true", "lstrip_blocks": "true", "newstyle_gettext": "true", "silent": "false"}
OPTIONS = {pattern: JINJA for pattern, method in METHODS if method == "jinja2"}
KEYWORDS = {
    **DEFAULT_KEYWORDS,
    "gettext_lazy": None,
    "mark": None,  # gettext_noop, as words.py imports it
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}


def extract(source: Path = SOURCE) -> Catalog:
    """Every message of code and templates. Raises jinja2.TemplateSyntaxError for a template that cannot be read."""
    found = Catalog(project="fengsui", charset="utf-8", fuzzy=False)
    for name, line, message, comments, context in extract_from_dir(
        str(source), METHODS, OPTIONS, keywords=KEYWORDS, comment_tags=("L10N:",)
    ):
        found.add(message, None, [(name, line)], auto_comments=comments, context=context)
    return found


def english() -> Catalog:
    if not ENGLISH.exists():
        return Catalog(locale="en", project="fengsui", charset="utf-8")
    with open(ENGLISH, "rb") as read:
        return read_po(read, locale="en")


def _words(message: object) -> Iterator[str]:
    text = getattr(message, "string", "")
    yield from text if isinstance(text, tuple | list) else [text]


def missing() -> list[str]:
    """One line for each message without complete English, or marked as a guess."""
    catalog, lines = english(), []
    for message in extract():
        if not message.id:
            continue
        key = message.id[0] if isinstance(message.id, tuple | list) else message.id
        known = catalog.get(key, message.context)
        if known is None or known.fuzzy or not all(_words(known)):
            where = ", ".join(f"{name}:{line}" for name, line in message.locations[:2])
            lines.append(f"{key!r} ({where})")
    return lines


def update() -> int:
    """Merge new messages into the English catalogue with empty words; drop those gone. Returns how many are empty."""
    catalog, template = english(), extract()
    catalog.update(template, no_fuzzy_matching=True)
    catalog.obsolete.clear()
    for message in catalog:
        message.locations = [(name, 0) for name in sorted({name for name, _ in message.locations})]
    out = io.BytesIO()
    # Without dates and line numbers the file changes only when a message does.
    write_po(out, catalog, width=120, sort_output=True, omit_header=True, include_lineno=False)
    header = 'msgid ""\nmsgstr ""\n"Language: en\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n'
    header += '"Content-Transfer-Encoding: 8bit\\n"\n"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n'
    ENGLISH.parent.mkdir(parents=True, exist_ok=True)
    ENGLISH.write_text(header + out.getvalue().decode())
    return len(missing())
