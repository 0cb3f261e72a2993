"""`./fengsui log [NAME LEVEL]`: show or change how much is logged, in every process at once."""

from __future__ import annotations

import getpass
from argparse import Namespace
from datetime import timedelta

from django.utils import timezone

from fengsui.config.ops.console import Problem, word
from fengsui.core import log_levels
from fengsui.kernel.errors import Invalid

BACK = "-"


def main(options: Namespace) -> int:
    """Prints what is in force afterwards. Raises Problem for what cannot be set."""
    now, by = timezone.now(), log_levels.by_command(getpass.getuser())
    if options.name and not options.level:
        raise Problem("请给出级别，或 -（恢复）", "Give a level, or - to give it back")
    if options.level == BACK:
        log_levels.give_back(options.name, by=by)
    elif options.name:
        try:
            until = now + timedelta(hours=options.hours)
            log_levels.choose(options.name, options.level.upper(), until=until, now=now, by=by)
        except Invalid:
            levels, days = ", ".join(log_levels.LEVELS), log_levels.LONGEST.days
            raise Problem(
                f"级别只有 {levels}，最长 {days} 天", f"A level is one of {levels}, for {days} days at most"
            ) from None
    rows = log_levels.in_force(now)
    for row in rows:
        print(f"{row.name:<30} {row.level:<9} {word('到', 'until')} {timezone.localtime(row.until):%F %H:%M}")
    if not rows:
        print(word("没有改动：各进程按 FENGSUI_LOG_LEVEL", "nothing changed: all log at FENGSUI_LOG_LEVEL"))
    return 0
