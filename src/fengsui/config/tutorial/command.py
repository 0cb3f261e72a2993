"""`./fengsui screenshots`: an installation of its own, walked through by hand in a real browser."""

from __future__ import annotations

import os
from argparse import Namespace

from fengsui.config.ops import alone
from fengsui.config.ops.stack import fengsui

ANSWER_S, SPEED = 75, 200.0
"""How long the first name may stay silent here, at that speed; by hand it is the district's own five minutes."""


def main(options: Namespace) -> int:
    """Both languages one after the other, each on an empty platform. 0 where every step really happened."""
    alone.need_chromium()
    languages = [options.language] if options.language else ["en", "zh"]
    return next((code for language in languages if (code := _walk(options, language))), 0)


def _walk(options: Namespace, language: str) -> int:
    words = ["screenshots-walk", "--language", language]
    words += ["--speed", str(options.speed)]
    for name in ("only", "out"):
        if value := getattr(options, name):
            words += [f"--{name}", os.path.abspath(value) if name == "out" else value]
    clocks = {"FENGSUI_CLOCKS": f"alerts.acknowledge={ANSWER_S * SPEED / options.speed:.0f}"}
    return alone.run(fengsui(*words), name="screenshots", env=clocks)
