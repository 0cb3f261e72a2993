"""A machine of a test's own: a real systemd as process 1 in namespaces of its own, with loopback alone. Root only.

Nothing of the machine itself is changed: /proc/sys and /sys are read-only in there, clock and modules are out of reach,
and the tree is either one that was made for it or an overlay whose changes are in memory.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from fengsui.config.ops.home import REPO

NEEDED = ("unshare", "nsenter", "pivot_root", "setpriv", "mount", "ip")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

HOLD = """
mount --make-rprivate /
if [ "$3" = overlay ]; then
    mount -t tmpfs -o mode=755 layers "$1"; mkdir "$1/up" "$1/work" "$1/our-up" "$1/our-work" "$1/root"
    mount -t overlay -o "lowerdir=/,upperdir=$1/up,workdir=$1/work" overlay "$1/root"
    mkdir -p "$1/root/opt/fengsui" "$1/root/opt/python"
    mount -t overlay -o "lowerdir=$4,upperdir=$1/our-up,workdir=$1/our-work,metacopy=on" overlay "$1/root/opt/fengsui"
    mount --bind "$5" "$1/root/opt/python"
else
    mount --bind "$2" "$1"
fi
echo ready; exec sleep infinity
"""
"""Keeps the tree's mounts, the machine off or on. $1 where, $2 tree, $3 kind, $4 clone, $5 its Python."""
ENTER = """
mkdir -p "$2/$3"; echo 0 >"$2/$3/cgroup.procs"
exec unshare --cgroup sh -euc "$4" boot "$1"
"""
"""In new mount, pid, uts, ipc and net namespaces: $1 root, $2 where cgroup2 is mounted, $3 our group, $4 the rest."""
MACHINE = """
cd "$1"
mount -t proc proc proc
for each in sys sysrq-trigger; do
    [ ! -e proc/$each ] || { mount --bind proc/$each proc/$each; mount -o remount,bind,ro proc/$each; }
done
mount --bind proc/sys/net proc/sys/net; mount -o remount,bind,rw proc/sys/net # the network is our own
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs sys
mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755,nosuid,nodev run run
mount -t tmpfs -o mode=1777,nosuid,nodev tmp tmp
mount -t tmpfs -o mode=755,nosuid dev dev
mkdir dev/pts dev/shm
# Nodes of its own, and no console: systemd changes owner and mode of that, and waits for somebody there.
for each in "null 1 3" "zero 1 5" "full 1 7" "random 1 8" "urandom 1 9" "tty 5 0"; do
    mknod -m 666 dev/${each%% *} c ${each#* }
done
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts; ln -s pts/ptmx dev/ptmx
mount -t tmpfs -o mode=1777,nosuid,nodev shm dev/shm
ln -s /proc/self/fd dev/fd; ln -s fd/0 dev/stdin; ln -s fd/1 dev/stdout; ln -s fd/2 dev/stderr
ip link set lo up
hostname box
mkdir run/old
pivot_root . run/old
cd /
umount -l /run/old; rmdir /run/old
exec setpriv --bounding-set=-sys_module,-sys_rawio,-sys_time env -i container=test PATH="$PATH" /lib/systemd/systemd
"""


def cgroup2() -> Path | None:
    """Where the machine's unified hierarchy is mounted; systemd takes nothing older."""
    rows = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    return next((Path(row[1]) for row in rows if row[2] == "cgroup2"), None)


def permitted() -> str:
    """Why no systemd can be booted here, empty where it can."""
    if os.geteuid() != 0:
        return "not root"
    if missing := [each for each in NEEDED if shutil.which(each, path=PATH) is None]:
        return f"no {', '.join(missing)}"
    if cgroup2() is None:
        return "no cgroup2 is mounted"
    return ""


def child(pid: int) -> int:
    """The first child of a process, 0 where it has none."""
    words = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(words[0]) if words else 0


