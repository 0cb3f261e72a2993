"""What a page loads before it can be used: few bytes, packed, and never asked for twice."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from fengsui.core.ui import assets

HEAVY = {"map", "chart", "replay", "series"}
"""Entries that draw: only pages with a map or a chart load them."""
MOST_BYTES = 200_000

pytestmark = pytest.mark.skipif(
    not (assets.DIST / "manifest.json").exists(), reason="the front end is not built (./fengsui build): NOT weighed"
)


def manifest() -> dict:
    return json.loads((assets.DIST / "manifest.json").read_text("utf-8"))


def scripts(entry: str) -> set[str]:
    """Files of an entry with what it imports at once; what is fetched later by `import()` does not count."""
    listed, waiting, seen = manifest(), [entry], set()
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += listed[name].get("imports", [])
    return {listed[name]["file"] for name in seen}


def weight(files: set[str]) -> int:
    return sum(len(gzip.compress((assets.DIST / each).read_bytes(), 9)) for each in files)


def test_scripts_of_a_page_without_map_or_chart_are_light():
    entries = [name for name, it in manifest().items() if it.get("isEntry") and Path(name).stem not in HEAVY]
    assert "src/app.ts" in entries
    files = set().union(*(scripts(each) for each in entries))
    assert weight(files) < MOST_BYTES, {each: weight({each}) for each in files}


def test_script_is_sent_packed_and_kept_for_ever():
    (file,) = assets.files("app")[1]
    plain = Client().get(f"/static/dist/{file}")
    packed = Client().get(f"/static/dist/{file}", headers={"accept-encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert int(packed.headers["Content-Length"]) < int(plain.headers["Content-Length"]) / 2
    assert "immutable" in packed.headers["Cache-Control"]
    body = b"".join(packed.streaming_content)
    assert gzip.decompress(body) == b"".join(plain.streaming_content)
    assert not settings.DEBUG
