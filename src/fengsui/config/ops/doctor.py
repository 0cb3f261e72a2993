"""`doctor`: what is set, what works, and for each thing that does not, what to do. Changes nothing."""

from __future__ import annotations

import os
import platform
import shutil
import smtplib
import ssl
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

import psycopg

from fengsui.config.backup import store, wal
from fengsui.config.ops import cluster, doctor_inside, frontend, values
from fengsui.config.ops.console import Problem, word
from fengsui.config.ops.environment import ELSEWHERE, VARIABLES
from fengsui.config.ops.home import BIN, Home
from fengsui.config.ops.ports import PREFERRED, Ports, free
from fengsui.config.ops.supervisor import read_status

Verdict = Literal["ok", "note", "bad"]
MARKS = {"ok": "✓", "note": "·", "bad": "✗"}
DISK_GB = 5.0
CHROME = ("chromium", "google-chrome", "chromium-browser")


@dataclass(frozen=True, slots=True)
class Finding:
    """One line. Every `bad` one says in `what_to_do` how to mend it."""

    name: str
    verdict: Verdict
    fact: str
    what_to_do: str = ""


def python() -> Iterator[Finding]:
    yield Finding("Python", "ok", f"{platform.python_version()} ({sys.executable})")
    for module in ("django", "psycopg", "granian", "nats", "valhalla", "weasyprint"):
        try:
            __import__(module)
        except (ImportError, OSError) as error:
            yield Finding(f"Python: {module}", "bad", str(error), "rm -r .venv && ./fengsui doctor")


def database() -> Iterator[Finding]:
    url, installed = os.environ.get("FENGSUI_DATABASE_URL", ""), cluster.binaries()
    if not url:
        if not installed:
            yield Finding(
                "PostgreSQL",
                "bad",
                word("没有带 PostGIS 的 PostgreSQL 15 以上", "no PostgreSQL >= 15 with PostGIS"),
                "./fengsui serve " + word("(会先列出再安装)", "(lists, then installs)"),
            )
            return
        try:
            home = Home.here()
            if read_status(home).get("state") not in {"running", "starting"}:
                versions = ", ".join(map(str, installed))
                yield Finding(
                    "PostgreSQL", "ok", word(f"{versions},私有集群未运行", f"{versions}, private cluster not running")
                )
                return
            url = cluster.Cluster(home).url
        except Problem as problem:
            yield Finding("PostgreSQL", "bad", str(problem), str(problem))
            return
    try:
        version, postgis = cluster.external_facts(url)
    except psycopg.OperationalError as error:
        yield Finding(
            "PostgreSQL",
            "bad",
            f"{cluster.plain_url(url)}: {error}",
            word(
                "检查 FENGSUI_DATABASE_URL 的主机、端口、用户、口令与服务",
                "check host, port, user and password of FENGSUI_DATABASE_URL, and that the server runs",
            ),
        )
        return
    yield Finding(
        "PostgreSQL",
        "ok" if version >= 150000 else "bad",
        f"{version // 10000}.{version % 10000}",
        word("需要 15 以上", "15 or later is needed"),
    )
    yield Finding(
        "PostGIS",
        "ok" if postgis else "bad",
        postgis or "-",
        word("安装 PostGIS 并 CREATE EXTENSION postgis", "install PostGIS, CREATE EXTENSION postgis"),
    )
    trigram = cluster.extension(url, "pg_trgm")
    yield Finding(
        "pg_trgm",
        "ok" if trigram else "bad",
        trigram or "-",
        word(
            "查找要用：安装 PostgreSQL 的 contrib 扩展包，由库的管理员执行 CREATE EXTENSION pg_trgm",
            "search needs it: install PostgreSQL's contrib modules; the database's administrator runs "
            "CREATE EXTENSION pg_trgm",
        ),
    )


