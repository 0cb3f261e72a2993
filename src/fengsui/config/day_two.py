"""Commands of day two: log levels, roles, growth, numbers. The command line imports it: it imports little."""

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


def _recipients(options: argparse.Namespace) -> int:
    words = [options.verb, *([os.path.abspath(options.file)] if options.file else [])]
    words += [f"--{name}" for name in ("replace", "skip-wrong", "dry-run") if getattr(options, name.replace("-", "_"))]
    return int(import_module("fengsui.config.ops.offline").run(["recipients-do", *words]))


def _recipients_do(options: argparse.Namespace) -> int:
    _django()
    return int(import_module("fengsui.config.recipients_command").main(options))


def _learn(options: argparse.Namespace) -> int:
    words = [options.station] if options.station else []
    return int(import_module("fengsui.config.ops.offline").run(["learn-do", *words]))


def _learn_do(options: argparse.Namespace) -> int:
    _django()
    return int(import_module("fengsui.config.learn_command").main(options))


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
        ("recipients", _recipients, "短信登记号码", "numbers registered for text messages"),
        ("recipients-do", _recipients_do, "", ""),
    ):
        numbers = add(name, run, zh, en)
        numbers.add_argument(
            "verb", nargs="?", default="count", choices=("count", "take", "forget"),
            help=word("计数、导入、注销一个号码（另行输入）", "count, take a file, forget one number (asked for)"),
        )  # fmt: skip
        numbers.add_argument(
            "file", nargs="?", default="", metavar="FILE.csv", help=word("号码、区划代码", "number, area")
        )
        numbers.add_argument("--replace", action="store_true", help=word("文件中没有的注销", "who is not in it goes"))
        numbers.add_argument("--skip-wrong", action="store_true", help=word("略去有误的行", "leave out wrong lines"))
        numbers.add_argument("--dry-run", action="store_true", help=word("只试不做", "only tell what would be"))
    for name, run, zh, en in (
        ("learn", _learn, "立即学习测站的预报", "learn the forecasts of gauges now"),
        ("learn-do", _learn_do, "", ""),
    ):
        add(name, run, zh, en).add_argument(
            "station", nargs="?", default="", metavar="STATION", help=word("站码，不写为全部", "code; none: all")
        )
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
