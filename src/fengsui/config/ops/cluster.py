"""A private PostgreSQL cluster: own data directory, own socket, no TCP port, never the system's cluster, never root.

The server is a direct child of the supervisor and stops cleanly when that dies. Shapes of trouble mended here:
a stale postmaster.pid, a clone the service user cannot enter, a socket path over the kernel's 107 bytes.
"""

from __future__ import annotations

import os
import pwd
import re
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from fengsui.config.ops import children, rights
from fengsui.config.ops.console import Problem, say
from fengsui.config.ops.home import Home

SERVICE_USER = "fengsui-run"
DATABASE = ROLE = "fengsui"
LOWEST_MAJOR = 15
SHARE = Path("/usr/share/postgresql")
ARCHIVE = """# One finished segment of the log ($1, named $2) into the archive: whole, on disk, never over another one.
set -eu
to={folder}/"$2".gz
rm -f "$to.part"
if [ -e "$to" ]; then gzip -dc <"$to" | cmp -s - "$1"; exit; fi
gzip -1 <"$1" >"$to.part"
sync "$to.part"
ln "$to.part" "$to"
rm "$to.part"
sync {folder}
"""
FETCH = """# Segment $1 out of the archive to $2; not there: 1, as the server wants it.
set -eu
[ -e {folder}/"$1".gz ] || exit 1
gzip -dc <{folder}/"$1".gz >"$2.part" || exit 1
mv "$2.part" "$2"
"""
LIBRARIES = (Path("/usr/lib/postgresql"), Path("/usr/pgsql"), Path("/usr/local/pgsql"))


def binaries() -> dict[int, Path]:
    """Installed PostgreSQL versions that have PostGIS: major -> folder of initdb and postgres, newest first."""
    found = {
        int(folder.name): folder / "bin"
        for root in LIBRARIES
        if root.is_dir()
        for folder in root.iterdir()
        if folder.name.isdigit()
        and int(folder.name) >= LOWEST_MAJOR
        and (folder / "bin/postgres").exists()
        and (SHARE / folder.name / "extension/postgis.control").exists()
    }
    return dict(sorted(found.items(), reverse=True))


def service_user() -> str:
    """Who runs the server: nobody else for an ordinary user, for root a system user made at first need."""
    if os.geteuid() != 0:
        return ""
    try:
        pwd.getpwnam(SERVICE_USER)
    except KeyError:
        made = subprocess.run(
            ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SERVICE_USER],
            capture_output=True,
            text=True,
            env={**os.environ, "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"},
            check=False,
        )
        if made.returncode:
            raise Problem(
                f"无法建立系统用户:{made.stderr.strip()}。请执行 useradd --system {SERVICE_USER}",
                f"Cannot make the system user: {made.stderr.strip()}. Run: useradd --system {SERVICE_USER}",
            ) from None
    return SERVICE_USER


def can_enter(user: str, folder: Path) -> bool:
    """Whether the service user may walk down to `folder`; a clone under /root is closed to it."""
    tried = subprocess.run(
        [*children.launcher("KILL", user), "sh", "-c", 'cd -- "$1"', "cd", str(folder)],
        capture_output=True,
        cwd="/",
        check=False,
    )
    return tried.returncode == 0


def socket_home(key: str) -> Path:
    """A short folder for the socket: the kernel allows 107 bytes, a clone's path may be longer."""
    if os.geteuid() == 0:
        return Path(f"/run/fengsui-{key}")
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if runtime and os.access(runtime, os.W_OK) and len(runtime) < 70:
        return Path(runtime) / f"fengsui-{key}"
    return Path(f"/tmp/fengsui-{os.geteuid()}-{key}")  # noqa: S108 - made with mode 0700 and its owner checked below


def _memory_kb() -> int:
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1])
    return 2_000_000


