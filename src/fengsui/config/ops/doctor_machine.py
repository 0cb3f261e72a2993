"""`doctor` about the machine: disks, clock, limits, fonts, locale, who owns what and may write where."""

from __future__ import annotations

import ctypes
import locale
import os
import pwd
import resource
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from fengsui.config.ops import cluster
from fengsui.config.ops.console import Problem, word
from fengsui.config.ops.doctor_faults import Fault, Finding, declare, found
from fengsui.config.ops.home import Home
from fengsui.config.ops.supervisor import read_status

DISK_GB = 5.0
INODES = 50_000
MEMORY_GB = 2.0
"""Least that database, broker and five Python processes were seen to start and serve in [U]."""
FILES = 4096
"""An open stream of a page is a file each, and so is every device's connection."""
AHEAD_S = 86400.0
SECRETS = ("secret_key", "webhook_secret", "demo_password", "broker/internal.secret", "broker/devices.json")
LIBRARY: str | None = None
"""Where adjtimex(2) is called: the C library."""
UNSYNCED = 0x0040
"""STA_UNSYNC of adjtimex(2)."""

FAULTS = (
    Fault(
        "disk_full",
        ("磁盘", "Disk"),
        (
            "空间不足 {least} GB，数据库和消息服务器写满即停",
            "less than {least} GB free: database and broker stop when full",
        ),
        (
            "看谁占着：du -xh --max-depth=2 '{folder}' | sort -h | tail；清理，或换更大的盘并改 {variable}",
            "see what fills it: du -xh --max-depth=2 '{folder}' | sort -h | tail; free some, or set {variable} to "
            "a larger disk",
        ),
    ),
    Fault(
        "inodes_full",
        ("文件数", "Inodes"),
        (
            "文件系统的索引节点将尽，有空间也建不了文件",
            "the file system is nearly out of inodes: no new file fits, whatever space is free",
        ),
        (
            "删除小文件多的目录：du --inodes -x '{folder}' | sort -n | tail",
            "remove many small files: du --inodes -x '{folder}' | sort -n | tail",
        ),
    ),
    Fault(
        "clock_wrong",
        ("时钟", "Clock"),
        (
            "本机时间早于已有文件（{newest}），时限和预警的时间都会错",
            "this machine's time is before a file that exists ({newest}): deadlines and times of warnings would "
            "be wrong",
        ),
        (
            "校准：timedatectl set-ntp true；没有网络时 date -s '…'，再 hwclock -w",
            "timedatectl set-ntp true; without a network date -s '...', then hwclock -w",
        ),
    ),
    Fault(
        "clock_unsynced",
        ("对时", "Time synchronisation"),
        ("内核说时钟没有对时", "the kernel says that its clock follows no source"),
        (
            "timedatectl set-ntp true，或 apt-get install chrony；内网填本单位的时间服务器",
            "timedatectl set-ntp true, or apt-get install chrony; in a closed network name your own time server",
        ),
    ),
    Fault(
        "secrets_open",
        ("机密文件", "Secrets"),
        ("别的用户可以读 {path}", "other users may read {path}"),
        (
            "chmod 600 '{path}'；若已外泄，删除后重启即换新（设备口令另发）",
            "chmod 600 '{path}'; where it was seen, remove it and restart: a new one is made (devices need theirs "
            "again)",
        ),
    ),
    Fault(
        "not_writable",
        ("目录权限", "Permissions"),
        ("{user} 不能写 {folder}", "{user} may not write {folder}"),
        (
            "chown -R {user} '{folder}'；只读挂载则 mount -o remount,rw",
            "chown -R {user} '{folder}'; where it is mounted read-only: mount -o remount,rw",
        ),
    ),
    Fault(
        "data_open",
        ("数据目录", "Data directory"),
        ("权限或所有者不对，PostgreSQL 会拒绝启动", "its mode or owner is wrong: PostgreSQL will refuse to start"),
        ("chown -R {user} '{folder}'; chmod 700 '{folder}'", "chown -R {user} '{folder}'; chmod 700 '{folder}'"),
    ),
    Fault(
        "no_font",
        ("中文字体", "CJK fonts"),
        ("没有中文字体，公文和地图上的字会成方框", "no Chinese font: papers and maps would show boxes"),
        ("apt-get install fonts-noto-cjk", "apt-get install fonts-noto-cjk"),
    ),
    Fault(
        "bad_locale",
        ("区域设置", "Locale"),
        ("{value} 不是本机有的 UTF-8 区域设置", "{value} is no UTF-8 locale of this machine"),
        (
            "export LC_ALL=C.UTF-8（服务：/etc/fengsui/fengsui.env）",
            "export LC_ALL=C.UTF-8 (service: /etc/fengsui/fengsui.env)",
        ),
    ),
    Fault(
        "little_memory",
        ("内存限制", "Memory limit"),
        ("{who} 可用内存不足 {least} GB", "{who} may use less than {least} GB"),
        (
            "systemd 单元里放宽 MemoryMax，或 ulimit -v unlimited；虚拟机加内存",
            "raise MemoryMax of the systemd unit, or ulimit -v unlimited; give the machine more",
        ),
    ),
    Fault(
        "few_files",
        ("打开文件数", "Open files"),
        (
            "{who} 最多打开 {limit} 个文件，少于 {least}：连接多时页面和设备会被拒",
            "{who} may open {limit} files, fewer than {least}: pages and devices are refused when many come",
        ),
        (
            "systemd 单元里 LimitNOFILE=65536；手工启动先 ulimit -n 65536",
            "LimitNOFILE=65536 in the systemd unit; by hand ulimit -n 65536 first",
        ),
    ),
    Fault(
        "no_setpriv",
        ("setpriv", "setpriv"),
        ("没有 setpriv，子进程不能随主进程结束", "setpriv is missing: children could outlive their parent"),
        ("apt-get install util-linux", "apt-get install util-linux"),
    ),
)
declare(*FAULTS)