def inside() -> Iterator[Finding]:
    """Faults of a database that answers; whether it does is told by `database`."""
    url, running = os.environ.get("FENGSUI_DATABASE_URL", ""), read_status(Home.here()).get("state") == "running"
    if not url and not (running and cluster.binaries()):
        return
    with suppress(psycopg.OperationalError), psycopg.connect(url or cluster.Cluster(Home.here()).url) as asked:

        def ask(query: str) -> list[tuple[object, ...]]:
            return asked.execute(query.encode()).fetchall()

        for fault in [*doctor_inside.server(ask), *(doctor_inside.platform(ask) if running else ())]:
            yield Finding(fault[0], "bad", fault[1], fault[2])


def broker() -> Iterator[Finding]:
    url = os.environ.get("FENGSUI_NATS_URL", "")
    if url:
        from fengsui.config.ops import external  # a broken nats must not keep the other checks from telling

        try:
            yield Finding("NATS", "ok", f"{external.broker_version(url)}, {cluster.plain_url(url)}")
        except OSError as error:
            yield Finding(
                "NATS",
                "bad",
                f"{cluster.plain_url(url)}: {error}",
                word(
                    "检查 FENGSUI_NATS_URL 的主机、端口、用户、口令,以及是否开启 jetstream",
                    "check host, port, user and password of FENGSUI_NATS_URL, and that it runs with jetstream",
                ),
            )
        return
    program = BIN / "nats-server"
    there = program.exists() or bool(shutil.which("nats-server"))
    status = read_status(Home.here())
    fact = (
        status.get("services", {}).get("broker", {}).get("state", "down")
        if status.get("state") == "running"
        else "down"
    )
    yield Finding("NATS", "ok" if there else "bad", f"{word('自带', 'own')}, {fact}", "rm -r .venv && ./fengsui doctor")


def backups() -> Iterator[Finding]:
    """The newest one's age, holes in the archived log, an archive that does not keep up."""
    name, status = word("备份", "Backup"), read_status(Home.here())
    if os.environ.get("FENGSUI_DATABASE_URL"):
        yield Finding(name, "note", word("由外部数据库的管理员负责", "the external database's administrator makes it"))
        return
    every = store.hours(demo=bool(status.get("demo")))
    if not every:
        yield Finding(name, "note", word("未开启", "not made"), "FENGSUI_BACKUP_HOURS=24")
        return
    if not cluster.binaries():
        return
    home = Home.here()
    mine = store.Store.of(home)
    known = mine.backups()
    age_h = (time.time() - known[-1].finished_at.timestamp()) / 3600 if known else float("inf")
    fresh = age_h <= every * 1.5
    yield Finding(
        name,
        "ok" if fresh else "bad" if known or status.get("state") == "running" else "note",
        f"{known[-1].name}, {age_h:.0f} h" if known else word("还没有", "none yet"),
        word(
            "平台运行时每 5 分钟看一次是否该备份;现在就做:./fengsui backup;看 var/log/worker.log",
            "the running platform looks every 5 minutes; now: ./fengsui backup; see var/log/worker.log",
        ),
    )
    if known:
        hole = wal.gap(mine.wal, known[-1].timeline, wal.position(known[-1].end_lsn))
        yield Finding(
            word("日志归档", "Archived log"),
            "bad" if hole else "ok",
            word(f"缺 {hole}", f"{hole} is missing") if hole else str(mine.wal),
            word("只能恢复到它之前:./fengsui backup 重新开始", "nothing after it can be restored: ./fengsui backup"),
        )
    if status.get("state") == "running":
        late = cluster.archive_fault(cluster.Cluster(home).url)
        yield Finding(
            word("归档进度", "Archiving"),
            "bad" if late else "ok",
            late or word("跟上", "keeps up"),
            word(
                f"看 {home.log}/database.log;{mine.wal} 要有空间且属于数据库用户。日志会积在数据库里直到盘满",
                f"see {home.log}/database.log; {mine.wal} needs space and the database's owner. "
                "Until then the log piles up in the database",
            ),
        )


