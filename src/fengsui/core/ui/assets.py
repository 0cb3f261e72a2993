"""Vite's manifest: which hashed files belong to an entry (`app`, `map`, `chart`)."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from django.templatetags.static import static
from markupsafe import Markup

DIST = Path(__file__).resolve().parents[2] / "static" / "dist"


@cache
def _read(path: Path) -> dict[str, Any]:
    """Once a process: what serves the files (WhiteNoise) lists them at its start too, so a build made beside a running
    server is seen with the next start. Until then the old names hold; the build leaves their files in place.
    """
    manifest: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return manifest


def _manifest() -> dict[str, Any]:
    path = DIST / "manifest.json"
    try:
        return _read(path)
    except FileNotFoundError:
        return {}


def ready() -> bool:
    """Whether the front end was built; pages say so where it was not (they still work without)."""
    return bool(_manifest())


def files(entry: str) -> tuple[list[str], list[str]]:
    """(style sheets, scripts) of an entry with those of its imports, as paths below `dist/`; empty where not built."""
    manifest = _manifest()
    key = f"src/{entry}.ts"
    if key not in manifest:
        return [], []
    styles: list[str] = []
    waiting, seen = [key], set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        styles += [each for each in manifest[name].get("css", []) if each not in styles]
        waiting += manifest[name].get("imports", [])
    return styles, [manifest[key]["file"]]


def tags(entry: str) -> Markup:
    """`<link>` and `<script>` of an entry."""
    styles, scripts = files(entry)
    sheet = Markup('<link rel="stylesheet" href="{}">\n')  # lint: mark-safe
    script = Markup('<script type="module" src="{}"></script>\n')  # lint: mark-safe
    lines = [sheet.format(static(f"dist/{each}")) for each in styles]
    lines += [script.format(static(f"dist/{each}")) for each in scripts]
    return Markup("").join(lines)  # lint: mark-safe
