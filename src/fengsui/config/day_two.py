"""Commands of day two: log levels, roles of the database, growth. The command line imports it: it imports little."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from importlib import import_module

from fengsui.config.ops.console import word

Run = Callable[[argparse.Namespace], int]
Add = Callable[[str, Run, str, str], argparse.ArgumentParser]


def _django() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fengsui.config.settings")
    import django

    django.setup()


def _log(options: argparse.Namespace) -> int:
    words = [each for each in (options.name, options.level) if each]
    return int(import_module("fengsui.config.ops.offline").run(["log-level", *words, "--hours", str(options.hours)]))


def _log_level(options: argparse.Namespace) -> int:
    _django()
    return int(import_module("fengsui.config.log_command").main(options))


def _roles(options: argparse.Namespace) -> int:
    from fengsui.config.ops import rights

    print(rights.for_the_administrator())
    return 0


def _growth(options: argparse.Namespace) -> int:
    return int(import_module("fengsui.config.growth").main(options))


def _growth_feed(options: argparse.Namespace) -> int:
    _django()
    return int(import_module("fengsui.config.growth").feed(options))


def register(add: Add) -> None:
    """Their words and options."""
    for name, run, zh, en in (
        ("log", _log, "运行中改日志级别", "change log levels of what runs"),
        ("log-level", _log_level, "", ""),
    ):
        level = add(name, run, zh, en)
        level.add_argument(
            "name", nargs="?", default="", metavar="NAME", help=word("日志器，root 为全部", "logger, or root")
        )
        level.add_argument(
            "level", nargs="?", default="", metavar="LEVEL", help=word("级别，- 为恢复", "level, - gives back")
        )
        level.add_argument("--hours", type=float, default=1.0, metavar="N", help=word("多久", "for how long"))
    for name, run, zh, en in (
        ("growth", _growth, "模拟数日，推算一年和十年的容量", "feed simulated days, project a year and ten"),
        ("growth-feed", _growth_feed, "", ""),
    ):
        growth = add(name, run, zh, en)
        growth.add_argument("--days", type=int, default=14, metavar="N", help=word("天数", "so many days"))
        growth.add_argument("--streams", type=int, default=500, metavar="N", help=word("数据流", "streams"))
        growth.add_argument("--events", type=int, default=5000, metavar="N", help=word("每天事件", "events a day"))
        growth.add_argument("--clocks", type=int, default=500, metavar="N", help=word("每天时限", "clocks a day"))
        growth.add_argument("--write", action="store_true", help=word("写入文档", "write the page of the docs"))
    add("roles", _roles, "外部数据库各部件角色的 SQL", "SQL of the parts' roles at an external database")