def places(home: Home) -> Mapping[str, Path]:
    """Folders that fill up -> the variable that moves them; the nearest that exists."""
    backup = os.environ.get("FENGSUI_BACKUP")
    folders = {"FENGSUI_VAR": home.var, **({"FENGSUI_BACKUP": Path(backup)} if backup else {})}
    if not os.environ.get("FENGSUI_DATABASE_URL") and cluster.binaries():
        with suppress(Problem):
            folders["FENGSUI_VAR "] = cluster.Cluster(home).data
    return {name: next(each for each in (path, *path.parents) if each.is_dir()) for name, path in folders.items()}


def disks(home: Home) -> Iterator[Finding]:
    """Each file system once."""
    seen = set()
    for variable, folder in places(home).items():
        if (device := folder.stat().st_dev) in seen:
            continue
        seen.add(device)
        gb, inodes = shutil.disk_usage(folder).free / 1e9, os.statvfs(folder)
        if gb <= DISK_GB:
            yield found(
                "disk_full", f"{gb:.1f} GB {folder}", least=f"{DISK_GB:g}", folder=folder, variable=variable.strip()
            )
        else:
            yield Finding(word("磁盘", "Disk"), "ok", f"{gb:.1f} GB {folder}")
        if inodes.f_files and inodes.f_favail < INODES and inodes.f_favail < inodes.f_files / 20:
            yield found("inodes_full", f"{inodes.f_favail} {folder}", folder=folder)


def disk() -> Iterator[Finding]:
    yield from disks(Home.here())


def clock() -> Iterator[Finding]:
    """Against what was written before; against the kernel's own knowledge. The database's clock: see doctor_inside."""
    home = Home.here()
    known = [Path(__file__), *home.run.glob("*.json"), *home.log.glob("*.log"), *home.var.glob("*_key")]
    newest = max(known, key=lambda each: each.stat().st_mtime)
    now, at = time.time(), newest.stat().st_mtime
    if now < at - AHEAD_S or not 2024 <= time.gmtime(now).tm_year < 2100:
        told = time.strftime("%F", time.gmtime(at))
        yield found("clock_wrong", time.strftime("%F %T UTC", time.gmtime(now)), newest=f"{newest}, {told}")
    else:
        yield Finding(word("时钟", "Clock"), "ok", time.strftime("%F %T UTC", time.gmtime()))
    state = synchronised()
    if state is False:
        yield found("clock_unsynced", verdict="note")
    elif state:
        yield Finding(word("对时", "Time synchronisation"), "ok", word("已对时", "followed"))


def synchronised() -> bool | None:
    """Whether the kernel's clock is kept by somebody (adjtimex(2), reading only); None where it does not tell."""
    room = (ctypes.c_long * 64)()  # struct timex: 208 bytes on 64-bit; modes = 0 changes nothing
    try:
        state = ctypes.CDLL(LIBRARY, use_errno=True).adjtimex(ctypes.byref(room))
    except (OSError, AttributeError):
        return None
    status = ctypes.cast(ctypes.byref(room, 5 * ctypes.sizeof(ctypes.c_long)), ctypes.POINTER(ctypes.c_int))[0]
    return None if state < 0 else not status & UNSYNCED


def permissions() -> Iterator[Finding]:
    home, user = Home.here(), pwd.getpwuid(os.geteuid()).pw_name
    sound = True
    for path in (home.var / name for name in SECRETS):
        if path.exists() and path.stat().st_mode & 0o077:
            sound = False
            yield found("secrets_open", f"{path.stat().st_mode & 0o777:o}", path=path)
    for folder in (home.var, home.run, home.log, home.var / "broker"):
        if folder.is_dir() and not os.access(folder, os.W_OK | os.X_OK):
            sound = False
            yield found("not_writable", folder=folder, user=user)
    if sound:
        yield Finding(word("目录权限", "Permissions"), "ok", str(home.var))
    if not os.environ.get("FENGSUI_DATABASE_URL") and cluster.binaries():
        yield from _data(home, user)


