"""Lines for the person at the terminal: elapsed seconds, Chinese or English."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress


def chinese() -> bool:
    """As ./fengsui decides it: FENGSUI_LANG, else the locale; a bare system without any gets English."""
    order = ("FENGSUI_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
    return next((os.environ[name] for name in order if os.environ.get(name)), "").startswith("zh")


def word(zh: str, en: str) -> str:
    return zh if chinese() else en


def elapsed_s() -> float:
    started = float(os.environ.setdefault("FENGSUI_STARTED_AT", str(time.time())))
    return max(0.0, time.time() - started)


def say(zh: str, en: str) -> None:
    """One progress line on standard error; a closed terminal is no reason to fail."""
    with suppress(OSError, ValueError):
        print(f"{elapsed_s():4.0f}s  {word(zh, en)}", file=sys.stderr, flush=True)


class Problem(Exception):
    """Something a person must mend. The text says what is wrong and what to do; no traceback is shown."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh, self.en = zh, en

    def __str__(self) -> str:
        return word(self.zh, self.en)