def mail() -> Iterator[Finding]:
    url = os.environ.get("FENGSUI_SMTP_URL", "")
    if not url:
        yield Finding(
            "SMTP", "note", word("未配置:邮件渠道不可用", "not configured: no e-mail channel"), "FENGSUI_SMTP_URL"
        )
        return
    parts = urlsplit(url)
    try:
        client: smtplib.SMTP
        if parts.scheme == "smtps":
            client = smtplib.SMTP_SSL(
                parts.hostname or "", parts.port or 465, timeout=5, context=ssl.create_default_context()
            )
        else:
            client = smtplib.SMTP(parts.hostname or "", parts.port or 25, timeout=5)
        with client:
            client.ehlo()
            if parts.username:
                if parts.scheme == "smtp" and client.has_extn("starttls"):
                    client.starttls(context=ssl.create_default_context())
                client.login(unquote(parts.username), unquote(parts.password or ""))
        yield Finding("SMTP", "ok", f"{parts.hostname}:{parts.port}")
    except (OSError, smtplib.SMTPException) as error:
        yield Finding(
            "SMTP", "bad", f"{parts.hostname}: {error}", word("检查 FENGSUI_SMTP_URL", "check FENGSUI_SMTP_URL")
        )


def fonts() -> Iterator[Finding]:
    roots = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path.home() / ".fonts")
    names = ("NotoSerifCJK", "NotoSansCJK", "SourceHan", "simsun", "simfang", "FangSong", "wqy")
    found = sorted(
        {path.name for root in roots if root.is_dir() for path in root.rglob("*.tt[cf]") if path.name.startswith(names)}
    )
    found += sorted(
        {path.name for root in roots if root.is_dir() for path in root.rglob("*.otf") if path.name.startswith(names)}
    )
    yield Finding(
        word("中文字体", "CJK fonts"),
        "ok" if found else "bad",
        found[0] + (f" +{len(found) - 1}" if len(found) > 1 else "") if found else "-",
        "apt-get install fonts-noto-cjk",
    )


def browser() -> Iterator[Finding]:
    path = next(filter(None, map(shutil.which, CHROME)), None)
    yield Finding(
        "Chromium",
        "ok" if path else "note",
        path or word("没有(只有测试需要)", "none (only tests need it)"),
        "apt-get install chromium",
    )


def machine() -> Iterator[Finding]:
    home = Home.here()
    gb = shutil.disk_usage(home.var).free / 1e9
    yield Finding(
        word("磁盘", "Disk"),
        "ok" if gb > DISK_GB else "bad",
        f"{gb:.1f} GB {home.var}",
        word("清理磁盘,或改 FENGSUI_VAR", "free some, or change FENGSUI_VAR"),
    )
    year = time.gmtime().tm_year
    newest = max(path.stat().st_mtime for path in (Path(__file__), Path(sys.prefix)))
    sane = time.time() >= newest - 86400 and 2024 <= year < 2100
    yield Finding(
        word("时钟", "Clock"),
        "ok" if sane else "bad",
        time.strftime("%F %T UTC", time.gmtime()),
        word("校准系统时间(timedatectl、chrony)", "set the system's time (timedatectl, chrony)"),
    )
    secret = home.var / "secret_key"
    closed = not secret.exists() or secret.stat().st_mode & 0o077 == 0
    yield Finding(
        word("目录权限", "Permissions"),
        "ok" if closed and os.access(home.var, os.W_OK) else "bad",
        str(home.var),
        f"chown -R $(id -un) '{home.var}'; chmod 600 '{secret}'",
    )
    if not os.environ.get("FENGSUI_DATABASE_URL") and cluster.binaries():
        try:
            data = cluster.Cluster(home).data
            yield Finding(word("数据目录", "Data directory"), "ok", str(data))
        except Problem as problem:
            yield Finding(word("数据目录", "Data directory"), "bad", str(problem), str(problem))
    if shutil.which("setpriv") is None:
        yield Finding("setpriv", "bad", "-", "apt-get install util-linux")
    if os.geteuid() == 0:
        yield Finding(
            word("用户", "User"),
            "note",
            word(
                "以 root 运行:数据库另用 fengsui-run,其余以 root 运行",
                "root: the database runs as fengsui-run, the rest as root",
            ),
            word("长期运行请用普通用户", "for lasting service use an ordinary user"),
        )


