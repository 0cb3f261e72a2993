"""What `check` asks of the guides: that they build without a warning, and that what is built may be served."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any

from fengsui.config.help.build import build
from fengsui.config.ops.console import Problem

FORBIDDEN = re.compile(r"<(script|style|iframe|link)\b|\sstyle=|\son[a-z]+=", re.I)
REMOTE = re.compile(r"<img[^>]*src=[\"'](?:https?:)?//", re.I)
PICTURES = (".png", ".webp", ".svg", ".jpg")


def breaches() -> list[str]:
    """One line for each thing that is wrong; none where all is well."""
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder) / "help"
        try:
            build(site, strict=True)
        except Problem as wrong:
            return str(wrong).splitlines()
        return faults(json.loads((site / "help.json").read_text("utf-8")))


def faults(built: dict[str, Any]) -> list[str]:
    lines = []
    whole = "".join(page["html"] for page in built["pages"].values())
    for where, page in built["pages"].items():
        if found := FORBIDDEN.search(page["html"]) or REMOTE.search(page["html"]):
            lines.append(f"{page['source']}: {found[0]!r} breaks the content security policy")
        if "manual/" in where and not page["twin"]:
            lines.append(f"{page['source']}: the manual has this page in one language only")
    for name in built["files"]:
        if name.endswith(PICTURES) and name.rpartition("/")[2] not in whole and not name.startswith("images/readme/"):
            lines.append(f"docs/{name}: no page shows this picture")
    return lines