def _data(home: Home, user: str) -> Iterator[Finding]:
    try:
        own = cluster.Cluster(home)
    except Problem as problem:
        yield Finding(word("数据目录", "Data directory"), "bad", str(problem), str(problem))
        return
    owner = own.user or user
    if own.data.is_dir():
        facts = own.data.stat()
        if facts.st_mode & 0o027 or facts.st_uid != pwd.getpwnam(owner).pw_uid:
            yield found("data_open", f"{own.data} {facts.st_mode & 0o777:o}", folder=own.data, user=owner)
            return
    yield Finding(word("数据目录", "Data directory"), "ok", str(own.data))


def fonts() -> Iterator[Finding]:
    """As WeasyPrint asks for them: by fontconfig."""
    told = (
        subprocess.run(["fc-list", "--format", "%{file}\n", ":lang=zh-cn"], capture_output=True, text=True, check=False)
        if shutil.which("fc-list")
        else None
    )
    names = sorted(Path(line).name for line in told.stdout.split("\n") if line) if told else _files_of_fonts()
    if names:
        more = f" +{len(names) - 1}" if len(names) > 1 else ""
        yield Finding(word("中文字体", "CJK fonts"), "ok", names[0] + more)
    else:
        yield found("no_font")


def _files_of_fonts() -> list[str]:
    roots = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path.home() / ".fonts")
    begin = ("NotoSerifCJK", "NotoSansCJK", "SourceHan", "simsun", "simfang", "FangSong", "wqy")
    return sorted(
        {
            path.name
            for root in roots
            if root.is_dir()
            for path in root.rglob("*.[to]t[cf]")
            if path.name.startswith(begin)
        }
    )


def locales() -> Iterator[Finding]:
    name = next((each for each in ("LC_ALL", "LC_CTYPE", "LANG") if os.environ.get(each)), "")
    value = os.environ.get(name, "")
    if not value:
        yield found("bad_locale", verdict="note", value=word("（未设）", "(not set)"))
    elif not _is_utf8(value):
        yield found("bad_locale", value=f"{name}={value}")
    else:
        yield Finding(word("区域设置", "Locale"), "ok", f"{name}={value}")


def _is_utf8(name: str) -> bool:
    """Whether the machine has this locale and it speaks UTF-8; asked with `locale`, so that ours is not changed."""
    with suppress(OSError):
        told = subprocess.run(
            ["locale", "charmap"], capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": name}
        )
        return told.stdout.strip() == "UTF-8" and "Cannot set" not in told.stderr
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        locale.setlocale(locale.LC_CTYPE, name)
        return locale.nl_langinfo(locale.CODESET) == "UTF-8"
    except locale.Error:
        return False
    finally:
        locale.setlocale(locale.LC_CTYPE, before)


def limits() -> Iterator[Finding]:
    """Of the running parts, whoever started them; of this shell where nothing runs."""
    running = {
        name: facts["pid"]
        for name, facts in read_status(Home.here()).get("services", {}).items()
        if facts.get("pid") and Path("/proc", str(facts["pid"])).exists()
    }
    sound = True
    for who, pid in (running or {word("本终端", "this shell"): os.getpid()}).items():
        files, memory = _limit(pid, resource.RLIMIT_NOFILE, soft=bool(running)), _memory(pid)
        if files < FILES:
            sound = False
            yield found("few_files", who=who, limit=files, least=FILES)
        if memory < MEMORY_GB * 1e9:
            sound = False
            yield found("little_memory", f"{memory / 1e9:.1f} GB", who=who, least=f"{MEMORY_GB:g}")
    if sound:
        yield Finding(word("限额", "Limits"), "ok", word("内存与打开文件数足够", "memory and open files are enough"))


def _memory(pid: int) -> float:
    """Least of the machine's memory, the address space it may use, and its control groups' limits, bytes."""
    total = float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    return min(total, _limit(pid, resource.RLIMIT_AS, soft=True), *_groups(pid))


def _limit(pid: int, kind: int, *, soft: bool = False) -> float:
    """The soft one of who runs; of a shell the hard one, up to which the supervisor raises its own."""
    try:
        limit = resource.prlimit(pid, kind)[0 if soft else 1]
    except (PermissionError, ProcessLookupError):
        return float("inf")
    return float("inf") if limit == resource.RLIM_INFINITY else limit


def _groups(pid: int) -> list[float]:
    found_limits = [float("inf")]
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
            number, names, path = line.split(":", 2)
            if number == "0" and not names:
                folder = Path("/sys/fs/cgroup", path.lstrip("/"))
                for each in (folder, *folder.parents):
                    with suppress(OSError, ValueError):
                        found_limits.append(float((each / "memory.max").read_text()))
    return found_limits


def user() -> Iterator[Finding]:
    if shutil.which("setpriv") is None:
        yield found("no_setpriv")
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