class Booted:
    """One machine, off at first. `tree`: a folder to boot from; None for an overlay of this machine, in which the clone
    is /opt/fengsui and its Python /opt/python. All that was changed in an overlay is gone at the end. `beside`: a
    running machine whose loopback this one shares.
    """

    def __init__(self, tree: Path | None = None, *, name: str = "one", beside: Booted | None = None) -> None:
        self.beside = beside
        self.group = f"fengsui-test-{os.getpid()}-{name}"
        self.folder = Path(tempfile.mkdtemp(prefix="booted-"))
        self.root = self.folder / "tree"
        self.root.mkdir()
        kind = ["", "overlay", str(REPO), sys.base_prefix] if tree is None else [str(tree), "plain"]
        self.holder = subprocess.Popen(
            ["unshare", "--mount", "--fork", "--kill-child", "sh", "-euc", HOLD, "hold", str(self.root), *kind],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env={"PATH": PATH},
        )  # fmt: skip
        assert self.holder.stdout
        assert self.holder.stdout.readline() == b"ready\n", "the tree's mounts"
        self.inside = Path(self.root / "root" if tree is None else self.root)
        self.process: subprocess.Popen[bytes] | None = None
        self.init = 0

    def before(self, script: str) -> None:
        """A shell script with the tree as root while the machine is off."""
        words = [*self._held(), "chroot", str(self.inside), "sh", "-euc", script]
        env = {"PATH": PATH, "LC_ALL": "C.UTF-8"}
        done = subprocess.run(words, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]

    def _held(self) -> list[str]:
        return ["nsenter", f"--target={child(self.holder.pid)}", "--mount", "--"]

    def boot(self, patience_s: float = 120.0) -> str:
        """Returns what `systemctl is-system-running` says once the start is through: running, degraded."""
        net = ["unshare", "--net"] if self.beside is None else ["nsenter", f"--target={self.beside.init}", "--net"]
        words = [
            *self._held(), *net, "unshare", "--mount", "--pid", "--uts", "--ipc", "--fork", "--kill-child",
            *("sh", "-euc", ENTER, "enter", str(self.inside), str(cgroup2()), self.group, MACHINE),
        ]  # fmt: skip
        log = self.folder / "boot.log"
        with open(log, "ab") as out:
            self.process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env={"PATH": PATH}, start_new_session=True
            )
        deadline = time.monotonic() + patience_s
        while True:
            assert self.process.poll() is None, log.read_text()
            self.init = child(self.process.pid)
            if self.init and Path(f"/proc/{self.init}/comm").read_text() == "systemd\n":
                told = self.run("systemctl", "is-system-running", "--wait", check=False).stdout.strip()
                if told not in {"", "offline", "initializing", "starting"}:
                    return told
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)

    def command(self, *words: str, net: bool = True, env: Sequence[str] = ()) -> list[str]:
        """`net` False: with the outer machine's network, to fetch packages."""
        spaces = ["--mount", "--uts", "--ipc", "--pid", "--root", *(["--net"] if net else [])]
        clean = ["env", "-i", "-C", "/", f"PATH={PATH}", "LC_ALL=C.UTF-8", *env]
        return ["nsenter", f"--target={self.init}", *spaces, *clean, *words]

    def run(self, *words: str, check: bool = True, **more: object) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(self.command(*words, **more), capture_output=True, text=True, check=False)  # type: ignore[arg-type]
        assert not check or done.returncode == 0, f"{words}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done

    def sh(self, script: str, **more: object) -> str:
        return self.run("sh", "-euc", script, **more).stdout.strip()  # type: ignore[arg-type]

    def show(self, unit: str, name: str) -> str:
        return self.run("systemctl", "show", "--value", "-p", name, unit).stdout.strip()

    def journal(self, unit: str, lines: int = 60) -> str:
        return self.run("journalctl", "--no-pager", "-n", str(lines), "-u", unit, check=False).stdout

    def until(self, seen: Callable[[], object], what: str | Callable[[], str], patience_s: float = 180.0) -> None:
        deadline = time.monotonic() + patience_s
        while not seen():
            assert time.monotonic() < deadline, what if isinstance(what, str) else what()
            time.sleep(0.2)

    def off(self) -> None:
        """Ended in order, as by a person who shuts the machine down; by force where that takes over two minutes."""
        if self.process is None:
            return
        if self.process.poll() is None and self.init:
            self.run("systemctl", "--no-block", "poweroff", check=False)
        try:
            self.process.wait(120)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGKILL)  # the death of process 1 takes every other along
            self.process.wait(60)
        self.process, self.init = None, 0
        self._forget_group()

    def _forget_group(self) -> None:
        where = cgroup2()
        assert where
        for folder, _, _ in os.walk(where / self.group, topdown=False):
            with suppress(OSError):  # the last process may take a moment; an empty group costs nothing
                os.rmdir(folder)

    def __enter__(self) -> Booted:
        return self

    def __exit__(self, *_: object) -> None:
        self.off()
        self.holder.kill()
        self.holder.wait(60)
        shutil.rmtree(self.folder, ignore_errors=True)
