"""The built guides as they lie in `help.json`; read once and again when they were built anew."""

from __future__ import annotations

import json
import unicodedata
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings

LANGUAGES = {"zh-hans": "zh", "en": "en"}
HOME = "home"


@cache
def _read(path: Path, _changed_ns: int) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(path.read_text("utf-8"))
    body["plain"] = [
        (plain(body["pages"][where]["title"]), plain(heading), plain(text), sound)
        for where, _anchor, heading, text, sound in body["sections"]
    ]
    return body


def read(path: Path) -> dict[str, Any]:
    return _read(path, path.stat().st_mtime_ns)


def plain(text: str) -> str:
    """As it is compared: full-width signs as narrow ones, small letters."""
    return unicodedata.normalize("NFKC", text).lower()


def site() -> dict[str, Any] | None:
    """`help.json` as described in config/help/hooks.py, None where the guides were never built.

    `plain` is added: [(title, heading, text, pinyin)] of the sections, as the search compares them.
    """
    path = Path(settings.FENGSUI_HELP) / "help.json"
    try:
        return read(path)
    except FileNotFoundError:
        return None


@cache
def topics() -> dict[str, str]:
    """URL name of a page -> page of the manual, without language: pages.yaml."""
    table = yaml.safe_load(files("fengsui.core.help").joinpath("pages.yaml").read_text("utf-8"))
    return {name: topic for topic, names in table.items() for name in names}


def page_for(view_name: str, language: str) -> str:
    """Address below /help/ of what explains a page of the product; the manual's first page where it has none."""
    topic = topics().get(view_name, HOME)
    code = LANGUAGES.get(language, "zh")
    if "/" in topic:
        return f"{topic}.zh-CN/" if code == "zh" else f"{topic}/"
    return f"manual/{code}/" if topic == HOME else f"manual/{code}/{topic}/"
