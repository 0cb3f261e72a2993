"""The command line: `./fengsui COMMAND`, or `python -m fengsui.config COMMAND` inside the environment.

Commands are imported when called: a broken part must not keep `doctor` from telling what is broken.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

from fengsui.config import day_two
from fengsui.config.ops.console import Problem, chinese, word
from fengsui.science.models import PLACES

PARTS = ("database", "files", "web", "ingest", "worker", "clocks")
"""What runs alone (`part NAME`); the first two end when they are done."""


def _django(settings: str = "fengsui.config.settings") -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", settings)
    import django

    django.setup()


def _choose_district(options: argparse.Namespace) -> Path:
    """Its folder; every child process is told by the environment. `--district` takes a code, a name or a folder."""
    from fengsui.config.ops.home import REPO
    from fengsui.kernel.district import DistrictError, find

    given = options.district or os.environ.get("FENGSUI_DISTRICT") or "tiexi"
    districts = Path(os.environ.get("FENGSUI_DISTRICTS") or REPO / "districts")
    if os.sep in given:
        districts, given = Path(given).resolve().parent, Path(given).resolve().name
    try:
        name = find(given, districts)
    except DistrictError as unknown:
        raise Problem(
            f"没有代码或目录名为“{given}”的区：{districts} 下，{unknown.facts['fix']}",
            f"No district has the code or folder {given!r} in {districts}: {unknown.facts['fix']}",
        ) from None
    os.environ |= {"FENGSUI_DISTRICTS": str(districts), "FENGSUI_DISTRICT": name}
    return districts / name


def _look_at_replay(options: argparse.Namespace, district: Path) -> None:
    """Say what is wrong with the file before anything is started; its path means the same to processes elsewhere."""
    from fengsui.kernel import replay

    options.replay = os.path.abspath(options.replay)
    try:
        replay.load(district / "replay", file=Path(options.replay))
    except replay.ReplayError as wrong:
        raise Problem(f"回放文件不能用:{wrong}", f"The file cannot be replayed: {wrong}") from None


def _demo(options: argparse.Namespace) -> int:
    from fengsui.config.ops import stack

    district = _choose_district(options)
    if options.replay is not None:
        _look_at_replay(options, district)
    if options.speed is not None and not options.speed >= 1:
        raise Problem("--speed 须不小于 1", "--speed must be 1 or more")
    story = ["--headless"] if options.headless else []
    if options.by_hand:
        story.append("--by-hand")
    if options.busy and (options.by_hand or options.replay or options.exercise):
        raise Problem("--busy 只能单独用", "--busy goes with neither --by-hand, --replay nor --exercise")
    if options.busy:
        story.append("--busy")
    if options.exercise and (options.by_hand or options.replay):
        raise Problem(
            "--exercise 不能与 --by-hand、--replay 同用:演练放本区自己的序列",
            "--exercise goes with neither --by-hand nor --replay: an exercise plays the district's own series",
        )
    for name in ("replay", "osm", "speed", "exercise"):
        if getattr(options, name) is not None:
            story += [f"--{name}", str(getattr(options, name))]
    return stack.serve(options, demo=True, story=story)


def _replay(options: argparse.Namespace) -> int:
    from fengsui.config.replays import command

    return command.main(options)


def _replay_play(options: argparse.Namespace) -> int:
    _django()
    return int(import_module("fengsui.config.replays.command").play(options))


def _screenshots(options: argparse.Namespace) -> int:
    from fengsui.config.tutorial import command

    return command.main(options)


def _screenshots_walk(options: argparse.Namespace) -> int:
    _django()
    return int(import_module("fengsui.config.tutorial.walk").walk(options))


def _serve(options: argparse.Namespace) -> int:
    from fengsui.config.ops import stack

    _choose_district(options)
    return stack.serve(options)


def _roads(options: argparse.Namespace) -> int:
    from fengsui.config.ops import roads

    return roads.main(options)


def _science(options: argparse.Namespace) -> int:
    return int(import_module("fengsui.config.science").main(options))


def _district(options: argparse.Namespace) -> int:
    os.environ.setdefault("FENGSUI_SECRET_KEY", "no page is served by this command")
    _django()
    return int(import_module("fengsui.config.district.command").main(options))


def _story(options: argparse.Namespace) -> int:
    _django()
    return int(import_module("fengsui.config.story.play").play(options))


def _prepare(options: argparse.Namespace) -> int:
    from fengsui.config.ops import prepare

    _django()
    return prepare.main()


def _follow_levels() -> None:
    from fengsui.core import log_levels

    log_levels.follow()


def _ingest(options: argparse.Namespace) -> int:
    _django()
    _follow_levels()
    return int(import_module("fengsui.ingest.service").main() or 0)


def _worker(options: argparse.Namespace) -> int:
    _django()
    _follow_levels()
    from fengsui.core.jobs import run_worker

    run_worker()
    return 0


def _clocks(options: argparse.Namespace) -> int:
    _django()
    _follow_levels()
    from fengsui.core.clock_engine import Engine

    Engine().run()
    return 0


def _part(options: argparse.Namespace) -> int:
    from fengsui.config.ops import parts

    return parts.run(options.name)


def _receivers(options: argparse.Namespace) -> int:
    _django()
    return int(import_module("fengsui.config.receivers").main() or 0)


def _doctor(options: argparse.Namespace) -> int:
    from fengsui.config.ops import doctor

    return doctor.main()


def _check(options: argparse.Namespace) -> int:
    from fengsui.config.ops import check

    return check.main(options.only)


def _pages(options: argparse.Namespace) -> int:
    code: int = import_module(f"fengsui.config.ops.{options.pages}").main(check=options.check)
    return code


def _translations(options: argparse.Namespace) -> int:
    from fengsui.config.ops import translations

    empty = translations.update()
    print(f"{translations.ENGLISH}: {empty} without English")
    return 1 if empty else 0


def _guides(options: argparse.Namespace) -> int:
    from fengsui.config.help import build

    folder = Path(options.out).absolute() if options.out else build.target()
    for line in build.build(folder):
        print(line, file=sys.stderr)
    print(folder)
    return 0


def _build(options: argparse.Namespace) -> int:
    from fengsui.config.ops import testing

    testing.build_frontend(dict(os.environ))
    return 0


def _with_database(argv: Sequence[str]) -> int:
    """A Django-side command against the running installation, or a cluster started just for it."""
    from fengsui.config.ops import offline

    return offline.run(argv)


def _verify_audit(options: argparse.Namespace) -> int:
    return _with_database(["audit-check", *options.rest])


def _audit_check(options: argparse.Namespace) -> int:
    _django()
    from django.utils import translation

    with translation.override("zh-hans" if chinese() else "en"):
        return int(import_module("fengsui.core.audit_check").main(options.rest) or 0)


def _backup(options: argparse.Namespace) -> int:
    from fengsui.config.backup import command

    return command.backup(options)


def _restore(options: argparse.Namespace) -> int:
    from fengsui.config.backup import command

    return command.restore(options)


def _standby(options: argparse.Namespace) -> int:
    from fengsui.config.standby import command

    return command.main(options)


def _bundle(options: argparse.Namespace) -> int:
    from fengsui.config.bundle import command

    return command.main(options)


def _restored(options: argparse.Namespace) -> int:
    _django()
    from django.utils import timezone, translation

    with translation.override("zh-hans" if chinese() else "en"):
        restored = import_module("fengsui.config.backup.restored")
        if restored.behind():
            return int(restored.tell_older())
        restored.tell(timezone.now())
        return int(import_module("fengsui.core.audit_check").main([]) or 0)


def _upgrade(options: argparse.Namespace) -> int:
    from fengsui.config.backup import upgrade

    return upgrade.main(options)


def _upgraded(options: argparse.Namespace) -> int:
    _django()
    from django.utils import translation

    with translation.override("zh-hans" if chinese() else "en"):
        if import_module("fengsui.config.backup.restored").behind():
            print(word("还有迁移没有执行", "Migrations are missing"))
            return 1
        return int(import_module("fengsui.core.audit_check").main([]) or 0)


def _manage(options: argparse.Namespace) -> int:
    if not os.environ.get("FENGSUI_DATABASE_URL"):
        return _with_database(["manage", *options.rest])
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fengsui.config.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(["./fengsui manage", *options.rest])
    return 0


def _test(options: argparse.Namespace) -> int:
    from fengsui.config.ops import testing

    return testing.main(options)


def _bench(options: argparse.Namespace) -> int:
    from fengsui.config.ops import benches, testing

    if options.all:
        return benches.run([*([options.name] if options.name else []), *options.rest], write=options.write)
    if not options.name:
        raise Problem(
            f"请给出名称：{'、'.join(benches.names())}，或 --all", f"Name one of {', '.join(benches.names())}, or --all"
        )
    return testing.bench(options.name, options.rest)


def _sbom(options: argparse.Namespace) -> int:
    from fengsui.config.ops import sbom

    for path in sbom.write(Path(options.out).absolute()):
        print(path)
    return 0


def _help(options: argparse.Namespace) -> int:
    parser().parse_args([options.command, "--help"] if options.command else ["--help"])
    return 0


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="./fengsui", description="烽燧 Fengsui")
    commands = top.add_subparsers(metavar="COMMAND", required=True)

    def add(name: str, run: Callable[[argparse.Namespace], int], zh: str, en: str) -> argparse.ArgumentParser:
        text = word(zh, en)
        sub = commands.add_parser(name, help=text, description=text) if text else commands.add_parser(name)
        sub.set_defaults(run=run)
        return sub

    demo = add("demo", _demo, "启动并演示全过程", "start everything and play the story")
    serve = add("serve", _serve, "启动平台", "run the platform")
    story = add("story", _story, "", "")
    for sub in (demo, story):
        sub.add_argument(
            "--headless", action="store_true", help=word("演完即退出,成败见退出码", "play to the end and exit")
        )
        sub.add_argument(
            "--by-hand", action="store_true", help=word("只回放测量序列,各步由人来做", "only the gauges speak; you act")
        )
        sub.add_argument(
            "--busy",
            action="store_true",
            help=word("五处同时、三人并行、中途交接班", "five places at once, three officers, a shift change"),
        )
        sub.add_argument(
            "--exercise",
            nargs="?",
            const="alone",
            choices=("alone", "beside"),
            help=word(
                "在一次演练中演;beside:实战同时演", "play it inside an exercise; beside: and live at the same time"
            ),
        )
        sub.add_argument("--replay", metavar="FILE.csv", help=word("回放此测量序列", "replay this measured series"))
        sub.add_argument("--osm", metavar="FILE.osm.pbf", help=word("用此路网", "roads and base map from this extract"))
        sub.add_argument("--speed", type=float, metavar="N", help=word("回放倍数", "times real speed"))
    for sub in (demo, serve):
        sub.add_argument(
            "--district", metavar="CODE", help=word("区代码、目录名或目录", "code, name or folder of the district")
        )
    replay = add("replay", _replay, "回放实测序列集并逐一判定", "play measured sets whole and judge what came of each")
    for sub in (replay, add("replay-play", _replay_play, "", "")):
        sub.add_argument("sets", nargs="*", metavar="SET", help=word("序列集代码", "codes of sets"))
        sub.add_argument("--all", action="store_true", help=word("全部", "all of them"))
        sub.add_argument("--data", metavar="DIR", help=word("数据所在目录", "where the data lie"))
        sub.add_argument("--out", metavar="FILE.md", help=word("把表写到此文件", "write the table here"))
        sub.add_argument(
            "--seconds", type=float, default=240.0, metavar="S", help=word("每集压缩到几秒", "seconds that each takes")
        )
    shots = add("screenshots", _screenshots, "走一遍教程并重拍截图", "walk the tutorial, take its screenshots")
    for sub in (shots, add("screenshots-walk", _screenshots_walk, "", "")):
        sub.add_argument("--only", metavar="NAME", help=word("只存这一张", "keep this picture alone"))
        sub.add_argument("--language", choices=("zh", "en"), help=word("只走一种语言", "walk in one language only"))
        sub.add_argument("--out", metavar="DIR", help=word("存到此目录", "keep them in this folder"))
        sub.add_argument(
            "--speed",
            type=float,
            default=200.0,
            help=word("比实测快多少倍", "times faster than measured; less where busy"),
        )
    roads = add("roads", _roads, "只构建路网与底图并列表", "build roads and base map alone and print the table")
    roads.add_argument(
        "--osm",
        nargs="+",
        default=[],
        metavar="FILE.osm.pbf",
        help=word("用这些路网；不给则生成示意路网", "from these extracts; without it a network is generated"),
    )
    roads.add_argument(
        "--generated", action="store_true", help=word("另加生成的示意路网", "and from the generated network")
    )
    roads.add_argument("--folder", metavar="DIR", help=word("构建到此目录", "build into this folder"))
    roads.add_argument("--out", metavar="FILE.md", help=word("把表写到此文件", "write the table here"))
    _district_options(
        add("district", _district, "建立、检查、填入另一个区", "make, check and fill in another district")
    )
    science = add("science", _science, "单独运行一个灾害模型", "run one hazard model on a case in a file")
    science.add_argument("model", nargs="?", default="", choices=("", *PLACES), metavar="MODEL")
    science.add_argument("--case", metavar="FILE", help=word("算例（JSON）", "the case, as JSON"))
    science.add_argument("--out", metavar="FILE", help=word("结果（.json、.csv）", "the result, .json or .csv"))
    test = add("test", _test, "全部测试", "all tests")
    test.add_argument(
        "-k", dest="expression", default="", metavar="EXPR", help=word("只测名称相符者", "only matching tests")
    )
    test.add_argument("-n", dest="workers", default="2", metavar="N", help=word("并行数", "parallel workers"))
    test.add_argument("--fast", action="store_true", help=word("略去慢的与浏览器的", "without slow and browser tests"))
    test.add_argument(
        "--journeys", action="store_true", help=word("十项首次任务，数按键与页面", "ten first tasks, counted")
    )
    test.add_argument(
        "--screens", action="store_true", help=word("各页截图并查无障碍", "pictures of all pages, judged by axe")
    )
    test.add_argument("--security", action="store_true", help=word("只测入侵者会试的", "what an intruder would try"))
    test.add_argument(
        "--faults",
        action="store_true",
        help=word("故障注入，并证明不丢不重", "faults while work goes on, then the proof"),
    )
    test.add_argument(
        "--machine",
        action="store_true",
        help=word("裸 Debian 13 上照指南安装并启动", "a bare Debian 13, installed by the guide and booted"),
    )
    test.add_argument("--rounds", type=int, default=1, metavar="N", help=word("故障：轮数", "faults: rounds"))
    test.add_argument("--seed", type=int, default=1, metavar="S", help=word("故障：种子", "faults: seed of the first"))
    test.add_argument(
        "--readings", type=int, default=100_000, metavar="N", help=word("故障：每轮读数", "faults: readings a round")
    )
    test.add_argument(
        "--minutes",
        type=float,
        default=0,
        metavar="N",
        help=word("安全：另随机试这么久", "security: try on for so long"),
    )
    test.add_argument("--all", action="store_true", help=word("截图:全部角色和组合", "screens: every role and look"))
    test.add_argument("paths", nargs="*", help=word("文件或目录", "files or folders"))
    check = add("check", _check, "代码、契约、翻译、目录、许可", "code, contracts, translations, catalogue, licences")
    check.add_argument("only", nargs="*", help=word("只做这几项", "only these"))
    part = add("part", _part, "只运行一个部分（多台机器时）", "run one part alone, on several machines")
    part.add_argument("name", choices=PARTS)
    add("build", _build, "构建前端", "build the front end where its sources changed")
    guides = add("guides", _guides, "生成使用指南（/help/）", "build the guides served at /help/")
    guides.add_argument("--out", metavar="DIR", help=word("写到此目录", "write them into this folder"))
    day_two.register(add)
    add("doctor", _doctor, "检查环境与设置", "check environment and settings")
    for name, run, zh, en in (
        ("verify-audit", _verify_audit, "核验审计链", "prove the audit chain"),
        ("audit-check", _audit_check, "", ""),
        ("manage", _manage, "Django 管理命令", "Django's management commands"),
    ):
        add(name, run, zh, en).add_argument("rest", nargs=argparse.REMAINDER)
    backup = add("backup", _backup, "备份数据库与密钥", "back up database and secrets")
    backup.add_argument("--list", action="store_true", help=word("只列出已有的", "only list those there are"))
    restore = add("restore", _restore, "恢复到某一时刻", "bring back a moment")
    restore.add_argument(
        "--to", required=True, metavar="TIME|latest", help=word("时刻，或 latest（最近）", "a time, or latest")
    )
    restore.add_argument("--into", metavar="DIR", help=word("恢复到此空目录", "into this empty folder"))
    restore.add_argument("--over", action="store_true", help=word("替换现有的，须输入确认", "replace what is here"))
    restore.add_argument(
        "--timeline", type=int, metavar="N", help=word("以前恢复时离开的分支", "a branch that an earlier restore left")
    )
    add("restored", _restored, "", "")
    add("upgrade", _upgrade, "备份、迁移、核验，并说明如何退回", "back up, migrate, prove, and say how to go back")
    add("upgraded", _upgraded, "", "")
    _standby_options(add("standby", _standby, "备机：跟随、接替", "a second machine that follows and takes over"))
    bundle = add("bundle", _bundle, "制作离线安装包", "make one archive for machines without network")
    bundle.add_argument("--to", metavar="FILE", help=word("写到此文件", "write it here"))
    for name in ("--debs", "--system"):  # ./fengsui says them
        bundle.add_argument(name, default="", help=argparse.SUPPRESS)
    bench = add("bench", _bench, "性能测量", "measure")
    bench.add_argument(
        "--all", action="store_true", help=word("逐个全测，与留存的比较", "each in turn, held against the kept")
    )
    bench.add_argument("--write", action="store_true", help=word("留存为新的基准", "keep the figures as the new ones"))
    bench.add_argument("name", nargs="?", default="")
    bench.add_argument("rest", nargs=argparse.REMAINDER)
    sbom = add("sbom", _sbom, "写出软件物料清单与许可清单", "write the bill of materials and the list of licences")
    sbom.add_argument("--out", metavar="DIR", default="var", help=word("写到此目录", "write them into this folder"))
    add("translations", _translations, "更新英文译文目录", "bring the English catalogue up to date with the code")
    for name, zh, en in (
        ("docs", "生成参考文档", "generate the reference pages"),
        ("handbook", "重算模型手册各页", "compute the pages of the models' handbook anew"),
    ):
        made = add(name, _pages, zh, en)
        made.set_defaults(pages=name)
        made.add_argument(
            "--check", action="store_true", help=word("只查是否最新", "only tell whether they are current")
        )
    for name, run in (
        ("prepare", _prepare),
        ("ingest", _ingest),
        ("worker", _worker),
        ("clocks", _clocks),
        ("receivers", _receivers),
    ):
        add(name, run, "", "")
    add("help", _help, "帮助", "help").add_argument("command", nargs="?")
    return top


def _standby_options(standby: argparse.ArgumentParser) -> None:
    verbs = standby.add_subparsers(metavar="status | invite | join | run | promote | alone | both", dest="verb")
    verbs.add_parser("status", help=word("谁是主机，落后多少", "who leads, how far behind the other one is"))
    invite = verbs.add_parser(
        "invite", help=word("主机：写出备机所需的文件", "leader: write the file for the other one")
    )
    invite.add_argument("--to", required=True, metavar="FILE", help=word("写到此文件", "write it here"))
    invite.add_argument("--here", metavar="HOST", help=word("本机数据库的地址", "address of this machine's database"))
    invite.add_argument("--there", metavar="HOST", help=word("备机的地址", "address of the other one's"))
    join = verbs.add_parser("join", help=word("备机：拷贝主机的数据库", "standby: copy the leader's database"))
    join.add_argument("file", metavar="FILE")
    join.add_argument(
        "--over", action="store_true", help=word("本机数据移到一旁，须输入确认", "move aside what is here")
    )
    verbs.add_parser("run", help=word("备机：跟随主机", "standby: follow the leader"))
    promote = verbs.add_parser("promote", help=word("备机：接替主机", "standby: take over"))
    alone = verbs.add_parser("alone", help=word("主机：不等备机", "leader: go on without the other one"))
    verbs.add_parser("both", help=word("主机：提交等两台都落盘", "leader: commits wait for both machines"))
    for verb in (promote, alone):
        verb.add_argument(
            "--other-is-off", action="store_true", help=word("已确认另一台已断开，不再询问", "made sure of; do not ask")
        )


def _district_options(district: argparse.ArgumentParser) -> None:
    verbs = district.add_subparsers(metavar="new | check | take", dest="verb", required=True)
    code = word("区代码，或目录", "code of the district, or a folder")
    new = verbs.add_parser("new", help=word("建立一个区的目录和空表", "make the folder of a district and its sheets"))
    new.add_argument("code", help=code)
    new.add_argument(
        "--code", dest="set_code", metavar="NNNNNN", help=word("目录名不是代码时", "if the folder is not it")
    )
    new.add_argument("--name", help=word("区名", "its name"))
    new.add_argument("--name-en", help=word("英文名", "its English name"))
    new.add_argument("--zone", default="Asia/Shanghai", help=word("时区", "time zone"))
    new.add_argument(
        "--centre", metavar="LON,LAT", help=word("没有边界时的中心", "its centre while there is no boundary")
    )
    new.add_argument(
        "--from", dest="boundary", metavar="FILE", help=word("边界：GeoJSON 或界点表", "boundary: GeoJSON, sheet")
    )
    check = verbs.add_parser("check", help=word("查目录和填好的表", "check the folder and its filled sheets"))
    check.add_argument("code", help=code)
    take = verbs.add_parser("take", help=word("把填好的表、边界、路网收进来", "take filled sheets, a boundary, roads"))
    take.add_argument("code", help=code)
    take.add_argument(
        "files", nargs="*", metavar="FILE", help=word("文件或目录，不给即 sheets/", "files, folders; default sheets/")
    )
    for verb in (new, take):
        verb.add_argument("--dry-run", action="store_true", help=word("只看不写", "say what would be written"))
        verb.add_argument(
            "--overwrite", action="store_true", help=word("盖掉手工改过的", "replace what was edited by hand")
        )
        verb.add_argument("--keep", action="store_true", help=word("留下手工改过的", "leave what was edited by hand"))
    take.add_argument(
        "--fill-posts",
        action="store_true",
        help=word("没有人的岗位用示意人员（试用）", "invent holders of empty posts, for a trial"),
    )


def main(argv: Sequence[str] | None = None) -> int:
    options = parser().parse_args(argv)
    try:
        return int(options.run(options))
    except Problem as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 1


if __name__ == "__main__":
    sys.exit(main())
