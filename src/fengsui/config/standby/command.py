"""`./fengsui standby VERB`."""

from __future__ import annotations

import signal
import sys
from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path

from fengsui.config.backup.command import refuse_external
from fengsui.config.backup.restore import set_aside
from fengsui.config.ops import offline
from fengsui.config.ops.cluster import Cluster
from fengsui.config.ops.console import Problem, say, word
from fengsui.config.ops.home import Home
from fengsui.config.ops.stack import private
from fengsui.config.ops.supervisor import Service, Stopping, Supervisor, read_status
from fengsui.config.standby import follow, invite, pair
from fengsui.config.standby.pair import FOLLOWS, LEADS, OVERTAKEN, Pair


def main(options: Namespace) -> int:
    refuse_external()
    verbs = {"invite": _invite, "join": _join, "run": _run, "promote": _promote, "alone": _alone, "both": _both}
    return verbs.get(options.verb, _status)(options)


def _own(home: Home) -> Cluster:
    """Not the demonstration's: a pair keeps its log archived as `serve` does."""
    return private(home, demo=bool(read_status(home).get("demo")))


def _running(home: Home) -> bool:
    return read_status(home).get("state") in {"running", "starting"}


def _invite(options: Namespace) -> int:
    home = Home.here()
    known = Pair.read(home)
    if known is None:
        if not (options.here and options.there):
            raise Problem(
                "请给出 --here 本机地址 --there 备机地址", "Give --here and --there: the addresses of both machines"
            )
        known = Pair(here=options.here, there=options.there, role=LEADS)
    elif options.here and options.there:
        known = Pair(here=options.here, there=options.there, role=known.role, both=known.both)
    if known.role != LEADS:
        raise Problem("只有主机能邀请备机", "Only the machine that leads invites")
    target = Path(options.to).absolute()
    if target.exists():
        raise Problem(f"{target} 已存在", f"{target} is there already")
    invite.keys(home)
    known.write(home)
    with offline.cluster(home) as running:
        listens = invite.admit(running)
    invite.pack(home, known, target)
    print(target)
    say(
        "内含口令与密钥:用安全的方式拷到备机,用后删除",
        "Password and keys are in it: carry it to the other machine safely, then delete it",
    )
    if not listens or (options.here and options.there):
        say(
            "重新启动平台后,数据库才在网络上等备机", "Restart the platform: only then its database waits on the network"
        )
    return 0


def _join(options: Namespace) -> int:
    home = Home.here()
    with Supervisor(home):
        cluster = _own(home)
        if cluster.data.exists() and not options.over:
            raise Problem(
                f"{cluster.data} 已有数据:加 --over 将它移到一旁,再从主机重新拷贝",
                f"{cluster.data} holds data: with --over it is moved aside and copied anew from the leader",
            )
        if cluster.data.exists():
            _confirm(home, "本机的数据库将被移到一旁", "The database here will be moved aside")
        now = datetime.now(UTC)
        mine, aside = invite.take(home, Path(options.file).absolute(), now)
        for name in aside:
            say(f"{name} 换成主机的,原来的留在旁边", f"{name} is the leader's now; the old one stays beside it")
        partner = pair.ask(mine, home)
        if partner is None or not partner.leads:
            raise Problem(
                f"{mine.there}:{pair.PORT} 没有应答,或不是主库。它邀请后重新启动过吗?",
                f"{mine.there}:{pair.PORT} does not answer or does not lead. Was it restarted after inviting?",
            )
        mine.write(home)  # from here on this machine leads no more, whatever happens
        if cluster.data.exists():
            moved = set_aside(cluster, now)
            say(f"原有数据移到 {moved}", f"What was here lies in {moved}")
        say("从主机拷贝数据库", "Copying the database from the leader")
        follow.copy(cluster, mine)
    print(word("继续:", "Go on with:") + " ./fengsui standby run")
    return 0


def _run(options: Namespace) -> int:
    """The database alone, following, until told to stop."""
    home = Home.here()
    mine = pair.of(home)
    cluster = _own(home)
    if mine.role != FOLLOWS or not follow.follows(cluster):
        raise Problem("本机不是备机:./fengsui standby status", "This machine follows nobody: ./fengsui standby status")
    try:
        with Supervisor(home) as supervisor:
            supervisor.start(Service("database", lambda log: cluster.start(), signal.SIGINT, 30, tidy=cluster.stop))
            supervisor.facts = {"database": cluster.url, "standby": mine.there}
            say(f"跟随 {mine.there},Ctrl-C 停止", f"Following {mine.there}; Ctrl-C stops it")
            return supervisor.watch()
    except Stopping:
        return 130


