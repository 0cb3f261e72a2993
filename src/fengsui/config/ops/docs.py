"""Reference pages generated from code: environment, glossary, state machines. `--check`: are they current?"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path

from fengsui.config.ops import doctor_faults, environment
from fengsui.config.ops.home import REPO

FOLDER = REPO / "docs/reference"
PURE = ("rules", "events")


def import_pure_parts() -> None:
    """Import all that may declare Terms or a Machine: kernel, science, catalogue, the apps' rules; no Django."""
    for package in ("fengsui.kernel", "fengsui.science", "fengsui.catalog"):
        home = importlib.import_module(package)
        for info in pkgutil.walk_packages(home.__path__, f"{package}."):
            if ".tests" not in info.name:
                importlib.import_module(info.name)
    apps = importlib.import_module("fengsui.apps")
    for info in pkgutil.iter_modules(apps.__path__):
        for part in PURE:
            name = f"fengsui.apps.{info.name}.{part}"
            if importlib.util.find_spec(name):
                importlib.import_module(name)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def glossary() -> str:
    from fengsui.kernel.terms import Terms

    lines = [
        "# 术语表 Glossary",
        "",
        "Generated from the terms declared in code by `python -m fengsui.config docs`. "
        "Basis: V verified in the named source, G general professional knowledge, U uncertain or local.",
    ]
    for name, terms in sorted(Terms.registered.items()):
        lines += ["", f"## {name}", "", "| code | 中文 | English | source | basis |", "|---|---|---|---|---|"]
        for term in terms.values():
            source = " ".join(filter(None, (term.source, term.note)))
            source = " ".join(filter(None, (term.means_en, source)))
            lines.append(f"| `{term.code}` | {_cell(term.zh)} | {_cell(term.en)} | {_cell(source)} | {term.basis} |")
    return "\n".join(lines) + "\n"


def machines() -> str:
    from fengsui.kernel.machine import Machine

    lines = ["# 状态机 State machines", "", "Generated from the tables in code by `python -m fengsui.config docs`."]
    for name, machine in sorted(Machine.registered.items()):
        lines += ["", f"## {name}", "", "```mermaid", machine.mermaid(), "```"]
    return "\n".join(lines) + "\n"


def pages() -> Iterator[tuple[Path, str]]:
    import_pure_parts()
    yield FOLDER / "doctor.md", doctor_faults.table()
    yield FOLDER / "environment.md", environment.table()
    yield FOLDER / "glossary.md", glossary()
    yield FOLDER / "machines.md", machines()


def outdated() -> list[Path]:
    return [path for path, text in pages() if not path.exists() or path.read_text() != text]


def main(*, check: bool) -> int:
    if check:
        for path in (old := outdated()):
            print(f"{path.relative_to(REPO)}: out of date; run python -m fengsui.config docs", file=sys.stderr)
        return 1 if old else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path, text in pages():
        path.write_text(text)
        print(path.relative_to(REPO))
    return 0
