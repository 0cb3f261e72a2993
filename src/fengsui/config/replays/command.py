"""`./fengsui replay`: an installation of its own for the sets, and the playing inside it."""

from __future__ import annotations

import os
import secrets
import shutil
import sys
import time
from argparse import Namespace
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fengsui.config.ops.cluster import Cluster
from fengsui.config.ops.console import Problem, say
from fengsui.config.ops.home import REPO, Home
from fengsui.config.ops.stack import Stack, fengsui
from fengsui.config.ops.supervisor import Stopping, Supervisor
from fengsui.config.replays.sets import MeasuredSet, read_sets
from fengsui.kernel.replay import ReplayError, read_layouts

DATA = REPO.parent / "shared" / "data" / "hydro"
SECONDS = 240.0
READY_S = 62.0
"""The clock engine looks at nobody's silence in its first minute."""
OURS = ("FENGSUI_DATABASE_URL", "FENGSUI_NATS_URL", "FENGSUI_MQTT_HOST", "FENGSUI_MQTT_PORT", "FENGSUI_HTTP_PORT")


def folder() -> Path:
    """The district's replay folder, before any setting is read."""
    districts = Path(os.environ.get("FENGSUI_DISTRICTS") or REPO / "districts")
    return districts / (os.environ.get("FENGSUI_DISTRICT") or "tiexi") / "replay"


def chosen(options: Namespace) -> list[MeasuredSet]:
    """The sets asked for. Raises Problem where none is, or their data are not there."""
    data = Path(options.data or DATA)
    try:
        found = read_sets(folder() / "sets.yaml", options.sets)
    except ReplayError as wrong:
        raise Problem(f"序列集声明不能用：{wrong}", f"The sets cannot be used: {wrong}") from None
    if not options.sets and not options.all:
        names = "\n".join(f"  {each.code:<20} {each.name.zh}  {each.name.en}" for each in found)
        raise Problem(f"请指明序列集，或用 --all：\n{names}", f"Name sets, or say --all:\n{names}")
    if not any((data / name).exists() for each in found for name in each.files):
        raise Problem(
            f"{data} 下没有这些序列集的文件，请用 --data 指明所在目录",
            f"No file of these sets lies under {data}; say where with --data",
        )
    return found


def main(options: Namespace) -> int:
    """Start everything but for these sets, play, judge, stop. 0 where every judgement holds."""
    chosen(options)
    for name in OURS:  # a running installation is never played into
        os.environ.pop(name, None)
    home = Home(Home.here().var / "replay")
    os.environ["FENGSUI_VAR"] = str(home.var)
    home = Home.here()
    _clear(home)
    words = ["replay-play", *options.sets, "--seconds", str(options.seconds)]
    words += ["--all"] if options.all else []
    for name in ("data", "out"):
        if getattr(options, name):
            words += [f"--{name}", os.path.abspath(getattr(options, name))]
    stack = Stack(home, demo=False, options=Namespace())
    try:
        with Supervisor(home) as supervisor:
            stack.bring_up(supervisor)
            say("自成一套的平台已运行", "A platform of its own is running")
            return supervisor.watch(supervisor.begin_task(fengsui(*words), stack.env, cwd=REPO))
    except Stopping:
        say("已停止", "Stopped")
        return 130
    finally:
        _clear(home)


def _clear(home: Home) -> None:
    """No row and no message of an earlier run, or of this one, stays."""
    shutil.rmtree(Cluster(home).data, ignore_errors=True)
    shutil.rmtree(home.var / "broker", ignore_errors=True)


def play(options: Namespace) -> int:
    """Inside the installation that `main` started."""
    from fengsui.config.replays import gateway, page, site
    from fengsui.config.replays.found import look, settle
    from fengsui.config.replays.judge import judge
    from fengsui.config.replays.plan import Plan, lay_out

    began, data = time.monotonic(), Path(options.data or DATA)
    layouts = read_layouts(folder() / "layouts.yaml")
    plans: list[Plan] = []
    for each in chosen(options):
        plan = lay_out(each, data, layouts, options.seconds)
        if plan.missing:
            say(f"{each.code}：缺 {'、'.join(plan.missing)}", f"{each.code}: missing {', '.join(plan.missing)}")
        if plan.streams:
            plans.append(plan)
    streams = [each for plan in plans for each in plan.streams]
    readings = sum(len(each.samples) + len(each.late) for each in streams)
    say(
        f"{len(plans)} 个序列集，{len(streams)} 个测站，{readings} 个读数，{options.seconds:g} 秒放完",
        f"{len(plans)} sets, {len(streams)} stations, {readings} readings in {options.seconds:g} s",
    )
    start = datetime.now(UTC) + timedelta(seconds=max(8.0, READY_S - (time.monotonic() - began)))
    until = start + timedelta(seconds=options.seconds + 1)
    ids = site.build(plans, until)
    password = secrets.token_urlsafe(24)
    site.admit(Home.here().var, password, [each.topic for each in streams])
    time.sleep(max(0.0, (start - datetime.now(UTC)).total_seconds() - 2))
    way = gateway.Gateway(os.environ["FENGSUI_MQTT_HOST"], int(os.environ["FENGSUI_MQTT_PORT"]), site.GATEWAY, password)
    try:
        sent = gateway.play(plans, way, start, options.seconds)
    finally:
        way.close()
    say("已放完，等各项反应办结", "All is sent; waiting for the last reaction")
    if left := settle():
        say(f"还有 {left} 项反应未办结", f"{left} reactions are not done")
    took = (datetime.now(UTC) - start).total_seconds()
    outcome = look(plans, ids, start)
    rows = [judge(plan, outcome, sent[plan.set.code], options.seconds) for plan in plans]
    text = page.page(rows, plans, options.seconds, start, took, outcome.failed_jobs)
    code = _tell(text, options.out, [row.passed for row in rows])
    return code or (1 if outcome.failed_jobs or left else 0)


def _tell(text: str, out: str | None, passed: Sequence[bool]) -> int:
    print(text)
    sys.stdout.flush()
    if out:
        Path(out).write_text(text, encoding="utf-8")
    say(f"{sum(passed)}/{len(passed)} 个序列集判为合格", f"{sum(passed)} of {len(passed)} sets pass")
    return 0 if all(passed) else 1