def _promote(options: Namespace) -> int:
    home = Home.here()
    mine = pair.of(home)
    if mine.role == LEADS:
        raise Problem("本机已是主机", "This machine leads already")
    if mine.role == OVERTAKEN:
        raise Problem("本机已被接替,数据旧于主机", "This machine was overtaken: its data are older than the leader's")
    partner = pair.ask(mine, home)
    if partner is not None and partner.leads:
        raise Problem(
            f"{mine.there} 仍是主库:先停止那边的平台", f"{mine.there} still leads: stop the platform there first"
        )
    if not options.other_is_off:
        _confirm(
            home,
            f"{mine.there} 没有应答。请先断开或关闭那台机器:两台同时作主,数据会分成两份",
            f"{mine.there} does not answer. Switch that machine off first: two leaders would part the data",
        )
    cluster = _own(home)
    if _running(home):
        follow.promote(cluster, mine)
        say("已接替。停止 standby run,再 ./fengsui serve", "Taken over. Stop standby run, then ./fengsui serve")
        return 0
    with Supervisor(home):
        cluster.start()
        try:
            follow.promote(cluster, mine)
        finally:
            cluster.stop()
    say("已接替。./fengsui serve 启动平台", "Taken over. ./fengsui serve starts the platform")
    return 0


def _alone(options: Namespace) -> int:
    """Go on without the other one; from now on what is acknowledged may be on this machine only."""
    home = Home.here()
    mine = pair.of(home)
    if mine.role != LEADS:
        raise Problem("只有主机能单独运行", "Only the machine that leads can go on alone")
    partner = pair.ask(mine, home)
    if partner is not None and partner.leads:
        mine.now(home, role=OVERTAKEN)
        pair.refuse(home)
    if not options.other_is_off and mine.both:
        _confirm(
            home,
            f"{mine.there} 不得再接替本机,直到重新 standby both",
            f"{mine.there} must not take over from now on, until standby both",
        )
    mine.now(home, both=False)
    if _running(home):
        _own(home).reload()
    say("提交不再等备机", "Commits wait for this machine only")
    return 0


def _both(options: Namespace) -> int:
    home = Home.here()
    mine = pair.of(home)
    if mine.role != LEADS or not _running(home):
        raise Problem("平台须在主机上运行", "The platform has to run on the machine that leads")
    cluster = _own(home)
    if not pair.status(cluster).followed:
        raise Problem(f"{mine.there} 没有在跟随", f"{mine.there} is not following")
    mine.now(home, both=True)
    cluster.reload()
    say("提交等两台机器都落盘", "Commits wait until both machines have them on disk")
    return 0


def _status(options: Namespace) -> int:
    """0 where the other machine answers and, seen from the leader, follows."""
    home = Home.here()
    mine = pair.of(home)
    partner = pair.ask(mine, home)
    mode = ("both" if mine.both else "alone") if mine.role == LEADS else ""
    print(f"{mine.here}: {_said(mine.role)} {mode}".rstrip())
    print(f"{mine.there}: {word('没有应答', 'does not answer') if partner is None else _said(partner.role)}")
    if not _running(home):
        return 0 if partner else 1
    facts = pair.status(_own(home))
    if mine.role == LEADS:
        one = facts.follower
        if one is None:
            print(word("没有备机在跟随", "Nobody follows"))
            return 1
        print(
            word(
                f"备机 {one.state},{one.how},落后 {one.behind} 字节",
                f"Follower: {one.state}, {one.how}, {one.behind} bytes behind",
            )
        )
    elif mine.role == FOLLOWS:
        print(word("收到的最后一次提交:", "Last commit received:") + f" {facts.replayed} ({facts.receiving or '-'})")
    return 0 if partner else 1


def _said(role: str) -> str:
    return {
        LEADS: word("主机", "leads"),
        FOLLOWS: word("备机", "follows"),
        OVERTAKEN: word("已被接替", "overtaken"),
    }[role]


def _confirm(home: Home, zh: str, en: str) -> None:
    ask = word(f"{zh}。输入 {home.key} 确认:", f"{en}. Type {home.key} to confirm:")
    print(ask, end=" ", flush=True)
    if sys.stdin.readline().strip() != home.key:
        raise Problem("没有确认,什么都没有改", "Not confirmed: nothing was changed")
