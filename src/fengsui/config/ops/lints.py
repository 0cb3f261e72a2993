"""House lints: what people forget and no general tool knows. Each carries a good and a bad line; a test tries both."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from fengsui.config.ops.home import REPO

CJK = re.compile(r"[\u4e00-\u9fff]")
LONGEST = 600
GETTEXT = {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy", "pgettext", "pgettext_lazy", "npgettext"}
VAGUE = {"utils", "helpers", "common", "misc", "manager", "extras", "lib"}


@dataclass(frozen=True, slots=True)
class Lint:
    """A pattern that must not occur in files matching `where` (relative to the repository)."""

    name: str
    where: str
    bad: re.Pattern[str]
    why: str
    bad_line: str
    good_line: str


LINTS: tuple[Lint, ...] = (
    Lint(
        "inline-style",
        "src/**/*.html",
        re.compile(r"\sstyle\s*="),
        "the content security policy refuses style attributes: use a class",
        '<p style="color: red">',
        '<p class="late">',
    ),
    Lint(
        "inline-handler",
        "src/**/*.html",
        re.compile(r"<[^>]*\son[a-z]+\s*=|hx-on|\shx-vals=['\"]js:|javascript:"),
        "needs eval, which the content security policy refuses",
        '<button onclick="go()">',
        '<button hx-post="/go">',
    ),
    Lint(
        "inline-script",
        "src/**/*.html",
        re.compile(r"<script(?![^>]*\b(src|nonce|type=\"application/(ld\+)?json\"))[^>]*>"),
        "scripts come from our own files",
        "<script>go()</script>",
        '<script src="{{ static("x.js") }}" defer></script>',
    ),
    Lint(
        "foreign-resource",
        "src/**/*.html",
        re.compile(r"<(script|link|img|iframe)[^>]*(src|href)=[\"'](https?:)?//"),
        "nothing from outside: networks are closed",
        '<link href="https://example.org/a.css">',
        '<link href="{{ static("a.css") }}">',
    ),
    Lint(
        "save-override",
        "src/fengsui/apps/**/*.py",
        re.compile(r"^\s+def save\(self"),
        "saving has no side effects; verbs live in actions.py",
        "    def save(self, *args):",
        "    def saved_words(self):",
    ),
    Lint(
        "signal-receiver",
        "src/fengsui/apps/**/*.py",
        re.compile(r"@receiver\(|\.connect\(\s*\w+,\s*sender="),
        "facts travel as events, not as signals",
        "@receiver(post_save)",
        "@on(events.WarningIssued)",
    ),
    Lint(
        "auto-migration",
        "src/fengsui/**/migrations/*.py",
        re.compile(r"^(from|import) fengsui\.(?!core\.migrations)"),
        "a migration imports nothing of ours: it must still run when the code has moved on",
        "from fengsui.apps.people import rules",
        "from django.db import migrations",
    ),
    Lint(
        "unscoped-read",
        "src/fengsui/apps/**/views.py",
        re.compile(r"\.all_worlds\("),
        "a page shows one world",
        'Warning.objects.all_worlds("why")',
        "Warning.objects.in_world(by.world)",
    ),
    Lint(
        "mark-safe",
        "src/fengsui/**/*.py",
        re.compile(r"\bmark_safe\(|\bMarkup\((?!\))"),
        "escape by default; build markup in templates",
        "return mark_safe(text)",  # lint: mark-safe
        "return text",
    ),
    Lint(
        "template-safe",
        "src/**/*.html",
        re.compile(r"\|\s*safe\b|autoescape\s+false"),
        "escape by default",
        "{{ text|safe }}",
        "{{ text }}",
    ),
    Lint(
        "stored-words",
        "src/**/*.html",
        re.compile(r"""\b_\(\s*[^"'\s]"""),
        "`_()` takes its text for the interface's own words and does not escape it",
        "{{ _(row.reason) }}",
        "{{ row.reason|worded }}",
    ),
)


def files(pattern: str, root: Path = REPO) -> Iterator[Path]:
    for path in sorted(root.glob(pattern)):
        parts = path.relative_to(root).parts
        if not {"tests", "static", "node_modules", "__pycache__"} & set(parts):
            yield path


def patterns() -> Iterator[str]:
    for lint in LINTS:
        for path in files(lint.where):
            for number, line in enumerate(path.read_text().splitlines(), 1):
                if lint.bad.search(line) and f"lint: {lint.name}" not in line:
                    yield f"{path.relative_to(REPO)}:{number}: {lint.name}: {lint.why}"


def sizes_and_names() -> Iterator[str]:
    for pattern in ("src/**/*.py", "src/**/*.html", "frontend/src/**/*.ts", "frontend/src/**/*.css"):
        for path in sorted(REPO.glob(pattern)):
            if {"static", "node_modules", "migrations"} & set(path.parts):
                continue
            count = len(path.read_text().splitlines())
            if count > LONGEST:
                yield f"{path.relative_to(REPO)}: {count} lines, {LONGEST} at most: split it by what it is about"
            if path.stem in VAGUE:
                yield f"{path.relative_to(REPO)}: name a file for what it holds"
    for path in files("src/fengsui/**/migrations/[0-9]*.py"):
        if re.search(r"_auto_|_initial$", path.stem):
            yield f"{path.relative_to(REPO)}: name the migration for what it does"


def untranslated_template(text: str) -> Iterator[int]:
    """Line numbers of Chinese words that a template prints without translation."""
    from jinja2 import Environment

    inside = False
    for line, kind, value in Environment(autoescape=True, extensions=["jinja2.ext.i18n"]).lex(text):
        if kind == "name" and value in {"trans", "endtrans"}:
            inside = value == "trans"
        elif kind == "data" and not inside:
            bare = re.sub(r"<!--.*?-->", lambda match: "\n" * match[0].count("\n"), value, flags=re.S)
            for offset, part in enumerate(bare.split("\n")):
                if CJK.search(part):
                    yield line + offset


def untranslated_python(text: str) -> Iterator[int]:
    """Line numbers of Chinese string literals that go to people without gettext.

    Docstrings and comments are free, and so are `aliases`: words that are read in sheets and never shown.
    """
    tree = ast.parse(text)
    free: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            free.add(id(node.value))
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if name in GETTEXT:
                free.update(id(inner) for inner in ast.walk(node))
        if isinstance(node, ast.keyword) and node.arg == "aliases":
            free.update(id(inner) for inner in ast.walk(node))
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in free
            and CJK.search(node.value)
        ):
            yield node.lineno


def untranslated() -> Iterator[str]:
    for path in files("src/fengsui/**/jinja2/**/*.html"):
        # Samples for those who build pages; and papers, which offices issue in Chinese whoever reads the screen.
        if "gallery" in path.parts or path.stem.endswith("paper"):
            continue
        for line in untranslated_template(path.read_text()):
            yield f"{path.relative_to(REPO)}:{line}: Chinese words without _() or {{% trans %}}"
    for name in ("views", "forms", "api", "ledger", "lists"):
        for path in files(f"src/fengsui/apps/**/{name}.py"):
            for line in untranslated_python(path.read_text()):
                yield f"{path.relative_to(REPO)}:{line}: Chinese words without _()"


ALL: tuple[Callable[[], Iterator[str]], ...] = (patterns, sizes_and_names, untranslated)


def breaches() -> list[str]:
    return [line for lint in ALL for line in lint()]
