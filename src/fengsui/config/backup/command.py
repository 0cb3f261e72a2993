"""`./fengsui backup` and `./fengsui restore`."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path

from fengsui.config.backup import files
from fengsui.config.backup import restore as restoring
from fengsui.config.backup.store import Store, hours, keep
from fengsui.config.backup.take import take
from fengsui.config.ops import offline
from fengsui.config.ops.cluster import Cluster
from fengsui.config.ops.console import Problem, say, word
from fengsui.config.ops.home import Home
from fengsui.config.ops.stack import private
from fengsui.config.ops.supervisor import Supervisor, read_status
from fengsui.config.standby import pair


def refuse_external() -> None:
    if os.environ.get("FENGSUI_DATABASE_URL"):
        raise Problem(
            "数据库由 FENGSUI_DATABASE_URL 指定:由它的管理员备份和恢复。见 docs/howto/back-up-and-restore.md",
            "The database is the one of FENGSUI_DATABASE_URL: its administrator backs it up and restores it. "
            "See docs/howto/back-up-and-restore.md",
        )


def backup(options: Namespace) -> int:
    """One base backup now, or the list of those there are."""
    refuse_external()
    home = Home.here()
    store = Store.of(home)
    if options.list:
        for each in store.backups():
            print(f"{each.name}  {each.finished_at.isoformat(timespec='seconds')}  {store.base / each.name}")
        return 0
    with offline.cluster(home) as running:
        made = take(running, store)
    gone = store.tidy(keep())
    print(store.base / made.name)
    for name in gone:
        say(f"过期的备份 {name} 已删除", f"Removed the old backup {name}")
    if not hours(demo=bool(read_status(home).get("demo"))):
        say("没有连续归档:只能恢复到这次备份的时刻", "No continuous archive: only this very moment can be restored")
    return 0


def restore(options: Namespace) -> int:
    """Into another folder, or over this one after its name was typed. Then sessions end and the record is proved."""
    refuse_external()
    home = Home.here()
    store, wanted = Store.of(home), restoring.Wanted(restoring.moment(options.to), options.timeline)
    if bool(options.into) == bool(options.over):
        raise Problem("请给出 --into 目录,或 --over(盖掉现有的)", "Give --into DIR, or --over to replace what is here")
    if options.into:
        target_home = Home(Path(options.into).absolute())
        if target_home.var.exists() and any(target_home.var.iterdir()):
            raise Problem(f"{target_home.var} 不是空的", f"{target_home.var} is not empty")
        for each in (target_home.var, target_home.run, target_home.log):
            each.mkdir(parents=True, exist_ok=True)
    else:
        target_home = home
        restoring.choose(store, wanted)
        pair.refuse(home)
        _confirm(home)
        _part_from_follower(home)
    with Supervisor(target_home):  # nobody may start on this data meanwhile
        # Over the same folder the archive goes on, and has to know the branch that begins here.
        target = private(home, demo=False) if options.over else Cluster(target_home)
        aside = restoring.set_aside(target, datetime.now(UTC)) if target.data.exists() else None
        try:
            made, fault = restoring.restore(store, wanted, target)
        except Problem:
            if aside:
                aside.rename(target.data)
            raise
        if aside:
            say(f"原有数据移到 {aside}", f"What was here lies in {aside}")
        try:
            back = files.put_back(store.base / made.name / "files", target_home.var)
            say(f"放回文件:{'、'.join(back) or '无'}", f"Files put back: {', '.join(back) or 'none'}")
            if fault:
                say(f"所要时刻之后的日志有缺:{fault}", f"The log is damaged after the wanted moment: {fault}")
            os.environ["FENGSUI_VAR"] = str(target_home.var)
            code = offline.call(["restored"], target_home, target.url)
        finally:
            target.stop()
    if options.into:
        print(word("启动:", "Start it:") + f" FENGSUI_VAR={target_home.var} ./fengsui serve")
    return code


def _part_from_follower(home: Home) -> None:
    """It has what is about to be undone: it cannot follow the branch that begins here; no commit may wait for it."""
    mine = pair.Pair.read(home)
    if mine is None:
        return
    mine.now(home, both=False)
    say(
        f"备机 {mine.there} 不能再跟随:恢复后请重新 standby invite、join",
        f"The standby {mine.there} cannot follow any more: invite and join it anew afterwards",
    )


def _confirm(home: Home) -> None:
    if read_status(home).get("state") in {"running", "starting"}:
        raise Problem("平台正在运行:先停止", "The platform is running: stop it first")
    print(
        word(
            f"将用备份替换 {home.var} 的数据库。输入 {home.key} 确认:",
            f"The database of {home.var} will be replaced. Type {home.key} to confirm:",
        ),
        end=" ",
        flush=True,
    )
    if sys.stdin.readline().strip() != home.key:
        raise Problem("没有确认,什么都没有改", "Not confirmed: nothing was changed")
