"""`check`: everything about the code that can be told without running the product. Exit 0 only if all is well."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from fengsui.config.ops import frontend
from fengsui.config.ops.console import Problem, say, word
from fengsui.config.ops.home import BIN, REPO, Home
from fengsui.config.ops.testing import throw_away_database

SHOWN = 60


def _run(*command: str, cwd: Path = REPO) -> list[str]:
    """Output lines where the command failed, none where it succeeded."""
    env = {
        **os.environ,
        "PYTHONPATH": str(REPO / "src"),
        "PATH": f"{BIN}:{os.environ.get('PATH', '')}",
        "NO_COLOR": "1",
    }
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).strip().splitlines() or ["failed"] if done.returncode else []


def _python(*words: str) -> list[str]:
    return _run(sys.executable, "-m", *words)


def _code_folders() -> list[str]:
    return [name for name in ("src", "tests", "bench", "conftest.py") if (REPO / name).exists()]


def ruff() -> list[str]:
    return _python("ruff", "check", "--output-format=concise", *_code_folders())


def layout() -> list[str]:
    lines = _python("ruff", "format", "--check", "--output-format=concise", *_code_folders())
    return [line for line in lines if line.strip()]


def types() -> list[str]:
    return _python("mypy", "src/fengsui")


def contracts() -> list[str]:
    return _run(str(BIN / "lint-imports"), "--no-cache")


def house() -> list[str]:
    from fengsui.config.ops import lints

    return lints.breaches()


def migrations() -> list[str]:
    return _python("django", "makemigrations", "--check", "--dry-run", "--settings=fengsui.config.settings")


def django() -> list[str]:
    return _python("django", "check", "--fail-level=WARNING", "--settings=fengsui.config.settings")


def translation() -> list[str]:
    from fengsui.config.ops import translations

    return [f"no English for {line}" for line in translations.missing()]


def catalogue() -> list[str]:
    """Every entry is found by its folder's name, has words in both languages, a page, and samples where it decodes."""
    from fengsui.kernel.registry import entries

    lines = []
    root = REPO / "src/fengsui/catalog"
    for kind in sorted(
        path.name for path in root.iterdir() if (path / "__init__.py").exists() and path.name != "tests"
    ):
        try:
            found = entries(f"fengsui.catalog.{kind}")
        except (ValueError, AttributeError, ImportError) as error:
            lines.append(f"catalog/{kind}: {error}")
            continue
        for code, entry in found.items():
            folder = root / kind / code
            if not (folder / "README.md").exists():
                lines.append(f"catalog/{kind}/{code}: no README.md")
            if kind in {"sensors", "channels"} and not any((folder / "samples").glob("*")):
                lines.append(f"catalog/{kind}/{code}: no samples")
            lines += [
                f"catalog/{kind}/{code}: no {name}"
                for name in ("zh", "en", "name", "name_en", "unit")
                if getattr(entry, name, "given") in {"", None}
            ]
    return lines


def licence() -> list[str]:
    from fengsui.config.ops import licences

    return licences.breaches()


def scripts() -> list[str]:
    """Types and tests of the front end, with the packages of its lock file."""
    if not frontend.fingerprint():
        return []
    needed = frontend.stale() or not (frontend.SOURCE / "node_modules").exists()
    if needed and (failed := _run(*frontend.command(), cwd=frontend.SOURCE)):
        return failed
    npm = str(BIN / "npm")
    return _run(npm, "run", "--silent", "check", cwd=frontend.SOURCE) or _run(
        npm, "test", "--silent", cwd=frontend.SOURCE
    )


def guides() -> list[str]:
    """Every link and picture of the guides is there, every page stands in a menu, nothing breaks the content policy."""
    from fengsui.config.help import checks

    return checks.breaches()


def pages() -> list[str]:
    return _python("fengsui.config", "docs", "--check")


STEPS: dict[str, Callable[[], list[str]]] = {
    "ruff": ruff,
    "format": layout,
    "mypy": types,
    "contracts": contracts,
    "house": house,
    "django": django,
    "migrations": migrations,
    "translations": translation,
    "catalogue": catalogue,
    "licences": licence,
    "docs": pages,
    "guides": guides,
    "frontend": scripts,
}


@contextmanager
def _database(steps: Sequence[str]) -> Iterator[None]:
    """Django looks at a server to tell what it may generate: an empty throw-away one, where a step needs it."""
    if os.environ.get("FENGSUI_DATABASE_URL") or not {"django", "migrations"} & set(steps):
        yield
        return
    with throw_away_database(Home.here(), durable=False) as url:
        os.environ["FENGSUI_DATABASE_URL"] = url
        try:
            yield
        finally:
            del os.environ["FENGSUI_DATABASE_URL"]


def _timed(name: str) -> tuple[str, list[str], float]:
    began = time.monotonic()
    try:
        lines = STEPS[name]()
    except Exception as error:
        lines = [f"{type(error).__name__}: {error}"]
    return name, lines, time.monotonic() - began


def main(only: Sequence[str] = ()) -> int:
    """Run all steps, or those named; print each with its time and what is wrong."""
    unknown = set(only) - set(STEPS)
    if unknown:
        raise Problem(
            f"没有这一项:{', '.join(unknown)};现有:{', '.join(STEPS)}",
            f"No such step: {', '.join(unknown)}; there are: {', '.join(STEPS)}",
        )
    steps = list(only or STEPS)
    failed = []
    with _database(steps), ThreadPoolExecutor(2) as pool:
        for name, lines, seconds in pool.map(_timed, steps):
            say(
                f"{'✗' if lines else '✓'} {name}({seconds:.1f} 秒)", f"{'✗' if lines else '✓'} {name} ({seconds:.1f} s)"
            )
            if lines:
                failed.append(name)
                print("\n".join(f"        {line}" for line in lines[:SHOWN]), flush=True)
                if len(lines) > SHOWN:
                    print(f"        … {len(lines) - SHOWN} more")
    print(
        word(
            f"{len(failed)} 项未通过:{', '.join(failed)}" if failed else "全部通过",
            f"{len(failed)} failed: {', '.join(failed)}" if failed else "all well",
        )
    )
    return 1 if failed else 0