def settings(*, durable: bool, sockets: Path) -> dict[str, str]:
    """Server settings. An acknowledged reading is on disk: `durable` is False only for throw-away test clusters."""
    shared_mb = max(64, min(1024, _memory_kb() // 1024 // 8))
    on = "on" if durable else "off"
    return {
        "listen_addresses": "''",
        "unix_socket_directories": f"'{sockets}'",
        "unix_socket_permissions": "0777",  # peer authentication decides who gets in
        "max_connections": "200",
        "shared_buffers": f"{shared_mb}MB",
        "effective_cache_size": f"{shared_mb * 3}MB",
        "work_mem": "16MB",
        "maintenance_work_mem": "128MB",
        "max_wal_size": "2GB",
        "checkpoint_completion_target": "0.9",
        "random_page_cost": "1.1",
        "jit": "off",  # compiling costs more than it saves on short queries
        "fsync": on,
        "synchronous_commit": on,
        "full_page_writes": on,
        "timezone": "'UTC'",
        "log_timezone": "'UTC'",
        "log_line_prefix": "'%m [%p] %a '",
        "log_min_duration_statement": "2000",
        "idle_in_transaction_session_timeout": "300000",
    }


@dataclass(frozen=True, slots=True)
class Access:
    """Who else gets in: server settings, lines of pg_hba.conf, files of the data directory by name."""

    settings: Mapping[str, str] = field(default_factory=dict)
    lines: str = ""
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Cluster:
    """One data directory and, while running, its server process."""

    home: Home
    name: str = "pg"
    durable: bool = True
    process: subprocess.Popen[bytes] | None = None
    archive: Path | None = None
    """Folder that every finished segment of the log is copied to; a segment at latest every `archive_s`."""
    archive_s: int = 60
    access: Callable[[], Access] = Access
    """Asked whenever the settings are written: a partner on the network may come and go."""

    def __post_init__(self) -> None:
        self.user = service_user()
        self.key = self.home.key if self.name == "pg" else f"{self.home.key}-{self.name}"
        self.data = self.home.var / self.name
        if self.user and not can_enter(self.user, self.home.var):
            self.data = Path("/var/lib/fengsui") / self.key
        self.sockets = self._sockets_in_use() or socket_home(self.key)

    @property
    def url(self) -> str:
        return f"postgresql://{ROLE}@/{DATABASE}?host={quote(str(self.sockets), safe='/')}"

    def start(self, patience_s: float = 60.0) -> subprocess.Popen[bytes]:
        """Make the cluster at first, start the server, wait until it answers. Raises Problem with the log's end."""
        home = self.programs()
        self._make_socket_home()
        if not (self.data / "PG_VERSION").exists():
            self._initdb(home)
        self._configure()
        deadline = time.monotonic() + patience_s
        while True:
            self._mend_stale_pid()
            self.process = self._spawn(home)
            if self._answers(deadline):
                break
            # The lock of a server killed a moment ago may still be seen: reap, look again, try again.
            if time.monotonic() > deadline:
                raise Problem(
                    f"数据库未能启动,日志末尾:\n{self._log_tail()}\n全文:{self._log}",
                    f"The database did not start. End of its log:\n{self._log_tail()}\nAll of it: {self._log}",
                )
            time.sleep(0.3)
        self._make_database()
        return self.process

    def recover(self, settings: Mapping[str, str], archive: Path, patience_s: float = 6 * 3600.0) -> None:
        """Start on a copied base backup, take the log from `archive` up to the target in `settings`, open for writing.

        Raises Problem with the log's end where the target cannot be reached. What is archived stays as it was.
        """
        home = self.programs()
        self._make_socket_home()
        self._write("fengsui-fetch.sh", FETCH.format(folder=shlex.quote(str(archive))))
        self._write("recovery.signal", "")
        self._configure({"restore_command": '\'sh fengsui-fetch.sh "%f" "%p"\'', **settings})
        self.process = self._spawn(home)
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline and self.process.poll() is None:
            with (
                suppress(psycopg.OperationalError),
                psycopg.connect(host=str(self.sockets), user=ROLE, dbname=DATABASE, connect_timeout=2) as asked,
            ):
                row = asked.execute("SELECT pg_is_in_recovery()").fetchone()
                if row and not row[0]:
                    self._configure()  # the next start is an ordinary one
                    return
            time.sleep(0.1)
        self.stop()
        raise Problem(
            f"未能恢复到所要的时刻,日志末尾:\n{self._log_tail()}\n全文:{self._log}",
            f"The wanted moment was not reached. End of the log:\n{self._log_tail()}\nAll of it: {self._log}",
        )

    def reload(self) -> None:
        """Write the settings anew and let the running server, whoever started it, take those that it can."""
        self._configure()
        with psycopg.connect(self.url, autocommit=True, connect_timeout=5) as admin:
            admin.execute("SELECT pg_reload_conf()")

    def stop(self) -> None:
        """Fast shutdown: sessions end, everything committed is on disk."""
        if self.process:
            children.stop(self.process, signal.SIGINT, 30)
        with suppress(OSError):
            for left in self.sockets.iterdir():
                left.unlink()
            self.sockets.rmdir()

    # --- steps -----------------------------------------------------------------------------------------------

    @property
    def _log(self) -> Path:
        return self.home.log / ("database.log" if self.name == "pg" else f"database-{self.name}.log")

    def _log_tail(self) -> str:
        with suppress(OSError):
            return "\n".join(self._log.read_text(errors="replace").splitlines()[-6:])
        return ""

    def programs(self) -> Path:
        """Folder of the programs of this data directory's version. Raises Problem where they are gone."""
        installed = binaries()
        if not installed:
            raise Problem(
                "没有找到带 PostGIS 的 PostgreSQL 15 以上。./fengsui demo 可自动安装;或设 FENGSUI_DATABASE_URL。",
                "No PostgreSQL >= 15 with PostGIS found. ./fengsui demo installs it; or set FENGSUI_DATABASE_URL.",
            )
        version = self.data / "PG_VERSION"
        if not version.exists():
            return next(iter(installed.values()))
        major = int(version.read_text())
        if major not in installed:
            raise Problem(
                f"{self.data} 由 PostgreSQL {major} 建立,现已不在。"
                f"请执行 apt-get install postgresql-{major}-postgis-3,或用 pg_upgrade 升级。",
                f"{self.data} was made by PostgreSQL {major}, which is gone. "
                f"Run apt-get install postgresql-{major}-postgis-3, or move the data with pg_upgrade.",
            )
        return installed[major]

    def _make_socket_home(self) -> None:
        self.sockets.mkdir(parents=True, exist_ok=True)
        owner = self.sockets.stat().st_uid
        if owner not in {os.geteuid(), *([pwd.getpwnam(self.user).pw_uid] if self.user else [])}:
            raise Problem(f"{self.sockets} 属于他人,请删除", f"{self.sockets} belongs to somebody else: remove it")
        self.sockets.chmod(0o755 if self.user else 0o700)
        if self.user:
            shutil.chown(self.sockets, self.user, self.user)

    def _initdb(self, home: Path) -> None:
        say("建立私有数据库集群", "Making the private database cluster")
        if not self.data.parent.exists():
            self.data.parent.mkdir(parents=True)
            self.data.parent.chmod(0o755)
        # Under another name until it is whole: initdb writes PG_VERSION first, and may be killed at any moment.
        part = self.data.with_name(f"{self.data.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(mode=0o700)
        if self.user:
            shutil.chown(part, self.user, self.user)
        command = [
            str(home / "initdb"),
            "-D",
            str(part),
            "-U",
            ROLE,
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "-A",
            "peer",
        ]
        if not self.durable:
            command.append("--no-sync")
        made = subprocess.run(
            [*children.launcher("KILL", self.user), *command], capture_output=True, text=True, cwd="/", check=False
        )
        if made.returncode:
            raise Problem(f"initdb 失败:{made.stderr.strip()}", f"initdb failed: {made.stderr.strip()}")
        part.rename(self.data)

    def _write(self, name: str, text: str) -> None:
        path = self.data / name
        path.write_text(text)
        path.chmod(0o600)
        if self.user:
            shutil.chown(path, self.user, self.user)

    def _archiving(self) -> dict[str, str]:
        if self.archive is None:
            return {"archive_mode": "off"}
        self.archive.mkdir(parents=True, exist_ok=True)
        self.archive.chmod(0o700)
        if self.user:
            shutil.chown(self.archive, self.user, self.user)
        self._write("fengsui-archive.sh", ARCHIVE.format(folder=shlex.quote(str(self.archive))))
        return {
            "archive_mode": "on",
            "archive_command": '\'sh fengsui-archive.sh "%p" "%f"\'',
            "archive_timeout": str(self.archive_s),
        }

    def _configure(self, more: Mapping[str, str] | None = None) -> None:
        granted = self.access()
        for name, text in granted.files.items():
            self._write(name, text)
        wanted = settings(durable=self.durable, sockets=self.sockets) | self._archiving()
        wanted |= dict(granted.settings) | dict(more or {})
        lines = [f"{key} = {value}" for key, value in wanted.items()]
        self._write("fengsui.conf", "# written at each start\n" + "\n".join(lines) + "\n")
        main = (self.data / "postgresql.conf").read_text()
        if "fengsui.conf" not in main:
            self._write("postgresql.conf", main + "\ninclude_if_exists = 'fengsui.conf'\n")
        own = "local all all peer map=own\nlocal replication all peer map=own\n"
        self._write("pg_hba.conf", own + granted.lines)
        names = dict.fromkeys([pwd.getpwuid(os.geteuid()).pw_name, *([self.user] if self.user else [])])
        self._write(
            "pg_ident.conf", "".join(f"own {name} {role}\n" for name in names for role in (ROLE, *rights.NAMES))
        )

    def _sockets_in_use(self) -> Path | None:
        """Where the running server of this directory listens: a service has another XDG_RUNTIME_DIR than the shell
        from which somebody asks how it is. Lines of postmaster.pid: pid, data, start, port, folder of the socket.
        """
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            pid, folder = int(lines[0]), Path(lines[4])
            mine = Path(f"/proc/{pid}/cwd").resolve(strict=True) == self.data.resolve()
        except (OSError, ValueError, IndexError):
            return None
        return folder if mine and Path(children.executable_of(pid)).name.startswith("postgres") else None

    def _mend_stale_pid(self) -> None:
        """Remove postmaster.pid only where its process is certainly no server of this directory."""
        path = self.data / "postmaster.pid"
        try:
            pid = int(path.read_text().splitlines()[0])
        except (OSError, ValueError, IndexError):
            return
        if Path(children.executable_of(pid)).name.startswith("postgres") and pid in children.working_in(self.data):
            return
        if not children.working_in(self.data):
            path.unlink(missing_ok=True)

    def _spawn(self, home: Path) -> subprocess.Popen[bytes]:
        with open(self._log, "ab") as log:
            return children.spawn(
                [str(home / "postgres"), "-D", str(self.data)], death_signal="INT", user=self.user, output=log
            )

    def _answers(self, deadline: float) -> bool:
        """True once a connection works, False once the process has ended."""
        assert self.process
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                return False
            with suppress(psycopg.OperationalError):
                psycopg.connect(host=str(self.sockets), user=ROLE, dbname="template1", connect_timeout=2).close()
                return True
            time.sleep(0.05)
        children.stop(self.process, signal.SIGINT, 10)
        return False

    def _make_database(self) -> None:
        with psycopg.connect(host=str(self.sockets), user=ROLE, dbname="template1", autocommit=True) as admin:
            if admin.execute("SELECT pg_is_in_recovery()").fetchone() == (False,):
                rights.make(admin.cursor(), monitor=True)
            known = admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if not known:
                admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
        if not known:
            with psycopg.connect(host=str(self.sockets), user=ROLE, dbname=DATABASE, autocommit=True) as own:
                own.execute("CREATE EXTENSION IF NOT EXISTS postgis")


def external_facts(url: str) -> tuple[int, str]:
    """(server version number, PostGIS version or '') of any database; raises psycopg.OperationalError."""
    with psycopg.connect(url, connect_timeout=5) as connection:
        return connection.info.server_version, _extension(connection, "postgis")


def archive_fault(url: str) -> str:
    """The segment that could not be archived, empty where the archive keeps up. Raises psycopg.OperationalError."""
    with psycopg.connect(url, connect_timeout=5) as asked:
        row = asked.execute(
            "SELECT last_failed_wal FROM pg_stat_archiver "
            "WHERE last_failed_time > coalesce(last_archived_time, '-infinity')"
        ).fetchone()
    return str(row[0]) if row else ""


def extension(url: str, name: str) -> str:
    """Version of an extension there, '' where the server has none; raises psycopg.OperationalError."""
    with psycopg.connect(url, connect_timeout=5) as connection:
        return _extension(connection, name)


def _extension(connection: psycopg.Connection, name: str) -> str:
    row = connection.execute(
        "SELECT (SELECT extversion FROM pg_extension WHERE extname = %s), "
        "(SELECT default_version FROM pg_available_extensions WHERE name = %s)",
        [name, name],
    ).fetchone()
    assert row is not None
    return row[0] or (f"{row[1]} (not created yet)" if row[1] else "")


def plain_url(url: str) -> str:
    """The address without its password, fit for the screen."""
    return re.sub(r"(://[^:/@]*):[^@/]*@", r"\1:***@", url)