def port() -> Iterator[Finding]:
    home = Home.here()
    status = read_status(home)
    if status.get("state") == "running":
        yield Finding(
            word("网页端口", "Web port"),
            "ok",
            word(f"运行中:{status.get('address')}", f"running: {status.get('address')}"),
        )
        return
    given = os.environ.get("FENGSUI_HTTP_PORT")
    number = (
        int(given) if given and given.isdigit() else Ports(home.var / "ports.json").known("http") or PREFERRED["http"]
    )
    bind = os.environ.get("FENGSUI_BIND") or "127.0.0.1"
    is_free = free(number, bind)
    fact = f"{bind}:{number}" + ("" if is_free else word(" 被占用", " taken"))
    yield Finding(
        word("网页端口", "Web port"),
        "ok" if is_free else "bad" if given else "note",
        fact,
        word("改 FENGSUI_HTTP_PORT;未设时自动另选", "change FENGSUI_HTTP_PORT; unset, another is picked"),
    )


def pages() -> Iterator[Finding]:
    if not frontend.fingerprint():
        yield Finding(word("前端", "Front end"), "note", word("没有源文件", "no sources"))
    else:
        old = frontend.stale()
        yield Finding(
            word("前端", "Front end"),
            "note" if old else "ok",
            word("待构建", "to be built") if old else word("已构建", "built"),
            "./fengsui serve",
        )


def settings() -> Iterator[Finding]:
    """Values that cannot be: named one by one."""
    for name, what in values.wrong(os.environ).items():
        yield Finding(name, "bad", what, word("改正或 unset", "correct or unset it"))


TRIED_BY = {"database": "FENGSUI_DATABASE_URL", "broker": "FENGSUI_NATS_URL", "mail": "FENGSUI_SMTP_URL"}
"""Checks that connect, and the variable they connect by."""
CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    python,
    settings,
    database,
    inside,
    backups,
    broker,
    mail,
    fonts,
    browser,
    machine,
    port,
    pages,
)


def variables() -> Iterator[str]:
    """The table of what is set; secrets only as such, unknown FENGSUI_ names are pointed out."""
    known = {each.name for each in VARIABLES}
    for each in VARIABLES:
        value = os.environ.get(each.name, "")
        shown = word("(已设,机密)", "(set, secret)") if value and each.secret else value
        yield f"  {each.name:<24}{shown or word('默认:', 'default: ') + (each.default or '-')}"
    for name in ELSEWHERE:
        if os.environ.get(name):
            yield f"  {name:<24}{cluster.plain_url(os.environ[name])}"
    for name in sorted(set(os.environ) - known):
        if name.startswith("FENGSUI_"):
            yield f"  {name:<24}" + word("不认识此变量:是否写错?", "unknown variable: a typing slip?")


def findings() -> list[Finding]:
    found = []
    # What is connected with a value that cannot be would only say the same in other words.
    impossible = values.wrong(os.environ)
    for check in CHECKS:
        if TRIED_BY.get(check.__name__, "") in impossible:
            continue
        try:
            found += list(check())
        except Exception as error:
            found.append(
                Finding(
                    check.__name__,
                    "bad",
                    f"{type(error).__name__}: {error}",
                    word("请报告此错误", "please report this"),
                )
            )
    return found


def main() -> int:
    """Prints both tables; exit 0 where nothing is bad."""
    print(word("环境变量(docs/reference/environment.md)", "Environment (docs/reference/environment.md)"))
    print("\n".join(variables()))
    print(word("\n检查", "\nChecks"))
    found = findings()
    for each in found:
        remedy = f"\n      → {each.what_to_do}" if each.verdict != "ok" and each.what_to_do else ""
        print(f"  {MARKS[each.verdict]} {each.name:<14} {each.fact}{remedy}")
    bad = sum(each.verdict == "bad" for each in found)
    print(word(f"\n{bad} 项需要处理", f"\n{bad} to mend"))
    return 1 if bad else 0
