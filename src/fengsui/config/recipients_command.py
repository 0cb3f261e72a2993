"""`./fengsui recipients`: the register of numbers that hear of warnings by text message."""

from __future__ import annotations

import getpass
import sys
from argparse import Namespace
from pathlib import Path

from django.db.models import Count

from fengsui.apps.alerts.actions import registering
from fengsui.apps.alerts.models import Recipient
from fengsui.config.ops.console import Problem, word
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import Invalid


def main(options: Namespace) -> int:
    """1 where a file held wrong lines and nothing was taken. Raises Problem for what cannot be read."""
    by = Actor(world=LIVE, system="./fengsui recipients", source=getpass.getuser()[:60])
    if options.verb == "take":
        return _take(options, by)
    if options.verb == "forget":
        # Not an argument: the machine's list of processes and the shell's history would keep it.
        prompt = word("号码：", "Number: ")
        try:
            removed = registering.forget(getpass.getpass(prompt) if sys.stdin.isatty() else sys.stdin.readline(), by=by)
        except Invalid:
            raise Problem("这不是手机号码", "That is no mobile number") from None
        print(word(f"已从 {removed} 个区域注销", f"registered for {removed} areas, now for none"))
        return 0
    for row in Recipient.objects.values("area_code").annotate(n=Count("pk")).order_by("area_code"):
        print(f"{row['area_code']:<14}{row['n']:>10,}")
    print(f"{word('合计', 'total'):<14}{Recipient.objects.count():>10,}")
    return 0


def _take(options: Namespace, by: Actor) -> int:
    try:
        told = registering.take(
            _lines(Path(options.file)), by=by, replace=options.replace, skip_wrong=options.skip_wrong,
            dry=options.dry_run,
        )  # fmt: skip
    except Invalid:
        raise Problem("第一行须有“号码”和“区划代码”两列", "The first line needs the columns number and area") from None
    reasons = {
        "columns": word("列不全", "columns are missing"),
        "number": word("不是手机号码", "no mobile number"),
        "area": word("没有这个区划代码", "no such area code"),
        "twice": word("与前面某行相同", "the same as an earlier line"),
    }
    for each in told.named:
        print(word(f"第 {each.line} 行：{reasons[each.reason]}", f"line {each.line}: {reasons[each.reason]}"))
    if told.wrong > len(told.named):
        more = told.wrong - len(told.named)
        print(word(f"另有 {more:,} 行", f"and {more:,} more lines"))
    if told.wrong and not options.skip_wrong:
        print(
            word(
                f"{told.wrong:,} 行有误，一个也没有登记；改正，或加 --skip-wrong 略去",
                f"{told.wrong:,} wrong lines: none was taken; mend them, or leave them out with --skip-wrong",
            )
        )
        return 1
    done = word("将", "would be ") if options.dry_run else ""
    print(
        word(
            f"读 {told.read:,} 行，{done}新登记 {told.added:,}，{done}注销 {told.removed:,}，略去 {told.wrong:,}",
            f"{told.read:,} lines read; {told.added:,} {done}added, {told.removed:,} {done}removed, "
            f"{told.wrong:,} left out",
        )
    )
    return 0


def _lines(path: Path) -> list[str]:
    """UTF-8, or GB 18030 as office programs here write it. Raises Problem."""
    try:
        octets = path.read_bytes()
    except OSError as error:
        raise Problem(f"读不了 {path}：{error.strerror}", f"Cannot read {path}: {error.strerror}") from None
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return octets.decode(encoding).splitlines()
        except UnicodeDecodeError:
            continue
    raise Problem(f"{path} 既不是 UTF-8 也不是 GB 18030", f"{path} is neither UTF-8 nor GB 18030")
